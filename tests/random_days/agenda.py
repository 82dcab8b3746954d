"""Virtual time: what happens when."""

from __future__ import annotations

import heapq
from collections.abc import Callable

Act = Callable[[], None]


class Agenda:
    """Acts in the order of their time, and of their planning within a millisecond."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self._planned: list[tuple[int, int, Act]] = []
        self._count = 0

    def at(self, at_ms: int, act: Act) -> None:
        """Plan an act; what should have happened already happens as soon as possible."""
        self._count += 1
        heapq.heappush(self._planned, (max(at_ms, self.now_ms), self._count, act))

    def take(self, until_ms: int) -> tuple[int, Act] | None:
        """The next act that is due by then, with its time."""
        if not self._planned or self._planned[0][0] > until_ms:
            return None
        at_ms, _, act = heapq.heappop(self._planned)
        return at_ms, act
