"""A duty of the engine in time: when it began, when the engine could know, and when it acted (RULES 15).

Covering a position and removing an orphan are measured alike. The time between two acts is a stretch. Only what a
live engine leaves undone after evidence reached it breaks a promise; the rest has classes of its own and is counted.
"""

from __future__ import annotations

from typing import Final

LIVE: Final = "live"
DEAD: Final = "dead"
UNREACHABLE: Final = "unreachable"
THROTTLED: Final = "throttled"
KEY_REFUSED: Final = "key_refused"
CLASSES: Final = (LIVE, THROTTLED, KEY_REFUSED, DEAD, UNREACHABLE)


REFUSAL_LASTS_US: Final = 60_000_000
"""A refusal explains what follows for at most the longest rate window of the venue."""


class Refusal:
    """The last act's refusal, for duties that begin after it."""

    __slots__ = ("_kind", "_us")

    def __init__(self) -> None:
        self._kind = ""
        self._us = 0

    def note(self, us: int, kind: str) -> None:
        """An act was turned away; "" when a new one has been made."""
        self._kind, self._us = kind, us

    def known_by(self, us: int) -> bool:
        """Whether it was made at that time already: what left before that was on its way all the same."""
        return self._us <= us

    def at(self, us: int) -> str:
        """The class that holds at a time, "" for none."""
        return self._kind if us - self._us <= REFUSAL_LASTS_US else ""


class Obligation:
    """One duty. All times are venue time in microseconds.

    `longest` is the longest stretch per class. `informed_us` and `silent_us` are the longest parts of live stretches
    after, and before, evidence reached the engine.
    """

    __slots__ = (
        "_evidence_us",
        "_live",
        "_since_us",
        "_trouble",
        "informed_us",
        "longest",
        "silent_us",
        "start_n",
        "start_us",
    )

    def __init__(self, us: int, n: int, *, live: bool, informed: bool = False, refused: str = "") -> None:
        self.start_us, self.start_n = us, n
        self.longest: dict[str, int] = {}
        self.informed_us = 0
        self.silent_us = 0
        self._since_us = us
        self._live = live
        self._evidence_us = us if informed and live else None
        self._trouble = refused or LIVE

    def inform(self, us: int) -> None:
        """Evidence was delivered."""
        if self._live and self._evidence_us is None:
            self._evidence_us = us

    def act(self, us: int) -> None:
        """A request that does the duty has arrived."""
        self._close(us, DEAD)
        self._trouble = LIVE

    def forget(self) -> None:
        """What the last act left undone is news: it needs evidence of its own."""
        self._evidence_us = None

    def refuse(self, trouble: str) -> None:
        """The venue turned the last act away for a reason that has its own class."""
        self._trouble = trouble

    def turn(self, us: int, *, live: bool, absence: str) -> None:
        """The engine came or went. `absence` is the class of the time that ends when it comes."""
        if live == self._live:
            return
        self._close(us, absence)
        self._live = live
        if live and absence != UNREACHABLE:
            self._trouble = LIVE  # Whom the venue had turned away is dead; a process that was out of reach still waits.
        # A new process knows nothing until it has asked; the old one's knowledge died with it.
        self._evidence_us = None

    def end(self, us: int, absence: str) -> None:
        """The duty is done, or the record ends."""
        self._close(us, absence)

    def _close(self, us: int, absence: str) -> None:
        length = us - self._since_us
        if length > 0:
            kind = self._trouble if self._live else absence
            self.longest[kind] = max(self.longest.get(kind, 0), length)
            if kind == LIVE:
                informed = 0 if self._evidence_us is None else us - max(self._since_us, self._evidence_us)
                self.informed_us = max(self.informed_us, informed)
                self.silent_us = max(self.silent_us, length - informed)
            self._since_us = us
