"""The part of the fold that concerns orders: planned, sent, answered, reported, unknown (see core/evolve.py)."""

from __future__ import annotations

from typing import Any

import msgspec

from holdfast.core import order_machine as machine
from holdfast.core.state import PLACING, AlgoState, EngineState, OrderState, order_key
from holdfast.model import events as ev
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoStatus, OrderSpec, OrderStatus, Pending
from holdfast.model.reasons import Outcome
from holdfast.model.reports import SOMETHING_EXISTS_CODES, OrderReport


def order_planned(state: EngineState, event: ev.OrderPlanned) -> None:
    """The command record of an order; unless pre-authorised for later, it counts as sent from here on."""
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


def order_send_due(state: EngineState, event: ev.OrderSendDue) -> None:
    """A planned order is handed to the gateway, or a stop is sent again under its own id."""
    order = state.order(event.client_id)
    assert order is not None, "invariant: only a planned order is sent"
    if event.quantity is not None and isinstance(order, OrderState):
        order.spec = msgspec.structs.replace(order.spec, quantity=event.quantity)
    _mark_sent(order, event.timestamp_ms)
    flatten = state.flattens.get(order.spec.symbol)
    if flatten is not None and order.role is Role.CLOSE and event.client_id not in flatten.orders:
        flatten.orders.append(event.client_id)


def order_answered(state: EngineState, event: ev.OrderAnswered) -> None:
    """How a placing request ended."""
    order = state.order(event.client_id)
    assert order is not None, "invariant: only a planned order is answered"
    order.code, order.message, order.local = event.code, event.message, event.local
    order.timestamp_ms = max(order.timestamp_ms, event.sent_ms)
    request = machine.Request.PLACE_UNKNOWN if event.outcome is Outcome.UNKNOWN else machine.Request.PLACE_SETTLED
    order.pending = machine.advance_pending(order.pending, request)
    if event.outcome not in (Outcome.REJECTED, Outcome.THROTTLED) or event.code in SOMETHING_EXISTS_CODES:
        return
    if order.unknown_since_ms is not None:
        # Only this repeat is proved refused; whether an earlier send arrived is still to be found out.
        order.pending = Pending.PLACE_UNKNOWN
        return
    # Refused and throttled alike: the venue proved that this request did nothing. Evidence of an order under the
    # same id, from an earlier send, outweighs that.
    if isinstance(order, OrderState) and machine.Signal.REFUSED in machine.ORDER_TABLE[order.status]:
        order.status = machine.advance(order.status, machine.Signal.REFUSED)
    elif isinstance(order, AlgoState) and machine.AlgoSignal.REFUSED in machine.ALGO_TABLE[order.status]:
        order.status = machine.advance_algo(order.status, machine.AlgoSignal.REFUSED)
    if order.role is Role.ENTRY and event.outcome is Outcome.REJECTED and not event.local:
        state.rejects.setdefault(order.spec.symbol, []).append(event.at_ms)


def cancel_planned(state: EngineState, event: ev.CancelPlanned) -> None:
    """A cancel is on its way."""
    order = state.order(event.client_id)
    assert order is not None, "invariant: only an order of ours is cancelled"
    order.cancel_asked = True
    order.pending = machine.advance_pending(order.pending, machine.Request.CANCEL)


def cancel_answered(state: EngineState, event: ev.CancelAnswered) -> None:
    """How a cancel ended; throttled says nothing about the order, like unknown."""
    order = state.order(event.client_id)
    assert order is not None, "invariant: only an order of ours is cancelled"
    unknown = event.outcome in (Outcome.UNKNOWN, Outcome.THROTTLED)
    request = machine.Request.CANCEL_UNKNOWN if unknown else machine.Request.CANCEL_SETTLED
    order.pending = machine.advance_pending(order.pending, request)


def order_updated(state: EngineState, event: ev.OrderUpdated) -> None:
    """New evidence about a plain order, or about the child of an algo order."""
    report = event.report
    signal = machine.SIGNAL_OF_STATUS[report.status]
    order = state.plain.get(report.client_id)
    if order is None:
        _child_updated(state.algos[report.client_id], report, event.at_ms)
    elif order.order_id in (None, report.order_id):
        if signal in machine.ORDER_TABLE[order.status]:
            order.status = machine.advance(order.status, signal)
        order.order_id = report.order_id
        order.executed = max(order.executed, report.executed)
        order.pending = machine.advance_pending(order.pending, machine.Request.EVIDENCE)
        if order.status.terminal:
            order.pending = Pending.NONE
    state.by_order_id[order_key(report.symbol, report.order_id)] = report.client_id


