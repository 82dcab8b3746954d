"""Asking the venue what is: at boot, after every gap of the user stream, and for single answers.

"Could not ask" is never "nothing there": a failed read is asked again and nothing is concluded from it. At boot
positions and stops come first; the rest follows (RULES 8, 9).

What the whole account shows is asked first, and each living plain order; executions, which can be had of one symbol at
a time only, are read where something can have happened. An execution always leaves one of these traces: the position
differs from our books; an order of ours was executed further than they say, or a stop stands no more; the income record
names it. Only the last of them can lag behind the execution, and it is needed only for what a stranger did and undid;
so it is read once more a while later.
"""

from __future__ import annotations

from typing import Any

from holdfast.core import (
    coverage,
    entry,
    evidence,
    exposure,
    flatten,
    foreign,
    income,
    protection,
    sending,
    unknowns,
)
from holdfast.core.context import Context
from holdfast.core.state import PLACING, AlgoState, Order
from holdfast.model import events as ev
from holdfast.model.effects import Lane, Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.inputs import ReadAnswered
from holdfast.model.num import ZERO
from holdfast.model.orders import OrderStatus, Pending
from holdfast.model.reasons import TradePhase
from holdfast.model.reports import PositionReport

RETRY_MS = 1_000
EXPLAIN_AGAIN_MS = 5_000

ROUND: tuple[tuple[ReadKind, Lane], ...] = (
    (ReadKind.POSITIONS, Lane.PROTECT),
    (ReadKind.OPEN_ALGOS, Lane.PROTECT),
    (ReadKind.OPEN_ORDERS, Lane.QUERY),  # It weighs 40 and tells nothing of cover: the reserve is not for it.
    (ReadKind.ACCOUNT, Lane.QUERY),
    (ReadKind.MODES, Lane.QUERY),
    (ReadKind.SYMBOL_CONFIG, Lane.QUERY),
    (ReadKind.ORDER_LIMITS, Lane.QUERY),
)
"""What one reconciliation reads for the whole account, in this order."""

COVER = ROUND[:2]
"""What tells whether positions are covered."""

STREAM_WAIT_MS = 2_000
"""How long a start waits for the user stream with what is not about cover."""


def begin(ctx: Context) -> None:
    """Read everything. What a running round still waits for is not asked a second time: its answer will do, unless it
    was asked before the user stream was up (see `_round_answered`)."""
    around = ctx.around
    around.cover_only = False
    ctx.clear_timer("stream-wait")
    _open_round(ctx)
    _ask_lists(ctx, ROUND)
    _ask(ctx, "income", ReadKind.INCOME, Lane.QUERY, since_ms=income.since_ms(ctx))
    ctx.timer("late-income", ctx.now_ms + income.LATE_MS)
    _ask_what_no_list_tells(ctx)


def begin_with_cover(ctx: Context) -> None:
    """A start whose user stream is not up yet: cover waits for nothing (RULES 9), the rest waits a moment for it.

    Everything that was read before it is up has to be read again, and the whole of it weighs 200.
    """
    ctx.around.cover_only = True
    _open_round(ctx)
    _ask_lists(ctx, COVER)
    _ask_what_no_list_tells(ctx)
    ctx.timer("stream-wait", ctx.now_ms + STREAM_WAIT_MS)


def stream_overdue(ctx: Context) -> None:
    """The user stream takes its time: the rest is read without it, and everything again once it is up."""
    if ctx.around.cover_only:
        ctx.around.cover_only = False
        ctx.timer("reconcile", ctx.now_ms + 4 * RETRY_MS)
        _ask_lists(ctx, tuple(row for row in ROUND if row not in COVER))
        _ask(ctx, "income", ReadKind.INCOME, Lane.QUERY, since_ms=income.since_ms(ctx))


def _open_round(ctx: Context) -> None:
    around = ctx.around
    if not around.waiting:
        around.reconcile_round += 1
        around.findings = {}
    around.asked_twice.clear()
    coverage.await_word(ctx)
    ctx.timer("reconcile", ctx.now_ms + 4 * RETRY_MS)


def _ask_lists(ctx: Context, kinds: tuple[tuple[ReadKind, Lane], ...]) -> None:
    for kind, lane in kinds:
        _ask(ctx, kind.value, kind, lane)


