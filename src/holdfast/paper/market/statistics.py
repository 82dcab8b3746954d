"""Statistics about the crowd, which a paper exchange does not have (protocol notes B.1, `/futures/data/*`).

Taker volumes and the basis come from the recorded trades and prices. Open interest and the ratios
of longs to shorts are made up: smooth chance drawn from the symbol's name and the instant, so that
every run tells the same. What our own accounts hold is added to the open interest of now.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.num import ONE, ZERO, divide, floor_to
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.market.past import Noise

_HOUR_MS = 3_600_000
_LEAST_INTEREST = 20_000_000
"""The least usual open interest of a contract in quote currency; a symbol's own is up to six times as much."""

_RATIO_PERIODS_MS = {"account": 6 * _HOUR_MS, "top account": 4 * _HOUR_MS, "top position": 12 * _HOUR_MS}
_FINE = Decimal("0.0001")


def open_interest(exchange: Exchange, market: Market, at_ms: int) -> Decimal:
    """Contracts that are open at an instant, in base quantity; 0 while no price is known."""
    past = exchange.history(market).past
    if past is None:
        return ZERO
    noise = Noise(f"open interest {market.symbol.name}")
    usual = _LEAST_INTEREST * (2_400_000 + noise.point(0, 0)) // 400_000
    ppm = 1_000_000 + noise.at(at_ms, 24 * _HOUR_MS) // 10 + noise.at(at_ms, _HOUR_MS) // 100
    contracts = floor_to(divide(Decimal(usual * ppm // 1_000_000), past.anchor), market.symbol.lot.step)
    held = ZERO
    for account in exchange.accounts.values():
        exposure = account.exposures.get(market.symbol.name)
        if exposure is not None and at_ms >= exchange.now_ms:
            held += sum((abs(leg.amt) for leg in exposure.legs.values()), ZERO)
    return contracts + held


def long_share(market: Market, crowd: str, at_ms: int) -> Decimal:
    """The share of longs in a crowd at an instant: between 0.38 and 0.62, with four decimals."""
    noise = Noise(f"{crowd} {market.symbol.name}")
    drawn = noise.at(at_ms, _RATIO_PERIODS_MS[crowd]) // 10 + noise.at(at_ms, _HOUR_MS // 4) // 50
    return Decimal(500_000 + drawn).scaleb(-6).quantize(_FINE)


def ratio(part: Decimal, other: Decimal) -> Decimal:
    """One quantity over another with four decimals; 1 when there is nothing to compare with."""
    return divide(part, other).quantize(_FINE) if other else ONE.quantize(_FINE)
