"""The user stream of one process: the real session machine over connections that delay, repeat and overtake."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from holdfast.binance import requests
from holdfast.binance import session as ses
from holdfast.binance.endpoints import EXTEND_LISTEN_KEY
from holdfast.binance.streams import KeyExpired, client_id_of, user_frame
from holdfast.model import inputs as inp
from tests.random_days.wire import key_in, listen_key_request

if TYPE_CHECKING:
    from holdfast.paper.wire_out import HttpOutcome
    from tests.random_days.process import Process


class Stream:
    """Carries out what the session wants, and tells it what happens."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.world = process.world
        self.session = ses.UserSession()
        self.links: dict[int, int] = {}
        """The venue's connection → the session's name for it."""
        self._tick_at_ms: int | None = None
        self._last_ms = 0

    def start(self) -> None:
        """Begin: a key first."""
        self._do(self.session.start(self._now_ms))

    def owe(self, client_id: str) -> None:
        """The venue confirmed a request about this order of ours."""
        self.session.owe(self._now_ms, client_id)
        self._plan()

    def frame(self, conn: int, text: bytes) -> None:
        """The venue sent a frame: it arrives a little later, in order unless the network says otherwise."""
        at_ms = self._now_ms + self.world.network.push_ms()
        if not self.world.network.overtaking:
            at_ms = self._last_ms = max(at_ms, self._last_ms)
        self.process.later(at_ms - self._now_ms, lambda: self._receive(conn, text))

    def dropped(self, conn: int) -> None:
        """The venue closed a connection."""
        link = self.links.pop(conn, None)
        if link is not None:
            self.process.later(1, lambda: self._do(self.session.closed(self._now_ms, link, "closed by the venue")))

    def hang_up(self) -> None:
        """The process died: its sockets close."""
        for conn in self.links:
            self.world.hang_up(conn)

    @property
    def _now_ms(self) -> int:
        return self.world.agenda.now_ms

    def _receive(self, conn: int, text: bytes) -> None:
        if conn not in self.links:
            return
        frame = user_frame(text, self.process.now_ms)
        if isinstance(frame, KeyExpired):
            self._do(self.session.expired(self._now_ms, frame.listen_key))
        elif isinstance(frame, inp.Input):
            if not isinstance(frame, inp.AccountSeen | inp.AccountConfigSeen):
                self.session.event(self._now_ms, client_id_of(frame))
            self.process.give(msgspec.structs.replace(frame, now_ms=0))

    def _do(self, actions: list[ses.Action]) -> None:
        for action in actions:
            match action:
                case ses.CreateKey():
                    self._create_key()
                case ses.ExtendKey():
                    self.process.wire.exchange(requests.simple(EXTEND_LISTEN_KEY), self._extended)
                case ses.Open(link, key):
                    self.process.later(2, partial(self._open, link, key))
                case ses.Close(link):
                    self._close(link)
                case ses.Tell(up, reason):
                    self.process.give(inp.LinkChanged(now_ms=0, link="user_stream", up=up, reason=reason))
        self._plan()

    def _create_key(self) -> None:
        settled: list[bool] = []

        def heard(reply: HttpOutcome | None) -> None:
            if settled:
                return
            settled.append(True)
            key = key_in(reply)
            self._do(self.session.key_ready(self._now_ms, key) if key else self.session.key_failed(self._now_ms))

        self.process.wire.exchange(listen_key_request(), heard)
        self.process.later(self.world.settings.request_timeout_ms, lambda: heard(None))

    def _extended(self, reply: HttpOutcome | None) -> None:
        if reply is not None and reply.status == 200:
            self._do(self.session.extended(self._now_ms))
        else:
            self._do(self.session.extend_failed(self._now_ms, gone=False))

    def _open(self, link: int, key: str) -> None:
        conn = self.world.connect(f"/private/ws/{key}")
        if conn is None:
            self._do(self.session.open_failed(self._now_ms, link))
            return
        self.links[conn] = link
        self._do(self.session.opened(self._now_ms, link))

    def _close(self, link: int) -> None:
        for conn in [conn for conn, name in self.links.items() if name == link]:
            del self.links[conn]
            self.world.hang_up(conn)

    def _plan(self) -> None:
        at_ms = self.session.next_tick_ms()
        if at_ms is None or (self._tick_at_ms is not None and self._tick_at_ms <= at_ms):
            return
        self._tick_at_ms = at_ms
        self.process.later(max(1, at_ms - self._now_ms), lambda: self._tick(at_ms))

    def _tick(self, at_ms: int) -> None:
        if self._tick_at_ms == at_ms:
            self._tick_at_ms = None
            self._do(self.session.tick(self._now_ms))
