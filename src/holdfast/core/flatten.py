"""Flatten is a loop (RULES 7): close orders for the re-read position until the venue shows 0 twice.

One loop per symbol. It may race a triggering stop: both only reduce.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from holdfast.core import exposure, results, sending, unknowns
from holdfast.core.context import Context
from holdfast.core.responses import Reaction, reaction_to
from holdfast.core.state import FlattenState, Order, OrderState
from holdfast.model import events as ev
from holdfast.model.effects import Lane, ReadKind
from holdfast.model.ids import Role
from holdfast.model.num import ZERO
from holdfast.model.orders import OrderStatus, Pending, Side
from holdfast.model.reasons import AlarmCode, TradePhase
from holdfast.model.reports import RequestOutcome

STEP_MS = 500
LIMIT_STEP_MS = 250
SLOW_MS = 10_000


def start(ctx: Context, symbol: str, reason: str) -> None:
    """Begin to close whatever is open on a symbol; a running loop goes on, and kills what has surfaced meanwhile."""
    if symbol in ctx.state.flattens:
        kill_entries(ctx, symbol, reason)
        return
    trade = ctx.state.trade_of(symbol)
    episode = ctx.state.episodes.get(symbol, 0) + 1
    subject = sending.subject_of(trade) if trade is not None else f"flatten:{symbol}:{episode}"
    trade_id = trade.plan.trade_id if trade is not None else ""
    ctx.emit(ev.FlattenStarted(at_ms=ctx.now_ms, symbol=symbol, subject=subject, trade_id=trade_id, reason=reason))
    ctx.around.zero_reads[symbol] = []
    if trade is not None:
        ctx.clear_timer(f"protect:{trade_id}")
        ctx.clear_timer(f"deadline:{trade_id}")
        kill_entries(ctx, symbol, reason)
        ctx.phase(trade, TradePhase.FLATTENING, reason)
    step(ctx, symbol)


def kill_entries(ctx: Context, symbol: str, reason: str) -> None:
    """The entry remainder is dead: its cancel goes out before anything else (RULES 5)."""
    for entry in living_entries(ctx, symbol):
        if entry.cancel_asked:
            sending.see_to_cancel(ctx, entry)
        else:
            sending.cancel(ctx, entry, reason, preauthorised=True)


def living_entries(ctx: Context, symbol: str) -> list[OrderState]:
    """What may still open something on a symbol: entries of its trade, and one of an earlier trade that surfaced after
    it was shown never placed (RULES 3)."""
    trade = ctx.state.trade_of(symbol)
    own = sending.live_entries(ctx, trade) if trade is not None else []
    if f"{AlarmCode.LATE_ENTRY.value}:{symbol}" not in ctx.state.alarms:
        return own  # The alarm stays; without it there is nothing to look for among all orders.
    everything = ctx.state.plain.values()
    late = (o for o in everything if o.live and o.role is Role.ENTRY and o.spec.symbol == symbol and o not in own)
    return [*own, *late]


def step(ctx: Context, symbol: str) -> None:
    """One turn of the loop: ask for the position, and send a close for what is known to be open."""
    loop = ctx.state.flattens.get(symbol)
    if loop is None:
        return
    ctx.read(ReadKind.POSITIONS, f"flatten:{symbol}", symbol=symbol, lane=_lane(ctx, loop))
    amount = _known_amount(ctx, loop)
    by_limit = _wants_limit(ctx, loop)
    young_ms = _in_flight(ctx, loop)
    if amount and not _in_flight(ctx, loop):
        _send_close(ctx, loop, amount, by_limit=by_limit)
    turn_ms = ctx.now_ms + (LIMIT_STEP_MS if by_limit else STEP_MS)
    # A close that left late, because it had to wait for the disk, puts off the next one by no more than its own time.
    ctx.timer(f"flatten:{symbol}", min(turn_ms, young_ms or turn_ms))
    if ctx.now_ms - loop.started_ms > SLOW_MS:
        ctx.alarm(AlarmCode.FLATTEN_SLOW, symbol, "flattening has taken more than 10 s")


def _lane(ctx: Context, loop: FlattenState) -> Lane:
    """The reserve belongs to what is open. A close of what nobody has seen anything of may wait for a rate window."""
    seen = ctx.around.venue_positions.get(loop.symbol)
    held = ctx.state.positions.get(loop.symbol, ZERO) or (seen is not None and seen[0].amount)
    return Lane.PROTECT if held or loop.orders or ctx.state.trade_of(loop.symbol) is not None else Lane.QUERY


def surfaced(ctx: Context, symbol: str) -> None:
    """Something is open while the loop runs. If it had nothing to close until then, the close goes out at once."""
    loop = ctx.state.flattens[symbol]
    heard = ctx.around.executed_ms.get(symbol, 0)
    if loop.orders or heard < loop.started_ms:
        return
    # A 0 that was read before an execution says nothing of it.
    ctx.around.zero_reads[symbol] = [at for at in ctx.around.zero_reads.get(symbol, []) if at > heard]
    amount = _known_amount(ctx, loop)
    if amount:
        _send_close(ctx, loop, amount, by_limit=False)


def _known_amount(ctx: Context, loop: FlattenState) -> Decimal:
    """The signed size to close: the venue's newest word if it is newer than all we sent and heard, else our books."""
    trade = ctx.state.trade_of(loop.symbol)
    seen = ctx.around.venue_positions.get(loop.symbol)
    if ctx.around.zero_reads.get(loop.symbol):
        return ZERO  # The venue's last word is 0; one more read says whether it stays so.
    if seen is not None and _is_newest(ctx, loop, seen[1]):
        return ours_of(ctx, loop.symbol, seen[0].amount)
    if trade is not None:
        return exposure.open_quantity(ctx, trade) * trade.direction.sign
    if loop.orders:
        return ZERO  # No books to go by: the read that is on its way decides.
    return seen[0].amount if seen is not None else ctx.state.positions.get(loop.symbol, ZERO)


