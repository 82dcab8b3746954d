"""A slow and obvious model of positions, wallets and margin, compared with the exchange after every random step.

It shares no code with the exchange: fractions instead of decimals, maintenance added up tier by tier instead of by
the cumulated amounts, and the liquidation price found by halving an interval. `python -m tests.paper.naive_margin
100000` runs so many steps.
"""

from __future__ import annotations

import random
import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any

from holdfast.paper.config import AccountConfig, Bracket
from tests.paper.desk import KEY, SECRET, Desk

CLOSE = Fraction(1, 10_000)
STEPS_A_LIFE = 400
PRICES = {"BTCUSDT": 80_000, "ETHUSDT": 2_000}
UNITS = {"BTCUSDT": Fraction(1, 1000), "ETHUSDT": Fraction(1, 20)}
Key = tuple[str, str]


def maintenance(brackets: list[Bracket], notional: Fraction) -> Fraction:
    """Each part of a notional at the rate of its own tier."""
    total = Fraction(0)
    for tier in brackets:
        low, high = Fraction(tier.notionalFloor), Fraction(tier.notionalCap)
        part = min(notional, high) - low if tier is not brackets[-1] else notional - low
        total += max(part, Fraction(0)) * Fraction(tier.maintMarginRatio)
    return total


class NaivePosition:
    """One position and the margin set aside for it."""

    def __init__(self) -> None:
        self.amt = self.entry = self.isolated = Fraction(0)

    def fill(self, delta: Fraction, price: Fraction, leverage: int, *, isolated: bool) -> Fraction:
        """Book a fill bit by bit: first what closes, then what opens; answer the realised profit."""
        profit = Fraction(0)
        closing = min(abs(delta), abs(self.amt)) if self.amt * delta < 0 else Fraction(0)
        if closing:
            direction = 1 if self.amt > 0 else -1
            profit = (price - self.entry) * closing * direction
            self.isolated *= 1 - closing / abs(self.amt)
            self.amt -= direction * closing
        opening = abs(delta) - closing
        if opening:
            self.entry = (abs(self.amt) * self.entry + opening * price) / (abs(self.amt) + opening)
            self.amt += opening if delta > 0 else -opening
            self.isolated += opening * price / leverage if isolated else 0
        if not self.amt:
            self.entry = Fraction(0)
        return profit


