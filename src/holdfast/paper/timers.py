"""Things due at a later venue time, run in order of their time and then of their making."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

Action = Callable[[int], None]


class Timers:
    """A heap of actions. An action learns the venue time at which it runs."""

    def __init__(self) -> None:
        """Start with nothing due."""
        self._heap: list[tuple[int, int, Action]] = []
        self._made = 0

    def __len__(self) -> int:
        """How many actions wait."""
        return len(self._heap)

    def at(self, due_us: int, action: Action) -> None:
        """Run `action` once at `due_us` or as soon after it as time is told."""
        self._made += 1
        heappush(self._heap, (due_us, self._made, action))

    def next_due_us(self) -> int | None:
        """When the next action is due, or None."""
        return self._heap[0][0] if self._heap else None

    def run(self, now_us: int) -> None:
        """Run everything due by now, actions that these add included."""
        while self._heap and self._heap[0][0] <= now_us:
            _, _, action = heappop(self._heap)
            action(now_us)
