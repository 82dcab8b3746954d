"""Public reads: time, exchangeInfo, depth, prices (protocol notes B)."""

from __future__ import annotations

from typing import Any

from holdfast.model.num import ZERO
from holdfast.paper import money
from holdfast.paper.call import Call
from holdfast.paper.errors import VenueError
from holdfast.paper.markets import Market
from holdfast.paper.params import Params

_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
_DEPTH_WEIGHTS = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}


def ping(_call: Call) -> Any:
    """An empty answer."""
    return {}


def server_time(call: Call) -> Any:
    """Venue time in milliseconds."""
    return {"serverTime": call.exchange.now_ms}


def exchange_info(call: Call) -> Any:
    """The document the exchange was made from, with its own rate limits."""
    exchange = call.exchange
    return {**exchange.info, "serverTime": exchange.now_ms, "rateLimits": exchange.limits.rows()}


def depth_weight(params: Params) -> int:
    """The weight of a depth request: by its limit, 1 without one."""
    return _DEPTH_WEIGHTS.get(params.integer("limit") or 0, 1)


def depth(call: Call) -> Any:
    """The recorded book, best levels first."""
    market = call.exchange.market(call.params.need("symbol"))
    limit = call.params.integer("limit")
    if limit is not None and limit not in _DEPTHS:
        raise VenueError(-4021, limit)
    book, symbol = market.book, market.symbol
    sides = {
        name: [[symbol.price_text(price), symbol.quantity_text(qty)] for price, qty in side.shown(limit or 500)]
        for name, side in (("bids", book.bids), ("asks", book.asks))
    }
    return {"lastUpdateId": book.update_id, "E": book.updated_ms, "T": book.updated_ms, **sides}


def premium_index(call: Call) -> Any:
    """Mark, index and funding of one symbol or of all that have a mark."""
    return _one_or_all(call, _premium_row, [market for market in _markets(call) if market.mark is not None])


def _premium_row(market: Market) -> dict[str, Any]:
    mark = market.reference()
    shown = money.text(mark if mark is not None else ZERO)
    return {
        "symbol": market.symbol.name,
        "markPrice": shown,
        "indexPrice": money.text(market.index) if market.index is not None else shown,
        "estimatedSettlePrice": shown,
        "lastFundingRate": money.text(market.funding_rate),
        "interestRate": "0.00010000",
        "nextFundingTime": market.next_funding_ms,
        "time": market.mark_ms,
    }


def ticker_price(call: Call) -> Any:
    """The last price of one symbol or of all that have traded."""
    return _one_or_all(call, _price_row, [market for market in _markets(call) if market.last is not None])


def _price_row(market: Market) -> dict[str, Any]:
    price = market.contract_price()
    shown = market.symbol.price_text(price if price is not None else ZERO)
    return {"symbol": market.symbol.name, "price": shown, "time": market.last_ms}


def ticker_book(call: Call) -> Any:
    """Best bid and ask of one symbol or of all that have a book."""
    return _one_or_all(call, _book_row, [market for market in _markets(call) if market.book.updated_ms])


def _book_row(market: Market) -> dict[str, Any]:
    symbol, book = market.symbol, market.book
    bids, asks = book.bids.shown(1), book.asks.shown(1)
    bid, bid_qty = bids[0] if bids else (ZERO, ZERO)
    ask, ask_qty = asks[0] if asks else (ZERO, ZERO)
    return {
        "symbol": symbol.name,
        "bidPrice": symbol.price_text(bid),
        "bidQty": symbol.quantity_text(bid_qty),
        "askPrice": symbol.price_text(ask),
        "askQty": symbol.quantity_text(ask_qty),
        "time": book.updated_ms,
        "lastUpdateId": book.update_id,
    }


def _markets(call: Call) -> list[Market]:
    return [] if call.params.has("symbol") else list(call.exchange.markets.values())


def _one_or_all(call: Call, row: Any, markets: list[Market]) -> Any:
    if call.params.has("symbol"):
        return row(call.exchange.market(call.params.get("symbol")))
    return [row(market) for market in markets]
