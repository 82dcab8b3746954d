"""How much: from a requested size to a quantity on the venue's grid, and from a fill to its targets (RULES 11).

Quantities only ever round down, so rounding never increases risk. Nothing is clamped to a limit: what does not fit is
denied, and the denial says what would have fitted. The one exception is the intent's own wish `min_size = up`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from holdfast.model.instrument import Instrument
from holdfast.model.intent import Size
from holdfast.model.num import ONE, PERCENT, ZERO
from holdfast.model.plans import TargetPlan

ABSURD: Final = 30
"""A size of more than 10^30 steps is treated as exactly that: it is too large by any filter, and stays in range."""


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """A quantity as an exact fraction, so that it is rounded once, and downwards."""

    numerator: Decimal
    denominator: Decimal


def risk_per_unit(cap: Decimal, stop: Decimal, taker_fee: Decimal) -> Decimal:
    """What one unit loses when it is bought at the worst price and stopped, taker fees of both ways included."""
    return abs(cap - stop) + taker_fee * (cap + stop)


def wanted(size: Size, *, equity: Decimal, cap: Decimal, stop: Decimal, taker_fee: Decimal) -> Wanted:
    """The quantity that a size asks for, before rounding. `cap` is the worst price that the entry permits."""
    assert cap > 0, "invariant: a price is positive"
    if size.quantity is not None:
        return Wanted(size.quantity, ONE)
    if size.notional is not None:
        return Wanted(size.notional, cap)
    if size.equity_pct is not None:
        return Wanted(equity * size.equity_pct, cap * PERCENT)
    assert size.risk_pct is not None, "invariant: a size has exactly one measure"
    return Wanted(equity * size.risk_pct, risk_per_unit(cap, stop, taker_fee) * PERCENT)


def round_down(value: Wanted, instrument: Instrument, *, market: bool = False) -> Decimal:
    """The largest quantity on the grid that is not above the fraction; 0 when there is none.

    The fraction is divided by whole steps (exact), not to digits and then rounded, which could round up first.
    """
    step, minimum = _grid(instrument, market)
    origin = minimum % step
    numerator = value.numerator - origin * value.denominator
    if numerator < 0:
        return ZERO
    per_step = value.denominator * step
    if numerator.adjusted() - per_step.adjusted() > ABSURD:
        return step.scaleb(ABSURD) + origin
    return numerator // per_step * step + origin


def smallest(instrument: Instrument, price: Decimal, *, market: bool = False) -> Decimal:
    """The smallest quantity that passes minQty of both lot filters and MIN_NOTIONAL at `price`.

    Both minimums, because what was bought with a LIMIT order must be closable with a MARKET order (RULES 7).
    """
    assert price > 0, "invariant: a price is positive"
    step, minimum = _grid(instrument, market)
    origin = minimum % step
    floor = max(instrument.quantity_min, instrument.market_quantity_min, step)
    quantity = round_up(floor, instrument, market=market)
    if quantity * price >= instrument.notional_min:
        return quantity
    per_step = price * step
    steps = (instrument.notional_min - origin * price) // per_step
    quantity = steps * step + origin
    return quantity if quantity * price >= instrument.notional_min else quantity + step


def round_up(value: Decimal, instrument: Instrument, *, market: bool = False) -> Decimal:
    """The smallest quantity on the grid that is not below `value`."""
    step, _ = _grid(instrument, market)
    rounded = instrument.round_quantity(value, market=market)
    return rounded if rounded >= value else rounded + step


def step_of(instrument: Instrument, *, market: bool = False) -> Decimal:
    """The step of LOT_SIZE, or of MARKET_LOT_SIZE for a market order where the venue states one."""
    return _grid(instrument, market)[0]


def split_targets(
    filled: Decimal, targets: Sequence[TargetPlan], instrument: Instrument
) -> list[tuple[Decimal, Decimal]]:
    """(price, quantity) of the take profits of a filled quantity, in the order of the plan (RULES 11).

    Each share is rounded down; the last takes what is left of the targeted quantity; a share that rounds to 0, or to
    less than minQty, which the venue would refuse even from a reduce-only order, moves on to the next target, and at
    the end joins the one before. Where the fractions add up to less than 1 the remainder has no target, and a fill
    below minQty has none at all: only its stop and a flatten can close it.
    """
    total_fraction = sum((target.fraction for target in targets), ZERO)
    assert total_fraction <= 1, "invariant: fractions add up to at most 1"
    least = max(instrument.quantity_min, instrument.step_size)
    left = filled if total_fraction == 1 else instrument.round_quantity(filled * total_fraction)
    split: list[tuple[Decimal, Decimal]] = []
    carried = ZERO
    for index, target in enumerate(targets):
        carried += target.fraction
        last = index == len(targets) - 1
        quantity = left if last else min(instrument.round_quantity(filled * carried), left)
        if quantity >= least:
            split.append((target.price, quantity))
            left, carried = left - quantity, ZERO
    if left and split:
        price, quantity = split[-1]
        split[-1] = (price, quantity + left)
    return split


def describe(size: Size) -> str:
    """The size as it was asked for, e.g. "risk_pct 1"."""
    if size.quantity is not None:
        return f"quantity {size.quantity:f}"
    if size.notional is not None:
        return f"notional {size.notional:f}"
    if size.equity_pct is not None:
        return f"equity_pct {size.equity_pct:f}"
    assert size.risk_pct is not None, "invariant: a size has exactly one measure"
    return f"risk_pct {size.risk_pct:f}"


def _grid(instrument: Instrument, market: bool) -> tuple[Decimal, Decimal]:
    """(step, minimum) of LOT_SIZE or MARKET_LOT_SIZE; a market step of 0 means that the venue states none."""
    if market and instrument.market_step_size:
        return instrument.market_step_size, instrument.market_quantity_min
    return instrument.step_size, instrument.market_quantity_min if market else instrument.quantity_min
