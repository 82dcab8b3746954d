"""A look at the first WebSocket frame of a client: one without a mask ends the connection (RFC 6455, 5.1).

The library behind the doors takes unmasked frames, and a client that sends them would work here and nowhere else.
Who masks its first frame masks them all, so one look is enough and costs nothing afterwards.
"""

from __future__ import annotations

import asyncio

_MASKED = 0x80
_PROTOCOL_ERROR = b"\x88\x02\x03\xea"
"""A close frame with code 1002."""


class MaskCheck(asyncio.Protocol):
    """Stands before the protocol of a WebSocket until the first frame begins."""

    def __init__(self, transport: asyncio.Transport, behind: asyncio.Protocol) -> None:
        """`behind` has the handshake already, and gets everything from the first frame on."""
        self._transport = transport
        self._behind = behind
        self._begun = b""

    def data_received(self, data: bytes) -> None:
        """Look at the second byte, which says whether there is a mask; then step aside."""
        self._begun += data
        if len(self._begun) < 2:
            return
        if not self._begun[1] & _MASKED:
            self._transport.write(_PROTOCOL_ERROR)
            self._transport.close()
            return
        self._transport.set_protocol(self._behind)
        self._behind.data_received(self._begun)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone before it said anything, or was turned away."""
        self._behind.connection_lost(exc)

    def eof_received(self) -> bool | None:
        """The client says nothing more."""
        return self._behind.eof_received()

    def pause_writing(self) -> None:
        """The client does not read."""
        self._behind.pause_writing()

    def resume_writing(self) -> None:
        """It reads again."""
        self._behind.resume_writing()
