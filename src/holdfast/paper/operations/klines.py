"""Candles of every kind (protocol notes B.1): twelve slots, of which three are numbers."""

from __future__ import annotations

from typing import Any

from holdfast.model.num import text
from holdfast.paper.call import Call
from holdfast.paper.errors import VenueError
from holdfast.paper.market.bars import Bar, Ladder
from holdfast.paper.market.candles import Span
from holdfast.paper.market.intervals import INTERVALS, Interval
from holdfast.paper.market.markets import Market
from holdfast.paper.operations.reads import contract_market, limit, needed_market, pair_markets, times

_DEFAULT, _MOST = 500, 1500


def klines(call: Call) -> Any:
    """Candles of a contract's trades. One second is too short here."""
    interval = _interval(call)
    market = needed_market(call)
    return _traded(call, market, interval)


def continuous_klines(call: Call) -> Any:
    """Candles of whichever contract has the pair and the type now; seconds too."""
    interval = _interval(call, seconds=True)
    market = contract_market(call)
    return [] if market is None else _traded(call, market, interval)


def index_price_klines(call: Call) -> Any:
    """Candles of the index of a pair."""
    interval = _interval(call)
    market = pair_markets(call)[0]
    return _priced(call, market, call.exchange.history(market).index, interval)


def mark_price_klines(call: Call) -> Any:
    """Candles of a contract's mark."""
    interval = _interval(call)
    market = needed_market(call)
    return _priced(call, market, call.exchange.history(market).mark, interval)


def premium_index_klines(call: Call) -> Any:
    """Candles of what the mark stands above the index, as a fraction."""
    interval = _interval(call)
    market = needed_market(call)
    return _priced(call, market, call.exchange.history(market).premium, interval)


def _interval(call: Call, *, seconds: bool = False) -> Interval:
    interval = INTERVALS.get(call.params.need("interval"))
    if interval is None or (interval.name == "1s" and not seconds):
        raise VenueError(-1120)
    return interval


def _span(call: Call) -> Span:
    asked = times(call.params)
    most = limit(call.params, default=_DEFAULT, most=_MOST)
    return Span(limit=most, start_ms=asked.start_ms, end_ms=asked.end_ms)


def _traded(call: Call, market: Market, interval: Interval) -> list[list[Any]]:
    history = call.exchange.history(market)
    bars = history.candles(history.contract, interval.name, _span(call), call.exchange.now_ms)
    return [traded_row(market, interval, bar) for bar in bars]


def traded_row(market: Market, interval: Interval, bar: Bar) -> list[Any]:
    """One candle of trades as the wire has it."""
    symbol = market.symbol
    return [
        bar.open_ms,
        symbol.price_text(bar.open),
        symbol.price_text(bar.high),
        symbol.price_text(bar.low),
        symbol.price_text(bar.close),
        symbol.quantity_text(bar.volume),
        interval.end(bar.open_ms) - 1,
        text(bar.quote),
        bar.count,
        symbol.quantity_text(bar.taker),
        text(bar.taker_quote),
        "0",
    ]


def _priced(call: Call, market: Market, ladder: Ladder, interval: Interval) -> list[list[Any]]:
    """Candles of a price that nobody trades: the slots for volumes hold zeros."""
    bars = call.exchange.history(market).candles(ladder, interval.name, _span(call), call.exchange.now_ms)
    return [
        [
            bar.open_ms,
            *(f"{price:.8f}" for price in (bar.open, bar.high, bar.low, bar.close)),
            "0",
            interval.end(bar.open_ms) - 1,
            "0",
            bar.count,
            "0",
            "0",
            "0",
        ]
        for bar in bars
    ]
