"""What stands beside a verdict: small when all is well, and the same after the journal."""

from decimal import Decimal

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model.reports import RateWindow, SymbolConfig
from holdfast.model.seen import Held, Seen

DECIMALS = st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=3)
AGES = st.none() | st.integers(-5_000, 10**9)
NAMES = st.sampled_from(["BTCUSDT", "ETHUSDT", "SOLUSDT"])
HELD = st.builds(Held, mark=DECIMALS, shown=st.booleans(), row=DECIMALS, row_age_ms=st.integers(0, 10**9),
                 in_question=DECIMALS, entry_price=DECIMALS, leverage=st.none() | st.integers(1, 125),
                 retry_due=st.booleans())  # fmt: skip
CONFIGS = st.builds(SymbolConfig, symbol=NAMES, leverage=st.integers(1, 125), margin_type=st.just("CROSSED"))
RATES = st.builds(RateWindow, interval_ms=st.just(10_000), count=st.integers(0, 300), limit=st.none() | st.just(300))
SEEN = st.builds(
    Seen, rules=st.booleans(), unusable=st.none() | st.text(), mark=DECIMALS, bid=DECIMALS, mark_low_1m=DECIMALS,
    account_age_ms=AGES, watch_age_ms=AGES, clock_offset_ms=AGES, clock_ok=st.booleans(),
    hedge_mode=st.none() | st.booleans(), symbol_config=st.none() | CONFIGS,
    rates=st.lists(RATES, max_size=2).map(tuple), held=st.dictionaries(NAMES, HELD),
)  # fmt: skip


@given(SEEN)
def test_it_survives_the_journal_to_the_last_digit(seen):
    """Also its digits: 0.10 does not become 0.1, for facts are compared as text."""
    body = msgspec.json.Encoder(decimal_format="string").encode(seen)
    again = msgspec.json.decode(body, type=Seen)
    assert again == seen
    assert msgspec.json.Encoder(decimal_format="string").encode(again) == body


def test_what_is_as_it_should_be_is_left_out():
    """A healthy account's verdict is a few numbers long."""
    seen = Seen(mark=Decimal("80000.0"), bid=Decimal("79999.9"), ask=Decimal("80000.1"), account_age_ms=12)
    assert msgspec.json.encode(seen) == b'{"mark":"80000.0","bid":"79999.9","ask":"80000.1","account_age_ms":12}'
