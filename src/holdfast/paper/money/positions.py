"""How a fill changes a position and the margin set aside for it (protocol notes I.1, I.6).

An isolated position is given initial margin from the cross wallet by each opening fill, at the fill price, and gives
back its share by each closing one; profit, loss and commission go to the wallet.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.num import ZERO, divide, sign
from holdfast.paper.account import Account, Leg
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.money import money
from holdfast.paper.money.movements import MarginMove, MoveKind


def trade(
    exchange: Exchange, account: Account, market: Market, leg: Leg, *, delta: Decimal, price: Decimal, rate: Decimal
) -> Decimal:
    """Add a signed quantity to a position; answer the realised profit, fees not included."""
    before, basis = leg.amt, leg.amt * leg.entry
    profit = leg.trade(delta, price)
    asset = market.symbol.margin_asset
    exchange.ledger.trade(market.symbol.name, asset, delta, price, profit + basis - leg.amt * leg.entry)
    closed = min(abs(before), abs(delta)) if before and sign(before) != sign(delta) else ZERO
    opened = abs(delta) - closed
    _count_fees(leg, before, closed, opened, price * rate, profit)
    exposure = account.exposures[market.symbol.name]
    if exposure.margin_type == "ISOLATED":
        released = leg.isolated if closed == abs(before) else money.cut(divide(leg.isolated * closed, abs(before)))
        added = money.cut(divide(opened * price, Decimal(exposure.leverage))) if opened else ZERO
        if before and closed == abs(before):
            move_margin(exchange, account, market, leg, -released, "TRADE")
            move_margin(exchange, account, market, leg, added, "TRADE")
        else:
            move_margin(exchange, account, market, leg, added - (released if closed else ZERO), "TRADE")
    return profit


def _count_fees(leg: Leg, before: Decimal, closed: Decimal, opened: Decimal, fee: Decimal, profit: Decimal) -> None:
    if closed == abs(before):
        leg.fees = leg.costs = ZERO
    elif closed:
        leg.fees = divide(leg.fees * (abs(before) - closed), abs(before))
        leg.costs += fee * closed - profit
    leg.fees += fee * opened
    leg.costs += fee * opened


def move_margin(
    exchange: Exchange, account: Account, market: Market, leg: Leg, amount: Decimal, kind: MoveKind
) -> None:
    """Set margin aside for an isolated position (amount above 0), or give it back."""
    if not amount:
        return
    set_aside(account, market, leg, amount)
    account.margin_moves.append(
        MarginMove(
            symbol=market.symbol.name,
            position_side=leg.side,
            asset=market.symbol.margin_asset,
            amount=amount,
            kind=kind,
            us=exchange.now_us,
        )
    )


def set_aside(account: Account, market: Market, leg: Leg, amount: Decimal) -> None:
    """Change an isolated wallet, and what all isolated wallets of the asset hold together."""
    asset = market.symbol.margin_asset
    leg.isolated += amount
    account.isolated[asset] = account.isolated.get(asset, ZERO) + amount
