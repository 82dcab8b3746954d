"""State checks as truth tables: who may trade what, in which state, on what evidence (P8–P11, P15, P16, P22, P41).

Each row: what is different from an account in good order, and whether the entry is denied. The code is the table's.
"""

from decimal import Decimal

import pytest

from holdfast.core.gate_view import LiveTrade
from holdfast.core.risk import Accepted, Denied, judge
from holdfast.model.orders import Direction
from holdfast.model.reasons import DenyCode, TradingState
from holdfast.model.reports import RateWindow, SymbolConfig
from holdfast.model.settings import SourcePolicy, Venue
from tests.core.gate_samples import NOW_MS, denied, expect, exposure, instrument, intent, limit_entry, settings, view

D = Decimal
RESTING = limit_entry("79990")


def config(leverage: int = 5, margin_type: str = "CROSSED") -> SymbolConfig:
    """The venue's settings of the symbol."""
    return SymbolConfig(symbol="BTCUSDT", leverage=leverage, margin_type=margin_type)


def test_an_account_in_good_order_may_enter():
    """The base of every table: nothing stands in the way."""
    assert isinstance(judge(intent(), view()), Accepted)


@pytest.mark.parametrize(
    ("expires_at", "refused"), [(None, False), (NOW_MS + 1, False), (NOW_MS, True), (NOW_MS - 1, True)]
)
def test_p10_expired(expires_at, refused):
    """At its time an intent has expired."""
    expect(DenyCode.EXPIRED, refused, judge(intent(expires_at=expires_at), view()))


def test_p10_expired_says_how_late():
    """The numbers of the denial, and a time that would pass."""
    found = denied(DenyCode.EXPIRED, judge(intent(expires_at=NOW_MS - 250), view()))
    assert found.facts["late_ms"] == "250"
    assert found.counterfactual == {"expires_at": str(NOW_MS + 10_000)}


@pytest.mark.parametrize(("source", "refused"), [(None, True), (SourcePolicy(name="strategy"), False)])
def test_p11_source(source, refused):
    """A source without a policy does not trade."""
    expect(DenyCode.SOURCE_NOT_ALLOWED, refused, judge(intent(), view(source=source)))


@pytest.mark.parametrize(
    ("rules", "quarantined", "refused"),
    [(instrument(), None, False), (None, None, True), (instrument(), "tickSize is 0", True), (None, "broken", True)],
)
def test_unknown_symbol(rules, quarantined, refused):
    """Not listed, or listed with rules that cannot be right."""
    expect(DenyCode.UNKNOWN_SYMBOL, refused, judge(intent(), view(instrument=rules, quarantined=quarantined)))


@pytest.mark.parametrize(
    ("allowed", "venue", "of_source", "refused"),
    [
        ((), Venue.PAPER, (), False),
        ((), Venue.DEMO, (), False),
        ((), Venue.LIVE, (), True),
        (("BTCUSDT",), Venue.LIVE, (), False),
        (("ETHUSDT",), Venue.PAPER, (), True),
        (("BTCUSDT", "ETHUSDT"), Venue.PAPER, ("ETHUSDT",), True),
        (("ETHUSDT",), Venue.PAPER, ("BTCUSDT",), True),
        ((), Venue.PAPER, ("BTCUSDT",), False),
    ],
)
def test_p9_allow_lists(allowed, venue, of_source, refused):
    """Both lists must contain the symbol; on live an empty account list allows nothing."""
    changed = view(settings=settings(symbols=allowed, venue=venue), source=SourcePolicy(name="s", symbols=of_source))
    expect(DenyCode.SYMBOL_NOT_ALLOWED, refused, judge(intent(), changed))


@pytest.mark.parametrize(
    ("status", "refused"),
    [("TRADING", False), ("SETTLING", True), ("PENDING_TRADING", True), ("CLOSE", True), ("BREAK", True), ("", True)],
)
def test_p9_status(status, refused):
    """Only TRADING is trading."""
    expect(DenyCode.SYMBOL_NOT_TRADING, refused, judge(intent(), view(instrument=instrument(status=status))))


