"""Public reads: time, exchangeInfo, the order book (protocol notes A.1, B.1, B.2)."""

from __future__ import annotations

from typing import Any

from holdfast.paper.call import Call
from holdfast.paper.errors import VenueError
from holdfast.paper.market import display
from holdfast.paper.market.markets import Market
from holdfast.paper.operations.reads import asked_limit, needed_market
from holdfast.paper.params import Params

_DEPTH_WEIGHTS = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}
_RPI_DEPTH = 1000
_ORDER_TYPES = ("LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
_TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX", "GTD")


def ping(_call: Call) -> Any:
    """An empty answer."""
    return {}


def server_time(call: Call) -> Any:
    """Venue time in milliseconds."""
    return {"serverTime": call.exchange.now_ms}


def exchange_info(call: Call) -> Any:
    """The document the exchange was made from in the form of the wire, with its own time and rate limits."""
    exchange = call.exchange
    info = exchange.info
    return {
        "timezone": info.get("timezone", "UTC"),
        "serverTime": exchange.now_ms,
        "futuresType": info.get("futuresType", "U_MARGINED"),
        "rateLimits": exchange.limits.rows(),
        "exchangeFilters": info.get("exchangeFilters", []),
        "assets": info.get("assets") or _assets(list(exchange.markets.values())),
        "symbols": [_symbol_row(row) for row in info["symbols"]],
    }


def _assets(markets: list[Market]) -> list[dict[str, Any]]:
    names = dict.fromkeys(market.symbol.margin_asset for market in markets)
    return [{"asset": name, "marginAvailable": True, "autoAssetExchange": "-10000"} for name in names]


def _symbol_row(row: dict[str, Any]) -> dict[str, Any]:
    """One contract as the wire has it: clients route conditional orders by the list of types, so it is complete."""
    shown = {name: value for name, value in row.items() if name != "settlePlan"}
    shown.setdefault("maxMoveOrderLimit", 10_000)
    shown.setdefault("permissionSets", [])
    shown.setdefault("orderTypes", list(_ORDER_TYPES))
    shown.setdefault("timeInForce", list(_TIMES_IN_FORCE))
    return shown


def depth_weight(params: Params) -> int:
    """The weight of a depth request: by its limit, 1 without one."""
    return _DEPTH_WEIGHTS.get(asked_limit(params) or 0, 1)


def depth(call: Call) -> Any:
    """The book as everybody sees it, best levels first."""
    market = needed_market(call)
    limit = call.params.integer("limit")
    if limit is not None and limit not in _DEPTH_WEIGHTS:
        raise VenueError(-4021, limit)
    return _book(market, limit or 500, rpi=False)


def rpi_depth(call: Call) -> Any:
    """The book with retail price improvement orders; those that the other side has reached are left out."""
    market = needed_market(call)
    limit = call.params.integer("limit")
    if limit not in (None, _RPI_DEPTH):
        raise VenueError(-4021, limit)
    return _book(market, _RPI_DEPTH, rpi=True)


def _book(market: Market, levels: int, *, rpi: bool) -> dict[str, Any]:
    book, symbol = market.book, market.symbol
    sides = {
        name: [
            [symbol.price_text(price), symbol.quantity_text(qty)]
            for price, qty in display.first(market, levels, buying=name == "bids", rpi=rpi)
        ]
        for name in ("bids", "asks")
    }
    return {"lastUpdateId": book.shown_id, "E": book.shown_ms, "T": book.shown_ms, **sides}
