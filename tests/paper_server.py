"""A paper exchange on free ports for one test, and a small client for it that shares no code with the product."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import aiohttp

from holdfast.paper.doors.server import PaperOptions, serve
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.market import BookTop, Mark, MarketEvent
from holdfast.paper.sources.source import MarketSource
from tests.waiting import within


def quote(time_us: int = 0, price: str = "65000.00", u: int = 1) -> tuple[int, MarketEvent]:
    """A best bid and ask with plenty of both."""
    bid, much = Decimal(price), Decimal(100)
    top = BookTop(symbol="BTCUSDT", bid=bid, bid_qty=much, ask=bid + Decimal("0.10"), ask_qty=much, u=u, T=0, E=0)
    return time_us, top


def mark(time_us: int = 0) -> tuple[int, MarketEvent]:
    """The mark price that orders are checked against."""
    price = Decimal(65000)
    return time_us, Mark(symbol="BTCUSDT", mark=price, index=price, rate=Decimal(0), next_funding_ms=0, E=0)


def options(market: MarketSource | None = None, **more: Any) -> PaperOptions:
    """A server on free ports with a market that stands still, unless another is given."""
    chosen = market if market is not None else iter([quote(), mark()])
    return PaperOptions(exchange_info=default_exchange_info(), market=chosen, **more)


class Client:
    """What a test needs of a running server."""

    def __init__(self, where: dict[str, str], http: aiohttp.ClientSession) -> None:
        self.where = where
        self.http = http

    async def get(self, target: str) -> Any:
        """A public read."""
        async with self.http.get(self.where["rest"] + target) as reply:
            return await reply.json()

    def signed(self, **params: str) -> str:
        """A signed query string."""
        query = urlencode({**params, "timestamp": str(time.time_ns() // 1_000_000)})
        return f"{query}&signature={hmac.digest(b'paper-secret', query.encode(), 'sha256').hex()}"

    async def post(self, path: str, **params: str) -> Any:
        """A signed write, in the body."""
        headers = {"X-MBX-APIKEY": "paper-key", "Content-Type": "application/x-www-form-urlencoded"}
        async with self.http.post(self.where["rest"] + path, data=self.signed(**params), headers=headers) as reply:
            return await reply.json()

    async def control(self, **request: Any) -> Any:
        """The control door."""
        async with self.http.post(self.where["control"] + "/control", json=request) as reply:
            return await reply.json()

    def stream(self, path: str, **more: Any) -> Any:
        """A WebSocket, to be used with `async with`."""
        return self.http.ws_connect(self.where["streams"] + path, **more)

    async def private_stream(self) -> Any:
        """A WebSocket with the account's user events."""
        key = (await self.post("/fapi/v1/listenKey"))["listenKey"]
        return self.stream(f"/private/ws/{key}")


@contextlib.asynccontextmanager
async def running(chosen: PaperOptions) -> AsyncIterator[Client]:
    """A server for the time of a test. Its own error, if it ends with one, is the test's."""
    ready: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(chosen, ready.set_result), name="server")
    async with within(10, "the start of the exchange"):
        where = await ready
    async with aiohttp.ClientSession() as http:
        try:
            yield Client(where, http)
        finally:
            if not serving.done():
                serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving


def market_order(client_id: str = "one") -> dict[str, str]:
    """An order that fills at once."""
    return {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "MARKET",
        "quantity": "0.010",
        "newClientOrderId": client_id,
        "newOrderRespType": "RESULT",
    }


async def message_of(sock: Any) -> Any:
    """The next message of a connection, a close included."""
    async with within(10, "the next message"):
        return await sock.receive()


async def receive(sock: Any) -> Any:
    """The next JSON frame."""
    async with within(10, "the next frame"):
        return json.loads(await sock.receive_str())
