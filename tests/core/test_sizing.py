"""RULES 11: quantities round down, never increase risk, and targets split what was filled."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.sizing import (
    Wanted,
    describe,
    risk_per_unit,
    round_down,
    round_up,
    smallest,
    split_targets,
    step_of,
    wanted,
)
from holdfast.model.intent import Size
from holdfast.model.plans import TargetPlan
from tests.core.gate_samples import BTC, instrument

D = Decimal
FEE = D("0.0005")
MONEY = st.decimals("0.01", "1000000", places=2)
PRICE = st.decimals("0.0001", "100000", places=4)


def sized(size: Size, *, equity="10000", cap="80000", stop="79200", fee=FEE) -> Decimal:
    """The rounded quantity of a size on BTCUSDT."""
    return round_down(wanted(size, equity=D(equity), cap=D(cap), stop=D(stop), taker_fee=fee), BTC)


def targets(*fractions: str) -> list[TargetPlan]:
    """Take profits at 101, 102, … with these fractions."""
    return [TargetPlan(price=D(101 + index), fraction=D(text)) for index, text in enumerate(fractions)]


def quantities(filled: str, *fractions: str, rules=BTC) -> list[str]:
    """The split as text."""
    return [f"{price}:{quantity}" for price, quantity in split_targets(D(filled), targets(*fractions), rules)]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param(Size(quantity=D("0.1234")), "0.123", id="quantity rounds down"),
        pytest.param(Size(quantity=D("0.123")), "0.123", id="quantity on the step"),
        pytest.param(Size(quantity=D("0.0009")), "0.000", id="dust is zero"),
        pytest.param(Size(notional=D(8000)), "0.100", id="notional at the cap"),
        pytest.param(Size(notional=D("7999.99")), "0.099", id="notional just below a step"),
        pytest.param(Size(equity_pct=D(80)), "0.100", id="80 % of 10 000"),
        # 1 % of 10 000 is 100; a unit risks 800 + 0.0005 × 159 200 = 879.6.
        pytest.param(Size(risk_pct=D(1)), "0.113", id="risk with fees both ways"),
    ],
)
def test_rules_11_measures(size, expected):
    """Each of the four measures."""
    assert f"{sized(size):f}" == expected


def test_rules_11_risk_counts_the_fees_of_both_ways():
    """Without fees the same risk buys more."""
    assert sized(Size(risk_pct=D(1)), fee=D(0)) == D("0.125")


def test_risk_of_a_short_is_the_same_distance():
    """The stop of a short lies above; the distance counts."""
    assert risk_per_unit(D(100), D(102), D("0.001")) == D("2.202")
    assert risk_per_unit(D(102), D(100), D("0.001")) == D("2.202")


@given(equity=MONEY, pct=st.decimals("0.01", "100", places=2), cap=PRICE, stop=PRICE)
def test_p5_rounding_never_increases_risk(equity, pct, cap, stop):
    """What is lost at the stop, fees included, is never above what was to be risked."""
    unit = risk_per_unit(cap, stop, FEE)
    size = Size(risk_pct=pct)
    quantity = round_down(wanted(size, equity=equity, cap=cap, stop=stop, taker_fee=FEE), BTC)
    assert quantity * unit * 100 <= equity * pct


@given(equity=MONEY, pct=st.decimals("0.01", "100", places=2), cap=PRICE, stop=PRICE)
def test_rounding_wastes_less_than_a_step(equity, pct, cap, stop):
    """One step more would risk too much."""
    unit = risk_per_unit(cap, stop, FEE)
    quantity = round_down(wanted(Size(risk_pct=pct), equity=equity, cap=cap, stop=stop, taker_fee=FEE), BTC)
    assert (quantity + BTC.step_size) * unit * 100 > equity * pct


@given(notional=MONEY, cap=PRICE)
def test_notional_is_never_passed(notional, cap):
    """A notional size stays at or below its amount at the cap."""
    assert sized(Size(notional=notional), cap=str(cap)) * cap <= notional


def test_a_quotient_just_below_a_step_does_not_round_up():
    """Dividing to digits first would make 1/3 × 3 a whole step; whole steps are divided instead."""
    rules = instrument(step_size=D(1), quantity_min=D(1))
    just_below = D("2.99999999999999999999999999999999999999")
    assert round_down(Wanted(just_below * 3, D(3)), rules) == 2


def test_the_grid_begins_at_the_minimum():
    """LOT_SIZE checks (quantity − minQty) % step."""
    rules = instrument(step_size=D("0.5"), quantity_min=D("0.7"))
    assert round_down(Wanted(D("1.8"), D(1)), rules) == D("1.7")
    assert round_down(Wanted(D("0.1"), D(1)), rules) == 0
    assert round_up(D("1.8"), rules) == D("2.2")


def test_market_orders_have_their_own_step():
    """MARKET_LOT_SIZE may be coarser; 0 means that the venue states none."""
    rules = instrument(market_step_size=D("0.01"), market_quantity_min=D("0.01"))
    assert round_down(Wanted(D("0.129"), D(1)), rules, market=True) == D("0.12")
    assert step_of(rules, market=True) == D("0.01")
    assert step_of(instrument(market_step_size=D(0)), market=True) == D("0.001")


@pytest.mark.parametrize("size", [Size(notional=D("1e20")), Size(equity_pct=D("1e20")), Size(risk_pct=D("1e20"))])
def test_absurd_sizes_stay_numbers(size):
    """A hostile size is too large; it does not break the arithmetic."""
    assert sized(size, equity="1e12", cap="0.00000001", stop="0.00000002") > BTC.quantity_max


@pytest.mark.parametrize(
    ("rules", "price", "expected"),
    [
        pytest.param({}, "80000", "0.001", id="minQty is worth 80"),
        pytest.param({}, "40000", "0.002", id="notional 50 needs two steps"),
        pytest.param({}, "50000", "0.001", id="exactly 50"),
        pytest.param({}, "49999.9", "0.002", id="just below 50"),
        pytest.param({"quantity_min": D("0.01")}, "80000", "0.010", id="a larger minQty"),
        pytest.param({"market_quantity_min": D("0.02")}, "80000", "0.020", id="must be closable by MARKET"),
        pytest.param({"notional_min": D(0)}, "1", "0.001", id="no notional filter"),
        pytest.param({"quantity_min": D(0), "market_quantity_min": D(0)}, "80000", "0.001", id="one step at least"),
    ],
)
def test_smallest_quantity(rules, price, expected):
    """minQty of both lot filters and MIN_NOTIONAL."""
    assert smallest(instrument(**rules), D(price)) == D(expected)


@given(price=st.decimals("0.01", "100000", places=2), notional=st.decimals("0", "200", places=3))
def test_smallest_passes_and_one_step_less_does_not(price, notional):
    """It is the smallest indeed."""
    rules = instrument(notional_min=notional)
    quantity = smallest(rules, price)
    assert rules.quantity_breach(quantity) is None
    assert rules.notional_breach(quantity, price) is None
    less = quantity - rules.step_size
    assert rules.quantity_breach(less) is not None or rules.notional_breach(less, price) is not None


@pytest.mark.parametrize(
    ("filled", "fractions", "expected"),
    [
        pytest.param("0.100", ("1",), ["101:0.100"], id="one takes all"),
        pytest.param("0.100", ("0.5", "0.5"), ["101:0.050", "102:0.050"], id="halves"),
        pytest.param("0.101", ("0.5", "0.5"), ["101:0.050", "102:0.051"], id="the last takes the rest"),
        pytest.param("0.100", ("0.33", "0.33", "0.34"), ["101:0.033", "102:0.033", "103:0.034"], id="thirds"),
        pytest.param("0.001", ("0.5", "0.5"), ["102:0.001"], id="0 merges into the next"),
        pytest.param("0.003", ("0.2", "0.2", "0.6"), ["102:0.001", "103:0.002"], id="merged shares add up"),
        pytest.param("0.002", ("0.9", "0.1"), ["101:0.001", "102:0.001"], id="rounded down, rest to the last"),
        pytest.param("0.100", ("0.5",), ["101:0.050"], id="half without a target"),
        pytest.param("0.101", ("0.5",), ["101:0.050"], id="half of an odd quantity"),
        pytest.param("0.001", ("0.5",), [], id="half of one step is nothing"),
        pytest.param("0.100", (), [], id="no targets"),
        pytest.param("0.010", ("0.5", "0.3"), ["101:0.005", "102:0.003"], id="a fifth without a target"),
        pytest.param("0.001", ("0.3", "0.3", "0.4"), ["103:0.001"], id="two merges"),
    ],
)
def test_rules_11_targets_split_the_filled_quantity(filled, fractions, expected):
    """Each rounded down, the last takes the rest, one that rounds to 0 merges into the next."""
    assert quantities(filled, *fractions) == expected


COARSE_MINIMUM = instrument(step_size=D(1), quantity_min=D(10))
"""Real symbols have a minQty of several steps."""


@pytest.mark.parametrize(
    ("filled", "fractions", "expected"),
    [
        pytest.param("30", ("0.5", "0.5"), ["101:15", "102:15"], id="both large enough"),
        pytest.param("15", ("0.5", "0.5"), ["102:15"], id="the first is below minQty and merges into the next"),
        pytest.param("25", ("0.7", "0.3"), ["101:25"], id="the last is below minQty and joins the one before"),
        pytest.param("9", ("0.5", "0.5"), [], id="a fill below minQty has no legal target"),
        pytest.param("18", ("0.5",), [], id="nor has a share below minQty"),
    ],
)
def test_targets_respect_the_smallest_quantity(filled, fractions, expected):
    """The venue refuses less than minQty even from a reduce-only order."""
    assert quantities(filled, *fractions, rules=COARSE_MINIMUM) == expected


@given(
    steps=st.integers(1, 5_000),
    shares=st.lists(st.integers(1, 100), min_size=1, max_size=10).filter(lambda shares: sum(shares) <= 1_000),
)
def test_rules_11_split_laws(steps, shares):
    """Every share is on the grid and positive; together they are the targeted quantity, never more than filled."""
    filled = steps * BTC.step_size
    fractions = [Decimal(share) / 1_000 for share in shares]
    plans = [TargetPlan(price=D(101 + index), fraction=fraction) for index, fraction in enumerate(fractions)]
    split = split_targets(filled, plans, BTC)
    assert all(quantity > 0 and quantity % BTC.step_size == 0 for _, quantity in split)
    assert sum((quantity for _, quantity in split), D(0)) == BTC.round_quantity(filled * sum(fractions))
    assert [price for price, _ in split] == sorted(price for price, _ in split)


@given(steps=st.integers(1, 5_000), count=st.integers(1, 10))
def test_rules_11_whole_fractions_leave_nothing(steps, count):
    """Fractions that add up to 1 target every unit."""
    filled = steps * BTC.step_size
    equal = [D(1) / 16 for _ in range(count - 1)]
    plans = [TargetPlan(price=D(101 + i), fraction=f) for i, f in enumerate([*equal, 1 - sum(equal, D(0))])]
    assert sum((quantity for _, quantity in split_targets(filled, plans, BTC)), D(0)) == filled


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (Size(quantity=D("0.10")), "quantity 0.10"),
        (Size(notional=D(200)), "notional 200"),
        (Size(equity_pct=D("2.5")), "equity_pct 2.5"),
        (Size(risk_pct=D(1)), "risk_pct 1"),
    ],
)
def test_describe(size, expected):
    """The size as asked, for the result."""
    assert describe(size) == expected


def test_a_size_without_a_measure_is_our_mistake():
    """Validation let it through: stop rather than guess."""
    with pytest.raises(AssertionError, match="invariant: a size has exactly one measure"):
        describe(Size())


@pytest.mark.parametrize(
    ("price", "expected"),
    [("10", "5.2"), ("100", "0.7"), ("50", "1.2"), ("71.4", "1.2"), ("71.5", "0.7"), ("41.6", "1.7")],
)
def test_smallest_on_a_grid_that_does_not_begin_at_zero(price, expected):
    """minQty 0.7, step 0.5: 0.7, 1.2, 1.7, … and a notional of at least 50."""
    rules = instrument(step_size=D("0.5"), quantity_min=D("0.7"), market_quantity_min=D("0.2"), market_step_size=D(0))
    assert smallest(rules, D(price)) == D(expected)


def test_exactly_the_origin_of_the_grid():
    """A quantity equal to minQty is one, not zero."""
    rules = instrument(step_size=D("0.5"), quantity_min=D("0.2"))
    assert round_down(Wanted(D("0.2"), D(1)), rules) == D("0.2")
    assert round_down(Wanted(D("0.19"), D(1)), rules) == 0
