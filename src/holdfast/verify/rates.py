"""I25: the pace of requests. What can wait leaves 30 % of every limit free, and waits when told to (RULES 12).

A window is the venue's own: a minute of weight, ten seconds and a minute of orders, each aligned to the clock. Only our
own requests are counted, each in the window in which it left and arrived; one that crossed a turn is in none.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum
from typing import Any, Final, NamedTuple

from holdfast.model.ids import Role, is_kill, role_of
from holdfast.verify.base import Check, LineHandlers, MomentHandlers, Scene
from holdfast.verify.evidence import (
    BAN,
    MINUTE_US,
    WRITES,
    Shows,
    Verb,
    cancelled_id_of,
    client_id_of,
    put_off_until_us,
    says_wait,
    shows,
)
from holdfast.verify.journal_view import Moment, MomentKind
from holdfast.verify.liveness import BOOT_US, Liveness
from holdfast.verify.obligation import DEAD
from holdfast.verify.records import ConnectionLine, ControlLine, Reply, Request, Start


class Use(StrEnum):
    """What a request is for, as far as its pace goes."""

    COVER = "cover"
    CANCEL = "cancel"
    LOOK = "look"
    KEEP = "keep"
    OPEN = "open"


START_US: Final = 30_000_000
"""How long after its start a process may read with the reserve: it must learn what is open."""
LEARN_US: Final = 60_000_000
"""How long a limit that the venue lowered may go unnoticed: both are read every minute (RULES 12)."""
OPEN_PERCENT: Final = 70

WINDOWS: Final[dict[str, tuple[int, str]]] = {
    "weight_per_minute": (MINUTE_US, "request weight of a minute"),
    "orders_per_10_seconds": (10_000_000, "orders of ten seconds"),
    "orders_per_minute": (MINUTE_US, "orders of a minute"),
}
"""The limits by the name that the log gives them: the length of the window, and what it counts."""

RULES: Final = frozenset({"exchangeInfo", "leverageBracket"})
"""By rules that have changed a close may be refused."""
KEPT: Final = frozenset({"time", "listenKey", "ping", "userDataStream.start", "userDataStream.ping"})
"""Requests without which nothing can be signed or heard."""


class Pause(NamedTuple):
    """When it was known that something has to wait, until when, µs, the reply that said so, and the connection on which
    it came, None over REST."""

    known_us: int
    until_us: int
    n: int
    conn: int | str | None


class Window:
    """One counter of ours. `limit` None: lifted."""

    __slots__ = ("_arrived", "count", "index", "length_us", "limit", "lowered_us", "most", "told", "words")

    def __init__(self, length_us: int, words: str) -> None:
        self.length_us, self.words = length_us, words
        self.limit: int | None = None
        self.lowered_us = 0
        self.index = -1
        self.count = 0
        self.most = 0
        self.told = -1
        """The window of which a violation was noted."""
        self._arrived: list[tuple[int, int, bool]] = []
        """When each of this window left, µs, what it weighs, and whether it can wait."""

    def change(self, limit: int | None, us: int) -> None:
        """The venue's limit is another from now on; a lower one is judged when it must be known."""
        if self.limit is not None and limit is not None and limit < self.limit:
            self.lowered_us = us + LEARN_US
        self.limit = limit

    def add(self, amount: int, us: int, sent_us: int, *, waits: bool = False) -> None:
        """Count something that arrived; whether it is of what can wait."""
        index = us // self.length_us
        if index != self.index:
            self.index, self.count = index, 0
            self._arrived.clear()
        self.count += amount
        self.most = max(self.most, self.count)
        self._arrived.append((sent_us, amount, waits))

    def leaves_no_room_for(self, amount: int) -> bool:
        """Whether so much more would be beyond the share of what can wait."""
        return self.limit is not None and _beyond(self.count + amount, self.limit)

    def exceeded(self, us: int, sent_us: int) -> bool:
        """Whether what can wait has used more than its share; once per window.

        A network that held requests back lets them arrive in another order: what left later is not held against it. Of
        two that left in one millisecond nobody can tell the order; what may use the rest of the limit may be the later.
        """
        limit = self.limit
        if limit is None or us < self.lowered_us or self.told == self.index or not _beyond(self.count, limit):
            return False
        before = (each for each in self._arrived if each[0] < sent_us or (each[0] == sent_us and each[2]))
        if not _beyond(sum(amount for _, amount, _ in before), limit):
            return False
        self.told = self.index
        return True


