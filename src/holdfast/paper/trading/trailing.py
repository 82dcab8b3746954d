"""Trailing stops: how they follow the price and when they fire (protocol notes D.4).

A trailing stop remembers the best price since it was placed. Once that price has reached the
activation price it is activated, and it fires when the price has come back from its best by the
callback rate.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.num import ONE, PERCENT, divide
from holdfast.paper.errors import VenueError, missing
from holdfast.paper.market.markets import Market
from holdfast.paper.orders import Algo
from holdfast.paper.params import Params

LEAST_CALLBACK = Decimal("0.1")
MOST_CALLBACK = Decimal(20)


def read(market: Market, params: Params, algo: Algo) -> None:
    """Take over `callbackRate` and `activatePrice`; without the latter the present price activates at once.

    Raises VenueError: -1130 for a rate outside 0.1 to 20 percent, -4135 for a price off the grid, -1112
    when there is no price at all.
    """
    rate = params.decimal("callbackRate")
    if rate is None:
        raise missing("callbackRate")
    if not LEAST_CALLBACK <= rate <= MOST_CALLBACK:
        raise VenueError(-1130, "callbackRate")
    algo.callback = rate
    price = market.price_for(algo.working_type)
    if price is None:
        raise VenueError(-1112)
    wanted = params.decimal("activatePrice")
    if wanted is not None:
        _check_grid(market, wanted)
    algo.activate = price if wanted is None else wanted
    algo.best = price
    algo.activated = wanted is None


def _check_grid(market: Market, price: Decimal) -> None:
    symbol = market.symbol
    above = bool(symbol.maximum_price) and price > symbol.maximum_price
    if price <= 0 or price < symbol.minimum_price or above or (price - symbol.minimum_price) % symbol.tick:
        raise VenueError(-4135)


def is_reached(algo: Algo, price: Decimal) -> bool:
    """Whether a price has come as far as the activation price."""
    return price <= algo.activate if algo.side == "BUY" else price >= algo.activate


def turning_price(algo: Algo) -> Decimal:
    """Where it fires, given the best price so far."""
    share = divide(algo.callback, PERCENT)
    return algo.best * (ONE + share if algo.side == "BUY" else ONE - share)


def follow(algo: Algo, price: Decimal) -> bool:
    """Learn of a new price; answer whether it fires now."""
    algo.best = min(algo.best, price) if algo.side == "BUY" else max(algo.best, price)
    if not algo.activated:
        algo.activated = is_reached(algo, algo.best)
    turn = turning_price(algo)
    return algo.activated and (price >= turn if algo.side == "BUY" else price <= turn)
