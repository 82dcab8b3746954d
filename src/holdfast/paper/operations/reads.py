"""What the public reads share: their limits and weights, and the contracts that a parameter names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from holdfast.paper.call import Call
from holdfast.paper.errors import VenueError
from holdfast.paper.market.markets import Market
from holdfast.paper.params import Params

CONTRACT_TYPES = ("PERPETUAL", "CURRENT_MONTH", "NEXT_MONTH", "CURRENT_QUARTER", "NEXT_QUARTER", "TRADIFI_PERPETUAL")


class Times(msgspec.Struct, frozen=True):
    """`startTime` and `endTime`, in milliseconds, as far as they were sent."""

    start_ms: int | None
    end_ms: int | None


def asked_limit(params: Params) -> int | None:
    """The `limit` of a request for its weight; a malformed one weighs like none, its handler refuses it."""
    try:
        return params.integer("limit")
    except VenueError:
        return None


def by_symbol(one: int, every: int) -> Callable[[Params], int]:
    """A weight that depends on whether a symbol was given."""
    return lambda params: one if params.has("symbol") else every


def kline_weight(params: Params) -> int:
    """1 up to 100 candles, 2 up to 500, 5 up to 1,000, else 10; 5 without a limit (protocol notes B.1)."""
    limit = asked_limit(params)
    if limit is None:
        return 5
    return next((weight for edge, weight in ((100, 1), (500, 2), (1000, 5)) if limit <= edge), 10)


def limit(params: Params, *, default: int, most: int) -> int:
    """The `limit` parameter; anything outside 1 to `most` is refused."""
    value = params.integer("limit")
    if value is None:
        return default
    if not 1 <= value <= most:
        raise VenueError(-1130, "limit")
    return value


def times(params: Params) -> Times:
    """The window of a request; one that ends before it starts is refused."""
    start, end = params.integer("startTime"), params.integer("endTime")
    for name, value in (("startTime", start), ("endTime", end)):
        if value is not None and not 0 <= value < 10**14:
            raise VenueError(-1130, name)
    if start is not None and end is not None and start > end:
        raise VenueError(-1023)
    return Times(start, end)


def needed_market(call: Call) -> Market:
    """The market of the mandatory `symbol`."""
    return call.exchange.market(call.params.need("symbol"))


def pair_markets(call: Call) -> list[Market]:
    """The contracts of the mandatory `pair`; -4144 for a pair that nobody lists."""
    pair = call.params.need("pair").upper()
    found = [market for market in call.exchange.markets.values() if market.symbol.pair == pair]
    if not found:
        raise VenueError(-4144)
    return found


def contract_market(call: Call) -> Market | None:
    """The contract of `pair` and `contractType`; None when the pair has none of that type."""
    kind = call.params.need("contractType").upper()
    if kind not in CONTRACT_TYPES:
        raise VenueError(-4104)
    return next((market for market in pair_markets(call) if market.symbol.contract_type == kind), None)


def one_or_all(call: Call, row: Callable[[Call, Market], Any], every: Callable[[Market], bool]) -> Any:
    """The row of the named symbol as an object, or the rows of all markets that `every` admits as a list."""
    if call.params.has("symbol"):
        return row(call, call.exchange.market(call.params.get("symbol")))
    return [row(call, market) for market in call.exchange.markets.values() if every(market)]
