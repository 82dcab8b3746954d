"""Targets, and the winding up of a trade to its proved close (RULES 2 row partial exit, 5, 11)."""

from __future__ import annotations

from decimal import Decimal

from holdfast.core import entry, exposure, flatten, foreign, income, results, sending, unknowns
from holdfast.core.context import Context
from holdfast.core.income import HOUR_MS, SETTLED_MS
from holdfast.core.responses import Reaction, reaction_to
from holdfast.core.sizing import split_targets
from holdfast.core.state import AlgoState, Order, OrderState, TradeState
from holdfast.model.effects import Lane, ReadKind
from holdfast.model.ids import Role
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoStatus, OrderSpec, OrderStatus, OrderType, TimeInForce
from holdfast.model.reasons import AlarmCode, ResultStatus, TradePhase
from holdfast.model.reports import RequestOutcome

ATTEMPTS = 4
"""A target is planned once and re-derived at most three times (RULES 2)."""
SAME_REFUSALS = 3
"""So often is the same request made; what is re-derived without a change is the same one (P22)."""
RETRY_MS = 1_000
OWED_MS = 400
ALARMS = (
    AlarmCode.UNPROTECTED,
    AlarmCode.STUCK_TRIGGER,
    AlarmCode.TARGET_FAILED,
    AlarmCode.STOP_LOST,
    AlarmCode.VENUE_FACT,
)
"""What is over with the trade."""


def exit_began(ctx: Context, trade: TradeState) -> bool:
    """Whether anything has started to take the position down (RULES 5): then the entry remainder is dead."""
    if trade.exit_filled > 0 or trade.phase in (TradePhase.EXITING, TradePhase.FLATTENING):
        return True
    stops = exposure.stops_of(ctx, trade)
    working = (AlgoStatus.PLANNED, AlgoStatus.SENT, AlgoStatus.ARMED, AlgoStatus.NEVER_PLACED)
    return any(s.status not in working and not _only_refused(s) for s in stops)


def _only_refused(stop: AlgoState) -> bool:
    """Whether a stop ended without ever having stood, or because we asked for it."""
    refused = stop.status in (AlgoStatus.REJECTED, AlgoStatus.CANCELLED) and stop.child_id is None
    return refused and (stop.armed_ms is None or stop.cancel_asked)


def place_targets(ctx: Context, trade: TradeState, exposed: Decimal) -> None:
    """Place what is missing of the take profits, each a LIMIT that only reduces. Unknown ones count as live."""
    plan = trade.plan
    waiting_ms = ctx.around.targets_waiting_ms.get(plan.trade_id, 0)
    if plan.targets and ctx.now_ms < waiting_ms:
        ctx.timer_once(f"look:{trade.symbol}", waiting_ms)
        return
    if not plan.targets:
        return
    targets = [order for order in ctx.state.orders_of(trade, Role.TARGET) if isinstance(order, OrderState)]
    wanted = split_targets(trade.entry_filled, plan.targets, ctx.instrument(trade.symbol))
    free = exposed - sum((_open_part(order) for order in targets), ZERO)
    for price, quantity in wanted:
        mine = [order for order in targets if order.spec.price == price]
        missing = quantity - sum((order.executed + _open_part(order) for order in mine), ZERO)
        size = ctx.instrument(trade.symbol).round_quantity(min(missing, free))
        if size <= 0:
            continue
        if len(mine) >= ATTEMPTS or _refused_alike(mine, size) >= SAME_REFUSALS:
            ctx.alarm(AlarmCode.TARGET_FAILED, trade.symbol, f"no take profit at {price}: {mine[-1].message}")
            continue
        _place_target(ctx, trade, price, size)
        free -= size


def _refused_alike(targets: list[OrderState], size: Decimal) -> int:
    """How often a target at one price was refused with this size."""
    return sum(target.status is OrderStatus.REJECTED and target.spec.quantity == size for target in targets)


def _open_part(order: OrderState) -> Decimal:
    return max(ZERO, order.spec.quantity - order.executed) if order.live else ZERO


def _place_target(ctx: Context, trade: TradeState, price: Decimal, quantity: Decimal) -> None:
    client_id, n = sending.next_id(ctx, trade, Role.TARGET)
    spec = OrderSpec(
        client_id=client_id,
        role=Role.TARGET,
        symbol=trade.symbol,
        side=trade.direction.exit_side,
        type=OrderType.LIMIT,
        quantity=quantity,
        price=price,
        time_in_force=TimeInForce.GTC,
        reduce_only=True,
    )
    sending.plan_order(ctx, spec, subject=sending.subject_of(trade), trade_id=trade.plan.trade_id, n=n)
    sending.place(ctx, ctx.state.plain[client_id])


