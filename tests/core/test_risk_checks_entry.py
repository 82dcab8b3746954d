"""Checks of the form of an entry: its stop, its slippage cap, whether it may rest, and the order budget."""

from decimal import Decimal

import pytest

from holdfast.core.risk import Accepted, judge
from holdfast.model.intent import Entry
from holdfast.model.reasons import DenyCode
from holdfast.model.reports import RateWindow, SymbolConfig
from holdfast.model.settings import SourcePolicy, Venue
from holdfast.model.venue_facts import VenueFacts
from tests.core.gate_samples import NOW_MS, denied, expect, instrument, intent, limit_entry, settings, view

D = Decimal
RESTING = limit_entry("79990")


def config(leverage: int = 5, margin_type: str = "CROSSED") -> SymbolConfig:
    """The venue's settings of the symbol."""
    return SymbolConfig(symbol="BTCUSDT", leverage=leverage, margin_type=margin_type)


@pytest.mark.parametrize(("default_pct", "refused"), [(None, True), (D(2), False)])
def test_rules_5_no_stop_no_trade(default_pct, refused):
    """Unless the source has a default distance."""
    changed = view(source=SourcePolicy(name="strategy", default_stop_pct=default_pct))
    expect(DenyCode.NO_STOP, refused, judge(intent(stop_loss=None), changed))


def test_rules_5_the_default_distance_is_used():
    """2 % below the mid of 80 000."""
    verdict = judge(intent(stop_loss=None), view(source=SourcePolicy(name="strategy", default_stop_pct=D(2))))
    assert isinstance(verdict, Accepted)
    assert verdict.plan.stop_price == D(78_400)


@pytest.mark.parametrize(("hard", "plain", "refused"), [(True, True, True), (True, False, False), (False, True, False)])
def test_rules_11_plain_market(hard, plain, refused):
    """Denied where the collar is hard."""
    verdict = judge(intent(entry=Entry(plain=plain)), view(settings=settings(price_collar_hard=hard)))
    expect(DenyCode.PLAIN_MARKET_FORBIDDEN, refused, verdict)


@pytest.mark.parametrize(
    ("entry", "limits", "refused"),
    [
        (Entry(max_slippage_bps=D(50)), {}, False),
        (Entry(max_slippage_bps=D("50.01")), {}, True),
        (Entry(), {"default_slippage_bps": D(51)}, True),
        (Entry(), {"default_slippage_bps": D(50)}, False),
        (Entry(max_slippage_bps=D(5)), {"default_slippage_bps": D(51)}, False),
        (limit_entry("79990", max_slippage_bps=D(500)), {}, False),
        (Entry(plain=True, max_slippage_bps=D(500)), {}, False),
    ],
)
def test_p3_slippage_cap(entry, limits, refused):
    """Only entries that work with a slippage cap are asked for it."""
    expect(DenyCode.SLIPPAGE_CAP_TOO_WIDE, refused, judge(intent(entry=entry), view(settings=settings(**limits))))


@pytest.mark.parametrize("time_in_force", [None, "GTD", "GTX"])
@pytest.mark.parametrize(
    ("venue", "proved", "allowed", "refused"),
    [
        (Venue.LIVE, "unproved", False, True),
        (Venue.LIVE, "no", False, True),
        (Venue.LIVE, "yes", False, False),
        (Venue.LIVE, "unproved", True, False),
        (Venue.DEMO, "unproved", False, False),
        (Venue.PAPER, "no", False, False),
    ],
)
def test_rules_10_unattended_entries(time_in_force, venue, proved, allowed, refused):
    """On live, a resting entry whose stop follows later needs permission by name."""
    base = settings(
        venue=venue,
        symbols=("BTCUSDT",),
        facts=VenueFacts(stop_without_position=proved),
        allow_unattended_entries=allowed,
    )
    entry = limit_entry("79990", time_in_force=time_in_force)
    expect(DenyCode.UNATTENDED_ENTRY, refused, judge(intent(entry=entry), view(settings=base)))


@pytest.mark.parametrize("entry", [Entry(), Entry(plain=True), limit_entry("79990", time_in_force="IOC")])
def test_rules_10_entries_that_do_not_rest_need_no_permission(entry):
    """They are over before anybody can be absent."""
    base = settings(venue=Venue.LIVE, symbols=("BTCUSDT",))
    assert isinstance(judge(intent(entry=entry), view(settings=base)), Accepted)


