"""The statistics under `/futures/data` (protocol notes B.1): one row per period, for the last 30 days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from holdfast.model.num import ONE, text
from holdfast.paper.call import Call
from holdfast.paper.errors import VenueError
from holdfast.paper.market.bars import Bar
from holdfast.paper.market.candles import Span
from holdfast.paper.market.intervals import INTERVALS, Interval
from holdfast.paper.market.markets import Market
from holdfast.paper.market.statistics import long_share, open_interest, ratio
from holdfast.paper.operations.reads import contract_market, limit, needed_market, pair_markets, times

_PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")
_KEPT_MS = 30 * 86_400_000
_NUMBERS = msgspec.json.Encoder(decimal_format="number")


def open_interest_history(call: Call) -> Any:
    """Open interest at the start of each period, in contracts and in quote currency."""
    market, bars = _periods(call)

    def row(bar: Bar) -> dict[str, Any]:
        total = open_interest(call.exchange, market, bar.open_ms)
        return {
            "symbol": market.symbol.name,
            "sumOpenInterest": f"{total:.8f}",
            "sumOpenInterestValue": f"{total * bar.open:.8f}",
            "CMCCirculatingSupply": "0.00000000",
            "timestamp": bar.open_ms,
        }

    return [row(bar) for bar in bars]


def crowd(name: str) -> Callable[[Call], Any]:
    """The reader of one ratio of longs to shorts."""

    def read(call: Call) -> Any:
        market, bars = _periods(call)
        return [_ratio_row(market, name, bar.open_ms) for bar in bars]

    return read


def _ratio_row(market: Market, name: str, at_ms: int) -> dict[str, Any]:
    longs = long_share(market, name, at_ms)
    return {
        "symbol": market.symbol.name,
        "longShortRatio": text(ratio(longs, ONE - longs)),
        "longAccount": text(longs),
        "shortAccount": text(ONE - longs),
        "timestamp": at_ms,
    }


def taker_volume(call: Call) -> Any:
    """What aggressive buyers and sellers traded in each period."""
    market, bars = _periods(call)
    quantity = market.symbol.quantity_text
    return [
        {
            "buySellRatio": text(ratio(bar.taker, bar.volume - bar.taker)),
            "sellVol": quantity(bar.volume - bar.taker),
            "buyVol": quantity(bar.taker),
            "timestamp": bar.open_ms,
        }
        for bar in bars
    ]


def basis(call: Call) -> Any:
    """The contract's price above its index, at the end of each period so far."""
    interval, span = _window(call)
    market = contract_market(call)
    if market is None:
        return []
    history = call.exchange.history(market)
    now_ms = call.exchange.now_ms
    futures = history.candles(history.contract, interval.name, span, now_ms)
    index = {bar.open_ms: bar for bar in history.candles(history.index, interval.name, span, now_ms)}
    kept = [bar for bar in futures if bar.open_ms >= _earliest(call) and bar.open_ms in index]
    return [_basis_row(market, bar, index[bar.open_ms]) for bar in kept]


def _basis_row(market: Market, future: Bar, index: Bar) -> dict[str, Any]:
    above = future.close - index.close
    return {
        "indexPrice": f"{index.close:.8f}",
        "contractType": market.symbol.contract_type,
        "basisRate": text(ratio(above, index.close)),
        "futuresPrice": market.symbol.price_text(future.close),
        "annualizedBasisRate": "",
        "basis": f"{above:.8f}",
        "pair": market.symbol.pair,
        "timestamp": future.open_ms,
    }


def delivery_price(call: Call) -> Any:
    """Prices at which contracts of a pair that have an end were delivered; perpetual ones never are. A number each."""
    ends = sorted(market.delivered for market in pair_markets(call) if market.delivered is not None)
    return msgspec.Raw(_NUMBERS.encode([{"deliveryTime": at_ms, "deliveryPrice": price} for at_ms, price in ends]))


def _window(call: Call) -> tuple[Interval, Span]:
    name = call.params.need("period")
    if name not in _PERIODS:
        raise VenueError(-1130, "period")
    asked = times(call.params)
    most = limit(call.params, default=30, most=500)
    if asked.start_ms is not None and asked.start_ms < _earliest(call):
        raise VenueError(-1130, "startTime")
    return INTERVALS[name], Span(limit=most, start_ms=asked.start_ms, end_ms=asked.end_ms)


def _periods(call: Call) -> tuple[Market, list[Bar]]:
    interval, span = _window(call)
    market = needed_market(call)
    history = call.exchange.history(market)
    bars = history.candles(history.contract, interval.name, span, call.exchange.now_ms)
    return market, [bar for bar in bars if bar.open_ms >= _earliest(call)]


def _earliest(call: Call) -> int:
    return call.exchange.now_ms - _KEPT_MS
