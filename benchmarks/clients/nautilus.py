"""NautilusTrader: its raw WebSocket client (Rust) under the same order, signed with its own HMAC function.

It has no WebSocket order entry for Binance, so the message is made as in the floor; what is compared is the transport.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
from nautilus_trader.core.nautilus_pyo3 import WebSocketClient, WebSocketConfig, hmac_signature

from benchmarks.clients import order, worker
from benchmarks.clients.reply import Reply, decode

_encode = msgspec.json.Encoder().encode


async def _connect(url: str) -> worker.Contestant:
    loop = asyncio.get_running_loop()
    waiting: dict[int, asyncio.Future[Reply]] = {}

    def arrived(message: bytes) -> None:
        reply = decode(message)
        waiting.pop(reply.id).set_result(reply)

    def heard(message: bytes) -> None:
        # Called from a thread of the Rust runtime.
        loop.call_soon_threadsafe(arrived, message)

    client: Any = await WebSocketClient.connect(WebSocketConfig(url + order.PATH, heard, []))

    async def place(n: int) -> None:
        params: dict[str, str | int] = {
            **order.FIXED,
            "apiKey": order.API_KEY,
            "newClientOrderId": order.client_id(n),
            "timestamp": time.time_ns() // 1_000_000,
        }
        text = "&".join([f"{name}={params[name]}" for name in sorted(params)])
        params["signature"] = hmac_signature(order.API_SECRET, text)
        future: asyncio.Future[Reply] = loop.create_future()
        waiting[n] = future
        await client.send_text(_encode({"id": n, "method": "order.place", "params": params}))
        reply = await future
        order.check(n, reply.result.clientOrderId, reply.result.status)

    return worker.Contestant(place)


if __name__ == "__main__":
    worker.main(_connect)
