"""Our resting orders of one direction: by price, and by time within a price.

Adding, removing and finding the best one cost the same with one order and with a thousand. What the
recording shows at a price stood there before an order that joins it: `ahead` tells how much of it is left.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from holdfast.model.num import ZERO
from holdfast.paper.orders import Order


class Queue:
    """The orders at one price, oldest first, and how much of the recorded quantity there has traded since.

    `visible` is what strangers see of the orders, `rpi` what only the book with RPI orders shows besides.
    """

    __slots__ = ("orders", "rpi", "traded", "visible")

    def __init__(self) -> None:
        """Start empty."""
        self.orders: dict[int, Order] = {}
        self.traded = ZERO
        self.visible = ZERO
        self.rpi = ZERO

    def show(self, order: Order, quantity: Decimal) -> None:
        """An open quantity of one of the orders comes (or, below zero, goes)."""
        if order.tif == "RPI":
            self.rpi += quantity
        else:
            self.visible += quantity

    def ahead(self, order: Order) -> Decimal:
        """The recorded quantity that must still trade before an order."""
        return max(order.ahead - self.traded, ZERO)

    def trade(self, quantity: Decimal) -> None:
        """Recorded quantity at this price has traded."""
        self.traded += quantity

    def free(self) -> None:
        """Nothing is left of what the recording shows at this price: nobody stands before our orders."""
        for order in self.orders.values():
            order.ahead = ZERO


class Resting:
    """One side of our resting orders."""

    __slots__ = ("_prices", "_queues", "buys")

    def __init__(self, *, buys: bool) -> None:
        """Start empty. `buys` is true for bids, whose best price is the highest."""
        self.buys = buys
        self._prices: list[Decimal] = []
        self._queues: dict[Decimal, Queue] = {}

    def __iter__(self) -> Iterator[Order]:
        """Every order, best price first, older first at the same price."""
        for price in reversed(self._prices) if self.buys else self._prices:
            yield from self._queues[price].orders.values()

    def __bool__(self) -> bool:
        """Whether anything rests here."""
        return bool(self._prices)

    def add(self, order: Order, shown: Decimal) -> None:
        """Let an order wait behind `shown`, the recorded quantity at its price."""
        queue = self._queues.get(order.price)
        if queue is None:
            queue = self._queues[order.price] = Queue()
            insort(self._prices, order.price)
        order.ahead = queue.traded + shown
        queue.orders[order.order_id] = order
        queue.show(order, order.remaining)

    def lessen(self, order: Order, quantity: Decimal) -> None:
        """A quantity of an order that rests here is about to execute."""
        self._queues[order.price].show(order, -quantity)

    def remove(self, order: Order) -> None:
        """Take an order away; one that does not rest here is a mistake of the caller and raises KeyError."""
        queue = self._queues[order.price]
        del queue.orders[order.order_id]
        if not queue.orders:
            del self._queues[order.price]
            del self._prices[bisect_left(self._prices, order.price)]
        else:
            queue.show(order, -order.remaining)

    def queue(self, price: Decimal) -> Queue | None:
        """The orders at a price, or None."""
        return self._queues.get(price)

    def queues(self) -> Iterator[tuple[Decimal, Queue]]:
        """Every price with its orders, best first."""
        for price in reversed(self._prices) if self.buys else self._prices:
            yield price, self._queues[price]

    def reached(self, price: Decimal) -> list[Order]:
        """The orders that a trade at `price` meets or passes, best first: a copy that stays while they fill."""
        found: list[Order] = []
        for level in reversed(self._prices) if self.buys else self._prices:
            if level < price if self.buys else level > price:
                break
            found.extend(self._queues[level].orders.values())
        return found
