"""Reduce-only orders that compete for one position (protocol notes C.1, E.3 `er` 4).

They are served by price and then by age. An order for which those before it leave nothing of the
position is knocked out; a single order larger than the position stays, and its excess never executes.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.num import ZERO
from holdfast.paper.account import Account
from holdfast.paper.orders import Order


def reducing(account: Account, symbol: str, position_side: str) -> list[Order]:
    """The resting orders that may only reduce a position, in the order in which they are served."""
    waiting = account.reducing.get((symbol, position_side))
    if not waiting:
        return []
    return sorted((order for order in waiting.values() if order.closes_only), key=_rank)


def _rank(order: Order) -> tuple[Decimal, int]:
    return (-order.price if order.is_buy else order.price, order.sequence)


def is_crowded_out(account: Account, order: Order) -> bool:
    """Whether resting orders that go before a new (or amended) limit order cover the whole position already."""
    left = abs(account.leg(order.symbol, order.position_side).amt)
    for other in reducing(account, order.symbol, order.position_side):
        same = other.order_id == order.order_id or other.side != order.side
        behind = other.price < order.price if order.is_buy else other.price > order.price
        if not same and not behind:
            left -= other.remaining
    return left <= 0


def knocked_out(account: Account, symbol: str, position_side: str) -> list[Order]:
    """The resting orders for which nothing of the position is left."""
    left = abs(account.leg(symbol, position_side).amt)
    losers: list[Order] = []
    for order in reducing(account, symbol, position_side):
        if left <= ZERO:
            losers.append(order)
        left -= order.remaining
    return losers
