"""Entries: sent once, never again while their outcome is unknown (RULES 2 row entry, 3, 8, 10)."""

from __future__ import annotations

from holdfast.core import flatten, results, sending, unknowns, verdicts
from holdfast.core.basis import gather
from holdfast.core.context import Context
from holdfast.core.responses import Reaction, reaction_to
from holdfast.core.state import OrderState, TradeState
from holdfast.model import events as ev
from holdfast.model.effects import ChangeSetting, ReadKind
from holdfast.model.ids import Role, client_order_id
from holdfast.model.orders import OrderStatus, OrderType, TimeInForce
from holdfast.model.reasons import AlarmCode, DenyCode, Outcome, ResultStatus, TradePhase
from holdfast.model.reports import RequestOutcome, SymbolConfig


def begin(ctx: Context, trade: TradeState, leverage: int | None, margin_type: str | None) -> None:
    """An accepted trade: change the symbol's settings first where they differ (RULES 13), then enter."""
    if leverage is None and margin_type is None:
        send(ctx, trade)
        return
    symbol, trade_id = trade.symbol, trade.plan.trade_id
    ctx.around.symbol_configs.pop(symbol, None)
    ctx.emit(ev.SettingPlanned(at_ms=ctx.now_ms, symbol=symbol, leverage=leverage, margin_type=margin_type))
    ctx.around.settings_wanted[trade_id] = (leverage, margin_type)
    _change_settings(ctx, trade_id)
    ctx.timer(f"settings:{trade_id}", ctx.now_ms + ctx.settings.request_timeout_ms)


def _change_settings(ctx: Context, trade_id: str) -> None:
    """Ask for what the symbol needs; a change that is there already does no harm. Each has its own request."""
    trade = ctx.state.trades.get(trade_id)
    wanted = ctx.around.settings_wanted.get(trade_id)
    if trade is None or wanted is None or trade.phase is not TradePhase.ACCEPTED:
        return
    leverage, margin_type = wanted
    if margin_type is not None:
        ctx.do(ChangeSetting(symbol=trade.symbol, purpose=f"entry:{trade_id}", margin_type=margin_type))
    if leverage is not None:
        ctx.do(ChangeSetting(symbol=trade.symbol, purpose=f"entry:{trade_id}", leverage=leverage))


def setting_answered(ctx: Context, symbol: str, outcome: RequestOutcome) -> None:
    """However a change ended, what counts is what the venue shows (RULES 13): read it back. Throttled: wait first."""
    trade = ctx.state.trade_of(symbol)
    waits = trade is not None and trade.phase is TradePhase.ACCEPTED
    if trade is not None and waits and reaction_to(Role.SETTING, outcome) is Reaction.WAIT_WINDOW:
        ctx.timer(f"settings-change:{trade.plan.trade_id}", max(outcome.until_ms, ctx.now_ms + 50))
    else:
        read_settings(ctx, symbol)


def change_again(ctx: Context, trade_id: str) -> None:
    """The rate window has turned: ask for the settings once more."""
    _change_settings(ctx, trade_id)


def read_settings(ctx: Context, symbol: str) -> None:
    """Read leverage and margin type of a symbol: a trade waits for them, or a failed change left us unsure."""
    trade = ctx.state.trade_of(symbol)
    waits = trade is not None and trade.phase is TradePhase.ACCEPTED
    if trade is not None and waits:
        ctx.read(ReadKind.SYMBOL_CONFIG, f"settings:{trade.plan.trade_id}", symbol=symbol)
    elif symbol not in ctx.around.symbol_configs:
        ctx.read(ReadKind.SYMBOL_CONFIG, "settings:", symbol=symbol)


