"""The read model's fold over orders: planned, sent, answered, reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from holdfast.model import events as ev
from holdfast.model.orders import AlgoSpec, OrderStatus
from holdfast.model.reasons import Outcome
from holdfast.model.reports import SOMETHING_EXISTS_CODES
from holdfast.service.outbox import Published
from holdfast.service.read_state import ReadState
from holdfast.service.views import OrderView


def _order_planned(state: ReadState, event: ev.OrderPlanned, _: Published) -> None:
    spec = event.spec
    order = OrderView(
        client_id=spec.client_id,
        role=spec.role.value,
        algo=isinstance(spec, AlgoSpec),
        symbol=spec.symbol,
        side=spec.side.value,
        type=spec.type.value,
        trade_id=event.trade_id,
        subject=event.subject,
        planned_ms=event.at_ms,
        quantity=spec.quantity,
        reduce_only=spec.reduce_only,
        updated_ms=event.at_ms,
    )
    if isinstance(spec, AlgoSpec):
        order.trigger_price, order.close_position = spec.trigger_price, spec.close_position
    else:
        order.price = spec.price
    state.orders[spec.client_id] = order
    if not event.preauthorised:
        _sent(order, event.timestamp_ms)
    trade = state.trades.get(event.trade_id)
    if trade is not None:
        trade.orders.append(spec.client_id)


def _sent(order: OrderView, timestamp_ms: int) -> None:
    if order.status in ("planned", "rejected", "never_placed"):
        order.status = "sent"
    order.sends += 1
    order.sent_ms = timestamp_ms


def _order_send_due(state: ReadState, event: ev.OrderSendDue, _: Published) -> None:
    order = state.orders.get(event.client_id)
    if order is not None:
        _sent(order, event.timestamp_ms)
        order.updated_ms = event.at_ms


def _order_answered(state: ReadState, event: ev.OrderAnswered, _: Published) -> None:
    order = state.orders.get(event.client_id)
    if order is None:
        return
    order.outcome, order.code, order.updated_ms = event.outcome.value, event.code, event.at_ms
    order.message = event.local or event.message
    refused = event.outcome in (Outcome.REJECTED, Outcome.THROTTLED) and event.code not in SOMETHING_EXISTS_CODES
    if refused and order.status == "sent":
        order.status = "rejected"


def _cancel_planned(state: ReadState, event: ev.CancelPlanned, _: Published) -> None:
    order = state.orders.get(event.client_id)
    if order is not None:
        order.cancel_reason, order.updated_ms = event.reason, event.at_ms


def _order_updated(state: ReadState, event: ev.OrderUpdated, _: Published) -> None:
    report = event.report
    order = state.orders.get(report.client_id)
    if order is None:
        return
    order.executed = max(order.executed, report.executed)
    order.updated_ms = event.at_ms
    order.unknown = False
    if report.average_price is not None:
        order.average_price = report.average_price
    if order.algo:
        order.child_id, order.child_status = report.order_id, report.status.value
    else:
        order.venue_id = report.order_id
        if report.status.terminal or not OrderStatus(order.status).terminal:
            # A report that comes after the execution that ended it is an older one.
            order.status = report.status.value


def _algo_updated(state: ReadState, event: ev.AlgoUpdated, _: Published) -> None:
    report = event.report
    order = state.orders.get(report.client_id)
    if order is None:
        return
    order.status, order.venue_id = report.status.value, report.algo_id
    order.updated_ms, order.unknown = event.at_ms, False
    if report.order_id is not None:
        order.child_id = report.order_id
    if report.reason:
        order.message = report.reason


def _unknown_opened(state: ReadState, event: ev.UnknownOpened, _: Published) -> None:
    state.counts.unknown_opened += 1
    order = state.orders.get(event.client_id)
    if order is not None:
        order.unknown, order.updated_ms = True, event.at_ms


def _unknown_resolved(state: ReadState, event: ev.UnknownResolved, _: Published) -> None:
    state.counts.unknown_resolved += 1
    order = state.orders.get(event.client_id)
    if order is not None:
        order.unknown, order.updated_ms = False, event.at_ms
        if event.resolution == "never_placed":
            order.status = "never_placed"
        elif event.resolution == "forgotten":
            order.status = "cancelled"


HANDLERS: Final[dict[type, Callable[[ReadState, Any, Published], None]]] = {
    ev.OrderPlanned: _order_planned,
    ev.OrderSendDue: _order_send_due,
    ev.OrderAnswered: _order_answered,
    ev.CancelPlanned: _cancel_planned,
    ev.OrderUpdated: _order_updated,
    ev.AlgoUpdated: _algo_updated,
    ev.UnknownOpened: _unknown_opened,
    ev.UnknownResolved: _unknown_resolved,
}
