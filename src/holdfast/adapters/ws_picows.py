"""WebSocket connections over picows: frames in and out without a task or a queue in between.

picows has no flow control of its own. Incoming messages are handed on in the callback that reads the socket, so they
cannot pile up here; outgoing ones are refused when the venue does not read them.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final, cast

from picows import WSAutoPingStrategy, WSFrame, WSHandshakeError, WSListener, WSMsgType, WSTransport, ws_connect

from holdfast.adapters.os_errors import plain
from holdfast.ports import CLOSED_BY_US, WsClosed

MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
MAX_UNSENT_BYTES: Final = 1024 * 1024
"""What may wait in the write buffer. A connection that does not take its bytes is as good as closed."""

PING_IDLE_S: Final = 20.0
"""After this silence we ask whether the venue is still there."""

PING_REPLY_S: Final = 10.0
CONNECT_GRACE_S: Final = 0.05
CLOSE_S: Final = 2.0
"""How long an orderly close may take before the connection is dropped."""

CORK: Final[int | None] = getattr(socket, "TCP_CORK", None)
"""Linux's option that keeps written bytes until it is taken away again, for 200 ms at most."""

_logger = logging.getLogger("holdfast.picows")
_logger.setLevel(logging.ERROR)  # Its lower levels would write listen keys, which are part of the address.


class PicowsConnector:
    """The `WsConnector` port for one host, e.g. "wss://ws-fapi.binance.com". Pings are answered by picows.

    `tls` replaces the default verification context (tests with a CA of their own).
    """

    def __init__(self, base_url: str, *, tls: ssl.SSLContext | None = None, ping_idle_s: float = PING_IDLE_S) -> None:
        self._base = base_url.rstrip("/")
        self._ping_idle_s = ping_idle_s
        secure = self._base.startswith("wss://")
        self._tls = (tls if tls is not None else ssl.create_default_context()) if secure else None

    async def connect(
        self, target: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None], timeout_ms: int
    ) -> PicowsLink:
        """Open `target`; see the port. A refused upgrade is a `ConnectionError` that names the status."""
        link = PicowsLink(on_message, on_close)
        try:
            # picows ends a handshake without an answer and closes the socket; this limit is for what comes before.
            async with asyncio.timeout(timeout_ms / 1_000 + CONNECT_GRACE_S):
                await ws_connect(
                    lambda: link,
                    self._base + target,
                    ssl_context=self._tls,
                    websocket_handshake_timeout=timeout_ms / 1_000,
                    logger_name=_logger,
                    enable_auto_pong=True,
                    enable_auto_ping=True,
                    auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
                    auto_ping_idle_timeout=self._ping_idle_s,
                    auto_ping_reply_timeout=PING_REPLY_S,
                    max_frame_size=MAX_MESSAGE_BYTES,
                    max_redirects=0,
                )
        except WSHandshakeError as error:
            status = getattr(error.response, "status", None)
            raise ConnectionError(f"the upgrade was refused: {int(status) if status else error}") from None
        except TimeoutError:
            link.abandon()
            raise TimeoutError(f"no answer within {timeout_ms} ms") from None
        except OSError as error:
            link.abandon()
            raise ConnectionError(plain(error)) from None
        except BaseException:
            # A caller that is cancelled is the usual one: whatever ends the wait, no half-open socket stays behind it.
            link.abandon()
            raise
        if not link.adopt():
            raise ConnectionError("the connection was lost during the handshake")
        return link


_DATA: Final = (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION)


