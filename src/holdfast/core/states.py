"""Trading state: commanded and effective, health, daily loss, operator's commands (RULES 9, P16, P26–P29)."""

from __future__ import annotations

import hashlib

from holdfast.core import flatten, losses, reconcile, view
from holdfast.core.context import Context
from holdfast.core.state import OrderState
from holdfast.model import events as ev
from holdfast.model.inputs import Command
from holdfast.model.reasons import AlarmCode, TradingState

RESUME_VALID_MS = 120_000
LOSS_CHECK_MS = 1_000
IDLE_LOSS_CHECK_MS = 5_000
CONNECT_MS = 10_000
"""How long after a start a user stream that was never open is not called stale."""

HEALTH: dict[str, tuple[TradingState, AlarmCode | None]] = {
    "not reconciled": (TradingState.HALTED, None),
    "journal cannot be written": (TradingState.HALTED, AlarmCode.JOURNAL_FAILING),
    "coverage watch is stale": (TradingState.HALTED, AlarmCode.COVERAGE_WATCH_STALE),
    "second engine or lost journal": (TradingState.HALTED, AlarmCode.SECOND_ENGINE),
    "account mode differs": (TradingState.HALTED, AlarmCode.ACCOUNT_MODE),
    "the venue refuses the key": (TradingState.HALTED, AlarmCode.KEY_REFUSED),
    "clock unknown": (TradingState.HALTED, AlarmCode.CLOCK_UNSURE),
    "clock offset too large": (TradingState.REDUCING, AlarmCode.CLOCK_UNSURE),
    "user stream is down": (TradingState.REDUCING, AlarmCode.STREAM_STALE),
    "a gap is being reconciled": (TradingState.REDUCING, None),
    "cover was throttled": (TradingState.REDUCING, None),
}
"""Health findings: how far each pulls the effective state down, and the alarm it raises."""


def health(ctx: Context) -> list[str]:
    """What is wrong now, in the order of the table."""
    around = ctx.around
    interval = ctx.settings.coverage_interval_ms if ctx.state.live_trades else ctx.settings.coverage_idle_interval_ms
    watched_ms = around.watch_ms if around.watch_ms is not None else around.started_ms
    # The last look of an idle time may be a minute old when a trade begins; it is not stale for that.
    quiet_since = max(watched_ms, around.exposed_since_ms)
    offset_ms, most_ms = around.clock_offset_ms, ctx.settings.max_clock_offset_ms
    other_assets = around.multi_assets is not None and around.multi_assets is not ctx.settings.multi_assets
    bad = (
        not around.reconciled,
        not around.journal_ok,
        ctx.now_ms - quiet_since > max(3 * interval, 15_000),
        bool(around.unexplained),
        around.hedge_mode is True or other_assets,
        around.key_refused,
        not around.clock_ok,
        offset_ms is not None and not -most_ms <= offset_ms <= most_ms,
        not around.user_stream,
        around.gap,
        ctx.now_ms < around.throttled_until_ms,
    )
    return [name for name, is_bad in zip(HEALTH, bad, strict=True) if is_bad] if True in bad else []


def refresh(ctx: Context) -> None:
    """Recompute the effective state at the end of a step; leaving active cancels working entries in the same step."""
    if not ctx.state.live_trades:
        ctx.around.exposed_since_ms = 0
    elif not ctx.around.exposed_since_ms:
        ctx.around.exposed_since_ms = ctx.now_ms
    found = health(ctx)
    commanded = ctx.state.commanded or TradingState.HALTED
    effective, reasons = commanded, list(found)
    if found:
        effective = min([commanded, *(HEALTH[name][0] for name in found)], key=lambda state: state.rank)
    if commanded is not TradingState.ACTIVE:
        reasons.insert(0, f"commanded {commanded.value}")
    if found or ctx.state.alarms:
        _tell(ctx, found)
    if effective is ctx.state.effective and reasons == ctx.state.effective_reasons:
        return
    ctx.emit(ev.EffectiveChanged(at_ms=ctx.now_ms, state=effective, reasons=tuple(reasons)))
    if effective is TradingState.HALTED or commanded is not TradingState.ACTIVE:
        cancel_entries(ctx, "trading is no longer active")


