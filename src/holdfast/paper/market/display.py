"""The book as strangers see it: the market's, less what our takers took of it, and our own resting orders (notes F).

On the real venue everybody's orders are in everybody's book. Nothing is kept here: levels are put together when
somebody looks. RPI orders are shown only in the book that has them (protocol notes C.1, B.1), and there only
while nothing on the other side stands at or beyond their price.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice

from holdfast.paper.exchange import Exchange
from holdfast.paper.market.market import Level
from holdfast.paper.market.markets import Market
from holdfast.paper.orders import Order


def stir(exchange: Exchange, market: Market, price: Decimal, *, buying: bool) -> None:
    """We changed what is shown at a price: it gets an update id, and who listens will be told when the step is over."""
    side = market.book.own(buying=buying)
    if side.watchers:
        side.note(price)
    _stir(exchange, market)


def _stir(exchange: Exchange, market: Market) -> None:
    market.book.own_changes += 1
    market.book.own_ms = exchange.now_ms
    if market.taps.books:
        exchange.stirred[market.symbol.name] = market


def stir_order(exchange: Exchange, market: Market, order: Order) -> None:
    """A resting order comes, goes or changes."""
    if order.tif != "RPI":
        stir(exchange, market, order.price, buying=order.is_buy)
    else:
        for changed in market.book.own(buying=order.is_buy).rpi_watchers:
            changed[order.price] = None
        _stir(exchange, market)


def first(market: Market, limit: int, *, buying: bool, rpi: bool = False) -> list[Level]:
    """The best levels of a side, best first, at most `limit`."""
    side = market.book.own(buying=buying)
    if not side.taken and not market.resting(buying=buying):
        return side.shown(limit)
    return list(islice(levels(market, buying=buying, rpi=rpi), limit))


def levels(market: Market, *, buying: bool, rpi: bool = False) -> Iterator[Level]:
    """Every level of a side, best first."""
    recorded = market.book.own(buying=buying).levels()
    queues = market.resting(buying=buying).queues()
    bound = _best_visible(market, buying=not buying) if rpi else None
    theirs, ours = next(recorded, None), next(queues, None)
    while theirs is not None or ours is not None:
        if ours is None or (theirs is not None and (theirs[0] > ours[0] if buying else theirs[0] < ours[0])):
            assert theirs is not None, "invariant: one of the two sides has a level"
            yield theirs
            theirs = next(recorded, None)
            continue
        price, queue = ours
        quantity = queue.visible
        if rpi and queue.rpi and not _meets(price, bound, buying=buying):
            quantity += queue.rpi
        if theirs is not None and theirs[0] == price:
            quantity += theirs[1]
            theirs = next(recorded, None)
        if quantity:
            yield price, quantity
        ours = next(queues, None)


def quantity_at(market: Market, price: Decimal, *, buying: bool, rpi: bool = False) -> Decimal:
    """What the book shows at a price; 0 for nothing."""
    shown = market.book.own(buying=buying).available(price)
    queue = market.resting(buying=buying).queue(price)
    if queue is None:
        return shown
    if rpi and queue.rpi and not _meets(price, _best_visible(market, buying=not buying), buying=buying):
        shown += queue.rpi
    return shown + queue.visible


def rpi_prices(market: Market, *, buying: bool) -> list[Decimal]:
    """The prices at which RPI orders rest, shown or not, best first."""
    return [price for price, queue in market.resting(buying=buying).queues() if queue.rpi]


def _best_visible(market: Market, *, buying: bool) -> Decimal | None:
    found = first(market, 1, buying=buying)
    return found[0][0] if found else None


def _meets(price: Decimal, other: Decimal | None, *, buying: bool) -> bool:
    """Whether a price would trade with the best of the other side."""
    return other is not None and (price >= other if buying else price <= other)
