"""What is due once a step of the exchange is over: a request, a market event, a timer, a control call.

An order that is just walking the book must not find it changed under its feet, and nobody may see a book that is
half moved. So what waits on the last price, and who listens to the book, hear of our own orders here.
"""

from __future__ import annotations

from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.trading import algo


def settle(exchange: Exchange) -> None:
    """A step is over."""
    if exchange.traded:
        trigger(exchange)
    if exchange.stirred:
        stirred, exchange.stirred = exchange.stirred, {}
        for market in stirred.values():
            market.taps.moved()


def trigger(exchange: Exchange) -> None:
    """Show each of our trades to what waits on the last price, in their order, with those that come of it."""
    while exchange.traded:
        symbol, price = exchange.traded.popleft()
        market = exchange.markets[symbol]
        algo.on_price(exchange, market, "CONTRACT_PRICE", price)
        algo.on_other_price(exchange, market, "MARK_PRICE")


def forget_own_last(market: Market) -> None:
    """In a market that tells no trades the last price is the middle again once the book has moved."""
    market.own_last = False
    market.last = None
