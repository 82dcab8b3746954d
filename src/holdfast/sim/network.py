"""The paper exchange in process: a network without sockets, on any event loop.

`InProcessVenue` gives the engine what a venue's address would give it: an HTTP client and a WebSocket
connector (`holdfast.ports`). Bytes take `latency_us` in each direction, keep their order within a
connection, and are lost where a real network would lose them: what is under way when a connection
ends never arrives. Everything is timers of the loop, nothing is a thread, so the same code runs in
real time, N times as fast, and on a virtual loop.

It also plays the market into the exchange and wakes the exchange when its own timers are due.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from holdfast.paper.edge import PaperVenue
from holdfast.paper.pump import Pump
from holdfast.paper.source import MarketFileError, MarketSource
from holdfast.paper.wire_out import Close, HttpOutcome, Outgoing
from holdfast.ports import CLOSED_BY_US, Clock, HttpFailed, HttpReply, WsClosed

Item = TypeVar("Item")

_SECOND_US = 1_000_000
_EVENTS_A_TURN = 500


class Pipe(Generic[Item]):
    """One direction of one connection: items come out in the order they went in, each at its time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deliver: Callable[[Item], None]) -> None:
        """`deliver` is called with each item when it arrives."""
        self._loop = loop
        self._deliver = deliver
        self._queue: deque[tuple[float, Item]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, item: Item, delay_us: int) -> None:
        """Send an item; it arrives `delay_us` from now, but never before one that was sent earlier."""
        self._queue.append((self._loop.time() + delay_us / _SECOND_US, item))
        self._arm()

    def cut(self) -> None:
        """Lose everything that is under way."""
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._queue and self._timer is None:
            self._timer = self._loop.call_at(self._queue[0][0], self._arrive)

    def _arrive(self) -> None:
        self._timer = None
        now = self._loop.time()
        try:
            while self._queue and self._queue[0][0] <= now:
                self._deliver(self._queue.popleft()[1])
        finally:
            # An error of whoever receives is the loop's to report; the rest of the stream still arrives.
            self._arm()


class InProcessVenue:
    """A paper exchange with its network and its market. Construct it in a running loop, then `start` it."""

    def __init__(self, venue: PaperVenue, source: MarketSource, clock: Clock, *, latency_us: int = 500) -> None:
        """`source` is played by `clock`, whose wall time must follow the loop's. `latency_us`: one way, 0 or more."""
        assert latency_us >= 0, "invariant: bytes do not arrive before they were sent"
        self.venue = venue
        self.clock = clock
        self.latency_us = latency_us
        self.loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self.loop.create_future()
        self._pump = Pump(venue, source)
        self._links: dict[int, InProcessLink] = {}
        self._made = 0
        self._timer: asyncio.Handle | None = None
        self._wake_us = 0
        self._started = False

    @property
    def market_events(self) -> int:
        """How many market events were played."""
        return self._pump.events

    def start(self) -> None:
        """Begin to play the market."""
        self._started = True
        self._on_time()

    def close(self) -> None:
        """Stop the market and the exchange's timers; connections are lost."""
        self._started = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.reset_connections()

    def reset_connections(self) -> None:
        """Cut every open connection at both ends, as when the engine's process is killed or a cable is pulled.

        HTTP requests that have left still arrive.
        """
        for conn, link in list(self._links.items()):
            link.lose("the connection was reset")
            self.take_close(conn)

    def http(self) -> InProcessHttp:
        """A new HTTP client of this venue."""
        return InProcessHttp(self)

    def connector(self) -> InProcessConnector:
        """A new WebSocket connector of this venue."""
        return InProcessConnector(self)

    def control(self, request: dict[str, Any]) -> dict[str, Any]:
        """The control door, without a delay."""
        answer = self.venue.control(request, self.clock.wall_us())
        self.settle()
        return answer

    def open_link(self, link: InProcessLink, target: str) -> bool:
        """A handshake arrived at the venue."""
        self._made += 1
        if not self.venue.ws_open(self._made, target, self.clock.wall_us()):
            self.settle()
            return False
        link.conn = self._made
        self._links[link.conn] = link
        self.settle()
        return True

    def take_text(self, conn: int, text: bytes) -> None:
        """A frame arrived at the venue. One of a connection that has ended there is lost."""
        if conn in self._links:
            self.venue.ws_text(conn, text, self.clock.wall_us())
            self.settle()

    def take_close(self, conn: int) -> None:
        """The client's end of a connection arrived at the venue."""
        if self._links.pop(conn, None) is not None:
            self.venue.ws_closed(conn, self.clock.wall_us())
            self.settle()

    def settle(self) -> None:
        """Send what the venue has to say, and wake it at the next thing due."""
        for out in self.venue.drain():
            link = self._links.get(out.conn)
            if link is not None:
                link.down.put(out, self.latency_us + 1)
                if isinstance(out, Close):
                    del self._links[out.conn]
        self._plan_wake()

    def _on_time(self) -> None:
        self._timer = None
        try:
            self._pump.run(self.clock.wall_us(), _EVENTS_A_TURN)
        except MarketFileError as error:
            if not self.ended.done():
                self.ended.set_exception(error)
        if self._pump.ended and not self.ended.done():
            self.ended.set_result(None)
        self.settle()

    def _plan_wake(self) -> None:
        due_us = self._pump.next_us()
        if due_us is None or not self._started:
            return
        if self._timer is not None:
            if self._wake_us <= due_us:
                return
            self._timer.cancel()
        self._wake_us = due_us
        delay_us = max(0, due_us - self.clock.wall_us())
        self._timer = self.loop.call_later(delay_us / _SECOND_US, self._on_time)


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
        if self._closed:
            raise HttpFailed("the client is closed", sent=False)
        exchange = _HttpExchange(self._host, method, target, headers, body)
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
        self.answer: asyncio.Future[HttpReply] = host.loop.create_future()
        host.loop.call_later(host.latency_us / _SECOND_US, self._arrive)

    def _arrive(self) -> None:
        host = self._host
        outcome = host.venue.http(*self._request, host.clock.wall_us())
        if outcome.kind != "hang":
            # Frames to other connections leave a microsecond after a plain reply, and before one that waits for them.
            delay_us = host.latency_us + outcome.delay_us + (2 if outcome.events_first else 0)
            host.loop.call_later(delay_us / _SECOND_US, self._return, outcome)
        host.settle()

    def _return(self, outcome: HttpOutcome) -> None:
        if self.answer.done():
            return
        if outcome.kind == "reset":
            self.answer.set_exception(HttpFailed("the connection was reset", sent=True))
        else:
            headers = {name.lower(): value for name, value in outcome.headers.items()}
            self.answer.set_result(HttpReply(outcome.status, headers, outcome.body))