class PicowsLink(WSListener):
    """The `WsLink` port on one connection."""

    def __init__(self, on_message: Callable[[bytes], None], on_close: Callable[[str], None]) -> None:
        self._on_message = on_message
        self._on_close = on_close
        self._transport: WSTransport | None = None
        self._socket: socket.socket | None = None
        self._unsent_bytes: Callable[[], int] = int
        self._parts: list[bytes] = []
        self._reason = ""
        self._adopted = False
        self._abandoned = False
        self._ended = False

    @property
    def is_open(self) -> bool:
        """Whether `send` may be called."""
        transport = self._transport
        if transport is None or self._reason:
            return False
        return not (transport.is_disconnected or transport.is_close_frame_sent)

    def send(self, message: bytes) -> None:
        """Write one text frame now. Raises `WsClosed` when nothing of it left: closed, or the buffer is full."""
        transport = self._transport
        if transport is None or not self.is_open:
            raise WsClosed(self._reason or "the connection is closed")
        if self._unsent_bytes() > MAX_UNSENT_BYTES:
            self._drop("the venue does not read what we send")
            raise WsClosed(self._reason)
        transport.send(WSMsgType.TEXT, message)

    def hold(self) -> None:
        """Keep frames in the kernel until `release`; where the system cannot, they leave one by one as ever."""
        self._cork(1)

    def release(self) -> None:
        """Let go what was held."""
        self._cork(0)

    def _cork(self, on: int) -> None:
        if self._socket is None or CORK is None:
            return
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, CORK, on)
        except OSError:
            # The connection has just ended: what was written is lost with it, and `on_close` follows.
            self._socket = None

    def close(self) -> None:
        """Close; `on_close` follows. May be called twice."""
        transport = self._transport
        if transport is None or self._reason:
            return
        self._reason = CLOSED_BY_US
        transport.send_close()
        transport.disconnect()
        # A dead peer never takes the last bytes; then the connection is dropped without them.
        asyncio.get_running_loop().call_later(CLOSE_S, transport.disconnect, False)

    def adopt(self) -> bool:
        """The caller gets the link; False if there never was one. A connection that has already ended is reported."""
        if self._transport is None:
            return False
        self._adopted = True
        if self._ended:
            self._report()
        return True

    def abandon(self) -> None:
        """The caller gave up during the handshake: drop the connection, whenever it comes."""
        self._abandoned = True
        self._drop("given up during the handshake")

    def on_ws_connected(self, transport: WSTransport) -> None:
        """picows: the handshake is complete."""
        self._transport = transport
        self._socket = cast(Any, transport.underlying_transport).get_extra_info("socket")
        self._unsent_bytes = cast(Any, transport.underlying_transport).get_write_buffer_size
        if self._abandoned:
            transport.disconnect(False)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """picows: a frame arrived."""
        kind = frame.msg_type
        if kind not in _DATA:
            if kind == WSMsgType.CLOSE:
                self._reason = self._reason or _close_reason(frame)
                transport.send_close(frame.get_close_code())
                transport.disconnect()
            return
        if self._reason:
            return
        message = frame.get_payload_as_bytes()
        if self._parts or not frame.fin:
            self._parts.append(message)
            if sum(map(len, self._parts)) > MAX_MESSAGE_BYTES:
                self._drop(f"a message of more than {MAX_MESSAGE_BYTES} bytes")
                return
            if not frame.fin:
                return
            message, self._parts = b"".join(self._parts), []
        try:
            self._on_message(message)
        except Exception as error:  # noqa: BLE001 - reported as the reason of the close that follows
            self._drop(f"our handler failed: {error!r}")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """picows: the connection has ended, for whatever reason."""
        self._ended = True
        self._reason = self._reason or "the connection was lost"
        if self._adopted:
            self._report()

    def _report(self) -> None:
        # From the loop, not from here: picows would hide what the handler raises, the loop reports it.
        asyncio.get_running_loop().call_soon(self._on_close, self._reason)

    def _drop(self, reason: str) -> None:
        self._reason = self._reason or reason
        if self._transport is not None:
            self._transport.disconnect(False)


def _close_reason(frame: WSFrame) -> str:
    text = (frame.get_close_message() or b"").decode("utf-8", "replace")
    return f"the venue closed it: {frame.get_close_code().value} {text}".rstrip()
