"""WebSocket over real sockets: frames both ways, one close reason, and no send into the void."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp.test_utils import TestServer

from holdfast.adapters import ws_picows
from holdfast.adapters.ws_picows import PicowsConnector, PicowsLink
from holdfast.ports import WsClosed
from tests import waiting
from tests.adapters.servers import CuttingServer, DeafServer, closed_port, self_signed

Session = Callable[[web.WebSocketResponse], Awaitable[None]]


class Ends:
    """Both callbacks of a link, and what they were told."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[bytes] = asyncio.Queue()
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def on_message(self, message: bytes) -> None:
        """Keep it."""
        self.messages.put_nowait(message)

    def on_close(self, reason: str) -> None:
        """Exactly once: a second call would raise."""
        self.closed.set_result(reason)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[tuple[PicowsLink, Ends]]]]:
    """Start a server whose connections run `session`, and open a link to it."""
    servers: list[TestServer] = []
    links: list[PicowsLink] = []

    async def start(session: Session, **options: Any) -> tuple[PicowsLink, Ends]:
        async def handler(request: web.Request) -> web.WebSocketResponse:
            response = web.WebSocketResponse(autoping=False)
            await response.prepare(request)
            await session(response)
            return response

        app = web.Application()
        app.router.add_get("/{path:.*}", handler)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        ends = Ends()
        connector = PicowsConnector(f"ws://127.0.0.1:{server.port}", **options)
        link = await connector.connect("/ws/x?y=1", ends.on_message, ends.on_close, 5_000)
        links.append(link)
        return link, ends

    yield start
    for link in links:
        link.close()
    for server in servers:
        await server.close()


Serve = Callable[..., Awaitable[tuple[PicowsLink, Ends]]]


async def within(awaitable: Awaitable[Any]) -> Any:
    """Wait at most five seconds."""
    async with waiting.within(5, "what the connection should do"):
        return await awaitable


async def echo(socket: web.WebSocketResponse) -> None:
    """Send back every text."""
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)


async def test_a_message_goes_out_and_comes_back(serve: Serve) -> None:
    """One text frame each way."""
    link, ends = await serve(echo)
    link.send(b'{"id":"1"}')
    assert await within(ends.messages.get()) == b'{"id":"1"}'


async def test_messages_keep_their_order(serve: Serve) -> None:
    """A thousand of them."""
    link, ends = await serve(echo)
    for n in range(1_000):
        link.send(str(n).encode())
    assert [int(await within(ends.messages.get())) for _ in range(1_000)] == list(range(1_000))


