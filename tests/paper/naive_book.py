"""A slow and obvious order book: one list of orders, searched from end to end at every step.

It knows nothing of the real one and holds it to account in `tests/paper/naive_pair.py`, in one-way and hedge mode.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

ZERO = Decimal(0)
NAMES = ("a", "b", "c", "d")
GROUPS = {"a": -1, "b": -1, "c": 7, "d": 7}


class Refused(Exception):
    """The naive book refuses an order with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Mine:
    """One order."""

    def __init__(self, **fields: Any) -> None:
        self.owner: str = fields["owner"]
        self.side: str = fields["side"]
        self.name: str = fields["name"]
        self.buy: bool = fields["buy"]
        self.market: bool = fields["market"]
        self.tif: str = fields["tif"]
        self.price: Decimal = fields["price"]
        self.qty: Decimal = fields["qty"]
        self.reduce: bool = fields["reduce"]
        self.stp: str = fields["stp"]
        self.done = ZERO
        self.ahead = ZERO
        self.age = 0

    @property
    def left(self) -> Decimal:
        """What has not traded yet."""
        return self.qty - self.done

    @property
    def leg(self) -> tuple[str, str]:
        """Which position it changes."""
        return (self.owner, self.side)


class Fill(NamedTuple):
    """One side of a trade."""

    name: str
    price: Decimal
    qty: Decimal
    maker: bool


