"""Streams through python-binance: market data, the local order book, and the account's own events."""

import pytest

from tests.compat.local_book import LocalBook
from tests.compat.paper import order_price
from tests.compat.via_python_binance.taking import take

S = "BTCUSDT"


@pytest.mark.parametrize(
    "stream, category, event",
    [
        ("btcusdt@aggTrade", "market", "aggTrade"),
        ("btcusdt@markPrice@1s", "market", "markPriceUpdate"),
        ("btcusdt@bookTicker", "public", "bookTicker"),
        ("btcusdt@depth@100ms", "public", "depthUpdate"),
    ],
)
async def test_a_market_stream(sockets, stream, category, event):
    """The event comes in the combined frame, under the name it was asked by."""
    async with sockets.futures_multiplex_socket([stream], category=category) as socket:
        message = await take(socket, lambda frame: "data" in frame)
    assert (message["stream"], message["data"]["e"]) == (stream, event)


async def test_partial_depth(sockets):
    """The client's own depth socket: at most the best ten levels."""
    async with sockets.futures_depth_socket(S) as socket:
        message = await take(socket, lambda frame: "data" in frame)
    assert 0 < len(message["data"]["b"]) <= 10


async def test_a_local_book_stays_in_step(sockets, async_client):
    """Snapshot and differences fit together by the rules of protocol notes F.3."""
    book = LocalBook()
    async with sockets.futures_multiplex_socket(["btcusdt@depth@100ms"], category="public") as socket:
        book.diff((await take(socket, lambda frame: "data" in frame))["data"])
        book.snapshot(await async_client.futures_order_book(symbol=S, limit=1000))
        while book.applied < 5:
            book.diff((await take(socket, lambda frame: "data" in frame))["data"])
    assert book.best_bid < book.best_ask


@pytest.fixture(scope="module")
async def user_socket(session_sockets):
    """One connection for the account's events: leaving it takes this client ten seconds."""
    async with session_sockets.futures_user_socket() as socket:
        yield socket


@pytest.fixture
async def events(user_socket, async_client, paper):
    """The account's events from here on; what the clean-up of the account caused is read away."""
    paper.signed("POST", "/fapi/v1/leverage", symbol=S, leverage=11)
    paper.signed("POST", "/fapi/v1/leverage", symbol=S, leverage=20)
    await take(user_socket, lambda frame: frame["e"] == "ACCOUNT_CONFIG_UPDATE" and frame["ac"]["l"] == 20)
    return user_socket


async def test_fills_arrive(events, async_client):
    """An order's life, on the user stream."""
    order = await async_client.futures_create_order(symbol=S, side="BUY", type="MARKET", quantity="0.010")
    fill = await take(events, lambda frame: frame["e"] == "ORDER_TRADE_UPDATE" and frame["o"]["X"] == "FILLED")
    assert (fill["o"]["i"], fill["o"]["c"]) == (order["orderId"], order["clientOrderId"])


async def test_account_update_arrives(events, async_client):
    """Balance and position after a fill."""
    await async_client.futures_create_order(symbol=S, side="BUY", type="MARKET", quantity="0.010")
    update = await take(events, lambda frame: frame["e"] == "ACCOUNT_UPDATE")
    assert [float(row["pa"]) for row in update["a"]["P"] if row["s"] == S] == [0.010]


async def test_algo_updates_arrive(events, async_client, price):
    """A conditional order tells its states under its client id."""
    algo = await async_client.futures_create_order(
        symbol=S, side="SELL", type="STOP_MARKET", stopPrice=order_price(price, 0.97), quantity="0.010"
    )
    seen = await take(events, lambda frame: frame["e"] == "ALGO_UPDATE")
    assert (seen["o"]["caid"], seen["o"]["X"]) == (algo["clientAlgoId"], "NEW")
    await async_client.futures_cancel_algo_order(algoId=algo["algoId"])
    await take(events, lambda frame: frame["e"] == "ALGO_UPDATE" and frame["o"]["X"] == "CANCELED")


async def test_a_stop_triggers(events, async_client, paper, price):
    """The order it becomes keeps its client id, and the stop ends as FINISHED (protocol notes D.6)."""
    await async_client.futures_create_order(symbol=S, side="BUY", type="MARKET", quantity="0.010")
    algo = await async_client.futures_create_order(
        symbol=S, side="SELL", type="STOP_MARKET", stopPrice=order_price(price, 0.995), closePosition="true"
    )
    paper.control(do="price", symbol=S, percent="-1")
    ours = algo["clientAlgoId"]
    await take(events, lambda frame: frame["e"] == "ORDER_TRADE_UPDATE" and frame["o"]["c"] == ours)
    await take(events, lambda frame: frame["e"] == "ALGO_UPDATE" and frame["o"]["X"] == "FINISHED")


async def test_the_listen_key_expires(events, paper):
    """An event on the stream; the connection stays open."""
    paper.control(do="fault", verb="lk.expire")
    await take(events, lambda frame: frame["e"] == "listenKeyExpired")


def test_listen_key_calls(client):
    """The same key again, kept alive, and closed."""
    key = client.futures_stream_get_listen_key()
    assert client.futures_stream_get_listen_key() == key
    client.futures_stream_keepalive(listenKey=key)
    assert client.futures_stream_close(listenKey=key) == {}
