"""A local order book by the documented steps (protocol notes F.3). It fails where a step does not fit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


class LocalBook:
    """Snapshot and differences of one symbol, as the venue's JSON has them."""

    def __init__(self) -> None:
        """Nothing is known yet; differences are kept until the snapshot comes."""
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.applied = 0
        self._waiting: list[dict[str, Any]] = []
        self._last: int | None = None
        self._snapshot: int | None = None

    def snapshot(self, reply: dict[str, Any]) -> None:
        """Steps 2 and 3: take the snapshot, then what was kept."""
        self._put(reply["bids"], reply["asks"])
        self._snapshot = reply["lastUpdateId"]
        for event in self._waiting:
            self.diff(event)

    def diff(self, event: dict[str, Any]) -> None:
        """Steps 1, 4 and 5: keep, fit to the snapshot, or fit to the difference before."""
        if self._snapshot is None:
            self._waiting.append(event)
            return
        if event["u"] < self._snapshot:
            return
        if self._last is None:
            first, last = event["U"], event["u"]
            assert first <= self._snapshot <= last or event["pu"] == self._snapshot, "a gap after the snapshot"
        else:
            assert event["pu"] == self._last, "a gap between two differences"
        self._last = event["u"]
        self._put(event["b"], event["a"])
        self.applied += 1
        assert self.best_bid < self.best_ask, "the book is crossed"

    def _put(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        for side, rows in ((self.bids, bids), (self.asks, asks)):
            for price, quantity in rows:
                side[Decimal(price)] = Decimal(quantity)
                if not side[Decimal(price)]:
                    del side[Decimal(price)]

    @property
    def best_bid(self) -> Decimal:
        """The highest price somebody buys at."""
        return max(self.bids)

    @property
    def best_ask(self) -> Decimal:
        """The lowest price somebody sells at."""
        return min(self.asks)
