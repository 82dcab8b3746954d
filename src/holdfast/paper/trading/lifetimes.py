"""Resting orders that end by their age: GTD at its date, GTC after a year without a fill (protocol notes A.8, E.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from holdfast.paper.account import Account
from holdfast.paper.exchange import Exchange
from holdfast.paper.orders import Order

YEAR_US = 365 * 86_400_000_000
"""How long a good-till-cancelled order rests that nothing of has filled. Counted from its creation."""

Expire = Callable[[Exchange, Account, Order], None]


def watch(exchange: Exchange, account: Account, order: Order, expire: Expire) -> None:
    """An order begins to rest: see to it that it ends in time."""
    if order.good_till_ms and not order.amendments:

        def end(_now_us: int) -> None:
            if order.is_open:
                expire(exchange, account, order)

        exchange.timers.at(order.good_till_ms * 1000, end)
    if order.tif == "GTC" and not account.ages:
        account.ages = True
        _look_again(exchange, account, order.created_us + YEAR_US, expire)


def _look_again(exchange: Exchange, account: Account, due_us: int, expire: Expire) -> None:
    """One timer serves all orders of an account: it waits for the oldest, so that a million orders leave one timer."""

    def look(now_us: int) -> None:
        for order in list(_ageing(account)):
            if order.is_open and order.created_us + YEAR_US <= now_us:
                expire(exchange, account, order)
        oldest = next(_ageing(account), None)
        account.ages = oldest is not None
        if oldest is not None:
            _look_again(exchange, account, oldest.created_us + YEAR_US, expire)

    exchange.timers.at(due_us, look)


def _ageing(account: Account) -> Iterator[Order]:
    """The open orders that a year can end, oldest first: open orders are kept in the order of their creation."""
    return (order for order in account.open_orders.values() if order.tif == "GTC" and not order.executed)
