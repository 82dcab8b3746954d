"""What every market source has in common: its shape, its error, joining several, and moving one in time.

A source is an iterator of (time in microseconds since the epoch, market event), in time order. It
is pulled one event at a time and never holds a whole recording.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from holdfast.model.num import NumberError, parse
from holdfast.paper.market.market import (
    BookTop,
    Contract,
    DepthDiff,
    DepthSnapshot,
    Mark,
    MarketEvent,
    Outage,
    Past,
    PublicTrade,
)

MarketSource = Iterator[tuple[int, MarketEvent]]
"""(venue time in microseconds, event), time never falling."""

CEILING = Decimal(10) ** 20
"""Prices and quantities at or above this are refused: they are damage, not a market."""


class MarketFileError(ValueError):
    """A market file breaks a rule of its form. Names the line (0: the file as a whole), the rule and what was found."""

    def __init__(self, *, line: int, rule: str, found: str = "") -> None:
        place = f"line {line}: " if line else ""
        super().__init__(f"{place}{rule}" + (f"; found {found}" if found else ""))
        self.line = line
        self.rule = rule
        self.found = found


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of one symbol, which a made-up market has to keep: `tick` of prices, `step` of quantities, both > 0."""

    symbol: str
    tick: Decimal
    step: Decimal


def grids(exchange_info: Mapping[str, Any]) -> dict[str, Grid]:
    """The grid of every symbol of an exchangeInfo document. Rows without usable steps are left out."""
    found: dict[str, Grid] = {}
    for row in exchange_info["symbols"]:
        filters = {entry.get("filterType"): entry for entry in row.get("filters", [])}
        try:
            tick = parse(filters["PRICE_FILTER"]["tickSize"])
            step = parse(filters["LOT_SIZE"]["stepSize"])
        except (KeyError, NumberError):
            continue
        if tick > 0 and step > 0:
            found[row["symbol"]] = Grid(symbol=row["symbol"], tick=tick, step=step)
    return found


def _time_of(timed: tuple[int, MarketEvent]) -> int:
    return timed[0]


def merge(*sources: MarketSource) -> MarketSource:
    """Join sources by time. At equal times the order of the arguments decides, so a run repeats."""
    if len(sources) == 1:
        return sources[0]
    return heapq.merge(*sources, key=_time_of)


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Moves recorded time to another start and pace: `origin_us` becomes `start_us`, and time runs `speed` times."""

    origin_us: int
    start_us: int
    speed: Fraction

    def place_us(self, time_us: int) -> int:
        """Where a recorded instant lies on the new time line, in microseconds."""
        return self.start_us + (time_us - self.origin_us) * self.speed.denominator // self.speed.numerator

    def place_ms(self, time_ms: int) -> int:
        """Where a recorded instant lies on the new time line, in milliseconds."""
        return self.place_us(time_ms * 1000) // 1000


def rebase(source: MarketSource, *, start_us: int, speed: Fraction = Fraction(1)) -> MarketSource:
    """Replay a source as if its first event happened at `start_us`, `speed` (> 0) times as fast.

    Every time inside the events moves with them, the next funding time too: a recording of another
    year would otherwise charge its funding at once, or never.
    """
    assert speed > 0, "invariant: the speed of a replay is positive"
    timeline: Timeline | None = None
    for time_us, event in source:
        if timeline is None:
            timeline = Timeline(origin_us=time_us, start_us=start_us, speed=speed)
        yield timeline.place_us(time_us), _moved(event, timeline)


def _moved(event: MarketEvent, timeline: Timeline) -> MarketEvent:
    """The same event with its times placed on the new time line."""
    event_ms = timeline.place_ms(event.E)
    if isinstance(event, Mark):
        due = event.next_funding_ms
        return msgspec.structs.replace(event, E=event_ms, next_funding_ms=timeline.place_ms(due) if due else 0)
    if isinstance(event, Outage | Past | Contract):
        return msgspec.structs.replace(event, E=event_ms)
    moved: BookTop | DepthDiff | DepthSnapshot | PublicTrade = msgspec.structs.replace(
        event, E=event_ms, T=timeline.place_ms(event.T)
    )
    return moved
