"""A slow and obvious order book: one list of orders, searched from end to end at every step.

It knows nothing of the real one and holds it to account: `python -m tests.paper.naive_book STEPS SEED`
lets both live through the same random steps and compares trades, open orders and positions after each.
"""

from __future__ import annotations

import random
import sys
from decimal import Decimal
from typing import Any, NamedTuple

from holdfast.paper import amend, placement
from holdfast.paper.account import Account
from holdfast.paper.config import AccountConfig
from holdfast.paper.errors import VenueError
from holdfast.paper.params import Params
from tests.paper.desk import Desk

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


class Fill(NamedTuple):
    """One side of a trade."""

    name: str
    price: Decimal
    qty: Decimal
    maker: bool


class NaiveBook:
    """The recorded levels as dicts, our orders as a list."""

    def __init__(self) -> None:
        self.levels: dict[bool, dict[Decimal, Decimal]] = {True: {}, False: {}}
        self.mark = Decimal(100)
        self.orders: list[Mine] = []
        self.positions = dict.fromkeys(NAMES, ZERO)
        self.fills: list[Fill] = []
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

    def room(self, order: Mine) -> Decimal:
        """How much of an order may trade, given its owner's position."""
        if not order.reduce:
            return order.left
        held = -self.positions[order.owner] if order.buy else self.positions[order.owner]
        return max(min(order.left, held), ZERO)

    def book_fill(self, order: Mine, price: Decimal, quantity: Decimal, *, maker: bool) -> None:
        """One side of a trade happens."""
        order.done += quantity
        self.positions[order.owner] += quantity if order.buy else -quantity
        self.fills.append(Fill(order.name, price, quantity, maker))
        if not order.left and order in self.orders:
            self.orders.remove(order)

    def fill_resting(self, order: Mine, most: Decimal) -> Decimal:
        """A stranger meets a resting order."""
        if order not in self.orders:
            return ZERO
        quantity = min(most, self.room(order))
        if quantity:
            self.book_fill(order, order.price, quantity, maker=True)
        self.tidy(order.owner)
        return quantity

    def tidy(self, owner: str) -> None:
        """Reduce-only orders with nothing to reduce end, then those that others leave nothing."""
        for order in [mine for mine in self.orders if mine.owner == owner and mine.reduce]:
            if not self.room(order):
                self.orders.remove(order)
        left = abs(self.positions[owner])
        closing = [mine for mine in self.orders if mine.owner == owner and mine.reduce]
        for order in sorted(closing, key=lambda mine: (-mine.price if mine.buy else mine.price, mine.age)):
            if left <= 0:
                self.orders.remove(order)
            left -= order.left

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

    def check(self, order: Mine, *, itself: Mine | None = None) -> None:
        """What the venue refuses."""
        if order.reduce:
            held = -self.positions[order.owner] if order.buy else self.positions[order.owner]
            if held <= 0:
                raise Refused(-2022)
            if not order.market and order.tif not in ("IOC", "FOK"):
                for mine in self.orders:
                    prior = mine.price >= order.price if order.buy else mine.price <= order.price
                    if mine.owner == order.owner and mine.reduce and mine is not itself and prior:
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
                self.crowd(order.owner)
        if order.done != before:
            self.tidy(order.owner)

    def crowd(self, owner: str) -> None:
        """As `tidy`, without the first half: the position has not changed."""
        left = abs(self.positions[owner])
        closing = [mine for mine in self.orders if mine.owner == owner and mine.reduce]
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
            if rival.owner != order.owner:
                self.tidy(rival.owner)
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
        if order.tif in ("GTX", "RPI") and self.crosses(wanted):
            self.orders.remove(order)
            return
        self.check(wanted, itself=order)
        self.orders.remove(order)
        order.price, order.qty = price, qty
        self.run(order)

    def trade(self, price: Decimal, quantity: Decimal, *, seller: bool) -> None:
        """Strangers trade: what is passed fills, what is met fills after the queue before it."""
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


