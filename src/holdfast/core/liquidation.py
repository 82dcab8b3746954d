"""Would the account be liquidated before the stop? (P17; protocol notes I.1 and I.3)

The venue liquidates when margin balance ≤ maintenance margin, judged at the mark. For one position of quantity q and
entry price e, at price p: margin balance = backing + direction·q·(p − e); maintenance = max over tiers of
(q·p·ratio − cum), which is what "the tier of the notional" means, because the tiers join without a gap.

`backing` is what stands behind the position:

* isolated: its own initial margin, q·e ÷ leverage;
* cross: the smaller of wallet and equity, less the *initial* margin of everything else on the account. Initial margin
  is never below maintenance margin, and unrealised profit of other positions is not counted, so this is the careful
  side of the venue's own formula (wallet − maintenance of the others + their unrealised profit).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from holdfast.model.instrument import Bracket
from holdfast.model.num import ZERO, divide
from holdfast.model.orders import Direction


def maintenance(brackets: Sequence[Bracket], notional: Decimal) -> Decimal:
    """Maintenance margin of a notional; above the last tier the last tier goes on."""
    assert brackets, "invariant: missing tiers are denied before"
    for bracket in brackets:
        if notional < bracket.cap:
            return notional * bracket.maintenance_ratio - bracket.cum
    return notional * brackets[-1].maintenance_ratio - brackets[-1].cum


def guarded_price(direction: Direction, entry: Decimal, stop: Decimal, factor: Decimal) -> Decimal:
    """The price down (or up) to which the position must survive: `factor` times the stop's distance; at least 0."""
    reach = abs(entry - stop) * factor
    if direction is not Direction.LONG:
        return entry + reach
    return entry - reach if reach <= entry else ZERO


def survives(
    direction: Direction,
    *,
    quantity: Decimal,
    entry: Decimal,
    price: Decimal,
    backing: Decimal,
    brackets: Sequence[Bracket],
) -> bool:
    """Whether the margin balance at `price` is still above the maintenance margin there."""
    profit = (price - entry) * quantity if direction is Direction.LONG else (entry - price) * quantity
    return backing + profit > maintenance(brackets, quantity * price)


def liquidation_price(
    direction: Direction, *, quantity: Decimal, entry: Decimal, backing: Decimal, brackets: Sequence[Bracket]
) -> Decimal:
    """Where the position is liquidated if only this symbol moves; 0 when nowhere.

    Each tier gives a price by the formula of I.3; the first one to be reached is the true one, because maintenance
    is the maximum over tiers.
    """
    assert quantity > 0, "invariant: a position has a quantity"
    side = direction.sign
    prices = [
        divide(
            backing + bracket.cum - side * quantity * entry,
            quantity * bracket.maintenance_ratio - side * quantity,
        )
        for bracket in brackets
    ]
    return max(max(prices), ZERO) if direction is Direction.LONG else min(prices)


def largest_quantity(
    *, backing: Decimal, entry: Decimal, price: Decimal, cost: Decimal, brackets: Sequence[Bracket]
) -> Decimal:
    """The largest quantity for which a cross position survives at `price`; `cost` per unit is paid from `backing`.

    backing − q·(|entry − price| + cost) ≥ q·price·ratio − cum must hold for every tier, so each tier gives a bound.
    """
    loss = abs(entry - price) + cost
    return min(divide(backing + bracket.cum, loss + price * bracket.maintenance_ratio) for bracket in brackets)


def required_backing(
    *, quantity: Decimal, entry: Decimal, price: Decimal, cost: Decimal, brackets: Sequence[Bracket]
) -> Decimal:
    """What must stand behind a cross position for it to survive at `price`."""
    return quantity * (abs(entry - price) + cost) + maintenance(brackets, quantity * price)


def farthest_stop(
    direction: Direction,
    *,
    quantity: Decimal,
    entry: Decimal,
    backing: Decimal,
    factor: Decimal,
    brackets: Sequence[Bracket],
) -> Decimal:
    """The stop that is farthest from the entry and still guarded by `factor`; the entry itself when there is none."""
    side = direction.sign
    distances = [
        divide(
            backing + bracket.cum - quantity * entry * bracket.maintenance_ratio,
            factor * quantity * (1 - side * bracket.maintenance_ratio),
        )
        for bracket in brackets
    ]
    return entry - side * max(min(distances), ZERO)
