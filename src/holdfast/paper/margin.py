"""Margin, maintenance tiers, available balance and liquidation price (protocol notes I.1 to I.3).

Every position is margined as cross: the wallet of its margin asset backs all of them. Open orders
are netted per leg: only the larger of (position + buys) and (position + sells) needs margin.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from holdfast.model.num import ONE, ZERO, divide
from holdfast.paper.account import Account, Exposure, Leg
from holdfast.paper.config import Bracket
from holdfast.paper.markets import Market
from holdfast.paper.orders import Order

_BUY_ALLOWANCE = Decimal("1.0005")


class Margin(msgspec.Struct, kw_only=True, gc=False):
    """Sums over positions: all in the margin asset."""

    position_initial: Decimal = ZERO
    order_initial: Decimal = ZERO
    maintenance: Decimal = ZERO
    unrealized: Decimal = ZERO

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


def worst_notional(leg: Leg, mark: Decimal, bids: Decimal, asks: Decimal) -> Decimal:
    """The largest notional the leg can reach when either all its buys or all its sells fill."""
    held = leg.amt * mark
    if leg.side == "BOTH":
        return max(abs(held + bids), abs(held - asks))
    return held + bids if leg.side == "LONG" else asks - held


def leg_margin(market: Market, exposure: Exposure, leg: Leg) -> Margin:
    """Margin of one position with its open orders."""
    mark = market.reference() or leg.entry
    notional = abs(leg.amt) * mark
    position = divide(notional, Decimal(exposure.leverage)) if notional else ZERO
    worst = worst_notional(leg, mark, leg.bids, leg.asks)
    total = divide(worst, Decimal(exposure.leverage)) if worst else ZERO
    bracket = tier(market.brackets, notional)
    return Margin(
        position_initial=position,
        order_initial=max(total - position, ZERO),
        maintenance=notional * bracket.maintMarginRatio - bracket.cum if notional else ZERO,
        unrealized=(mark - leg.entry) * leg.amt,
    )


def asset_margin(markets: Mapping[str, Market], account: Account, asset: str) -> Margin:
    """Margin of everything an account has in one margin asset."""
    total = Margin()
    for name, exposure in account.exposures.items():
        market = markets[name]
        if market.symbol.margin_asset != asset:
            continue
        for leg in exposure.legs.values():
            if not (leg.amt or leg.bids or leg.asks):
                continue
            one = leg_margin(market, exposure, leg)
            total.position_initial += one.position_initial
            total.order_initial += one.order_initial
            total.maintenance += one.maintenance
            total.unrealized += one.unrealized
    return total


def available(wallet: Decimal, margin: Margin) -> Decimal:
    """What can back new orders; never below 0."""
    return max(wallet + margin.unrealized - margin.initial, ZERO)


def assumed_price(market: Market, order: Order) -> Decimal | None:
    """The price an order is assumed to trade at when its cost is estimated (notes I.2)."""
    if order.type == "LIMIT":
        bid = market.book.bids.best()
        return order.price if order.is_buy or bid is None else max(bid, order.price)
    if order.is_buy:
        ask = market.book.asks.best()
        return ask * _BUY_ALLOWANCE if ask is not None else market.reference()
    bid = market.book.bids.best()
    return bid if bid is not None else market.reference()


def order_cost(market: Market, exposure: Exposure, leg: Leg, order: Order) -> tuple[Decimal, Decimal]:
    """What an order adds: (initial margin plus opening loss, worst notional with the order in)."""
    price = assumed_price(market, order) or order.price
    mark = market.reference() or price
    value = order.qty * price
    bids = leg.bids + value if order.is_buy else leg.bids
    asks = leg.asks if order.is_buy else leg.asks + value
    before = worst_notional(leg, mark, leg.bids, leg.asks)
    after = worst_notional(leg, mark, bids, asks)
    added = max(after - before, ZERO)
    if not added:
        return ZERO, after
    gap = mark - price if order.is_buy else price - mark
    opening_loss = divide(added, price) * -min(gap, ZERO)
    return divide(added, Decimal(exposure.leverage)) + opening_loss, after


def liquidation_price(markets: Mapping[str, Market], account: Account, market: Market) -> Decimal:
    """The mark price at which the account is liquidated if only this symbol moves; 0 when there is none."""
    asset = market.symbol.margin_asset
    exposure = account.exposures[market.symbol.name]
    others = asset_margin(markets, account, asset)
    numerator = account.wallets.get(asset, ZERO) + others.unrealized - others.maintenance
    denominator = ZERO
    for leg in exposure.legs.values():
        if not leg.amt:
            continue
        own = leg_margin(market, exposure, leg)
        bracket = tier(market.brackets, abs(leg.amt) * (market.reference() or leg.entry))
        numerator += own.maintenance - own.unrealized + bracket.cum - leg.amt * leg.entry
        denominator += abs(leg.amt) * bracket.maintMarginRatio - leg.amt
    if not denominator:
        return ZERO
    return max(divide(numerator, denominator), ZERO)


def break_even(leg: Leg, fee: Decimal) -> Decimal:
    """The entry moved by one fee, against the position."""
    return leg.entry * (ONE + fee if leg.amt > 0 else ONE - fee) if leg.amt else ZERO