@pytest.mark.parametrize(
    ("left_ms", "refused"), [(86_400_000, False), (86_400_001, False), (86_399_999, True), (0, True), (-1, True)]
)
def test_p9_delisting(left_ms, refused):
    """No entry within the horizon before delivery."""
    rules = instrument(delivery_ms=NOW_MS + left_ms)
    expect(DenyCode.SYMBOL_DELISTING, refused, judge(intent(), view(instrument=rules)))


@pytest.mark.parametrize("commanded", TradingState)
@pytest.mark.parametrize("effective", TradingState)
def test_rules_9_only_the_effective_state_counts(commanded, effective):
    """min(commanded, health) is worked out by the engine; the gate asks its result."""
    verdict = judge(intent(), view(commanded=commanded, effective=effective))
    expect(DenyCode.NOT_ACTIVE, effective is not TradingState.ACTIVE, verdict)


def test_rules_9_a_denial_names_the_health_reasons():
    """The operator sees what holds the state down."""
    reasons = ("coverage watch silent", "clock unsure")
    found = denied(DenyCode.NOT_ACTIVE, judge(intent(), view(effective=TradingState.HALTED, health_reasons=reasons)))
    assert found.facts["health"] == "coverage watch silent, clock unsure"
    assert (found.facts["commanded"], found.facts["effective"]) == ("active", "halted")


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("reconciled", DenyCode.NOT_RECONCILED),
        ("journal_ok", DenyCode.JOURNAL_FAILING),
        ("stream_ok", DenyCode.STREAM_STALE),
        ("clock_ok", DenyCode.CLOCK_UNSURE),
        ("modes_ok", DenyCode.ACCOUNT_MODE),
    ],
)
def test_each_health_bit_denies_by_itself(field, code):
    """Even if the effective state were active by mistake."""
    found = denied(code, judge(intent(), view(**{field: False})))
    assert list(found.counterfactual) == ["state"]


def test_p8_unread_modes_deny():
    """RULES 5: not known is not right."""
    found = denied(DenyCode.ACCOUNT_MODE, judge(intent(), view(modes_ok=None)))
    assert found.facts == {"modes": "unknown"}


@pytest.mark.parametrize(
    ("offset_ms", "refused"),
    [(0, False), (250, False), (-250, False), (251, True), (-251, True), (10_800_137, True), (None, True)],
)
def test_p41_clock_offset(offset_ms, refused):
    """At most 250 ms either way, and known."""
    expect(DenyCode.CLOCK_UNSURE, refused, judge(intent(), view(clock_offset_ms=offset_ms)))


@pytest.mark.parametrize(
    ("age_ms", "exposures", "refused"),
    [
        (180_000, (), False),
        (180_001, (), True),
        (15_000, (exposure(),), False),
        (15_001, (exposure(),), True),
        (None, (), True),
        (None, (exposure(),), True),
    ],
)
def test_rules_12_coverage_watch(age_ms, exposures, refused):
    """Three missed rounds: every 5 s while exposed, else every minute."""
    expect(DenyCode.COVERAGE_WATCH_STALE, refused, judge(intent(), view(watch_age_ms=age_ms, exposures=exposures)))


@pytest.mark.parametrize(
    ("seen", "in_use", "refused"),
    [
        (None, False, True),
        (None, True, True),
        (config(5), True, False),
        (config(5), False, False),
        (config(20), False, False),
        (config(20), True, True),
        (config(5, "ISOLATED"), False, False),
        (config(5, "ISOLATED"), True, True),
        (config(20, "ISOLATED"), True, True),
    ],
)
def test_rules_13_symbol_settings(seen, in_use, refused):
    """They must fit, or nobody must use the symbol so that they can be changed; unread they deny."""
    expect(DenyCode.SYMBOL_SETTINGS, refused, judge(intent(), view(symbol_config=seen, symbol_in_use=in_use)))


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        (config(5), None),
        (config(20), (5, None)),
        (config(5, "ISOLATED"), (None, "CROSSED")),
        (config(20, "ISOLATED"), (5, "CROSSED")),
    ],
)
def test_rules_13_needed_settings(seen, wanted):
    """What to change first, and nothing that fits already."""
    verdict = judge(intent(), view(symbol_config=seen))
    assert isinstance(verdict, Accepted)
    assert verdict.needs_settings == wanted


