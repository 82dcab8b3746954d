"""python-binance's asynchronous client and its WebSocket API."""

import asyncio

import pytest
from binance.exceptions import BinanceAPIException

from tests.compat.paper import order_price

S = "BTCUSDT"


async def test_the_client_starts(async_client):
    """`create` has asked the Spot address for ping and time by now."""
    assert await async_client.futures_ping() == {}


async def test_ten_orders_at_once(async_client, price):
    """Requests in flight together each get their own answer."""
    order = {"symbol": S, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}
    names = [f"at-once-{n}" for n in range(10)]
    placed = await asyncio.gather(*(
        async_client.futures_create_order(**order, price=order_price(price, 0.97), newClientOrderId=name)
        for name in names
    ))  # fmt: skip
    assert [row["clientOrderId"] for row in placed] == names
    assert len(await async_client.futures_get_open_orders(symbol=S)) == 10


async def test_batch(async_client, price):
    """The asynchronous client encodes a batch in its own way."""
    order = {"symbol": S, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}
    batch = [{**order, "price": order_price(price, factor)} for factor in (0.97, 0.96)]
    assert [row["status"] for row in await async_client.futures_place_batch_order(batchOrders=batch)] == ["NEW"] * 2


async def test_refusal(async_client):
    """An error is an exception with the venue's code."""
    with pytest.raises(BinanceAPIException) as refused:
        await async_client.futures_get_order(symbol=S, orderId=1)
    assert refused.value.code == -2013


async def test_ws_order_lives(async_client, price):
    """Placed, amended, queried and cancelled over the WebSocket API."""
    order = await async_client.ws_futures_create_order(
        symbol=S, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.010", price=order_price(price, 0.97)
    )
    assert order["status"] == "NEW"
    changed = await async_client.ws_futures_edit_order(
        symbol=S, side="BUY", orderId=order["orderId"], quantity="0.020", price=order_price(price, 0.96)
    )
    assert float(changed["origQty"]) == 0.020
    found = await async_client.ws_futures_get_order(symbol=S, orderId=order["orderId"])
    assert found["status"] == "NEW"
    cancelled = await async_client.ws_futures_cancel_order(symbol=S, orderId=order["orderId"])
    assert cancelled["status"] == "CANCELED"


async def test_ws_algo_order(async_client, price):
    """A conditional order is led to the algo service there too."""
    algo = await async_client.ws_futures_create_order(
        symbol=S, side="SELL", type="STOP_MARKET", stopPrice=order_price(price, 0.97), quantity="0.010"
    )
    assert algo["algoStatus"] == "NEW"
    assert (await async_client.ws_futures_cancel_algo_order(algoId=algo["algoId"]))["code"] == "200"


@pytest.mark.parametrize("read", ["balance", "status", "position"])
@pytest.mark.parametrize("version", ["", "v2_"])
async def test_ws_account_reads(async_client, read, version):
    """Both versions of the three account reads."""
    await async_client.futures_create_order(symbol=S, side="BUY", type="MARKET", quantity="0.010")
    assert await getattr(async_client, f"ws_futures_{version}account_{read}")()


async def test_ws_market_reads(async_client):
    """Book, best prices and last prices."""
    book = await async_client.ws_futures_get_order_book(symbol=S, limit=5)
    assert len(book["bids"]) == 5
    assert float((await async_client.ws_futures_get_order_book_ticker(symbol=S))["bidPrice"]) > 0
    assert S in [row["symbol"] for row in await async_client.ws_futures_get_all_tickers()]


async def test_ws_refusal(async_client):
    """An error reply becomes an exception."""
    with pytest.raises(BinanceAPIException) as refused:
        await async_client.ws_futures_get_order(symbol=S, orderId=1)
    assert refused.value.code == -2013
