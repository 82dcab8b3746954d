"""The WebSocket API connection that orders go by: written to at once, answered by id, replaced before its end.

A request is written whole or not at all, so the caller may still choose REST when `send` says no (RULES 1). Whatever
was written and has no answer when the connection ends, or when its time is up, is handed back as lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from holdfast.binance.governor import Governor
from holdfast.binance.replies import Unreadable
from holdfast.binance.requests import Request
from holdfast.binance.signing import Signer
from holdfast.binance.wsapi import HANDSHAKE_WEIGHT, ROLL_AFTER_MS, InFlight, Reply, encode, logon, parse
from holdfast.model.effects import Cancel, Place
from holdfast.ports import WsClosed, WsConnector, WsLink
from holdfast.service.rest_door import VenueTime
from holdfast.service.venue_observer import VenueObserver

CONNECT_TIMEOUT_MS: Final = 5_000
LOGON_TIMEOUT_S: Final = 3.0
FIRST_BACKOFF_S: Final = 0.25
LONGEST_BACKOFF_S: Final = 30.0
STEADY_AFTER_S: Final = 10.0
MAX_IN_FLIGHT: Final = 2_000
SILENT_S: Final = 0.4
"""A connection that owes an answer for so long, and says nothing else either, is not written to: cover and closes take
the other way. Answers take tens of milliseconds; the other form of a stop follows after 600 (RULES 2)."""
_SECOND_US: Final = 1_000_000


class Letter(NamedTuple):
    """A request written for one connection, signed and all."""

    line: Line
    request_id: int
    message: bytes


class Ticket(NamedTuple):
    """A write on its way. `stamp_ms` is the timestamp that was signed, `begun` the loop's time when it began.

    `letter` is there when it was written beforehand.
    """

    effect: Place | Cancel
    request: Request
    stamp_ms: int
    recv_window_ms: int
    begun: float
    letter: Letter | None = None


class ChannelEnds(NamedTuple):
    """Where the channel reports to."""

    settled: Callable[[Ticket, Reply], None]
    lost: Callable[[Ticket, str], None]
    late: Callable[[Ticket, Reply], None]
    told: Callable[[bool, str], None]


class OrderChannel:
    """One account's connection to the WebSocket API, kept open."""

    def __init__(
        self,
        *,
        connector: WsConnector,
        path: str,
        signer: Signer,
        clock: VenueTime,
        governor: Governor,
        ends: ChannelEnds,
        observer: VenueObserver,
        timeout_ms: int,
    ) -> None:
        self.ends = ends
        self.observer = observer
        self.timeout_s = timeout_ms / 1_000
        self.signer = signer
        self.clock = clock
        self._connector = connector
        self._path = path
        self._governor = governor
        self._loop = asyncio.get_running_loop()
        self._line: Line | None = None
        self._old: dict[Line, None] = {}
        self._connecting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._failures = 0
        self._stopped = False

    @property
    def is_open(self) -> bool:
        """Whether a request can be written now."""
        return self._line is not None and self._line.is_open

    async def start(self) -> None:
        """Try to connect once and return; further attempts go on by themselves."""
        self._connect()
        assert self._connecting is not None, "invariant: an attempt to connect is under way"
        await asyncio.gather(self._connecting, return_exceptions=True)

    async def stop(self) -> None:
        """Close. Requests without an answer are reported as lost."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        for line in [*self._old, *([self._line] if self._line is not None else [])]:
            line.end("the gateway has stopped")

    def write(self, ticket: Ticket) -> Letter | None:
        """Write a request without sending it; None while nothing can be sent."""
        line = self._line
        return line.write(ticket) if line is not None and line.takes_requests and not line.is_silent else None

    def send(self, ticket: Ticket) -> bool:
        """Write a request. False when no byte of it left, so that another way may be chosen."""
        line = self._line
        if line is None or not line.takes_requests or len(line.waiting) >= MAX_IN_FLIGHT or line.is_silent:
            return False
        return line.send(ticket)

    def hold(self) -> None:
        """Requests written until `release` may leave in one packet."""
        if self._line is not None:
            self._line.hold(True)

    def release(self) -> None:
        """What was held leaves now."""
        if self._line is not None:
            self._line.hold(False)

    def _connect(self) -> None:
        self._timer = None
        self._connecting = self._loop.create_task(self._open(), name="order-channel-connect")

    async def _open(self) -> None:
        line = Line(self, self._loop)
        self._governor.spend(HANDSHAKE_WEIGHT, self.clock.now_ms())
        try:
            link = await self._connector.connect(self._path, line.receive, line.closed, CONNECT_TIMEOUT_MS)
        except (OSError, TimeoutError) as error:
            self._retry(f"cannot connect: {error}")
            return
        await line.begin(link)
        if not line.is_open:
            self._retry("the connection was lost during the logon")
            return
        replaced, self._line = self._line, line
        self._timer = self._loop.call_later(ROLL_AFTER_MS / 1_000, self._connect)
        if replaced is None:
            self.ends.told(True, "connected")
        else:
            # Requests of the old connection are still answered there; then it is closed.
            self._old[replaced] = None
            self._loop.call_later(self.timeout_s + 1, replaced.close)

    def ended(self, line: Line, reason: str) -> None:
        """A line's connection has ended."""
        self._old.pop(line, None)
        if line is not self._line:
            return
        self._line = None
        if self._loop.time() - line.opened_at >= STEADY_AFTER_S:
            self._failures = 0
        self.ends.told(False, reason)
        if self._connecting is None or self._connecting.done():
            self._retry(reason)

    def _retry(self, reason: str) -> None:
        """After a good connection at once, then in doubling pauses."""
        self.observer.link_changed("order_channel", False, reason)
        if self._stopped:
            return
        pause_s = min(FIRST_BACKOFF_S * 2 ** min(self._failures - 1, 10), LONGEST_BACKOFF_S) if self._failures else 0.0
        self._failures += 1
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(pause_s, self._connect)


