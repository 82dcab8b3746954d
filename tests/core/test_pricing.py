"""RULES 11, P3, P4: caps round toward the touch, stops toward the entry, targets are never worse than asked."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core import pricing
from holdfast.model.intent import Distance, Target
from holdfast.model.orders import Direction
from tests.core.gate_samples import BTC, instrument, settings

D = Decimal
LONG, SHORT = Direction.LONG, Direction.SHORT
COARSE = instrument(tick_size=D(10), price_min=D(10))
UNBOUND = {"market_take_bound": D(0), "multiplier_up": D(0), "multiplier_down": D(0)}
TOUCH = st.decimals("1000", "200000", places=1)


def stop_range(direction, *, nearest="80000", cap="80080", mark="80000", band_mark=None, rules=BTC, **limits):
    """A stop range with numbers as text."""
    return pricing.stop_range(
        rules,
        direction,
        settings(**limits).limits,
        nearest=D(nearest),
        cap=D(cap),
        mark=D(mark),
        band_mark=None if band_mark is None else D(band_mark),
    )


def legal(direction, *, nearest="80000", mark="80000", rules=BTC, **changes):
    """The legal stops on the grid."""
    found = stop_range(direction, nearest=nearest, mark=mark, rules=rules, **changes)
    return pricing.legal_stops(rules, direction, found, nearest=D(nearest), mark=D(mark))


@pytest.mark.parametrize(
    ("direction", "touch", "bps", "expected"),
    [
        (LONG, "80000", "10", "80080"),
        (SHORT, "80000", "10", "79920"),
        (LONG, "80004", "10", "80080"),
        (SHORT, "80004", "10", "79930"),
        (LONG, "80000", "0", "80000"),
        (SHORT, "80000", "0", "80000"),
    ],
)
def test_rules_11_the_cap_rounds_toward_the_touch(direction, touch, bps, expected):
    """A tick of 10: never beyond the permitted slippage."""
    assert pricing.market_cap(COARSE, direction, D(touch), D(bps)) == D(expected)


@given(touch=TOUCH, bps=st.decimals("0", "100", places=2))
def test_the_cap_never_exceeds_the_slippage(touch, bps):
    """For any touch: between the touch and the permitted price."""
    reach = touch * bps / 10_000
    assert touch - BTC.tick_size < pricing.market_cap(BTC, LONG, touch, bps) <= touch + reach
    assert touch - reach <= pricing.market_cap(BTC, SHORT, touch, bps) < touch + BTC.tick_size


@pytest.mark.parametrize(
    ("rules", "collar_bps", "long", "short"),
    [
        pytest.param({}, "200", "81600.0", "78400.0", id="collar"),
        pytest.param({"market_take_bound": D("0.01")}, "200", "80800.0", "79200.0", id="marketTakeBound is nearer"),
        pytest.param({"market_take_bound": D(0)}, "900", "84000.0", "76000.0", id="band is nearer"),
        pytest.param({"multiplier_up": D("1.015")}, "200", "81200.0", "78400.0", id="band of buyers only"),
        pytest.param({"multiplier_down": D("0.985")}, "200", "81600.0", "78800.0", id="band of sellers only"),
        pytest.param(UNBOUND, "900", "87200.0", "72800.0", id="no venue bound"),
    ],
)
def test_the_worst_price_of_a_plain_market_order(rules, collar_bps, long, short):
    """The collar, or what the venue enforces nearer to the mark."""
    limits = settings(price_collar_bps=D(collar_bps)).limits
    assert pricing.plain_cap(instrument(**rules), LONG, D(80000), limits) == D(long)
    assert pricing.plain_cap(instrument(**rules), SHORT, D(80000), limits) == D(short)


@pytest.mark.parametrize(
    ("stop", "direction", "expected"),
    [
        (Distance(price=D("79000.05")), LONG, "79000.05"),
        (Distance(pct=D(1)), LONG, "79200"),
        (Distance(pct=D(1)), SHORT, "80800"),
        (Distance(pct=D("0.5")), SHORT, "80400"),
        (Distance(pct=D(150)), LONG, "-40000"),
    ],
)
def test_rules_11_percent_stops_are_taken_from_the_arrival_mid(stop, direction, expected):
    """A percentage of the mid; an absolute price as it is."""
    assert pricing.raw_stop(stop, direction, D(80000)) == D(expected)


@pytest.mark.parametrize(
    ("price", "direction", "expected"),
    [("79004", LONG, "79010"), ("79010", LONG, "79010"), ("81004", SHORT, "81000"), ("81000", SHORT, "81000")],
)
def test_rules_11_stops_round_toward_safety(price, direction, expected):
    """Nearer to the entry, so that rounding risks less."""
    assert COARSE.round_stop(D(price), direction) == D(expected)


@pytest.mark.parametrize(
    ("target", "direction", "expected"),
    [
        (Target(price=D("81004")), LONG, "81010"),
        (Target(price=D("79004")), SHORT, "79000"),
        (Target(pct=D(2)), LONG, "81600"),
        (Target(pct=D(2)), SHORT, "78400"),
        (Target(pct=D("2.001")), LONG, "81610"),
    ],
)
def test_targets_are_never_worse_than_asked(target, direction, expected):
    """A long's take profit rounds up, a short's down."""
    assert pricing.target_price(target, direction, D(80000), COARSE) == D(expected)


@pytest.mark.parametrize(
    ("direction", "touch", "cap", "expected"),
    [(LONG, 100, 101, 100), (LONG, 100, 95, 95), (SHORT, 100, 99, 100), (SHORT, 100, 105, 105)],
)
def test_nearest_entry(direction, touch, cap, expected):
    """A market entry may fill at the touch; a resting one at its limit."""
    assert pricing.nearest_entry(direction, D(touch), D(cap)) == expected


def test_p4_range_of_a_long():
    """From 20 % below the cap to 5 bps below the nearest price."""
    found = stop_range(LONG)
    assert (found.low, found.high) == (D(80080) * D("0.8"), D("79960"))


def test_p4_range_of_a_short():
    """Mirrored."""
    found = stop_range(SHORT, cap="79920")
    assert (found.low, found.high) == (D("80040"), D(79920) * D("1.2"))


@pytest.mark.parametrize(("direction", "mark", "edge"), [(LONG, "79000", "78960.5"), (SHORT, "81000", "81040.5")])
def test_p4_the_mark_counts_like_an_entry_price(direction, mark, edge):
    """A mark nearer to the stop than the touch sets the smallest distance."""
    found = stop_range(direction, mark=mark)
    assert (found.high if direction is LONG else found.low) == D(edge)


@pytest.mark.parametrize(
    ("direction", "band_mark", "low", "high"),
    [
        (LONG, "80020", "76019", "79960"),
        (SHORT, "79980", "80040", "83979"),
        (LONG, None, "64064", "79960"),
        (SHORT, None, "80040", "96096"),
    ],
)
def test_p4_the_band_limits_triggers_unless_proved_otherwise(direction, band_mark, low, high):
    """RULES 14: bands apply to triggers unless the venue fact says no."""
    found = stop_range(direction, band_mark=band_mark)
    assert (found.low, found.high) == (D(low), D(high))


@pytest.mark.parametrize(
    ("direction", "rules", "low", "high"),
    [
        (LONG, {"price_min": D(79000)}, "79000", "79960"),
        (LONG, {"price_max": D(79500)}, "64064", "79500"),
        (SHORT, {"price_max": D(81000)}, "80040", "81000"),
        (SHORT, {"price_min": D(80500)}, "80500", "96096"),
    ],
)
def test_p4_the_price_filter_limits_stops(direction, rules, low, high):
    """minPrice and maxPrice hold for trigger prices too."""
    found = stop_range(direction, rules=instrument(**rules))
    assert (found.low, found.high) == (D(low), D(high))


def test_legal_stops_lie_on_the_grid_inside_the_range():
    """The range rounded inwards."""
    assert legal(LONG, rules=COARSE) == (D(64070), D(79960))
    assert legal(SHORT, rules=COARSE) == (D(80040), D(96090))


@pytest.mark.parametrize(("direction", "end"), [(LONG, D("79999.9")), (SHORT, D("80000.1"))])
def test_a_stop_never_touches_the_entry_even_without_a_distance(direction, end):
    """min_stop_distance 0 still means one tick."""
    low, high = legal(direction, min_stop_distance_bps=D(0))
    assert (high if direction is LONG else low) == end


def test_no_tick_inside_the_range():
    """A tick coarser than the room leaves no legal stop."""
    rules = instrument(tick_size=D(1000), price_min=D(1000))
    assert legal(LONG, nearest="80500", mark="80500", cap="80500", max_stop_distance_bps=D(50), rules=rules) is None


def test_legal_stops_are_positive():
    """Even a policy of 100 % leaves no stop at 0."""
    rules = instrument(price_min=D(0))
    low, _ = legal(LONG, max_stop_distance_bps=D(10_000), rules=rules)
    assert low == rules.tick_size


@pytest.mark.parametrize(("stop", "expected"), [(50, 60), (60, 60), (65, 65), (70, 70), (99, 70)])
def test_nearest_legal(stop, expected):
    """The closest end, or the stop itself."""
    assert pricing.nearest_legal(D(stop), (D(60), D(70))) == expected


@pytest.mark.parametrize(("direction", "expected"), [(LONG, "81600"), (SHORT, "78400")])
def test_adverse_bound(direction, expected):
    """2 % on the side that costs."""
    assert pricing.adverse_bound(direction, D(80000), D("0.02")) == D(expected)


@pytest.mark.parametrize(
    ("direction", "rules", "low", "high"),
    [
        (LONG, {"price_min": D(77000)}, "77000", "79960"),
        (LONG, {"price_min": D(70000)}, "76019", "79960"),
        (SHORT, {"price_max": D(83000)}, "80040", "83000"),
        (SHORT, {"price_max": D(90000)}, "80040", "83979"),
    ],
)
def test_p4_of_band_and_price_range_the_tighter_holds(direction, rules, low, high):
    """Both are the venue's, and both must be met."""
    found = stop_range(direction, band_mark="80020" if direction is LONG else "79980", rules=instrument(**rules))
    assert (found.low, found.high) == (D(low), D(high))


def test_a_single_tick_is_enough():
    """Both ends of the range on the same tick."""
    rules = instrument(price_min=D("79959.95"), tick_size=D("0.05"))
    assert legal(LONG, rules=rules) == (D("79959.95"), D(79_960))
    rules = instrument(price_min=D("79960"), tick_size=D(10))
    assert legal(LONG, rules=rules) == (D(79_960), D(79_960))
