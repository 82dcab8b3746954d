"""Plain orders, settings and reports through ccxt's REST calls."""

import ccxt
import pytest

S = "BTC/USDT:USDT"


async def rest(exchange, price, factor=0.97, **params):
    """A limit order that waits in the book."""
    return await exchange.create_order(S, "limit", "buy", 0.01, price * factor, params)


async def test_market_order_fills(exchange):
    """The position is there."""
    order = await exchange.create_order(S, "market", "buy", 0.01)
    assert (order["status"], order["filled"]) == ("closed", 0.01)
    [position] = await exchange.fetch_positions([S])
    assert (position["side"], position["contracts"]) == ("long", 0.01)


async def test_limit_order_rests_and_is_cancelled(exchange, price):
    """From the book into the history."""
    order = await rest(exchange, price)
    assert [row["id"] for row in await exchange.fetch_open_orders(S)] == [order["id"]]
    assert (await exchange.cancel_order(order["id"], S))["status"] == "canceled"
    assert (await exchange.fetch_order(order["id"], S))["status"] == "canceled"
    assert order["id"] in [row["id"] for row in await exchange.fetch_orders(S)]


async def test_client_id_with_colon_and_slash(exchange, price):
    """ccxt signs such an id after it encodes it (protocol notes A.4)."""
    order = await rest(exchange, price, clientOrderId="bot:1/x")
    assert order["clientOrderId"] == "bot:1/x"
    assert (await exchange.cancel_order("", S, {"clientOrderId": "bot:1/x"}))["status"] == "canceled"


async def test_amend(exchange, price):
    """The same order at another price."""
    order = await rest(exchange, price)
    changed = await exchange.edit_order(order["id"], S, "limit", "buy", 0.02, price * 0.96)
    assert (changed["id"], changed["amount"]) == (order["id"], 0.02)


async def test_cancel_all(exchange, price):
    """One call empties the book of a symbol."""
    await rest(exchange, price)
    await exchange.cancel_all_orders(S)
    assert await exchange.fetch_open_orders(S) == []


async def test_batch_and_batch_cancel(exchange, price):
    """Two orders in one call, cancelled in one call."""
    two = [
        {"symbol": S, "type": "limit", "side": "buy", "amount": 0.01, "price": price * factor}
        for factor in (0.97, 0.96)
    ]
    placed = await exchange.create_orders(two)
    assert [row["status"] for row in placed] == ["open", "open"]
    cancelled = await exchange.cancel_orders([row["id"] for row in placed], S)
    assert [row["status"] for row in cancelled] == ["canceled", "canceled"]


async def test_post_only(exchange, price):
    """An order that would take is refused, because it asked to make."""
    with pytest.raises(ccxt.ExchangeError) as refused:
        await exchange.create_order(S, "limit", "buy", 0.01, price * 1.01, {"postOnly": True})
    assert "-5022" in str(refused.value)


async def test_reduce_only(exchange):
    """It closes and cannot open."""
    await exchange.create_order(S, "market", "buy", 0.01)
    await exchange.create_order(S, "market", "sell", 0.01, None, {"reduceOnly": True})
    assert [row["contracts"] for row in await exchange.fetch_positions([S]) if row["contracts"]] == []


async def test_own_trades(exchange):
    """The fill of an order with its fee."""
    order = await exchange.create_order(S, "market", "buy", 0.01)
    [trade] = [row for row in await exchange.fetch_my_trades(S) if row["order"] == order["id"]]
    assert trade["fee"]["cost"] > 0


async def test_leverage(exchange):
    """The reply repeats what was set."""
    assert (await exchange.set_leverage(8, S))["leverage"] == 8
    assert (await exchange.fetch_leverage(S))["longLeverage"] == 8


async def test_margin_type(exchange):
    """There and back."""
    await exchange.set_margin_mode("isolated", S)
    assert (await exchange.fetch_margin_mode(S))["marginMode"] == "isolated"
    await exchange.set_margin_mode("cross", S)


async def test_hedge_mode(exchange):
    """Two sides of one symbol at once."""
    await exchange.set_position_mode(True)
    assert (await exchange.fetch_position_mode())["hedged"] is True
    for side, position in (("buy", "LONG"), ("sell", "SHORT")):
        await exchange.create_order(S, "market", side, 0.01, None, {"positionSide": position})
    assert sorted(row["side"] for row in await exchange.fetch_positions([S])) == ["long", "short"]


async def test_income(exchange):
    """The history of payments."""
    await exchange.create_order(S, "market", "buy", 0.01)
    assert [row for row in await exchange.fetch_ledger("USDT") if row["type"] == "commission"]


@pytest.mark.parametrize(
    "error, code, order",
    [
        (ccxt.OrderNotFound, "-2013", None),
        (ccxt.ExchangeError, "-2019", ("market", "buy", 100)),
    ],
)
async def test_refusals(exchange, error, code, order):
    """The exception carries the venue's code. Away from fapi.*, ccxt knows fewer classes (protocol notes K.2)."""
    with pytest.raises(error) as refused:
        await (exchange.create_order(S, *order) if order else exchange.fetch_order("1", S))
    assert code in str(refused.value)


async def test_isolated_margin_is_added(exchange):
    """Margin of an isolated position."""
    symbol = "ETH/USDT:USDT"
    await exchange.set_margin_mode("isolated", symbol)
    await exchange.create_order(symbol, "market", "buy", 0.1)
    assert (await exchange.add_margin(symbol, 5))["amount"] == 5
