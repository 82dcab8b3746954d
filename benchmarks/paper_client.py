"""The client of the paper exchange's benchmark: signs ahead, then sends over four connections and counts.

As little as possible happens while the clock runs: requests are bytes already, and replies and events are only
counted. One line of JSON in (`door`, `orders`), one line out (`seconds`, `events`, `refused`).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import aiohttp
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from benchmarks.paper_orders import EVENTS, frame, query

CONNECTIONS = 4
UNDER_WAY = 8
"""WS API requests under way on each connection; over HTTP it is one, as with the usual clients."""


class Tally:
    """What came back, and when it was all."""

    def __init__(self, orders: int) -> None:
        self.left = orders
        self.refused = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def count(self, *, good: bool) -> None:
        """One reply."""
        self.left -= 1
        self.refused += not good
        if not self.left and not self.done.done():
            self.done.set_result(None)


class HttpLine(asyncio.Protocol):
    """One keep-alive connection: the next order leaves when the reply to the last is whole."""

    def __init__(self, requests: Iterator[bytes], tally: Tally) -> None:
        self._requests, self._tally, self._buffer = requests, tally, b""
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.partition(b"Content-Length: ")[2].split(b"\r\n", 1)[0]):
            return
        self._buffer = b""
        self._tally.count(good=head.startswith(b"HTTP/1.1 200"))
        self.send()

    def send(self) -> None:
        """The next order, if there is one."""
        request = next(self._requests, None)
        if request is not None:
            self.transport.write(request)

    def leave(self) -> None:
        """End the connection."""
        self.transport.close()


class SocketLine(WSListener):
    """One WebSocket: of the WS API, or a user stream whose frames are counted."""

    def __init__(self, requests: Iterator[bytes] | None, tally: Tally | None) -> None:
        self._requests, self._tally = requests, tally
        self.events = 0
        self.transport: Any = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if self._tally is None:
            self.events += 1
            return
        self._tally.count(good=b'"status":200' in frame.get_payload_as_bytes()[:60])
        self.send()

    def send(self) -> None:
        """The next order, if there is one."""
        request = next(self._requests, None) if self._requests is not None else None
        if request is not None:
            self.transport.send(WSMsgType.TEXT, request)

    def leave(self) -> None:
        """End the connection."""
        self.transport.disconnect()


Line = HttpLine | SocketLine


async def timed(lines: Sequence[Line], tally: Tally, *, under_way: int) -> dict[str, float]:
    """Send so many at once on each connection and go on until every reply is there; then let the connections go."""
    began = time.perf_counter()
    for _ in range(under_way):
        for line in lines:
            line.send()
    await tally.done
    seconds = time.perf_counter() - began
    for line in lines:
        line.leave()
    return {"seconds": seconds, "refused": tally.refused}


async def http(where: dict[str, str], first: int, orders: int) -> dict[str, float]:
    """So many orders over HTTP."""
    now_ms = time.time_ns() // 1_000_000
    host, _, port = where["rest"].removeprefix("http://").partition(":")
    head = f" HTTP/1.1\r\nHost: {host}\r\nX-MBX-APIKEY: paper-key\r\nAccept: */*\r\n\r\n"
    requests = iter([f"POST /fapi/v1/order?{query(first + n, now_ms)}{head}".encode() for n in range(orders)])
    tally, loop = Tally(orders), asyncio.get_running_loop()
    lines = [
        (await loop.create_connection(lambda: HttpLine(requests, tally), host, int(port)))[1]
        for _ in range(CONNECTIONS)
    ]
    return await timed(lines, tally, under_way=1)


async def ws_api(where: dict[str, str], first: int, orders: int) -> dict[str, float]:
    """So many orders over the WS API."""
    now_ms = time.time_ns() // 1_000_000
    requests = iter([frame(first + n, now_ms) for n in range(orders)])
    tally = Tally(orders)
    lines: list[SocketLine] = []
    for _ in range(CONNECTIONS):
        _, line = await ws_connect(lambda: SocketLine(requests, tally), where["ws_api"])
        assert isinstance(line, SocketLine)
        lines.append(line)
    return await timed(lines, tally, under_way=UNDER_WAY)


async def main() -> None:
    """Listen to the account's events and obey standard input."""
    where = json.loads(sys.argv[1])
    session = aiohttp.ClientSession(headers={"X-MBX-APIKEY": "paper-key"})
    async with session, session.post(where["rest"] + "/fapi/v1/listenKey") as reply:
        listen_key = (await reply.json())["listenKey"]
    url = f"{where['streams']}/private/ws?listenKey={listen_key}&events={EVENTS}"
    _, stream = await ws_connect(lambda: SocketLine(None, None), url)
    assert isinstance(stream, SocketLine)
    print(json.dumps({"ready": True}), flush=True)
    first = 0
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        before = stream.events
        answer = await {"http": http, "ws_api": ws_api}[order["door"]](where, first, order["orders"])
        first += order["orders"]
        await asyncio.sleep(0.1)
        print(json.dumps({**answer, "events": stream.events - before}), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
