"""ccxt pro: `create_order_ws` on USDⓈ-M futures, signed with HMAC, without its own rate limiter."""

from __future__ import annotations

import ccxt.pro

from benchmarks.clients import order, worker

EXTRA = ("newOrderRespType", "positionSide", "recvWindow", "selfTradePreventionMode", "timeInForce")
"""Parameters that have no place in the unified signature."""


async def _connect(url: str) -> worker.Contestant:
    exchange = ccxt.pro.binanceusdm({"apiKey": order.API_KEY, "secret": order.API_SECRET, "enableRateLimit": False})
    exchange.urls["api"]["ws"]["ws-api"]["linear"] = url + order.PATH
    exchange.set_markets([exchange.parse_market(order.SYMBOL_ROW)])
    extra = {name: order.FIXED[name] for name in EXTRA}

    async def place(n: int) -> None:
        reply = await exchange.create_order_ws(
            "BTC/USDT:USDT", "limit", "buy", 0.01, 65_000, {**extra, "newClientOrderId": order.client_id(n)}
        )
        order.check(n, reply["clientOrderId"], reply["status"])

    return worker.Contestant(place)


if __name__ == "__main__":
    worker.main(_connect)