@pytest.mark.parametrize(
    ("proved", "entry", "said"),
    [
        ("unproved", RESTING, True),
        ("yes", RESTING, False),
        ("unproved", Entry(), False),
        ("unproved", limit_entry("79990", time_in_force="FOK"), False),
    ],
)
def test_rules_10_the_verdict_says_that_it_may_be_unattended(proved, entry, said):
    """Allowed is not the same as unsaid."""
    verdict = judge(intent(entry=entry), view(settings=settings(facts=VenueFacts(stop_without_position=proved))))
    assert isinstance(verdict, Accepted)
    assert ("unattended" in verdict.facts) is said


@pytest.mark.parametrize(
    ("low", "high", "refused"), [("80000", "84000", False), ("80000", "84000.1", True), ("76000", "80000", True)]
)
def test_p3_drift(low, high, refused):
    """500 bps within a minute, either way."""
    rules = instrument(multiplier_up=D(0), multiplier_down=D(0))
    changed = view(instrument=rules, mark_low_1m=D(low), mark_high_1m=D(high))
    expect(DenyCode.PRICE_DRIFT, refused, judge(intent(), changed))


@pytest.mark.parametrize(
    ("used", "changes", "refused"),
    [
        pytest.param(295, {}, False, id="five left for five"),
        pytest.param(296, {}, True, id="four left for five"),
        pytest.param(295, {"orders_owed": 1}, True, id="room that is owed already"),
        pytest.param(295, {"open_positions": 1}, True, id="a flatten for a position"),
        pytest.param(295, {"live_trades": 1}, True, id="a flatten for a trade that may have filled"),
        pytest.param(294, {"live_trades": 1, "open_positions": 1}, False, id="a trade and its position are one"),
    ],
)
def test_rules_12_rate_budget(used, changes, refused):
    """Entry, stop, replacement, flatten and one target: five orders, and one per open position."""
    rates = (RateWindow(interval_ms=10_000, count=used, limit=300),)
    expect(DenyCode.RATE_BUDGET, refused, judge(intent(), view(rates=rates, **changes)))


def test_rules_12_rate_budget_says_when_to_come_back():
    """The next bucket."""
    rates = (RateWindow(interval_ms=10_000, count=300, limit=300),)
    found = denied(DenyCode.RATE_BUDGET, judge(intent(), view(rates=rates, now_ms=NOW_MS + 1)))
    assert found.counterfactual == {"wait_until_ms": str(NOW_MS + 10_000)}


@pytest.mark.parametrize(
    ("used", "limit", "trades", "refused"),
    [
        pytest.param(1_920, 2_400, 0, False, id="90 percent less a restart and the trade itself"),
        pytest.param(1_921, 2_400, 0, True, id="one more"),
        pytest.param(1_880, 2_400, 1, False, id="and another trade"),
        pytest.param(1_881, 2_400, 1, True, id="one more than that"),
        pytest.param(1_160, 2_400, 19, False, id="nineteen others"),
        pytest.param(1_161, 2_400, 19, True, id="one more with nineteen others"),
        pytest.param(9_999, None, 0, False, id="a limit that nobody told"),
    ],
)
def test_rules_12_an_entry_needs_weight_to_be_looked_after(used, limit, trades, refused):
    """An order weighs nothing; reading whether it is covered and closing it does."""
    weight = RateWindow(interval_ms=60_000, count=used, limit=limit)
    expect(DenyCode.RATE_BUDGET, refused, judge(intent(), view(weight=weight, live_trades=trades)))


def test_a_minute_of_which_nothing_was_told_keeps_no_entry_out():
    """It has just begun, or nobody has read anything in it."""
    expect(DenyCode.RATE_BUDGET, False, judge(intent(), view(weight=None)))


def test_rules_12_the_weight_comes_back_with_the_minute():
    """The denial says when."""
    full = RateWindow(interval_ms=60_000, count=2_400, limit=2_400)
    found = denied(DenyCode.RATE_BUDGET, judge(intent(), view(weight=full)))
    assert (found.facts["weight"], found.facts["allowed"], found.facts["limit"]) == ("2400", "1920", "2400")
    wait = int(found.counterfactual["wait_until_ms"])
    assert (wait % 60_000, NOW_MS < wait <= NOW_MS + 60_000) == (0, True)


def test_rules_12_a_window_that_can_never_hold_the_entry():
    """Waiting would not help."""
    rates = (RateWindow(interval_ms=10_000, count=0, limit=4),)
    found = denied(DenyCode.RATE_BUDGET, judge(intent(), view(rates=rates)))
    assert list(found.counterfactual) == ["state"]


def test_a_slippage_limit_of_zero_is_a_matter_of_configuration():
    """No intent can ask for a cap of 0."""
    found = denied(DenyCode.SLIPPAGE_CAP_TOO_WIDE, judge(intent(), view(settings=settings(max_slippage_bps=D(0)))))
    assert found.counterfactual == {"configuration": "limits.max_slippage_bps >= 10"}
