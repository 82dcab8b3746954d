"""Plain and conditional orders through the official SDK's REST door."""

import pytest
from binance_common.errors import BadRequestError
from binance_sdk_derivatives_trading_usds_futures.rest_api.models import PlaceMultipleOrdersBatchOrdersParameterInner

S = "BTCUSDT"


def place(rest, market, factor=0.97, **more):
    """A limit order that waits in the book."""
    order = {"symbol": S, "side": "BUY", "type": "LIMIT", "time_in_force": "GTC", "quantity": 0.01}
    return rest.new_order(**{**order, "price": round(market * factor, 1), **more}).data()


def stop(rest, market, **more):
    """A stop below the market."""
    order = {"algo_type": "CONDITIONAL", "symbol": S, "side": "SELL", "type": "STOP_MARKET", "quantity": 0.01}
    return rest.new_algo_order(**{**order, "trigger_price": round(market * 0.97, 1), **more}).data()


def test_market_order_fills(rest):
    """The position is there."""
    rest.new_order(symbol=S, side="BUY", type="MARKET", quantity=0.01)
    assert [float(row.position_amt) for row in rest.position_information_v2(symbol=S).data()] == [0.01]


def test_limit_order_rests_and_is_cancelled(rest, price):
    """From the book into the history."""
    order = place(rest, price)
    assert [row.order_id for row in rest.current_all_open_orders(symbol=S).data()] == [order.order_id]
    assert rest.query_current_open_order(symbol=S, order_id=order.order_id).data().status == "NEW"
    assert rest.cancel_order(symbol=S, order_id=order.order_id).data().status == "CANCELED"
    assert rest.query_order(symbol=S, order_id=order.order_id).data().status == "CANCELED"
    assert order.order_id in [row.order_id for row in rest.all_orders(symbol=S).data()]


def test_client_id_with_colon_and_slash(rest, price):
    """The SDK signs such an id after it encodes it (protocol notes A.4)."""
    assert place(rest, price, new_client_order_id="bot:1/x").client_order_id == "bot:1/x"


def test_amend(rest, price):
    """The same order at another price, and the record of the change."""
    order = place(rest, price)
    new = {"quantity": 0.02, "price": round(price * 0.96, 1)}
    changed = rest.modify_order(symbol=S, side="BUY", order_id=order.order_id, **new).data()
    assert (changed.order_id, float(changed.orig_qty)) == (order.order_id, 0.02)
    [record] = rest.get_order_modify_history(symbol=S, order_id=order.order_id).data()
    assert record.order_id == order.order_id


def test_cancel_all(rest, price):
    """One call empties the book of a symbol."""
    place(rest, price)
    rest.cancel_all_open_orders(symbol=S)
    assert rest.current_all_open_orders(symbol=S).data() == []


def test_batch_and_batch_cancel(rest, price):
    """Two orders in one call, cancelled in one call."""
    two = [
        PlaceMultipleOrdersBatchOrdersParameterInner(
            symbol=S, side="BUY", type="LIMIT", timeInForce="GTC", quantity=0.01, price=round(price * factor, 1)
        )
        for factor in (0.97, 0.96)
    ]
    placed = [row.order_id for row in rest.place_multiple_orders(batch_orders=two).data()]
    assert len([order for order in placed if order]) == 2
    cancelled = rest.cancel_multiple_orders(symbol=S, order_id_list=placed).data()
    assert [row.status for row in cancelled] == ["CANCELED", "CANCELED"]


def test_dead_man_switch(rest):
    """Armed and disarmed."""
    assert rest.auto_cancel_all_open_orders(symbol=S, countdown_time=60_000).data().countdown_time == "60000"
    rest.auto_cancel_all_open_orders(symbol=S, countdown_time=0)


def test_order_test(rest):
    """A test order leaves nothing behind."""
    rest.test_order(symbol=S, side="BUY", type="MARKET", quantity=0.01)
    assert rest.position_information_v3(symbol=S).data() == []


def test_trades_follow_a_fill(rest):
    """The fill of an order."""
    order = rest.new_order(symbol=S, side="BUY", type="MARKET", quantity=0.01).data()
    trades = rest.account_trade_list(symbol=S, order_id=order.order_id).data()
    assert sum(float(row.qty) for row in trades) == pytest.approx(0.01)


@pytest.mark.parametrize(
    "change, code", [({"quantity": 1e-7}, -1111), ({"symbol": "NOSUCH"}, -1121), ({"price": 1000.05}, -4014)]
)
def test_refusals_carry_the_venues_code(rest, price, change, code):
    """The exception has the number that bots branch on, in the attribute named after the status."""
    with pytest.raises(BadRequestError) as refused:
        place(rest, price, **change)
    assert refused.value.status_code == code


@pytest.mark.parametrize(
    "kind, trigger, limit",
    [
        ("STOP_MARKET", 0.97, None),
        ("TAKE_PROFIT_MARKET", 1.03, None),
        ("STOP", 0.97, 0.969),
        ("TAKE_PROFIT", 1.03, 1.029),
    ],
)
def test_a_conditional_order_waits(rest, price, kind, trigger, limit):
    """It is listed among the algo orders and not among the others."""
    more = {"price": round(price * limit, 1), "time_in_force": "GTC"} if limit else {}
    algo = stop(rest, price, type=kind, trigger_price=round(price * trigger, 1), **more)
    assert [row.algo_id for row in rest.current_all_algo_open_orders(symbol=S).data()] == [algo.algo_id]
    assert rest.current_all_open_orders(symbol=S).data() == []


def test_trailing_stop(rest, price):
    """Activation price and rate are taken over."""
    activate = round(price * 1.02, 1)
    kind = {"type": "TRAILING_STOP_MARKET", "trigger_price": None, "callback_rate": 1, "activate_price": activate}
    algo = stop(rest, price, **kind)
    assert rest.query_algo_order(algo_id=algo.algo_id).data().algo_status == "NEW"


def test_algo_cancel(rest, price):
    """By id, then by symbol, and both in the history."""
    one, two = stop(rest, price), stop(rest, price)
    assert rest.cancel_algo_order(algo_id=one.algo_id).data().code == "200"
    rest.cancel_all_algo_open_orders(symbol=S)
    assert rest.current_all_algo_open_orders(symbol=S).data() == []
    known = [row.algo_id for row in rest.query_all_algo_orders(symbol=S).data()]
    assert {one.algo_id, two.algo_id} <= set(known)
