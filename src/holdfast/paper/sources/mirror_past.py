"""The candles of a mirrored market from before the mirror began: asked for once, so that a bot finds real ones."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.paper.market.bars import Bar
from holdfast.paper.market.intervals import INTERVALS

MOST_SYMBOLS_WITH_ALL = 20
"""With more symbols only minutes are asked for: all intervals of one cost a weight of 38."""

_MINUTES = 1500
_OTHERS = 500
_WEIGHTS = {_MINUTES: 10, _OTHERS: 2}

_Row = tuple[int, Decimal, Decimal, Decimal, Decimal, Decimal, int, Decimal, int, Decimal, Decimal, str]
_rows = msgspec.json.Decoder(list[_Row]).decode


class PastCandles:
    """What one symbol still lacks of its past, and what it has."""

    def __init__(self, *, minutes_only: bool) -> None:
        """Nothing is there yet."""
        self.missing = ["1m"] if minutes_only else [name for name in INTERVALS if name != "1s"]
        """Intervals that nobody has asked for yet."""
        self.candles: dict[str, list[Bar]] = {}
        self._awaited = len(self.missing)

    @property
    def done(self) -> bool:
        """Whether everything is there, or was given up."""
        return self._awaited == 0

    def take(self, interval: str, body: bytes) -> None:
        """An answer. One that is no list of candles leaves the past of its interval unknown."""
        if not self._awaited:
            return
        self._awaited -= 1
        try:
            rows = _rows(body)
        except (msgspec.DecodeError, ArithmeticError):
            return
        grid = INTERVALS[interval]
        if rows and all(grid.start(row[0]) == row[0] for row in rows):
            self.candles[interval] = [_bar(row) for row in rows]

    def give_up(self) -> None:
        """The venue does not tell."""
        self.missing.clear()
        self.candles.clear()
        self._awaited = 0


def limit_of(interval: str) -> int:
    """How many candles are asked for: of minutes a day and more, for what is told of the last 24 hours."""
    return _MINUTES if interval == "1m" else _OTHERS


def weight_of(interval: str) -> int:
    """What the question costs (protocol notes B.1)."""
    return _WEIGHTS[limit_of(interval)]


def _bar(row: _Row) -> Bar:
    open_ms, opened, high, low, close, volume, _, quote, count, taker, taker_quote, _ = row
    return Bar(
        open_ms=open_ms,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        quote=quote,
        count=count,
        taker=taker,
        taker_quote=taker_quote,
    )
