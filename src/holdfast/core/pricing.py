"""At what price: the worst price an entry permits, its stop, its targets, and where a stop may lie (RULES 11, P3, P4).

Percent distances are taken from the arrival mid and are not re-anchored. A stop rounds toward the entry (nearer, so
less is at risk); a cap rounds toward the touch; a target is never worse than asked for.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from holdfast.model.instrument import Instrument
from holdfast.model.intent import Distance, Target
from holdfast.model.num import ONE
from holdfast.model.orders import Direction
from holdfast.model.settings import Limits

BPS: Final = Decimal("0.0001")
PERCENT: Final = Decimal("0.01")


def market_cap(instrument: Instrument, direction: Direction, touch: Decimal, slippage_bps: Decimal) -> Decimal:
    """The limit of a "market" entry: the touch plus the permitted slippage, rounded toward the touch."""
    allowance = touch * slippage_bps * BPS
    if direction is Direction.LONG:
        return instrument.round_price(touch + allowance, up=False)
    return instrument.round_price(touch - allowance, up=True)


def plain_cap(instrument: Instrument, direction: Direction, mark: Decimal, limits: Limits) -> Decimal:
    """The worst price that is assumed for a plain MARKET order: the collar, or a nearer bound of the venue.

    The venue's bounds are `marketTakeBound` and PERCENT_PRICE; the collar itself is ours and not enforced there.
    """
    reach = limits.price_collar_bps * BPS
    if instrument.market_take_bound:
        reach = min(reach, instrument.market_take_bound)
    if direction is Direction.LONG:
        if instrument.multiplier_up:
            reach = min(reach, instrument.multiplier_up - ONE)
        return instrument.round_price(mark + mark * reach, up=False)
    if instrument.multiplier_down:
        reach = min(reach, ONE - instrument.multiplier_down)
    return instrument.round_price(mark - mark * reach, up=True)


def adverse_bound(direction: Direction, mark: Decimal, reach: Decimal) -> Decimal:
    """The worst price at a relative distance from the mark: above it for a buyer, below it for a seller."""
    return mark + mark * reach if direction is Direction.LONG else mark - mark * reach


def raw_stop(stop: Distance, direction: Direction, mid: Decimal) -> Decimal:
    """The stop price as asked for, before rounding. May be 0 or negative for an absurd percentage."""
    if stop.price is not None:
        return stop.price
    assert stop.pct is not None, "invariant: a stop has a price or a percentage"
    shift = mid * stop.pct * PERCENT
    return mid - shift if direction is Direction.LONG else mid + shift


def target_price(target: Target, direction: Direction, mid: Decimal, instrument: Instrument) -> Decimal:
    """The price of a take profit on the grid: for a long not below, for a short not above what was asked for."""
    long = direction is Direction.LONG
    if target.price is not None:
        return instrument.round_price(target.price, up=long)
    assert target.pct is not None, "invariant: a target has a price or a percentage"
    shift = mid * target.pct * PERCENT
    return instrument.round_price(mid + shift if long else mid - shift, up=long)


def nearest_entry(direction: Direction, touch: Decimal, cap: Decimal) -> Decimal:
    """The best price at which the entry may fill: the touch, or the limit price where that is better."""
    return cap if (cap < touch if direction is Direction.LONG else cap > touch) else touch


class StopRange(msgspec.Struct, frozen=True, gc=False):
    """Where a stop may lie, both ends included, not yet on the grid. `policy` is the end that the largest distance
    sets, `venue_low` and `venue_high` are what the venue's filters leave."""

    low: Decimal
    high: Decimal
    policy: Decimal
    near: Decimal
    venue_low: Decimal | None
    venue_high: Decimal | None


def stop_range(
    instrument: Instrument,
    direction: Direction,
    limits: Limits,
    *,
    nearest: Decimal,
    cap: Decimal,
    mark: Decimal,
    band_mark: Decimal | None,
) -> StopRange:
    """The legal interval of a stop (P4): far enough from every entry price and from the mark, near enough to the cap.

    `band_mark` is the mark against which PERCENT_PRICE is applied, or None where trigger prices are proved free of
    it (venue fact `bands_on_triggers`).
    """
    venue_low = instrument.price_min or None
    venue_high = instrument.price_max or None
    if direction is Direction.LONG:
        inner = mark if mark < nearest else nearest
        near = inner - inner * limits.min_stop_distance_bps * BPS
        policy = cap - cap * limits.max_stop_distance_bps * BPS
        if band_mark is not None and instrument.multiplier_down:
            band = band_mark * instrument.multiplier_down
            venue_low = band if venue_low is None or band > venue_low else venue_low
        low = policy if venue_low is None or policy > venue_low else venue_low
        high = near if venue_high is None or near < venue_high else venue_high
        return StopRange(low, high, policy, near, venue_low, venue_high)
    inner = mark if mark > nearest else nearest
    near = inner + inner * limits.min_stop_distance_bps * BPS
    policy = cap + cap * limits.max_stop_distance_bps * BPS
    if band_mark is not None and instrument.multiplier_up:
        band = band_mark * instrument.multiplier_up
        venue_high = band if venue_high is None or band < venue_high else venue_high
    low = near if venue_low is None or near > venue_low else venue_low
    high = policy if venue_high is None or policy < venue_high else venue_high
    return StopRange(low, high, policy, near, venue_low, venue_high)


def legal_stops(
    instrument: Instrument, direction: Direction, found: StopRange, *, nearest: Decimal, mark: Decimal
) -> tuple[Decimal, Decimal] | None:
    """The lowest and the highest stop on the grid, or None when no tick lies inside the interval.

    A stop is strictly on the losing side of the mark and of every entry price even if no distance is configured.
    """
    tick = instrument.tick_size
    low = max(instrument.round_price(found.low, up=True), tick)
    high = instrument.round_price(found.high, up=False)
    if direction is Direction.LONG:
        edge = min(nearest, mark)
        high = high - tick if high >= edge else high
    else:
        edge = max(nearest, mark)
        low = low + tick if low <= edge else low
    return (low, high) if low <= high else None


def nearest_legal(stop: Decimal, legal: tuple[Decimal, Decimal]) -> Decimal:
    """The legal stop closest to the one asked for."""
    return min(max(stop, legal[0]), legal[1])
