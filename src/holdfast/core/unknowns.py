"""Unknown outcomes (RULES 3): ask until there is positive evidence, or the complete proof of absence.

An unknown entry is never sent again. "Never placed" needs all of: server time past timestamp + recvWindow + 5 s; three
absences at least 1 s apart on the order query *and* on the order list; all executions of the symbol since the send
joined to known orders; the venue's position equal to our fold; and the user stream up since the send, or the same
reads complete again after it came back.

The same proof ends an order that the venue had confirmed and knows no more: it keeps an order that ended without a fill
for some days only, and we may have been away for longer. Such an order must be absent from the open ones as well, and
an entry be a day old: of a younger one the venue contradicts itself, and it stays unknown.
"""

from __future__ import annotations

from decimal import Decimal

from holdfast.core import sending
from holdfast.core.context import Context
from holdfast.core.state import PLACING, AlgoState, Order, OrderState, fill_key, order_key
from holdfast.model import events as ev
from holdfast.model.effects import Lane, ReadKind
from holdfast.model.ids import Role
from holdfast.model.inputs import ReadAnswered
from holdfast.model.num import ZERO
from holdfast.model.orders import Pending
from holdfast.model.reasons import AlarmCode
from holdfast.model.reports import Fill

GRACE_MS = 5_000
ABSENCES = 3
SPACING_MS = 1_000
ALARM_MS = 60_000
ROUND_MS = 1_000
SLOW_ROUND_MS = 5_000
LOST_MS = 2_000
FORGETS_MS = 86_400_000
"""Before a day has passed no venue forgets what it has confirmed; an entry may surface, and fill, for so long."""

ORDER_ENDPOINTS = ("order", "all_orders")
CONFIRMED_ENDPOINTS = ("order", "all_orders", "open_orders")
ALGO_ENDPOINTS = ("algo", "open_algos")


def opened(ctx: Context, order: Order, reason: str) -> None:
    """An outcome is unknown: say so, ask at once, and keep asking."""
    if order.unknown_since_ms is None or order.pending is Pending.PLACE:
        ctx.emit(ev.UnknownOpened(at_ms=ctx.now_ms, client_id=order.client_id, reason=reason[:200]))
    sending.query(ctx, order, f"resolve:{order.client_id}")
    ctx.timer(f"resolve:{order.client_id}", ctx.now_ms + ROUND_MS)
    ctx.touch(order.spec.symbol)


def unanswered(ctx: Context, order: Order, reason: str) -> bool:
    """A placing request came to no clear answer: whether its outcome is unknown. Evidence that came before the answer
    has confirmed it (RULES 3)."""
    told = order.pending not in PLACING and order.status.value not in ("planned", "sent")
    if not told:
        opened(ctx, order, reason or "no proof either way")
    return not told


def round_due(ctx: Context, client_id: str) -> None:
    """The timer of a resolution: one more round of questions, and one more look at the proof."""
    order = ctx.state.order(client_id)
    if order is None or not order.unknown:
        return
    since = order.unknown_since_ms if order.unknown_since_ms is not None else ctx.now_ms
    if ctx.now_ms - since >= ALARM_MS:
        ctx.alarm(AlarmCode.UNKNOWN_ENTRY, client_id, "the outcome of this order has been unknown for a minute")
    symbol, purpose = order.spec.symbol, f"resolve:{client_id}"
    sending.query(ctx, order, purpose)
    ctx.read(ReadKind.POSITIONS, purpose, symbol=symbol, client_id=client_id, lane=Lane.QUERY)
    if isinstance(order, AlgoState):
        ctx.read(ReadKind.OPEN_ALGOS, purpose, symbol=symbol, client_id=client_id, lane=Lane.QUERY)
    if not _lists_may_wait(ctx, order, since):
        _ask_lists(ctx, order, purpose, symbol)
    pause = ROUND_MS if ctx.now_ms - since < ALARM_MS else SLOW_ROUND_MS
    ctx.timer(f"resolve:{client_id}", ctx.now_ms + pause)


def _lists_may_wait(ctx: Context, order: Order, since: int) -> bool:
    """After its first round long lists can only show what the order itself, its events and the position show as well;
    and they weigh five times as much as the order. They are asked for again when their absences count: shortly before
    the window ends, and with the user stream up."""
    if ctx.now_ms < since + 2 * ROUND_MS:
        return False
    lacking = ABSENCES - _counted(order.absences.get("all_orders", []), _valid_from(ctx, order))
    return not ctx.around.user_stream or ctx.now_ms < _window_ends(order) - (lacking - 1) * SPACING_MS