class Pair:
    """Both books through the same steps."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        accounts = [
            AccountConfig(
                name=name,
                api_key=name,
                api_secret=name,
                balances={"USDT": Decimal(10) ** 12},
                trade_group_id=GROUPS[name],
            )
            for name in NAMES
        ]
        self.desk = Desk(accounts=accounts, default_leverage=1, log_ring=10, history_limit=1000)
        self.exchange = self.desk.venue.exchange
        self.market = self.exchange.markets["ETHUSDT"]
        self.naive = NaiveBook()
        self.names = 0
        self.desk.mark("100", symbol="ETHUSDT")
        self.move()

    def step(self) -> None:
        """One random step in both, compared."""
        chance = self.chance.random()
        if chance < 0.55:
            self.place()
        elif chance < 0.65:
            self.cancel()
        elif chance < 0.75:
            self.amend()
        elif chance < 0.9:
            self.trade()
        else:
            self.move()
        self.compare()

    def price(self) -> Decimal:
        """Somewhere near the middle, on a coarse grid so that orders meet."""
        return Decimal(self.chance.randint(951, 1049)) / 10 if self.chance.random() < 0.1 else self.near()

    def near(self) -> Decimal:
        """Within half a unit of the middle."""
        return Decimal(100) + Decimal(self.chance.randint(-5, 5)) / 10

    def quantity(self, most: int = 3000) -> Decimal:
        """A quantity that meets the notional filter."""
        return Decimal(self.chance.randint(300, most)) / 1000

    def place(self) -> None:
        """A random order."""
        self.names += 1
        order = Mine(
            owner=self.chance.choice(NAMES),
            name=f"o{self.names}",
            buy=self.chance.random() < 0.5,
            market=self.chance.random() < 0.15,
            tif=self.chance.choice(("GTC", "GTC", "GTC", "IOC", "FOK", "GTX", "RPI")),
            price=self.price(),
            qty=self.quantity(),
            reduce=self.chance.random() < 0.25,
            stp=self.chance.choice(("EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "NONE")),
        )
        named = {
            "symbol": "ETHUSDT",
            "side": "BUY" if order.buy else "SELL",
            "type": "MARKET" if order.market else "LIMIT",
            "quantity": str(order.qty),
            "reduceOnly": "true" if order.reduce else "false",
            "newClientOrderId": order.name,
            "selfTradePreventionMode": order.stp,
        }
        if order.market:
            order.tif = ""
        else:
            named |= {"price": str(order.price), "timeInForce": order.tif}
        self.both(
            lambda: placement.place(self.exchange, self.account(order.owner), Params(named)),
            lambda: self.naive.place(order),
        )

    def account(self, name: str) -> Account:
        """The real account."""
        return self.exchange.accounts[name]

    def both(self, real: Any, naive: Any) -> None:
        """Do it in both; they refuse with the same code or not at all."""
        codes: list[int] = []
        for do in (real, naive):
            try:
                do()
                codes.append(0)
            except (VenueError, Refused) as refusal:
                codes.append(refusal.code)
        assert codes[0] == codes[1], f"real {codes[0]}, naive {codes[1]}"

    def some_order(self) -> Mine | None:
        """Any of the open orders."""
        return self.chance.choice(self.naive.orders) if self.naive.orders else None

    def cancel(self) -> None:
        """Cancel any open order."""
        order = self.some_order()
        if order is not None:
            named = {"symbol": "ETHUSDT", "origClientOrderId": order.name}
            placement.cancel(self.exchange, self.account(order.owner), Params(named))
            self.naive.cancel(order.name)

    def amend(self) -> None:
        """Amend any open order."""
        order = self.some_order()
        if order is None:
            return
        price, qty = self.near(), max(order.done, self.quantity(2000))
        named = {
            "symbol": "ETHUSDT",
            "origClientOrderId": order.name,
            "side": "BUY" if order.buy else "SELL",
            "price": str(price),
            "quantity": str(qty),
        }
        if order.reduce:
            named["reduceOnly"] = "true"
        self.both(
            lambda: amend.amend(self.exchange, self.account(order.owner), Params(named)),
            lambda: self.naive.amend(order.name, price, qty),
        )

    def trade(self) -> None:
        """Strangers trade near the middle."""
        price, qty, seller = self.near(), self.quantity(), self.chance.random() < 0.5
        self.desk.trade(str(price), str(qty), seller_aggressive=seller, symbol="ETHUSDT")
        self.naive.trade(price, qty, seller=seller)

    def move(self) -> None:
        """The recording shows another book."""
        bid = Decimal(100) + Decimal(self.chance.randint(-4, 3)) / 10
        ask = bid + Decimal(self.chance.randint(1, 3)) / 10
        bids = {bid - Decimal(n) / 10: self.quantity() for n in range(self.chance.randint(0, 4))}
        asks = {ask + Decimal(n) / 10: self.quantity() for n in range(self.chance.randint(0, 4))}
        self.desk.levels(
            {str(price): str(qty) for price, qty in bids.items()},
            {str(price): str(qty) for price, qty in asks.items()},
            symbol="ETHUSDT",
        )
        self.naive.set_levels(bids, asks)

    def compare(self) -> None:
        """Trades, open orders with what they executed, and positions are the same."""
        trades = [
            Fill(record["client_id"], Decimal(record["price"]), Decimal(record["qty"]), record["maker"])
            for record in self.desk.log
            if record["k"] == "trade"
        ]
        assert trades == self.naive.fills, f"real {trades}, naive {self.naive.fills}"
        self.desk.log.clear()
        self.naive.fills.clear()
        resting = [*self.market.bids, *self.market.asks]
        real = {order.client_id: (order.price, order.qty, order.executed) for order in resting}
        naive = {order.name: (order.price, order.qty, order.done) for order in self.naive.orders}
        assert real == naive, f"real {real}, naive {naive}"
        for name in NAMES:
            assert self.account(name).leg("ETHUSDT", "BOTH").amt == self.naive.positions[name]


def run(steps: int, seed: int) -> Pair:
    """Let both live through `steps` steps; AssertionError where they differ."""
    pair = Pair(seed)
    for number in range(steps):
        try:
            pair.step()
        except AssertionError as difference:
            raise AssertionError(f"seed {seed}, step {number}: {difference}") from difference
    return pair


if __name__ == "__main__":
    run(int(sys.argv[1]), int(sys.argv[2]))
