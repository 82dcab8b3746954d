"""The state's own words: what is live, unknown and settled, and how things are found."""

import pytest

from holdfast.core.state import AlgoState, EngineState, OrderState, fill_key, order_key
from holdfast.model.ids import Role
from holdfast.model.num import ZERO
from holdfast.model.orders import (
    AlgoSpec,
    AlgoStatus,
    AlgoType,
    OrderSpec,
    OrderStatus,
    OrderType,
    Pending,
    Side,
)
from tests.core.bench import Bench

PLACING = (Pending.PLACE, Pending.PLACE_UNKNOWN)


def plain(status: OrderStatus, pending: Pending = Pending.NONE, **more) -> OrderState:
    """An entry in that state."""
    spec = OrderSpec(client_id="hf-e1-a", role=Role.ENTRY, symbol="BTCUSDT", side=Side.BUY, type=OrderType.MARKET,
                     quantity=ZERO + 1)  # fmt: skip
    return OrderState(spec=spec, trade_id="t", subject="s", n=1, timestamp_ms=0, recv_window_ms=1_500, verdict="v",
                      status=status, pending=pending, **more)  # fmt: skip


def algo(status: AlgoStatus, pending: Pending = Pending.NONE, **more) -> AlgoState:
    """A stop in that state."""
    spec = AlgoSpec(client_id="hf-s1-a", role=Role.STOP, symbol="BTCUSDT", side=Side.SELL, type=AlgoType.STOP_MARKET,
                    trigger_price=ZERO + 1, close_position=True)  # fmt: skip
    return AlgoState(spec=spec, trade_id="t", subject="s", n=1, timestamp_ms=0, recv_window_ms=5_000, verdict="v",
                     status=status, pending=pending, **more)  # fmt: skip


@pytest.mark.parametrize("pending", Pending)
@pytest.mark.parametrize("status", OrderStatus)
def test_an_order_is_live_until_its_end_is_proved(status, pending):
    """A placing request in flight keeps even a refused order alive; a cancel in flight keeps nothing alive."""
    expected = status is not OrderStatus.PLANNED and (not status.terminal or pending in PLACING)
    assert plain(status, pending).live is expected


@pytest.mark.parametrize("child", [None, *OrderStatus])
@pytest.mark.parametrize("status", AlgoStatus)
def test_rules_6_an_algo_lives_as_long_as_its_child(status, child):
    """FINISHED does not say filled; a child that ended proves its algo done."""
    if status is AlgoStatus.PLANNED:
        expected = False
    elif child is not None:
        expected = not child.terminal
    else:
        expected = not status.terminal
    assert algo(status, child_status=child).live is expected


@pytest.mark.parametrize("status", AlgoStatus)
def test_only_armed_covers(status):
    """RULES 5: a stop that has left `armed` covers nothing."""
    assert algo(status).armed is (status is AlgoStatus.ARMED)


@pytest.mark.parametrize("pending", Pending)
def test_rules_17_unknown_is_a_value_of_the_request(pending):
    """Not a status: the order may be working, filled or nowhere."""
    assert plain(OrderStatus.SENT, pending).unknown is (pending is Pending.PLACE_UNKNOWN)
    assert algo(AlgoStatus.SENT, pending).unknown is (pending is Pending.PLACE_UNKNOWN)


def test_an_order_is_settled_when_every_execution_is_booked():
    """The venue says 1 executed; the books must say so too."""
    assert not plain(OrderStatus.FILLED, executed=ZERO + 1).settled
    assert plain(OrderStatus.FILLED, executed=ZERO + 1, filled=ZERO + 1).settled
    assert not plain(OrderStatus.PARTLY_FILLED).settled
    assert not algo(AlgoStatus.FINISHED, child_status=OrderStatus.FILLED, executed=ZERO + 1).settled
    assert algo(AlgoStatus.CANCELLED).settled


def test_the_live_trade_of_a_symbol():
    """None before it and none after it."""
    bench = Bench()
    assert bench.state.trade_of("BTCUSDT") is None
    bench.open_trade()
    assert bench.state.trade_of("BTCUSDT") is bench.trade
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert bench.state.trade_of("BTCUSDT") is None


def test_keys_name_the_symbol():
    """The venue's ids are unique per symbol only."""
    assert (order_key("BTCUSDT", 7), fill_key("BTCUSDT", 7, 70)) == ("BTCUSDT:7", "BTCUSDT:7:70")


def test_orders_are_found_by_id_by_role_and_by_trade():
    """Plain and algo orders alike, oldest first."""
    bench = Bench().open_trade(targets=[("51000", "0.5"), ("52000", "0.5")])
    state, trade = bench.state, bench.trade
    assert state.order(bench.entry().client_id) is bench.entry()
    assert [order.n for order in state.orders_of(trade, Role.TARGET)] == [1, 2]
    assert [order.client_id for order in state.orders_of(trade, Role.ENTRY)] == [bench.entry().client_id]
    assert (state.order("hf-e1-x"), state.orders_of(trade, Role.EXIT)) == (None, [])


def test_two_fresh_states_share_nothing():
    """What one engine learns is not known to another in the same process."""
    first, second = EngineState(), EngineState()
    first.positions["BTCUSDT"] = ZERO
    first.effective_reasons.append("x")
    assert second == EngineState()
