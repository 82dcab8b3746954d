"""P17: liquidation comes after the stop. The formula is checked against the protocol notes' worked examples."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core import liquidation
from holdfast.model.num import divide
from holdfast.model.orders import Direction
from tests.core.gate_samples import BRACKETS

D = Decimal
LONG, SHORT = Direction.LONG, Direction.SHORT
QUANTITY = st.decimals("0.001", "50", places=3)
ENTRY = st.decimals("100", "100000", places=1)
SHARE = st.decimals("0.02", "1.2", places=4)


def price(direction, quantity, entry, backing):
    """The liquidation price with the invented tiers."""
    return liquidation.liquidation_price(
        direction, quantity=D(quantity), entry=D(entry), backing=D(backing), brackets=BRACKETS
    )


def survives(direction, quantity, entry, at, backing):
    """Whether a position survives at a price."""
    return liquidation.survives(
        direction, quantity=D(quantity), entry=D(entry), price=D(at), backing=D(backing), brackets=BRACKETS
    )


def test_worked_example_isolated_long():
    """Notes I.3: 2 BTC at 80 000, isolated wallet 8 000 → 76 515.15."""
    assert price(LONG, 2, 80000, 8000).quantize(D("0.01")) == D("76515.15")


def test_worked_example_cross_short():
    """Notes I.3: 1 BTC at 80 000, wallet 10 000 less 120 maintenance less 300 loss elsewhere → 89 134.33."""
    assert price(SHORT, 1, 80000, 10_000 - 120 - 300).quantize(D("0.01")) == D("89134.33")


@pytest.mark.parametrize(
    ("notional", "expected"),
    [
        (0, "0"),
        (50_000, "250"),
        (100_000, "500"),
        (300_000, "2500"),
        (1_000_000, "14500"),
        (5_000_000, "184500"),
        (20_000_000, "934500"),
    ],
)
def test_maintenance_by_tier(notional, expected):
    """notional × ratio − cum; above the last tier the last one goes on."""
    assert liquidation.maintenance(BRACKETS, D(notional)) == D(expected)


@given(notional=st.decimals("0", "9999999", places=2))
def test_maintenance_is_the_maximum_over_tiers(notional):
    """What the module relies on: the tier of the notional is the one that asks for most."""
    asked = [notional * bracket.maintenance_ratio - bracket.cum for bracket in BRACKETS]
    assert liquidation.maintenance(BRACKETS, notional) == max(asked)


def test_a_fully_paid_long_is_never_liquidated():
    """At leverage 1 with cross money to spare the price is 0: nowhere."""
    assert price(LONG, 1, 80000, 90_000) == 0


def test_a_short_is_always_liquidated_somewhere():
    """A price can rise without end."""
    assert price(SHORT, 1, 80000, 1_000_000) > 80000


@given(quantity=QUANTITY, entry=ENTRY, share=SHARE, direction=st.sampled_from(Direction))
def test_survival_changes_at_the_liquidation_price(quantity, entry, share, direction):
    """Just before it the position lives, just beyond it does not."""
    backing = (quantity * entry * share).quantize(D("1e-8"))
    at = price(direction, quantity, entry, backing)
    nudge = entry * D("1e-6")
    inside, outside = at + nudge * direction.sign, at - nudge * direction.sign
    assert survives(direction, quantity, entry, inside, backing)
    if outside > 0 and at > 0:
        assert not survives(direction, quantity, entry, outside, backing)


@pytest.mark.parametrize(
    ("direction", "stop", "factor", "expected"),
    [
        (LONG, 79000, "1.5", 78500),
        (SHORT, 81000, "1.5", 81500),
        (LONG, 79000, "1", 79000),
        (LONG, 20000, "1.5", 0),
    ],
)
def test_p17_guarded_price(direction, stop, factor, expected):
    """The factor times the stop's distance, never below 0."""
    assert liquidation.guarded_price(direction, D(80000), D(stop), D(factor)) == expected


@given(backing=st.decimals("10", "1000000", places=2), entry=ENTRY, stop_pct=st.decimals("0.1", "40", places=1))
def test_largest_quantity_is_the_edge_of_survival(backing, entry, stop_pct):
    """A little less survives, a little more does not."""
    at = liquidation.guarded_price(LONG, entry, entry - entry * stop_pct / 100, D("1.5"))
    cost = entry * D("0.0005")
    most = liquidation.largest_quantity(backing=backing, entry=entry, price=at, cost=cost, brackets=BRACKETS)
    for factor, expected in ((D("0.9999"), True), (D("1.0001"), False)):
        quantity = most * factor
        assert survives(LONG, quantity, entry, at, backing - quantity * cost) is expected


@given(quantity=QUANTITY, entry=ENTRY, stop_pct=st.decimals("0.1", "40", places=1))
def test_required_backing_is_the_edge_of_survival(quantity, entry, stop_pct):
    """With it the position is exactly at the edge; a cent more survives."""
    at = liquidation.guarded_price(LONG, entry, entry - entry * stop_pct / 100, D("1.5"))
    needed = liquidation.required_backing(quantity=quantity, entry=entry, price=at, cost=D(0), brackets=BRACKETS)
    assert not survives(LONG, quantity, entry, at, needed)
    assert survives(LONG, quantity, entry, at, needed + D("0.01"))


@given(quantity=QUANTITY, entry=ENTRY, leverage=st.integers(1, 50), direction=st.sampled_from(Direction))
def test_farthest_stop_is_guarded(quantity, entry, leverage, direction):
    """A stop a little nearer than the farthest survives to its guarded price, one a little farther does not."""
    backing = divide(quantity * entry, D(leverage))
    farthest = liquidation.farthest_stop(
        direction, quantity=quantity, entry=entry, backing=backing, factor=D("1.5"), brackets=BRACKETS
    )
    distance = abs(entry - farthest)
    if distance == 0:
        return
    for factor, expected in ((D("0.999"), True), (D("1.001"), False)):
        at = liquidation.guarded_price(direction, entry, entry - direction.sign * distance * factor, D("1.5"))
        assert survives(direction, quantity, entry, at, backing) is expected or at == 0


def test_required_backing_pays_the_fees_first():
    """0.1 at 80 000, guarded to 78 000, 40 of fees a unit: 200 lost, 4 paid, 39 maintenance."""
    needed = liquidation.required_backing(
        quantity=D("0.1"), entry=D(80_000), price=D(78_000), cost=D(40), brackets=BRACKETS
    )
    assert needed == 200 + 4 + 39


def test_farthest_stop_of_a_worked_example():
    """Leverage 10: (8 000 − 400) ÷ (1.5 × 0.995) below the entry."""
    farthest = liquidation.farthest_stop(
        LONG, quantity=D(1), entry=D(80_000), backing=D(8_000), factor=D("1.5"), brackets=BRACKETS
    )
    assert farthest == 80_000 - divide(D(7_600), D("1.4925"))


def test_there_may_be_no_guarded_stop():
    """Margin below maintenance at the entry itself: the entry is returned."""
    farthest = liquidation.farthest_stop(
        LONG, quantity=D(10), entry=D(80000), backing=D(100), factor=D("1.5"), brackets=BRACKETS
    )
    assert farthest == 80000


def test_missing_tiers_are_our_mistake():
    """The gate denies missing tiers before anything asks for maintenance."""
    with pytest.raises(AssertionError, match="invariant: missing tiers"):
        liquidation.maintenance((), D(1))
