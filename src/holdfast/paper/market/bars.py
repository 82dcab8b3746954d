"""Candles of one price in every interval at once, built from its ticks.

Each tick changes one candle, the shortest. A finished candle is added to the next longer ones, so a
minute costs a handful of additions however much traded in it. What is still open is put together
when somebody asks. Intervals in which nothing happened have no candle here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from holdfast.model.num import ZERO
from holdfast.paper.market.intervals import INTERVALS, Interval

MOST_BARS = 1_502
"""Candles kept of each interval: what one request may ask for, and the open one."""


class Bar(msgspec.Struct, gc=False):
    """One candle. Volumes in base (`volume`, `taker`) and quote currency; `taker` is what aggressive buyers took."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    quote: Decimal = ZERO
    count: int = 0
    taker: Decimal = ZERO
    taker_quote: Decimal = ZERO
    first_id: int = -1
    last_id: int = -1

    def add(self, later: Bar) -> None:
        """Extend by a candle that follows."""
        if later.high > self.high:
            self.high = later.high
        if later.low < self.low:
            self.low = later.low
        self.close = later.close
        self.volume += later.volume
        self.quote += later.quote
        self.count += later.count
        self.taker += later.taker
        self.taker_quote += later.taker_quote
        if later.last_id >= 0:
            self.last_id = later.last_id
            if self.first_id < 0:
                self.first_id = later.first_id

    def leave_out(self, part: Bar) -> None:
        """Take back the volumes of a part, which is about to be added; its prices have been seen."""
        self.volume = max(ZERO, self.volume - part.volume)
        self.quote = max(ZERO, self.quote - part.quote)
        self.count = max(0, self.count - part.count)
        self.taker = max(ZERO, self.taker - part.taker)
        self.taker_quote = max(ZERO, self.taker_quote - part.taker_quote)


def flat(open_ms: int, price: Decimal) -> Bar:
    """A candle in which nothing traded."""
    return Bar(open_ms=open_ms, open=price, high=price, low=price, close=price)


class Series:
    """The candles of one interval, oldest first; the last one is open."""

    __slots__ = ("bars", "end_ms", "forgot", "interval")

    def __init__(self, interval: Interval, most: int = MOST_BARS) -> None:
        """Start without a candle."""
        self.interval = interval
        self.bars: deque[Bar] = deque(maxlen=most)
        self.end_ms = 0
        self.forgot = False

    def absorb(self, part: Bar) -> Bar | None:
        """Add a finished part; answer the candle that it closes, if it does."""
        if part.open_ms < self.end_ms:
            self.bars[-1].add(part)
            return None
        closed = self.bars[-1] if self.bars else None
        self.start(msgspec.structs.replace(part, open_ms=self.interval.start(part.open_ms)))
        return closed

    def start(self, bar: Bar) -> None:
        """Open a candle; the oldest is forgotten when there are too many."""
        self.forgot = self.forgot or len(self.bars) == self.bars.maxlen
        self.bars.append(bar)
        self.end_ms = self.interval.end(bar.open_ms)


class Ladder:
    """Candles of one price: a short base interval, and the longer ones that are made of it."""

    __slots__ = ("_by_name", "_groups", "base")

    def __init__(self, *bases: str) -> None:
        """`bases`: the intervals that each feed the next, shortest first; the last feeds all that are longer."""
        names = list(INTERVALS)
        longer = tuple(names[names.index(bases[-1]) + 1 :])
        self._groups = [[Series(INTERVALS[name]) for name in group] for group in (*((base,) for base in bases), longer)]
        self._by_name = {series.interval.name: (level, series) for level, g in enumerate(self._groups) for series in g}
        self.base = self._groups[0][0]

    def at(self, at_ms: int, price: Decimal) -> Bar:
        """The open base candle of an instant, with a price noted in it. An instant of the past counts as now."""
        base = self.base
        if at_ms < base.end_ms:
            bar = base.bars[-1]
            if price > bar.high:
                bar.high = price
            elif price < bar.low:
                bar.low = price
            bar.close = price
        else:
            closed = base.bars[-1] if base.bars else None
            bar = flat(base.interval.start(at_ms), price)
            base.start(bar)
            if closed is not None:
                self._rise(1, closed)
        bar.count += 1
        return bar

    def load(self, name: str, bars: Iterable[Bar]) -> None:
        """Candles of an interval from before the first tick, oldest first; what is older is not known."""
        series = self._by_name[name][1]
        for bar in bars:
            series.start(bar)
        series.forgot = True

    def _rise(self, level: int, part: Bar) -> None:
        closed = None
        for series in self._groups[level]:
            closed = series.absorb(part)
        if closed is not None and level + 1 < len(self._groups):
            self._rise(level + 1, closed)

    def has(self, name: str) -> bool:
        """Whether it keeps candles of an interval."""
        return name in self._by_name

    def forgot(self, name: str) -> bool:
        """Whether candles of an interval were forgotten because there were too many."""
        return self._by_name[name][1].forgot

    def bars(self, name: str) -> list[Bar]:
        """The candles of an interval, oldest first, up to the last tick. Do not change them."""
        level, series = self._by_name[name]
        bars = list(series.bars)
        interval = series.interval
        # What is open on the shorter rungs has not risen yet; the longer rung is the earlier part of it.
        for lower in range(level - 1, -1, -1):
            waiting = self._groups[lower][0].bars
            if not waiting:
                continue
            part = waiting[-1]
            open_ms = interval.start(part.open_ms)
            if bars and bars[-1].open_ms == open_ms:
                bars[-1] = msgspec.structs.replace(bars[-1])
                bars[-1].add(part)
            else:
                bars.append(msgspec.structs.replace(part, open_ms=open_ms))
        return bars
