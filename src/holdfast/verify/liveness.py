"""When an engine was live (RULES 15): from the venue's receipt of a process's first signed read to its death.

A death is seen when the last connection of the account closes. A process that never had one ends with its last
request, which shows when the next one starts. A gap without a new start in the journal is no death: the venue was
out of reach.

A process connects and asks for the symbol rules shortly before it writes its start; that is the beginning of its life,
and not the end of an absence of the one before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from holdfast.verify.base import Check, LineHandlers, MomentHandlers, Scene
from holdfast.verify.evidence import is_signed, is_signed_read
from holdfast.verify.journal_view import Moment, MomentKind
from holdfast.verify.obligation import DEAD, UNREACHABLE
from holdfast.verify.options import Options
from holdfast.verify.records import ConnectionLine, PushLine, Request

_FOR_EVER: Final = 1 << 62
BOOT_US: Final = 5_000_000
"""How long before its start in the journal a process may have opened its connections."""


class LiveListener(Protocol):
    """Told of each change: the time, whether an engine is live now, and the class of an absence that ends."""

    def __call__(self, us: int, *, live: bool, absence: str) -> None: ...


class Liveness(Check):
    """Follows the engine's life through the log, or through the windows that the caller knows."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.live = False
        self.absence = DEAD
        self.processes = 0
        self.listeners: list[LiveListener] = []
        self._known = _changes(scene) if scene.options.live is not None else None
        self._starts = [us for _, us in scene.journal.starts]
        self._open: dict[int | str, int] = {}
        """Connections of the account → since when, µs."""
        self._last_request_us = 0
        self._restarted = True
        self._begun = False
        """Whether the journal told of a start yet."""

    def before(self) -> LineHandlers:
        """Connections and requests tell of life, unless the caller does."""
        if self._known is not None:
            return {}
        return {Request: self._on_request, ConnectionLine: self._on_connection, PushLine: self._on_push}

    def moments(self) -> MomentHandlers:
        """A start in the journal separates two processes."""
        return {} if self._known is not None else {MomentKind.ENGINE_STARTED: self._on_engine_started}

    def ticks(self) -> Callable[[int], None] | None:
        """Windows told by the caller turn with time."""
        return self._follow_known if self._known is not None else None

    def finish(self) -> None:
        """A live process without connections was last heard of with its last request."""
        if self.live and self._known is None and not self._open:
            self._turn(self._last_request_us, live=False)

    def _turn(self, us: int, *, live: bool) -> None:
        if live == self.live:
            return
        self.live = live
        if live:
            self.absence = DEAD if self._restarted else UNREACHABLE
            self.processes += self._restarted
            self._restarted = False
        for listener in self.listeners:
            listener(us, live=live, absence=self.absence)

    def _on_request(self, line: Request) -> None:
        if not is_signed(line):
            return
        self._last_request_us = line.us
        if line.conn is not None:
            self._open.setdefault(line.conn, line.us)
        if not self.live and not self._is_boot(line.us) and (is_signed_read(line) if self._restarted else self._open):
            self._turn(line.us, live=True)

    def _on_connection(self, line: ConnectionLine) -> None:
        if line.ev == "close":
            had = self._open.pop(line.conn, None) is not None
            if had and not self._open:
                self._turn(line.us, live=False)
        elif line.account is not None:
            self._open.setdefault(line.conn, line.us)

    def _on_push(self, line: PushLine) -> None:
        self._open.setdefault(line.conn, line.us)

    def _is_boot(self, us: int) -> bool:
        """Whether this is a process that has not written its start yet, but soon will."""
        if self._restarted and self._begun:
            return False
        place = bisect_right(self._starts, us)
        return place < len(self._starts) and self._starts[place] - us <= BOOT_US

    def _on_engine_started(self, moment: Moment) -> None:
        fresh = {conn: us for conn, us in self._open.items() if us >= moment.us - BOOT_US}
        died_us = moment.us if len(self._open) > len(fresh) else self._last_request_us
        self._open = fresh
        self._turn(died_us, live=False)
        self._restarted = self._begun = True

    def changes_until(self, us: int) -> list[int]:
        """When an engine came or went, by the caller's word, up to a time that has not been passed yet."""
        return [at_us for at_us, _, _ in self._known or () if at_us <= us]

    def _follow_known(self, us: int) -> None:
        assert self._known is not None, "invariant: only known windows are followed"
        while self._known and self._known[0][0] <= us:
            at_us, live, absence = self._known.pop(0)
            self._restarted = absence == DEAD
            self._turn(at_us, live=live)


def spans(options: Options) -> Iterator[tuple[int, int, str]]:
    """By the caller's word: from when until when (µs) a process ran and could reach the venue, and what was before."""
    troubles = sorted((trouble.start_us, trouble.end_us or _FOR_EVER) for trouble in options.unreachable)
    for window in options.live or ():
        yield from _reached(window.start_us, window.end_us or _FOR_EVER, troubles)


def _changes(scene: Scene) -> list[tuple[int, bool, str]]:
    """When an engine came, after an absence of which class, and when it went."""
    changes: list[tuple[int, bool, str]] = []
    for start_us, end_us, absence in spans(scene.options):
        changes.append((start_us, True, absence))
        if end_us != _FOR_EVER:
            changes.append((end_us, False, ""))
    # In the order of their times alone: a process that was out of reach from its beginning came before it went.
    return sorted(changes, key=lambda change: change[0])


def _reached(start_us: int, end_us: int, troubles: list[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """What the troubles of the network leave of a process's life."""
    absence = DEAD
    for trouble_us, over_us in troubles:
        if over_us <= start_us or trouble_us >= end_us:
            continue
        if trouble_us > start_us or absence == DEAD:
            # One that began in a trouble is another process all the same, and what it is told from then on is its own.
            yield start_us, max(start_us, trouble_us), absence
            absence = UNREACHABLE
        start_us = over_us
    if start_us < end_us:
        yield start_us, end_us, absence