def answered(ctx: Context, trade: TradeState, order: OrderState, outcome: RequestOutcome) -> None:
    """The end of a target's placing request: RULES 2, row partial exit."""
    match reaction_to(order.role, outcome):
        case Reaction.TAKE_EVIDENCE:
            return
        case Reaction.RESOLVE_NEVER_RESEND:
            unknowns.unanswered(ctx, order, outcome.message)
        case Reaction.REDERIVE_EXIT:
            _later(ctx, trade, ctx.now_ms + RETRY_MS)
        case Reaction.WAIT_WINDOW:
            _later(ctx, trade, max(outcome.until_ms, ctx.now_ms + RETRY_MS))
        case other:
            raise AssertionError(f"invariant: a partial exit has no reaction {other}")


def _later(ctx: Context, trade: TradeState, at_ms: int) -> None:
    ctx.around.targets_waiting_ms[trade.plan.trade_id] = at_ms
    ctx.timer_once(f"look:{trade.symbol}", at_ms)


def wind_up(ctx: Context, trade: TradeState) -> None:
    """Nothing is open and no entry lives: remove what is left, prove it gone, close the books, publish."""
    _publish_intent(ctx, trade)
    if trade.symbol in ctx.state.flattens:
        return
    if trade.phase is not TradePhase.EXITING:
        ctx.phase(trade, TradePhase.EXITING, results.exit_reason_of(ctx, trade))
    if remove_left(ctx, trade) or not _fees_known(ctx, trade) or not _venue_shows_zero(ctx, trade):
        return
    if _funding_known(ctx, trade):
        income.place_funding(ctx, trade.symbol, all_told=True)  # Every order of the trade is settled.
        _close(ctx, trade)
    else:
        # Who asked for the close need not wait for what the venue may still book on the trade.
        results.publish_closings(ctx, trade.symbol, trade)


def remove_left(ctx: Context, trade: TradeState) -> bool:
    """Cancel what is left of a trade of which nothing is open (RULES 7). Whether something is not yet settled."""
    waiting = False
    for client_id in trade.orders:
        order = ctx.state.order(client_id)
        assert order is not None, "invariant: a trade's orders are known"
        if order.settled:
            continue
        waiting = True
        if order.unknown:
            ctx.timer_once(f"resolve:{client_id}", ctx.now_ms + 1_000)
        if order.live and order.cancel_asked:
            sending.see_to_cancel(ctx, order)
        elif order.live and not order.unknown and order.role is not Role.ENTRY:
            _remove(ctx, order)
        elif not order.live:
            owed(ctx, trade)
    return waiting


def _publish_intent(ctx: Context, trade: TradeState) -> None:
    entries = [order for order in ctx.state.orders_of(trade, Role.ENTRY) if isinstance(order, OrderState)]
    if any(not order.settled for order in entries) or trade.incomplete_fills:
        return
    if trade.entry_filled == 0:
        status, code, reason = entry.final_status(trade, entries)
        results.publish_opening(ctx, trade, status, code, reason)
    elif trade.covered_ms is not None and trade.phase is not TradePhase.FLATTENING:
        results.publish_opening(ctx, trade, ResultStatus.PROTECTED)
    else:
        results.publish_opening(ctx, trade, ResultStatus.FLATTENED, reason=trade.exit_reason)


def _remove(ctx: Context, order: Order) -> None:
    if isinstance(order, AlgoState) and order.status in (AlgoStatus.TRIGGERING, AlgoStatus.TRIGGERED):
        sending.query(ctx, order, f"wind:{order.client_id}")
        ctx.timer_once(f"look:{order.spec.symbol}", ctx.now_ms + 500)
        return
    sending.cancel(ctx, order, "the position is closed")


def owed(ctx: Context, trade: TradeState) -> None:
    """The stream owes executions or fees: it gets a moment, then they are fetched."""
    since = ctx.around.owed_since_ms.setdefault(trade.plan.trade_id, ctx.now_ms)
    if ctx.now_ms - since >= OWED_MS:
        ask_trades(ctx, trade.symbol, trade.accepted_ms)
    else:
        ctx.timer_once(f"look:{trade.symbol}", since + OWED_MS)


def ask_trades(ctx: Context, symbol: str, since_ms: int) -> None:
    """Executions are told of that we have not booked: fetch them, at most once a second."""
    if f"trades:{symbol}" not in ctx.around.timers:
        ctx.read(ReadKind.TRADES, f"trades:{symbol}", symbol=symbol, since_ms=since_ms - 1_000)
        ctx.timer(f"trades:{symbol}", ctx.now_ms + 1_000)


