"""What the coverage watch found (RULES 12). Absence is a suspicion: the same stop is placed again, and only an accepted
re-placement, or a terminal report, counts as a loss."""

from __future__ import annotations

from holdfast.core import evidence, exposure, foreign, sending
from holdfast.core.context import Context
from holdfast.core.state import PLACING, AlgoState, TradeState
from holdfast.core.unknowns import GRACE_MS
from holdfast.model.ids import is_ours
from holdfast.model.inputs import CoverageChecked
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoStatus
from holdfast.model.reasons import TradePhase
from holdfast.model.reports import AlgoReport, PositionReport

FRESH_MS = 500
"""A stop accepted less than this before the read was asked may not be in the list yet."""
UNSEEN_MS = 800
"""How long after a list without a young stop the question for it may stay open; then the list's word is taken."""


def checked(ctx: Context, report: CoverageChecked) -> None:
    """One round of the watch. An incomplete one is no heartbeat; but what is missing on one symbol hides no other."""
    ctx.around.see_key(report.code, taken=report.ok)
    if report.ok:
        ctx.around.watch_ms = ctx.now_ms
    else:
        await_word(ctx)
    for algo in report.algos:
        evidence.take_algo(ctx, algo)
    rows = {row.symbol: row for row in report.positions}
    for symbol in dict.fromkeys((*rows, *report.symbols)):
        row = rows.get(symbol) or PositionReport(symbol=symbol, amount=ZERO, entry_price=ZERO)
        foreign.see_position(ctx, row, report.asked_ms)
        ctx.touch(symbol)
    for symbol in report.symbols:
        trade = ctx.state.trade_of(symbol)
        if trade is not None:
            stops_present(ctx, trade, report.algos, report.asked_ms)
        _sweep(ctx, symbol, report.algos)


def stops_present(ctx: Context, trade: TradeState, algos: tuple[AlgoReport, ...], asked_ms: int) -> None:
    """Look for the trade's stops in a whole list of its symbol's open algo orders, whoever asked for it.

    One that is on its way need not be there yet; but the list may also have overtaken its answer, so it is looked for.
    """
    listed, needed = {algo.client_id for algo in algos}, _needed(ctx, trade)
    for stop in exposure.stops_of(ctx, trade):
        ctx.clear_timer(f"unheard:{stop.client_id}")
        if stop.client_id in listed:
            ctx.around.suspected.pop(stop.client_id, None)
            ctx.around.confirmed_ms.pop(stop.client_id, None)
            ctx.clear_timer(f"unseen:{stop.client_id}")
            continue
        if not needed or stop.cancel_asked or stop.status not in (AlgoStatus.ARMED, AlgoStatus.SENT):
            continue
        repeated = stop.pending in PLACING
        since_ms = max(_standing_since(ctx, stop, asked_ms), stop.timestamp_ms if repeated else 0)
        if stop.armed and not repeated and since_ms < asked_ms - FRESH_MS:
            _suspect(ctx, stop)
        else:
            # Also of one that is on its way again: the list may tell of the end of the life that has just begun.
            ctx.timer_once(f"young:{stop.client_id}", since_ms + FRESH_MS + 1)
            ctx.timer_once(f"unseen:{stop.client_id}", ctx.now_ms + UNSEEN_MS)


def await_word(ctx: Context) -> None:
    """Stops are being asked for, or could not be: those of which nothing is heard may have gone unseen."""
    for trade_id in ctx.state.live_trades.values():
        trade = ctx.state.trades[trade_id]
        for stop in exposure.stops_of(ctx, trade) if _needed(ctx, trade) else []:
            ctx.timer_once(f"unheard:{stop.client_id}", ctx.now_ms + UNSEEN_MS)


def ask_by_placing(ctx: Context, client_id: str) -> None:
    """No list and no answer has told of a stop: it is placed again, which does no harm if it stands. Could not ask is
    never nothing there, so until the venue takes the repeat it still counts as cover."""
    stop = ctx.state.algos.get(client_id)
    trade = ctx.state.trades.get(stop.trade_id) if stop is not None else None
    if stop is None or trade is None or not _needed(ctx, trade):
        return
    if stop.armed and not stop.cancel_asked and stop.pending not in PLACING:
        sending.send_again(ctx, stop, preauthorised=True)


def said_to_exist(ctx: Context, client_id: str) -> None:
    """The venue refused a stop because something exists. Lists may lag behind that for seconds; of an older stop that
    they have not shown since it was said first, it means that the name is used up, and nothing stands."""
    stop, first_ms = ctx.state.algos.get(client_id), ctx.around.confirmed_ms.get(client_id)
    born_ms = stop.life_ms if stop is not None else 0
    if first_ms is not None and first_ms >= born_ms and ctx.now_ms - born_ms > GRACE_MS:
        return
    ctx.around.suspected.pop(client_id, None)
    ctx.around.confirmed_ms[client_id] = ctx.now_ms


def absent(ctx: Context, stop: AlgoState) -> None:
    """The venue was asked for a stop that we believe armed, and does not know it."""
    trade = ctx.state.trades.get(stop.trade_id)
    if trade is not None and _needed(ctx, trade):
        _suspect(ctx, stop)
        ctx.touch(trade.symbol)


def _needed(ctx: Context, trade: TradeState) -> bool:
    """Whether a trade's stops must stand: from its entry on, for what may fill any moment, until its exit."""
    standing = (TradePhase.ENTERING, TradePhase.PROTECTING, TradePhase.OPEN)
    return trade.phase in standing and trade.symbol not in ctx.state.flattens


def _suspect(ctx: Context, stop: AlgoState) -> None:
    ctx.around.suspected[stop.client_id] = ctx.now_ms
    # Else it is being placed again already, or was a moment ago.
    if stop.pending not in PLACING and ctx.now_ms - stop.timestamp_ms >= FRESH_MS:
        sending.send_again(ctx, stop, preauthorised=True)


def look_again(ctx: Context, client_id: str) -> None:
    """A stop that a list did not show, perhaps because it was too young: the next list would come seconds later."""
    stop = ctx.state.algos.get(client_id)
    if stop is not None and stop.armed and not stop.cancel_asked:
        sending.query(ctx, stop, f"state:{client_id}")


def take_lists_word(ctx: Context, client_id: str) -> None:
    """Nobody has answered what became of a young stop that a list did not show: it is placed again, as any other."""
    stop = ctx.state.algos.get(client_id)
    if stop is None or not stop.armed or stop.cancel_asked:
        return
    if _standing_since(ctx, stop, 0) < ctx.now_ms - UNSEEN_MS:
        absent(ctx, stop)


def _standing_since(ctx: Context, stop: AlgoState, default_ms: int) -> int:
    """When the venue accepted the stop, by its own word, or said later that it exists; a late answer makes it no
    younger."""
    return max(stop.life_ms or stop.armed_ms or default_ms, ctx.around.confirmed_ms.get(stop.client_id, 0))


def _sweep(ctx: Context, symbol: str, algos: tuple[AlgoReport, ...]) -> None:
    """Cancel only ids that the journal derives from a trade proved closed (RULES 8, P36)."""
    for report in algos:
        algo = ctx.state.algos.get(report.client_id)
        if report.symbol != symbol or algo is None or not is_ours(report.client_id):
            continue
        trade = ctx.state.trades.get(algo.trade_id)
        closed = trade is not None and not trade.live
        if closed and report.status is AlgoStatus.ARMED and not algo.unknown:
            sending.cancel(ctx, algo, "its trade is closed")
