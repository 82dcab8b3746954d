"""ccxt pro: watched market data, the watched account, and orders over the WebSocket API."""

import ccxt
import pytest

from tests.compat.via_ccxt.watching import after, watched
from tests.waiting import within

S = "BTC/USDT:USDT"


async def test_order_book_stays_in_step(exchange):
    """ccxt checks every difference itself and raises on a gap."""
    stamps = set()
    async with within(40, "the eighth change"):
        while len(stamps) < 8:
            book = await exchange.watch_order_book(S)
            stamps.add(book["nonce"])
            assert book["bids"][0][0] < book["asks"][0][0]


async def test_trades(exchange):
    """Public trades as they happen."""
    assert (await watched(lambda: exchange.watch_trades(S), bool))[-1]["price"] > 0


@pytest.mark.parametrize("call", ["watch_bids_asks", "watch_mark_prices"])
async def test_other_tickers(exchange, call):
    """Best prices and mark prices."""
    assert S in await watched(lambda: getattr(exchange, call)([S]), bool)


async def test_orders(exchange):
    """A market order is seen as filled."""

    async def buy():
        await exchange.create_order(S, "market", "buy", 0.01)

    def filled(orders):
        return (orders[-1]["side"], orders[-1]["status"]) == ("buy", "closed")

    seen = await after(exchange, lambda: exchange.watch_orders(S), buy, filled)
    assert seen[-1]["filled"] == 0.01


async def test_own_trades(exchange):
    """The fill itself."""

    async def buy():
        await exchange.create_order(S, "market", "buy", 0.01)

    def bought(trades):
        return trades[-1]["side"] == "buy"

    seen = await after(exchange, lambda: exchange.watch_my_trades(S), buy, bought)
    assert seen[-1]["amount"] == 0.01


async def test_positions(exchange):
    """The position after a fill."""

    async def buy():
        await exchange.create_order(S, "market", "buy", 0.01)

    def long(rows):
        return any(row["symbol"] == S and row["contracts"] == 0.01 for row in rows)

    assert await after(exchange, exchange.watch_positions, buy, long)


async def test_balance(exchange):
    """The wallet after a fee."""
    before = (await exchange.fetch_balance())["USDT"]["total"]

    async def buy():
        await exchange.create_order(S, "market", "buy", 0.01)

    def less(balance):
        return balance["USDT"]["total"] < before

    assert await after(exchange, exchange.watch_balance, buy, less)


async def test_algo_updates(exchange, price):
    """A conditional order is seen among the watched orders."""

    async def place():
        stop = exchange.price_to_precision(S, price * 0.97)
        await exchange.create_order(S, "market", "sell", 0.01, None, {"stopLossPrice": stop})

    def waiting(rows):
        return rows[-1]["triggerPrice"] is not None and rows[-1]["status"] == "open"

    assert await after(exchange, lambda: exchange.watch_orders(S), place, waiting)


async def test_ws_order_lives(exchange, price):
    """Placed, amended, queried and cancelled over the WebSocket API."""
    order = await exchange.create_order_ws(S, "limit", "buy", 0.01, price * 0.97)
    assert order["status"] == "open"
    changed = await exchange.edit_order_ws(order["id"], S, "limit", "buy", 0.02, price * 0.96)
    assert changed["amount"] == 0.02
    assert (await exchange.fetch_order_ws(order["id"], S))["status"] == "open"
    assert (await exchange.cancel_order_ws(order["id"], S))["status"] == "canceled"


async def test_ws_account_reads(exchange):
    """Balance and positions over the WebSocket API."""
    await exchange.create_order(S, "market", "buy", 0.01)
    assert (await exchange.fetch_balance_ws())["USDT"]["total"] > 9_000
    assert [row["contracts"] for row in await exchange.fetch_positions_ws([S])] == [0.01]


async def test_ws_refusal(exchange):
    """An error reply becomes ccxt's own exception."""
    with pytest.raises(ccxt.OrderNotFound):
        await exchange.fetch_order_ws("1", S)
