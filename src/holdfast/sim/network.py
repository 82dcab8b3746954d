"""The paper exchange in process: a network without sockets, on any event loop.

`InProcessVenue` gives the engine what a venue's address would give it: an HTTP client and a WebSocket
connector (`holdfast.ports`, in `sim.connections`). Bytes keep their order within a connection, take as
long as the `Roads` say, and are lost where a real network would lose them. Everything is timers of the
loop, nothing is a thread, so the same code runs in real time, N times as fast, and on a virtual loop.

It also plays the market into the exchange and wakes the exchange when its own timers are due. What
happens at the venue belongs to no process: a request that has left arrives, whoever dies meanwhile.
"""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

from holdfast.paper.edge import PaperVenue
from holdfast.paper.sources.pump import Pump
from holdfast.paper.sources.source import MarketFileError, MarketSource
from holdfast.paper.wire_out import Close
from holdfast.ports import Clock
from holdfast.sim.connections import InProcessConnector, InProcessHttp, InProcessLink
from holdfast.sim.lives import Life
from holdfast.sim.pipes import SECOND_US
from holdfast.sim.roads import Fate, Roads, Steady

_EVENTS_A_TURN = 500


class InProcessVenue:
    """A paper exchange with its network and its market. Construct it in a running loop, then `start` it."""

    def __init__(
        self,
        venue: PaperVenue,
        source: MarketSource,
        clock: Clock,
        *,
        latency_us: int = 500,
        roads: Roads | None = None,
    ) -> None:
        """`source` is played by `clock`, whose wall time must follow the loop's; it is the venue's clock.

        `latency_us`: one way, 0 or more, where no `roads` are given.
        """
        self.venue = venue
        self.clock = clock
        self.roads: Roads = roads if roads is not None else Steady(latency_us)
        self.loop = asyncio.get_running_loop()
        self.context = contextvars.copy_context()
        self.ended: asyncio.Future[None] = self.loop.create_future()
        self.clients: dict[InProcessLink, None] = {}
        """Every connection that a client has opened or tries to open."""
        self._pump = Pump(venue, source)
        self._links: dict[int, InProcessLink] = {}
        self._made = 0
        self._timer: asyncio.Handle | None = None
        self._wake_us = 0
        self._started = False
        self.closed = False

    @property
    def market_events(self) -> int:
        """How many market events were played."""
        return self._pump.events

    def start(self) -> None:
        """Begin to play the market."""
        self._started = True
        self._on_time()

    def close(self) -> None:
        """Stop the market and the exchange's timers; connections are lost, and none can be opened any more."""
        self._started, self.closed = False, True
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

    def bury(self, life: Life) -> None:
        """A process is dead: its connections end at the venue, once what it had sent has arrived."""
        for link in [link for link in self.clients if link.life is life]:
            link.orphan()

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
            if link is None:
                continue
            if isinstance(out, Close):
                del self._links[out.conn]
            elif self.roads.frame_fate(link.route, len(out.text), up=False) is Fate.RESET:
                link.lose("the connection was reset")
                # The venue notices when it is its turn, and settles anew then.
                self.loop.call_soon(self.take_close, out.conn, context=self.context)
                continue
            link.deliver(out)
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
        self._timer = self.loop.call_later(delay_us / SECOND_US, self._on_time, context=self.context)
