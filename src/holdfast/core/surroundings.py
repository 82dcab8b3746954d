"""What the engine knows without having journalled it: prices, health, instruments, timers.

It is rebuilt after a restart by asking; nothing here is part of the state hash. Decisions that used it leave their
numbers in the journal (a verdict's `seen`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from holdfast.core.budgets import Windows
from holdfast.model import num
from holdfast.model.effects import Read
from holdfast.model.instrument import Instrument
from holdfast.model.reports import KEY_REFUSED_CODES, Fill, IncomeRow, PositionReport, RateWindow, SymbolConfig


@dataclass(slots=True)
class Market:
    """Mark and touch of one symbol, with the venue times at which they were seen."""

    mark: Decimal | None = None
    mark_ms: int = 0
    bid: Decimal | None = None
    ask: Decimal | None = None
    touch_ms: int = 0
    minute: deque[tuple[int, Decimal]] = field(default_factory=deque)
    """(venue ms, mark) of the last minute, thinned to one a second, for the drift check (P3)."""

    kept_range: tuple[Decimal, Decimal] | None = None
    """Lowest and highest of `minute`; None when it has to be worked out anew."""

    def see_mark(self, mark: Decimal, now_ms: int) -> None:
        """Take a mark price."""
        self.mark, self.mark_ms = mark, now_ms
        minute, kept = self.minute, self.kept_range
        if not minute or now_ms - minute[-1][0] >= 1_000:
            minute.append((now_ms, mark))
            if kept is not None and not kept[0] <= mark <= kept[1]:
                self.kept_range = (min(kept[0], mark), max(kept[1], mark))
        self._forget(now_ms)

    def range_of_minute(self, now_ms: int) -> tuple[Decimal | None, Decimal | None]:
        """The lowest and the highest mark of the last minute. A verdict asks, so it is kept from one to the next."""
        self._forget(now_ms)
        # Thinned to one mark a second, the newest one may be missing there: the one that matters most.
        newest = self.mark if self.mark_ms >= now_ms - 60_000 else None
        if not self.minute:
            return newest, newest
        if self.kept_range is None:
            marks = [mark for _, mark in self.minute]
            self.kept_range = (min(marks), max(marks))
        low, high = self.kept_range
        return (low, high) if newest is None else (min(low, newest), max(high, newest))

    def _forget(self, now_ms: int) -> None:
        minute = self.minute
        while minute and minute[0][0] < now_ms - 60_000:
            _, mark = minute.popleft()
            if self.kept_range is not None and mark in self.kept_range:
                self.kept_range = None

    @property
    def mid(self) -> Decimal | None:
        """The middle of the touch."""
        return None if self.bid is None or self.ask is None else num.divide(self.bid + self.ask, Decimal(2))


FOREIGN_IDS_KEPT: Final = 10_000
"""Executions follow their order's report within moments; this is hours of busy trading by others."""


