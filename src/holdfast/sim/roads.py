"""How bytes travel between a process and the venue: how long they take, and what does not arrive.

`Steady` is a network without moods. `Weather` has a base latency with spikes, drawn from a seed, and everything that
can be done to it on purpose: partitions, resets (also in the middle of a frame), lost requests and replies, doubled
reads, events that overtake each other.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

import msgspec

ROUTES: Final = ("rest", "ws-fapi", "private", "public", "market")
"""The kinds of connections that an engine has, by the first part of their path."""
REST: Final = "rest"
PRIVATE: Final = "private"

PATIENCE_US: Final = 3_000_000
"""How long the engine waits for the answer to a write; for those to its reads it waits less."""


class Fate(StrEnum):
    """What becomes of one message."""

    ARRIVES = "arrives"
    LOST = "lost"
    """It is swallowed, and nobody is told."""
    RESET = "reset"
    """The connection breaks off before it has arrived whole."""
    DOUBLED = "doubled"
    """It arrives twice (reads only: nothing on the way repeats a write)."""


def route_of(target: str) -> str:
    """The route of a WebSocket target."""
    return target.lstrip("/").split("/", 1)[0].split("?", 1)[0]


class Roads(Protocol):
    """What the network asks before it carries anything."""

    def travel_us(self, route: str, *, up: bool) -> int:
        """How long the next message takes in one direction, microseconds."""

    def request_fate(self, method: str, size: int) -> Fate:
        """What becomes of an HTTP request of so many bytes."""

    def reply_fate(self, size: int) -> Fate:
        """What becomes of an HTTP reply."""

    def frame_fate(self, route: str, size: int, *, up: bool) -> Fate:
        """What becomes of a WebSocket frame: arrives, or the connection breaks off in the middle of it."""

    def overtaking(self, route: str) -> bool:
        """Whether a frame of another kind may overtake the one before it now."""


class Steady:
    """Everything arrives, after the same time."""

    def __init__(self, latency_us: int) -> None:
        """`latency_us`: one way, 0 or more."""
        assert latency_us >= 0, "invariant: bytes do not arrive before they were sent"
        self.latency_us = latency_us

    def travel_us(self, route: str, *, up: bool) -> int:
        """Always the same."""
        return self.latency_us

    def request_fate(self, method: str, size: int) -> Fate:
        """It arrives."""
        return Fate.ARRIVES

    def reply_fate(self, size: int) -> Fate:
        """It arrives."""
        return Fate.ARRIVES

    def frame_fate(self, route: str, size: int, *, up: bool) -> Fate:
        """It arrives."""
        return Fate.ARRIVES

    def overtaking(self, route: str) -> bool:
        """Never."""
        return False


class Climate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the network is like when nothing is done to it, one way, in microseconds.

    Every `spike_every`-th message or so takes up to `spike_us` longer; 0 = none does.
    """

    latency_us: int = 500
    jitter_us: int = 200
    spike_every: int = 0
    spike_us: int = 0


