"""The client's side of a venue in process: the `HttpClient`, `WsConnector` and `WsLink` ports without sockets."""

from __future__ import annotations

import asyncio
import contextvars
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from holdfast.paper.wire_out import Close, HttpOutcome, Outgoing
from holdfast.ports import CLOSED_BY_US, HttpFailed, HttpReply, WsClosed
from holdfast.sim.lives import LIFE, point
from holdfast.sim.pipes import SECOND_US, Pipe
from holdfast.sim.roads import REST, Fate, route_of

if TYPE_CHECKING:
    from holdfast.sim.network import InProcessVenue

RESET: Final = "the connection was reset"


class InProcessHttp:
    """The `HttpClient` port. Each request travels on its own."""

    def __init__(self, host: InProcessVenue) -> None:
        """Use `InProcessVenue.http`."""
        self._host = host
        self._closed = False

    async def request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout_ms: int
    ) -> HttpReply:
        """Send one request; see the port. Cancelling it does not call it back: it arrives at the venue."""
        if self._closed or self._host.closed:
            raise HttpFailed("the client is closed", sent=False)
        exchange = _HttpExchange(self._host, method, target, headers, body)
        point(exchange.leave, f"{method} {target.partition('?')[0]}")
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                return await exchange.answer
        except TimeoutError:
            raise HttpFailed(f"no complete answer within {timeout_ms} ms", sent=True) from None

    async def close(self) -> None:
        """Send nothing more. May be called twice."""
        self._closed = True


class _HttpExchange:
    """One request on its way to the venue and back."""

    def __init__(self, host: InProcessVenue, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        self._host = host
        self._request = (method, target, dict(headers), body)
        self._life = LIFE.get()
        self._context = contextvars.copy_context()
        self.answer: asyncio.Future[HttpReply] = host.loop.create_future()

    def leave(self) -> None:
        """The request leaves the machine."""
        host, (method, target, _, body) = self._host, self._request
        fate = host.roads.request_fate(method, len(target) + len(body))
        if fate is Fate.RESET:
            host.loop.call_later(host.roads.travel_us(REST, up=False) / SECOND_US, self._lose)
        elif fate is not Fate.LOST:
            for _ in range(2 if fate is Fate.DOUBLED else 1):
                host.loop.call_later(
                    host.roads.travel_us(REST, up=True) / SECOND_US, self._arrive, context=host.context
                )

    def _arrive(self) -> None:
        host = self._host
        now_us = host.clock.wall_us()
        if self._life is not None and not self._life.heard_us and self._is_signed():
            self._life.heard_us = now_us
        outcome = host.venue.http(*self._request, now_us)
        fate = host.roads.reply_fate(len(outcome.body))
        if outcome.kind != "hang" and fate is not Fate.LOST:
            # Frames to other connections leave a microsecond after a plain reply, and before one that waits for them.
            delay_us = host.roads.travel_us(REST, up=False) + outcome.delay_us + (2 if outcome.events_first else 0)
            back = self._lose if fate is Fate.RESET or outcome.kind == "reset" else self._return
            host.loop.call_later(delay_us / SECOND_US, back, outcome, context=self._context)
        host.settle()

    def _is_signed(self) -> bool:
        _, target, _, body = self._request
        return "signature=" in target or b"signature=" in body

    def _return(self, outcome: HttpOutcome) -> None:
        if not self.answer.done():
            headers = {name.lower(): value for name, value in outcome.headers.items()}
            self.answer.set_result(HttpReply(outcome.status, headers, outcome.body))

    def _lose(self, _: HttpOutcome | None = None) -> None:
        if not self.answer.done():
            self.answer.set_exception(HttpFailed(RESET, sent=True))


class InProcessConnector:
    """The `WsConnector` port."""

    def __init__(self, host: InProcessVenue) -> None:
        """Use `InProcessVenue.connector`."""
        self._host = host

    async def connect(
        self, target: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None], timeout_ms: int
    ) -> InProcessLink:
        """Open `target`; see the port. A refused upgrade is a `ConnectionError`."""
        if self._host.closed:
            raise ConnectionRefusedError("nobody listens any more")
        link = InProcessLink(self._host, target, on_message, on_close)
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                await link.opened
        except TimeoutError:
            link.close()
            raise TimeoutError(f"no answer within {timeout_ms} ms") from None
        except BaseException:
            # A caller that is cancelled leaves no connection behind; the error goes on as it is.
            link.close()
            raise
        return link