class InProcessConnector:
    """The `WsConnector` port."""

    def __init__(self, host: InProcessVenue) -> None:
        """Use `InProcessVenue.connector`."""
        self._host = host

    async def connect(
        self, target: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None], timeout_ms: int
    ) -> InProcessLink:
        """Open `target`; see the port. A refused upgrade is a `ConnectionError`."""
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
        self.conn = 0
        self.opened: asyncio.Future[None] = host.loop.create_future()
        self.up: Pipe[bytes | None] = Pipe(host.loop, self._arrive)
        self.down: Pipe[Outgoing | Close | None] = Pipe(host.loop, self._receive)
        self.up.put(b"", host.latency_us)

    @property
    def is_open(self) -> bool:
        """Whether `send` may be called."""
        return self._open

    def send(self, message: bytes) -> None:
        """Send one text frame. Raises `WsClosed` when the link is not open (nothing left)."""
        if not self._open:
            raise WsClosed("the connection is closed")
        self.up.put(bytes(message), self._host.latency_us)

    def hold(self) -> None:
        """Frames sent in one turn of the loop arrive together here in any case."""

    def release(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Close; `on_close` follows. May be called twice."""
        if self._given_up:
            return
        self._given_up = True
        self.up.put(None, self._host.latency_us)
        self._end(CLOSED_BY_US)

    def lose(self, reason: str) -> None:
        """The connection is gone without a word; what is under way is lost."""
        self._given_up = True
        self.up.cut()
        self._end(reason)

    def _end(self, reason: str) -> None:
        self.down.cut()
        if self._open:
            self._open = False
            self._host.loop.call_soon(self._on_close, reason)
        elif not self.opened.done():
            self.opened.set_exception(ConnectionResetError(reason))

    def _arrive(self, message: bytes | None) -> None:
        """Something of ours reached the venue: the handshake first, then frames, then the end (None)."""
        if message is None:
            self._host.take_close(self.conn)
        elif self.conn:
            self._host.take_text(self.conn, message)
        elif self._host.open_link(self, self._target):
            self.down.put(None, self._host.latency_us)
        else:
            self._host.loop.call_later(self._host.latency_us / _SECOND_US, self._refuse)

    def _refuse(self) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionRefusedError("the upgrade was refused: 404"))

    def _receive(self, out: Outgoing | Close | None) -> None:
        """Something of the venue's reached us: the end of the handshake (None), a frame, or the end."""
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