def settings_read(ctx: Context, trade_id: str, config: SymbolConfig | None) -> None:
    """The settings as the venue shows them: enter if they are the plan's; a setting in flight may still arrive."""
    trade = ctx.state.trades.get(trade_id)
    if trade is None or trade.phase is not TradePhase.ACCEPTED or config is None:
        return
    ctx.emit(
        ev.SettingRead(at_ms=ctx.now_ms, symbol=config.symbol, leverage=config.leverage, margin_type=config.margin_type)
    )
    if config.leverage == trade.plan.leverage and config.margin_type == ctx.settings.margin_type:
        ctx.clear_timer(f"settings:{trade_id}")
        ctx.around.settings_wanted.pop(trade_id, None)
        _send_if_still_allowed(ctx, trade)


def settings_overdue(ctx: Context, trade_id: str) -> None:
    """The settings could not be shown in time: nothing was sent, so nothing is lost. What they are is asked all the
    same, also when the trade has ended meanwhile: the next one needs to know."""
    trade = ctx.state.trades.get(trade_id)
    ctx.around.settings_wanted.pop(trade_id, None)
    if trade is None:
        return
    if trade.phase is TradePhase.ACCEPTED:
        end(ctx, trade, ResultStatus.REJECTED, "SYMBOL_SETTINGS", "leverage or margin type could not be confirmed")
    read_settings(ctx, trade.symbol)


def _send_if_still_allowed(ctx: Context, trade: TradeState) -> None:
    """The second look at an accepted entry, just before it is sent (RULES 2, 13)."""
    verdict = verdicts.on_entry_again(gather(ctx, trade.symbol), trade)
    ctx.emit(verdict)
    if verdict.code is None:
        send(ctx, trade)
        return
    status = ResultStatus.EXPIRED if verdict.code is DenyCode.EXPIRED else ResultStatus.REJECTED
    reason = verdict.facts.get("sentence", "no longer allowed when it was due")
    end(ctx, trade, status, verdict.code.value, reason)


def send(ctx: Context, trade: TradeState) -> None:
    """Journal entry, stop and one flatten in one batch, then let the entry go (RULES 8)."""
    plan = trade.plan
    subject, trade_id = sending.subject_of(trade), plan.trade_id
    entry, n = sending.entry_spec(ctx, trade)
    if plan.arm_with_entry and not trade.counters.get(Role.STOP.value):
        _plan_stop(ctx, trade)
        sending.send_again(ctx, ctx.state.algos[ctx.state.trades[trade_id].orders[-1]], preauthorised=False)
    sending.plan_order(ctx, entry, subject=subject, trade_id=trade_id, n=n)
    if not trade.counters.get(Role.STOP.value):
        _plan_stop(ctx, trade)
    if not trade.counters.get(Role.CLOSE.value):
        _plan_close(ctx, trade)
    ctx.phase(trade, TradePhase.ENTERING, "entry sent")
    sending.place(ctx, ctx.state.plain[entry.client_id])
    if plan.time_in_force in (TimeInForce.GTD, TimeInForce.GTX, TimeInForce.GTC):
        ctx.timer(f"ttl:{trade_id}", plan.deadline_ms)


def _plan_stop(ctx: Context, trade: TradeState) -> None:
    spec, n = sending.backstop_spec(ctx, trade)
    sending.plan_order(
        ctx, spec, subject=sending.subject_of(trade), trade_id=trade.plan.trade_id, n=n, preauthorised=True
    )


def _plan_close(ctx: Context, trade: TradeState) -> None:
    plan = trade.plan
    client_id = client_order_id(ctx.settings.account, sending.subject_of(trade), Role.CLOSE, 1)
    spec = sending.close_spec(plan.symbol, plan.direction.exit_side, plan.quantity, client_id, None)
    sending.plan_order(ctx, spec, subject=sending.subject_of(trade), trade_id=plan.trade_id, n=1, preauthorised=True)


