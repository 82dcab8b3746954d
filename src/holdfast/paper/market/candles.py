"""The candles that a request sees: recorded ones, flat ones where nothing traded, and the made-up past before them."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from typing import Protocol

import msgspec

from holdfast.paper.market.bars import Bar, Ladder, flat
from holdfast.paper.market.intervals import INTERVALS, Interval


class Before(Protocol):
    """What was before the first tick (`paper.past`)."""

    anchor: Decimal
    anchor_ms: int
    first_ms: int

    def bar(self, start_ms: int, end_ms: int) -> Bar:
        """The candle of a span that ends at the anchor at the latest."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Which candles: open times from `start_ms` to `end_ms`, at most `limit`, the first ones when a start is given."""

    limit: int
    start_ms: int | None = None
    end_ms: int | None = None


def candles(ladder: Ladder, name: str, span: Span, *, now_ms: int, before: Before) -> list[Bar]:
    """The candles of an interval, oldest first; the last may still be open. Do not change them."""
    interval = INTERVALS[name]
    known = ladder.bars(name)
    earliest = known[0].open_ms if known and ladder.forgot(name) else interval.at_or_after(before.first_ms)
    opens = _opens(interval, span, earliest, now_ms)
    if not opens:
        return []
    by_open = {bar.open_ms: bar for bar in known}
    times = list(by_open)
    earlier = bisect_right(times, opens[0] - 1)
    close = known[earlier - 1].close if earlier else before.anchor
    rows: list[Bar] = []
    for open_ms in opens:
        bar = by_open.get(open_ms)
        if open_ms < before.anchor_ms and not ladder.forgot(name):
            bar = _begun(before, open_ms, interval.end(open_ms), bar)
        elif bar is None:
            bar = flat(open_ms, close)
        close = bar.close
        rows.append(bar)
    return rows


def _begun(before: Before, open_ms: int, end_ms: int, recorded: Bar | None) -> Bar:
    """A candle of the past, or the one in which the past meets what was recorded."""
    past = before.bar(open_ms, min(end_ms, before.anchor_ms))
    if recorded is None:
        return past
    joined = msgspec.structs.replace(past)
    joined.add(recorded)
    return joined


def _opens(interval: Interval, span: Span, earliest: int, now_ms: int) -> list[int]:
    """The open times asked for, none later than now."""
    last = interval.start(now_ms if span.end_ms is None else min(now_ms, span.end_ms))
    opens: list[int] = []
    if span.start_ms is not None:
        open_ms = max(earliest, interval.at_or_after(span.start_ms))
        while open_ms <= last and len(opens) < span.limit:
            opens.append(open_ms)
            open_ms = interval.end(open_ms)
        return opens
    open_ms = last
    while open_ms >= earliest and len(opens) < span.limit:
        opens.append(open_ms)
        open_ms = interval.start(open_ms - 1)
    opens.reverse()
    return opens
