"""Connections that carry the mirrored streams: opened, subscribed, rolled before a day is over, opened again.

Pure: what is to be done comes out as actions, what has happened comes in with its time. A new connection is open and
subscribed before the one that it follows is closed, so that nothing is missed between them (protocol notes F.4, F.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

ROLL_AFTER_MS = 23 * 3_600_000
"""The venue ends a connection after 24 hours."""

OVERLAP_MS = 3_000
"""So long the old connection is listened to beside the new one."""

ROLL_EVERY_MS = 60_000
"""A connection that could not be replaced is tried to be again after so long."""

ACK_MS = 10_000
FIRST_BACKOFF_MS = 250
LONGEST_BACKOFF_MS = 60_000
STEADY_AFTER_MS = 10_000
"""A connection that lived so long was a good one: the next attempt is the first again."""


class Open(NamedTuple):
    """Open a WebSocket."""

    link: int
    target: str


class Send(NamedTuple):
    """Send a text frame."""

    link: int
    message: bytes


class Hang(NamedTuple):
    """Close a connection."""

    link: int


LinkAction = Open | Send | Hang


class _Link:
    """One connection: when it opened, and when its subscription was confirmed; None: not yet."""

    def __init__(self) -> None:
        self.opened_ms: int | None = None
        self.ready_ms: int | None = None


class Feed:
    """Some streams of one route, on one connection; on two while one takes over from the other."""

    def __init__(
        self, route: str, names: Sequence[str], *, numbers: Iterator[int], jitter: Callable[[int], int]
    ) -> None:
        """`numbers` gives every connection of the mirror a number. `jitter(pause)` is added to a pause, in ms."""
        self.route = route
        self.names = list(names)
        self.heard_ms = 0
        self._numbers = numbers
        self._jitter = jitter
        self._links: dict[int, _Link] = {}
        self._failures = 0
        self._retry_ms: int | None = None
        self._rolled_ms = 0

    @property
    def ready(self) -> bool:
        """Whether a connection carries the streams."""
        return any(link.ready_ms is not None for link in self._links.values())

    def start(self, now_ms: int) -> list[LinkAction]:
        """Open a connection, beside one that there may be."""
        self._retry_ms = None
        self._rolled_ms = now_ms
        number = next(self._numbers)
        self._links[number] = _Link()
        return [Open(number, f"/{self.route}/stream")]

    def opened(self, now_ms: int, number: int) -> list[LinkAction]:
        """A connection is open: ask for its streams, all with one message."""
        link = self._links.get(number)
        if link is None:
            return [Hang(number)]
        link.opened_ms = self.heard_ms = now_ms
        return [Send(number, msgspec.json.encode({"method": "SUBSCRIBE", "params": self.names, "id": number}))]

    def confirmed(self, now_ms: int, number: int) -> None:
        """The venue took the subscription."""
        link = self._links.get(number)
        if link is not None and link.ready_ms is None:
            link.ready_ms = now_ms

    def refused(self, number: int) -> list[LinkAction]:
        """The venue did not take the subscription: leave the connection, and begin again after a pause."""
        return [Hang(number)]

    def closed(self, now_ms: int, number: int) -> None:
        """A connection has ended, or could not be opened."""
        link = self._links.pop(number, None)
        if link is None:
            return
        steady = link.opened_ms is not None and now_ms - link.opened_ms >= STEADY_AFTER_MS
        if not self._links:
            self._failures = 0 if steady else self._failures + 1
            self._retry_ms = now_ms + self._pause_ms()

    def _pause_ms(self) -> int:
        """At once after a good connection, then twice as long each time; with what the caller adds."""
        pause_ms = FIRST_BACKOFF_MS << min(self._failures - 1, 10) if self._failures else 0
        pause_ms = min(pause_ms, LONGEST_BACKOFF_MS)
        return pause_ms + self._jitter(pause_ms) if pause_ms else 0

    def roll(self, now_ms: int) -> list[LinkAction]:
        """Replace the connection, unless that is under way or was tried less than a minute ago."""
        if len(self._links) != 1 or not self.ready or now_ms - self._rolled_ms < ROLL_EVERY_MS:
            return []
        return self.start(now_ms)

    def tick(self, now_ms: int) -> list[LinkAction]:
        """Do what is due."""
        if self._retry_ms is not None:
            return self.start(now_ms) if now_ms >= self._retry_ms else []
        actions: list[LinkAction] = []
        for number, link in self._links.items():
            if link.opened_ms is not None and link.ready_ms is None and now_ms - link.opened_ms >= ACK_MS:
                actions.append(Hang(number))
        newest = max(self._links, default=0)
        ready_ms = self._links[newest].ready_ms if newest else None
        if ready_ms is None:
            return actions
        if len(self._links) > 1 and now_ms - ready_ms >= OVERLAP_MS:
            for number in [one for one in self._links if one != newest]:
                del self._links[number]
                actions.append(Hang(number))
        elif now_ms - ready_ms >= ROLL_AFTER_MS:
            actions += self.roll(now_ms)
        return actions