def ours_of(ctx: Context, symbol: str, amount: Decimal) -> Decimal:
    """What a flatten may close of a position: all of it, or with `on_foreign = ignore` our part alone (RULES 4)."""
    if not exposure.own_part_only(ctx, symbol):
        return amount
    ours = amount - ctx.state.foreign[symbol]
    if ours * amount <= 0:
        return ZERO  # What is left is theirs, or theirs stands against ours: nothing of it can be reduced for us.
    return ours if abs(ours) <= abs(amount) else amount


def _is_newest(ctx: Context, loop: FlattenState, asked_ms: int) -> bool:
    """Whether a read left after the loop began, after its last close was sent, and after the last execution."""
    sent = (order.timestamp_ms for c in loop.orders if (order := ctx.state.plain[c]).status is not OrderStatus.PLANNED)
    heard = ctx.around.executed_ms.get(loop.symbol, 0)
    return asked_ms >= loop.started_ms and asked_ms > max(heard, max(sent, default=0))


def _in_flight(ctx: Context, loop: FlattenState) -> int:
    """Until when a close that may still do its work is waited for; 0 when none is."""
    until_ms = 0
    for client_id in loop.orders:
        order = ctx.state.plain[client_id]
        due_ms = order.timestamp_ms + STEP_MS
        asked = order.pending in (Pending.PLACE, Pending.PLACE_UNKNOWN)
        working = order.status in (OrderStatus.SENT, OrderStatus.WORKING, OrderStatus.PARTLY_FILLED)
        if ctx.now_ms < due_ms and (asked or working):
            until_ms = max(until_ms, due_ms)
    return until_ms


def _wants_limit(ctx: Context, loop: FlattenState) -> bool:
    """Whether the last close met a market that MARKET orders may not touch (−4131), or left a remainder."""
    if not loop.orders:
        return False
    last = ctx.state.plain[loop.orders[-1]]
    if last.code in (-4131, -2020):
        return True
    return last.status in (OrderStatus.EXPIRED, OrderStatus.CANCELLED) and last.executed < last.spec.quantity


def _send_close(ctx: Context, loop: FlattenState, amount: Decimal, *, by_limit: bool) -> None:
    side = Side.SELL if amount > 0 else Side.BUY
    trade = ctx.state.trade_of(loop.symbol)
    instrument = ctx.around.instruments.get(loop.symbol)
    largest = instrument.max_market_slice() if instrument is not None else ZERO
    quantity = min(abs(amount), largest) if largest else abs(amount)
    price = None
    mark = ctx.mark(loop.symbol)
    if by_limit and instrument is not None and mark is not None:
        high, low = instrument.band(mark)
        price = high if side is Side.BUY else low
    ready = _preauthorised_close(ctx, loop, side) if price is None else None
    if ready is not None:
        adapted = quantity if quantity != ready.spec.quantity else None
        sending.send_again(ctx, ready, preauthorised=True, quantity=adapted)
        return
    counters = trade.counters.get(Role.CLOSE.value, 0) if trade is not None else loop.n
    client_id, n = sending.free_id(ctx, loop.subject, Role.CLOSE, max(counters, loop.n) + 1)
    spec = sending.close_spec(loop.symbol, side, quantity, client_id, price)
    sending.plan_order(ctx, spec, subject=loop.subject, trade_id=loop.trade_id, n=n)
    sending.place(ctx, ctx.state.plain[client_id])