def test_rules_13_a_used_symbol_proposes_its_own_leverage():
    """The intent can go with the leverage that the symbol has."""
    found = denied(DenyCode.SYMBOL_SETTINGS, judge(intent(), view(symbol_config=config(7), symbol_in_use=True)))
    assert found.counterfactual == {"leverage": "7"}


def test_rules_13_a_margin_type_in_use_cannot_be_mended_by_the_intent():
    """An intent has no margin type."""
    changed = view(symbol_config=config(5, "ISOLATED"), symbol_in_use=True)
    found = denied(DenyCode.SYMBOL_SETTINGS, judge(intent(), changed))
    assert found.counterfactual == {"state": "no position and no open order on BTCUSDT"}


@pytest.mark.parametrize(
    ("mark", "age_ms", "refused"),
    [("80000", 3_000, False), ("80000", 3_001, True), (None, None, True), ("80000", None, True), ("0", 1, True)],
)
def test_p10_mark(mark, age_ms, refused):
    """Fresh, known and positive."""
    changed = view(mark=None if mark is None else D(mark), mark_age_ms=age_ms)
    expect(DenyCode.MARK_STALE, refused, judge(intent(), changed))


@pytest.mark.parametrize(
    ("bid", "ask", "age_ms", "refused"),
    [
        ("79999.9", "80000.1", 3_000, False),
        ("80000.1", "80000.1", 50, False),
        ("79999.9", "80000.1", 3_001, True),
        ("79999.9", "80000.1", None, True),
        (None, "80000.1", 50, True),
        ("79999.9", None, 50, True),
        ("80000.2", "80000.1", 50, True),
        ("0", "80000.1", 50, True),
    ],
)
def test_p10_touch(bid, ask, age_ms, refused):
    """Fresh, complete and not crossed."""
    changed = view(bid=None if bid is None else D(bid), ask=None if ask is None else D(ask), touch_age_ms=age_ms)
    expect(DenyCode.TOUCH_STALE, refused, judge(intent(), changed))


@pytest.mark.parametrize(("age_ms", "refused"), [(120_000, False), (120_001, True), (None, True)])
def test_p10_account(age_ms, refused):
    """A balance of the last two minutes."""
    expect(DenyCode.ACCOUNT_STALE, refused, judge(intent(), view(account_age_ms=age_ms)))


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"equity": None}, "equity"),
        ({"wallet": None}, "wallet"),
        ({"available": None}, "available"),
        ({"mark_low_1m": None}, "mark_low_1m"),
        ({"mark_high_1m": None}, "mark_high_1m"),
        ({"rates": ()}, "order_rate_limits"),
        ({"rates": (RateWindow(interval_ms=10_000, count=0),)}, "order_rate_limits"),
        ({"instrument": instrument(brackets=())}, "leverage_brackets"),
        ({"instrument": instrument(tick_size=D(0))}, "tick_size"),
        ({"instrument": instrument(step_size=D(0))}, "step_size"),
        ({"instrument": instrument(quote_asset="BNB")}, "price_of_margin_asset"),
        ({"equity": None, "wallet": None}, "equity, wallet"),
    ],
)
def test_rules_5_missing_risk_data_denies(changes, missing):
    """A missing number is never 0."""
    found = denied(DenyCode.RISK_DATA_MISSING, judge(intent(), view(**changes)))
    assert found.facts == {"missing": missing}


def test_p18_contradictions_deny_with_their_sentence():
    """What was found at boot is said, instead of a code that looks like the market's fault."""
    found = denied(DenyCode.CONFIG_CONTRADICTION, judge(intent(), view(contradictions=("a > b: no legal stop",))))
    assert found.facts == {"contradiction": "a > b: no legal stop"}


