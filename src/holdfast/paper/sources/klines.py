"""One-minute klines into a market: a path through each candle, one step a second.

A candle says where a minute started, ended and turned, not in which order. The order taken here is
open → the extreme nearer to the open → the other extreme → close (at seconds 0, 20, 40 and 59),
straight lines between; when both extremes are as near, a rising candle visits its low first and a
falling one its high. Every second has a book of five levels a side around the path, at most one
trade, and a mark that equals the path. The extremes are traded exactly, so a stop or target inside the candle's
range is always reached, and none outside of it.

What a candle cannot say is made up, plainly: the book is one tick wide, each level holds a tenth of
the mean volume of the last 30 minutes, and funding is a constant rate on the 8-hour grid. Prices
between two ticks are taken at the tick below (ticks of old candles were sometimes finer than today's).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from holdfast.model.num import NumberError, parse
from holdfast.paper.market.market import BookTop, DepthSnapshot, Level, Mark, MarketEvent, PublicTrade
from holdfast.paper.sources.source import Grid, MarketFileError, MarketSource

HEADER = "open_time_ms,open,high,low,close,volume"
"""The first line of a kline file."""

_MINUTE_MS = 60_000
_FUNDING_MS = 8 * 3_600_000
_SECONDS = 60
_TURNS = (0, 20, 40, 59)
"""The seconds of open, first extreme, second extreme and close."""

_TRADED_FIRST = (*_TURNS, *(second for second in range(_SECONDS) if second not in _TURNS))
"""The seconds in the order in which they get a share of a small volume."""

_LEVELS = 5
_LEVEL_SHARE = 10
_VOLUME_MINUTES = 30
_SPACING_TICKS = 20_000
"""Levels are half a basis point of the price apart, but at least one tick."""


class Kline(msgspec.Struct, frozen=True, kw_only=True):
    """One candle in whole ticks and whole quantity steps."""

    open_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def read_klines(lines: Iterable[bytes], *, grid: Grid, funding_rate: Decimal = Decimal("0.0001")) -> MarketSource:
    """Stream the market of a kline file. Raises `MarketFileError` at the first line that breaks a rule."""
    market = _Market(grid, funding_rate)
    for kline in parse_klines(lines, grid):
        yield from market.minute(kline)


def parse_klines(lines: Iterable[bytes], grid: Grid) -> Iterator[Kline]:
    """The candles of a file, checked: the header, rising minutes, extremes that hold the candle, positive prices."""
    previous_ms = 0
    number = 0
    for number, raw in enumerate(lines, start=1):
        text = raw.decode("utf-8", "replace").strip()
        if number == 1:
            if text != HEADER:
                raise MarketFileError(line=1, rule=f"the header is {HEADER}", found=repr(text[:60]))
            continue
        kline = _kline(text, number, grid)
        if kline.open_ms <= previous_ms:
            raise MarketFileError(line=number, rule="open times rise from line to line", found=str(kline.open_ms))
        previous_ms = kline.open_ms
        yield kline
    if number < 2:
        raise MarketFileError(line=0, rule="the file holds at least one kline", found=f"{number} lines")


def _kline(text: str, number: int, grid: Grid) -> Kline:
    """One checked row."""
    fields = text.split(",")
    try:
        if len(fields) != 6 or not fields[0].isdigit():
            raise NumberError("six fields, the first a time in milliseconds")
        values = [parse(field) for field in fields[1:]]
    except NumberError as error:
        raise MarketFileError(line=number, rule=str(error), found=repr(text[:60])) from None
    opened, high, low, close, volume = values
    if int(fields[0]) % _MINUTE_MS:
        raise MarketFileError(line=number, rule="a kline starts on a whole minute", found=fields[0])
    if not (low <= opened <= high and low <= close <= high):
        raise MarketFileError(line=number, rule="open and close lie between low and high", found=repr(text[:60]))
    if low < grid.tick or volume < 0:
        rule = f"prices are at least one tick ({grid.tick}) and volumes 0 or more"
        raise MarketFileError(line=number, rule=rule, found=repr(text[:60]))
    return Kline(
        open_ms=int(fields[0]),
        open=int(opened // grid.tick),
        high=int(high // grid.tick),
        low=int(low // grid.tick),
        close=int(close // grid.tick),
        volume=int(volume // grid.step),
    )


def path(kline: Kline) -> list[int]:
    """The price of every second of the minute, in ticks."""
    up, down = kline.high - kline.open, kline.open - kline.low
    low_first = down < up or (down == up and kline.close >= kline.open)
    first, second = (kline.low, kline.high) if low_first else (kline.high, kline.low)
    anchors = (kline.open, first, second, kline.close)
    prices: list[int] = []
    for leg in range(3):
        start, end, span = anchors[leg], anchors[leg + 1], _TURNS[leg + 1] - _TURNS[leg]
        prices += [start + (end - start) * step // span for step in range(span)]
    return [*prices, kline.close]


def _shares(volume: int) -> list[int]:
    """The volume of each second: spread evenly, a small one to the turning points first."""
    each, rest = divmod(volume, _SECONDS)
    shares = [each] * _SECONDS
    for second in _TRADED_FIRST[:rest]:
        shares[second] += 1
    return shares


def _touch(book: DepthSnapshot) -> BookTop:
    """The best bid and ask of a book: streams carry them on their own."""
    (bid, bid_qty), (ask, ask_qty) = book.bids[0], book.asks[0]
    return BookTop(symbol=book.symbol, bid=bid, bid_qty=bid_qty, ask=ask, ask_qty=ask_qty, u=book.u, T=book.T, E=book.E)


class _Market:
    """What goes on from candle to candle: ids, the direction of the last move, the usual volume."""

    def __init__(self, grid: Grid, funding_rate: Decimal) -> None:
        self._grid = grid
        self._rate = funding_rate
        self._id = 0
        self._price = 0
        self._rising = False
        self._volumes: deque[int] = deque(maxlen=_VOLUME_MINUTES)

    def minute(self, kline: Kline) -> Iterator[tuple[int, MarketEvent]]:
        """The events of one candle."""
        self._volumes.append(kline.volume)
        level_units = max(1, sum(self._volumes) // len(self._volumes) // _LEVEL_SHARE)
        shares = _shares(kline.volume)
        for second, price in enumerate(path(kline)):
            at_ms = kline.open_ms + second * 1000
            if price != self._price:
                self._rising = price > self._price
                self._price = price
            book = self._book(price, level_units, at_ms)
            yield at_ms * 1000, book
            yield at_ms * 1000, _touch(book)
            if shares[second]:
                yield at_ms * 1000, self._trade(price, shares[second], at_ms)
            yield at_ms * 1000, self._mark(price, at_ms)

    def _book(self, price: int, level_units: int, at_ms: int) -> DepthSnapshot:
        """A rising path trades at the ask, a falling one at the bid; the other side is one tick away."""
        self._id += 1
        bid = price - 1 if self._rising and price > 1 else price
        spacing = max(1, price // _SPACING_TICKS)
        # A price of one tick has no room for a bid below it, so there the path trades at the bid.
        bids = [self._level(bid - rank * spacing, level_units) for rank in range(_LEVELS) if bid > rank * spacing]
        asks = [self._level(bid + 1 + rank * spacing, level_units) for rank in range(_LEVELS)]
        return DepthSnapshot(symbol=self._grid.symbol, u=self._id, bids=bids, asks=asks, T=at_ms, E=at_ms)

    def _level(self, price: int, units: int) -> Level:
        return price * self._grid.tick, units * self._grid.step

    def _trade(self, price: int, units: int, at_ms: int) -> PublicTrade:
        self._id += 1
        traded, quantity = self._level(price, units)
        return PublicTrade(
            symbol=self._grid.symbol,
            trade_id=self._id,
            price=traded,
            qty=quantity,
            buyer_maker=not self._rising,
            T=at_ms,
            E=at_ms,
        )

    def _mark(self, price: int, at_ms: int) -> Mark:
        mark = price * self._grid.tick
        due_ms = (at_ms // _FUNDING_MS + 1) * _FUNDING_MS
        return Mark(symbol=self._grid.symbol, mark=mark, index=mark, rate=self._rate, next_funding_ms=due_ms, E=at_ms)