def _ask_lists(ctx: Context, order: Order, purpose: str, symbol: str) -> None:
    """What the proof still lacks of them. It may take its time, and its rounds weigh: they leave to others what is
    reserved for protection."""
    since_ms, client_id = order.timestamp_ms - 1_000, order.client_id
    ends, valid_from = _window_ends(order), _valid_from(ctx, order)
    lane = Lane.QUERY

    def lacks(endpoint: str) -> bool:
        return not _spaced(order.absences.get(endpoint, []), valid_from, ends)

    if isinstance(order, OrderState):
        if order.order_id is not None and lacks("open_orders"):
            ctx.read(ReadKind.OPEN_ORDERS, purpose, symbol=symbol, client_id=client_id, lane=lane)
        if lacks("all_orders"):
            ctx.read(ReadKind.ALL_ORDERS, purpose, symbol=symbol, client_id=client_id, since_ms=since_ms, lane=lane)
    first = not order.absences.get("trades")
    if first or (ctx.now_ms >= ends and not _shown_late(order, "trades", max(ends, valid_from))):
        ctx.read(ReadKind.TRADES, purpose, symbol=symbol, client_id=client_id, since_ms=since_ms, lane=lane)


def _window_ends(order: Order) -> int:
    """When the venue can take the order no more, with some grace (RULES 3)."""
    return order.timestamp_ms + order.recv_window_ms + GRACE_MS


def _valid_from(ctx: Context, order: Order) -> int:
    """An absence counts if it was asked for after the send and with a user stream that has been up ever since."""
    return max(order.timestamp_ms, ctx.around.user_stream_since_ms)


def _shown_late(order: Order, endpoint: str, from_ms: int) -> bool:
    return any(asked >= from_ms for asked in order.absences.get(endpoint, []))


def answered(ctx: Context, answer: ReadAnswered) -> None:
    """One answer of a resolution round. Evidence in it was taken before; here only absences are noted."""
    client_id = answer.read.purpose.partition(":")[2]
    order = ctx.state.order(client_id)
    if order is None or not order.unknown or not answer.ok:
        return
    endpoint = _absence(ctx, order, answer)
    if endpoint is None:
        return
    ctx.emit(ev.AbsenceNoted(at_ms=ctx.now_ms, client_id=client_id, endpoint=endpoint, asked_ms=answer.asked_ms))
    if proved_absent(ctx, order):
        resolution = "forgotten" if isinstance(order, OrderState) and order.order_id is not None else "never_placed"
        ctx.emit(
            ev.UnknownResolved(
                at_ms=ctx.now_ms, client_id=client_id, resolution=resolution, evidence=_evidence_text(order)
            )
        )
        ctx.clear_timer(f"resolve:{client_id}")
        ctx.clear_alarm(AlarmCode.UNKNOWN_ENTRY, client_id)
        ctx.touch(order.spec.symbol)
    else:
        _keep_apart(ctx, f"resolve:{client_id}", answer.asked_ms + SPACING_MS)


def _keep_apart(ctx: Context, key: str, at_ms: int) -> None:
    """The next round waits the few milliseconds by which this one's question left late: its absence would not count."""
    if ctx.around.timers.get(key, at_ms) < at_ms <= ctx.now_ms + SPACING_MS:
        ctx.timer(key, at_ms)


def _absence(ctx: Context, order: Order, answer: ReadAnswered) -> str | None:
    """The endpoint on which the order is absent by this answer, or None when the answer shows no absence."""
    symbol = order.spec.symbol
    match answer.read.kind:
        case ReadKind.ORDER if answer.absent:
            return "order"
        case ReadKind.ALGO | ReadKind.OPEN_ALGOS | ReadKind.ALL_ORDERS | ReadKind.OPEN_ORDERS as kind:
            return None if shows(order, answer) else kind.value
        case ReadKind.TRADES if all(fill_known(ctx, fill) for fill in answer.fills):
            return "trades"
        case ReadKind.POSITIONS if _venue_amount(answer, symbol) == ctx.state.positions.get(symbol, ZERO):
            return "position"
        case _:
            return None


def shows(order: Order, answer: ReadAnswered) -> bool:
    """Whether an answer shows an order; of a stop that was sent again, an earlier life is not what was asked for."""
    if isinstance(order, AlgoState):
        return any(r.client_id == order.client_id and not order.outlived(r.algo_id) for r in answer.algos)
    return any(r.client_id == order.client_id for r in answer.orders)


