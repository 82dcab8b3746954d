"""P18: contradictory limits are sentences at boot, not a thousand denials later."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.feasibility import account_cautions, account_contradictions, cautions, contradictions
from holdfast.core.risk import Accepted, Denied, judge
from holdfast.model.intent import Distance, Size
from holdfast.model.settings import SourcePolicy
from holdfast.model.venue_facts import VenueFacts
from tests.core.gate_samples import BTC, SETTINGS, instrument, intent, settings, view

D = Decimal


def found(rules=BTC, mark=None, **changes) -> tuple[str, ...]:
    """The contradictions of settings with changes."""
    return contradictions(settings(**changes), rules, None if mark is None else D(mark))


def test_the_defaults_contradict_nothing():
    """Neither alone nor at a mark."""
    assert contradictions(SETTINGS, BTC) == ()
    assert contradictions(SETTINGS, BTC, D(80_000)) == ()
    assert cautions(SETTINGS, BTC) == ()


def test_the_predecessors_case():
    """A floor of 600 bps and a band of 500 bps: no legal stop, and twenty naked positions."""
    sentences = found(min_stop_distance_bps=D(600))
    assert sentences == (
        "BTCUSDT: min_stop_distance 600 bps but the venue's band ends 500 bps from the mark: no legal stop for a long",
        "BTCUSDT: min_stop_distance 600 bps but the venue's band ends 500 bps from the mark: no legal stop for a short",
    )


@pytest.mark.parametrize(("least", "contradicts"), [("499.99", False), ("500", True)])
def test_band_against_the_smallest_distance(least, contradicts):
    """The edge itself leaves no room."""
    assert bool(found(min_stop_distance_bps=D(least))) is contradicts


def test_triggers_free_of_the_band_have_room():
    """Venue fact `bands_on_triggers = no`."""
    assert found(min_stop_distance_bps=D(600), facts=VenueFacts(bands_on_triggers="no")) == ()


def test_one_side_without_a_stop_is_a_caution_only():
    """Shorts remain possible."""
    rules = instrument(multiplier_up=D(0))
    base = settings(min_stop_distance_bps=D(600))
    assert contradictions(base, rules) == ()
    assert [sentence.rpartition(" ")[2] for sentence in cautions(base, rules)] == ["long"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"min_stop_distance_bps": D(300), "max_stop_distance_bps": D(200)}, "300 bps > max_stop_distance 200 bps"),
        ({"max_trades": 0}, "max_trades 0"),
        ({"max_open_orders": 1}, "max_open_orders 1"),
        ({"conditional_slots": 1}, "conditional_slots 1"),
        ({"max_order_notional": D(49)}, "max_order_notional 49 is below the venue's smallest order value 50"),
        ({"max_position_notional": D(49)}, "max_position_notional 49 is below"),
        ({"max_gross_notional": D(49)}, "max_gross_notional 49 is below"),
        ({"max_net_notional": D(49)}, "max_net_notional 49 is below"),
        ({"max_order_quantity": D("0.0005")}, "max_order_quantity 0.0005 is below the smallest quantity 0.001"),
    ],
)
def test_limits_that_leave_no_order(changes, words):
    """Each as one sentence with its numbers."""
    sentences = found(**changes)
    assert len(sentences) == 1
    assert words in sentences[0]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"quantity_max": D("0.0005")}, "LOT_SIZE.maxQty 0.0005 is below"),
        ({"market_quantity_max": D("0.0005")}, "MARKET_LOT_SIZE.maxQty 0.0005 is below"),
        ({"market_quantity_min": D(200)}, "MARKET_LOT_SIZE.maxQty 120 is below the smallest quantity 200"),
    ],
)
def test_rules_of_the_venue_that_leave_no_order(rules, words):
    """A symbol may contradict itself."""
    sentences = found(instrument(**rules))
    assert len(sentences) == 1
    assert words in sentences[0]


@pytest.mark.parametrize(
    ("rules", "changes", "mark", "words"),
    [
        ({"tick_size": D(5000)}, {"max_stop_distance_bps": D(500)}, "80000", "one tick is 625 bps of the mark 80000"),
        ({}, {"max_order_notional": D(60)}, "80000", "max_order_notional 60 is below the smallest order, worth 80"),
    ],
)
def test_what_only_a_mark_shows(rules, changes, mark, words):
    """The tick and the smallest order at the price of the day."""
    assert found(instrument(**rules), **changes) == ()
    sentences = found(instrument(**rules), mark, **changes)
    assert len(sentences) == 1
    assert words in sentences[0]


@pytest.mark.parametrize("rules", [{"status": "SETTLING"}, {"tick_size": D(0)}, {"step_size": D(0)}])
def test_an_unusable_symbol_says_nothing_about_the_limits(rules):
    """It is denied by a code of its own."""
    assert found(instrument(**rules), max_trades=0) == ()
    assert cautions(settings(default_leverage=200), instrument(**rules)) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"default_slippage_bps": D(60)}, "default_slippage 60 bps > max_slippage 50 bps"),
        ({"price_collar_bps": D(5)}, "default_slippage 10 bps > price_collar 5 bps"),
        ({"default_leverage": 50}, "default_leverage 50 > max_leverage 20"),
        ({"margin_type": "ISOLATED", "min_stop_distance_bps": D(1300)}, "liquidation is 1950 bps away"),
        ({"sources": (SourcePolicy(name="tv", default_stop_pct=D(25)),)}, "25 of source 'tv' is 2500 bps"),
        ({"sources": (SourcePolicy(name="tv", default_stop_pct=D("0.01")),)}, "outside 5 bps to 2000 bps"),
    ],
)
def test_defaults_that_can_never_pass_are_cautions(changes, words):
    """Intents that name their own values still pass, so nothing is denied for it."""
    base = settings(**changes)
    sentences = [sentence for sentence in cautions(base, BTC) if "no legal stop for" not in sentence]
    assert len(sentences) == 1
    assert words in sentences[0]


def test_a_default_leverage_above_the_first_tier():
    """The venue would refuse it on this symbol."""
    sentences = cautions(settings(default_leverage=125, max_leverage=125), BTC)
    assert len(sentences) == 1
    assert "first tier allows 100" in sentences[0]


def test_missing_tiers_are_no_caution():
    """RISK_DATA_MISSING says so."""
    base = settings(margin_type="ISOLATED", default_leverage=20)
    assert cautions(base, instrument(brackets=())) == ()
    assert account_cautions(SETTINGS) == account_contradictions(SETTINGS.limits) == []


LIMITS = st.fixed_dictionaries(
    {
        "min_stop_distance_bps": st.sampled_from((D(0), D(5), D(499), D(500), D(600), D(2500))),
        "max_stop_distance_bps": st.sampled_from((D(1), D(400), D(2000))),
        "max_order_notional": st.sampled_from((D(1), D(49), D(50), D(79), D(81), D(100_000))),
        "max_gross_notional": st.sampled_from((D(49), D(81), D(100_000))),
        "max_order_quantity": st.sampled_from((None, D("0.0005"), D("0.001"), D(1))),
        "max_trades": st.sampled_from((0, 1, 20)),
        "conditional_slots": st.sampled_from((0, 1, 2, 200)),
        "max_open_orders": st.sampled_from((0, 1, 2, 150)),
    }
)


@given(limits=LIMITS, side=st.sampled_from(("long", "short")), stop_pct=st.decimals("0.01", "6", places=2))
def test_p18_where_a_contradiction_is_found_no_entry_passes(limits, side, stop_pct):
    """The sentences are true: with one of them, the smallest order with any stop is denied."""
    base = settings(**limits)
    if not contradictions(base, BTC, D(80_000)):
        return
    made = intent(side=side, size=Size(quantity=D("0.001")), stop_loss=Distance(pct=stop_pct), take_profits=())
    assert isinstance(judge(made, view(settings=base)), Denied)


@given(limits=LIMITS, side=st.sampled_from(("long", "short")))
def test_p18_where_none_is_found_some_entry_passes(limits, side):
    """Nothing is missed: the smallest order with a legal stop is accepted."""
    base = settings(**limits)
    if contradictions(base, BTC, D(80_000)) or limits["max_stop_distance_bps"] < 2:
        return
    size, stop = Size(quantity=D("0.001")), Distance(pct=D(5))
    made = intent(side=side, size=size, stop_loss=stop, take_profits=(), min_size="up")
    verdict = judge(made, view(settings=base))
    if isinstance(verdict, Denied):
        assert list(verdict.counterfactual) == ["stop_loss.price"], verdict
    else:
        assert isinstance(verdict, Accepted)


@pytest.mark.parametrize(
    "changes",
    [
        {"min_stop_distance_bps": D(200), "max_stop_distance_bps": D(200)},
        {"max_trades": 1},
        {"max_open_orders": 2},
        {"conditional_slots": 2},
        {"default_slippage_bps": D(50)},
        {"price_collar_bps": D(10)},
        {"default_leverage": 20},
        {"default_leverage": 100, "max_leverage": 100},
        {"max_order_notional": D(50)},
        {"max_order_quantity": D("0.001")},
        {"sources": (SourcePolicy(name="tv", default_stop_pct=D("0.05")), SourcePolicy(name="b"))},
        {"sources": (SourcePolicy(name="tv", default_stop_pct=D(20)),)},
    ],
)
def test_exactly_enough_is_no_contradiction(changes):
    """Limits that just leave room are left alone."""
    base = settings(**changes)
    assert contradictions(base, BTC) == ()
    assert cautions(base, BTC) == ()


@pytest.mark.parametrize(
    ("rules", "changes", "mark"),
    [
        ({"tick_size": D(4000)}, {"max_stop_distance_bps": D(500)}, "80000"),
        ({}, {"max_order_notional": D(80)}, "80000"),
        ({}, {"max_order_notional": D(60)}, "60000"),
    ],
)
def test_exactly_enough_at_a_mark(rules, changes, mark):
    """One tick of exactly the largest distance, a smallest order of exactly the limit."""
    assert found(instrument(**rules), mark, **changes) == ()


def test_a_limit_below_the_notional_filter_is_said_once():
    """Not again for the smallest order at the mark."""
    assert len(found(BTC, "80000", max_order_notional=D(49))) == 1


def test_a_mark_of_zero_is_no_mark():
    """Only what holds at every price is found."""
    assert found(instrument(tick_size=D(5000)), "0", max_stop_distance_bps=D(500)) == ()
