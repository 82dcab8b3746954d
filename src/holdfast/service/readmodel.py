"""The read model: what happened, folded for readers. It never touches the engine's state and decides nothing.

It follows the journal: only durable events arrive here, and a journal read from its first record gives the same model.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import Any, Final

import msgspec

from holdfast.model import events as ev
from holdfast.model.events import decode
from holdfast.ports import Journal
from holdfast.service import fold_orders, fold_trades
from holdfast.service.outbox import Published
from holdfast.service.read_state import ReadState
from holdfast.service.views import (
    AlarmView,
    IntentView,
    LedgerView,
    OrderView,
    PositionView,
    ResultRow,
    StateView,
    TradeDetail,
    TradeView,
)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(ReadState)

TERMINAL_ORDERS: Final = ("filled", "cancelled", "expired", "rejected", "never_placed", "finished")


class ReadModel:
    """Folds events; answers reads. Answers are live objects: encode them before the next event, do not keep them."""

    def __init__(self) -> None:
        self._state = ReadState()

    @property
    def seq(self) -> int:
        """The last record it has folded."""
        return self._state.seq

    @property
    def hash(self) -> str:
        """The hash of that record."""
        return self._state.hash

    def fold(self, record: Published) -> None:
        """Take one durable event; they come in order, each once."""
        assert record.seq == self._state.seq + 1, "invariant: the read model misses no record"
        self._state.seq, self._state.hash = record.seq, record.hash
        self._state.last_event_ms = record.event.at_ms
        handler = _HANDLERS.get(type(record.event))
        if handler is not None:
            handler(self._state, record.event, record)

    def dump(self) -> bytes:
        """All of it, for a snapshot."""
        return _encoder.encode(self._state)

    def load(self, data: bytes) -> None:
        """The inverse of `dump`. Raises `msgspec.DecodeError` for bytes of another version."""
        self._state = _decoder.decode(data)

    def intent(self, intent_id: str) -> IntentView | None:
        """An intent with its verdict and result."""
        return self._state.intents.get(intent_id)

    def trades(self, *, live_only: bool = False, limit: int = 100) -> list[TradeView]:
        """Trades, newest first."""
        found = [trade for trade in reversed(self._state.trades.values()) if trade.live or not live_only]
        return found[:limit]

    def trade(self, trade_id: str) -> TradeDetail | None:
        """One trade with its orders."""
        trade = self._state.trades.get(trade_id)
        if trade is None:
            return None
        orders = (self._state.orders.get(client_id) for client_id in trade.orders)
        return TradeDetail(trade=trade, orders=tuple(order for order in orders if order is not None))

    def order(self, client_id: str) -> OrderView | None:
        """One order by its client id."""
        return self._state.orders.get(client_id)

    def orders(self) -> list[OrderView]:
        """Orders that may still do something at the venue."""
        return [order for order in self._state.orders.values() if is_live(order)]

    def positions(self) -> list[PositionView]:
        """What is held, and what covers it."""
        symbols = [symbol for symbol, amount in self._state.positions.items() if amount]
        return [_position(self._state, symbol) for symbol in sorted(symbols)]

    def alarms(self) -> list[AlarmView]:
        """Alarms that are not cleared, oldest first."""
        return list(self._state.alarms.values())

    def ledger(self, *, limit: int = 100) -> LedgerView:
        """Sums per asset, and the newest movements."""
        return self._state.ledger.view(limit)

    def state(self) -> StateView:
        """Trading state, health and counts."""
        return _state_view(self._state)

    def results(self, journal: Journal, *, after_seq: int = 0, limit: int = 100) -> list[ResultRow]:
        """Published results and closing records behind `after_seq`, in order, however old: they are read back."""
        numbers = self._state.published
        start = bisect.bisect_right(numbers, after_seq)
        return [_result_row(journal, seq) for seq in numbers[start : start + limit]]


def is_live(order: OrderView) -> bool:
    """Whether an order may still do something at the venue."""
    if order.status == "planned":
        return False
    child_lives = order.algo and order.child_id is not None and order.child_status not in (*TERMINAL_ORDERS, "")
    return order.unknown or child_lives or order.status not in TERMINAL_ORDERS


def _position(state: ReadState, symbol: str) -> PositionView:
    amount = state.positions[symbol]
    trade = state.live_trade(symbol)
    stops = [
        order for order in state.orders.values() if order.role == "stop" and order.symbol == symbol and _covers(order)
    ]
    if symbol in state.flattens:
        cover = "flattening"
    elif trade is None:
        cover = "foreign"
    elif any(stop.close_position for stop in stops):
        cover = "covered"
    else:
        cover = "covered" if sum(stop.quantity or 0 for stop in stops) >= abs(amount) else "uncovered"
    return PositionView(
        symbol=symbol,
        amount=amount,
        cover=cover,
        trade_id=trade.trade_id if trade is not None else "",
        entry_price=trade.entry_price if trade is not None else None,
        stop_price=stops[-1].trigger_price if stops else None,
        stops=tuple(stop.client_id for stop in stops),
        foreign=state.foreign.get(symbol, amount * 0),
    )


def _covers(order: OrderView) -> bool:
    return order.status in ("armed", "triggering")


def _state_view(state: ReadState) -> StateView:
    live = [order for order in state.orders.values() if is_live(order)]
    return StateView(
        venue=state.venue,
        account=state.account,
        version=state.version,
        commanded=state.commanded,
        commanded_by=state.commanded_by,
        commanded_reason=state.commanded_reason,
        effective=state.effective,
        reasons=tuple(state.reasons),
        started_ms=state.started_ms,
        reconciled_ms=state.reconciled_ms,
        last_event_ms=state.last_event_ms,
        seq=state.seq,
        hash=state.hash,
        live_trades=sum(trade.live for trade in state.trades.values()),
        live_orders=len(live),
        unknown_orders=sum(order.unknown for order in live),
        alarms=len(state.alarms),
        flattening=dict(state.flattens),
        quarantines=dict(state.quarantines),
        halted_symbols=dict(state.halted_symbols),
        foreign=dict(state.foreign),
        balances=dict(state.balances),
        daily_loss=state.daily_loss,
        counts=state.counts,
    )


def _result_row(journal: Journal, seq: int) -> ResultRow:
    record = next(journal.read(seq - 1))
    event = decode(record.body)
    row = ResultRow(seq=record.seq, hash=record.hash, kind=record.kind, at_ms=event.at_ms)
    match event:
        case ev.ResultPublished(result=result):
            return msgspec.structs.replace(row, result=result)
        case ev.TradeClosed(result=closed):
            return msgspec.structs.replace(row, trade=closed, trade_id=closed.trade_id)
        case ev.ResultCorrected(trade_id=trade_id, reason=reason, facts=facts):
            return msgspec.structs.replace(row, trade_id=trade_id, correction=reason, facts=facts)
        case _:
            raise AssertionError("invariant: only results are noted as published")


def _engine_started(state: ReadState, event: ev.EngineStarted, _: Published) -> None:
    state.venue, state.account, state.version = event.venue.value, event.account, event.version
    state.started_ms, state.reconciled_ms = event.at_ms, None


def _state_commanded(state: ReadState, event: ev.StateCommanded, _: Published) -> None:
    state.commanded, state.commanded_by, state.commanded_reason = event.state.value, event.by, event.reason
    if event.state.value == "active":
        state.daily_loss = ""


def _effective_changed(state: ReadState, event: ev.EffectiveChanged, _: Published) -> None:
    state.effective, state.reasons = event.state.value, list(event.reasons)


def _loss_latched(state: ReadState, event: ev.DailyLossLatched, _: Published) -> None:
    state.daily_loss = f"{event.window}: lost {event.loss} of at most {event.limit}"


def _reconciled(state: ReadState, event: ev.Reconciled, _: Published) -> None:
    state.reconciled_ms = event.at_ms


def _alarm_raised(state: ReadState, event: ev.AlarmRaised, _: Published) -> None:
    state.alarms[f"{event.code.value}:{event.subject}"] = AlarmView(
        code=event.code.value, subject=event.subject, text=event.text, raised_ms=event.at_ms
    )


def _alarm_cleared(state: ReadState, event: ev.AlarmCleared, _: Published) -> None:
    state.alarms.pop(f"{event.code.value}:{event.subject}", None)


def _balance_seen(state: ReadState, event: ev.BalanceSeen, _: Published) -> None:
    for balance in event.balances:
        state.balances[balance.asset] = balance.wallet


_HANDLERS: Final[dict[type, Callable[[ReadState, Any, Published], None]]] = {
    ev.EngineStarted: _engine_started,
    ev.StateCommanded: _state_commanded,
    ev.EffectiveChanged: _effective_changed,
    ev.DailyLossLatched: _loss_latched,
    ev.Reconciled: _reconciled,
    ev.AlarmRaised: _alarm_raised,
    ev.AlarmCleared: _alarm_cleared,
    ev.BalanceSeen: _balance_seen,
    **fold_orders.HANDLERS,
    **fold_trades.HANDLERS,
}
