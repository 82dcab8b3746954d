"""Recorded days rebuild the recorded book: checked against their own best prices at equal update ids."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from holdfast.paper.market.book import Book
from holdfast.paper.market.market import BookTop, DepthDiff, DepthSnapshot, MarketEvent
from holdfast.paper.sources.feed import read_frames

TICKS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "ticks" / "hftbacktest"


def recorded(name: str) -> Iterator[MarketEvent]:
    """The events of a recording, without their times."""
    path = TICKS / name
    if not path.exists():
        pytest.skip("no recorded frames at ../shared/data/ticks/hftbacktest")
    with gzip.open(path, "rb") as lines:
        for _, event in read_frames(lines):
            yield event


class Rebuilt:
    """A book made of depth events alone, compared with each best price told under the same update id."""

    def __init__(self) -> None:
        self.book = Book()
        self.told: dict[int, BookTop] = {}
        self.compared = self.wrong = 0
        self.gaps = 0
        self.early: list[DepthDiff] = []
        self.last = 0

    def take(self, event: MarketEvent) -> None:
        """Depth is applied, best prices are kept for the depth event that ends at the same id."""
        if isinstance(event, BookTop):
            self.told[event.u] = event
            if self.book.update_id == event.u and self.last == event.u:
                self._compare(event)
            return
        if isinstance(event, DepthSnapshot):
            self.book.apply_snapshot(event)
            self.last = event.u
            for held in self.early:
                self.take(held)
        elif isinstance(event, DepthDiff):
            if event.u < self.last:
                return
            if self.last and event.pu != self.last and not event.U <= self.last <= event.u:
                self.gaps += 1
            self.book.apply_diff(event)
            self.last = event.u
            if event.u in self.told:
                self._compare(self.told[event.u])

    def _compare(self, top: BookTop) -> None:
        bids, asks = self.book.bids, self.book.asks
        bid, ask = bids.best(), asks.best()
        if bid is None or ask is None:
            return
        self.compared += 1
        shown = (bid, bids.quantities[bid], ask, asks.quantities[ask])
        self.wrong += shown != (top.bid, top.bid_qty, top.ask, top.ask_qty)


@pytest.mark.parametrize("name", ["btcusdt_20240808.gz", "ethusdt_20240808.gz"])
def test_a_day_with_a_snapshot_is_rebuilt_exactly(name: str) -> None:
    """Protocol notes F.3: from the snapshot on, every best price told under a depth event's id is the book's own."""
    rebuilt = Rebuilt()
    started = False
    for event in recorded(name):
        started = started or isinstance(event, DepthSnapshot)
        if isinstance(event, DepthDiff) and not started:
            rebuilt.early.append(event)
        else:
            rebuilt.take(event)
    assert rebuilt.compared > 100
    assert (rebuilt.wrong, rebuilt.gaps) == (0, 0)


def test_a_day_without_a_snapshot_is_rebuilt_once_its_levels_were_told() -> None:
    """btcusdt_20230405 starts without its book: what diffs have not told yet is unknown, the rest is right."""
    rebuilt = Rebuilt()
    for event in recorded("btcusdt_20230405.dat.gz"):
        rebuilt.take(event)
    assert rebuilt.compared > 100
    assert rebuilt.gaps == 0
    assert Decimal(rebuilt.wrong) / rebuilt.compared < Decimal("0.01")