@pytest.mark.parametrize(
    ("side", "direction", "code"),
    [
        ("long", Direction.LONG, DenyCode.POSITION_EXISTS),
        ("short", Direction.SHORT, DenyCode.POSITION_EXISTS),
        ("long", Direction.SHORT, DenyCode.OPPOSITE_POSITION),
        ("short", Direction.LONG, DenyCode.OPPOSITE_POSITION),
    ],
)
def test_rules_4_one_trade_per_symbol(side, direction, code):
    """In either direction a live trade denies, each with its code."""
    found = denied(code, judge(intent(side=side), view(live_trade=LiveTrade(direction, "trade-9"))))
    assert found.counterfactual == {"state": "trade trade-9 is closed"}


@pytest.mark.parametrize(
    ("policy", "amount", "refused"),
    [
        ("halt", "0.5", True), ("halt", "-0.5", True), ("adopt", "0.5", True), ("adopt", "-0.5", True),
        ("ignore", "0.5", False), ("ignore", "-0.5", True),
    ],
)  # fmt: skip
def test_rules_4_foreign_quantity(amount, policy, refused):
    """Halts entries by default; while an adoption is pending too; ignored only by configuration, and only on the same
    side, because the venue nets the two."""
    changed = view(settings=settings(on_foreign=policy), foreign_amount=D(amount))
    expect(DenyCode.FOREIGN_POSITION, refused, judge(intent(), changed))


@pytest.mark.parametrize(
    ("until_ms", "ids", "refused", "keys"),
    [
        (None, (), False, []),
        (NOW_MS, (), False, []),
        (NOW_MS + 1, (), True, ["wait_until_ms"]),
        (None, ("hf-s1-a",), True, ["state"]),
        (NOW_MS - 1, ("hf-s1-a",), True, ["state"]),
        (NOW_MS + 1, ("hf-s1-a", "hf-t1-a"), True, ["wait_until_ms", "state"]),
    ],
)
def test_rules_4_quarantine(until_ms, ids, refused, keys):
    """No entry while earlier orders live or might still arrive; the denial names them."""
    verdict = judge(intent(), view(quarantine_until_ms=until_ms, quarantine_ids=ids))
    expect(DenyCode.SYMBOL_SETTLING, refused, verdict)
    if isinstance(verdict, Denied):
        assert list(verdict.counterfactual) == keys
        assert verdict.facts["ids"] == ", ".join(ids)


@pytest.mark.parametrize(("ids", "refused"), [((), False), (("hf-e1-a",), True)])
def test_rules_3_unresolved_entries_deny(ids, refused):
    """While an entry is unknown no other one leaves."""
    expect(DenyCode.SYMBOL_UNRESOLVED, refused, judge(intent(), view(unresolved_ids=ids)))


@pytest.mark.parametrize(("reason", "refused"), [(None, False), ("third lost stop in an hour", True), ("", True)])
def test_rules_12_halted_symbol(reason, refused):
    """Even a halt without words is a halt."""
    expect(DenyCode.SYMBOL_HALTED, refused, judge(intent(), view(symbol_halted=reason)))


@pytest.mark.parametrize(("count", "refused"), [(0, False), (2, False), (3, True), (9, True)])
def test_p22_reject_breaker(count, refused):
    """Three refusals within the window."""
    expect(DenyCode.REJECT_BREAKER, refused, judge(intent(), view(recent_rejects=count)))


@pytest.mark.parametrize(("fact", "refused"), [("", False), ("lost 1000.5 of 1000 today", True)])
def test_p16_daily_loss(fact, refused):
    """Latched."""
    expect(DenyCode.DAILY_LOSS, refused, judge(intent(), view(daily_loss=fact)))


