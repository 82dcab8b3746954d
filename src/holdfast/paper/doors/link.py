"""One open WebSocket of the paper exchange: frames out, pings, and its end (protocol notes F.5)."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from holdfast.paper.doors.http_door import reset

_SLOW_READER_BYTES = 32_000_000


class Link:
    """One open WebSocket connection."""

    def __init__(self, sock: web.WebSocketResponse, transport: asyncio.Transport, now_us: int) -> None:
        """Take over a connection after its handshake, in the machine's time."""
        self.sock = sock
        self.transport = transport
        self._heard_us = now_us
        self._asked: list[bytes] = []

    def ping(self, now_us: int) -> None:
        """Ask whether somebody is there. The payload is the time in milliseconds, as the venue sends it."""
        payload = str(now_us // 1000).encode()
        self._asked.append(payload)
        if not self.transport.is_closing():
            # Written here, too: waiting for a reader that is slow would keep the others from their pings.
            self.transport.write(b"\x89" + bytes((len(payload),)) + payload)

    def hear(self, pong: bytes, now_us: int) -> None:
        """Take a pong. Only one that echoes a ping keeps a connection alive."""
        if pong in self._asked:
            del self._asked[: self._asked.index(pong) + 1]
            self._heard_us = now_us

    def silent_us(self, now_us: int) -> int:
        """How long no ping was answered."""
        return now_us - self._heard_us

    def write(self, texts: list[bytes]) -> None:
        """Write text frames at once. A reader that lets megabytes pile up is cut off, as the venue does."""
        if not texts or self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size() > _SLOW_READER_BYTES:
            reset(self.transport)
            return
        # aiohttp would need one await and one system call for each frame; a server's text frame has no mask.
        self.transport.write(b"".join([text_frame(text) for text in texts]))

    async def close(self, code: int, reason: str) -> None:
        """Close with the closing handshake."""
        with contextlib.suppress(ConnectionError):
            await self.sock.close(code=code, message=reason.encode())


def text_frame(payload: bytes) -> bytes:
    """A whole, unmasked WebSocket text frame (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81" + bytes((size,)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
