"""What the mirror was told, as a recording that can be played again: lines in the form of recorded raw frames.

Depth events that wait for a snapshot are written after it, and only those that it does not hold already: a player
takes lines as they come and has nothing to wait for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from holdfast.paper.market.market import DepthDiff, MarketEvent
from holdfast.paper.sources.mirror_book import MOST_WAITING


class Tape:
    """Writes lines to `record`, each with its line end; without one nothing is kept."""

    def __init__(self, record: Callable[[bytes], None] | None) -> None:
        """Nothing is written yet."""
        self._record = record
        self._held: dict[str, deque[tuple[int, bytes]]] = {}

    def told(self, line: bytes) -> None:
        """An event that the exchange was told."""
        if self._record is not None:
            self._record(line + b"\n")

    def hold(self, event: DepthDiff, line: bytes) -> None:
        """A depth event that waits for a snapshot."""
        if self._record is not None:
            held = self._held.setdefault(event.symbol, deque(maxlen=MOST_WAITING))
            held.append((event.u, line))

    def begin(self, symbol: str, line: bytes, told: Sequence[MarketEvent]) -> None:
        """A snapshot, and what of the waiting events came with it."""
        self.told(line)
        wanted = dict.fromkeys(event.u for event in told if isinstance(event, DepthDiff))
        for update_id, held in self._held.pop(symbol, ()):
            if wanted.pop(update_id, 0) is None:
                self.told(held)