class InProcessLink:
    """The `WsLink` port: one connection."""

    def __init__(
        self, host: InProcessVenue, target: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None]
    ) -> None:
        """Begin the handshake; `opened` ends with it. Use `InProcessConnector.connect`."""
        self._host = host
        self._target = target
        self._on_message = on_message
        self._on_close = on_close
        self._open = False
        self._given_up = False
        self._context = contextvars.copy_context()
        self.life = LIFE.get()
        self.route = route_of(target)
        self.conn = 0
        self.opened: asyncio.Future[None] = host.loop.create_future()
        self.up: Pipe[bytes | None] = Pipe(host.loop, self._arrive, host.context)
        self.down: Pipe[Outgoing | Close | None] = Pipe(host.loop, self._receive, self._context)
        host.clients[self] = None
        self._send(b"")

    @property
    def is_open(self) -> bool:
        """Whether `send` may be called."""
        return self._open

    def send(self, message: bytes) -> None:
        """Send one text frame. Raises `WsClosed` when the link is not open (nothing left)."""
        if not self._open:
            raise WsClosed("the connection is closed")
        frame = bytes(message)
        point(lambda: self._leave(frame), f"{self.route} {_method_of(frame)}")

    def hold(self) -> None:
        """Frames sent in one turn of the loop arrive together here in any case."""

    def release(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Close; `on_close` follows. May be called twice."""
        if self._given_up:
            return
        self._given_up = True
        self._send(None)
        self._end(CLOSED_BY_US)

    def lose(self, reason: str) -> None:
        """The connection is gone without a word; what is under way is lost."""
        self._given_up = True
        self.up.cut()
        self._end(reason)

    def orphan(self) -> None:
        """Nobody is left on this side: what was sent still arrives, then the end; nothing is told to anybody."""
        self._open = False
        self.down.cut()
        self._host.clients.pop(self, None)
        if not self._given_up:
            self._given_up = True
            self._send(None)

    def deliver(self, out: Outgoing | Close) -> None:
        """Something of the venue's sets out to us."""
        roads = self._host.roads
        delay_us = roads.travel_us(self.route, up=False) + 1
        if isinstance(out, Outgoing) and roads.overtaking(self.route) and self.down.overtake(out, _another_kind):
            return
        self.down.put(out, delay_us)

    def _leave(self, frame: bytes) -> None:
        """A frame leaves the machine, whole or not."""
        if self._host.roads.frame_fate(self.route, len(frame), up=True) is not Fate.RESET:
            self._send(frame)
            return
        # What left before it still arrives; of this frame only a part does, which is nothing to the venue.
        self._given_up = True
        self._send(None)
        self._end(RESET)

    def _send(self, item: bytes | None) -> None:
        self.up.put(item, self._host.roads.travel_us(self.route, up=True))

    def _end(self, reason: str) -> None:
        self.down.cut()
        self._host.clients.pop(self, None)
        if self._open:
            self._open = False
            self._host.loop.call_soon(self._on_close, reason, context=self._context)
        elif not self.opened.done():
            self.opened.set_exception(ConnectionResetError(reason))

    def _arrive(self, message: bytes | None) -> None:
        """Something of ours reached the venue: the handshake first, then frames, then the end (None)."""
        host = self._host
        if message is None:
            host.take_close(self.conn)
        elif self.conn:
            host.take_text(self.conn, message)
        elif host.open_link(self, self._target):
            self.down.put(None, host.roads.travel_us(self.route, up=False))
        else:
            delay_us = host.roads.travel_us(self.route, up=False)
            host.loop.call_later(delay_us / SECOND_US, self._refuse, context=self._context)

    def _refuse(self) -> None:
        self._given_up = True
        self._host.clients.pop(self, None)
        if not self.opened.done():
            self.opened.set_exception(ConnectionRefusedError("the upgrade was refused: 404"))

    def _receive(self, out: Outgoing | Close | None) -> None:
        """Something of the venue's reached us: the end of the handshake (None), a frame, or the end."""
        if self._given_up:
            return  # The venue talks on until it hears that nobody listens any more.
        if out is None:
            self._open = True
            if not self.opened.done():
                self.opened.set_result(None)
        elif isinstance(out, Close):
            self._given_up = True
            self.up.cut()
            reason = "the connection was lost" if out.abort else f"the venue closed it: {out.code} {out.reason}"
            self._end(reason.rstrip())
        else:
            self._on_message(out.text)


def _method_of(frame: bytes) -> str:
    """What a frame asks for: `order.place`, `SUBSCRIBE`."""
    found = re.search(rb'"method":"([^"]*)"', frame[:400])
    return found.group(1).decode() if found else ""


def _another_kind(out: Outgoing | Close | None, other: Outgoing | Close | None) -> bool:
    """Whether two frames tell of different kinds of events: order is promised within a kind only."""
    if not isinstance(out, Outgoing) or not isinstance(other, Outgoing):
        return False
    kinds = _kind_of(out.text), _kind_of(other.text)
    return bool(kinds[0] and kinds[1]) and kinds[0] != kinds[1]


def _kind_of(text: bytes) -> bytes:
    _, found, rest = text.partition(b'"e":"')
    return rest.partition(b'"')[0] if found else b""
