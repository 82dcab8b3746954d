"""What is open, added up: each exposure on its side, and on the symbol in question."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.gate_view import Exposures
from holdfast.model.orders import Direction
from tests.core.gate_samples import Exposure, exposures

D = Decimal
AMOUNTS = st.integers(0, 10_000).map(D)
ONE = st.builds(
    Exposure,
    symbol=st.sampled_from(("BTCUSDT", "ETHUSDT")),
    direction=st.sampled_from((Direction.LONG, Direction.SHORT, None)),
    quantity=AMOUNTS,
    notional=AMOUNTS,
    initial_margin=AMOUNTS,
    held_notional=AMOUNTS,
    reserved_margin=AMOUNTS,
)


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        (Direction.LONG, {"longs": D(900), "held_longs": D(300)}),
        (Direction.SHORT, {"shorts": D(900), "held_shorts": D(300)}),
        (None, {"either": D(900)}),
    ],
)
def test_each_direction_has_its_own_sum(direction, expected):
    """What could go either way is never taken for held: it offsets nothing."""
    total = Exposures()
    total.add(direction, D(2), D(900), D(300), D(90), D(40), here=False)
    assert total == Exposures(count=1, margin=D(90), reserved=D(40), **expected)


@pytest.mark.parametrize(("here", "notional", "quantity"), [(True, 900, 2), (False, 0, 0)])
def test_p13_only_the_symbol_in_question_is_here(here, notional, quantity):
    """The position limit is per symbol."""
    total = Exposures()
    total.add(Direction.LONG, D(2), D(900), D(0), D(90), D(0), here=here)
    assert (total.here_notional, total.here_quantity) == (notional, quantity)


@given(st.lists(ONE, max_size=6))
def test_nothing_is_lost_and_the_order_does_not_matter(several):
    """Every notional is on exactly one side, every margin counted once."""
    total = exposures(*several)
    assert total.longs + total.shorts + total.either == sum(each.notional for each in several)
    assert (total.count, total.margin) == (len(several), sum(each.initial_margin for each in several))
    assert total == exposures(*reversed(several))
