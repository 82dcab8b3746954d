"""HTTP as the venue's edge speaks it: keep-alive, pipelining, gzip, and a firewall in front.

One `HttpDoor` is one TCP connection of the public port. It parses requests, asks for the outcome of
each, and writes them in the order the requests came. A WebSocket upgrade is handed on with the whole
connection. Requests that no client of an exchange would send meet what stands in front of the real
one: 403 with a page for what is too large, 400 for what is no HTTP (protocol notes A.6).
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

import httptools
import msgspec

from holdfast.paper.doors.mask_check import MaskCheck
from holdfast.paper.errors import MESSAGES
from holdfast.paper.wire_out import HttpOutcome

Serve = Callable[[str, str, Mapping[str, str], bytes], HttpOutcome]

_LARGEST_HEAD = 65_536
_MOST_HEADERS = 200
_LARGEST_BODY = 1_048_576
_LARGEST_QUEUE = 100
_WORTH_PACKING = 1_024
_REQUEST_TIMEOUT = timedelta(seconds=60)
_LINGER_RESET = struct.pack("ii", 1, 0)
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BLOCKED = HttpOutcome(
    status=403,
    headers={"Content-Type": "text/html"},
    body=b"<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1></body></html>",
)
_NO_HTTP = HttpOutcome(
    status=400,
    headers={"Content-Type": "application/json"},
    body=msgspec.json.encode({"code": -1013, "msg": MESSAGES[-1013]}),
)
_BROKEN = HttpOutcome(
    status=500,
    headers={"Content-Type": "application/json"},
    body=msgspec.json.encode({"code": -1000, "msg": MESSAGES[-1000]}),
)


class Request(msgspec.Struct, kw_only=True, gc=False):
    """One request on its way in."""

    target: bytes = b""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: bytes = b""
    method: str = ""
    keep_alive: bool = True
    size: int = 0


class HttpDoor(asyncio.Protocol):
    """One connection. `serve` answers a request; `upgraded` makes the protocol that takes a WebSocket over."""

    def __init__(
        self, serve: Serve, upgraded: Callable[[], asyncio.Protocol], open_doors: dict[HttpDoor, None]
    ) -> None:
        """Be one of `open_doors` for as long as the connection lives."""
        self._serve = serve
        self._upgraded = upgraded
        self._doors = open_doors
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._request: Request | None = None
        self._waiting: deque[Request] = deque()
        self._busy = False
        self._ending = False
        self._refusal: HttpOutcome | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._impatience: asyncio.TimerHandle | None = None

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is here."""
        # What a server gets reads and writes; uvloop's transports are no subclass that would say so.
        self._transport = cast(asyncio.Transport, transport)
        self._doors[self] = None
        sock = transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone; what it still waited for is dropped."""
        self._leave()

    def pause_writing(self) -> None:
        """A client that does not read its answers may not ask on."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        if self._transport is not None:
            self._transport.resume_reading()

    def close(self) -> None:
        """End the connection, as the server ends."""
        if self._transport is not None:
            self._transport.close()

    def _leave(self) -> None:
        self._transport = None
        self._doors.pop(self, None)
        for timer in (self._timer, self._impatience):
            if timer is not None:
                timer.cancel()

    # Bytes in

    def data_received(self, data: bytes) -> None:
        """Parse, and serve what is complete."""
        if self._ending:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._hand_over(data[upgrade.args[0] :]):
                return
            self._ending = True
        except httptools.HttpParserError:
            self._ending = True
            if self._refusal is None:
                self._refusal = _NO_HTTP
        if not self._busy:
            self._serve_waiting()
        self._watch_pace()

    def _watch_pace(self) -> None:
        """A request that is begun and never ends is not waited for without end."""
        if self._request is None:
            if self._impatience is not None:
                self._impatience.cancel()
                self._impatience = None
        elif self._impatience is None:
            self._impatience = self._loop.call_later(_REQUEST_TIMEOUT.total_seconds(), self.close)

    def _hand_over(self, rest: bytes) -> bool:
        """Give a WebSocket upgrade and everything after it to its own protocol."""
        request = self._waiting[-1] if self._waiting else None
        transport = self._transport
        if request is None or transport is None or request.headers.get("upgrade", "").lower() != "websocket":
            return False
        if self._busy or len(self._waiting) > 1:
            return False
        lines = [b"%s %s HTTP/1.1" % (request.method.encode(), request.target)]
        lines += [f"{name}: {value}".encode("latin-1") for name, value in request.headers.items()]
        protocol = self._upgraded()
        self._leave()
        check = MaskCheck(transport, protocol)
        transport.set_protocol(check)
        protocol.connection_made(transport)
        protocol.data_received(b"\r\n".join(lines) + b"\r\n\r\n")
        if rest:
            check.data_received(rest)
        return True

    # What the parser finds

    def on_message_begin(self) -> None:
        """A request begins."""
        self._request = Request()

    def on_url(self, part: bytes) -> None:
        """A piece of the target."""
        if self._request is not None:
            self._request.target += part
            self._grow(len(part))

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if self._request is not None:
            self._request.headers[name.lower().decode("latin-1")] = value.decode("latin-1")
            self._grow(len(name) + len(value))
            if len(self._request.headers) > _MOST_HEADERS:
                self._block()

    def _grow(self, size: int) -> None:
        request = self._request
        if request is not None:
            request.size += size
            if request.size > _LARGEST_HEAD:
                self._block()

    def _block(self) -> None:
        """Refuse as a firewall does. The parser stops at an exception."""
        self._refusal = _BLOCKED
        raise httptools.HttpParserError("too large")

    def on_headers_complete(self) -> None:
        """The head is complete."""
        request = self._request
        if request is None:
            return
        request.method = self._parser.get_method().decode("ascii")
        if request.headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, part: bytes) -> None:
        """A piece of the body."""
        if self._request is not None:
            if len(self._request.body) + len(part) > _LARGEST_BODY:
                self._block()
            self._request.body = self._request.body + part if self._request.body else part

    def on_message_complete(self) -> None:
        """A request is complete; it waits for those before it."""
        if self._request is not None:
            self._request.keep_alive = self._parser.should_keep_alive()
            self._waiting.append(self._request)
            self._request = None

    # Answers out

    def _serve_waiting(self) -> None:
        """Serve in order, until one answer takes time."""
        transport = self._transport
        while self._waiting and transport is not None and not transport.is_closing():
            request = self._waiting.popleft()
            outcome = self._outcome(request)
            if outcome.kind == "reset":
                reset(transport)
                return
            if outcome.kind == "hang" or outcome.delay_us:
                self._busy = True
                if outcome.kind == "reply":
                    delay = timedelta(microseconds=outcome.delay_us).total_seconds()
                    self._timer = self._loop.call_later(delay, self._answer_late, request, outcome)
                return
            self._write(request, outcome)
        if self._ending and transport is not None and not transport.is_closing():
            if self._refusal is not None:
                transport.write(_encoded(self._refusal, keep_alive=False, packed=False))
            transport.close()

    def _outcome(self, request: Request) -> HttpOutcome:
        target = request.target.decode("utf-8", "surrogateescape")
        outcome: HttpOutcome | None = None
        try:
            outcome = self._serve(request.method, target, request.headers, request.body)
        finally:
            if outcome is None and self._transport is not None:
                # A mistake of ours: the loop shows the error to the operator and ends the connection.
                self._transport.write(_encoded(_BROKEN, keep_alive=False, packed=False))
        return outcome

    def _answer_late(self, request: Request, outcome: HttpOutcome) -> None:
        self._busy = False
        self._write(request, outcome)
        self._serve_waiting()

    def _write(self, request: Request, outcome: HttpOutcome) -> None:
        transport = self._transport
        if transport is None:
            return
        packed = len(outcome.body) >= _WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", "")
        text = _encoded(outcome, keep_alive=request.keep_alive, packed=packed)
        if request.method == "HEAD":
            text = text.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        transport.write(text)
        if not request.keep_alive:
            transport.close()


def _encoded(outcome: HttpOutcome, *, keep_alive: bool, packed: bool) -> bytes:
    """A whole response."""
    body = gzip.compress(outcome.body, compresslevel=5, mtime=0) if packed else outcome.body
    lines = [f"HTTP/1.1 {outcome.status} {_REASONS.get(outcome.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in outcome.headers.items()]
    if packed:
        lines.append("Content-Encoding: gzip")
    lines.append(f"Content-Length: {len(body)}")
    if not keep_alive:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n" + body


def reset(transport: asyncio.Transport) -> None:
    """Drop a connection at once, with a TCP reset."""
    sock: Any = transport.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
    transport.abort()