def _preauthorised_close(ctx: Context, loop: FlattenState, side: Side) -> OrderState | None:
    """The close that was journalled with the entry: it need not wait for the disk, whatever its quantity."""
    trade = ctx.state.trades.get(loop.trade_id)
    if trade is None:
        return None
    for order in ctx.state.orders_of(trade, Role.CLOSE):
        if isinstance(order, OrderState) and order.status is OrderStatus.PLANNED and order.spec.side is side:
            return order
    return None


def answered(ctx: Context, order: Order, outcome: RequestOutcome) -> None:
    """The end of a close request: RULES 2, row full close."""
    loop = ctx.state.flattens.get(order.spec.symbol)
    reaction = reaction_to(Role.CLOSE, outcome)
    if outcome.outcome.value == "unknown":
        unknowns.unanswered(ctx, order, outcome.message)
    if loop is None:
        return
    if reaction is Reaction.TAKE_EVIDENCE:
        # Whatever window an earlier close has met, this one was let through: what it leaves is seen to at once.
        ctx.timer_once(f"flatten:{loop.symbol}", ctx.now_ms + STEP_MS)
        return
    if outcome.until_ms > ctx.now_ms and not _taken_since(ctx, loop, order):
        ctx.around.throttled_until_ms = max(ctx.around.throttled_until_ms, outcome.until_ms)
        ctx.timer(f"flatten:{loop.symbol}", outcome.until_ms)
        return
    if reaction is Reaction.FLATTEN_FREE_TARGETS:
        _free_targets(ctx, loop)
    if reaction is Reaction.FLATTEN_BY_LIMIT:
        ctx.timer(f"flatten:{loop.symbol}", ctx.now_ms + LIMIT_STEP_MS)
    else:
        ctx.timer_once(f"flatten:{loop.symbol}", ctx.now_ms + STEP_MS)


def _taken_since(ctx: Context, loop: FlattenState, order: Order) -> bool:
    """Whether the venue has taken a close that left after this one: a throttle told of this one is over."""
    later = (ctx.state.plain[client_id] for client_id in loop.orders)
    return any(each.order_id is not None and each.timestamp_ms > order.timestamp_ms for each in later)


def _free_targets(ctx: Context, loop: FlattenState) -> None:
    # Our own reduce-only targets may hold the quantity the close needs. The stop is never cancelled for that.
    trade = ctx.state.trade_of(loop.symbol)
    if trade is None:
        return
    for target in ctx.state.orders_of(trade, Role.TARGET):
        if target.live and not target.cancel_asked:
            sending.cancel(ctx, target, "frees quantity for the close", preauthorised=True)


def position_read(ctx: Context, symbol: str, amount: Decimal, asked_ms: int) -> None:
    """The venue's position during the loop: 0 twice, after the last close, and everything terminal, ends it."""
    loop = ctx.state.flattens.get(symbol)
    if loop is None:
        return
    zeros = ctx.around.zero_reads.setdefault(symbol, [])
    amount = ours_of(ctx, symbol, amount)
    if amount != 0:
        zeros.clear()
        if _is_newest(ctx, loop, asked_ms) and not _in_flight(ctx, loop):
            by_limit = _wants_limit(ctx, loop)
            _send_close(ctx, loop, amount, by_limit=by_limit)
            # The next turn may have been put off to the end of a rate window; what this close leaves cannot wait.
            ctx.timer(f"flatten:{symbol}", ctx.now_ms + (LIMIT_STEP_MS if by_limit else STEP_MS))
        return
    if asked_ms < ctx.around.executed_ms.get(symbol, 0):
        return  # It left before the last execution that we heard of.
    if asked_ms not in zeros:
        zeros.append(asked_ms)  # One question at the venue may answer two of ours; twice means two questions.
    _try_end(ctx, loop)
    if symbol in ctx.state.flattens and len(zeros) < 2:
        ctx.timer(f"flatten:{symbol}", ctx.now_ms + LIMIT_STEP_MS)