def answered(ctx: Context, trade: TradeState, order: OrderState, outcome: RequestOutcome) -> None:
    """The end of an entry's placing request: RULES 2, row entry."""
    match reaction_to(Role.ENTRY, outcome):
        case Reaction.TAKE_EVIDENCE:
            return
        case Reaction.RESOLVE_NEVER_RESEND:
            unknowns.unanswered(ctx, order, outcome.message)
        case Reaction.RETRY_ENTRY_ONCE:
            _retry(ctx, trade, order, ctx.now_ms + 50, outcome)
        case Reaction.RETRY_ENTRY_AFTER_WINDOW:
            _retry(ctx, trade, order, max(outcome.until_ms, ctx.now_ms + 50), outcome)
        case Reaction.END_TRADE:
            _refused(ctx, trade, order, outcome)
        case other:
            raise AssertionError(f"invariant: an entry has no reaction {other}")


def _retry(ctx: Context, trade: TradeState, order: OrderState, at_ms: int, outcome: RequestOutcome) -> None:
    # As n+1, once, inside its time to live, through the gate: the venue proved that it did not look at the first.
    once = order.n == 1 and order.status is OrderStatus.REJECTED
    if once and at_ms < trade.plan.deadline_ms and not trade.entry_dead:
        ctx.timer(f"retry:{trade.plan.trade_id}", at_ms)
    else:
        _refused(ctx, trade, order, outcome)


def retry_due(ctx: Context, trade_id: str) -> None:
    """The second and last try of an entry that was proved not to have been looked at."""
    trade = ctx.state.trades.get(trade_id)
    if trade is None or trade.phase is not TradePhase.ENTERING or trade.entry_dead:
        return
    _send_if_still_allowed(ctx, trade)


def _refused(ctx: Context, trade: TradeState, order: OrderState, outcome: RequestOutcome) -> None:
    code = outcome.local or str(outcome.code)
    reason = "dropped unsent: too late" if outcome.local == "late" else outcome.message
    if outcome.outcome is Outcome.REJECTED and not outcome.local:
        _count_reject(ctx, trade.symbol)
    if order.executed == 0 and order.filled == 0:
        end(ctx, trade, ResultStatus.REJECTED, code, reason)


def _count_reject(ctx: Context, symbol: str) -> None:
    limits = ctx.settings.limits
    recent = [at for at in ctx.state.rejects.get(symbol, []) if at > ctx.now_ms - limits.reject_breaker_window_ms]
    if len(recent) >= limits.reject_breaker_count:
        ctx.alarm(AlarmCode.REJECT_BREAKER, symbol, f"{len(recent)} entries refused within the window (P22)")


def end(ctx: Context, trade: TradeState, status: ResultStatus, code: str, reason: str) -> None:
    """An entry that came to nothing: publish, and wind up whatever was armed for it (RULES 5)."""
    results.publish_opening(ctx, trade, status, code, reason)
    ctx.phase(trade, TradePhase.EXITING, reason or status.value)
    ctx.touch(trade.symbol)


def time_is_up(ctx: Context, trade_id: str) -> None:
    """A resting entry's time to live is over: the engine cancels earlier than the venue's GTD (RULES 10)."""
    trade = ctx.state.trades.get(trade_id)
    if trade is None or not trade.live:
        return
    flatten.kill_entries(ctx, trade.symbol, "time to live is over")


def final_status(trade: TradeState, entries: list[OrderState]) -> tuple[ResultStatus, str, str]:
    """How an entry without any fill ended: (status, code, reason)."""
    last = entries[-1] if entries else None
    if last is None:
        return ResultStatus.EXPIRED, "NOT_SENT", trade.exit_reason or "ended before anything was sent"
    if last.status is OrderStatus.REJECTED:
        return ResultStatus.REJECTED, last.local or str(last.code), last.message
    if last.status is OrderStatus.NEVER_PLACED:
        return ResultStatus.NEVER_PLACED, "NEVER_PLACED", "shown never to have reached the market"
    immediate = trade.plan.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)
    if last.status is OrderStatus.EXPIRED and (immediate or trade.plan.entry_type is OrderType.MARKET):
        return ResultStatus.EXPIRED, "NO_FILL_AT_CAP", "nothing was offered within the price cap"
    return ResultStatus.EXPIRED, "TTL", "the entry's time ran out, or it was cancelled, before anything filled"