class Line:
    """One connection with its requests in flight and one timer for all of them."""

    def __init__(self, channel: OrderChannel, loop: asyncio.AbstractEventLoop) -> None:
        self.waiting: InFlight[Ticket] = InFlight()
        self.opened_at = loop.time()
        self._channel = channel
        self._loop = loop
        self._link: WsLink | None = None
        self._signer: Signer | None = channel.signer
        self.takes_requests = False
        """Logged on where the key can be. Whether the connection is still there, writing to it tells."""
        self._heard_at = -1.0
        self._owed_since: float | None = None
        """When the first request left since something was heard."""
        self._timer: asyncio.TimerHandle | None = None
        self._logon_id = 0
        self._logged_on: asyncio.Future[Reply] | None = None

    @property
    def is_open(self) -> bool:
        """Whether requests can be written."""
        return self.takes_requests and self._link is not None and self._link.is_open

    @property
    def is_silent(self) -> bool:
        """Whether a request waits longer than an answer takes, and nothing at all was heard since it left."""
        return self._owed_since is not None and self._loop.time() - self._owed_since > SILENT_S

    async def begin(self, link: WsLink) -> None:
        """The connection is open: log on if the key can, then take requests."""
        self._link = link
        self.opened_at = self._loop.time()
        if self._channel.signer.key_type == "ed25519" and link.is_open:
            await self._log_on(link)
        self.takes_requests = True

    def hold(self, wanted: bool) -> None:
        """Hold back what is written, or let it go."""
        if self._link is None:
            return
        if wanted:
            self._link.hold()
        else:
            self._link.release()

    def write(self, ticket: Ticket) -> Letter:
        """Encode and sign a request for this connection."""
        request_id = self.waiting.new_id()
        message = encode(request_id, ticket.request, self._signer, ticket.stamp_ms, ticket.recv_window_ms)
        return Letter(self, request_id, message)

    def send(self, ticket: Ticket) -> bool:
        """Send a request; False when nothing of it left."""
        link, letter = self._link, ticket.letter
        assert link is not None, "invariant: a line that sends has a link"
        if letter is not None and letter.line is self:
            _, request_id, message = letter
        else:
            request_id = self.waiting.new_id()
            message = encode(request_id, ticket.request, self._signer, ticket.stamp_ms, ticket.recv_window_ms)
        try:
            link.send(message)
        except WsClosed:
            return False
        now = self._loop.time()
        deadline = now + self._channel.timeout_s
        if self._owed_since is None:
            self._owed_since = now
        self.waiting.add(request_id, int(deadline * _SECOND_US), ticket)
        # One timer for all: requests time out in the order in which they were sent.
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._on_time)
        return True

    def receive(self, message: bytes) -> None:
        """A frame arrived."""
        self._heard_at = self._loop.time()
        self._owed_since = None
        try:
            reply = parse(message)
        except Unreadable as error:
            # Whatever it answered stays without an answer, and becomes unknown in time.
            self._channel.observer.reply_unreadable("ws-api", str(error))
            return
        ticket = self.waiting.take(reply.request_id)
        if ticket is not None:
            self._channel.ends.settled(ticket, reply)
        else:
            self._receive_other(reply)

    def closed(self, reason: str) -> None:
        """The connection has ended: everything without an answer is lost."""
        self.end(reason)
        self._channel.ended(self, reason)

    def close(self) -> None:
        """Close the connection; `closed` follows."""
        if self._link is not None:
            self._link.close()

    def end(self, reason: str) -> None:
        """Give up what is in flight, and the connection."""
        self.takes_requests = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._logged_on is not None and not self._logged_on.done():
            self._logged_on.set_exception(WsClosed(reason))
        for ticket in self.waiting.drain():
            self._channel.ends.lost(ticket, reason)
        self.close()

    def _receive_other(self, reply: Reply) -> None:
        if self._logged_on is not None and reply.request_id == self._logon_id:
            if not self._logged_on.done():
                self._logged_on.set_result(reply)
            return
        late = self.waiting.take_late(reply.request_id)
        if late is not None:
            self._channel.ends.late(late, reply)
            return
        detail = f"status {reply.status}" + (f", {reply.error.code} {reply.error.msg}" if reply.error else "")
        self._channel.observer.reply_unreadable("ws-api", f"answers no request: {detail}")
        if reply.status == 401:
            # The session's key was revoked (protocol notes G.2): what it was logged on with is worth nothing now.
            self.close()

    def _on_time(self) -> None:
        self._timer = None
        sent_at = -1.0
        # The deadlines were cut to whole microseconds; one more makes up for it.
        for ticket in self.waiting.expire(int(self._loop.time() * _SECOND_US) + 1):
            sent_at = ticket.begun
            self._channel.ends.lost(ticket, "no answer in time")
        deadline_us = self.waiting.first_deadline_us()
        if deadline_us is not None and self._timer is None:
            self._timer = self._loop.call_at(deadline_us / _SECOND_US, self._on_time)
        if sent_at > self._heard_at:
            # Not a word since that request left: the connection is open in name only.
            self.close()

    async def _log_on(self, link: WsLink) -> None:
        self._logon_id = self.waiting.new_id()
        self._logged_on = self._loop.create_future()
        observer = self._channel.observer
        try:
            link.send(logon(self._logon_id, self._channel.signer, self._channel.clock.now_ms()))
            async with asyncio.timeout(LOGON_TIMEOUT_S):
                reply = await self._logged_on
        except (WsClosed, TimeoutError) as error:
            observer.reply_unreadable("session.logon", str(error) or f"no answer within {LOGON_TIMEOUT_S:g} s")
            return
        if reply.status == 200:
            self._signer = None
        else:
            # Signing each request works without a session; it only costs a little more.
            observer.reply_unreadable("session.logon", reply.error.msg if reply.error else f"status {reply.status}")