def _fees_known(ctx: Context, trade: TradeState) -> bool:
    if trade.incomplete_fills:
        owed(ctx, trade)
        return False
    ctx.around.owed_since_ms.pop(trade.plan.trade_id, None)
    return True


def _funding_known(ctx: Context, trade: TradeState) -> bool:
    """Whether funding that may have been paid in the trade's life is in the books: fetched, never estimated."""
    symbol, trade_id = trade.symbol, trade.plan.trade_id
    # The venue's clock may be ahead of ours: what ends just before our hour may have ended after the venue's.
    last_ms = min(ctx.now_ms, ctx.around.executed_ms.get(symbol, ctx.now_ms)) + foreign.CLOCK_MS
    hour_ms = last_ms - last_ms % HOUR_MS
    held = trade.entry_filled > 0 or trade.base > 0
    if not held or hour_ms <= trade.accepted_ms or trade_id in ctx.around.income_read:
        return True
    if ctx.now_ms < hour_ms + SETTLED_MS:
        ctx.timer_once(f"look:{symbol}", hour_ms + SETTLED_MS)  # The venue has not written it yet.
    elif f"income:{symbol}" not in ctx.around.timers:
        ctx.read(ReadKind.INCOME, f"income:{trade_id}", symbol=symbol, since_ms=trade.accepted_ms)
        ctx.timer(f"income:{symbol}", ctx.now_ms + 2_000)
    return False


def _never_at_risk(ctx: Context, trade: TradeState) -> bool:
    """Whether nothing of the trade can have reached the market: its entry was refused with proof, nothing else left."""
    orders = [ctx.state.order(client_id) for client_id in trade.orders]
    sent = [o for o in orders if o is not None and o.status.value != "planned"]
    return trade.base == 0 and all(
        isinstance(o, OrderState) and o.status.value == "rejected" and o.executed == 0 and not o.shown_absent
        for o in sent
    )


def _venue_shows_zero(ctx: Context, trade: TradeState) -> bool:
    if _never_at_risk(ctx, trade):
        return True
    seen = ctx.around.venue_positions.get(trade.symbol)
    last_sent = max((o.timestamp_ms for c in trade.orders if (o := ctx.state.order(c)) is not None), default=0)
    asked = ctx.around.close_asked.get(trade.plan.trade_id)
    if seen is not None and asked is not None and seen[1] >= max(asked, last_sent):
        if seen[0].amount in (ZERO, ctx.state.foreign.get(trade.symbol, ZERO)):
            return True
        if not (trade.symbol in ctx.around.mismatch and _nothing_filled(ctx, trade)):
            flatten.start(ctx, trade.symbol, "the venue still shows a position")
        return False
    if f"close:{trade.symbol}" not in ctx.around.timers:
        ctx.around.close_asked.setdefault(trade.plan.trade_id, ctx.now_ms)
        ctx.read(ReadKind.POSITIONS, f"close:{trade.symbol}", symbol=trade.symbol, lane=Lane.CANCEL)
        ctx.timer(f"close:{trade.symbol}", ctx.now_ms + 1_000)
    return False


def _nothing_filled(ctx: Context, trade: TradeState) -> bool:
    """Whether the venue itself ended every entry without a fill: what it shows all the same is a stranger's, and is
    looked into before it is called so (RULES 4). It is not ours to close."""
    ended = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    entries = ctx.state.orders_of(trade, Role.ENTRY)
    return trade.base == 0 and all(entry.status in ended and entry.executed == 0 for entry in entries)


def closed_unseen(ctx: Context, symbol: str) -> bool:
    """Whether the venue showed 0 in a read that left after the last execution we know: what closed it is still owed."""
    seen = ctx.around.venue_positions.get(symbol)
    theirs = ctx.state.foreign.get(symbol, ZERO)
    return seen is not None and seen[0].amount in (ZERO, theirs) and seen[1] > ctx.around.executed_ms.get(symbol, 0)


def _close(ctx: Context, trade: TradeState) -> None:
    symbol, trade_id = trade.symbol, trade.plan.trade_id
    results.publish_trade(ctx, trade)
    results.publish_closings(ctx, symbol, trade)
    for key in (f"protect:{trade_id}", f"deadline:{trade_id}", f"ttl:{trade_id}", f"close:{symbol}", f"look:{symbol}"):
        ctx.clear_timer(key)
    ctx.around.close_asked.pop(trade_id, None)
    for code in ALARMS:
        ctx.clear_alarm(code, symbol)
    reducing = [o for c in trade.orders if (o := ctx.state.order(c)) is not None and o.role is not Role.ENTRY]
    flatten.quarantine(ctx, symbol, reducing)
