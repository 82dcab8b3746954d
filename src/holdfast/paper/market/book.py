"""The recorded order book of one symbol, and the memory of what our own takers consumed of it.

What strangers see is more than this: `display` adds our own resting orders.

Levels come from depth events when there are any, otherwise from the best bid and ask alone. A
recorded level does not know that we took from it, so what we consumed is remembered until the
recording reports the level anew with another quantity: repeated takers cannot take it twice.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from decimal import Decimal

from holdfast.model.num import ZERO, divide
from holdfast.paper.market.market import BookTop, DepthDiff, DepthSnapshot, Level

_TWO = Decimal(2)


class Side:
    """One side of the book: prices ascending, with quantities and consumed quantities by price."""

    __slots__ = ("buys", "prices", "quantities", "rpi_watchers", "taken", "watchers")

    def __init__(self, *, buys: bool) -> None:
        """Start empty. `buys` is true for the bid side, whose best price is the highest."""
        self.buys = buys
        self.prices: list[Decimal] = []
        self.quantities: dict[Decimal, Decimal] = {}
        self.taken: dict[Decimal, Decimal] = {}
        self.watchers: list[dict[Decimal, None]] = []
        """Each collects the prices whose quantity changed, for one depth stream."""
        self.rpi_watchers: list[dict[Decimal, None]] = []
        """Each collects the prices at which an RPI order came, went or changed."""

    def note(self, price: Decimal) -> None:
        """What is shown at a price has changed."""
        for changed in self.watchers:
            changed[price] = None

    def set(self, price: Decimal, quantity: Decimal) -> None:
        """Set the absolute quantity of a level; 0 removes it."""
        known = self.quantities.get(price)
        if quantity:
            if known is None:
                insort(self.prices, price)
            if known != quantity:
                self.quantities[price] = quantity
                if self.taken:
                    self.taken.pop(price, None)
                if self.watchers:
                    self.note(price)
        elif known is not None:
            del self.quantities[price]
            del self.prices[bisect_left(self.prices, price)]
            self.taken.pop(price, None)
            if self.watchers:
                self.note(price)

    def best(self) -> Decimal | None:
        """The best price, or None on an empty side."""
        if not self.prices:
            return None
        return self.prices[-1] if self.buys else self.prices[0]

    def set_best(self, price: Decimal, quantity: Decimal) -> None:
        """Make `price` the best: levels that would be better are stale and go."""
        prices = self.prices
        while prices and (prices[-1] > price if self.buys else prices[0] < price):
            stale = prices.pop() if self.buys else prices.pop(0)
            del self.quantities[stale]
            self.taken.pop(stale, None)
            if self.watchers:
                self.note(stale)
        self.set(price, quantity)

    def clear(self) -> None:
        """Forget every level."""
        for changed in self.watchers:
            changed.update(dict.fromkeys(self.prices))
        self.prices.clear()
        self.quantities.clear()
        self.taken.clear()

    def available(self, price: Decimal) -> Decimal:
        """What is left of a level after our own takers."""
        quantity = self.quantities.get(price, ZERO)
        return quantity - self.taken.get(price, ZERO) if self.taken else quantity

    def take(self, price: Decimal, quantity: Decimal) -> None:
        """Remember that we consumed `quantity` of a level."""
        self.taken[price] = self.taken.get(price, ZERO) + quantity

    def levels(self) -> Iterator[Level]:
        """Every level with something left, best first."""
        for price in reversed(self.prices) if self.buys else self.prices:
            left = self.available(price)
            if left > 0:
                yield price, left

    def shown(self, limit: int) -> list[Level]:
        """The recorded levels, best first, whether we took of them or not."""
        prices = self.prices[: -limit - 1 : -1] if self.buys else self.prices[:limit]
        return [(price, self.quantities[price]) for price in prices]


class Book:
    """Both sides, with the update ids that order depth and best-price events against each other."""

    __slots__ = ("asks", "bids", "has_depth", "own_changes", "own_ms", "top", "update_id", "updated_ms")

    def __init__(self) -> None:
        """Start empty: nothing is known of the market yet."""
        self.bids = Side(buys=True)
        self.asks = Side(buys=False)
        self.has_depth = False
        self.top: BookTop | None = None
        self.update_id = 0
        self.updated_ms = 0
        self.own_changes = 0
        """How often our own orders changed what is shown: each change took an update id of its own."""
        self.own_ms = 0

    @property
    def shown_id(self) -> int:
        """The update id that strangers know: the market's, moved on by one for each change of our own."""
        return self.update_id + self.own_changes

    @property
    def shown_ms(self) -> int:
        """When what is shown changed last."""
        return max(self.updated_ms, self.own_ms)

    def reset(self) -> None:
        """Start empty again: the market is told anew, with update ids of its own."""
        self.bids.clear()
        self.asks.clear()
        self.has_depth = False
        self.top = None
        self.update_id = 0

    def forget(self) -> None:
        """Nothing is known of the levels any more; update ids stay, for those who follow by them."""
        self.bids.clear()
        self.asks.clear()
        self.top = None

    def apply_top(self, event: BookTop) -> bool:
        """Apply a best bid and ask; False when depth events already went further."""
        if event.u < self.update_id:
            return False
        self._move_to_top(event)
        self.top = event
        self.update_id = event.u
        self.updated_ms = event.E
        return True

    def apply_diff(self, event: DepthDiff) -> None:
        """Apply changed levels; a best price known to be newer than the event stays the best."""
        if not self.has_depth:
            self.has_depth = True
        for price, quantity in event.bids:
            self.bids.set(price, quantity)
        for price, quantity in event.asks:
            self.asks.set(price, quantity)
        self._settle(event.u, event.E)

    def apply_snapshot(self, event: DepthSnapshot) -> None:
        """Replace the whole book."""
        self.has_depth = True
        self.bids.clear()
        self.asks.clear()
        for price, quantity in event.bids:
            self.bids.set(price, quantity)
        for price, quantity in event.asks:
            self.asks.set(price, quantity)
        self._settle(event.u, event.E)

    def opposite(self, *, buying: bool) -> Side:
        """The side a taker of the given direction trades against."""
        return self.asks if buying else self.bids

    def own(self, *, buying: bool) -> Side:
        """The side a resting order of the given direction stands on."""
        return self.bids if buying else self.asks

    def mid(self) -> Decimal | None:
        """The middle between best bid and ask, or None while a side is empty."""
        bid, ask = self.bids.best(), self.asks.best()
        return None if bid is None or ask is None else divide(bid + ask, _TWO)

    def _settle(self, update_id: int, event_ms: int) -> None:
        top = self.top
        if top is not None and top.u > update_id:
            self._move_to_top(top)
        else:
            self.update_id = update_id
            self._uncross()
        self.updated_ms = event_ms

    def _move_to_top(self, event: BookTop) -> None:
        if self.has_depth:
            self.bids.set_best(event.bid, event.bid_qty)
            self.asks.set_best(event.ask, event.ask_qty)
            return
        for side, price, quantity in ((self.bids, event.bid, event.bid_qty), (self.asks, event.ask, event.ask_qty)):
            if side.prices and side.prices[0] != price:
                side.clear()
            side.set(price, quantity)

    def _uncross(self) -> None:
        """Drop levels on either side that a recording without its first snapshot left crossed."""
        bid, ask = self.bids.best(), self.asks.best()
        if bid is None or ask is None or bid < ask or self.top is None:
            return
        self._move_to_top(self.top)
