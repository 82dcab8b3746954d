"""The official SDK's streams, the account's events by SUBSCRIBE of the listenKey included."""

import pytest

from tests.compat.local_book import LocalBook
from tests.compat.via_sdk.hearing import heard, kind, take
from tests.waiting import eventually

S = "BTCUSDT"


@pytest.mark.parametrize(
    "stream, more, event",
    [
        ("aggregate_trade_streams", {}, "aggTrade"),
        ("mark_price_stream", {"update_speed": "1s"}, "markPriceUpdate"),
        ("individual_symbol_book_ticker_streams", {}, "bookTicker"),
        ("partial_book_depth_streams", {"levels": 10}, "depthUpdate"),
    ],
)
async def test_a_market_stream(streams, stream, more, event):
    """The event reaches the handler of its subscription, parsed by the SDK's model."""
    handle = await getattr(streams, stream)(symbol=S.lower(), **more)
    assert (await take(heard(handle))).e == event
    await handle.unsubscribe()


async def test_a_local_book_stays_in_step(streams, rest):
    """Snapshot and differences fit together by the rules of protocol notes F.3."""
    book = LocalBook()
    handle = await streams.diff_book_depth_streams(symbol=S.lower(), update_speed="100ms")
    queue = heard(handle)
    book.diff((await take(queue)).to_dict())
    snapshot = rest.order_book(symbol=S, limit=1000).data()
    book.snapshot({"lastUpdateId": snapshot.last_update_id, "bids": snapshot.bids, "asks": snapshot.asks})
    while book.applied < 5:
        book.diff((await take(queue)).to_dict())
    await handle.unsubscribe()


@pytest.fixture
async def events(streams, rest):
    """What the account is told: SUBSCRIBE of its listenKey on the private route, once the venue has answered it."""
    queue = heard(await streams.user_data(rest.start_user_data_stream().data().listen_key))
    open_requests = [connection.pending_request for connection in streams.connections]
    await eventually(lambda: not any(open_requests), within_s=40, what="the answer to SUBSCRIBE")
    return queue


async def test_fills_arrive(events, rest):
    """An order's life and the position it made."""
    order = rest.new_order(symbol=S, side="BUY", type="MARKET", quantity=0.01).data()
    fill = await take(events, lambda event: kind(event) == "OrderTradeUpdate" and event.o.X == "FILLED")
    assert fill.o.i == order.order_id


async def test_account_update_arrives(events, rest):
    """Balance and position after a fill."""
    rest.new_order(symbol=S, side="BUY", type="MARKET", quantity=0.01)

    def bought(event) -> bool:
        return kind(event) == "AccountUpdate" and [float(row.pa) for row in event.a.P] == [0.01]

    assert await take(events, bought)


async def test_algo_updates_arrive(events, rest, price):
    """A conditional order tells its state under its id."""
    order = {"algo_type": "CONDITIONAL", "symbol": S, "side": "SELL", "type": "STOP_MARKET", "quantity": 0.01}
    algo = rest.new_algo_order(**order, trigger_price=round(price * 0.97, 1)).data()
    seen = await take(events, lambda event: kind(event) == "AlgoUpdate")
    assert (seen.o.aid, seen.o.X) == (algo.algo_id, "NEW")


async def test_the_listen_key_expires(events, paper):
    """An event on the stream, not a close."""
    paper.control(do="fault", verb="lk.expire")
    assert await take(events, lambda event: kind(event) == "ListenKeyExpired")
