"""What the control door does to a market's events before the exchange sees them: a thin book, a funding grid."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.model.num import ONE, floor_to
from holdfast.paper.market.market import BookTop, DepthDiff, DepthSnapshot, Level, Mark, MarketEvent
from holdfast.paper.market.markets import Market

_HOUR_MS = 3_600_000


def bend(market: Market) -> None:
    """Look again whether events of this market have to be changed at all."""
    market.bent = market.thin != ONE or "fundingIntervalHours" in market.row


def bent(market: Market, event: MarketEvent) -> MarketEvent:
    """The event as the exchange is to see it."""
    if isinstance(event, Mark):
        due_ms = next_funding_ms(market, event.E)
        return msgspec.structs.replace(event, next_funding_ms=due_ms) if due_ms and event.next_funding_ms else event
    if market.thin == ONE:
        return event
    if isinstance(event, BookTop):
        return msgspec.structs.replace(
            event, bid_qty=_thin(market, event.bid_qty), ask_qty=_thin(market, event.ask_qty)
        )
    if isinstance(event, DepthDiff | DepthSnapshot):
        return msgspec.structs.replace(event, bids=thinned(market, event.bids), asks=thinned(market, event.asks))
    return event


def next_funding_ms(market: Market, at_ms: int) -> int:
    """The next funding instant on the contract's own grid, or 0 where the market's own times hold."""
    hours: int = market.row.get("fundingIntervalHours", 0)
    return (at_ms // (hours * _HOUR_MS) + 1) * hours * _HOUR_MS if hours else 0


def thinned(market: Market, levels: list[Level]) -> list[Level]:
    """The levels with the part of their quantity that the market still shows."""
    return [(price, _thin(market, quantity)) for price, quantity in levels]


def _thin(market: Market, quantity: Decimal) -> Decimal:
    """A level never vanishes by thinning: at least one step of it stays."""
    if not quantity:
        return quantity
    step = market.symbol.lot.step
    return max(floor_to(quantity * market.thin, step), step)
