"""What may still act at the venue, by state alone."""

from itertools import product

import pytest

from holdfast.core.state import EngineState, fill_key, order_key
from holdfast.model.ids import Role
from holdfast.model.num import ONE
from holdfast.model.orders import AlgoStatus, OrderStatus, Pending
from tests.core.bench import Bench

PLACING = (Pending.PLACE, Pending.PLACE_UNKNOWN)


@pytest.mark.parametrize(("status", "pending"), list(product(OrderStatus, Pending)))
def test_when_a_plain_order_is_live(status, pending):
    """Not ended, or its placing request is out; a cancel in flight keeps nothing alive."""
    order = Bench().open_trade().entry()
    order.status, order.pending = status, pending
    expected = status is not OrderStatus.PLANNED and (not status.terminal or pending in PLACING)
    assert order.live is expected
    assert order.unknown is (pending is Pending.PLACE_UNKNOWN)


@pytest.mark.parametrize(("status", "child"), list(product(AlgoStatus, (None, *OrderStatus))))
def test_when_an_algo_is_live(status, child):
    """Itself or its child; a child that ended proves its algo done."""
    stop = Bench().open_trade().stop()
    stop.status, stop.pending, stop.child_status = status, Pending.NONE, child
    if status is AlgoStatus.PLANNED:
        expected = False
    elif child is not None:
        expected = not child.terminal
    else:
        expected = not status.terminal or status in (AlgoStatus.TRIGGERING, AlgoStatus.TRIGGERED)
    assert stop.live is expected


def test_an_order_is_settled_when_its_executions_are_booked():
    """Ended, yet one execution is still owed."""
    order = Bench().open_trade().entry()
    assert order.settled
    order.executed += ONE
    assert not order.settled


def test_orders_of_a_trade_by_role_oldest_first():
    """Entry, stop, close, as they were planned."""
    bench = Bench().open_trade(targets=[("50500", "0.5"), ("51000", "0.5")])
    found = bench.state.orders_of(bench.trade, Role.TARGET)
    assert [order.n for order in found] == [1, 2]
    assert bench.state.orders_of(bench.trade, Role.EXIT) == []


def test_the_live_trade_of_a_symbol():
    """None before and after."""
    bench = Bench()
    assert bench.state.trade_of("BTCUSDT") is None
    bench.open_trade()
    assert bench.state.trade_of("BTCUSDT") is bench.trade
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert bench.state.trade_of("BTCUSDT") is None


def test_ids_of_the_venue_are_unique_per_symbol_only():
    """The symbol is part of every key."""
    assert order_key("A", 1) != order_key("B", 1)
    assert fill_key("A", 1, 2) != fill_key("A", 2, 1)


def test_states_share_no_mutable_default():
    """Two engines never write into one dict."""
    first, second = EngineState(), EngineState()
    first.alarms["x"] = "y"
    assert second.alarms == {}
