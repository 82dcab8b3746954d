"""The part of the fold that concerns money: fills, fees, profit and funding (see core/evolve.py)."""

from __future__ import annotations

from decimal import Decimal

from holdfast.core import order_machine as machine
from holdfast.core.state import AlgoState, EngineState, FillState, OrderState, TradeState, fill_key, order_key
from holdfast.model import events as ev
from holdfast.model.instrument import margin_asset_of
from holdfast.model.num import ZERO
from holdfast.model.orders import Pending, Side
from holdfast.model.reports import Fill

DAY_MS = 86_400_000


def fill_booked(state: EngineState, event: ev.FillBooked) -> None:
    """One execution, once."""
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
        venue_ms=fill.venue_ms or event.at_ms,
    )
    if not complete:
        state.incomplete[key] = fill.venue_ms or event.at_ms
    signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
    state.positions[fill.symbol] = state.positions.get(fill.symbol, ZERO) + signed
    order = state.order(event.client_id) if event.client_id else None
    namesake = isinstance(order, OrderState) and order.order_id not in (None, fill.order_id)
    if order is not None and not namesake:
        order.filled += fill.quantity
        order.filled_value += fill.quantity * fill.price
        order.executed = max(order.executed, order.filled)
        if isinstance(order, AlgoState):
            order.child_id = fill.order_id if fill.venue_ms >= order.life_ms else order.child_id
        else:
            _told_by_fill(order, fill)
        state.by_order_id[order_key(fill.symbol, fill.order_id)] = event.client_id
    trade = state.trades.get(event.trade_id)
    if trade is not None:
        _book_on_trade(trade, fill, fill.quantity if event.taken is None else event.taken, event.at_ms)
        trade.incomplete_fills += not complete
    if complete:
        _book_money(state, trade, fill.venue_ms or event.at_ms, fill)


def _told_by_fill(order: OrderState, fill: Fill) -> None:
    # An execution is evidence like any report: the state may not wait for one that never comes.
    order.order_id = fill.order_id if order.order_id is None else order.order_id
    signal = machine.Signal.FILLED if order.filled >= order.spec.quantity else machine.Signal.PARTIAL
    order.status = machine.advance(order.status, signal)
    order.pending = machine.advance_pending(order.pending, machine.Request.EVIDENCE)
    if order.status.terminal:
        order.pending = Pending.NONE


def _book_on_trade(trade: TradeState, fill: Fill, quantity: Decimal, at_ms: int) -> None:
    trade.fills += 1
    trade.beyond += fill.quantity - quantity
    value = quantity * fill.price
    venue_ms = fill.venue_ms or at_ms
    if fill.side is trade.direction.entry_side:
        trade.first_fill = min(fill.trade_id, trade.first_fill or fill.trade_id)
        trade.first_entry_ms = min(venue_ms, trade.first_entry_ms or venue_ms)
        trade.entry_filled += quantity
        trade.entry_value += value
        if trade.evidence_ms is None:
            trade.evidence_ms = at_ms
    else:
        trade.last_exit_ms = max(venue_ms, trade.last_exit_ms)
        trade.exit_filled += quantity
        trade.exit_value += value


def _book_money(state: EngineState, trade: TradeState | None, when_ms: int, fill: Fill) -> None:
    assert fill.fee is not None, "invariant: only a complete fill moves money"
    asset = _margin_asset(trade, fill.symbol, fill.fee_asset)
    if trade is not None:
        add(trade.gross, asset, fill.realized)
        add(trade.fees, fill.fee_asset, fill.fee)
    remember_money(state, when_ms, asset, fill.realized)
    remember_money(state, when_ms, fill.fee_asset, -fill.fee)


def _margin_asset(trade: TradeState | None, symbol: str, fee_asset: str) -> str:
    """Where a profit belongs. A stranger's fee may be paid in BNB; its loss is none in BNB for that."""
    return trade.plan.margin_asset if trade is not None else margin_asset_of(symbol) or fee_asset


def remember_money(state: EngineState, when_ms: int, asset: str, amount: Decimal) -> None:
    """Keep what the daily loss is measured from."""
    if amount:
        state.money.append((when_ms, asset, amount))
        while state.money and state.money[0][0] < when_ms - 2 * DAY_MS:
            state.money.pop(0)


def fill_completed(state: EngineState, event: ev.FillCompleted) -> None:
    """Fee and profit of an execution that was first known without them."""
    key = fill_key(event.symbol, event.order_id, event.trade_id)
    record = state.fills[key]
    if record.complete:
        return
    record.complete = True
    del state.incomplete[key]
    trade = state.trades.get(record.trade_id)
    asset = _margin_asset(trade, event.symbol, event.fee_asset)
    if trade is not None:
        trade.incomplete_fills -= 1
        add(trade.gross, asset, event.realized)
        add(trade.fees, event.fee_asset, event.fee)
    # The money moved when the execution took place, whenever it was told of: perhaps on the day before.
    remember_money(state, record.venue_ms, asset, event.realized)
    remember_money(state, record.venue_ms, event.fee_asset, -event.fee)


def income_booked(state: EngineState, event: ev.IncomeBooked) -> None:
    """One income row; funding belongs to its trade and counts in the daily loss."""
    row = event.row
    state.incomes[":".join(map(str, row.key))] = row.venue_ms or event.at_ms
    trade = state.trades.get(event.trade_id)
    if trade is not None and "FUNDING" in row.type:
        add(trade.funding, row.asset, row.amount)
    if "FUNDING" in row.type:
        remember_money(state, row.venue_ms or event.at_ms, row.asset, row.amount)


def add(ledger: dict[str, Decimal], asset: str, amount: Decimal) -> None:
    """Add an amount to a per-asset ledger."""
    ledger[asset] = ledger.get(asset, ZERO) + amount
