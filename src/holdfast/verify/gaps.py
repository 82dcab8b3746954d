"""After a gap of the user stream everything is read again (fault B1): anything may have been missed.

The list of all open orders is what nothing but such a round asks for. It must be asked for soon after the only private
connection has come back, by a process that lives so long. While the venue puts requests off for their weight, the round
waits as well (RULES 15: a throttle is its own class). So it does while the engine's own requests leave no room for the
list in what may wait for a window (RULES 12), until that minute turns and no longer.
"""

from __future__ import annotations

from typing import Any, Final

from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.evidence import MINUTE_US, is_signed_read, put_off_until_us, says_wait
from holdfast.verify.liveness import Liveness
from holdfast.verify.obligation import DEAD
from holdfast.verify.rates import Window
from holdfast.verify.records import ConnectionLine, ControlLine, Reply, Request, Start

PRIVATE: Final = "/private"
ASKED_FOR: Final = "openOrders"
ORDERS_ONLY: Final = -1015
"""A refusal that concerns orders alone; reads go on."""
SOON_US: Final = 15_000_000
"""A read that may go is asked for within this time, whatever else is asked before it."""
WEIGHT: Final = "weight_per_minute"
LIST_WEIGHT: Final = 40
"""What the list of the whole account weighs (protocol notes C.4)."""


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
        """Until when the venue, or the engine's own budget, has put off everything that weighs."""
        self._weight = Window(MINUTE_US, "request weight of a minute")

    def after(self) -> LineHandlers:
        """Connections, what is asked, and what was put off."""
        return {
            Start: lambda line: self._limit(line.limits or {}, line.us),
            ControlLine: lambda line: self._limit((line.set or {}) if line.what == "limits" else {}, line.us),
            ConnectionLine: self._on_connection,
            Request: self._on_request,
            Reply: self._on_reply,
        }

    def finish(self) -> None:
        """A round that is still due when the record ends."""
        self._judge(self.state.us)

    def _limit(self, told: dict[str, Any], us: int) -> None:
        if WEIGHT in told:
            self._weight.change(told[WEIGHT], us)

    def _spend(self, weight: int, us: int) -> None:
        """Count what was asked; without room for the list in its share, the list waits for the turn of the minute."""
        self._weight.add(weight, us, us)
        if self._weight.leaves_no_room_for(LIST_WEIGHT):
            self._put_off_us = max(self._put_off_us, (us // MINUTE_US + 1) * MINUTE_US)

    def _on_connection(self, line: ConnectionLine) -> None:
        self._spend(line.weight, line.us)
        if line.ev == "close":
            self._open.discard(line.conn)
        elif line.ev == "open" and line.path.startswith(PRIVATE):
            if self._had and not self._open and self._liveness.live:
                self._due = self._due or (line.us, line.n)
            self._had = True
            self._open.add(line.conn)

    def _on_request(self, line: Request) -> None:
        self._via[line.n] = line.via
        self._spend(line.weight, line.us)
        if ASKED_FOR in line.method and is_signed_read(line) and "symbol" not in line.params:
            self._judge(line.us)
            self._due = None

    def _on_reply(self, line: Reply) -> None:
        via = self._via.pop(line.req, None)
        if via is not None and line.code != ORDERS_ONLY and says_wait(line, via):
            # Heard when the next window has begun, it puts off until that one's turn.
            heard_later_us = (self.options.lag_ms + self.options.clock_error_ms) * 1_000
            self._put_off_us = max(self._put_off_us, put_off_until_us(line, -heard_later_us))

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
