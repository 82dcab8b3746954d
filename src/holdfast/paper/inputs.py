"""Market events into the exchange: books, trades and marks move, our orders and triggers react."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from holdfast.model.num import ZERO
from holdfast.paper import aftermath
from holdfast.paper.control import contracts
from holdfast.paper.exchange import Exchange
from holdfast.paper.market import tape
from holdfast.paper.market.market import (
    BookTop,
    Contract,
    DepthDiff,
    DepthSnapshot,
    Level,
    Mark,
    MarketEvent,
    Outage,
    Past,
    PublicTrade,
)
from holdfast.paper.market.markets import Market
from holdfast.paper.trading import algo, liquidation, matching, settlement


def feed(exchange: Exchange, event: MarketEvent) -> None:
    """Apply one market event. An event of a symbol that this exchange does not have is ignored."""
    market = exchange.markets.get(event.symbol)
    if market is not None:
        _HANDLERS[type(event)](exchange, market, event)


def _on_top(exchange: Exchange, market: Market, event: BookTop) -> None:
    if market.book_shift:
        event = _shifted_top(event, market.book_shift)
    if not market.book.apply_top(event):
        return
    if market.own_last:
        aftermath.forget_own_last(market)
    if market.bids or market.asks:
        matching.on_touch(exchange, market)
    market.taps.top(event)


def _on_diff(exchange: Exchange, market: Market, event: DepthDiff) -> None:
    if market.book_shift:
        event = DepthDiff(
            symbol=event.symbol,
            U=event.U,
            u=event.u,
            pu=event.pu,
            bids=_shifted(event.bids, market.book_shift),
            asks=_shifted(event.asks, market.book_shift),
            T=event.T,
            E=event.E,
        )
    market.book.apply_diff(event)
    if market.own_last:
        aftermath.forget_own_last(market)
    if market.bids or market.asks:
        matching.on_touch(exchange, market)
    market.taps.moved()


def _on_snapshot(exchange: Exchange, market: Market, event: DepthSnapshot) -> None:
    if market.book_shift:
        event = DepthSnapshot(
            symbol=event.symbol,
            u=event.u,
            bids=_shifted(event.bids, market.book_shift),
            asks=_shifted(event.asks, market.book_shift),
            T=event.T,
            E=event.E,
        )
    market.book.apply_snapshot(event)
    if market.own_last:
        aftermath.forget_own_last(market)
    if market.bids or market.asks:
        matching.on_touch(exchange, market)
    market.taps.moved()


def _on_trade(exchange: Exchange, market: Market, event: PublicTrade) -> None:
    if market.book_shift:
        event = PublicTrade(
            symbol=event.symbol,
            trade_id=event.trade_id,
            price=event.price + market.book_shift,
            qty=event.qty,
            buyer_maker=event.buyer_maker,
            T=event.T,
            E=event.E,
        )
    ours = matching.on_trade(exchange, market, event) if market.bids or market.asks else ZERO
    if exchange.traded:
        aftermath.trigger(exchange)
    told = tape.strangers_trade(market, event, ours)
    if told is None:
        return
    market.last = told.price
    market.last_ms = told.T
    if market.history is not None:
        market.history.on_trade(told)
    algo.on_price(exchange, market, "CONTRACT_PRICE")
    algo.on_other_price(exchange, market, "MARK_PRICE")
    for feed in market.taps.trades:
        feed.on_trade(told)


def _on_mark(exchange: Exchange, market: Market, event: Mark) -> None:
    settlement.on_funding(exchange, market, event)
    mark = event.mark + market.mark_shift
    changed = mark != market.mark
    market.mark = mark
    market.index = event.index + market.mark_shift
    market.mark_ms = event.E
    if market.history is not None:
        market.history.on_mark(mark, market.index, event.E)
    if changed:
        on_mark_change(exchange, market)
    for feed in market.taps.marks:
        feed.on_mark()


def _on_past(exchange: Exchange, market: Market, event: Past) -> None:
    exchange.history(market).load(event.candles)


def _on_contract(exchange: Exchange, market: Market, event: Contract) -> None:
    contracts.relist(exchange, market, event.row)


def _on_outage(exchange: Exchange, market: Market, event: Outage) -> None:
    """A live market is out of step: its book is forgotten, and what waits on prices waits on; or it is live again."""
    if event.reason == market.stale:
        return
    if not market.stale:
        market.book.forget()
    market.stale = event.reason
    exchange.log("market", symbol=market.symbol.name, stale=event.reason)
    if not event.reason:
        on_mark_change(exchange, market)


def on_mark_change(exchange: Exchange, market: Market) -> None:
    """The mark moved: log it where it matters, trigger conditional orders, then check liquidations."""
    if market.holders or market.has_triggers():
        exchange.log_mark(market)
        algo.on_price(exchange, market, "MARK_PRICE")
        algo.on_other_price(exchange, market, "CONTRACT_PRICE")
    if market.holders and not market.stale:
        liquidation.on_mark(exchange, market)


def shift_prices(exchange: Exchange, market: Market, *, book: Decimal, mark: Decimal) -> None:
    """Move book and mark by fixed amounts, now and for every later event: a gap that stays."""
    market.book_shift += book
    market.mark_shift += mark
    top = market.book.top
    bid, ask = market.book.bids.best(), market.book.asks.best()
    if book and bid is not None and ask is not None:
        snapshot = DepthSnapshot(
            symbol=market.symbol.name,
            u=market.book.update_id,
            bids=_shifted(market.book.bids.shown(1000), book),
            asks=_shifted(market.book.asks.shown(1000), book),
            T=market.book.updated_ms,
            E=market.book.updated_ms,
        )
        had_depth = market.book.has_depth
        market.book.top = None if top is None else _shifted_top(top, book)
        market.book.apply_snapshot(snapshot)
        market.book.has_depth = had_depth
        matching.on_touch(exchange, market)
        market.taps.moved()
    if book and market.last is not None:
        market.last += book
        algo.on_price(exchange, market, "CONTRACT_PRICE")
        algo.on_other_price(exchange, market, "MARK_PRICE")
    if mark and market.mark is not None:
        market.mark += mark
        on_mark_change(exchange, market)


def _shifted(levels: list[Level], shift: Decimal) -> list[Level]:
    return [(price + shift, quantity) for price, quantity in levels]


def _shifted_top(event: BookTop, shift: Decimal) -> BookTop:
    return BookTop(
        symbol=event.symbol,
        bid=event.bid + shift,
        bid_qty=event.bid_qty,
        ask=event.ask + shift,
        ask_qty=event.ask_qty,
        u=event.u,
        T=event.T,
        E=event.E,
    )


_HANDLERS: dict[type, Callable[[Exchange, Market, Any], None]] = {
    BookTop: _on_top,
    DepthDiff: _on_diff,
    DepthSnapshot: _on_snapshot,
    PublicTrade: _on_trade,
    Mark: _on_mark,
    Outage: _on_outage,
    Past: _on_past,
    Contract: _on_contract,
}
