"""What is open of a trade by any evidence, and how much of it live stops cover (RULES 5). Looks only; sends nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from holdfast.core.context import Context
from holdfast.core.state import AlgoState, EngineState, OrderState, TradeState
from holdfast.model.ids import Role
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoStatus

TRIGGERING_COVERS_MS: Final = 2_000
"""How long a stop that is triggering still counts as cover (RULES 5)."""


def stops_of(ctx: Context, trade: TradeState) -> list[AlgoState]:
    """The trade's stops, oldest first."""
    return [order for order in ctx.state.orders_of(trade, Role.STOP) if isinstance(order, AlgoState)]


class Row(NamedTuple):
    """The venue's word on a position: signed amount, and since when it is true (venue ms)."""

    amount: Decimal
    at_ms: int


class Tally(NamedTuple):
    """What the orders of one trade amount to."""

    live: int
    """How many may still do something at the venue."""
    working: Decimal
    """What its entries may still fill."""
    stop_sent: bool
    targets: int
    booked: Decimal
    """What is open by executions, those included that only an order's state has told."""


def tally(state: EngineState, trade: TradeState) -> Tally:
    """Go through the trade's orders once: this stands before every verdict, for each live trade."""
    live = targets = 0
    working, stop_sent = ZERO, False
    left = trade.left
    for client_id in trade.orders:
        order = state.order(client_id)
        assert order is not None, "invariant: a trade's orders are known"
        alive, role, executed, filled = order.live, order.spec.role, order.executed, order.filled
        live += alive
        if role is Role.ENTRY:
            if executed > filled:
                left += executed - filled
            if alive and isinstance(order, OrderState):
                working += max(ZERO, order.spec.quantity - max(executed, filled))
            continue
        if executed > filled:
            left -= executed - filled
        if role is Role.STOP:
            stop_sent = stop_sent or (isinstance(order, AlgoState) and order.sends > 0)
        elif role is Role.TARGET:
            targets += 1
    return Tally(live, working, stop_sent, targets, max(ZERO, left))


def open_quantity(ctx: Context, trade: TradeState) -> Decimal:
    """What is open by any evidence: fills, executions told before their fills, and the venue's word on the position."""
    row = fresh_row(ctx, trade.symbol)
    if row is not None and trade.plan.trade_id in ctx.around.inherited:
        # This process asked for it, so it is younger than the trade, whatever the clock of the one before it said.
        row = row._replace(at_ms=max(row.at_ms, trade.accepted_ms + 1))
    return by_any_evidence(ctx.state, trade, booked(ctx, trade), row)


def booked(ctx: Context, trade: TradeState) -> Decimal:
    """What is open of the trade by executions, those included that only an order's state has told."""
    return tally(ctx.state, trade).booked


def by_any_evidence(state: EngineState, trade: TradeState, booked: Decimal, row: Row | None) -> Decimal:
    """What is open of the trade when its executions amount to `booked` and the `fresh_row` of its symbol is `row`."""
    return booked if row is None else max(booked, _by_position(state, trade, row))


def told_entries(ctx: Context, trade: TradeState) -> Decimal:
    """What its entries are known to have executed, and no fill has told yet."""
    entries = ctx.state.orders_of(trade, Role.ENTRY)
    return sum((max(ZERO, entry.executed - entry.filled) for entry in entries), ZERO)


def _by_position(state: EngineState, trade: TradeState, row: Row) -> Decimal:
    """What a position row shows while an entry may have filled unheard: cover does not wait for the fills (RULES 5).

    What our entries cannot explain is foreign.
    """
    if row.at_ms <= trade.accepted_ms:
        return ZERO
    entries = state.orders_of(trade, Role.ENTRY)
    if all(entry.settled for entry in entries):
        return ZERO
    mine = (row.amount - state.foreign.get(trade.symbol, ZERO)) * trade.direction.sign
    return min(max(ZERO, mine), trade.plan.quantity)


def own_part_only(ctx: Context, symbol: str) -> bool:
    """Whether the position is shared and we answer for our part alone: no closePosition order then (RULES 4)."""
    return ctx.settings.on_foreign == "ignore" and bool(ctx.state.foreign.get(symbol))


def fresh_row(ctx: Context, symbol: str) -> Row | None:
    """The venue's newest word on a position, read or pushed. One that is older than the last execution we heard of
    says nothing new, and is left out."""
    read, pushed = ctx.around.venue_positions.get(symbol), ctx.around.pushed_positions.get(symbol)
    if read is not None and (pushed is None or pushed[1] < read[1]):
        row = Row(read[0].amount, read[1])
    elif pushed is not None:
        row = Row(*pushed)
    else:
        return None
    return row if row.at_ms > ctx.around.executed_ms.get(symbol, 0) else None


def cover_of(ctx: Context, trade: TradeState, exposed: Decimal) -> Decimal:
    """How much of the position live stops cover now. `triggering` covers for 2 s (RULES 5)."""
    covered = ZERO
    for stop in stops_of(ctx, trade):
        if not _covers(ctx, stop):
            continue
        if stop.spec.close_position:
            return exposed
        covered += stop.spec.quantity or ZERO
    return covered


def _covers(ctx: Context, stop: AlgoState) -> bool:
    if stop.cancel_asked or stop.client_id in ctx.around.suspected:
        return False  # What the venue's own list does not show is not relied on until it is confirmed again.
    if stop.status is AlgoStatus.ARMED:
        return True
    return acting(stop) and stop.triggering_ms is not None and ctx.now_ms - stop.triggering_ms <= TRIGGERING_COVERS_MS


def acting(stop: AlgoState) -> bool:
    """Whether it has triggered and its child may still close something."""
    ended = stop.child_status is not None and stop.child_status.terminal
    return stop.status in (AlgoStatus.TRIGGERING, AlgoStatus.TRIGGERED) and not ended
