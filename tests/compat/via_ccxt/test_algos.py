"""Conditional orders through ccxt: a trigger among the parameters leads an order to the algo service."""

import pytest

S = "BTC/USDT:USDT"
ALGO = {"trigger": True}


async def stop(exchange, price, factor=0.97, **params):
    """A stop below the market."""
    return await exchange.create_order(
        S, "market", "sell", 0.01, None, {"stopLossPrice": exchange.price_to_precision(S, price * factor), **params}
    )


async def test_stop_waits(exchange, price):
    """It is listed among the triggers and not among the orders."""
    order = await stop(exchange, price)
    assert [row["id"] for row in await exchange.fetch_open_orders(S, params=ALGO)] == [order["id"]]
    assert await exchange.fetch_open_orders(S) == []


@pytest.mark.parametrize(
    "kind, limit, params",
    [
        ("market", None, {"takeProfitPrice": 1.03}),
        ("limit", 0.969, {"stopLossPrice": 0.97}),
        ("limit", 1.029, {"takeProfitPrice": 1.03}),
    ],
)
async def test_other_triggers(exchange, price, kind, limit, params):
    """Targets, and triggers of limit orders."""
    exact = {name: exchange.price_to_precision(S, price * factor) for name, factor in params.items()}
    order = await exchange.create_order(S, kind, "sell", 0.01, limit and price * limit, exact)
    found = await exchange.fetch_order(order["id"], S, ALGO)
    assert (found["id"], found["status"]) == (order["id"], "open")


async def test_trailing(exchange, price):
    """A trailing stop with its rate."""
    order = await exchange.create_order(
        S, "market", "sell", 0.01, None, {"trailingPercent": 1, "trailingTriggerPrice": round(price * 1.02, 1)}
    )
    assert (await exchange.fetch_order(order["id"], S, ALGO))["info"]["orderType"] == "TRAILING_STOP_MARKET"


async def test_cancel(exchange, price):
    """By id."""
    order = await stop(exchange, price)
    await exchange.cancel_order(order["id"], S, ALGO)
    assert await exchange.fetch_open_orders(S, params=ALGO) == []


async def test_cancel_all(exchange, price):
    """Triggers have a call of their own."""
    await stop(exchange, price)
    await exchange.cancel_all_orders(S)
    assert len(await exchange.fetch_open_orders(S, params=ALGO)) == 1
    await exchange.cancel_all_orders(S, ALGO)
    assert await exchange.fetch_open_orders(S, params=ALGO) == []


async def test_history(exchange, price):
    """Closed triggers are found by symbol."""
    order = await stop(exchange, price)
    await exchange.cancel_order(order["id"], S, ALGO)
    assert order["id"] in [row["id"] for row in await exchange.fetch_orders(S, params=ALGO)]
