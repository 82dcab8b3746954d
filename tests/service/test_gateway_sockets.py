"""The gateway on real sockets: the paper exchange as a server, and connections cut after every number of bytes."""

import asyncio
import base64
import hashlib
import socket
import struct
import time
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

import msgspec

from holdfast.adapters.clock_system import SystemClock
from holdfast.adapters.http_aiohttp import AiohttpClient
from holdfast.adapters.ws_picows import PicowsConnector
from holdfast.binance.endpoints import Endpoints, at
from holdfast.binance.signing import HmacSigner
from holdfast.model.effects import Place, Read, ReadKind
from holdfast.model.inputs import AnyInput, LinkChanged, OrderSeen, PlaceAnswered
from holdfast.model.reasons import Outcome
from holdfast.model.settings import EngineSettings, Venue
from holdfast.service.gateway import Gateway
from holdfast.service.user_stream import UserStream
from holdfast.service.venue_clock import VenueClock
from tests.adapters.servers import closed_port
from tests.paper_server import options, running
from tests.service.fakes_venue import FakeVenueTime
from tests.service.gateway_bench import NOW_MS, SIGNER, entry, stop
from tests.waiting import eventually


class CutSocket:
    """A venue whose connections are reset after `reads` bytes: of the request for REST, after the handshake for WS."""

    def __init__(self) -> None:
        self.reads = 0
        self.port = 0
        self.received: list[int] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "CutSocket":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def length_of(self, order: Awaitable[object]) -> int:
        """How many bytes one whole order has: it is read to its end and left without an answer."""
        self.reads, self.received = 100_000, []
        await order
        await eventually(lambda: self.received)
        return max(self.received)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got = 0
        first = await reader.read(4)
        if first == b"GET ":
            await self._shake_hands(reader, writer)
        else:
            got = min(len(first), self.reads)
        while got < self.reads:
            chunk = await reader.read(self.reads - got)
            if not chunk:
                break
            got += len(chunk)
        self.received.append(got)
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    async def _shake_hands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        key = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
        digest = hashlib.sha1(key.partition(b":")[2].strip() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        writer.write(head + b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n")
        await writer.drain()


async def one_order(rest_port: int, ws_port: int, effect: Place, timeout_ms: int = 250) -> list[PlaceAnswered]:
    """Perform one order through a fresh gateway, and say how it was answered."""
    told: list[AnyInput] = []
    answered = asyncio.Event()

    def deliver(one: AnyInput) -> None:
        told.append(one)
        if isinstance(one, PlaceAnswered):
            answered.set()

    endpoints = at(f"http://127.0.0.1:{rest_port}", f"ws://127.0.0.1:{ws_port}/ws-fapi/v1", "ws://127.0.0.1:1")
    http = AiohttpClient(endpoints.rest.origin)
    gateway = Gateway(
        endpoints=endpoints,
        signer=SIGNER,
        http=http,
        ws_connector=PicowsConnector(endpoints.ws_api.origin),
        clock=FakeVenueTime(NOW_MS),
        deliver=deliver,
        settings=EngineSettings(account="a", venue=Venue.PAPER, request_timeout_ms=timeout_ms),
    )
    await gateway.start()
    gateway.perform(effect)
    await answered.wait()
    await gateway.stop()
    await http.close()
    return [one for one in told if isinstance(one, PlaceAnswered)]


async def test_rules_1_a_connection_cut_after_n_bytes_is_unknown_rest() -> None:
    """For every n of a REST order: unknown, and not a byte is sent a second time."""
    nobody = closed_port()
    async with CutSocket() as venue:
        for reads in range(1, await venue.length_of(one_order(venue.port, nobody, entry(), 100))):
            venue.reads, venue.received = reads, []
            (answer,) = await one_order(venue.port, nobody, entry())
            assert answer.outcome.outcome is Outcome.UNKNOWN
            assert venue.received == [reads]


async def test_rules_1_a_connection_cut_after_n_bytes_is_unknown_ws() -> None:
    """For every n of a WebSocket order: unknown, neither repeated there nor tried over REST."""
    async with CutSocket() as venue, CutSocket() as rest:
        for reads in range(1, await venue.length_of(one_order(rest.port, venue.port, stop(), 100))):
            venue.reads, venue.received = reads, []
            (answer,) = await one_order(rest.port, venue.port, stop())
            assert answer.outcome.outcome is Outcome.UNKNOWN
            assert sum(1 for got in venue.received if got) <= 1
        assert rest.received == []


async def test_rules_1_a_dead_venue_leaves_nothing_sent() -> None:
    """Nobody listens: the entry is refused as unsent, the stop may go again."""
    nobody = closed_port()
    (refused,) = await one_order(nobody, nobody, entry())
    (again,) = await one_order(nobody, nobody, stop())
    assert (refused.outcome.outcome, refused.outcome.local) == (Outcome.REJECTED, "unsent")
    assert (again.outcome.outcome, again.outcome.local) == (Outcome.UNKNOWN, "unsent")


def endpoints_of(where: dict[str, str]) -> Endpoints:
    """The addresses that the server prints."""
    return at(where["rest"], where["ws_api"], where["streams"])


async def test_a_conversation_with_the_server() -> None:
    """Clock, gateway and user stream over real connections: an entry filled, its event, its trade."""
    told: list[AnyInput] = []
    async with running(options()) as client:
        endpoints, http = endpoints_of(client.where), AiohttpClient(client.where["rest"])
        signer = HmacSigner(client.where["api_key"], client.where["api_secret"])
        clock = VenueClock(clock=SystemClock(), http=http, deliver=told.append)
        common: dict[str, Any] = {"endpoints": endpoints, "signer": signer, "http": http, "clock": clock}
        stream = UserStream(**common, ws_connector=PicowsConnector(endpoints.streams.origin), deliver=told.append)
        gateway = Gateway(
            **common,
            ws_connector=PicowsConnector(endpoints.ws_api.origin),
            deliver=told.append,
            settings=EngineSettings(account="main", venue=Venue.PAPER),
            confirmed=stream.owe,
        )
        for part in (clock, gateway, stream):
            await part.start()
        await eventually(lambda: stream.up)
        assert clock.sure
        assert abs(clock.now_ms() - time.time_ns() // 1_000_000) < 1_000
        sent = entry(timestamp_ms=clock.now_ms())
        gateway.perform(_at_the_market(sent))
        await eventually(lambda: [one for one in told if isinstance(one, OrderSeen) and one.fill is not None])
        (answer,) = [one for one in told if isinstance(one, PlaceAnswered)]
        assert answer.outcome.outcome is Outcome.CONFIRMED
        trades = await gateway.read_now(Read(kind=ReadKind.TRADES, purpose="t", symbol="BTCUSDT"))
        assert [str(fill.quantity) for fill in trades.fills] == ["0.010"]
        for part in (stream, gateway, clock):
            await part.stop()
        await http.close()
    assert [one.up for one in told if isinstance(one, LinkChanged) and one.up] == [True, True]


def _at_the_market(effect: Place) -> Place:
    """The same entry at a price that crosses the standing market."""
    spec = msgspec.structs.replace(effect.order.spec, price=Decimal("65010.00"))
    return msgspec.structs.replace(effect, order=msgspec.structs.replace(effect.order, spec=spec))
