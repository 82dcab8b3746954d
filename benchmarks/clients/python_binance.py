"""python-binance: WebSocket API, signed with HMAC."""

from __future__ import annotations

from binance import AsyncClient

from benchmarks.clients import order, worker


async def _connect(url: str) -> worker.Contestant:
    # The address of the futures WebSocket API is a class attribute; there is no parameter for it.
    AsyncClient.WS_FUTURES_URL = url + order.PATH
    client = AsyncClient(order.API_KEY, order.API_SECRET)

    async def place(n: int) -> None:
        reply = await client.ws_futures_create_order(**order.FIXED, newClientOrderId=order.client_id(n))
        order.check(n, reply["clientOrderId"], reply["status"])

    return worker.Contestant(place)


if __name__ == "__main__":
    worker.main(_connect)
