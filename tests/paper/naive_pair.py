"""The real order book and the naive one through the same random steps.

`python -m tests.paper.naive_pair STEPS SEED [hedge]` compares trades, open orders and positions after each.
"""

from __future__ import annotations

import random
import sys
from decimal import Decimal
from typing import Any

from holdfast.paper import aftermath
from holdfast.paper.account import Account
from holdfast.paper.config import AccountConfig
from holdfast.paper.errors import VenueError
from holdfast.paper.params import Params
from holdfast.paper.trading import amend, placement
from tests.paper.desk import Desk
from tests.paper.naive_book import GROUPS, NAMES, Fill, Mine, NaiveBook, Refused


class Pair:
    """Both books through the same steps."""

    def __init__(self, seed: int, *, hedge: bool = False) -> None:
        self.chance = random.Random(seed)
        self.hedge = hedge
        accounts = [
            AccountConfig(
                name=name,
                api_key=name,
                api_secret=name,
                balances={"USDT": Decimal(10) ** 12},
                trade_group_id=GROUPS[name],
                hedge_mode=hedge,
            )
            for name in NAMES
        ]
        self.desk = Desk(accounts=accounts, default_leverage=1, log_ring=10, history_limit=1000)
        self.exchange = self.desk.venue.exchange
        self.market = self.exchange.markets["ETHUSDT"]
        self.naive = NaiveBook(hedge=hedge)
        self.names = 0
        self.trades = 0
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
        buy = self.chance.random() < 0.5
        side, reduce = self.closing(buy=buy)
        order = Mine(
            owner=self.chance.choice(NAMES),
            side=side,
            name=f"o{self.names}",
            buy=buy,
            market=self.chance.random() < 0.15,
            tif=self.chance.choice(("GTC", "GTC", "GTC", "IOC", "FOK", "GTX", "RPI")),
            price=self.price(),
            qty=self.quantity(),
            reduce=reduce,
            stp=self.chance.choice(("EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "NONE")),
        )
        named = {
            "symbol": "ETHUSDT",
            "side": "BUY" if order.buy else "SELL",
            "type": "MARKET" if order.market else "LIMIT",
            "quantity": str(order.qty),
            **self.flags(side, reduce=reduce),
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

    def closing(self, *, buy: bool) -> tuple[str, bool]:
        """A position side, and whether an order may only close: by its direction in hedge mode, else by a flag."""
        if not self.hedge:
            return "BOTH", self.chance.random() < 0.25
        side = self.chance.choice(("LONG", "SHORT"))
        return side, buy == (side == "SHORT")

    def flags(self, side: str, *, reduce: bool) -> dict[str, str]:
        """How a request says so."""
        return {"positionSide": side} if self.hedge else {"reduceOnly": "true" if reduce else "false"}

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
        aftermath.settle(self.exchange)
        self.naive.settle()
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
        if order.reduce and not self.hedge:
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
        self.naive.settle()

    def compare(self) -> None:
        """Trades, open orders with what they executed, and positions are the same."""
        trades = [
            Fill(record["client_id"], Decimal(record["price"]), Decimal(record["qty"]), record["maker"])
            for record in self.desk.log
            if record["k"] == "trade"
        ]
        assert trades == self.naive.fills, f"real {trades}, naive {self.naive.fills}"
        self.trades += len(trades)
        self.desk.log.clear()
        self.naive.fills.clear()
        resting = [*self.market.bids, *self.market.asks]
        real = {order.client_id: (order.price, order.qty, order.executed) for order in resting}
        naive = {order.name: (order.price, order.qty, order.done) for order in self.naive.orders}
        assert real == naive, f"real {real}, naive {naive}"
        for (name, side), held in self.naive.positions.items():
            assert self.account(name).leg("ETHUSDT", side).amt == held


def run(steps: int, seed: int, *, hedge: bool = False) -> Pair:
    """Let both live through `steps` steps; AssertionError where they differ."""
    pair = Pair(seed, hedge=hedge)
    for number in range(steps):
        try:
            pair.step()
        except AssertionError as difference:
            raise AssertionError(f"seed {seed}, step {number}: {difference}") from difference
    return pair


if __name__ == "__main__":
    lived = run(int(sys.argv[1]), int(sys.argv[2]), hedge="hedge" in sys.argv)
    sys.stdout.write(f"{sys.argv[1]} steps, {lived.trades} fills: no difference\n")
