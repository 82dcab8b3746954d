"""Frames as bytes, written by hand: what no WebSocket library would send."""

from __future__ import annotations

import os
import struct

import pytest

from tests.paper.doors.test_http_door import Wire, get, wire
from tests.paper_server import options, running

LIST = b'{"method":"LIST_SUBSCRIPTIONS","id":1}'
ANSWER = b'\x81\x14{"result":[],"id":1}'
UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    f"Sec-WebSocket-Key: {'A' * 22}==",
)


def frame(opcode: int, payload: bytes, *, mask: bool = True, final: bool = True) -> bytes:
    """One frame of a client."""
    size = len(payload)
    masked = 0x80 * mask
    head = bytes((opcode | 0x80 * final, masked | size)) if size < 126 else b""
    head = head or bytes((opcode | 0x80 * final, masked | 127)) + struct.pack(">Q", size)
    key = os.urandom(4) if mask else b""
    return head + key + bytes(byte ^ key[n % 4] for n, byte in enumerate(payload)) if mask else head + payload


async def opened(line: Wire, path: str = "/public/ws") -> bytes:
    """Shake hands; the head of the answer."""
    line.writer.write(get(path, *UPGRADE))
    head: bytes = await line.reader.readuntil(b"\r\n\r\n")
    return head


async def test_a_frame_without_a_mask_ends_the_connection() -> None:
    """A server must not take it (RFC 6455, 5.1): 1002, then the end."""
    async with running(options()) as client, wire(client) as line:
        await opened(line)
        line.writer.write(frame(1, LIST, mask=False))
        assert await line.reader.read() == b"\x88\x02\x03\xea"
        assert (await client.control(do="state"))["connections"] == 0


@pytest.mark.parametrize(
    "sent",
    [
        frame(1, LIST),
        frame(2, LIST),
        frame(1, LIST[:5], final=False) + frame(0, LIST[5:]),
    ],
    ids=["text", "binary", "in two frames"],
)
async def test_a_message_is_taken_in_every_form(sent: bytes) -> None:
    """Byte by byte, too."""
    async with running(options()) as client, wire(client) as line:
        await opened(line)
        for n in range(len(sent)):
            line.writer.write(sent[n : n + 1])
            await line.writer.drain()
        assert await line.reader.readexactly(len(ANSWER)) == ANSWER


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\xff" + struct.pack(">Q", 1 << 40) + b"mask", 1009),
        (b"\xc1\x80mask", 1002),
        (b"\x83\x80mask", 1002),
        (frame(9, b"p" * 126), 1002),
        (frame(0, b"x"), 1002),
        (frame(8, b"x"), 1002),
        (frame(8, struct.pack(">H", 999)), 1002),
        (frame(8, struct.pack(">H", 4001)), 1000),
        (frame(8, b""), 1000),
    ],
    ids=["giant", "reserved bit", "unknown opcode", "long ping", "goes on with nothing", "short", "999", "4001", "bye"],
)
@pytest.mark.parametrize("path", ["/public/ws", "/ws-fapi/v1"])
async def test_what_is_no_frame_ends_the_connection_with_its_code(path: str, sent: bytes, code: int) -> None:
    """Nothing of it reaches the exchange, which goes on."""
    async with running(options()) as client, wire(client) as line:
        await opened(line, path)
        line.writer.write(sent)
        assert await line.reader.read() == b"\x88\x02" + struct.pack(">H", code)
        assert await client.get("/fapi/v1/ping") == {}


async def test_a_refused_handshake_ends_the_connection() -> None:
    """What followed on it would meet the wrong door."""
    async with running(options()) as client, wire(client) as line:
        assert (await opened(line, "/nowhere")).startswith(b"HTTP/1.1 404")
        line.writer.write(get("/fapi/v1/ping"))
        assert (await line.reader.read()).endswith(b'{"code":-5000,"msg":"Path /nowhere, Method GET is invalid"}')
