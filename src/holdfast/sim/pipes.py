"""One direction of one connection: what goes in comes out in order, each at its time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Generic, TypeVar

Item = TypeVar("Item")

SECOND_US = 1_000_000


class Pipe(Generic[Item]):
    """Items come out in the order they went in, each at its time. What comes out runs in `context`."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, deliver: Callable[[Item], None], context: Context | None = None
    ) -> None:
        """`deliver` is called with each item when it arrives. `context` None: that of whoever puts something in."""
        self._loop = loop
        self._deliver = deliver
        self._context = context
        self._queue: deque[tuple[float, Item]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def put(self, item: Item, delay_us: int) -> None:
        """Send an item; it arrives `delay_us` from now, but never before one that was sent earlier."""
        at = self._loop.time() + delay_us / SECOND_US
        queue = self._queue
        queue.append((max(at, queue[-1][0]) if queue else at, item))
        self._arm()

    def overtake(self, item: Item, may: Callable[[Item, Item], bool]) -> bool:
        """Put an item in front of the last one under way, if `may(item, last)`. Answers whether it was done."""
        if not self._queue or not may(item, self._queue[-1][1]):
            return False
        at, last = self._queue.pop()
        self._queue.append((at, item))
        self._queue.append((at, last))
        return True

    def cut(self) -> None:
        """Lose everything that is under way."""
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._queue and self._timer is None:
            self._timer = self._loop.call_at(self._queue[0][0], self._arrive, context=self._context)

    def _arrive(self) -> None:
        self._timer = None
        now = self._loop.time()
        try:
            while self._queue and self._queue[0][0] <= now:
                self._deliver(self._queue.popleft()[1])
        finally:
            # An error of whoever receives is the loop's to report; the rest of the stream still arrives.
            self._arm()