def _try_end(ctx: Context, loop: FlattenState) -> None:
    symbol = loop.symbol
    zeros = ctx.around.zero_reads.get(symbol, [])
    trade = ctx.state.trade_of(symbol)
    if living_entries(ctx, symbol):
        return
    last_sent = max((ctx.state.plain[c].timestamp_ms for c in loop.orders), default=0)
    fresh = [at for at in zeros if at >= max(last_sent, loop.started_ms)]
    if len(fresh) < 2 or (trade is None and ctx.state.positions.get(symbol, ZERO) != 0 and not _explained(ctx, loop)):
        return
    ctx.emit(ev.FlattenEnded(at_ms=ctx.now_ms, symbol=symbol, subject=loop.subject))
    ctx.clear_timer(f"flatten:{symbol}")
    ctx.clear_alarm(AlarmCode.FLATTEN_SLOW, symbol)
    ctx.around.zero_reads.pop(symbol, None)
    if ctx.state.foreign.get(symbol) and not exposure.own_part_only(ctx, symbol):
        ctx.emit(ev.ForeignSeen(at_ms=ctx.now_ms, symbol=symbol, amount=ZERO, policy="flattened"))
    orders = [ctx.state.plain[client_id] for client_id in loop.orders]
    if trade is None:
        results.publish_closings(ctx, symbol, executed=any(order.executed for order in orders))
    else:
        ctx.phase(trade, TradePhase.EXITING, loop.reason)
    if trade is None or loop.trade_id != trade.plan.trade_id:
        quarantine(ctx, symbol, orders)  # Those of the trade itself are quarantined when it closes.
    ctx.touch(symbol)


def _explained(ctx: Context, loop: FlattenState) -> bool:
    """Whether a fold that is not 0 while the venue shows 0 waits only for fills that the stream still owes us."""
    ctx.read(ReadKind.TRADES, f"trades:{loop.symbol}", symbol=loop.symbol, since_ms=loop.started_ms - 60_000)
    return ctx.now_ms - loop.started_ms > SLOW_MS


def quarantine(ctx: Context, symbol: str, orders: Sequence[Order]) -> None:
    """No entry while any reducing order of ours is live, unknown, or inside timestamp + recvWindow + 5 s (RULES 4)."""
    sent = [order for order in orders if order.status.value != "planned"]
    until_ms = max((order.timestamp_ms + order.recv_window_ms + unknowns.GRACE_MS for order in sent), default=0)
    live = [order.client_id for order in sent if order.live]
    if until_ms <= ctx.now_ms and not live:
        return
    earlier = ctx.state.quarantines.get(symbol)
    ids = [order.client_id for order in sent]
    if earlier is not None:
        until_ms = max(until_ms, earlier.until_ms)
        ids = [*(client_id for client_id in earlier.client_ids if client_id not in ids), *ids]
    ctx.emit(ev.QuarantineSet(at_ms=ctx.now_ms, symbol=symbol, until_ms=until_ms, client_ids=tuple(ids)))
    ctx.timer(f"quarantine:{symbol}", max(until_ms, ctx.now_ms + 1_000))


def quarantine_over(ctx: Context, symbol: str) -> None:
    """The quarantine's time has passed: lift it when nothing in it lives any more and every execution is booked."""
    found = ctx.state.quarantines.get(symbol)
    if found is None:
        return
    orders = (ctx.state.order(client_id) for client_id in found.client_ids)
    unsettled = [order for order in orders if order is not None and not order.settled]
    if ctx.now_ms < found.until_ms:
        ctx.timer(f"quarantine:{symbol}", found.until_ms)
    elif unsettled:
        for order in unsettled:
            if order.live:
                sending.query(ctx, order, f"state:{order.client_id}")
        since_ms = min(order.timestamp_ms for order in unsettled) - 1_000
        if not all(order.live for order in unsettled):
            ctx.read(ReadKind.TRADES, f"trades:{symbol}", symbol=symbol, since_ms=since_ms)
        ctx.timer(f"quarantine:{symbol}", ctx.now_ms + 1_000)
    else:
        ctx.emit(ev.QuarantineLifted(at_ms=ctx.now_ms, symbol=symbol, by="time"))
