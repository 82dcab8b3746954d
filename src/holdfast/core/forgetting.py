"""What the state may forget, once a day: it must not grow with all that ever happened on an account.

Intents are remembered for ever. Everything else is kept for as long as the venue, or a question of ours, could still
bring it up again; whatever came again after that would be taken for new.
"""

from __future__ import annotations

from typing import Final

from holdfast.core.state import EngineState

DAY_MS: Final = 86_400_000
KEPT_MS: Final = 2 * DAY_MS
"""Late entries are watched for a day, and executions that explain a difference are read a day back."""
INCOME_KEPT_MS: Final = 8 * DAY_MS
"""The income record is read at most a week back, or to the acceptance of a live trade."""
MARGIN_MS: Final = 10_000
"""Executions are read from a little before an order or a trade began, and clocks differ."""


def forget(state: EngineState, now_ms: int) -> None:
    """Drop closed trades with their orders, executions, and income rows that nothing asks for any more."""
    horizon = now_ms - KEPT_MS
    asked = _asked_since(state)
    for trade_id, trade in list(state.trades.items()):
        if trade.closed_ms and trade.closed_ms < min(horizon, asked.get(trade.symbol, horizon)):
            del state.trades[trade_id]
            for client_id in trade.orders:
                state.plain.pop(client_id, None)
                state.algos.pop(client_id, None)
    _forget_closes(state, horizon)
    for key, client_id in list(state.by_order_id.items()):
        if state.order(client_id) is None:
            del state.by_order_id[key]
    for key, fill in list(state.fills.items()):
        floor = min(horizon, asked.get(key.partition(":")[0], horizon))
        if fill.trade_id not in state.trades and fill.venue_ms < floor and key not in state.incomplete:
            del state.fills[key]
    oldest = min((state.trades[t].accepted_ms for t in state.live_trades.values()), default=now_ms)
    for row, venue_ms in list(state.incomes.items()):
        if venue_ms < min(now_ms - INCOME_KEPT_MS, oldest - MARGIN_MS):
            del state.incomes[row]


def _asked_since(state: EngineState) -> dict[str, int]:
    """From where on the executions of a symbol may be read again, whoever made them: for a live trade, or for an order
    whose outcome is unknown."""
    since = {symbol: state.trades[trade_id].accepted_ms - MARGIN_MS for symbol, trade_id in state.live_trades.items()}
    for order in state.plain.values():
        if order.unknown:
            symbol, began = order.spec.symbol, order.timestamp_ms - MARGIN_MS
            since[symbol] = min(began, since.get(symbol, began))
    return since


def _forget_closes(state: EngineState, horizon: int) -> None:
    """Closes of what was foreign belong to no trade, and go when they are done with."""
    held = {c for loop in state.flattens.values() for c in loop.orders}
    held |= {c for quarantine in state.quarantines.values() for c in quarantine.client_ids}
    for client_id, order in list(state.plain.items()):
        alone = order.trade_id not in state.trades and client_id not in held
        if alone and order.settled and order.timestamp_ms < horizon:
            del state.plain[client_id]