def _ask_what_no_list_tells(ctx: Context) -> None:
    """Living plain orders, each by its name, and executions where something is being closed or a fee is still owed.

    Stops are told by the list of open ones; those that it does not show are asked for then (see `_open_lists`).
    """
    for symbol in sorted({*ctx.state.flattens, *ctx.state.feeless()}):
        _ask_executions(ctx, symbol)
    for symbol in sorted(ctx.state.live_trades):
        for client_id in ctx.state.trades[ctx.state.live_trades[symbol]].orders:
            order = ctx.state.plain.get(client_id)
            if order is not None and order.live and not order.unknown:
                _ask_order(ctx, order)


def _ask_executions(ctx: Context, symbol: str) -> None:
    trade = ctx.state.trade_of(symbol)
    since = trade.accepted_ms - 1_000 if trade is not None else ctx.now_ms - 3_600_000
    since = min(since, ctx.state.feeless().get(symbol, since) - 1_000)
    # What filled meanwhile decides which stop covers and which is an orphan: it does not wait for a rate window.
    lane = Lane.PROTECT if trade is not None or symbol in ctx.state.flattens else Lane.QUERY
    _ask(ctx, f"trades:{symbol}", ReadKind.TRADES, lane, symbol=symbol, since_ms=since)


def _ask_order(ctx: Context, order: Order) -> None:
    """One order by its name, and the living child of an algo by its number."""
    symbol, client_id = order.spec.symbol, order.client_id
    kind = ReadKind.ALGO if isinstance(order, AlgoState) else ReadKind.ORDER
    lane = Lane.PROTECT if order.role in (Role.STOP, Role.CLOSE) else Lane.QUERY
    _ask(ctx, f"state:{client_id}", kind, lane, symbol=symbol, client_id=client_id)
    if isinstance(order, AlgoState) and order.child_id is not None and order.child_live:
        child = order.child_id
        _ask(ctx, f"child:{client_id}", ReadKind.ORDER, lane, symbol=symbol, order_id=child, client_id=client_id)


def _ask(ctx: Context, name: str, kind: ReadKind, lane: Lane, **more: Any) -> None:
    purpose = f"reconcile{ctx.around.reconcile_round}:{name}"
    if purpose not in ctx.around.waiting:
        read = Read(kind=kind, purpose=purpose, lane=lane, **more)
        ctx.around.waiting[purpose] = read
        ctx.do(read)


def overdue(ctx: Context) -> None:
    """What a round still waits for is asked again, and nothing else: whole rounds would eat their own window."""
    for read in ctx.around.waiting.values():
        ctx.do(read)
    if ctx.around.waiting:
        ctx.timer("reconcile", ctx.now_ms + 4 * RETRY_MS)


def answered(ctx: Context, answer: ReadAnswered) -> None:
    """Any answer: take its evidence first, then do what it was asked for."""
    ctx.around.see_key(answer.outcome.code if answer.outcome is not None else 0, taken=answer.ok)
    if answer.ok:
        _take_evidence(ctx, answer)
        if answer.read.kind is ReadKind.TRADES:
            _note_trades_read(ctx, answer)
    purpose, _, rest = answer.read.purpose.partition(":")
    if purpose.startswith("reconcile"):
        _round_answered(ctx, answer)
        return
    handler = _PURPOSES.get(purpose)
    assert handler is not None, f"invariant: every read has a purpose we know, was {answer.read.purpose}"
    handler(ctx, rest, answer)


def _note_trades_read(ctx: Context, answer: ReadAnswered) -> None:
    """A read that began later than what the books may lack leaves the question open whether they lack it."""
    symbol, since_ms = answer.read.symbol, answer.read.since_ms
    ctx.around.trades_read[symbol] = answer.asked_ms
    if since_ms is not None and since_ms <= foreign.explained_ms(ctx, symbol):
        ctx.around.explained_read[symbol] = answer.asked_ms


