"""What the coverage watch found (RULES 12). Absence is a suspicion: the same stop is placed again, and only an accepted
re-placement, or a terminal report, counts as a loss."""

from __future__ import annotations

from holdfast.core import evidence, flatten, protection, sending
from holdfast.core.context import Context
from holdfast.core.state import AlgoState, TradeState
from holdfast.model import events as ev
from holdfast.model import num
from holdfast.model.effects import ReadKind
from holdfast.model.ids import is_ours
from holdfast.model.inputs import CoverageChecked
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoStatus, Direction
from holdfast.model.reasons import AlarmCode, TradePhase
from holdfast.model.reports import AlgoReport, PositionReport

FRESH_MS = 500
"""A stop confirmed less than this before the read was asked may not be in the list yet."""


def checked(ctx: Context, report: CoverageChecked) -> None:
    """One round of the watch."""
    if not report.ok:
        return
    ctx.around.watch_ms = ctx.now_ms
    for algo in report.algos:
        evidence.take_algo(ctx, algo)
    rows = {row.symbol: row for row in report.positions}
    for symbol in report.symbols:
        row = rows.get(symbol) or PositionReport(symbol=symbol, amount=ZERO, entry_price=ZERO)
        see_position(ctx, row, report.asked_ms)
        trade = ctx.state.trade_of(symbol)
        if trade is not None:
            _stops_present(ctx, trade, report.algos, report.asked_ms)
            ctx.touch(symbol)
        _sweep(ctx, symbol, report.algos)


def _stops_present(ctx: Context, trade: TradeState, algos: tuple[AlgoReport, ...], asked_ms: int) -> None:
    listed = {algo.client_id for algo in algos}
    for stop in protection.stops_of(ctx, trade):
        confirmed = stop.armed_ms is not None and stop.armed_ms < asked_ms - FRESH_MS
        absent = stop.armed and confirmed and stop.client_id not in listed and not stop.cancel_asked
        needed = protection.exposure(ctx, trade) > 0 or sending.live_entries(ctx, trade)
        if absent and needed and trade.symbol not in ctx.state.flattens:
            ctx.around.suspected[stop.client_id] = ctx.now_ms
            sending.send_again(ctx, stop, preauthorised=True)


def replaced(ctx: Context, stop: AlgoState, report: AlgoReport) -> None:
    """A suspected stop was accepted again: it had been lost."""
    if ctx.around.suspected.pop(stop.client_id, None) is None or stop.algo_id == report.algo_id:
        return
    symbol = stop.spec.symbol
    ctx.emit(
        ev.StopLost(at_ms=ctx.now_ms, symbol=symbol, client_id=stop.client_id, evidence="re-placement was accepted")
    )
    ctx.alarm(AlarmCode.STOP_LOST, symbol, f"the stop {stop.client_id} had vanished and was placed again")
    since = ctx.now_ms - protection.LOSS_WINDOW_MS
    if sum(1 for at in ctx.state.cover_losses.get(symbol, ()) if at > since) >= protection.LOSSES_MAX:
        ctx.emit(ev.SymbolHalted(at_ms=ctx.now_ms, symbol=symbol, reason="stop lost three times in an hour"))
        flatten.start(ctx, symbol, "stop lost repeatedly")


def see_position(ctx: Context, row: PositionReport, asked_ms: int) -> None:
    """A position row of the venue, newer than any we know: compare it with our books."""
    known = ctx.around.venue_positions.get(row.symbol)
    if known is not None and known[1] > asked_ms:
        return
    ctx.around.venue_positions[row.symbol] = (row, asked_ms)
    trade = ctx.state.trade_of(row.symbol)
    ours = ctx.state.positions.get(row.symbol, ZERO)
    if row.amount == ours:
        ctx.around.mismatch.pop(row.symbol, None)
        if ctx.state.foreign.get(row.symbol) and (trade is not None or row.amount == 0):
            ctx.emit(ev.ForeignSeen(at_ms=ctx.now_ms, symbol=row.symbol, amount=ZERO, policy="explained"))
            ctx.clear_alarm(AlarmCode.FOREIGN_POSITION, row.symbol)
        return
    # The books and the venue differ: fetch the executions first; what they do not explain is not ours.
    first = ctx.around.mismatch.setdefault(row.symbol, asked_ms)
    since = trade.accepted_ms if trade is not None else asked_ms - 3_600_000
    ctx.read(ReadKind.TRADES, f"explain:{row.symbol}", symbol=row.symbol, since_ms=since - 1_000)
    if asked_ms - first >= 2_000:
        _unexplained(ctx, row, trade, asked_ms)
    else:
        ctx.timer_once(f"position:{row.symbol}", ctx.now_ms + 1_000)


def _unexplained(ctx: Context, row: PositionReport, trade: TradeState | None, asked_ms: int) -> None:
    """A quantity that our journal does not explain (RULES 4 and 12): by policy."""
    symbol, policy = row.symbol, ctx.settings.on_foreign
    ours = ctx.state.positions.get(symbol, ZERO)
    ctx.around.mismatch.pop(symbol, None)
    ctx.emit(
        ev.PositionSeen(
            at_ms=ctx.now_ms,
            symbol=symbol,
            amount=row.amount,
            entry_price=row.entry_price,
            ours=ours,
            asked_ms=asked_ms,
        )
    )
    ctx.emit(ev.ForeignSeen(at_ms=ctx.now_ms, symbol=symbol, amount=row.amount - ours, policy=policy))
    ctx.alarm(AlarmCode.FOREIGN_POSITION, symbol, f"the venue shows {row.amount}, our books explain {ours}")
    if trade is None and policy == "adopt" and row.amount and ctx.settings.adopt_stop_pct is not None:
        adopt(ctx, row)


def adopt(ctx: Context, row: PositionReport) -> None:
    """The whole foreign position becomes a trade with a stop at the configured distance (RULES 4)."""
    pct = ctx.settings.adopt_stop_pct
    assert pct is not None, "invariant: adopting needs adopt.stop_pct"
    instrument = ctx.around.instruments.get(row.symbol)
    base = ctx.mark(row.symbol) or row.entry_price
    if instrument is None or base == 0:
        return
    direction = Direction.LONG if row.amount > 0 else Direction.SHORT
    stop_price = instrument.round_stop(num.divide(base * (num.PERCENT - pct * direction.sign), num.PERCENT), direction)
    plan = sending.plan_of_position(ctx, row.symbol, row.amount, row.entry_price, stop_price, "adopted")
    ctx.emit(ev.TradeAdopted(at_ms=ctx.now_ms, plan=plan, cause="adopted"))
    ctx.emit(ev.ForeignSeen(at_ms=ctx.now_ms, symbol=row.symbol, amount=ZERO, policy="adopted"))
    ctx.phase(ctx.state.trades[plan.trade_id], TradePhase.ENTERING, "adopted")
    ctx.touch(row.symbol)


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
