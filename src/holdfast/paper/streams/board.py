"""From the name of a market stream to the feed behind it; a name that is in no table brings nothing (notes F.1)."""

from __future__ import annotations

from collections.abc import Callable

from holdfast.paper.exchange import Exchange
from holdfast.paper.market.intervals import INTERVALS
from holdfast.paper.market.markets import Market
from holdfast.paper.streams.book import AllTopsStream, DiffStream, PartialStream, TopStream
from holdfast.paper.streams.candles import AllDaysStream, CandleStream, DayStream
from holdfast.paper.streams.feed import Feed
from holdfast.paper.streams.marks import AllMarksStream, MarkStream
from holdfast.paper.streams.trades import AggregateStream, TradeStream
from holdfast.paper.streams.venue import (
    AssetIndexStream,
    CompositeStream,
    ContractStream,
    LiquidationStream,
    SessionStream,
)

_OfVenue = Callable[[Exchange, str], Feed]
_OfSymbol = Callable[[Exchange, str, Market], Feed]

_SPEEDS = {"": 250, "@100ms": 100, "@500ms": 500}
"""An explicit `@250ms` is acknowledged but brings nothing."""


def _all_marks(period_ms: int) -> _OfVenue:
    return lambda exchange, name: AllMarksStream(exchange, name, period_ms)


def _mark(period_ms: int) -> _OfSymbol:
    return lambda exchange, name, market: MarkStream(exchange, name, market, period_ms)


def _diff(period_ms: int, *, rpi: bool = False) -> _OfSymbol:
    return lambda exchange, name, market: DiffStream(exchange, name, market, period_ms, rpi=rpi)


def _partial(period_ms: int, depth: int) -> _OfSymbol:
    return lambda exchange, name, market: PartialStream(exchange, name, market, period_ms, depth)


def _candle(interval: str, *, continuous: bool) -> _OfSymbol:
    return lambda exchange, name, market: CandleStream(exchange, name, market, interval, continuous=continuous)


def _day(*, full: bool) -> _OfSymbol:
    return lambda exchange, name, market: DayStream(exchange, name, market, full=full)


def _all_days(*, full: bool) -> _OfVenue:
    return lambda exchange, name: AllDaysStream(exchange, name, full=full)


OF_VENUE: dict[str, _OfVenue] = {
    "!bookTicker": AllTopsStream,
    "!markPrice@arr": _all_marks(3000),
    "!markPrice@arr@1s": _all_marks(1000),
    "!miniTicker@arr": _all_days(full=False),
    "!ticker@arr": _all_days(full=True),
    "!forceOrder@arr": LiquidationStream,
    "!contractInfo": ContractStream,
    "!assetIndex@arr": AssetIndexStream,
    "tradingSession": SessionStream,
}
OF_SYMBOL: dict[str, _OfSymbol] = {
    "bookTicker": TopStream,
    **{f"depth{speed}": _diff(ms) for speed, ms in _SPEEDS.items()},
    **{f"depth{depth}{speed}": _partial(ms, depth) for depth in (5, 10, 20) for speed, ms in _SPEEDS.items()},
    "rpiDepth@500ms": _diff(500, rpi=True),
    "trade": TradeStream,
    "aggTrade": AggregateStream,
    "markPrice": _mark(3000),
    "markPrice@1s": _mark(1000),
    **{f"kline_{interval}": _candle(interval, continuous=False) for interval in INTERVALS if interval != "1s"},
    "miniTicker": _day(full=False),
    "ticker": _day(full=True),
    "forceOrder": LiquidationStream,
    "compositeIndex": CompositeStream,
}
OF_CONTRACT: dict[str, _OfSymbol] = {
    f"continuousKline_{interval}": _candle(interval, continuous=True) for interval in INTERVALS
}
"""Named by pair and contract type: `btcusdt_perpetual@continuousKline_1m`."""


class Board:
    """The feeds of every market stream that somebody listens to."""

    def __init__(self, exchange: Exchange) -> None:
        """Begin to follow who listens to what."""
        self._exchange = exchange
        self.feeds: dict[str, Feed] = {}
        exchange.streams.on_first = self._start
        exchange.streams.on_last = self._stop

    def _start(self, name: str) -> None:
        feed = make(self._exchange, name)
        if feed is not None:
            self.feeds[name] = feed
            feed.start()

    def _stop(self, name: str) -> None:
        feed = self.feeds.pop(name, None)
        if feed is not None:
            feed.stop()


def make(exchange: Exchange, name: str) -> Feed | None:
    """The feed of a name; None for one that brings nothing, as an upper-case symbol."""
    whole = OF_VENUE.get(name)
    if whole is not None:
        return whole(exchange, name)
    subject, _, kind = name.partition("@")
    if subject != subject.lower():
        return None
    if kind == "assetIndex":
        return AssetIndexStream(exchange, name, subject.removesuffix("usd").upper())
    if kind in OF_CONTRACT:
        found = _contract(exchange, subject)
        return None if found is None else OF_CONTRACT[kind](exchange, name, found)
    of_symbol, market = OF_SYMBOL.get(kind), exchange.markets.get(subject.upper())
    return None if of_symbol is None or market is None else of_symbol(exchange, name, market)


def _contract(exchange: Exchange, subject: str) -> Market | None:
    """The market of a pair and a contract type, joined by the first underscore."""
    for market in exchange.markets.values():
        if f"{market.symbol.pair}_{market.symbol.contract_type}".lower() == subject:
            return market
    return None
