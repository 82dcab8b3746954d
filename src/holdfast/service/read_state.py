"""What the read model keeps. Old closed trades and intents are dropped; the journal has them for ever."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from holdfast.service.ledger import Ledger
from holdfast.service.views import AlarmView, Counts, IntentView, OrderView, TradeView

TRADES_KEPT: Final = 2_000
INTENTS_KEPT: Final = 20_000


class ReadState(msgspec.Struct, kw_only=True):
    """The fold's state; dumped with every snapshot."""

    seq: int = 0
    hash: str = "0" * 64
    last_event_ms: int = 0
    venue: str = ""
    account: str = ""
    version: str = ""
    started_ms: int = 0
    reconciled_ms: int | None = None
    commanded: str = ""
    commanded_by: str = ""
    commanded_reason: str = ""
    effective: str = "halted"
    reasons: list[str] = []
    daily_loss: str = ""
    intents: dict[str, IntentView] = {}
    trades: dict[str, TradeView] = {}
    live: dict[str, str] = {}
    """Symbol → id of its live trade."""
    orders: dict[str, OrderView] = {}
    positions: dict[str, Decimal] = {}
    foreign: dict[str, Decimal] = {}
    flattens: dict[str, str] = {}
    """Symbol → why it is flattened."""
    quarantines: dict[str, int] = {}
    halted_symbols: dict[str, str] = {}
    balances: dict[str, Decimal] = {}
    alarms: dict[str, AlarmView] = {}
    ledger: Ledger = msgspec.field(default_factory=Ledger)
    counts: Counts = msgspec.field(default_factory=Counts)
    published: list[int] = []
    """Numbers of the records that are results, closings or corrections."""

    def live_trade(self, symbol: str) -> TradeView | None:
        """The live trade of a symbol."""
        trade_id = self.live.get(symbol)
        return self.trades.get(trade_id) if trade_id is not None else None

    def trim(self) -> None:
        """Drop the oldest closed trades with their orders, and the oldest intents that have their result."""
        while len(self.trades) > TRADES_KEPT:
            oldest = next(iter(self.trades.values()))
            if oldest.live:
                break
            del self.trades[oldest.trade_id]
            for client_id in oldest.orders:
                self.orders.pop(client_id, None)
        while len(self.intents) > INTENTS_KEPT:
            first = next(iter(self.intents.values()))
            if first.result is None:
                break
            del self.intents[first.intent_id]