def fill_known(ctx: Context, fill: Fill) -> bool:
    """Whether an execution is joined to an order: booked already, ours, or attributed to somebody else."""
    key = order_key(fill.symbol, fill.order_id)
    booked = fill_key(*fill.key) in ctx.state.fills
    return booked or key in ctx.state.by_order_id or key in ctx.around.foreign_ids


def _venue_amount(answer: ReadAnswered, symbol: str) -> Decimal:
    return sum((row.amount for row in answer.positions if row.symbol == symbol), ZERO)


def proved_absent(ctx: Context, order: Order) -> bool:
    """The whole of RULES 3's proof. Absence in lists of *open* orders proves nothing for an order that can fill."""
    if not ctx.around.user_stream:
        return False
    threshold, valid_from = _window_ends(order), _valid_from(ctx, order)
    if ctx.now_ms < threshold or _may_surface(ctx, order):
        return False
    for endpoint in _endpoints(order):
        if not _spaced(order.absences.get(endpoint, []), valid_from, threshold):
            return False
    return all(_shown_late(order, endpoint, max(threshold, valid_from)) for endpoint in ("trades", "position"))


def _may_surface(ctx: Context, order: Order) -> bool:
    """Whether it is an entry that the venue has shown, and that cannot be forgotten yet."""
    shown = isinstance(order, OrderState) and order.order_id is not None
    return shown and order.role is Role.ENTRY and ctx.now_ms < order.timestamp_ms + FORGETS_MS


def _endpoints(order: Order) -> tuple[str, ...]:
    if isinstance(order, AlgoState):
        return ALGO_ENDPOINTS
    return ORDER_ENDPOINTS if order.order_id is None else CONFIRMED_ENDPOINTS


def _spaced(asked: list[int], valid_from: int, threshold: int) -> bool:
    return _counted(asked, valid_from) >= ABSENCES and max(asked) >= threshold


def _counted(asked: list[int], valid_from: int) -> int:
    """How many of these absences lie far enough apart, of those that are valid."""
    counted = 0
    last: int | None = None
    for at in sorted(asked):
        if at >= valid_from and (last is None or at - last >= SPACING_MS):
            counted, last = counted + 1, at
    return counted


def _evidence_text(order: Order) -> str:
    counts = ", ".join(f"{name} {len(times)}" for name, times in sorted(order.absences.items()))
    return f"past the window; absences: {counts}; executions and position agree with our books"


def restart(ctx: Context) -> None:
    """After a fold: whatever was in flight has an unknown outcome, and every resolution goes on (RULES 2, 3)."""
    everything: list[Order] = [*ctx.state.plain.values(), *ctx.state.algos.values()]
    for order in everything:
        if order.role is Role.STOP and order.pending in PLACING:
            _stop_in_flight(ctx, order)
        elif order.pending is Pending.PLACE:
            opened(ctx, order, "the engine stopped before it saw the answer")
        elif order.unknown:
            ctx.timer(f"resolve:{order.client_id}", ctx.now_ms)
        if order.live and order.cancel_asked:
            ctx.timer(f"cancel:{order.client_id}", ctx.now_ms)


def _stop_in_flight(ctx: Context, stop: Order) -> None:
    """Same body, same id, at once and at every restart; the answer or the watch tells which of them stands."""
    if not stop.unknown:
        opened(ctx, stop, "the engine stopped before it saw the answer")
    else:
        ctx.timer(f"resolve:{stop.client_id}", ctx.now_ms)
    trade = ctx.state.trades.get(stop.trade_id)
    if trade is not None and trade.live and not stop.cancel_asked:
        sending.send_again(ctx, stop, preauthorised=True)


def overdue(ctx: Context) -> None:
    """Every request is answered; should an answer be lost all the same, its outcome is unknown (RULES 2)."""
    limit_ms = ctx.now_ms - ctx.settings.request_timeout_ms - LOST_MS
    loops = [client_id for loop in ctx.state.flattens.values() for client_id in loop.orders]
    held = [client_id for quarantine in ctx.state.quarantines.values() for client_id in quarantine.client_ids]
    ours = [c for trade_id in ctx.state.live_trades.values() for c in ctx.state.trades[trade_id].orders]
    for client_id in dict.fromkeys((*ours, *loops, *held)):
        order = ctx.state.order(client_id)
        if order is not None and order.pending is Pending.PLACE and order.timestamp_ms < limit_ms:
            opened(ctx, order, "no answer came back")
