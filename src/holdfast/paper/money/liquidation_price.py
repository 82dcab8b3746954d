"""The mark price at which a position is liquidated (protocol notes I.3).

At that price the margin balance equals the maintenance margin. Maintenance depends on the tier, and the tier on the
price that is looked for, so the formula is repeated with the tier of its own answer until that no longer changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from holdfast.model.num import ZERO, divide
from holdfast.paper.account import Account, Leg
from holdfast.paper.config import Bracket
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.money import margin


def solve(
    positions: Sequence[tuple[Decimal, Decimal]], backing: Decimal, brackets: list[Bracket], start: Decimal
) -> Decimal:
    """The price at which the (amount, entry) pairs of one symbol use up what backs them; 0 when there is none.

    `backing` is the wallet with the open profit and without the maintenance of everything else it backs; `start` is
    a price near which to begin. Each round moves to the tier of the last answer; margin is a concave function of
    the price, so that the answers approach from one side and the tiers settle within as many rounds as there are.
    """
    price, seen = start, [-1]
    for _ in range(2 * len(brackets) + 2):
        tiers = [margin.tier(brackets, abs(amt) * max(price, ZERO)) for amt, _ in positions]
        if [found.bracket for found in tiers] == seen:
            break
        seen = [found.bracket for found in tiers]
        numerator, denominator = backing, ZERO
        for (amt, entry), found in zip(positions, tiers, strict=True):
            numerator += found.cum - amt * entry
            denominator += abs(amt) * found.maintMarginRatio - amt
        if not denominator:
            return ZERO
        price = divide(numerator, denominator)
    return max(price, ZERO)


def liquidation_price(exchange: Exchange, account: Account, market: Market, leg: Leg) -> Decimal:
    """The liquidation price of a position if only its symbol moves: 0 for a flat one and when there is none."""
    if not leg.amt:
        return ZERO
    exposure = account.exposures[market.symbol.name]
    start = market.reference() or leg.entry
    if exposure.margin_type == "ISOLATED":
        return solve([(leg.amt, leg.entry)], leg.isolated, market.brackets, start)
    shared = margin.pool(exchange, account, market.symbol.margin_asset)
    backing = shared.wallet + shared.margin.unrealized - shared.margin.maintenance
    if shared.rate != 1:
        backing = divide(backing, shared.rate) if shared.rate else ZERO
    held = [one for one in exposure.legs.values() if one.amt]
    for one in held:
        own = margin.leg_margin(market, exposure, one)
        backing += own.maintenance - own.unrealized
    return solve([(one.amt, one.entry) for one in held], backing, market.brackets, start)
