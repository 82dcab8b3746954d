"""Public trades (protocol notes B.1): recent ones, older ones, and aggregates, of strangers and of our accounts.

Only what was traded since the exchange began is known, and of that the last 10,000.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import dropwhile, islice
from typing import Any

from holdfast.model.num import text
from holdfast.paper.call import Call
from holdfast.paper.errors import VenueError
from holdfast.paper.market.history import Aggregate
from holdfast.paper.market.market import PublicTrade
from holdfast.paper.market.markets import Market
from holdfast.paper.operations.reads import limit, needed_market, times

_TWO_DAYS_MS = 2 * 86_400_000


def trades(call: Call) -> Any:
    """The latest trades, oldest first."""
    market = needed_market(call)
    most = limit(call.params, default=500, most=1000)
    return [_trade_row(market, row) for row in list(call.exchange.history(market).trades)[-most:]]


def historical_trades(call: Call) -> Any:
    """Trades from an id on, or the latest ones."""
    market = needed_market(call)
    most = limit(call.params, default=100, most=500)
    first = call.params.integer("fromId")
    rows = call.exchange.history(market).trades
    if first is None:
        return [_trade_row(market, row) for row in list(rows)[-most:]]
    later = dropwhile(lambda row: row.trade_id < first, rows)
    return [_trade_row(market, row) for row in islice(later, most)]


def aggregate_trades(call: Call) -> Any:
    """Aggregates from an id or an instant on, or the latest ones; two days back at most."""
    market = needed_market(call)
    most = limit(call.params, default=500, most=1000)
    asked = times(call.params)
    earliest = call.exchange.now_ms - _TWO_DAYS_MS
    if any(value is not None and value < earliest for value in (asked.start_ms, asked.end_ms)):
        raise VenueError(-4166)
    first = call.params.integer("fromId")
    rows: Iterable[Aggregate] = call.exchange.history(market).aggregates
    if first is not None:
        rows = dropwhile(lambda row: row.number < first, rows)
    start, end = asked.start_ms, asked.end_ms
    if start is not None:
        rows = (row for row in rows if row.time_ms >= start)
    if end is not None:
        rows = (row for row in rows if row.time_ms <= end)
    from_start = first is not None or start is not None
    found = list(islice(rows, most)) if from_start else list(rows)[-most:]
    return [_aggregate_row(market, row) for row in found]


def _trade_row(market: Market, row: PublicTrade) -> dict[str, Any]:
    symbol = market.symbol
    return {
        "id": row.trade_id,
        "price": symbol.price_text(row.price),
        "qty": symbol.quantity_text(row.qty),
        "quoteQty": text(row.price * row.qty),
        "time": row.T,
        "isBuyerMaker": row.buyer_maker,
        "isRPITrade": row.rpi,
    }


def _aggregate_row(market: Market, row: Aggregate) -> dict[str, Any]:
    symbol = market.symbol
    return {
        "a": row.number,
        "p": symbol.price_text(row.price),
        "q": symbol.quantity_text(row.qty),
        "nq": symbol.quantity_text(row.qty - row.rpi),
        "f": row.first_id,
        "l": row.last_id,
        "T": row.time_ms,
        "m": row.buyer_maker,
    }
