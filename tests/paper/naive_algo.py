"""Slow and obvious conditional orders over the naive book: a list that is looked through at every price.

`python -m tests.paper.naive_algo STEPS SEED [hedge]` lets them and the real ones live through the same random steps:
triggers on the mark and on trades, price protection, close-all, trailing stops, stops that live by their position.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from holdfast.paper.errors import VenueError
from holdfast.paper.orders import Algo
from holdfast.paper.params import Params
from holdfast.paper.trading import algo
from tests.paper.naive_book import NAMES, Mine, NaiveBook, Refused
from tests.paper.naive_pair import Pair

ZERO = Decimal(0)
PROTECT = Decimal("0.05")
TYPES = ("STOP", "STOP_MARKET", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")


class Waits:
    """One conditional order."""

    def __init__(self, **fields: Any) -> None:
        self.owner: str = fields["owner"]
        self.side: str = fields["side"]
        self.name: str = fields["name"]
        self.kind: str = fields["kind"]
        self.buy: bool = fields["buy"]
        self.qty: Decimal = fields["qty"]
        self.trigger: Decimal = fields["trigger"]
        self.price: Decimal = fields["price"]
        self.tif: str = fields["tif"]
        self.marks: bool = fields["marks"]
        self.protect: bool = fields["protect"]
        self.close: bool = fields["close"]
        self.reduce: bool = fields["reduce"]
        self.stp: str = fields["stp"]
        self.callback: Decimal = fields["callback"]
        self.activate: Decimal | None = fields["activate"]
        self.prices: list[Decimal] = []
        self.status = "NEW"
        self.child: Mine | None = None

    @property
    def trails(self) -> bool:
        """Whether it follows the price."""
        return self.kind == "TRAILING_STOP_MARKET"

    @property
    def rises(self) -> bool:
        """Whether it waits for a higher price."""
        return self.buy == self.kind.startswith("STOP")

    @property
    def best(self) -> Decimal:
        """The best price since it was placed."""
        return min(self.prices) if self.buy else max(self.prices)

    def reaches(self, price: Decimal) -> bool:
        """Whether a trailing stop with an activation price is past it."""
        if self.activate is None:
            return True
        return price <= self.activate if self.buy else price >= self.activate

    def is_due(self, price: Decimal) -> bool:
        """Whether its condition is true; a trailing stop looks at all prices since it was placed."""
        if not self.trails:
            return price >= self.trigger if self.rises else price <= self.trigger
        share = self.callback / 100
        turned = price >= self.best * (1 + share) if self.buy else price <= self.best * (1 - share)
        return self.reaches(self.best) and turned


class NaiveAlgos(NaiveBook):
    """The naive book with conditional orders beside it."""

    def __init__(self, *, hedge: bool) -> None:
        super().__init__(hedge=hedge)
        self.last = Decimal(100)
        self.algos: list[Waits] = []

    def waiting(self) -> list[Waits]:
        """Those that have not triggered yet, oldest first."""
        return [one for one in self.algos if one.status == "NEW"]

    def price_of(self, one: Waits) -> Decimal:
        """The price it looks at."""
        return self.mark if one.marks else self.last

    def wait_for(self, one: Waits) -> None:
        """Place a conditional order, or raise Refused."""
        price = self.price_of(one)
        if one.is_due(price) if not one.trails else one.activate is not None and one.reaches(price):
            raise Refused(-2021)
        twins = [
            other
            for other in self.waiting()
            if other.close and (other.owner, other.side, other.buy) == (one.owner, one.side, one.buy)
        ]
        if one.close and any(other.kind.startswith("STOP") == one.kind.startswith("STOP") for other in twins):
            raise Refused(-4130)
        one.prices.append(price)
        self.algos.append(one)

    def stop_waiting(self, name: str) -> None:
        """Cancel one."""
        next(one for one in self.waiting() if one.name == name).status = "CANCELED"

    def strangers(self, price: Decimal, quantity: Decimal, *, seller: bool) -> None:
        """A trade of strangers: our orders first, then what waits for the price of what is left of it."""
        ours = self.trade(price, quantity, seller=seller)
        self.settle()
        if ours < quantity:
            self.last = price
            self.look(marks=False)
            self.look(marks=True, protected_only=True)
            self.settle()

    def printed(self, price: Decimal) -> None:
        """A trade of ours is the last price at once; what waits for it looks when the step is over."""
        super().printed(price)
        self.last = price

    def settle(self) -> None:
        """A step is over: each of our trades is looked at, with those that come of it."""
        while self.tape:
            self.look(marks=False, price=self.tape.pop(0))
            self.look(marks=True, protected_only=True)

    def set_mark(self, mark: Decimal) -> None:
        """Another mark."""
        if mark != self.mark:
            self.mark = mark
            self.look(marks=True)
            self.look(marks=False, protected_only=True)
            self.settle()

    def look(self, *, marks: bool, protected_only: bool = False, price: Decimal | None = None) -> None:
        """A price has come: those that wait for it, nearest first, then the trailing ones."""
        waiting = [one for one in self.waiting() if one.marks == marks]
        if protected_only and not any(one.protect for one in waiting):
            return
        if price is None:
            price = self.mark if marks else self.last
        for one in sorted([one for one in waiting if not one.trails and one.is_due(price)], key=_turn):
            self.fire(one)
        for one in waiting:
            if one.trails and one.status == "NEW":
                one.prices.append(price)
                if one.is_due(price):
                    self.fire(one)

    def fire(self, one: Waits) -> None:
        """Its condition is true: it becomes an order, unless the prices are too far apart or it is refused."""
        if one.status != "NEW" or (one.protect and abs(self.mark - self.last) > self.mark * PROTECT):
            return
        market = one.kind.endswith("MARKET")
        order = Mine(
            owner=one.owner,
            side=one.side,
            name=one.name,
            buy=one.buy,
            market=market,
            tif="" if market else one.tif,
            price=one.price,
            qty=one.qty,
            reduce=one.reduce or one.close,
            stp=one.stp,
        )
        if one.close:
            order.qty = self.held(order)
        one.status = "TRIGGERED"
        try:
            self.place(order)
            one.child = order
        except Refused:
            one.status = "REJECTED"

    def tidy(self, leg: tuple[str, str]) -> None:
        """What lives by a position ends with it."""
        super().tidy(leg)
        if not self.positions[leg]:
            self.orders = [mine for mine in self.orders if mine.leg != leg or mine.tif != "GTE_GTC"]
            for one in self.waiting():
                if (one.owner, one.side) == leg and one.tif == "GTE_GTC":
                    one.status = "EXPIRED"

    def state_of(self, one: Waits) -> str:
        """Its status as the venue tells it: what has triggered is finished when its order is."""
        return "FINISHED" if one.status == "TRIGGERED" and one.child not in self.orders else one.status


def _turn(one: Waits) -> tuple[bool, Decimal]:
    return (not one.rises, one.trigger if one.rises else -one.trigger)


class AlgoPair(Pair):
    """Both through the same steps, conditional orders among them."""

    def __init__(self, seed: int, *, hedge: bool) -> None:
        super().__init__(seed, hedge=hedge)
        self.algos = NaiveAlgos(hedge=hedge)
        self.algos.levels = self.naive.levels
        self.naive = self.algos
        self.real: dict[str, Algo] = {}
        self.ended: dict[str, int] = {}
        self.desk.trade("100", "0.001", seller_aggressive=True, symbol="ETHUSDT")

    def quantity(self, most: int = 3000) -> Decimal:
        """Of few sizes, so that positions often end exactly."""
        return Decimal(self.chance.randint(1, most // 1000)) / 2

    def step(self) -> None:
        """One random step in both, compared."""
        todo: tuple[Callable[[], None], ...] = (
            self.place, self.cancel, self.amend, self.trade, self.move, self.wait_for, self.stop_waiting, self.mark,
        )  # fmt: skip
        self.chance.choices(todo, weights=(20, 6, 4, 25, 8, 22, 5, 10))[0]()
        self.compare()

    def trade(self) -> None:
        """Strangers trade, sometimes far away."""
        price = self.price() if self.chance.random() < 0.9 else Decimal(self.chance.randint(930, 1070)) / 10
        qty, seller = self.quantity(), self.chance.random() < 0.5
        self.desk.trade(str(price), str(qty), seller_aggressive=seller, symbol="ETHUSDT")
        self.algos.strangers(price, qty, seller=seller)

    def mark(self) -> None:
        """The mark moves, sometimes far away from the trades."""
        mark = self.price() if self.chance.random() < 0.8 else Decimal(self.chance.randint(930, 1070)) / 10
        self.desk.mark(str(mark), symbol="ETHUSDT")
        self.algos.set_mark(mark)

    def drawn(self) -> Waits:
        """A random conditional order that breaks no rule of form."""
        self.names += 1
        buy, kind = self.chance.random() < 0.5, self.chance.choice(TYPES)
        side, reduce = self.closing(buy=buy)
        market, trails = kind.endswith("MARKET"), kind.startswith("TRAILING")
        close = market and not trails and (reduce or not self.hedge) and self.chance.random() < 0.4
        return Waits(
            owner=self.chance.choice(NAMES),
            side=side,
            name=f"c{self.names}",
            kind=kind,
            buy=buy,
            qty=self.quantity(),
            trigger=self.price(),
            price=ZERO if market else self.price(),
            tif=self.chance.choice(("GTC", "GTC", "GTE_GTC") if market else ("GTC", "IOC", "FOK", "GTX", "GTE_GTC")),
            marks=self.chance.random() < 0.5,
            protect=self.chance.random() < 0.3,
            close=close,
            reduce=reduce or close,
            stp=self.chance.choice(("EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "NONE")),
            callback=Decimal(self.chance.randint(1, 10)) / 10,
            activate=self.price() if trails and self.chance.random() < 0.6 else None,
        )

    def wait_for(self) -> None:
        """A random conditional order."""
        one = self.drawn()
        named = {
            "algoType": "CONDITIONAL",
            "symbol": "ETHUSDT",
            "side": "BUY" if one.buy else "SELL",
            "type": one.kind,
            "timeInForce": one.tif,
            "workingType": "MARK_PRICE" if one.marks else "CONTRACT_PRICE",
            "priceProtect": "true" if one.protect else "false",
            "selfTradePreventionMode": one.stp,
            "clientAlgoId": one.name,
            **self.flags(one.side, reduce=one.reduce),
        }
        if one.close:
            named.pop("reduceOnly", None)
            named["closePosition"] = "true"
        else:
            named["quantity"] = str(one.qty)
        if one.trails:
            named["callbackRate"] = str(one.callback)
        else:
            named["triggerPrice"] = str(one.trigger)
        if one.activate is not None:
            named["activatePrice"] = str(one.activate)
        if one.price:
            named["price"] = str(one.price)
        self.both(lambda: self._place(one.owner, named), lambda: self.algos.wait_for(one))

    def _place(self, owner: str, named: dict[str, str]) -> None:
        placed = algo.place(self.exchange, self.account(owner), Params(named))
        self.real[placed.client_id] = placed

    def stop_waiting(self) -> None:
        """Cancel any waiting one."""
        waiting = self.algos.waiting()
        if waiting:
            one = self.chance.choice(waiting)
            named = {"clientAlgoId": one.name}
            self.both(
                lambda: algo.cancel(self.exchange, self.account(one.owner), Params(named)),
                lambda: self.algos.stop_waiting(one.name),
            )

    def compare(self) -> None:
        """As of the books, and every conditional order has the same status, best price and activation."""
        super().compare()
        for one in list(self.algos.algos):
            real, wanted = self.real[one.name], self.algos.state_of(one)
            assert real.status == wanted, f"{one.name} {one.kind}: real {real.status} {real.reason}, naive {wanted}"
            if one.trails and wanted == "NEW":
                assert (real.best, real.activated) == (one.best, one.reaches(one.best)), one.name
            if wanted not in ("NEW", "TRIGGERED"):
                self.ended[wanted] = self.ended.get(wanted, 0) + 1
                self.algos.algos.remove(one)
                del self.real[one.name]


def run(steps: int, seed: int, *, hedge: bool) -> AlgoPair:
    """Let both live through `steps` steps; AssertionError where they differ."""
    pair = AlgoPair(seed, hedge=hedge)
    for number in range(steps):
        try:
            pair.step()
        except (AssertionError, VenueError) as difference:
            raise AssertionError(f"seed {seed}, step {number}: {difference}") from difference
    return pair


if __name__ == "__main__":
    sys.stdout.write(f"{run(int(sys.argv[1]), int(sys.argv[2]), hedge='hedge' in sys.argv).ended}: no difference\n")
