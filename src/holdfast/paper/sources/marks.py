"""Marks for recordings that have none: without a mark price no stop on it could trigger, and no risk be judged."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from holdfast.model.num import ZERO, divide, floor_to
from holdfast.paper.market.market import BookTop, Mark
from holdfast.paper.sources.source import Grid, MarketSource

_TWO = Decimal(2)
_SILENCE_US = 3_000_000
"""The slowest mark stream comes every 3 s; a symbol that is silent longer was recorded without it."""

_STEP_US = 1_000_000


def fill_marks(source: MarketSource, known: Mapping[str, Grid]) -> MarketSource:
    """Add a mark a second, the middle of the best bid and ask on the tick, where a symbol has no recorded marks.

    The first one comes with the first quote, so that there never is a price without a mark; after a
    recorded mark the made-up ones end until the recording is silent for more than 3 s. They carry no funding.
    """
    due_us: dict[str, int] = {}
    for time_us, event in source:
        yield time_us, event
        if isinstance(event, Mark):
            due_us[event.symbol] = time_us + _SILENCE_US + 1
        elif isinstance(event, BookTop) and time_us >= due_us.get(event.symbol, 0) and event.symbol in known:
            due_us[event.symbol] = time_us + _STEP_US
            yield time_us, _middle(event, known[event.symbol])


def _middle(top: BookTop, grid: Grid) -> Mark:
    price = max(grid.tick, floor_to(divide(top.bid + top.ask, _TWO), grid.tick))
    return Mark(symbol=top.symbol, mark=price, index=price, rate=ZERO, next_funding_ms=0, E=top.E)
