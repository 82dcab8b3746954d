"""The read model's fold over intents, trades, fills and money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from holdfast.model import events as ev
from holdfast.model.instrument import margin_asset_of
from holdfast.model.num import ZERO, divide
from holdfast.model.orders import OrderStatus, Side
from holdfast.model.plans import TradePlan
from holdfast.model.reasons import DENY_SENTENCES, DenyCode, TradePhase
from holdfast.service.ledger import add, add_all
from holdfast.service.outbox import Published
from holdfast.service.read_state import ReadState
from holdfast.service.views import FillView, IntentView, Money, Movement, TradeView


def _intent_accepted(state: ReadState, event: ev.IntentAccepted, record: Published) -> None:
    intent = event.intent
    state.counts.intents += 1
    state.counts.accepted += 1
    state.intents[intent.id] = IntentView(
        intent_id=intent.id,
        source=intent.source,
        symbol=intent.symbol,
        action=intent.action,
        status="accepted",
        received_ms=event.at_ms,
        seq=record.seq,
        hash=record.hash,
        side=intent.side or "",
        facts=event.facts,
    )
    if event.plan is not None:
        state.intents[intent.id].trade_id = event.plan.trade_id
        _open(state, event.plan, event.at_ms, adopted="")
    state.trim()


def _open(state: ReadState, plan: TradePlan, at_ms: int, *, adopted: str) -> TradeView:
    trade = state.trades[plan.trade_id] = TradeView(
        trade_id=plan.trade_id,
        intent_id=plan.intent_id,
        source=plan.source,
        symbol=plan.symbol,
        direction=plan.direction.value,
        phase=TradePhase.ACCEPTED.value,
        quantity=plan.quantity,
        cap_price=plan.cap_price,
        stop_price=plan.stop_price,
        targets=plan.targets,
        leverage=plan.leverage,
        arrival_mid=plan.arrival_mid,
        margin_asset=plan.margin_asset,
        opened_ms=at_ms,
        adopted=adopted,
    )
    state.live[plan.symbol] = plan.trade_id
    return trade


def _intent_denied(state: ReadState, event: ev.IntentDenied, record: Published) -> None:
    counts = state.counts
    counts.intents += 1
    counts.denied += 1
    counts.denials[event.code.value] = counts.denials.get(event.code.value, 0) + 1
    if event.code is DenyCode.OTHER_CONTENT and event.intent_id in state.intents:
        return  # The first intent under this id keeps its record.
    state.intents[event.intent_id] = IntentView(
        intent_id=event.intent_id,
        source=event.source,
        symbol=event.symbol,
        action=event.action,
        status="denied",
        received_ms=event.at_ms,
        seq=record.seq,
        hash=record.hash,
        code=event.code.value,
        reason=DENY_SENTENCES[event.code],
        facts=event.facts,
        counterfactual=event.counterfactual,
    )
    state.trim()


def _trade_adopted(state: ReadState, event: ev.TradeAdopted, _: Published) -> None:
    trade = _open(state, event.plan, event.at_ms, adopted=event.cause)
    trade.evidence_ms = event.at_ms
    order = state.orders.get(event.order)
    if order is not None:
        order.trade_id = trade.trade_id
        trade.orders.append(order.client_id)
    else:
        # The position was there before any fill we booked; its value is not known from fills.
        trade.entry_filled = event.plan.quantity


def _phase_changed(state: ReadState, event: ev.PhaseChanged, _: Published) -> None:
    trade = state.trades.get(event.trade_id)
    if trade is None:
        return
    trade.phase, trade.phase_reason = event.phase.value, event.reason
    if event.phase is TradePhase.PROTECTING and trade.evidence_ms is None:
        trade.evidence_ms = event.at_ms
    if event.phase is TradePhase.OPEN and trade.covered_ms is None:
        trade.covered_ms = event.at_ms
        trade.naked_ms = event.at_ms - (trade.evidence_ms or event.at_ms)


def _fill_booked(state: ReadState, event: ev.FillBooked, _: Published) -> None:
    fill = event.fill
    state.counts.fills += 1
    signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
    state.positions[fill.symbol] = state.positions.get(fill.symbol, ZERO) + signed
    order = state.orders.get(event.client_id)
    if order is not None:
        order.filled += fill.quantity
        order.executed = max(order.executed, order.filled)
        if not order.algo and not OrderStatus(order.status).terminal:
            # The venue tells of some orders by their executions alone.
            whole = order.quantity is not None and order.filled >= order.quantity
            order.status = (OrderStatus.FILLED if whole else OrderStatus.PARTLY_FILLED).value
    trade = state.trades.get(event.trade_id)
    if trade is not None:
        trade.fills.append(_fill_view(event))
        if trade.evidence_ms is None:
            trade.evidence_ms = event.at_ms
        _count_quantity(trade, event)
    gross: Money = {}
    fees: Money = {}
    if fill.fee is not None:
        gross = {_asset(trade, fill.symbol): fill.realized}
        fees = {fill.fee_asset: fill.fee}
    _book(state, trade, fill.venue_ms or event.at_ms, gross, fees, counts=True)


def _fill_view(event: ev.FillBooked) -> FillView:
    fill = event.fill
    return FillView(
        symbol=fill.symbol,
        order_id=fill.order_id,
        venue_trade_id=fill.trade_id,
        client_id=event.client_id,
        role=event.role.value if event.role is not None else "",
        side=fill.side.value,
        price=fill.price,
        quantity=fill.quantity,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        realized=fill.realized,
        maker=fill.maker,
        cause=event.cause,
        at_ms=fill.venue_ms or event.at_ms,
    )


def _count_quantity(trade: TradeView, event: ev.FillBooked) -> None:
    fill = event.fill
    quantity = fill.quantity if event.taken is None else event.taken
    value = fill.price * quantity
    opens = (fill.side is Side.BUY) == (trade.direction == "long")
    if opens:
        trade.entry_filled += quantity
        trade.entry_value += value
        trade.entry_price = divide(trade.entry_value, trade.entry_filled) if not trade.adopted else None
    else:
        trade.exit_filled += quantity
        trade.exit_value += value
        trade.exit_price = divide(trade.exit_value, trade.exit_filled)


def _trade_netted(state: ReadState, event: ev.TradeNetted, _: Published) -> None:
    trade = state.trades.get(event.trade_id)
    if trade is not None:
        trade.netted += event.quantity


def _fill_completed(state: ReadState, event: ev.FillCompleted, _: Published) -> None:
    for trade in reversed(state.trades.values()):
        for fill in trade.fills:
            same = (fill.symbol, fill.order_id, fill.venue_trade_id) == (event.symbol, event.order_id, event.trade_id)
            if same and fill.fee is None:
                fill.fee, fill.fee_asset, fill.maker = event.fee, event.fee_asset, event.maker
                fill.realized = event.realized
                _complete(state, trade, fill.at_ms, event)
                return
    _complete(state, None, event.at_ms, event)


def _complete(state: ReadState, trade: TradeView | None, at_ms: int, event: ev.FillCompleted) -> None:
    gross = {_asset(trade, event.symbol): event.realized}
    _book(state, trade, at_ms, gross, {event.fee_asset: event.fee}, counts=False)


def _book(state: ReadState, trade: TradeView | None, at_ms: int, gross: Money, fees: Money, *, counts: bool) -> None:
    if trade is not None:
        add_all(trade.gross, gross)
        add_all(trade.fees, fees)
    source = trade.source if trade is not None else ""
    state.ledger.fill(at_ms=at_ms, source=source, gross=gross, fees=fees, counts=counts)


def _asset(trade: TradeView | None, symbol: str) -> str:
    return trade.margin_asset if trade is not None else margin_asset_of(symbol)


def _income_booked(state: ReadState, event: ev.IncomeBooked, _: Published) -> None:
    row = event.row
    trade = state.trades.get(event.trade_id)
    if trade is not None and "FUNDING" in row.type:
        add(trade.funding, row.asset, row.amount)
    movement = Movement(
        type=row.type,
        asset=row.asset,
        amount=row.amount,
        symbol=row.symbol,
        trade_id=event.trade_id,
        at_ms=row.venue_ms or event.at_ms,
    )
    source = trade.source if trade is not None else ""
    state.ledger.movement(movement, source, by_execution=row.by_execution)


def _position_seen(state: ReadState, event: ev.PositionSeen, _: Published) -> None:
    state.positions[event.symbol] = event.amount


def _foreign_seen(state: ReadState, event: ev.ForeignSeen, _: Published) -> None:
    if event.amount:
        state.foreign[event.symbol] = event.amount
    else:
        state.foreign.pop(event.symbol, None)


def _flatten_started(state: ReadState, event: ev.FlattenStarted, _: Published) -> None:
    state.flattens[event.symbol] = event.reason


def _flatten_ended(state: ReadState, event: ev.FlattenEnded, _: Published) -> None:
    state.flattens.pop(event.symbol, None)


def _quarantine_set(state: ReadState, event: ev.QuarantineSet, _: Published) -> None:
    state.quarantines[event.symbol] = event.until_ms


def _quarantine_lifted(state: ReadState, event: ev.QuarantineLifted, _: Published) -> None:
    state.quarantines.pop(event.symbol, None)
    if event.by != "time":
        state.halted_symbols.pop(event.symbol, None)


def _symbol_halted(state: ReadState, event: ev.SymbolHalted, _: Published) -> None:
    state.halted_symbols[event.symbol] = event.reason


def _stop_lost(state: ReadState, event: ev.StopLost, _: Published) -> None:
    state.counts.stops_lost += 1


def _late_entry(state: ReadState, event: ev.LateEntryFound, _: Published) -> None:
    state.counts.late_entries += 1


def _result_published(state: ReadState, event: ev.ResultPublished, record: Published) -> None:
    status = event.result.status.value
    state.published.append(record.seq)
    state.counts.results += 1
    state.counts.result_statuses[status] = state.counts.result_statuses.get(status, 0) + 1
    intent = state.intents.get(event.result.intent_id)
    if intent is not None:
        intent.status, intent.result, intent.result_seq = status, event.result, record.seq
        intent.trade_id = intent.trade_id or event.result.trade_id


def _trade_closed(state: ReadState, event: ev.TradeClosed, record: Published) -> None:
    state.published.append(record.seq)
    state.counts.trades_closed += 1
    trade = state.trades.get(event.result.trade_id)
    if trade is None:
        return
    trade.result, trade.closed_ms, trade.phase = event.result, event.at_ms, TradePhase.CLOSED.value
    if state.live.get(trade.symbol) == trade.trade_id:
        del state.live[trade.symbol]


def _result_corrected(state: ReadState, event: ev.ResultCorrected, record: Published) -> None:
    state.published.append(record.seq)
    state.counts.corrections += 1
    trade = state.trades.get(event.trade_id)
    if trade is not None:
        trade.corrections.append(event.reason)


HANDLERS: Final[dict[type, Callable[[ReadState, Any, Published], None]]] = {
    ev.IntentAccepted: _intent_accepted,
    ev.IntentDenied: _intent_denied,
    ev.TradeAdopted: _trade_adopted,
    ev.PhaseChanged: _phase_changed,
    ev.FillBooked: _fill_booked,
    ev.FillCompleted: _fill_completed,
    ev.TradeNetted: _trade_netted,
    ev.IncomeBooked: _income_booked,
    ev.PositionSeen: _position_seen,
    ev.ForeignSeen: _foreign_seen,
    ev.FlattenStarted: _flatten_started,
    ev.FlattenEnded: _flatten_ended,
    ev.QuarantineSet: _quarantine_set,
    ev.QuarantineLifted: _quarantine_lifted,
    ev.SymbolHalted: _symbol_halted,
    ev.StopLost: _stop_lost,
    ev.LateEntryFound: _late_entry,
    ev.ResultPublished: _result_published,
    ev.TradeClosed: _trade_closed,
    ev.ResultCorrected: _result_corrected,
}
