"""One look at a symbol: what is true now, and what is therefore due.

Every handler records evidence and then asks for this look; after a restart the same look is taken at every live
trade. So there is one description of what must happen, whatever brought the engine here.
"""

from __future__ import annotations

from holdfast.core import exits, exposure, flatten, foreign, income, protection, results, sending, states
from holdfast.core.context import Context
from holdfast.core.state import OrderState, TradeState
from holdfast.model.ids import Role
from holdfast.model.orders import OrderType, Pending, TimeInForce
from holdfast.model.reasons import ResultStatus, TradePhase

SILENT_MS = 1_000
_IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)


def look(ctx: Context, symbol: str) -> None:
    """Do what the symbol's trade needs now."""
    if ctx.around.unplaced_funding:
        income.place_funding(ctx, symbol)
    trade = ctx.state.trade_of(symbol)
    if trade is None:
        if symbol in ctx.state.closing and symbol not in ctx.state.flattens:
            results.publish_closings(ctx, symbol)
        return
    if trade.phase is TradePhase.ACCEPTED:
        return  # Settings are on their way; nothing has been sent.
    if exits.exit_began(ctx, trade):
        flatten.kill_entries(ctx, symbol, "the exit has begun")
        protection.watch_triggering(ctx, trade)
    _ask_for_silent_entries(ctx, trade)
    ctx.timer_once("losses", ctx.now_ms + states.LOSS_CHECK_MS)
    exposed = exposure.open_quantity(ctx, trade)
    if exposed > 0:
        _open(ctx, trade)
    elif not sending.live_entries(ctx, trade) and not _retry_waits(ctx, trade):
        exits.wind_up(ctx, trade)


def _ask_for_silent_entries(ctx: Context, trade: TradeState) -> None:
    """An immediate entry ends by itself; one that has not said so after a second is asked for."""
    for order in sending.live_entries(ctx, trade):
        immediate = order.spec.type is OrderType.MARKET or order.spec.time_in_force in _IMMEDIATE
        if not immediate or order.pending is not Pending.NONE:
            continue
        if ctx.now_ms - order.timestamp_ms >= SILENT_MS:
            sending.query(ctx, order, f"state:{order.client_id}")
            ctx.timer_once(f"look:{trade.symbol}", ctx.now_ms + SILENT_MS)
        else:
            ctx.timer_once(f"look:{trade.symbol}", order.timestamp_ms + SILENT_MS)


def _open(ctx: Context, trade: TradeState) -> None:
    symbol = trade.symbol
    if symbol in ctx.state.flattens:
        flatten.surfaced(ctx, symbol)
        return
    if trade.phase is TradePhase.EXITING:
        if foreign.net(ctx, trade):
            ctx.touch(symbol)
        elif exits.closed_unseen(ctx, symbol):
            exits.remove_left(ctx, trade)
            exits.owed(ctx, trade)  # Something closed it, and its execution is still to be told.
        else:
            flatten.start(ctx, symbol, "a fill surfaced while the trade was being wound up")
        return
    exposed = exposure.open_quantity(ctx, trade)
    protection.ensure_cover(ctx, trade, exposed)
    if trade.phase is not TradePhase.OPEN or symbol in ctx.state.flattens:
        return
    entries = [order for order in ctx.state.orders_of(trade, Role.ENTRY) if isinstance(order, OrderState)]
    if any(order.live for order in entries):
        return
    settled = all(order.settled for order in entries)
    if settled and not trade.incomplete_fills:
        ctx.around.owed_since_ms.pop(trade.plan.trade_id, None)
        results.publish_opening(ctx, trade, ResultStatus.PROTECTED)
    else:
        exits.owed(ctx, trade)  # A result states fees as the venue told them, never an estimate.
    if settled:
        exits.place_targets(ctx, trade, exposed)


def _retry_waits(ctx: Context, trade: TradeState) -> bool:
    return not trade.entry_dead and f"retry:{trade.plan.trade_id}" in ctx.around.timers


def all_touched(ctx: Context) -> None:
    """Look at every symbol that the step has touched, until nothing more is due."""
    for _ in range(8):
        touched = list(ctx.around.touched)
        if not touched:
            return
        ctx.around.touched.clear()
        for symbol in touched:
            look(ctx, symbol)
    raise AssertionError("invariant: a step comes to rest")