def _take_evidence(ctx: Context, answer: ReadAnswered) -> None:
    for order in answer.orders:
        evidence.take_order(ctx, order)
    for algo in answer.algos:
        evidence.take_algo(ctx, algo)
    if answer.read.kind is ReadKind.POSITIONS and answer.read.symbol:
        foreign.see_others(ctx, answer.read.symbol, answer.positions, answer.asked_ms)
    if answer.read.kind is ReadKind.OPEN_ORDERS:
        foreign.see_open_orders(ctx, answer.read.symbol, answer.orders)
        _ask_for_unlisted(ctx, answer)
    if answer.read.kind is ReadKind.OPEN_ALGOS:
        foreign.see_open_algos(ctx, answer.read.symbol, answer.algos)
        for symbol in [answer.read.symbol] if answer.read.symbol else list(ctx.state.live_trades):
            live = ctx.state.trade_of(symbol)
            if live is not None:
                coverage.stops_present(ctx, live, answer.algos, answer.asked_ms)
                ctx.touch(symbol)
    resolving = answer.read.client_id or None
    for fill in answer.fills:
        trade = ctx.state.trade_of(fill.symbol)
        ours = evidence.mapped(ctx, fill) or (trade is not None and fill.venue_ms >= trade.accepted_ms - 1_000)
        missing = fill.venue_ms > foreign.explained_ms(ctx, fill.symbol)
        if ours or missing or resolving is not None:
            evidence.take_fill(ctx, fill)
    if answer.read.kind is ReadKind.INCOME:
        income.take(ctx, answer)
    if answer.balances:
        ctx.around.account_ms = ctx.now_ms
        ctx.emit(ev.BalanceSeen(at_ms=ctx.now_ms, balances=answer.balances, reason="read"))
    if answer.read.kind is ReadKind.ACCOUNT:
        _account_positions(ctx, answer)
    for config in answer.symbol_configs:
        ctx.around.symbol_configs[config.symbol] = config
    if answer.rate_windows:
        ctx.around.windows.see(answer.rate_windows, ctx.now_ms)
    if answer.hedge_mode is not None:
        ctx.around.hedge_mode = answer.hedge_mode
    if answer.multi_assets is not None:
        ctx.around.multi_assets = answer.multi_assets


def _ask_for_unlisted(ctx: Context, answer: ReadAnswered) -> None:
    """An entry that we believe to work and that a whole list of open orders does not show may have filled: absence
    proves nothing, so it is asked for at once."""
    listed = {order.client_id for order in answer.orders}
    for symbol in [answer.read.symbol] if answer.read.symbol else list(ctx.state.live_trades):
        trade = ctx.state.trade_of(symbol)
        for order in sending.live_entries(ctx, trade) if trade is not None else []:
            placed = order.order_id is not None and order.pending not in PLACING
            if placed and order.client_id not in listed and order.timestamp_ms < answer.asked_ms:
                sending.query(ctx, order, f"state:{order.client_id}")


def _account_positions(ctx: Context, answer: ReadAnswered) -> None:
    """The account lists only symbols on which something is open: one of our books that it leaves out is flat."""
    rows = {row.symbol: row.amount for row in answer.positions}
    for symbol in dict.fromkeys((*rows, *(name for name, amount in ctx.state.positions.items() if amount))):
        foreign.told(ctx, symbol, rows.get(symbol, ZERO), answer.asked_ms)


def _round_answered(ctx: Context, answer: ReadAnswered) -> None:
    around = ctx.around
    purpose = answer.read.purpose
    if purpose not in around.waiting:
        return  # A second answer to what was asked again.
    if not answer.ok:
        ctx.timer("reconcile", ctx.now_ms + RETRY_MS)
        return
    early = answer.asked_ms < around.user_stream_since_ms and purpose not in around.asked_twice
    if early:
        # Between this question and the stream's coming up, something may have happened that neither of them tells.
        around.asked_twice[purpose] = None
        ctx.do(answer.read)
    else:
        del around.waiting[purpose]
    match answer.read.kind:
        case ReadKind.POSITIONS:
            _positions(ctx, answer)
        case ReadKind.OPEN_ALGOS:
            _open_lists(ctx, answer)
        case ReadKind.ORDER | ReadKind.ALGO:
            _state(ctx, answer.read.client_id, answer)
        case _:
            pass
    if not around.waiting and not around.cover_only:
        _ask_for_traces(ctx)
    if not around.waiting and not around.cover_only:
        ctx.clear_timer("reconcile")
        around.gap = False
        if not around.reconciled:
            around.reconciled = True
            ctx.emit(ev.Reconciled(at_ms=ctx.now_ms, findings=dict(around.findings)))
        for symbol in ctx.state.live_trades:
            ctx.touch(symbol)


