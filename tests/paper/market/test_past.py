"""The made-up past."""

import itertools
from decimal import Decimal

import pytest

from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.intervals import INTERVALS
from holdfast.paper.market.past import Noise, Past, PremiumPast
from holdfast.paper.market.symbols import parse_row

_SYMBOL = parse_row(default_exchange_info()["symbols"][0])
_ANCHOR_MS = 1_790_000_000_000
_DAY_MS = 86_400_000


def _past(price: str = "80000.1") -> Past:
    return Past(_SYMBOL, Decimal(price), _ANCHOR_MS, _ANCHOR_MS - 400 * _DAY_MS)


def test_it_ends_at_the_first_price() -> None:
    """So that nothing jumps when the market begins."""
    past = _past()
    assert past.bar(_ANCHOR_MS - 60_000, _ANCHOR_MS).close == Decimal("80000.1")
    assert abs(past.price(_ANCHOR_MS - 1000) - Decimal("80000.1")) < 100


def test_two_makings_are_the_same() -> None:
    """Whatever was asked before."""
    first, second = _past(), _past()
    first.bar(_ANCHOR_MS - _DAY_MS, _ANCHOR_MS)
    span = (_ANCHOR_MS - 120_000, _ANCHOR_MS - 60_000)
    assert first.bar(*span) == second.bar(*span)


@pytest.mark.parametrize("name", ["1m", "1h", "1d", "1M"])
def test_candles_are_possible(name: str) -> None:
    """Extremes hold the candle, prices and volumes are on their grids, nobody bought more than was traded."""
    past, interval = _past(), INTERVALS[name]
    end = interval.start(_ANCHOR_MS)
    for _ in range(300):
        start = interval.start(end - 1)
        bar = past.bar(start, end)
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert all(price > 0 and price % _SYMBOL.tick == 0 for price in (bar.open, bar.high, bar.low, bar.close))
        assert 0 <= bar.taker <= bar.volume
        assert bar.volume % _SYMBOL.lot.step == 0
        assert bar.count > 0
        assert bar.taker_quote <= bar.quote
        end = start


def test_opens_and_closes_agree_between_intervals() -> None:
    """An hour opens where its first minute does."""
    past = _past()
    hour = 1_789_992_000_000
    whole = past.bar(hour, hour + 3_600_000)
    assert whole.open == past.bar(hour, hour + 60_000).open
    assert whole.close == past.bar(hour + 3_540_000, hour + 3_600_000).close


def test_the_price_never_falls_under_a_third() -> None:
    """Over the whole history, in steps of a day."""
    past = _past()
    assert min(past.price(_ANCHOR_MS - day * _DAY_MS) for day in range(2000)) > Decimal("80000.1") / 3


def test_a_price_that_nobody_trades_has_no_volume() -> None:
    """It has a tick a second."""
    bar = Past(_SYMBOL, Decimal(5), _ANCHOR_MS, 0, traded=False).bar(_ANCHOR_MS - 60_000, _ANCHOR_MS)
    assert (bar.volume, bar.count) == (0, 60)


def test_noise_is_smooth_and_bounded() -> None:
    """Neighbours differ little."""
    noise = Noise("anything")
    values = [noise.at(at_ms, 60_000) for at_ms in range(0, 600_000, 1000)]
    assert max(abs(a - b) for a, b in itertools.pairwise(values)) <= 2_000_000 // 60 + 1
    assert max(map(abs, values)) <= 1_000_000


def test_the_premium_meets_its_anchor() -> None:
    """And stays within a few hundredths of a percent before."""
    past = PremiumPast("BTCUSDT", Decimal("0.00012345"), _ANCHOR_MS, 0)
    bar = past.bar(_ANCHOR_MS - 3_600_000, _ANCHOR_MS)
    assert bar.close == Decimal("0.00012345")
    assert Decimal("-0.0004") < bar.low <= bar.high < Decimal("0.0006")
