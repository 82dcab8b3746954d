"""Sides, directions and statuses of orders."""

import pytest

from holdfast.model.orders import ALGO_TERMINAL, ORDER_TERMINAL, AlgoStatus, Direction, OrderStatus, Side


@pytest.mark.parametrize("side", Side)
def test_the_opposite_of_the_opposite_is_the_side(side):
    """And it is never the side itself."""
    assert side.opposite.opposite is side
    assert side.opposite is not side


@pytest.mark.parametrize(("direction", "sign", "entry"), [(Direction.LONG, 1, Side.BUY), (Direction.SHORT, -1, Side.SELL)])
def test_a_direction_knows_its_sides(direction, sign, entry):
    """A long buys to open and sells to close."""
    assert (direction.sign, direction.entry_side, direction.exit_side) == (sign, entry, entry.opposite)
    assert direction.opposite.sign == -sign


@pytest.mark.parametrize("status", OrderStatus)
def test_a_terminal_status_is_one_that_nothing_follows(status):
    """Filled, cancelled, expired, rejected, never placed."""
    assert status.terminal is (status in ORDER_TERMINAL)
    assert status.terminal is (status.value in ("filled", "cancelled", "expired", "rejected", "never_placed"))


@pytest.mark.parametrize("status", AlgoStatus)
def test_triggered_is_not_terminal_for_an_algo(status):
    """Its child may still trade (RULES 6)."""
    assert status.terminal is (status in ALGO_TERMINAL)
    assert not AlgoStatus.TRIGGERED.terminal
    assert AlgoStatus.FINISHED.terminal
