"""A market that is told while it happens, as a source like any other: a queue without an end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from holdfast.paper.market.market import MarketEvent


class LiveMarket:
    """A `MarketSource` that is filled from outside. Empty does not mean over: pulled again, it has more.

    Its events are due as soon as they are there, so each carries the time 0.
    """

    def __init__(self) -> None:
        """Start empty. `wake` is called when an event comes to an empty queue; whoever plays the market sets it."""
        self.wake: Callable[[], None] = _nobody
        self._waiting: deque[tuple[int, MarketEvent]] = deque()

    def push(self, event: MarketEvent) -> None:
        """The market moved."""
        first = not self._waiting
        self._waiting.append((0, event))
        if first:
            self.wake()

    def __iter__(self) -> LiveMarket:
        """The market itself."""
        return self

    def __next__(self) -> tuple[int, MarketEvent]:
        """The oldest event. Raises `StopIteration` while there is none."""
        if not self._waiting:
            raise StopIteration
        return self._waiting.popleft()


class LiveSource(Protocol):
    """Fills the market while it happens, in the server's own loop."""

    async def start(self, symbols: Sequence[str], wake: Callable[[], None], fail: Callable[[str], None]) -> None:
        """Begin, for an exchange of these symbols; return when the market is there, or is not to be waited for.

        `wake` is to be called when the market has something to tell, `fail` when it never will again.
        """

    async def close(self) -> None:
        """End."""


def _nobody() -> None:
    """Nobody plays this market yet; what comes waits."""
