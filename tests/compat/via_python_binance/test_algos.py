"""Conditional orders through python-binance: its order call leads them to the algo service by itself."""

import pytest
from binance.exceptions import BinanceAPIException

from tests.compat.paper import order_price

S = "BTCUSDT"


def conditional(client, kind: str, side: str = "SELL", **more: object) -> dict:
    """A conditional order as users of this client write it, with the old name of the trigger."""
    return client.futures_create_order(symbol=S, side=side, type=kind, **more)


@pytest.mark.parametrize(
    "kind, trigger, limit",
    [
        ("STOP_MARKET", 0.97, None),
        ("TAKE_PROFIT_MARKET", 1.03, None),
        ("STOP", 0.97, 0.969),
        ("TAKE_PROFIT", 1.03, 1.029),
    ],
)
def test_a_conditional_order_waits(client, price, kind, trigger, limit):
    """It is listed among the algo orders and not among the others."""
    more = {"price": order_price(price, limit), "timeInForce": "GTC"} if limit else {}
    algo = conditional(client, kind, stopPrice=order_price(price, trigger), quantity="0.010", **more)
    assert algo["algoStatus"] == "NEW"
    assert [row["algoId"] for row in client.futures_get_open_algo_orders(symbol=S)] == [algo["algoId"]]
    assert client.futures_get_open_orders(symbol=S) == []


def test_trailing_stop(client, price):
    """Activation price and rate are taken over."""
    algo = conditional(
        client, "TRAILING_STOP_MARKET", quantity="0.010", callbackRate="1.0", activatePrice=order_price(price, 1.02)
    )
    found = client.futures_get_algo_order(algoId=algo["algoId"])
    assert float(found["callbackRate"]) == 1.0
    assert found["algoStatus"] == "NEW"


def test_close_position_stop(client, price):
    """A stop for the whole position needs no quantity."""
    client.futures_create_order(symbol=S, side="BUY", type="MARKET", quantity="0.010")
    algo = conditional(client, "STOP_MARKET", stopPrice=order_price(price, 0.97), closePosition="true")
    assert algo["closePosition"] is True


def test_cancel(client, price):
    """By id; the code of the reply is a text (protocol notes 0.3, fact 19)."""
    algo = conditional(client, "STOP_MARKET", stopPrice=order_price(price, 0.97), quantity="0.010")
    assert client.futures_cancel_algo_order(algoId=algo["algoId"])["code"] == "200"
    assert client.futures_get_algo_order(algoId=algo["algoId"])["algoStatus"] == "CANCELED"


def test_cancel_all(client, price):
    """Cancelling all orders leaves the conditional ones; they have a call of their own."""
    algo = conditional(client, "STOP_MARKET", stopPrice=order_price(price, 0.97), quantity="0.010")
    client.futures_cancel_all_open_orders(symbol=S)
    assert [row["algoId"] for row in client.futures_get_open_algo_orders(symbol=S)] == [algo["algoId"]]
    assert client.futures_cancel_all_algo_open_orders(symbol=S)["code"] == 200
    assert client.futures_get_open_algo_orders(symbol=S) == []


def test_history(client, price):
    """Closed conditional orders are found by symbol."""
    algo = conditional(client, "STOP_MARKET", stopPrice=order_price(price, 0.97), quantity="0.010")
    client.futures_cancel_algo_order(algoId=algo["algoId"])
    assert algo["algoId"] in [row["algoId"] for row in client.futures_get_all_algo_orders(symbol=S)]


def test_would_trigger_at_once(client, price):
    """A stop on the wrong side of the market is refused with −2021."""
    with pytest.raises(BinanceAPIException) as refused:
        conditional(client, "STOP_MARKET", stopPrice=order_price(price, 1.03), quantity="0.010")
    assert refused.value.code == -2021


def test_the_old_door_is_closed(client, price):
    """A conditional order at the plain endpoint is refused with −4120."""
    with pytest.raises(BinanceAPIException) as refused:
        client._request_futures_api(
            "post", "order", True,
            data={"symbol": S, "side": "SELL", "type": "STOP_MARKET", "quantity": "0.010", "stopPrice": "50000"},
        )  # fmt: skip
    assert refused.value.code == -4120