@pytest.mark.parametrize(
    ("changes", "facts", "counterfactual"),
    [
        ({"source": None}, {"source": "strategy"}, {"configuration": "sources: add 'strategy', or any_source = true"}),
        ({"instrument": None}, {"symbol": "BTCUSDT", "reason": "not listed by the venue"}, None),
        ({"quarantined": "tickSize is 0"}, {"symbol": "BTCUSDT", "reason": "tickSize is 0"}, None),
        ({"clock_offset_ms": 300}, {"offset_ms": "300", "limit_ms": "250"}, None),
        ({"clock_offset_ms": None}, {"offset_ms": "unknown", "limit_ms": "250"}, None),
        ({"watch_age_ms": None}, {"age_ms": "unknown", "limit_ms": "180000"}, None),
        ({"watch_age_ms": 200_000}, {"age_ms": "200000", "limit_ms": "180000"}, None),
        ({"mark_age_ms": 5_000}, {"age_ms": "5000", "limit_ms": "3000"}, None),
        ({"bid": None}, {"age_ms": "50", "limit_ms": "3000", "bid": "unknown", "ask": "80000.1"}, None),
        ({"account_age_ms": None}, {"age_ms": "unknown", "limit_ms": "120000"}, None),
        (
            {"recent_rejects": 3},
            {"refusals": "3", "limit": "3", "window_ms": "60000"},
            {"wait_until_ms": str(NOW_MS + 60_000)},
        ),
        (
            {"mark_low_1m": D(70_000)},
            {"low": "70000", "high": "80020", "limit_bps": "500"},
            {"wait_until_ms": str(NOW_MS + 60_000)},
        ),
        ({"foreign_amount": D("-0.50")}, {"amount": "-0.5", "policy": "halt"}, None),
        ({"symbol_halted": "third loss"}, {"reason": "third loss"}, None),
        ({"daily_loss": "lost 1000"}, {"loss": "lost 1000"}, None),
        (
            {"instrument": instrument(delivery_ms=NOW_MS + 5)},
            {"delivery_ms": str(NOW_MS + 5), "left_ms": "5"},
            {"configuration": "limits.delisting_horizon_ms <= 5"},
        ),
        (
            {"instrument": instrument(delivery_ms=NOW_MS - 5)},
            {"delivery_ms": str(NOW_MS - 5), "left_ms": "-5"},
            {"state": "BTCUSDT is listed with a delivery that is not over"},
        ),
        (
            {"symbol_config": config(7, "ISOLATED"), "symbol_in_use": True},
            {"leverage": "7", "leverage_wanted": "5", "margin_type": "ISOLATED", "margin_type_wanted": "CROSSED"},
            {"state": "no position and no open order on BTCUSDT"},
        ),
    ],
)
def test_a_denial_tells_its_numbers(changes, facts, counterfactual):
    """Facts are what was seen and what was asked for; the counterfactual is exact where it is known."""
    verdict = judge(intent(), view(**changes))
    assert isinstance(verdict, Denied)
    assert verdict.facts == facts
    if counterfactual is not None:
        assert verdict.counterfactual == counterfactual


@pytest.mark.parametrize(("leverage", "mended"), [(20, {"leverage": "20"}), (21, None)])
def test_rules_13_a_used_leverage_above_the_limit_cannot_be_taken(leverage, mended):
    """The symbol's own leverage is proposed only where configuration allows it."""
    found = denied(DenyCode.SYMBOL_SETTINGS, judge(intent(), view(symbol_config=config(leverage), symbol_in_use=True)))
    expected = mended or {"state": "no position and no open order on BTCUSDT"}
    assert found.counterfactual == expected


def test_an_unlisted_symbol_shows_letters_that_only_look_latin():
    """The first letter is Cyrillic; what the account may trade is named."""
    denied = judge(intent(symbol="ВTCUSDT"), view(instrument=None, settings=settings(symbols=("ETHUSDT", "BTCUSDT"))))
    assert denied.facts["letters"] == "В is U+0412"
    assert denied.counterfactual["state"].endswith("allowed here: BTCUSDT, ETHUSDT")


def test_a_symbol_in_small_letters_is_told_how_it_is_written():
    """The commonest of all wrong names."""
    refused = denied(DenyCode.UNKNOWN_SYMBOL, judge(intent(symbol="btcusdt"), view(instrument=None)))
    assert "symbols are written in capitals: BTCUSDT" in refused.counterfactual["state"]