@dataclass(slots=True)
class Surroundings:
    """Everything ephemeral."""

    windows: Windows
    weight: RateWindow | None = None
    """Request weight of the minute, as last told."""
    weight_ms: int = 0
    """When that was."""
    instruments: dict[str, Instrument] = field(default_factory=dict)
    rules_told: dict[str, Instrument] = field(default_factory=dict)
    """Symbol → the rules that are known to stand in the journal."""
    quarantined: dict[str, str] = field(default_factory=dict)
    markets: dict[str, Market] = field(default_factory=dict)
    contradictions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Per symbol: why no legal order exists under the limits (P18)."""
    started_ms: int = 0
    hashed: tuple[int, str] = (0, "")
    """Number of events in the state when it was last hashed, and its hash."""
    reconciled: bool = False
    waiting: dict[str, Read] = field(default_factory=dict)
    """Reads of the running reconciliation that are not answered yet, by purpose."""
    asked_twice: dict[str, None] = field(default_factory=dict)
    """Purposes of reads that were asked before the user stream was up, and again after it."""
    cover_only: bool = False
    """Whether the running reconciliation has asked for positions and stops only, and waits for the user stream."""
    reconcile_round: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    user_stream: bool = False
    user_stream_since_ms: int = 0
    order_channel: bool = True
    gap: bool = False
    """Whether the user stream came back and the venue is being read again."""
    throttled_until_ms: int = 0
    """Until when the venue refused cover or a close for its rate limits."""
    journal_ok: bool = True
    key_refused: bool = False
    """Whether the venue answered the last signed request that it told of by refusing the key."""
    clock_ok: bool = False
    clock_offset_ms: int | None = None
    watch_ms: int | None = None
    exposed_since_ms: int = 0
    """Since when a trade has been live; 0 while none is. The watch looks less often then (RULES 12)."""
    hedge_mode: bool | None = None
    multi_assets: bool | None = None
    account_ms: int | None = None
    unexplained: dict[str, None] = field(default_factory=dict)
    """Client ids with our prefix that the journal lacks: a second engine, or a lost journal (RULES 8)."""
    venue_positions: dict[str, tuple[PositionReport, int]] = field(default_factory=dict)
    """Symbol → (row, asked ms) of the newest position read."""
    pushed_positions: dict[str, tuple[Decimal, int]] = field(default_factory=dict)
    """Symbol → (signed amount, when) as the user stream, or an account read, told it last."""
    symbol_configs: dict[str, SymbolConfig] = field(default_factory=dict)
    """Leverage and margin type of each symbol, as last read."""
    inherited: dict[str, None] = field(default_factory=dict)
    """Trades that were alive when this process began."""
    executed_ms: dict[str, int] = field(default_factory=dict)
    """Symbol → when we last heard of an execution."""
    foreign_ids: dict[str, str] = field(default_factory=dict)
    """"SYMBOL:orderId" of orders that are not ours → their client id."""
    asked_whose: dict[str, int] = field(default_factory=dict)
    """"SYMBOL:orderId" of executions whose order we asked for in the last second → asked ms."""
    unplaced: dict[str, dict[str, Fill]] = field(default_factory=dict)
    """"SYMBOL:orderId" → executions that wait until the order is known, by their key."""
    unplaced_funding: dict[str, IncomeRow] = field(default_factory=dict)
    """Funding rows that wait until it is known what a trade of ours held when they were paid, by their key."""
    trades_read: dict[str, int] = field(default_factory=dict)
    """Symbol → when its executions were last read with success."""
    explained_read: dict[str, int] = field(default_factory=dict)
    """Symbol → when all of its executions that may be missing from our books were last read with success."""
    foreign_orders: dict[str, dict[int, None]] = field(default_factory=dict)
    """Symbol → order ids of open orders that are neither ours nor the kill switch's."""
    foreign_algos: dict[str, dict[int, None]] = field(default_factory=dict)
    """Symbol → algo ids of conditional orders that wait and are not ours."""
    timers: dict[str, int] = field(default_factory=dict)
    cancelling: dict[str, None] = field(default_factory=dict)
    """Client ids whose cancel this process has sent and not yet heard of; after a restart nobody will answer."""
    not_to_cancel: dict[str, int] = field(default_factory=dict)
    """Client id → how often in a row its cancel met nothing that could be cancelled (−2011, −4117)."""
    zero_reads: dict[str, list[int]] = field(default_factory=dict)
    """Symbol → venue times of consecutive position reads that showed 0 during a flatten or a close."""
    crossed: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    """Stop client id → (since when the mark is beyond its trigger, position then)."""
    touched: dict[str, None] = field(default_factory=dict)
    """Symbols whose trade must be looked at before the step ends."""
    confirmed_ms: dict[str, int] = field(default_factory=dict)
    """Stop client id → when the venue said last that it exists (−4115, −4116, −4130), though a list may lag behind."""
    suspected: dict[str, int] = field(default_factory=dict)
    """Stop client id → when the watch did not see it and it was placed again."""
    mismatch: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    """Symbol → (since which read the venue's position differs from our books, by how much)."""
    retry_soon: dict[str, int] = field(default_factory=dict)
    """Stop client id → how often the venue said it sees no position yet."""
    refused_early: dict[str, None] = field(default_factory=dict)
    """Client ids of stops that were refused while nothing was open yet."""
    close_asked: dict[str, int] = field(default_factory=dict)
    """Trade id → when we first asked whether the venue shows 0."""
    owed_since_ms: dict[str, int] = field(default_factory=dict)
    """Trade id → since when the stream owes us executions that another channel told of."""
    income_ms: int = 0
    """When the account's income record was last read in full."""
    income_read: dict[str, None] = field(default_factory=dict)
    """Trades whose income rows were fetched at their end."""
    targets_waiting_ms: dict[str, int] = field(default_factory=dict)
    """Trade id → do not place targets before this venue time (throttled)."""
    settings_wanted: dict[str, tuple[int | None, str | None]] = field(default_factory=dict)
    """Trade id → leverage and margin type that its symbol still needs, to ask again after a throttle."""

    def remember_foreign(self, key: str, client_id: str) -> None:
        """Whose an order is. The newest of them are remembered; the others can be asked for again."""
        self.foreign_ids[key] = client_id
        if len(self.foreign_ids) > FOREIGN_IDS_KEPT:
            del self.foreign_ids[next(iter(self.foreign_ids))]

    def see_key(self, code: int, *, taken: bool = False) -> None:
        """Whether the venue still takes our key (fault A13): a refusal halts entries until a signed read is answered,
        and the coverage watch and the account's own timer see to it that one is made."""
        if code in KEY_REFUSED_CODES:
            self.key_refused = True
        elif taken:
            self.key_refused = False

    def market(self, symbol: str) -> Market:
        """The market view of a symbol, made on first use."""
        found = self.markets.get(symbol)
        if found is None:
            found = self.markets[symbol] = Market()
        return found