def _child_updated(algo: AlgoState, report: OrderReport, at_ms: int) -> None:
    algo.executed = max(algo.executed, report.executed)
    if report.venue_ms and report.venue_ms < algo.life_ms:
        return  # The child of an earlier life says nothing about the one that is armed now.
    signal = machine.SIGNAL_OF_STATUS[report.status]
    child = algo.child_status or OrderStatus.SENT
    algo.child_status = machine.advance(child, signal) if signal in machine.ORDER_TABLE[child] else child
    algo.child_id = report.order_id
    if algo.status in (AlgoStatus.PLANNED, AlgoStatus.SENT, AlgoStatus.ARMED):
        algo.status = machine.advance_algo(algo.status, machine.AlgoSignal.TRIGGERING)
        algo.triggering_ms = at_ms
    if algo.algo_id is None:  # Else it is the child of the one that was known, not of a repeat on its way.
        algo.pending = machine.advance_pending(algo.pending, machine.Request.EVIDENCE)


def algo_updated(state: EngineState, event: ev.AlgoUpdated) -> None:
    """New evidence about an algo order."""
    report = event.report
    algo = state.algos[report.client_id]
    repeat_in_flight = algo.algo_id == report.algo_id and algo.pending in PLACING
    if algo.algo_id is not None and report.algo_id > algo.algo_id:
        _begin_new_life(algo)
    if report.algo_id != algo.algo_id and report.status is AlgoStatus.ARMED:
        algo.life_ms = report.venue_ms  # Which of several sends was accepted, its own time tells.
    algo.status = machine.advance_algo(algo.status, machine.SIGNAL_OF_ALGO[report.status])
    algo.algo_id = report.algo_id
    algo.reason = report.reason or algo.reason
    if algo.status.terminal and repeat_in_flight:
        # The one that was known has ended; what was sent again meanwhile may yet be accepted.
        algo.status = machine.ALGO_TABLE[algo.status].get(machine.AlgoSignal.SEND, algo.status)
    else:
        algo.pending = machine.advance_pending(algo.pending, machine.Request.EVIDENCE)
    if algo.status is AlgoStatus.ARMED and algo.armed_ms is None:
        algo.armed_ms = event.at_ms
    if algo.status in (AlgoStatus.TRIGGERING, AlgoStatus.TRIGGERED, AlgoStatus.FINISHED) and algo.triggering_ms is None:
        # Its two seconds began at the venue, perhaps while no process lived, not when we heard of it.
        begun = report.venue_ms if algo.status is AlgoStatus.TRIGGERING else 0
        algo.triggering_ms = min(begun or event.at_ms, event.at_ms)
    if algo.status.terminal and not repeat_in_flight:
        algo.pending = Pending.NONE
    if report.order_id is not None:
        algo.child_id = report.order_id
        state.by_order_id[order_key(report.symbol, report.order_id)] = report.client_id


def _begin_new_life(algo: AlgoState) -> None:
    """Placed again under the same client id and accepted: whatever the first one came to, this one begins anew."""
    algo.status = AlgoStatus.SENT
    algo.life_ms = algo.timestamp_ms
    algo.cancel_asked = False
    algo.armed_ms = algo.triggering_ms = None
    algo.child_id = algo.child_status = None


def unknown_opened(state: EngineState, event: ev.UnknownOpened) -> None:
    """Nobody knows whether the request did anything."""
    order = state.order(event.client_id)
    assert order is not None, "invariant: only an order of ours is unknown"
    if order.unknown_since_ms is None:
        order.unknown_since_ms = event.at_ms  # A repeat whose answer is lost as well is no new question.
    order.pending = Pending.PLACE_UNKNOWN
    order.absences = {}


def absence_noted(state: EngineState, event: ev.AbsenceNoted) -> None:
    """One endpoint did not show the order."""
    order = state.order(event.client_id)
    assert order is not None, "invariant: only an order of ours is absent"
    order.absences.setdefault(event.endpoint, []).append(event.asked_ms)


def unknown_resolved(state: EngineState, event: ev.UnknownResolved) -> None:
    """The unknown outcome ended: with evidence, or with the whole proof of absence."""
    order = state.order(event.client_id)
    assert order is not None, "invariant: only an order of ours is resolved"
    order.pending = Pending.NONE
    order.unknown_since_ms = None
    order.absences = {}
    if event.resolution == "forgotten" and isinstance(order, OrderState):
        order.status = machine.advance(order.status, machine.Signal.CANCELLED)
    if event.resolution != "never_placed":
        return
    # A stop that was sent again may have shown itself in an earlier life: what the venue told of it stands.
    if isinstance(order, OrderState) and machine.Signal.ABSENT in machine.ORDER_TABLE[order.status]:
        order.status = machine.advance(order.status, machine.Signal.ABSENT)
        order.shown_absent = True
    elif isinstance(order, AlgoState) and machine.AlgoSignal.ABSENT in machine.ALGO_TABLE[order.status]:
        order.status = machine.advance_algo(order.status, machine.AlgoSignal.ABSENT)