def _tell(ctx: Context, found: list[str]) -> None:
    """Raise the alarms of what is wrong, and clear those whose cause is gone."""
    for name, (_, alarm) in HEALTH.items():
        if alarm is None or alarm is AlarmCode.SECOND_ENGINE:
            continue
        if name in found and ctx.around.reconciled and not _still_connecting(ctx, alarm):
            ctx.alarm(alarm, "account", name)
        elif not any(HEALTH[other][1] is alarm for other in found):
            ctx.clear_alarm(alarm, "account")


def _still_connecting(ctx: Context, alarm: AlarmCode) -> bool:
    """A stream that has had no time to open yet is no news; nothing enters before it is open in any case."""
    young = ctx.now_ms - ctx.around.started_ms < CONNECT_MS
    return alarm is AlarmCode.STREAM_STALE and not ctx.around.user_stream_since_ms and young


def cancel_entries(ctx: Context, reason: str) -> None:
    """Cancel every working entry; their stops stay until the cancel is proved (RULES 9)."""
    for symbol in list(ctx.state.live_trades):
        trade = ctx.state.trade_of(symbol)
        if trade is not None and any(_cancellable(ctx, c) for c in trade.orders):
            flatten.kill_entries(ctx, symbol, reason)


def _cancellable(ctx: Context, client_id: str) -> bool:
    order = ctx.state.plain.get(client_id)
    return isinstance(order, OrderState) and order.role.value == "entry" and order.live and not order.cancel_asked


def command(ctx: Context, message: Command) -> None:
    """An operator's order (or the supervisor's)."""
    match message.what:
        case "halt" | "shutdown":
            _to(ctx, TradingState.HALTED, message)
        case "reduce":
            _to(ctx, TradingState.REDUCING, message)
        case "resume_prepare":
            prepare_resume(ctx, message)
        case "resume_confirm":
            confirm_resume(ctx, message)
        case "flatten":
            _flatten(ctx, message)
        case "release":
            ctx.emit(ev.QuarantineLifted(at_ms=ctx.now_ms, symbol=message.symbol, by=message.by))
        case "adopt":
            _adopt_cut(ctx, message)


def _adopt_cut(ctx: Context, message: Command) -> None:
    """The operator names the cut: what the journal does not explain is somebody else's from now on (RULES 8)."""
    if not ctx.around.unexplained:
        return
    # A name that was unknown may have been planned since: closes go on while a human looks, and take the next number.
    unexplained = tuple(c for c in ctx.around.unexplained if ctx.state.order(c) is None)
    if unexplained:
        ctx.emit(ev.CutAdopted(at_ms=ctx.now_ms, client_ids=unexplained, by=message.by, reason=message.reason))
    ctx.around.unexplained.clear()
    ctx.clear_alarm(AlarmCode.SECOND_ENGINE, "account")
    reconcile.begin(ctx)


def _to(ctx: Context, state: TradingState, message: Command) -> None:
    if message.what == "shutdown":
        # A stop of the process is no change of the command: the next start continues as commanded. But an entry that
        # fills while nobody watches would be naked (RULES 10).
        if not ctx.settings.allow_unattended_entries:
            cancel_entries(ctx, "the engine shuts down")
        return
    ctx.emit(ev.StateCommanded(at_ms=ctx.now_ms, state=state, by=message.by, reason=message.reason))
    cancel_entries(ctx, f"{message.what} by {message.by}")


