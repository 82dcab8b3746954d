"""The floor: what a WebSocket order costs in Python when nothing but the order is done.

Parameters as text, HMAC with a prepared key, one frame, one future, one typed decode. No table of rate limits, no
clock, no outcome classes, no time-outs.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from benchmarks.clients import order, worker
from benchmarks.clients.reply import Reply, decode


class _Client(WSListener):
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._key = hmac.new(order.API_SECRET.encode(), digestmod=hashlib.sha256)
        fixed = sorted({**order.FIXED, "apiKey": order.API_KEY, "newClientOrderId": "", "timestamp": ""})
        # The parameters that never change are written once; two places are left open.
        values = {**order.FIXED, "apiKey": order.API_KEY, "newClientOrderId": "%s", "timestamp": "%d"}
        self._text = "&".join(f"{name}={values[name]}" for name in fixed)
        numbers = ("recvWindow", "timestamp")
        pairs = [f'"{name}":{values[name]}' if name in numbers else f'"{name}":"{values[name]}"' for name in fixed]
        self._json = '{"id":%d,"method":"order.place","params":{' + ",".join(pairs) + ',"signature":"%s"}}'
        self._transport: WSTransport | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        reply = decode(frame.get_payload_as_memoryview())
        self._waiting.pop(reply.id).set_result(reply)

    async def place(self, n: int) -> None:
        client_id = order.client_id(n)
        now_ms = time.time_ns() // 1_000_000
        keyed = self._key.copy()
        keyed.update((self._text % (client_id, now_ms)).encode())
        future: asyncio.Future[Reply] = self._loop.create_future()
        self._waiting[n] = future
        assert self._transport is not None
        message = self._json % (n, client_id, now_ms, keyed.hexdigest())
        self._transport.send(WSMsgType.TEXT, message.encode())
        reply = await future
        order.check(n, reply.result.clientOrderId, reply.result.status)


async def _connect(url: str) -> worker.Contestant:
    _, listener = await ws_connect(_Client, url + order.PATH)
    assert isinstance(listener, _Client)
    return worker.Contestant(listener.place)


if __name__ == "__main__":
    worker.main(_connect)
