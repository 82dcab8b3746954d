"""Margin, maintenance tiers, order cost and available balance (protocol notes I.1, I.2).

Cross positions are backed together by the wallet of their margin asset, in multi-assets mode by all wallets at
their worth in dollars; an isolated one by its own wallet alone. Open orders are netted per leg: only the larger of
(position + buys) and (position + sells) needs margin, and until they fill the cross wallet backs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from holdfast.model.num import ONE, ZERO, divide
from holdfast.paper.account import Account, Exposure, Leg
from holdfast.paper.config import Bracket
from holdfast.paper.exchange import Exchange
from holdfast.paper.facts import VenueFacts
from holdfast.paper.market.markets import Market
from holdfast.paper.money import money
from holdfast.paper.money.fees import dollars
from holdfast.paper.orders import Order

_BUY_ALLOWANCE = Decimal("1.0005")
_SELL_ALLOWANCE = Decimal("1.0015")


class Pool(msgspec.Struct, kw_only=True, gc=False):
    """What backs an account's cross positions, and what they need. `rate` is the worth of one unit of the asset asked
    for in the unit of the sums: 1, or dollars in multi-assets mode."""

    wallet: Decimal
    margin: Margin
    rate: Decimal = ONE

    @property
    def balance(self) -> Decimal:
        """The margin balance."""
        return self.wallet + self.margin.unrealized


class Margin(msgspec.Struct, kw_only=True, gc=False):
    """Sums over positions: all in the margin asset."""

    position_initial: Decimal = ZERO
    order_initial: Decimal = ZERO
    maintenance: Decimal = ZERO
    unrealized: Decimal = ZERO

    def add(self, other: Margin, *, rate: Decimal = ONE) -> None:
        """Add the sums of another, worth `rate` each."""
        self.position_initial += other.position_initial * rate
        self.order_initial += other.order_initial * rate
        self.maintenance += other.maintenance * rate
        self.unrealized += other.unrealized * rate

    @property
    def initial(self) -> Decimal:
        """Initial margin of positions and open orders together."""
        return self.position_initial + self.order_initial


def tier(brackets: list[Bracket], notional: Decimal) -> Bracket:
    """The leverage tier of a notional; beyond the last cap it is the last tier."""
    for bracket in brackets:
        if notional < bracket.notionalCap:
            return bracket
    return brackets[-1]


def notional_cap(brackets: list[Bracket], leverage: int) -> Decimal:
    """The largest position notional allowed at a leverage; 0 when no tier allows the leverage."""
    caps = [bracket.notionalCap for bracket in brackets if bracket.initialLeverage >= leverage]
    return max(caps, default=ZERO)


def worst_notional(leg: Leg, mark: Decimal, bids: Decimal, asks: Decimal, *, netted: bool = True) -> Decimal:
    """The largest notional the leg can reach when either all its buys or all its sells fill; unless `netted`, both."""
    held = leg.amt * mark
    if not netted:
        return abs(held) + bids + asks
    if leg.side == "BOTH":
        return max(abs(held + bids), abs(held - asks))
    return held + bids if leg.side == "LONG" else asks - held


def nets(facts: VenueFacts) -> bool:
    """Whether buys and sells of a position share one margin (protocol notes I.2)."""
    return facts.order_margin == "larger side"


def leg_margin(market: Market, exposure: Exposure, leg: Leg, *, netted: bool = True) -> Margin:
    """Margin of one position with its open orders."""
    mark = market.reference() or leg.entry
    notional = abs(leg.amt) * mark
    position = divide(notional, Decimal(exposure.leverage)) if notional else ZERO
    worst = worst_notional(leg, mark, leg.bids, leg.asks, netted=netted)
    total = divide(worst, Decimal(exposure.leverage)) if worst else ZERO
    bracket = tier(market.brackets, notional)
    return Margin(
        position_initial=position,
        order_initial=max(total - position, ZERO),
        maintenance=notional * bracket.maintMarginRatio - bracket.cum if notional else ZERO,
        unrealized=(mark - leg.entry) * leg.amt,
    )


def live_legs(markets: Mapping[str, Market], account: Account, asset: str) -> Iterator[tuple[Market, Exposure, Leg]]:
    """The positions of a margin asset that are not flat or have orders that could open them."""
    for name, exposure in account.exposures.items():
        market = markets[name]
        if market.symbol.margin_asset == asset:
            for leg in exposure.legs.values():
                if leg.amt or leg.bids or leg.asks:
                    yield market, exposure, leg


def asset_margin(exchange: Exchange, account: Account, asset: str) -> Margin:
    """Margin of everything an account has in one margin asset, isolated positions included."""
    total = Margin()
    for market, exposure, leg in live_legs(exchange.markets, account, asset):
        total.add(leg_margin(market, exposure, leg, netted=nets(exchange.facts)))
    return total


def cross_margin(exchange: Exchange, account: Account, asset: str) -> Margin:
    """Margin that the cross wallet of an asset must back: cross positions, and the open orders of all."""
    total = Margin()
    for market, exposure, leg in live_legs(exchange.markets, account, asset):
        one = leg_margin(market, exposure, leg, netted=nets(exchange.facts))
        if exposure.margin_type == "ISOLATED":
            total.order_initial += one.order_initial
        else:
            total.add(one)
    return total


def pool(exchange: Exchange, account: Account, asset: str) -> Pool:
    """What backs the cross positions of a margin asset: its own wallet, or in multi-assets mode all wallets."""
    if not account.multi_assets:
        wallet = account.cross_wallet(asset)
        return Pool(wallet=wallet, margin=cross_margin(exchange, account, asset))
    found = Pool(wallet=ZERO, margin=Margin(), rate=dollars(exchange, asset))
    for name in account.wallets:
        rate = dollars(exchange, name)
        found.wallet += account.cross_wallet(name) * rate
        found.margin.add(cross_margin(exchange, account, name), rate=rate)
    return found


def available(wallet: Decimal, margin: Margin, *, floored: bool = True) -> Decimal:
    """What can back new orders; never below 0 where `floored`."""
    left = wallet + margin.unrealized - margin.initial
    return max(left, ZERO) if floored else left


def free(exchange: Exchange, account: Account, asset: str) -> Decimal:
    """What can back new orders and isolated positions in a margin asset, in that asset."""
    backing = pool(exchange, account, asset)
    left = available(backing.wallet, backing.margin, floored=exchange.facts.available_floor)
    if backing.rate == 1:
        return left
    return divide(left, backing.rate) if backing.rate else ZERO


def is_funded(exchange: Exchange, account: Account, asset: str) -> bool:
    """Whether the margin balance covers all initial margin."""
    backing = pool(exchange, account, asset)
    return backing.balance >= backing.margin.initial


def withdrawable(exchange: Exchange, account: Account, asset: str) -> Decimal:
    """What may leave a wallet: what is free without counting on open profit (protocol notes C.10)."""
    backing = pool(exchange, account, asset)
    left = available(backing.wallet, backing.margin) - max(backing.margin.unrealized, ZERO)
    left = divide(left, backing.rate) if backing.rate else ZERO
    return max(min(left, account.cross_wallet(asset)), ZERO)


def assumed_price(market: Market, order: Order, *, short_price: str = "bid") -> Decimal | None:
    """The price an order is assumed to trade at when its cost is estimated (notes I.2)."""
    if order.type == "LIMIT":
        if order.is_buy:
            return order.price
        return max(order.price, *_short_floor(market, short_price))
    if order.is_buy:
        ask = market.book.asks.best()
        return ask * _BUY_ALLOWANCE if ask is not None else market.reference()
    bid = market.book.bids.best()
    return bid if bid is not None else market.reference()


def _short_floor(market: Market, short_price: str) -> tuple[Decimal, ...]:
    """What a limit sell may not be costed below: the best bid, or 1.0015 times the last trade and the mark."""
    if short_price == "last":
        last = market.contract_price() or ZERO
        return (last * _SELL_ALLOWANCE, market.reference() or ZERO)
    return (market.book.bids.best() or ZERO,)


def order_cost(
    market: Market, exposure: Exposure, leg: Leg, order: Order, facts: VenueFacts | None = None
) -> tuple[Decimal, Decimal]:
    """What an order adds: (initial margin plus opening loss, worst notional with the order in)."""
    short_price = facts.limit_short_price if facts is not None else "bid"
    netted = facts is None or nets(facts)
    price = assumed_price(market, order, short_price=short_price) or order.price
    mark = market.reference() or price
    value = order.qty * price
    bids = leg.bids + value if order.is_buy else leg.bids
    asks = leg.asks if order.is_buy else leg.asks + value
    before = worst_notional(leg, mark, leg.bids, leg.asks, netted=netted)
    added = max(worst_notional(leg, mark, bids, asks, netted=netted) - before, ZERO)
    after = worst_notional(leg, mark, bids, asks)
    if not added:
        return ZERO, after
    limit = order.price if order.type == "LIMIT" else price
    gap = mark - limit if order.is_buy else limit - mark
    opening_loss = divide(added, price) * -min(gap, ZERO)
    return divide(added, Decimal(exposure.leverage)) + opening_loss, after


def break_even(leg: Leg, facts: VenueFacts) -> Decimal:
    """Where closing would leave nothing: the entry moved by what was paid per unit, against the position."""
    if not leg.amt:
        return ZERO
    if facts.break_even == "all-costs":
        return leg.entry + money.average(leg.costs, leg.amt)
    return leg.entry + money.average(leg.fees, leg.amt)
