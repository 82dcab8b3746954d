"""Plain orders through python-binance's synchronous client."""

import pytest
from binance.exceptions import BinanceAPIException

from tests.compat.paper import order_price

S = "BTCUSDT"


def rest(client, market: float, factor: float = 0.97, **more: str) -> dict:
    """A limit order that waits in the book."""
    order = {"symbol": S, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}
    return client.futures_create_order(**{**order, "price": order_price(market, factor), **more})


def test_market_order_fills(client):
    """With a RESULT reply the fill is in the answer."""
    order = client.futures_create_order(
        symbol=S, side="BUY", type="MARKET", quantity="0.010", newOrderRespType="RESULT"
    )
    assert order["status"] == "FILLED"
    [row] = client.futures_position_information(symbol=S)
    assert float(row["positionAmt"]) == 0.010


def test_limit_order_rests_and_is_cancelled(client, price):
    """From the book into the history."""
    order = rest(client, price)
    assert [row["orderId"] for row in client.futures_get_open_orders(symbol=S)] == [order["orderId"]]
    assert client.futures_cancel_order(symbol=S, orderId=order["orderId"])["status"] == "CANCELED"
    assert client.futures_get_open_orders(symbol=S) == []
    assert client.futures_get_order(symbol=S, orderId=order["orderId"])["status"] == "CANCELED"


def test_client_id_with_colon_and_slash(client, price):
    """The client signs such an id before it encodes it (protocol notes A.4)."""
    assert rest(client, price, newClientOrderId="bot:1/x")["clientOrderId"] == "bot:1/x"
    assert client.futures_cancel_order(symbol=S, origClientOrderId="bot:1/x")["status"] == "CANCELED"


def test_amend(client, price):
    """The same order at another price."""
    order = rest(client, price)
    new = order_price(price, 0.96)
    changed = client.futures_modify_order(symbol=S, side="BUY", orderId=order["orderId"], quantity="0.020", price=new)
    assert (changed["orderId"], float(changed["price"]), float(changed["origQty"])) == (
        order["orderId"], float(new), 0.020,
    )  # fmt: skip


def test_cancel_all(client, price):
    """One call empties the book of a symbol."""
    rest(client, price), rest(client, price, 0.96)
    assert client.futures_cancel_all_open_orders(symbol=S)["code"] == 200
    assert client.futures_get_open_orders(symbol=S) == []


def test_batch_and_batch_cancel(client, price):
    """Two orders in one call, cancelled in one call."""
    order = {"symbol": S, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}
    two = [{**order, "price": order_price(price, factor)} for factor in (0.97, 0.96)]
    placed = client.futures_place_batch_order(batchOrders=two)
    assert [row["status"] for row in placed] == ["NEW", "NEW"]
    cancelled = client.futures_cancel_orders(symbol=S, orderidlist=[row["orderId"] for row in placed])
    assert [row["status"] for row in cancelled] == ["CANCELED", "CANCELED"]


def test_a_refusal_inside_a_batch(client, price):
    """The refused order stands in the list as an error."""
    order = {"symbol": S, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}
    good, bad = {**order, "price": order_price(price, 0.97)}, {**order, "price": "0"}
    placed = client.futures_place_batch_order(batchOrders=[good, bad])
    assert placed[0]["status"] == "NEW"
    assert placed[1]["code"] < 0


def test_order_test(client):
    """A test order leaves nothing behind."""
    client.futures_create_test_order(symbol=S, side="BUY", type="MARKET", quantity="0.010")
    assert client.futures_get_open_orders(symbol=S) == []
    assert client.futures_position_information(symbol=S) == []


def test_order_history(client, price):
    """All orders of a symbol, closed ones included."""
    order = rest(client, price)
    client.futures_cancel_order(symbol=S, orderId=order["orderId"])
    assert order["orderId"] in [row["orderId"] for row in client.futures_get_all_orders(symbol=S)]


def test_dead_man_switch(client):
    """The countdown comes back as text."""
    assert client.futures_countdown_cancel_all(symbol=S, countdownTime=60_000)["countdownTime"] == "60000"
    client.futures_countdown_cancel_all(symbol=S, countdownTime=0)


@pytest.mark.parametrize(
    "change, code",
    [
        ({"quantity": "0.0000001"}, -1111),
        ({"quantity": "100000"}, -4005),
        ({"price": "1000.05"}, -4014),
        ({"timeInForce": "EVER"}, -1115),
        ({"symbol": "NOSUCH"}, -1121),
        ({"side": "UP"}, -1117),
    ],
)
def test_refusals_carry_the_venues_code(client, price, change, code):
    """The exception has the number that bots branch on."""
    with pytest.raises(BinanceAPIException) as refused:
        rest(client, price, **change)
    assert refused.value.code == code


def test_unknown_order(client):
    """A cancel of nothing and a query of nothing differ."""
    for call, code in ((client.futures_cancel_order, -2011), (client.futures_get_order, -2013)):
        with pytest.raises(BinanceAPIException) as refused:
            call(symbol=S, orderId=1)
        assert refused.value.code == code


def test_margin_is_insufficient(client):
    """More than the account can carry."""
    client.futures_change_leverage(symbol=S, leverage=1)
    with pytest.raises(BinanceAPIException) as refused:
        client.futures_create_order(symbol=S, side="BUY", type="MARKET", quantity="5")
    client.futures_change_leverage(symbol=S, leverage=20)
    assert refused.value.code == -2019
