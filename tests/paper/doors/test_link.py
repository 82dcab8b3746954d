"""One WebSocket of the served exchange: framing, slow readers, pings."""

import asyncio
import base64
import hashlib
from typing import Any

import aiohttp
import aiohttp.web
import pytest

from holdfast.paper.doors import link
from holdfast.paper.doors.link import Link, text_frame
from tests.paper_server import message_of


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
async def test_frames_of_every_length_class_are_understood(size: int) -> None:
    """Our own framing, read by somebody else's parser."""
    ended = asyncio.Event()
    payload, close_frame = b"x" * size, b"\x88\x02\x03\xe8"

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        key = request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
        accept = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest()
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        accepted = b"Sec-WebSocket-Accept: " + base64.b64encode(accept) + b"\r\n\r\n"
        writer.write(head + accepted + text_frame(payload) + close_frame)
        await writer.drain()
        writer.close()
        ended.set()

    listener = await asyncio.start_server(send, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with aiohttp.ClientSession() as http, http.ws_connect(f"ws://127.0.0.1:{port}/") as sock:
        assert (await message_of(sock)).data == payload.decode()
    await ended.wait()
    listener.close()


class FullTransport:
    """A connection whose reader has stopped reading: the kernel's buffers are beyond a test's reach."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        self.written = b""
        self.aborted = False

    def is_closing(self) -> bool:
        """Open until dropped."""
        return self.aborted

    def get_write_buffer_size(self) -> int:
        """What waits to be sent."""
        return self.waiting

    def get_extra_info(self, _name: str) -> None:
        """No socket."""

    def write(self, data: bytes) -> None:
        """Take bytes."""
        self.written += data

    def abort(self) -> None:
        """Drop it."""
        self.aborted = True


@pytest.mark.parametrize(("waiting", "dropped"), [(0, False), (link._SLOW_READER_BYTES + 1, True)])
async def test_reader_that_lets_megabytes_pile_up_is_cut_off(waiting: int, dropped: bool) -> None:
    """Memory is bounded."""
    transport: Any = FullTransport(waiting)
    Link(aiohttp.web.WebSocketResponse(), transport, 0).write([b"a", b"b"])
    assert transport.aborted is dropped
    assert transport.written == (b"" if dropped else b"\x81\x01a\x81\x01b")


def test_a_pong_counts_when_it_echoes_a_ping_that_is_still_open() -> None:
    """Also one that is late: it answers its ping and all before it (protocol notes F.5)."""
    transport: Any = FullTransport(0)
    one = Link(aiohttp.web.WebSocketResponse(), transport, 0)
    for at_us in (1_000, 2_000, 3_000):
        one.ping(at_us)
    assert transport.written == b"\x89\x011\x89\x012\x89\x013"
    one.hear(b"2", 3_500)
    assert one.silent_us(4_000) == 500
    for payload in (b"1", b"2", b"4", b""):
        one.hear(payload, 4_000)
    assert one.silent_us(4_000) == 500
    one.hear(b"3", 4_000)
    assert one.silent_us(4_000) == 0
