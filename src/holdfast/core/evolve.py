"""evolve(state, event): the fold. It records; it never decides and never refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import structs

from holdfast.core import evolve_money as money
from holdfast.core import evolve_orders as orders
from holdfast.core.forgetting import forget
from holdfast.core.state import EngineState, FlattenState, IntentState, Quarantine, TradeState
from holdfast.model import events as ev
from holdfast.model.plans import TradePlan
from holdfast.model.reasons import TradePhase
from holdfast.model.reports import SymbolConfig


def evolve(state: EngineState, event: ev.AnyEvent) -> None:
    """Fold one event into the state."""
    state.events += 1
    _HANDLERS[type(event)](state, event)


def _nothing(state: EngineState, event: Any) -> None:
    """Records that matter to readers only."""


def _intent_accepted(state: EngineState, event: ev.IntentAccepted) -> None:
    intent = event.intent
    record = IntentState(
        intent_id=intent.id,
        source=intent.source,
        symbol=intent.symbol,
        action=intent.action,
        content_hash=event.content_hash,
        accepted_ms=event.at_ms,
        intent=intent,
        verdict=event.verdict,
    )
    state.intents[intent.id] = record
    if event.plan is not None:
        record.trade_id = event.plan.trade_id
        _open_trade(state, event.plan, event.at_ms, intent=True).verdict = event.verdict
    else:
        record.was_open = event.facts.get("was_open") == "true"
        state.closing.setdefault(intent.symbol, []).append(intent.id)


def _open_trade(state: EngineState, plan: TradePlan, at_ms: int, *, intent: bool) -> TradeState:
    assert plan.symbol not in state.live_trades, "invariant: one live trade per symbol"
    trade = state.trades[plan.trade_id] = TradeState(
        plan=plan, intent=intent, accepted_ms=at_ms, orders=[], counters={}, gross={}, fees={}, funding={}
    )
    state.live_trades[plan.symbol] = plan.trade_id
    return trade


def _intent_denied(state: EngineState, event: ev.IntentDenied) -> None:
    if event.intent_id in state.intents:
        return  # Other content under a used id: the first intent's record stands.
    state.intents[event.intent_id] = IntentState(
        intent_id=event.intent_id,
        source=event.source,
        symbol=event.symbol,
        action=event.action,
        content_hash=event.content_hash,
        accepted_ms=event.at_ms,
        denied=structs.replace(event, intent=None, seen=None),  # The answer to a repeat needs neither.
    )


def _entry_rejudged(state: EngineState, event: ev.EntryRejudged) -> None:
    trade = state.trades[event.trade_id]
    trade.looks += 1
    if event.code is None:
        trade.verdict = event.verdict


def _rules_seen(state: EngineState, event: ev.RulesSeen) -> None:
    state.rules[event.rules.symbol] = event.rules


def _phase_changed(state: EngineState, event: ev.PhaseChanged) -> None:
    trade = state.trades[event.trade_id]
    trade.phase = event.phase
    trade.phase_reason = event.reason
    if event.phase in (TradePhase.EXITING, TradePhase.FLATTENING):
        trade.entry_dead = True
        trade.exit_reason = trade.exit_reason or event.reason
    if event.phase is TradePhase.PROTECTING and trade.evidence_ms is None:
        trade.evidence_ms = event.at_ms
    if event.phase is TradePhase.OPEN and trade.covered_ms is None:
        trade.covered_ms = event.at_ms
        trade.naked_ms = event.at_ms - (trade.evidence_ms or event.at_ms)


def _trade_adopted(state: EngineState, event: ev.TradeAdopted) -> None:
    trade = _open_trade(state, event.plan, event.at_ms, intent=False)
    trade.entry_dead = True
    trade.evidence_ms = event.at_ms
    late = state.plain.get(event.order)
    if late is None:
        trade.base = event.plan.quantity
    else:
        late.trade_id = event.plan.trade_id
        trade.orders.append(event.order)
    state.episodes[event.plan.symbol] = state.episodes.get(event.plan.symbol, 0) + 1


def _trade_netted(state: EngineState, event: ev.TradeNetted) -> None:
    state.trades[event.trade_id].netted += event.quantity


def _flatten_started(state: EngineState, event: ev.FlattenStarted) -> None:
    state.flattens[event.symbol] = FlattenState(
        symbol=event.symbol,
        subject=event.subject,
        trade_id=event.trade_id,
        reason=event.reason,
        started_ms=event.at_ms,
        orders=[],
    )
    state.episodes[event.symbol] = state.episodes.get(event.symbol, 0) + 1


def _flatten_ended(state: EngineState, event: ev.FlattenEnded) -> None:
    state.flattens.pop(event.symbol, None)


def _quarantine_set(state: EngineState, event: ev.QuarantineSet) -> None:
    state.quarantines[event.symbol] = Quarantine(until_ms=event.until_ms, client_ids=list(event.client_ids))


def _quarantine_lifted(state: EngineState, event: ev.QuarantineLifted) -> None:
    state.quarantines.pop(event.symbol, None)
    if event.by != "time":
        state.halted_symbols.pop(event.symbol, None)
        state.rejects.pop(event.symbol, None)


def _setting_planned(state: EngineState, event: ev.SettingPlanned) -> None:
    state.settings.pop(event.symbol, None)


def _setting_read(state: EngineState, event: ev.SettingRead) -> None:
    state.settings[event.symbol] = SymbolConfig(
        symbol=event.symbol, leverage=event.leverage, margin_type=event.margin_type
    )


def _engine_started(state: EngineState, event: ev.EngineStarted) -> None:
    state.began_ms = state.began_ms or event.at_ms


def _reconciled(state: EngineState, event: ev.Reconciled) -> None:
    state.reconciled_ms = event.at_ms


def _position_seen(state: EngineState, event: ev.PositionSeen) -> None:
    state.positions[event.symbol] = event.amount
    state.baselines[event.symbol] = event.asked_ms


def _foreign_seen(state: EngineState, event: ev.ForeignSeen) -> None:
    if event.amount:
        state.foreign[event.symbol] = event.amount
    else:
        state.foreign.pop(event.symbol, None)


def _stop_lost(state: EngineState, event: ev.StopLost) -> None:
    state.cover_losses.setdefault(event.symbol, []).append(event.at_ms)


def _symbol_halted(state: EngineState, event: ev.SymbolHalted) -> None:
    state.halted_symbols[event.symbol] = event.reason


def _balance_seen(state: EngineState, event: ev.BalanceSeen) -> None:
    for balance in event.balances:
        state.balances[balance.asset] = balance


def _day_started(state: EngineState, event: ev.DayStarted) -> None:
    state.day, state.day_equity, state.day_unrealized = event.day, event.equity, event.unrealized
    forget(state, event.at_ms)


def _loss_latched(state: EngineState, event: ev.DailyLossLatched) -> None:
    state.loss_latched = f"{event.window}: lost {event.loss} of at most {event.limit}"


def _state_commanded(state: EngineState, event: ev.StateCommanded) -> None:
    state.commanded, state.commanded_by, state.commanded_reason = event.state, event.by, event.reason
    state.resume_token = ""
    if event.state.rank == 2:
        state.loss_latched = ""


def _resume_prepared(state: EngineState, event: ev.ResumePrepared) -> None:
    state.resume_token, state.resume_expires_ms = event.token, event.expires_ms


def _cut_adopted(state: EngineState, event: ev.CutAdopted) -> None:
    for client_id in event.client_ids:
        state.strangers[client_id] = True


def _effective_changed(state: EngineState, event: ev.EffectiveChanged) -> None:
    state.effective, state.effective_reasons = event.state, list(event.reasons)


def _alarm_raised(state: EngineState, event: ev.AlarmRaised) -> None:
    state.alarms[f"{event.code.value}:{event.subject}"] = event.text


def _alarm_cleared(state: EngineState, event: ev.AlarmCleared) -> None:
    state.alarms.pop(f"{event.code.value}:{event.subject}", None)


def _result_published(state: EngineState, event: ev.ResultPublished) -> None:
    record = state.intents[event.result.intent_id]
    assert record.result is None, "invariant: one terminal result per intent"
    record.result = event.result
    waiting = state.closing.get(record.symbol, [])
    if record.intent_id in waiting:
        waiting.remove(record.intent_id)
        if not waiting:
            del state.closing[record.symbol]


def _trade_closed(state: EngineState, event: ev.TradeClosed) -> None:
    trade = state.trades[event.result.trade_id]
    assert trade.closed_ms is None, "invariant: one closing record per trade"
    trade.closed_ms = event.at_ms
    trade.phase = TradePhase.CLOSED
    if state.live_trades.get(trade.symbol) == event.result.trade_id:
        del state.live_trades[trade.symbol]


_HANDLERS: Final[dict[type, Callable[[EngineState, Any], None]]] = {
    ev.EngineStarted: _engine_started,
    ev.RulesSeen: _rules_seen,
    ev.IntentAccepted: _intent_accepted,
    ev.IntentDenied: _intent_denied,
    ev.EntryRejudged: _entry_rejudged,
    ev.OrderPlanned: orders.order_planned,
    ev.OrderSendDue: orders.order_send_due,
    ev.OrderAnswered: orders.order_answered,
    ev.CancelPlanned: orders.cancel_planned,
    ev.CancelAnswered: orders.cancel_answered,
    ev.OrderUpdated: orders.order_updated,
    ev.AlgoUpdated: orders.algo_updated,
    ev.FillBooked: money.fill_booked,
    ev.FillCompleted: money.fill_completed,
    ev.UnknownOpened: orders.unknown_opened,
    ev.AbsenceNoted: orders.absence_noted,
    ev.UnknownResolved: orders.unknown_resolved,
    ev.PhaseChanged: _phase_changed,
    ev.TradeAdopted: _trade_adopted,
    ev.TradeNetted: _trade_netted,
    ev.FlattenStarted: _flatten_started,
    ev.FlattenEnded: _flatten_ended,
    ev.QuarantineSet: _quarantine_set,
    ev.QuarantineLifted: _quarantine_lifted,
    ev.SettingPlanned: _setting_planned,
    ev.SettingRead: _setting_read,
    ev.PositionSeen: _position_seen,
    ev.ForeignSeen: _foreign_seen,
    ev.StopLost: _stop_lost,
    ev.SymbolHalted: _symbol_halted,
    ev.IncomeBooked: money.income_booked,
    ev.BalanceSeen: _balance_seen,
    ev.DayStarted: _day_started,
    ev.DailyLossLatched: _loss_latched,
    ev.StateCommanded: _state_commanded,
    ev.ResumePrepared: _resume_prepared,
    ev.CutAdopted: _cut_adopted,
    ev.EffectiveChanged: _effective_changed,
    ev.Reconciled: _reconciled,
    ev.LateEntryFound: _nothing,
    ev.AlarmRaised: _alarm_raised,
    ev.AlarmCleared: _alarm_cleared,
    ev.ResultPublished: _result_published,
    ev.TradeClosed: _trade_closed,
    ev.ResultCorrected: _nothing,
}