def prepare_resume(ctx: Context, message: Command) -> None:
    """First step of two (P29): say what would be resumed, and hand out the token that confirms it."""
    state = ctx.state
    summary = {
        "from": (state.commanded or TradingState.HALTED).value,
        "because": state.commanded_reason or "start",
        "live_trades": str(len(state.live_trades)),
        "unexplained_orders": ",".join(ctx.around.unexplained) or "none",
        "foreign_positions": ",".join(sorted(state.foreign)) or "none",
        "alarms": str(len(state.alarms)),
        "health": "; ".join(health(ctx)) or "good",
        "daily_loss": state.loss_latched or "within the limit",
    }
    seed = f"{ctx.now_ms}:{message.by}:{message.reason}:{state.events}"
    token = hashlib.sha256(seed.encode()).hexdigest()[:12]
    ctx.emit(
        ev.ResumePrepared(
            at_ms=ctx.now_ms, token=token, by=message.by, expires_ms=ctx.now_ms + RESUME_VALID_MS, summary=summary
        )
    )


def confirm_resume(ctx: Context, message: Command) -> None:
    """Second step: only with the token, in time, and not while the daily loss limit is breached (RULES 9)."""
    if resume_refusal(ctx, message.token) is None:
        ctx.emit(ev.StateCommanded(at_ms=ctx.now_ms, state=TradingState.ACTIVE, by=message.by, reason=message.reason))


def resume_refusal(ctx: Context, token: str) -> str | None:
    """Why a resume would not be taken now, or None."""
    state = ctx.state
    if not state.resume_token or token != state.resume_token:
        return "the token is not the one of the last prepare"
    if ctx.now_ms > state.resume_expires_ms:
        return "the token has expired; prepare again"
    if _breach(ctx) is not None:
        return "the daily loss limit is still breached; raise it by name in the configuration first"
    return None


def _flatten(ctx: Context, message: Command) -> None:
    symbols = [message.symbol] if message.symbol else sorted({*ctx.state.live_trades, *ctx.state.foreign})
    for symbol in symbols:
        flatten.start(ctx, symbol, f"flatten by {message.by}")
        ctx.touch(symbol)


def check_losses(ctx: Context) -> None:
    """The daily loss, looked at every second while something is open, and after every booking (P16)."""
    _start_day(ctx)
    breach = _breach(ctx)
    if breach is not None and not ctx.state.loss_latched:
        ctx.emit(ev.DailyLossLatched(at_ms=ctx.now_ms, loss=breach.loss, limit=breach.limit, window=breach.window))
        ctx.alarm(AlarmCode.DAILY_LOSS, "account", f"lost {breach.loss} of at most {breach.limit} ({breach.window})")
        ctx.emit(
            ev.StateCommanded(
                at_ms=ctx.now_ms, state=TradingState.REDUCING, by="daily_loss", reason=ctx.state.loss_latched
            )
        )
        cancel_entries(ctx, "daily loss")
        if ctx.settings.on_daily_loss == "flatten":
            for symbol in sorted(ctx.state.live_trades):
                flatten.start(ctx, symbol, "daily loss")
    ctx.timer("losses", ctx.now_ms + (LOSS_CHECK_MS if ctx.state.live_trades else IDLE_LOSS_CHECK_MS))


def _start_day(ctx: Context) -> None:
    day = losses.day_of(ctx.now_ms)
    balance = ctx.state.balances.get(ctx.settings.margin_asset)
    if balance is None or not ctx.around.reconciled:
        return
    base, open_profit = ctx.state.day_equity, view.unrealized(ctx)
    equity = balance.wallet + open_profit
    # A day that began with nothing begins again with the first money: a percentage of nothing would be no limit.
    if day != ctx.state.day or (base is not None and base <= 0 < equity):
        ctx.emit(ev.DayStarted(at_ms=ctx.now_ms, day=day, equity=equity, unrealized=open_profit))


def _breach(ctx: Context) -> losses.LossBreach | None:
    measured = losses.measure(
        now_ms=ctx.now_ms,
        asset=ctx.settings.margin_asset,
        money=ctx.state.money,
        unrealized=view.unrealized(ctx),
        unrealized_at_midnight=ctx.state.day_unrealized if ctx.state.day == losses.day_of(ctx.now_ms) else None,
    )
    return losses.breached(measured, ctx.settings.limits, ctx.state.day_equity if ctx.state.day_equity else None)