class Weather:
    """The `Roads` of a simulation, with a base latency and whatever was done to them."""

    def __init__(self, climate: Climate, seed: int, now_us: Callable[[], int]) -> None:
        """`now_us` tells the simulation's time in microseconds."""
        self.climate = climate
        self._now_us = now_us
        self.counts: Counter[str] = Counter()
        """How often each thing really happened to a message."""
        self.troubles: list[tuple[int, int]] = []
        """From when until when everything was late, or a request could not be answered: nobody's fault (RULES 15)."""
        self.deaf: list[tuple[int, int]] = []
        """From when until when user events were held up."""
        self._random = random.Random(seed)
        self._held_until_us: dict[str, int] = {}
        self._slow_until_us = 0
        self._slow_by_us = 0
        self._bytes_left: dict[tuple[str, bool], int] = {}
        self._requests_lost = 0
        self._replies_lost = 0
        self._reads_doubled = 0
        self._overtaking_until_us = 0

    # What can be done to it.

    def hold(self, routes: tuple[str, ...], ms: int) -> None:
        """A partition: nothing of these routes arrives, in either direction, until it ends; then all of it does."""
        for route in routes:
            until_us = self._now_us() + ms * 1_000
            self._held_until_us[route] = max(until_us, self._held_until_us.get(route, 0))
        # What a process sends may take the way that is open; what it has to read has one way only (RULES 7, 12).
        if REST in routes:
            self._in_trouble(ms * 1_000)
        if PRIVATE in routes:
            self.deaf.append((self._now_us(), self._now_us() + ms * 1_000))

    def slow(self, by_ms: int, ms: int) -> None:
        """Everything takes up to `by_ms` longer for a while."""
        self._slow_by_us, self._slow_until_us = by_ms * 1_000, self._now_us() + ms * 1_000
        self._in_trouble(ms * 1_000 + 2 * self._slow_by_us)

    def break_after(self, route: str, size: int, *, up: bool) -> None:
        """The connection breaks off after so many further bytes in one direction."""
        self._bytes_left[route, up] = size

    def lose_requests(self, count: int) -> None:
        """The next HTTP requests are swallowed."""
        self._requests_lost += count

    def lose_replies(self, count: int) -> None:
        """The replies to the next HTTP requests are swallowed."""
        self._replies_lost += count

    def double_reads(self, count: int) -> None:
        """The next HTTP reads arrive twice."""
        self._reads_doubled += count

    def overtake(self, ms: int) -> None:
        """For a while, user events of different kinds overtake each other."""
        self._overtaking_until_us = self._now_us() + ms * 1_000

    def calm(self) -> None:
        """Everything is well from now on."""
        self.climate = Climate()
        self._held_until_us.clear()
        self._bytes_left.clear()
        self._slow_until_us = self._requests_lost = self._replies_lost = self._reads_doubled = 0
        self._overtaking_until_us = 0

    # What the network asks.

    def travel_us(self, route: str, *, up: bool) -> int:
        """Base latency, jitter, now and then a spike, and whatever holds the route up."""
        climate = self.climate
        delay = climate.latency_us + self._random.randint(0, climate.jitter_us)
        if climate.spike_every and not self._random.randrange(climate.spike_every):
            delay += self._random.randint(0, climate.spike_us)
        if self._slow_until_us and self._now_us() < self._slow_until_us:
            delay += self._random.randint(0, self._slow_by_us)
            self.counts["slowed"] += 1
        until_us = self._held_until_us.get(route)
        if until_us is not None and until_us > self._now_us():
            self.counts["held"] += 1
            delay += until_us - self._now_us()
        return delay

    def request_fate(self, method: str, size: int) -> Fate:
        """Swallowed, broken off in the middle, or doubled, if that was ordered."""
        if self._requests_lost:
            self._requests_lost -= 1
            return self._lost("request")
        if self._breaks(REST, size, up=True):
            return self._count(Fate.RESET, "request")
        if self._reads_doubled and method == "GET":
            self._reads_doubled -= 1
            return self._count(Fate.DOUBLED, "request")
        return Fate.ARRIVES

    def reply_fate(self, size: int) -> Fate:
        """Swallowed, or broken off in the middle, if that was ordered."""
        if self._replies_lost:
            self._replies_lost -= 1
            return self._lost("reply")
        if self._breaks(REST, size, up=False):
            self.troubles.append((self._now_us(), self._now_us()))  # Its sender knows at once; what it said is lost.
            return self._count(Fate.RESET, "reply")
        return Fate.ARRIVES

    def frame_fate(self, route: str, size: int, *, up: bool) -> Fate:
        """Broken off in the middle, if that was ordered."""
        if self._breaks(route, size, up=up):
            return self._count(Fate.RESET, f"{route} frame")
        return Fate.ARRIVES

    def overtaking(self, route: str) -> bool:
        """By chance, while it was ordered; only user events do."""
        if route != PRIVATE or self._now_us() >= self._overtaking_until_us:
            return False
        return self._random.random() < 0.5

    def _breaks(self, route: str, size: int, *, up: bool) -> bool:
        left = self._bytes_left.get((route, up))
        if left is None:
            return False
        if left >= size:
            self._bytes_left[route, up] = left - size
            return False
        del self._bytes_left[route, up]
        return True

    def _in_trouble(self, us: int) -> None:
        """For so long, and as long as the way there and back takes what leaves, or is let go, in the last moment."""
        climate = self.climate
        way_us = climate.latency_us + climate.jitter_us + climate.spike_us
        self.troubles.append((self._now_us(), self._now_us() + us + 2 * way_us))

    def _lost(self, what: str) -> Fate:
        """Nobody is told: whoever waits for an answer learns of it when he gives up."""
        self.troubles.append((self._now_us(), self._now_us() + PATIENCE_US))
        return self._count(Fate.LOST, what)

    def _count(self, fate: Fate, what: str) -> Fate:
        self.counts[f"{what} {fate.value}"] += 1
        return fate
