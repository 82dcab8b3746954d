"""Prices of one symbol or of all: tickers, best prices, mark and index, open interest (protocol notes B.1, B.3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from holdfast.model.num import ZERO, divide, text
from holdfast.paper.call import Call
from holdfast.paper.market import display
from holdfast.paper.market.markets import Market
from holdfast.paper.market.statistics import open_interest
from holdfast.paper.money import money
from holdfast.paper.operations.reads import needed_market, one_or_all

_THOUSANDTH = Decimal("0.001")
_ENDED = ("DELIVERING", "DELIVERED", "SETTLING", "CLOSE")
"""Statuses of a contract that has no funding any more."""


def premium_index(call: Call) -> Any:
    """Mark, index and funding of one symbol or of all that have a mark."""
    return one_or_all(call, _premium_row, lambda market: market.mark is not None)


def _premium_row(_call: Call, market: Market) -> dict[str, Any]:
    mark = market.reference()
    shown = money.text(mark if mark is not None else ZERO)
    return {
        "symbol": market.symbol.name,
        "markPrice": shown,
        "indexPrice": money.text(market.index) if market.index is not None else shown,
        "estimatedSettlePrice": shown,
        "lastFundingRate": money.text(market.funding_rate),
        "interestRate": "0.00010000",
        "nextFundingTime": 0 if market.symbol.status in _ENDED else market.next_funding_ms,
        "time": market.mark_ms,
    }


def ticker_price(call: Call) -> Any:
    """The last price of one symbol or of all that have traded."""
    return one_or_all(call, _price_row, lambda market: market.last is not None)


def _price_row(_call: Call, market: Market) -> dict[str, Any]:
    price = market.contract_price()
    shown = market.symbol.price_text(price if price is not None else ZERO)
    return {"symbol": market.symbol.name, "price": shown, "time": market.last_ms or market.book.shown_ms}


def ticker_book(call: Call) -> Any:
    """Best bid and ask of one symbol or of all that have a book."""
    return one_or_all(call, _book_row, lambda market: market.book.shown_ms > 0)


def _book_row(_call: Call, market: Market) -> dict[str, Any]:
    symbol, book = market.symbol, market.book
    bids, asks = display.first(market, 1, buying=True), display.first(market, 1, buying=False)
    bid, bid_qty = bids[0] if bids else (ZERO, ZERO)
    ask, ask_qty = asks[0] if asks else (ZERO, ZERO)
    return {
        "symbol": symbol.name,
        "bidPrice": symbol.price_text(bid),
        "bidQty": symbol.quantity_text(bid_qty),
        "askPrice": symbol.price_text(ask),
        "askQty": symbol.quantity_text(ask_qty),
        "time": book.shown_ms,
        "lastUpdateId": book.shown_id,
    }


def ticker_day(call: Call) -> Any:
    """The last 24 hours of one symbol, or of all that are trading and have a price."""
    return one_or_all(
        call,
        day_row,
        lambda market: market.symbol.status == "TRADING" and call.exchange.history(market).past is not None,
    )


def day_row(call: Call, market: Market) -> dict[str, Any]:
    """One row of ticker/24hr; zeros while no price is known."""
    symbol, now_ms = market.symbol, call.exchange.now_ms
    day = call.exchange.history(market).day(now_ms)
    if day is None:
        prices = dict.fromkeys(_DAY_PRICES, symbol.price_text(ZERO))
        quantities = dict.fromkeys(("lastQty", "volume", "quoteVolume"), "0")
        times = {"openTime": 0, "closeTime": now_ms, "firstId": -1, "lastId": -1, "count": 0}
        return {"symbol": symbol.name, **prices, "priceChangePercent": "0.000", **quantities, **times}
    total = day.total
    change = total.close - total.open
    average = divide(total.quote, total.volume) if total.volume else total.close
    return {
        "symbol": symbol.name,
        "priceChange": symbol.price_text(change),
        "priceChangePercent": str((divide(change, total.open) * 100).quantize(_THOUSANDTH)),
        "weightedAvgPrice": symbol.price_text(average),
        "lastPrice": symbol.price_text(total.close),
        "lastQty": symbol.quantity_text(day.last_qty),
        "openPrice": symbol.price_text(total.open),
        "highPrice": symbol.price_text(total.high),
        "lowPrice": symbol.price_text(total.low),
        "volume": symbol.quantity_text(total.volume),
        "quoteVolume": text(total.quote),
        "openTime": day.open_ms,
        "closeTime": day.close_ms,
        "firstId": total.first_id,
        "lastId": total.last_id,
        "count": total.count,
    }


_DAY_PRICES = ("priceChange", "weightedAvgPrice", "lastPrice", "openPrice", "highPrice", "lowPrice")


def open_interest_now(call: Call) -> Any:
    """The open interest of a symbol: made up, with our own positions on top."""
    market = needed_market(call)
    total = open_interest(call.exchange, market, call.exchange.now_ms)
    return {
        "openInterest": market.symbol.quantity_text(total),
        "symbol": market.symbol.name,
        "time": call.exchange.now_ms,
    }