def _beyond(count: int, limit: int) -> bool:
    return count * 100 > limit * OPEN_PERCENT


class Rates(Check):
    """Counts what we sent per window, and what we sent although the venue had said to wait."""

    def __init__(self, scene: Scene, liveness: Liveness) -> None:
        super().__init__(scene)
        self.liveness = liveness
        liveness.listeners.append(self._on_live)
        self._windows = {name: Window(*of) for name, of in WINDOWS.items()}
        self._stated = False
        self._uses: dict[int, tuple[Use, Request]] = {}
        self._pauses: dict[tuple[Use, bool], Pause] = {}
        """What has to wait: a use, and whether of it those that count as orders."""
        self._ban: Pause | None = None
        self._under_way: set[str] = set()
        """Trades and flattens that have not come to their end by the journal."""
        self._rested_us = -START_US
        """When a trade ended last: what was asked for it a moment before may arrive a moment after."""
        self._unheard_us = -START_US
        """When the stream came back: what it did not tell while it was down, only reads tell."""
        self._started_us = sorted(us for _, us in scene.journal.starts)
        self._slack_us = scene.options.clock_error_ms * 1_000

    def before(self) -> LineHandlers:
        """The state must be seen as it was when a request came."""
        return {Request: self._on_request}

    def after(self) -> LineHandlers:
        """Limits, and refusals."""
        return {
            Start: self._on_start,
            ControlLine: self._on_control,
            ConnectionLine: self._on_connection,
            Reply: self._on_reply,
        }

    def moments(self) -> MomentHandlers:
        """What is under way is exposure until it is proved to be over."""
        return {
            MomentKind.UNDER_WAY: lambda moment: self._under_way.add(moment.subject),
            MomentKind.AT_REST: self._on_rest,
        }

    def finish(self) -> None:
        """The highest counts are published."""
        if not self._stated:
            self.found.not_checked("I25 request rates", "the venue log states no limits")
            return
        for name, window in self._windows.items():
            self.found.counts[f"peak_{name}"] = window.most

    def _on_start(self, line: Start) -> None:
        self._stated = line.limits is not None
        self._change(line.limits or {}, line.us)

    def _on_control(self, line: ControlLine) -> None:
        if line.what == "limits":
            self._change(line.set or {}, line.us)

    def _change(self, limits: dict[str, Any], us: int) -> None:
        for name, window in self._windows.items():
            if name in limits:
                window.change(limits[name], us)

    def _on_connection(self, line: ConnectionLine) -> None:
        if line.ev == "close":
            self._forget_unheard(line.conn, line.us)
        if line.ev == "open" and "private" in line.path:
            self._unheard_us = line.us
        if line.weight:
            self._windows["weight_per_minute"].add(line.weight, line.us, line.us)

    def _on_rest(self, moment: Moment) -> None:
        if moment.subject in self._under_way:
            self._rested_us = moment.us
        self._under_way.discard(moment.subject)

    def _on_live(self, us: int, *, live: bool, absence: str) -> None:
        """A new process was not told what the one before it heard."""
        if live and absence == DEAD:
            self._pauses.clear()
            self._ban = None

    def _on_request(self, line: Request) -> None:
        use = self._use_of(line)
        sent_us = _sent_us(line)
        self._uses[line.n] = (use, line)
        self._check_pause(use, line, sent_us)
        for name, window in self._windows.items():
            amount = line.weight if name == "weight_per_minute" else line.orders
            if amount and self._is_inside(window, sent_us, line.us):
                window.add(amount, line.us, sent_us, waits=use is Use.OPEN)
                if use is Use.OPEN and self._stated and window.exceeded(line.us, sent_us):
                    self.found.violated(
                        "I25",
                        f"{_named(line)} brought the {window.words} to {window.count} of {window.limit};"
                        f" what can wait may use {OPEN_PERCENT} %",
                        ns=[line.n],
                    )

    def _is_inside(self, window: Window, sent_us: int, us: int) -> bool:
        """Whether a request left and arrived in one window by any clock that is right enough."""
        length_us = window.length_us
        turns = {(sent_us - self._slack_us) // length_us, (sent_us + self._slack_us) // length_us, us // length_us}
        return len(turns) == 1

    def _use_of(self, line: Request) -> Use:
        verb = WRITES.get(line.method)
        if verb in (Verb.CANCEL, Verb.CANCEL_ALGO):
            return Use.CANCEL
        if verb in (Verb.PLACE, Verb.PLACE_ALGO):
            client_id = client_id_of(line)
            covers = is_kill(client_id) or role_of(client_id) in (Role.STOP, Role.CLOSE)
            return Use.COVER if covers else Use.OPEN
        if line.method.rpartition("/")[2] in KEPT:
            return Use.KEEP
        reads = line.via == "wsapi" or line.method.startswith("GET ")
        told = shows(line)
        if told is not None and role_of(cancelled_id_of(line)) in (Role.STOP, Role.CLOSE):
            return Use.LOOK
        if told in (Shows.POSITION, Shows.ALGOS) or line.method.endswith("/openOrders"):
            return Use.LOOK
        needed = told is not None or line.method.rpartition("/")[2] in RULES
        if reads and (self._is_starting(line.us) or (needed and self._is_exposed(line.us))):
            return Use.LOOK
        return Use.OPEN

    def _is_starting(self, us: int) -> bool:
        place = bisect_right(self._started_us, us + BOOT_US)
        return place > 0 and us <= self._started_us[place - 1] + START_US

    def _is_exposed(self, us: int) -> bool:
        if us <= max(self._unheard_us + START_US, self._rested_us + self._slack_us + self.options.lag_ms * 1_000):
            return True
        if self._under_way or any(leg.amt for leg in self.state.legs.values()):
            return True
        return any(order.is_ours for order in self.state.all_open())

    def _check_pause(self, use: Use, line: Request, sent_us: int) -> None:
        """What was told to wait must wait; under a ban that is everything. Before its first signed read nobody is live,
        and a process that starts asks for the symbol rules before that."""
        if not self.liveness.live:
            return
        for pause in (self._ban, self._pauses.get((use, bool(line.orders)))):
            if pause is not None and pause.known_us < sent_us < pause.until_us - self._slack_us:
                self.found.violated(
                    "I25",
                    f"{_named(line)} was sent {(pause.until_us - sent_us) // 1_000} ms before the time to which the"
                    " venue had put it off",
                    ns=(pause.n, line.n),
                )

    def _forget_unheard(self, conn: int | str, us: int) -> None:
        """What was said on a connection just before it broke off may never have arrived."""
        self._pauses = {key: p for key, p in self._pauses.items() if p.conn != conn or p.known_us <= us}
        if self._ban is not None and self._ban.conn == conn and self._ban.known_us > us:
            self._ban = None

    def _reached_nobody(self, us: int) -> bool:
        """Whether the network was in trouble just then, by the word of who knows."""
        return any(trouble.start_us <= us <= (trouble.end_us or us) for trouble in self.options.unreachable)

    def _on_reply(self, line: Reply) -> None:
        asked = self._uses.pop(line.req, None)
        if asked is None or not says_wait(line, asked[1].via) or self._reached_nobody(line.us):
            return
        use, request = asked
        # What was on its way when the refusal came could not know of it.
        known_us = line.us + (self.options.lag_ms + self.options.clock_error_ms) * 1_000
        pause = Pause(known_us, put_off_until_us(line, self._slack_us), line.n, request.conn)
        if line.status == 418 or BAN.search(line.msg or ""):
            self._ban = pause
        if line.code == -1015:
            stopped = [(Use.OPEN, True), (use, True)]
        else:
            stopped = [(Use.OPEN, True), (Use.OPEN, False), (use, bool(request.orders))]
        for use, orders in stopped:
            # Looking is how an emergency is found; it has the reserve of its own limits.
            if use not in (Use.LOOK, Use.KEEP):
                self._pauses[use, orders] = pause


def _sent_us(line: Request) -> int:
    """When a request left, by its own stamp where it has one."""
    return line.signed_ms * 1_000 or line.us


def _named(line: Request) -> str:
    return client_id_of(line) or line.method
