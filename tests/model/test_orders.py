"""Sides and directions mirror each other, and an end is an end."""

import pytest

from holdfast.model.orders import AlgoStatus, Direction, OrderStatus, Side


@pytest.mark.parametrize(
    ("direction", "sign", "entry", "exit"),
    [(Direction.LONG, 1, Side.BUY, Side.SELL), (Direction.SHORT, -1, Side.SELL, Side.BUY)],
)
def test_a_direction_opens_on_one_side_and_closes_on_the_other(direction, sign, entry, exit):
    """A long buys to open; profit grows with the price by its sign."""
    assert (direction.sign, direction.entry_side, direction.exit_side) == (sign, entry, exit)


@pytest.mark.parametrize("value", [*Side, *Direction])
def test_the_opposite_of_the_opposite_is_the_same(value):
    """And never the same after one step."""
    assert value.opposite.opposite is value is not value.opposite


def test_an_order_that_may_still_fill_has_not_ended():
    """RULES 3: no proof of absence, no end; a sent order is alive."""
    assert [status.value for status in OrderStatus if not status.terminal] == [
        "planned", "sent", "working", "partly_filled",
    ]  # fmt: skip


def test_rules_6_an_algo_that_may_still_act_has_not_ended():
    """Triggered is not finished: its child order may still be on its way."""
    assert [status.value for status in AlgoStatus if not status.terminal] == [
        "planned", "sent", "armed", "triggering", "triggered",
    ]  # fmt: skip