def _ask_for_traces(ctx: Context) -> None:
    """Executions that left a trace and were not read since the user stream is up: the round waits for them as well."""
    for symbol, trade_id in ctx.state.live_trades.items():
        orders = (ctx.state.order(client_id) for client_id in ctx.state.trades[trade_id].orders)
        traced = symbol in ctx.around.mismatch or any(o is not None and o.executed > o.filled for o in orders)
        if traced and ctx.around.trades_read.get(symbol, -1) < ctx.around.user_stream_since_ms:
            _ask_executions(ctx, symbol)
    if ctx.around.waiting:
        ctx.timer("reconcile", ctx.now_ms + 4 * RETRY_MS)


def _positions(ctx: Context, answer: ReadAnswered) -> None:
    """Positions first: whatever is open is looked at for cover in this very step."""
    rows = {row.symbol: row for row in answer.positions}
    for symbol in sorted({*rows, *ctx.state.positions, *ctx.state.foreign, *ctx.state.live_trades}):
        row = rows.get(symbol) or PositionReport(symbol=symbol, amount=ZERO, entry_price=ZERO)
        if row.amount != ctx.state.positions.get(symbol, ZERO):
            ctx.around.findings["positions"] = ctx.around.findings.get("positions", 0) + 1
        foreign.see_position(ctx, row, answer.asked_ms)
        ctx.touch(symbol)


def _open_lists(ctx: Context, answer: ReadAnswered) -> None:
    """Stops that we believe to live but that the whole list does not show are asked for (RULES 12), and so are the
    executions of their symbol: once one has been placed again under its name, nothing else tells what it did before."""
    listed = {algo.client_id for algo in answer.algos}
    for symbol in list(ctx.state.live_trades):
        trade = ctx.state.trade_of(symbol)
        for stop in exposure.stops_of(ctx, trade) if trade is not None else []:
            if stop.live and not stop.unknown and stop.client_id not in listed:
                _ask_order(ctx, stop)
                _ask_executions(ctx, symbol)
    for algo in answer.algos:
        known = ctx.state.algos.get(algo.client_id)
        trade = ctx.state.trades.get(known.trade_id) if known is not None else None
        if known is not None and trade is not None and not trade.live and known.client_id not in ctx.around.cancelling:
            sending.cancel(ctx, known, "its trade is closed")


def _resolve(ctx: Context, client_id: str, answer: ReadAnswered) -> None:
    unknowns.answered(ctx, answer)


def _state(ctx: Context, client_id: str, answer: ReadAnswered) -> None:
    """A single order was asked for. Absence after its cancel ends an algo; an absent plain order becomes unknown, also
    one that had been confirmed, if it is too old for an answer that only lags behind."""
    order = ctx.state.order(client_id)
    if order is None or not answer.ok:
        return
    shown = unknowns.shows(order, answer)
    if isinstance(order, AlgoState) and answer.read.kind is not ReadKind.ALGO and not shown:
        return  # A child that is not shown says nothing about its algo.
    if shown or answer.asked_ms > order.timestamp_ms:
        # An answer that is older than the last repeat, and late, says nothing: somebody still has to look.
        ctx.clear_timer(f"unseen:{client_id}")
        ctx.clear_timer(f"unheard:{client_id}")
    if shown:
        return
    if isinstance(order, AlgoState):
        if order.cancel_asked:
            if answer.asked_ms - max(order.timestamp_ms, order.armed_ms or 0) >= unknowns.GRACE_MS:
                evidence.algo_gone(ctx, client_id)  # A younger one may only not be listed yet.
        elif order.armed and answer.asked_ms > order.timestamp_ms:
            coverage.absent(ctx, order)
    elif order.pending is Pending.NONE and order.status is OrderStatus.SENT:
        unknowns.opened(ctx, order, "the venue does not show it")
    elif order.live and order.order_id is not None and order.pending not in PLACING:
        if answer.asked_ms - order.timestamp_ms >= order.recv_window_ms + unknowns.GRACE_MS:
            unknowns.opened(ctx, order, "the venue does not know it any more")