@pytest.mark.skipif(ws_picows.CORK is None, reason="this system cannot hold packets back: frames leave one by one")
async def test_held_frames_leave_as_one_packet() -> None:
    """The venue reads both at once; what comes after the release leaves by itself."""
    arrivals: asyncio.Queue[bytes] = asyncio.Queue()

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        key = request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
        accept = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest()
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        writer.write(head + b"Sec-WebSocket-Accept: " + base64.b64encode(accept) + b"\r\n\r\n")
        while data := await reader.read(65_536):
            arrivals.put_nowait(data)
        writer.close()

    listener = await asyncio.start_server(note, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    ends = Ends()
    link = await PicowsConnector(f"ws://127.0.0.1:{port}").connect("/", ends.on_message, ends.on_close, 5_000)
    link.hold()
    link.send(b"stop")
    link.send(b"entry")
    link.release()
    frame_bytes = 2 + 4  # Header and mask of a short frame.
    assert len(await within(arrivals.get())) == 2 * frame_bytes + len(b"stopentry")
    link.send(b"later")
    assert len(await within(arrivals.get())) == frame_bytes + len(b"later")
    link.close()
    await within(ends.closed)
    listener.close()


async def test_holding_a_closed_link_does_nothing(serve: Serve) -> None:
    """The connection may end between the two calls."""
    link, ends = await serve(echo)
    link.hold()
    link.close()
    await within(ends.closed)
    link.release()
    link.hold()


async def test_a_fragmented_message_is_put_together(serve: Serve) -> None:
    """Three frames, one message; the next one is whole again."""

    async def fragments(socket: web.WebSocketResponse) -> None:
        writer = socket._writer
        assert writer is not None
        for byte, payload in ((0x01, b"a"), (0x00, b"b"), (0x80, b"c"), (0x81, b"next")):
            writer.transport.write(bytes([byte, len(payload)]) + payload)
        await socket.receive()

    _, ends = await serve(fragments)
    assert await within(ends.messages.get()) == b"abc"
    assert await within(ends.messages.get()) == b"next"


async def test_pings_are_answered_with_their_payload(serve: Serve) -> None:
    """The venue ends connections that do not answer."""
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def pings(socket: web.WebSocketResponse) -> None:
        await socket.ping(b"1700000000000")
        message = await socket.receive()
        answered.set_result(message.data if message.type is WSMsgType.PONG else b"")

    await serve(pings)
    assert await within(answered) == b"1700000000000"


async def test_the_venues_close_is_told_with_its_reason(serve: Serve) -> None:
    """Code and text."""

    async def closes(socket: web.WebSocketResponse) -> None:
        await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too many requests")

    link, ends = await serve(closes)
    assert await within(ends.closed) == "the venue closed it: 1008 too many requests"
    assert not link.is_open


async def test_a_lost_connection_is_told(serve: Serve) -> None:
    """Without a close frame."""

    async def vanishes(socket: web.WebSocketResponse) -> None:
        assert socket._writer is not None
        socket._writer.transport.abort()

    _, ends = await serve(vanishes)
    assert await within(ends.closed) == "the connection was lost"


async def test_our_close_is_told_once(serve: Serve) -> None:
    """However often it is called."""
    link, ends = await serve(echo)
    link.close()
    link.close()
    assert await within(ends.closed) == "closed by us"


async def test_nothing_is_sent_on_a_closed_link(serve: Serve) -> None:
    """WsClosed means: no byte of this message left."""
    link, ends = await serve(echo)
    link.close()
    with pytest.raises(WsClosed, match="closed by us"):
        link.send(b"x")
    await within(ends.closed)
    with pytest.raises(WsClosed):
        link.send(b"x")


async def test_a_venue_that_does_not_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The buffer is bounded; the message that found it full did not leave."""
    monkeypatch.setattr(ws_picows, "MAX_UNSENT_BYTES", 100_000)
    async with DeafServer() as server:
        ends = Ends()
        connector = PicowsConnector(f"ws://127.0.0.1:{server.port}")
        link = await connector.connect("/", ends.on_message, ends.on_close, 5_000)
        with pytest.raises(WsClosed, match="does not read"):
            for _ in range(1_000):
                link.send(bytes(100_000))
        assert await within(ends.closed) == "the venue does not read what we send"


async def test_a_huge_message_ends_the_connection(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """In fragments too: memory is bounded."""
    monkeypatch.setattr(ws_picows, "MAX_MESSAGE_BYTES", 1_000)

    async def floods(socket: web.WebSocketResponse) -> None:
        writer = socket._writer
        assert writer is not None
        writer.transport.write(b"\x01\x64" + bytes(100))
        for _ in range(20):
            writer.transport.write(b"\x00\x64" + bytes(100))
        await socket.receive()

    _, ends = await serve(floods)
    assert await within(ends.closed) == "a message of more than 1000 bytes"


async def test_a_handler_that_raises_ends_the_connection_by_name(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that we could not take must not be lost in silence."""

    async def one(socket: web.WebSocketResponse) -> None:
        await socket.send_str("x")
        await socket.receive()

    monkeypatch.setattr(Ends, "on_message", lambda self, message: 1 // 0)
    _, ends = await serve(one)
    assert "ZeroDivisionError" in await within(ends.closed)


async def test_silence_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-open connection does not answer our ping and is given up."""
    monkeypatch.setattr(ws_picows, "PING_REPLY_S", 0.05)
    async with DeafServer() as server:
        ends = Ends()
        connector = PicowsConnector(f"ws://127.0.0.1:{server.port}", ping_idle_s=0.05)
        await connector.connect("/", ends.on_message, ends.on_close, 5_000)
        assert await within(ends.closed) == "the connection was lost"


async def test_a_refused_upgrade_names_the_status() -> None:
    """An HTTP answer instead of a WebSocket."""

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=403)

    app = web.Application()
    app.router.add_get("/{path:.*}", refuse)
    server = TestServer(app)
    await server.start_server()
    connector = PicowsConnector(f"ws://127.0.0.1:{server.port}")
    with pytest.raises(ConnectionError, match="403"):
        await connector.connect("/", lambda _: None, lambda _: None, 5_000)
    await server.close()


async def test_nobody_listening_is_an_os_error() -> None:
    """As the port says."""
    connector = PicowsConnector(f"ws://127.0.0.1:{closed_port()}")
    with pytest.raises(OSError, match="Connection refused"):
        await connector.connect("/", lambda _: None, lambda _: None, 5_000)


async def test_a_handshake_without_an_answer_times_out() -> None:
    """And reports nothing to the callbacks."""
    told: list[str] = []
    async with CuttingServer(100_000) as server:
        connector = PicowsConnector(f"ws://127.0.0.1:{server.port}")
        with pytest.raises(TimeoutError, match="no answer within 50 ms"):
            await connector.connect("/", lambda _: None, told.append, 50)
    assert told == []


async def test_a_handshake_that_is_cut_is_an_os_error() -> None:
    """After some bytes."""
    async with CuttingServer(20) as server:
        connector = PicowsConnector(f"ws://127.0.0.1:{server.port}")
        with pytest.raises(OSError, match="during the handshake"):
            await connector.connect("/", lambda _: None, lambda _: None, 5_000)


async def test_tls_is_verified(tmp_path: Path) -> None:
    """An unknown certificate is refused, a trusted one works."""
    server_tls, trusting = self_signed(tmp_path)

    async def handler(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse()
        await response.prepare(request)
        await echo(response)
        return response

    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=server_tls)
    address = f"wss://127.0.0.1:{server.port}"
    ends = Ends()
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        await PicowsConnector(address).connect("/", ends.on_message, ends.on_close, 5_000)
    link = await PicowsConnector(address, tls=trusting).connect("/", ends.on_message, ends.on_close, 5_000)
    link.send(b"hello")
    assert await within(ends.messages.get()) == b"hello"
    link.close()
    await within(ends.closed)
    await server.close()
