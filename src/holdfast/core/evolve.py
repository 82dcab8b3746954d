"""evolve(state, event): the fold. It records; it never decides and never refuses."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from holdfast.core import order_machine as machine
from holdfast.core.state import (
    AlgoState,
    EngineState,
    FillState,
    FlattenState,
    IntentState,
    OrderState,
    Quarantine,
    TradeState,
    fill_key,
    order_key,
)
from holdfast.model import events as ev
from holdfast.model.ids import Role
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoStatus, OrderSpec, OrderStatus, Pending, Side
from holdfast.model.plans import TradePlan
from holdfast.model.reasons import Outcome, TradePhase
from holdfast.model.reports import Fill, SymbolConfig

DAY_MS = 86_400_000


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
        _open_trade(state, event.plan, event.at_ms, intent=True)
    else:
        record.was_open = event.facts.get("was_open") == "true"
        state.closing.setdefault(intent.symbol, []).append(intent.id)


def _open_trade(state: EngineState, plan: TradePlan, at_ms: int, *, intent: bool) -> None:
    assert plan.symbol not in state.live_trades, "invariant: one live trade per symbol"
    state.trades[plan.trade_id] = TradeState(
        plan=plan, intent=intent, accepted_ms=at_ms, orders=[], counters={}, gross={}, fees={}, funding={}
    )
    state.live_trades[plan.symbol] = plan.trade_id


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
        denied=event,
    )


def _order_planned(state: EngineState, event: ev.OrderPlanned) -> None:
    spec = event.spec
    assert spec.client_id not in state.plain and spec.client_id not in state.algos, "invariant: a client id is new"
    common: dict[str, Any] = {
        "spec": spec,
        "trade_id": event.trade_id,
        "subject": event.subject,
        "n": event.n,
        "timestamp_ms": event.timestamp_ms,
        "recv_window_ms": event.recv_window_ms,
        "verdict": event.verdict,
        "absences": {},
    }
    order: OrderState | AlgoState
    if isinstance(spec, OrderSpec):
        order = state.plain[spec.client_id] = OrderState(**common)
    else:
        order = state.algos[spec.client_id] = AlgoState(**common)
    if not event.preauthorised:
        _mark_sent(order, event.timestamp_ms)
    trade = state.trades.get(event.trade_id)
    if trade is not None:
        trade.orders.append(spec.client_id)
        trade.counters[spec.role.value] = max(event.n, trade.counters.get(spec.role.value, 0))
    flatten = state.flattens.get(spec.symbol)
    if flatten is not None and spec.role is Role.CLOSE:
        flatten.orders.append(spec.client_id)
        flatten.n = max(flatten.n, event.n)


def _mark_sent(order: OrderState | AlgoState, timestamp_ms: int) -> None:
    # A planned order counts as sent from its record on: after a crash nobody knows whether it left.
    if isinstance(order, OrderState):
        order.status = machine.advance(order.status, machine.Signal.SEND)
    else:
        order.status = machine.advance_algo(order.status, machine.AlgoSignal.SEND)
        order.sends += 1
    order.pending = machine.advance_pending(order.pending, machine.Request.PLACE)
    order.timestamp_ms = timestamp_ms


def _order_send_due(state: EngineState, event: ev.OrderSendDue) -> None:
    order = state.order(event.client_id)
    assert order is not None, "invariant: only a planned order is sent"
    _mark_sent(order, event.timestamp_ms)
    flatten = state.flattens.get(order.spec.symbol)
    if flatten is not None and order.role is Role.CLOSE and event.client_id not in flatten.orders:
        flatten.orders.append(event.client_id)


def _order_answered(state: EngineState, event: ev.OrderAnswered) -> None:
    order = state.order(event.client_id)
    assert order is not None, "invariant: only a planned order is answered"
    order.code, order.message, order.local = event.code, event.message, event.local
    order.timestamp_ms = max(order.timestamp_ms, event.sent_ms)
    request = machine.Request.PLACE_UNKNOWN if event.outcome is Outcome.UNKNOWN else machine.Request.PLACE_SETTLED
    order.pending = machine.advance_pending(order.pending, request)
    if event.outcome not in (Outcome.REJECTED, Outcome.THROTTLED) or event.code in (-4116, -4130):
        return
    # Refused and throttled alike: the venue proved that this request did nothing. Evidence of an order under the
    # same id, from an earlier send, outweighs that.
    if isinstance(order, OrderState) and machine.Signal.REFUSED in machine.ORDER_TABLE[order.status]:
        order.status = machine.advance(order.status, machine.Signal.REFUSED)
    elif isinstance(order, AlgoState) and machine.AlgoSignal.REFUSED in machine.ALGO_TABLE[order.status]:
        order.status = machine.advance_algo(order.status, machine.AlgoSignal.REFUSED)
    if order.role is Role.ENTRY and event.outcome is Outcome.REJECTED and not event.local:
        state.rejects.setdefault(order.spec.symbol, []).append(event.at_ms)


def _cancel_planned(state: EngineState, event: ev.CancelPlanned) -> None:
    order = state.order(event.client_id)
    assert order is not None, "invariant: only an order of ours is cancelled"
    order.cancel_asked = True
    order.pending = machine.advance_pending(order.pending, machine.Request.CANCEL)


def _cancel_answered(state: EngineState, event: ev.CancelAnswered) -> None:
    order = state.order(event.client_id)
    assert order is not None, "invariant: only an order of ours is cancelled"
    unknown = event.outcome in (Outcome.UNKNOWN, Outcome.THROTTLED)
    request = machine.Request.CANCEL_UNKNOWN if unknown else machine.Request.CANCEL_SETTLED
    order.pending = machine.advance_pending(order.pending, request)


def _order_updated(state: EngineState, event: ev.OrderUpdated) -> None:
    report = event.report
    signal = machine.SIGNAL_OF_STATUS[report.status]
    order = state.plain.get(report.client_id)
    if order is None:
        algo = state.algos[report.client_id]
        child = algo.child_status or OrderStatus.SENT
        algo.child_status = machine.advance(child, signal) if signal in machine.ORDER_TABLE[child] else child
        algo.child_id = report.order_id
        algo.executed = max(algo.executed, report.executed)
        if algo.status in (AlgoStatus.PLANNED, AlgoStatus.SENT, AlgoStatus.ARMED):
            algo.status = machine.advance_algo(algo.status, machine.AlgoSignal.TRIGGERING)
            algo.triggering_ms = event.at_ms
        algo.pending = machine.advance_pending(algo.pending, machine.Request.EVIDENCE)
    else:
        if signal in machine.ORDER_TABLE[order.status]:
            order.status = machine.advance(order.status, signal)
        order.order_id = report.order_id
        order.executed = max(order.executed, report.executed)
        order.pending = machine.advance_pending(order.pending, machine.Request.EVIDENCE)
        if order.status.terminal:
            order.pending = Pending.NONE
    state.by_order_id[order_key(report.symbol, report.order_id)] = report.client_id


def _algo_updated(state: EngineState, event: ev.AlgoUpdated) -> None:
    report = event.report
    algo = state.algos[report.client_id]
    algo.status = machine.advance_algo(algo.status, machine.SIGNAL_OF_ALGO[report.status])
    algo.algo_id = report.algo_id
    algo.reason = report.reason or algo.reason
    algo.pending = machine.advance_pending(algo.pending, machine.Request.EVIDENCE)
    if algo.status is AlgoStatus.ARMED and algo.armed_ms is None:
        algo.armed_ms = event.at_ms
    if algo.status is AlgoStatus.TRIGGERING and algo.triggering_ms is None:
        algo.triggering_ms = event.at_ms
    if algo.status.terminal:
        algo.pending = Pending.NONE
    if report.order_id is not None:
        algo.child_id = report.order_id
        state.by_order_id[order_key(report.symbol, report.order_id)] = report.client_id


def _fill_booked(state: EngineState, event: ev.FillBooked) -> None:
    fill = event.fill
    key = fill_key(*fill.key)
    assert key not in state.fills, "invariant: a fill is booked once"
    complete = fill.fee is not None
    state.fills[key] = FillState(
        client_id=event.client_id,
        trade_id=event.trade_id,
        complete=complete,
        price=fill.price,
        quantity=fill.quantity,
        side=fill.side,
    )
    signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
    state.positions[fill.symbol] = state.positions.get(fill.symbol, ZERO) + signed
    order = state.order(event.client_id) if event.client_id else None
    if order is not None:
        order.filled += fill.quantity
        order.filled_value += fill.quantity * fill.price
        order.executed = max(order.executed, order.filled)
        if isinstance(order, AlgoState):
            order.child_id = fill.order_id
        elif order.order_id is None:
            order.order_id = fill.order_id
        state.by_order_id[order_key(fill.symbol, fill.order_id)] = event.client_id
    trade = state.trades.get(event.trade_id)
    if trade is not None:
        _book_on_trade(trade, fill, event.at_ms)
        trade.incomplete_fills += not complete
    if complete:
        _book_money(state, trade, fill.venue_ms or event.at_ms, fill)


def _book_on_trade(trade: TradeState, fill: Fill, at_ms: int) -> None:
    trade.fills += 1
    value = fill.quantity * fill.price
    if fill.side is trade.direction.entry_side:
        trade.entry_filled += fill.quantity
        trade.entry_value += value
        if trade.evidence_ms is None:
            trade.evidence_ms = at_ms
    else:
        trade.exit_filled += fill.quantity
        trade.exit_value += value


def _book_money(state: EngineState, trade: TradeState | None, when_ms: int, fill: Fill) -> None:
    assert fill.fee is not None, "invariant: only a complete fill moves money"
    asset = trade.plan.margin_asset if trade is not None else fill.fee_asset
    if trade is not None:
        add(trade.gross, asset, fill.realized)
        add(trade.fees, fill.fee_asset, fill.fee)
    _remember_money(state, when_ms, asset, fill.realized)
    _remember_money(state, when_ms, fill.fee_asset, -fill.fee)


def _remember_money(state: EngineState, when_ms: int, asset: str, amount: Decimal) -> None:
    if amount:
        state.money.append((when_ms, asset, amount))
        while state.money and state.money[0][0] < when_ms - 2 * DAY_MS:
            state.money.pop(0)


def _fill_completed(state: EngineState, event: ev.FillCompleted) -> None:
    record = state.fills[fill_key(event.symbol, event.order_id, event.trade_id)]
    if record.complete:
        return
    record.complete = True
    trade = state.trades.get(record.trade_id)
    asset = trade.plan.margin_asset if trade is not None else event.fee_asset
    if trade is not None:
        trade.incomplete_fills -= 1
        add(trade.gross, asset, event.realized)
        add(trade.fees, event.fee_asset, event.fee)
    _remember_money(state, event.at_ms, asset, event.realized)
    _remember_money(state, event.at_ms, event.fee_asset, -event.fee)


def _unknown_opened(state: EngineState, event: ev.UnknownOpened) -> None:
    order = state.order(event.client_id)
    assert order is not None, "invariant: only an order of ours is unknown"
    order.unknown_since_ms = event.at_ms
    order.pending = Pending.PLACE_UNKNOWN
    order.absences = {}


def _absence_noted(state: EngineState, event: ev.AbsenceNoted) -> None:
    order = state.order(event.client_id)
    assert order is not None, "invariant: only an order of ours is absent"
    order.absences.setdefault(event.endpoint, []).append(event.asked_ms)


def _unknown_resolved(state: EngineState, event: ev.UnknownResolved) -> None:
    order = state.order(event.client_id)
    assert order is not None, "invariant: only an order of ours is resolved"
    order.pending = Pending.NONE
    order.unknown_since_ms = None
    order.absences = {}
    if event.resolution != "never_placed":
        return
    if isinstance(order, OrderState):
        order.status = machine.advance(order.status, machine.Signal.ABSENT)
        order.shown_absent = True
    else:
        order.status = machine.advance_algo(order.status, machine.AlgoSignal.ABSENT)


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
    _open_trade(state, event.plan, event.at_ms, intent=False)
    trade = state.trades[event.plan.trade_id]
    trade.entry_dead = True
    trade.evidence_ms = event.at_ms
    late = state.plain.get(event.order)
    if late is None:
        trade.base = event.plan.quantity
    else:
        late.trade_id = event.plan.trade_id
        trade.orders.append(event.order)
    state.episodes[event.plan.symbol] = state.episodes.get(event.plan.symbol, 0) + 1


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


def _position_seen(state: EngineState, event: ev.PositionSeen) -> None:
    state.positions[event.symbol] = event.amount


def _foreign_seen(state: EngineState, event: ev.ForeignSeen) -> None:
    if event.amount:
        state.foreign[event.symbol] = event.amount
    else:
        state.foreign.pop(event.symbol, None)


def _stop_lost(state: EngineState, event: ev.StopLost) -> None:
    state.cover_losses.setdefault(event.symbol, []).append(event.at_ms)


def _symbol_halted(state: EngineState, event: ev.SymbolHalted) -> None:
    state.halted_symbols[event.symbol] = event.reason


def _income_booked(state: EngineState, event: ev.IncomeBooked) -> None:
    row = event.row
    state.incomes[":".join(map(str, row.key))] = True
    trade = state.trades.get(event.trade_id)
    if trade is not None and "FUNDING" in row.type:
        add(trade.funding, row.asset, row.amount)
    if "FUNDING" in row.type:
        _remember_money(state, row.venue_ms or event.at_ms, row.asset, row.amount)


def _balance_seen(state: EngineState, event: ev.BalanceSeen) -> None:
    for balance in event.balances:
        state.balances[balance.asset] = balance


def _day_started(state: EngineState, event: ev.DayStarted) -> None:
    state.day, state.day_equity = event.day, event.equity
    horizon = event.at_ms - 2 * DAY_MS
    for trade_id in [t for t, trade in state.trades.items() if trade.closed_ms and trade.closed_ms < horizon]:
        _forget_trade(state, trade_id)


def _forget_trade(state: EngineState, trade_id: str) -> None:
    # The intent itself is remembered for ever; its orders and fills are past every window in which the venue, or a
    # late entry (24 h), could still speak of them.
    trade = state.trades.pop(trade_id)
    for client_id in trade.orders:
        state.plain.pop(client_id, None)
        state.algos.pop(client_id, None)
    for key in [key for key, fill in state.fills.items() if fill.trade_id == trade_id]:
        del state.fills[key]
    for key in [key for key, client_id in state.by_order_id.items() if client_id in trade.orders]:
        del state.by_order_id[key]


def _loss_latched(state: EngineState, event: ev.DailyLossLatched) -> None:
    state.loss_latched = f"{event.window}: lost {event.loss} of at most {event.limit}"


def _state_commanded(state: EngineState, event: ev.StateCommanded) -> None:
    state.commanded, state.commanded_by, state.commanded_reason = event.state, event.by, event.reason
    state.resume_token = ""
    if event.state.rank == 2:
        state.loss_latched = ""


def _resume_prepared(state: EngineState, event: ev.ResumePrepared) -> None:
    state.resume_token, state.resume_expires_ms = event.token, event.expires_ms


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


def add(ledger: dict[str, Decimal], asset: str, amount: Decimal) -> None:
    """Add an amount to a per-asset ledger."""
    ledger[asset] = ledger.get(asset, ZERO) + amount


_HANDLERS: Final[dict[type, Callable[[EngineState, Any], None]]] = {
    ev.EngineStarted: _nothing,
    ev.IntentAccepted: _intent_accepted,
    ev.IntentDenied: _intent_denied,
    ev.OrderPlanned: _order_planned,
    ev.OrderSendDue: _order_send_due,
    ev.OrderAnswered: _order_answered,
    ev.CancelPlanned: _cancel_planned,
    ev.CancelAnswered: _cancel_answered,
    ev.OrderUpdated: _order_updated,
    ev.AlgoUpdated: _algo_updated,
    ev.FillBooked: _fill_booked,
    ev.FillCompleted: _fill_completed,
    ev.UnknownOpened: _unknown_opened,
    ev.AbsenceNoted: _absence_noted,
    ev.UnknownResolved: _unknown_resolved,
    ev.PhaseChanged: _phase_changed,
    ev.TradeAdopted: _trade_adopted,
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
    ev.IncomeBooked: _income_booked,
    ev.BalanceSeen: _balance_seen,
    ev.DayStarted: _day_started,
    ev.DailyLossLatched: _loss_latched,
    ev.StateCommanded: _state_commanded,
    ev.ResumePrepared: _resume_prepared,
    ev.EffectiveChanged: _effective_changed,
    ev.Reconciled: _nothing,
    ev.LateEntryFound: _nothing,
    ev.AlarmRaised: _alarm_raised,
    ev.AlarmCleared: _alarm_cleared,
    ev.ResultPublished: _result_published,
    ev.TradeClosed: _trade_closed,
    ev.ResultCorrected: _nothing,
}