def _compare(ctx: Context, client_id: str, answer: ReadAnswered) -> None:
    if answer.ok:
        protection.compare(ctx, client_id, answer.algos)


def _flatten(ctx: Context, symbol: str, answer: ReadAnswered) -> None:
    if not answer.ok:
        return
    rows = [row for row in answer.positions if row.symbol == symbol]
    row = rows[0] if rows else PositionReport(symbol=symbol, amount=ZERO, entry_price=ZERO)
    known = ctx.around.venue_positions.get(symbol)
    if known is None or known[1] <= answer.asked_ms:
        ctx.around.venue_positions[symbol] = (row, answer.asked_ms)
        flatten.position_read(ctx, symbol, row.amount, answer.asked_ms)
    ctx.touch(symbol)


def _position(ctx: Context, symbol: str, answer: ReadAnswered) -> None:
    """A position read for a close, or to look into a difference."""
    if not answer.ok:
        return
    rows = [row for row in answer.positions if row.symbol == symbol]
    row = rows[0] if rows else PositionReport(symbol=symbol, amount=ZERO, entry_price=ZERO)
    foreign.see_position(ctx, row, answer.asked_ms)
    ctx.touch(symbol)


def _trades(ctx: Context, symbol: str, answer: ReadAnswered) -> None:
    ctx.touch(symbol)


def _explain(ctx: Context, symbol: str, answer: ReadAnswered) -> None:
    """Executions that nobody has told of were asked for; without an answer they are asked for again."""
    ctx.touch(symbol)
    if not answer.ok:
        ctx.timer_once(f"explain:{symbol}", ctx.now_ms + EXPLAIN_AGAIN_MS)


def _whose(ctx: Context, symbol: str, answer: ReadAnswered) -> None:
    """The order of a stray execution was asked for. It was taken with the answer; else it is asked for again."""
    if not answer.ok and foreign.ask_for_owners(ctx, symbol):
        ctx.timer_once(f"position:{symbol}", ctx.now_ms + RETRY_MS)


def _settings(ctx: Context, trade_id: str, answer: ReadAnswered) -> None:
    trade = ctx.state.trades.get(trade_id)
    if answer.ok and trade is not None:
        found = [config for config in answer.symbol_configs if config.symbol == trade.symbol]
        entry.settings_read(ctx, trade_id, found[0] if found else None)
    elif trade is not None and trade.phase is TradePhase.ACCEPTED:
        ctx.timer_once(f"settings-again:{trade.symbol}", ctx.now_ms + 200)
    elif not answer.ok:
        ctx.timer_once(f"settings-again:{answer.read.symbol}", ctx.now_ms + RETRY_MS)


def _income(ctx: Context, trade_id: str, answer: ReadAnswered) -> None:
    trade = ctx.state.trades.get(trade_id)
    if answer.ok and trade is not None:
        ctx.around.income_read[trade_id] = None
        ctx.clear_timer(f"income:{trade.symbol}")
        ctx.touch(trade.symbol)


def _funding(ctx: Context, rest: str, answer: ReadAnswered) -> None:
    """What the income record may hold has to be read; nothing else tells of it."""
    if not answer.ok:
        until_ms = answer.outcome.until_ms if answer.outcome is not None else 0
        ctx.timer_once("late-income", max(until_ms, ctx.now_ms + EXPLAIN_AGAIN_MS))


def _nothing(ctx: Context, rest: str, answer: ReadAnswered) -> None:
    """Its evidence was all that mattered."""


_PURPOSES = {
    "resolve": _resolve,
    "state": _state,
    "wind": _state,
    "cancel": _state,
    "compare": _compare,
    "flatten": _flatten,
    "close": _position,
    "foreign": _position,
    "position": _position,
    "trades": _trades,
    "explain": _explain,
    "whose": _whose,
    "settings": _settings,
    "income": _income,
    "account": _nothing,
    "limits": _nothing,
    "funding": _funding,
}
