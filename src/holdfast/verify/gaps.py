"""After a gap of the user stream everything is read again (fault B1): anything may have been missed.

The list of all open orders is what nothing but such a round asks for. It must be asked for soon after the only private
connection has come back, by a process that lives so long. While the venue puts requests off for their weight, the round
waits as well (RULES 15: a throttle is its own class).
"""

from __future__ import annotations

from typing import Final

from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.evidence import is_signed_read, put_off_until_us, says_wait
from holdfast.verify.liveness import Liveness
from holdfast.verify.obligation import DEAD
from holdfast.verify.records import ConnectionLine, Reply, Request

PRIVATE: Final = "/private"
ASKED_FOR: Final = "openOrders"
ORDERS_ONLY: Final = -1015
"""A refusal that concerns orders alone; reads go on."""
SOON_US: Final = 15_000_000
"""Reads may have to wait for a rate window; longer than this they have not even been asked for."""


class Gaps(Check):
    """Follows the private connections of the account."""

    def __init__(self, scene: Scene, liveness: Liveness) -> None:
        super().__init__(scene)
        liveness.listeners.append(self._on_live)
        self._liveness = liveness
        self._open: set[int | str] = set()
        self._had = False
        """Whether this process has had a private connection before."""
        self._due: tuple[int, int] | None = None
        """(µs, number in the log) since which a round is due."""
        self._via: dict[int, str] = {}
        """How each request went that has no answer yet."""
        self._put_off_us = 0
        """Until when the venue has put off everything that weighs."""

    def after(self) -> LineHandlers:
        """Connections, what is asked, and what was put off."""
        return {ConnectionLine: self._on_connection, Request: self._on_request, Reply: self._on_reply}

    def finish(self) -> None:
        """A round that is still due when the record ends."""
        self._judge(self.state.us)

    def _on_connection(self, line: ConnectionLine) -> None:
        if line.ev == "close":
            self._open.discard(line.conn)
        elif line.ev == "open" and line.path.startswith(PRIVATE):
            if self._had and not self._open and self._liveness.live:
                self._due = self._due or (line.us, line.n)
            self._had = True
            self._open.add(line.conn)

    def _on_request(self, line: Request) -> None:
        self._via[line.n] = line.via
        if ASKED_FOR in line.method and is_signed_read(line) and "symbol" not in line.params:
            self._judge(line.us)
            self._due = None

    def _on_reply(self, line: Reply) -> None:
        via = self._via.pop(line.req, None)
        if via is not None and line.code != ORDERS_ONLY and says_wait(line, via):
            self._put_off_us = max(self._put_off_us, put_off_until_us(line, 0))

    def _judge(self, us: int) -> None:
        if self._due is not None and us - max(self._due[0], self._put_off_us) > SOON_US:
            self.found.violated(
                "I24",
                f"the user stream came back, and for {(us - self._due[0]) // 1_000} ms nobody read what it had missed",
                ns=[self._due[1]],
            )
            self._due = None

    def _on_live(self, us: int, *, live: bool, absence: str) -> None:
        """A process that ends owes nothing more; the next one reads everything anyway."""
        self._judge(us)
        self._open.clear()
        self._had, self._due = False, None
        if live and absence == DEAD:
            self._put_off_us = 0  # A new process was not told what the one before it heard.