class NaiveBook:
    """The recorded levels as dicts, our orders as a list."""

    def __init__(self, *, hedge: bool = False) -> None:
        self.hedge = hedge
        self.levels: dict[bool, dict[Decimal, Decimal]] = {True: {}, False: {}}
        self.mark = Decimal(100)
        self.orders: list[Mine] = []
        sides = ("LONG", "SHORT") if hedge else ("BOTH",)
        self.positions = {(name, side): ZERO for name in NAMES for side in sides}
        self.fills: list[Fill] = []
        self.tape: list[Decimal] = []
        self.age = 0

    def set_levels(self, bids: dict[Decimal, Decimal], asks: dict[Decimal, Decimal]) -> None:
        """The recording shows other levels; then it fills what it crosses."""
        self.levels = {True: dict(bids), False: dict(asks)}
        for buy in (True, False):
            for order in self.in_turn(buy):
                while order in self.orders:
                    price = self.best_level(not buy)
                    if price is None or (price > order.price if buy else price < order.price):
                        break
                    filled = self.fill_resting(order, self.levels[not buy][price])
                    self.shrink(not buy, price, filled)

    def shrink(self, buy: bool, price: Decimal, quantity: Decimal) -> None:
        """We took something of a recorded level."""
        self.levels[buy][price] -= quantity
        if not self.levels[buy][price]:
            del self.levels[buy][price]

    def best_level(self, buy: bool) -> Decimal | None:
        """The best recorded price of a side."""
        prices = self.levels[buy]
        if not prices:
            return None
        return max(prices) if buy else min(prices)

    def in_turn(self, buy: bool) -> list[Mine]:
        """Our orders of one direction, best price first, then oldest first."""
        ours = [order for order in self.orders if order.buy == buy]
        return sorted(ours, key=lambda order: (-order.price if buy else order.price, order.age))

    def held(self, order: Mine) -> Decimal:
        """How much of its position an order could close."""
        return -self.positions[order.leg] if order.buy else self.positions[order.leg]

    def room(self, order: Mine) -> Decimal:
        """How much of an order may trade, given its owner's position."""
        return max(min(order.left, self.held(order)), ZERO) if order.reduce else order.left

    def book_fill(self, order: Mine, price: Decimal, quantity: Decimal, *, maker: bool) -> None:
        """One side of a trade happens."""
        order.done += quantity
        self.positions[order.leg] += quantity if order.buy else -quantity
        self.fills.append(Fill(order.name, price, quantity, maker))
        if not maker:
            self.printed(price)
        if not order.left and order in self.orders:
            self.orders.remove(order)

    def fill_resting(self, order: Mine, most: Decimal) -> Decimal:
        """A stranger meets a resting order."""
        if order not in self.orders:
            return ZERO
        quantity = min(most, self.room(order))
        if quantity:
            self.book_fill(order, order.price, quantity, maker=True)
            self.printed(order.price)
        self.tidy(order.leg)
        return quantity

    def tidy(self, leg: tuple[str, str]) -> None:
        """Reduce-only orders with nothing to reduce end, then those that others leave nothing."""
        for order in [mine for mine in self.orders if mine.leg == leg and mine.reduce]:
            if not self.room(order):
                self.orders.remove(order)
        self.crowd(leg)

    def limit(self, order: Mine) -> Decimal:
        """The worst price an order may pay."""
        if not order.market:
            return order.price
        return self.mark * (Decimal("1.05") if order.buy else Decimal("0.95"))

    def meets(self, order: Mine, price: Decimal) -> bool:
        """Whether an order may trade at a price."""
        return price <= self.limit(order) if order.buy else price >= self.limit(order)

    def next_step(self, order: Mine) -> tuple[Decimal, Mine | None, Decimal] | None:
        """Whom a taker meets next: (price, our order or None for the recording, quantity)."""
        level = self.best_level(not order.buy)
        rival = next((mine for mine in self.in_turn(not order.buy) if mine.tif != "RPI"), None)
        if rival is None and level is None:
            return None
        if rival is None:
            assert level is not None
            return level, None, self.levels[not order.buy][level]
        if level is None or (rival.price < level if order.buy else rival.price > level):
            return rival.price, rival, rival.left
        if rival.price == level:
            if not rival.ahead:
                return level, rival, rival.left
            return level, None, min(self.levels[not order.buy][level], rival.ahead)
        return level, None, self.levels[not order.buy][level]

    def crosses(self, order: Mine) -> bool:
        """Whether an order would trade at once."""
        step = self.next_step(order)
        return step is not None and self.meets(order, step[0])

    def fillable(self, order: Mine) -> Decimal:
        """How much could trade at once."""
        levels = [left for price, left in self.levels[not order.buy].items() if self.meets(order, price)]
        ours = [
            self.room(mine)
            for mine in self.orders
            if mine.buy != order.buy and mine.tif != "RPI" and self.meets(order, mine.price)
        ]
        return sum(levels + ours, ZERO)

    def check_band(self, order: Mine) -> None:
        """No limit buys far above the mark or sells far below it."""
        if not order.market and not self.meets_mark(order):
            raise Refused(-4016 if order.buy else -4024)

    def meets_mark(self, order: Mine) -> bool:
        """Whether a limit lies within the price band."""
        return order.price <= self.mark * Decimal("1.05") if order.buy else order.price >= self.mark * Decimal("0.95")

    def check(self, order: Mine, *, itself: Mine | None = None) -> None:
        """What the venue refuses."""
        self.check_band(order)
        if order.reduce:
            held = self.held(order)
            if held <= 0 or (self.hedge and order.left > held):
                raise Refused(-2022)
            if not order.market and order.tif not in ("IOC", "FOK"):
                for mine in self.orders:
                    prior = mine.price >= order.price if order.buy else mine.price <= order.price
                    if mine.leg == order.leg and mine.reduce and mine is not itself and prior:
                        held -= mine.left
                if held <= 0:
                    raise Refused(-2022)
        if itself is None and order.tif in ("GTX", "RPI") and self.crosses(order):
            raise Refused(-5022)
        if order.tif == "FOK" and self.fillable(order) < order.qty:
            raise Refused(-5021)
        step = self.next_step(order)
        if order.market and step is not None and not self.meets(order, step[0]):
            raise Refused(-4131)

    def place(self, order: Mine) -> None:
        """Place an order, or raise Refused."""
        self.check(order)
        self.run(order)

    def run(self, order: Mine) -> None:
        """An accepted order trades, and rests or ends."""
        before = order.done
        rests = self.take(order) and not order.market and order.tif not in ("IOC", "FOK")
        if order.left and rests:
            self.age += 1
            order.age = self.age
            order.ahead = self.levels[order.buy].get(order.price, ZERO)
            self.orders.append(order)
            if order.reduce:
                self.crowd(order.leg)
        if order.done != before:
            self.tidy(order.leg)

    def crowd(self, leg: tuple[str, str]) -> None:
        """Reduce-only orders for which those before them leave nothing end."""
        left = abs(self.positions[leg])
        closing = [mine for mine in self.orders if mine.leg == leg and mine.reduce]
        for order in sorted(closing, key=lambda mine: (-mine.price if mine.buy else mine.price, mine.age)):
            if left <= 0:
                self.orders.remove(order)
            left -= order.left

    def take(self, order: Mine) -> bool:
        """Trade as far as possible; whether the rest may go on resting."""
        while order.left:
            room = self.room(order)
            if not room:
                return False
            step = self.next_step(order)
            if step is None or not self.meets(order, step[0]):
                return True
            price, rival, quantity = step
            if rival is None:
                traded = min(room, quantity)
                self.shrink(not order.buy, price, traded)
                for mine in self.orders:
                    if mine.buy != order.buy and mine.price == price:
                        mine.ahead = max(mine.ahead - traded, ZERO)
                self.book_fill(order, price, traded, maker=False)
                continue
            group = GROUPS[order.owner]
            related = rival.owner == order.owner or (group >= 0 and group == GROUPS[rival.owner])
            if related and order.stp != "NONE" and order.tif != "FOK":
                if order.stp in ("EXPIRE_MAKER", "EXPIRE_BOTH"):
                    self.orders.remove(rival)
                if order.stp != "EXPIRE_MAKER":
                    return False
                continue
            traded = min(room, self.room(rival))
            if not traded:
                self.orders.remove(rival)
                continue
            self.book_fill(rival, price, traded, maker=True)
            self.book_fill(order, price, traded, maker=False)
            if rival.leg != order.leg:
                self.tidy(rival.leg)
        return True

    def cancel(self, name: str) -> None:
        """Cancel an order."""
        self.orders = [order for order in self.orders if order.name != name]

    def amend(self, name: str, price: Decimal, qty: Decimal) -> None:
        """Amend an open order, or raise Refused."""
        order = next(mine for mine in self.orders if mine.name == name)
        if (order.price, order.qty) == (price, qty):
            raise Refused(-5027)
        if order.done and qty <= order.done:
            self.orders.remove(order)
            return
        wanted = Mine(**{**vars(order), "price": price, "qty": qty})
        wanted.done = order.done
        self.check_band(wanted)
        if order.tif in ("GTX", "RPI") and self.crosses(wanted):
            self.orders.remove(order)
            return
        self.check(wanted, itself=order)
        self.orders.remove(order)
        order.price, order.qty = price, qty
        self.run(order)

    def printed(self, price: Decimal) -> None:
        """One of our trades is public."""
        self.tape.append(price)

    def settle(self) -> None:
        """A step is over: nobody here waits for a price."""
        self.tape.clear()

    def trade(self, price: Decimal, quantity: Decimal, *, seller: bool) -> Decimal:
        """Strangers trade: what is passed fills, what is met fills after the queue before it; how much that is."""
        passed = ZERO
        for order in self.in_turn(seller):
            if price not in self.levels[seller] and order.price == price:
                order.ahead = ZERO
            if order.price == price:
                free = quantity - order.ahead - passed
                order.ahead = max(order.ahead - quantity, ZERO)
                if free > 0:
                    passed += self.fill_resting(order, free)
            elif order.price > price if seller else order.price < price:
                self.fill_resting(order, order.left)
        return passed
