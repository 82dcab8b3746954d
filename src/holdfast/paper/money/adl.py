"""The order in which opposite positions are closed when an insurance fund cannot cover a loss.

A position stands the earlier in the queue the more it earns for its wallet and the higher its margin ratio is.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.num import ONE, ZERO, divide
from holdfast.paper.account import Account, Leg
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.money import margin

_ALONE = 2
_TOP = 4


def score(exchange: Exchange, account: Account, market: Market, leg: Leg) -> Decimal:
    """Profit per wallet times margin ratio; 0 for a position that loses."""
    exposure = account.exposures[market.symbol.name]
    own = margin.leg_margin(market, exposure, leg)
    wallet, maintenance, profit = leg.isolated, own.maintenance, own.unrealized
    if exposure.margin_type != "ISOLATED":
        backing = margin.pool(exchange, account, market.symbol.margin_asset)
        wallet, maintenance, profit = backing.wallet, backing.margin.maintenance, backing.margin.unrealized
    balance = wallet + profit
    if own.unrealized <= 0 or balance <= 0:
        return ZERO
    return divide(own.unrealized, max(wallet, ONE)) * divide(maintenance, balance)


def queue(exchange: Exchange, market: Market, *, longs: bool) -> list[tuple[Account, Leg]]:
    """The long or the short positions of a symbol, first to be closed first; names decide between equals."""
    found: list[tuple[Decimal, str, Account, Leg]] = []
    for account in market.holders.values():
        for leg in account.exposures[market.symbol.name].legs.values():
            if leg.amt and (leg.amt > 0) == longs:
                found.append((-score(exchange, account, market, leg), account.name, account, leg))
    return [(account, leg) for _, _, account, leg in sorted(found, key=lambda item: item[:2])]


def quantile(exchange: Exchange, account: Account, market: Market, leg: Leg) -> int:
    """The place in the queue, 0 (last) to 4 (first). Who is alone stands in the middle: strangers are not seen."""
    if not leg.amt:
        return 0
    places = [held for _, held in queue(exchange, market, longs=leg.amt > 0)]
    if len(places) < 2:
        return _ALONE
    from_last = next(i for i, held in enumerate(reversed(places)) if held is leg)
    return from_last * _TOP // (len(places) - 1)