class Life:
    """A venue, its naive twin, and random steps for both."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.hedge = self.random.random() < 0.5
        self.wallet = Fraction(self.random.choice([500, 3_000, 20_000, 500_000]))
        own = AccountConfig(
            name="paper",
            api_key=KEY,
            api_secret=SECRET,
            balances={"USDT": Decimal(int(self.wallet))},
            hedge_mode=self.hedge,
        )
        self.desk = Desk(accounts=[own])
        self.exchange = self.desk.venue.exchange
        self.account = self.exchange.accounts["paper"]
        self.seen = 0
        self.positions: dict[Key, NaivePosition] = {}
        self.isolated = {name: self.random.random() < 0.5 for name in PRICES}
        self.leverage = {name: self.random.choice([3, 10, 20, 50]) for name in PRICES}
        self.prices = {name: Fraction(price) for name, price in PRICES.items()}
        self.liquidated = self.refused = 0
        for name in PRICES:
            self.move(name, Fraction(0))
            self.desk.call("POST", "/fapi/v1/leverage", symbol=name, leverage=self.leverage[name])
            if self.isolated[name]:
                self.desk.call("POST", "/fapi/v1/marginType", symbol=name, marginType="ISOLATED")

    def sides(self) -> tuple[str, ...]:
        """The position sides of the mode."""
        return ("LONG", "SHORT") if self.hedge else ("BOTH",)

    def position(self, name: str, side: str) -> NaivePosition:
        """The naive position."""
        return self.positions.setdefault((name, side), NaivePosition())

    def move(self, name: str, part: Fraction) -> None:
        """Book and mark move by a part of the price, rounded to whole units; liquidation is foretold and checked."""
        self.prices[name] = Fraction(max(round(self.prices[name] * (1 + part)), PRICES[name] // 4))
        price = int(self.prices[name])
        self.desk.book(f"{price}.0", f"{price}.1", bid_qty="50", ask_qty="50", symbol=name)
        self.follow()
        due, maybe = self.due(name, -CLOSE), self.due(name, CLOSE)
        seen = self.seen
        self.desk.mark(str(price), symbol=name)
        self.follow()
        for record in self.desk.log[seen:]:
            if record["k"] == "trade" and record["client_id"].startswith("autoclose-"):
                assert (record["symbol"], record["position_side"]) in maybe, "liquidated above maintenance"
        for key in due:
            assert not self.position(*key).amt, f"{key} is below maintenance and was not liquidated"
            self.liquidated += 1

    def due(self, name: str, tolerance: Fraction) -> list[Key]:
        """The positions that a mark at the new price of `name` ends."""
        held = [key for key, one in self.positions.items() if one.amt and key[0] == name]
        found: list[Key] = []
        for key in held:
            pool = [key] if self.isolated[name] else self.cross_keys()
            if self.balance(pool) < sum(self.need(*one) for one in pool) + tolerance:
                found += [one for one in pool if one not in found]
        return found

    def cross_keys(self) -> list[Key]:
        """The open cross positions."""
        return [key for key, one in self.positions.items() if one.amt and not self.isolated[key[0]]]

    def balance(self, keys: list[Key]) -> Fraction:
        """What backs these positions, which are all cross ones or one isolated one."""
        if keys and self.isolated[keys[0][0]]:
            backing = self.positions[keys[0]].isolated
        else:
            backing = self.wallet - sum(one.isolated for one in self.positions.values())
        return backing + sum(self.profit(*key) for key in keys)

    def profit(self, name: str, side: str) -> Fraction:
        """Open profit."""
        one = self.positions[name, side]
        return (self.prices[name] - one.entry) * one.amt

    def need(self, name: str, side: str) -> Fraction:
        """Maintenance margin."""
        return maintenance(
            self.exchange.markets[name].brackets, abs(self.positions[name, side].amt) * self.prices[name]
        )

    def worst(self, name: str, side: str, *, adds: tuple[bool, Fraction] = (True, Fraction(0))) -> Fraction:
        """The largest notional when either all its opening buys or all its opening sells fill, one more among them."""
        held = self.position(name, side).amt * self.prices[name]
        buys, sells = (adds[1], Fraction(0)) if adds[0] else (Fraction(0), adds[1])
        for order in self.account.open_orders.values():
            if (order.symbol, order.position_side) == (name, side) and not order.closes_only:
                left = Fraction(order.price) * (Fraction(order.qty) - Fraction(order.executed))
                buys, sells = (buys + left, sells) if order.side == "BUY" else (buys, sells + left)
        up, down = held + buys, held - sells
        return max(abs(up), abs(down)) if side == "BOTH" else up if side == "LONG" else -down

    def free(self) -> Fraction:
        """What can back new orders."""
        total = self.balance(self.cross_keys()) if self.cross_keys() else self.balance([])
        for name in PRICES:
            for side in self.sides():
                held = abs(self.position(name, side).amt) * self.prices[name]
                total -= (
                    max(self.worst(name, side) - (held if self.isolated[name] else 0), Fraction(0))
                    / self.leverage[name]
                )
                if not self.isolated[name]:
                    total -= max(held - self.worst(name, side), Fraction(0)) / self.leverage[name]
        return max(total, Fraction(0))

    def follow(self) -> None:
        """Book what the log tells since the last look: trades by the model's own rules, transfers as they are."""
        for record in self.desk.log[self.seen :]:
            if record["k"] == "trade":
                one = self.position(record["symbol"], record["position_side"])
                delta = Fraction(record["qty"]) * (1 if record["side"] == "BUY" else -1)
                name = record["symbol"]
                profit = one.fill(delta, Fraction(record["price"]), self.leverage[name], isolated=self.isolated[name])
                rate = Fraction("0.0002") if record["maker"] else Fraction("0.0005")
                self.wallet += profit - abs(delta) * Fraction(record["price"]) * rate
            elif record["k"] == "income" and record["type"] == "INSURANCE_CLEAR":
                self.wallet += Fraction(record["amount"])
        self.seen = len(self.desk.log)

    def step(self) -> None:
        """One random step, and the comparison after it."""
        name, side = self.random.choice(list(PRICES)), self.random.choice(self.sides())
        _STEPS[self.random.choices(list(_STEPS), weights=[4, 4, 6, 2, 1, 1])[0]](self, name, side)
        self.follow()
        self.compare()

    def order(self, name: str, side: str, *, price: int | None = None) -> None:
        """Place an order of random size on a random side: the venue lets in exactly what the model can pay for."""
        notional = Fraction(self.random.randint(60, 30_000) * self.random.choice([1, 1, 1, 10]))
        quantity = max(round(notional / self.prices[name] / UNITS[name]), 1) * UNITS[name]
        buy = self.random.random() < 0.5
        wanted, sure = self.refusal((name, side), buy=buy, quantity=quantity, price=price)
        limit = {} if price is None else {"type": "LIMIT", "price": f"{price}.0"}
        reply = self.desk.order(
            symbol=name,
            side="BUY" if buy else "SELL",
            positionSide=side,
            quantity=str(Decimal(quantity.numerator) / Decimal(quantity.denominator)),
            **limit,
        )
        if sure and reply.code in (200, -2019, -2027):
            assert reply.code == wanted, (reply.body, wanted, name, side, buy, float(quantity), price)
            self.refused += wanted != 200

    def refusal(self, key: Key, *, buy: bool, quantity: Fraction, price: int | None) -> tuple[int, bool]:
        """What the venue should say to an order, and whether that is further from the edge than rounding reaches."""
        name, side = key
        mark = self.prices[name]
        if side == ("SHORT" if buy else "LONG"):
            return 200, True
        assumed = mark if price is None else max(Fraction(price), mark)
        if buy:
            assumed = (mark + Fraction(1, 10)) * Fraction("1.0005") if price is None else Fraction(price)
        before, after = self.worst(name, side), self.worst(name, side, adds=(buy, quantity * assumed))
        added = max(after - before, Fraction(0))
        if not added:
            return 200, True
        at = assumed if price is None else Fraction(price)
        loss = max(at - mark if buy else mark - at, Fraction(0))
        cost = added / self.leverage[name] + added / assumed * loss
        tiers = self.exchange.markets[name].brackets
        cap = max(Fraction(tier.notionalCap) for tier in tiers if tier.initialLeverage >= self.leverage[name])
        sure = min(abs(after - cap), abs(cost - self.free())) > CLOSE
        return -2027 if after > cap else -2019 if cost > self.free() else 200, sure

    def market(self, name: str, side: str) -> None:
        """A market order."""
        self.order(name, side)

    def limit(self, name: str, side: str) -> None:
        """A limit order near the market."""
        price = int(self.prices[name] * (1 + Fraction(self.random.randint(-20, 20), 1000)))
        self.order(name, side, price=price)

    def shift(self, name: str, _side: str) -> None:
        """The market moves, seldom far."""
        size = 150 if self.random.random() < 0.02 else 12
        self.move(name, Fraction(self.random.randint(-size, size), 1000))

    def cancel(self, name: str, _side: str) -> None:
        """Cancel the orders of a symbol."""
        self.desk.call("DELETE", "/fapi/v1/allOpenOrders", symbol=name)

    def lever(self, name: str, _side: str) -> None:
        """Change the leverage; the model believes what the venue accepts."""
        wanted = self.random.choice([3, 10, 20, 50])
        if self.desk.call("POST", "/fapi/v1/leverage", symbol=name, leverage=wanted).status == 200:
            self.leverage[name] = wanted

    def adjust(self, name: str, side: str) -> None:
        """Move isolated margin: the venue accepts exactly what the model can spare."""
        one, kind = self.position(name, side), self.random.choice([1, 2])
        amount = Fraction(self.random.randint(1, 300))
        held = abs(one.amt) * self.prices[name] / self.leverage[name]
        spare = self.free() if kind == 1 else one.isolated + min(self.profit(name, side), Fraction(0)) - held
        reply = self.desk.call(
            "POST", "/fapi/v1/positionMargin", symbol=name, positionSide=side, type=kind, amount=int(amount)
        )
        allowed = self.isolated[name] and bool(one.amt) and amount <= spare
        if abs(amount - spare) > CLOSE:
            assert (reply.status == 200) == allowed, (reply.body, float(spare), float(amount))
        if reply.status == 200:
            one.isolated += amount if kind == 1 else -amount

    def compare(self) -> None:
        """The venue and the model agree on everything that is money."""
        assert abs(Fraction(self.account.wallets["USDT"]) - self.wallet) < CLOSE
        for (name, side), one in self.positions.items():
            leg = self.account.leg(name, side)
            assert Fraction(leg.amt) == one.amt
            assert abs(Fraction(leg.entry) - one.entry) < CLOSE
            assert abs(Fraction(leg.isolated) - one.isolated) < CLOSE
        if self.random.random() < 0.25:
            self.compare_replies()

    def compare_replies(self) -> None:
        """What the venue tells the client: available, maintenance and liquidation prices."""
        body = self.desk.call("GET", "/fapi/v3/account").body
        free = self.free()
        assert abs(Fraction(body["availableBalance"]) - free) < CLOSE, (body["availableBalance"], float(free))
        need = sum((self.need(*key) for key in self.positions), Fraction(0))
        assert abs(Fraction(body["totalMaintMargin"]) - need) < CLOSE
        for row in self.desk.call("GET", "/fapi/v3/positionRisk").body:
            key = (row["symbol"], row["positionSide"])
            if Fraction(row["positionAmt"]) and not (self.hedge and not self.isolated[key[0]]):
                self.compare_liquidation(key, Fraction(row["liquidationPrice"]))

    def compare_liquidation(self, key: Key, shown: Fraction) -> None:
        """Just on the safe side of the price the margin suffices, just beyond it no longer."""
        name, before = key[0], self.prices[key[0]]
        pool = [key] if self.isolated[name] else self.cross_keys()
        gap = max(before / 100_000, Fraction(1, 1000))
        toward = 1 if self.positions[key].amt > 0 else -1
        for price, safe in ((shown + toward * gap, True), (shown - toward * gap, False)):
            if price > 0 and (shown > 0 or safe):
                self.prices[name] = price
                margin = self.balance(pool) - sum(self.need(*one) for one in pool)
                assert (margin > -CLOSE) if safe else (margin < CLOSE), (key, float(shown), float(margin))
        self.prices[name] = before


_STEPS: dict[str, Any] = {
    "market": Life.market,
    "limit": Life.limit,
    "shift": Life.shift,
    "adjust": Life.adjust,
    "cancel": Life.cancel,
    "lever": Life.lever,
}


def run(steps: int, *, first_seed: int = 1) -> tuple[int, int, int]:
    """Live so many steps, some hundred a life; answer (lives, liquidations, orders refused for want of margin)."""
    lives = liquidated = refused = 0
    while steps > 0:
        life = Life(first_seed + lives)
        lives += 1
        for _ in range(min(STEPS_A_LIFE, steps)):
            life.step()
        steps -= STEPS_A_LIFE
        liquidated += life.liquidated
        refused += life.refused
    return lives, liquidated, refused


if __name__ == "__main__":
    sys.stdout.write("{} lives, {} liquidations, {} orders refused: no difference\n".format(*run(int(sys.argv[1]))))
