"""What readers are shown: plain values that the read model keeps and that every API encodes as they are.

Times are venue milliseconds; money is per asset, nothing converted (RULES 15).
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.model.num import ZERO
from holdfast.model.plans import IntentResult, TargetPlan, TradeResult

Money = dict[str, Decimal]
"""Asset → amount."""


class IntentView(msgspec.Struct, kw_only=True):
    """An intent with its verdict and result. `status`: accepted, denied, or that of the terminal result.

    `seq` and `hash` are the journal's head at the verdict's record.
    """

    intent_id: str
    source: str
    symbol: str
    action: str
    status: str
    received_ms: int
    seq: int
    hash: str
    side: str = ""
    trade_id: str = ""
    code: str = ""
    reason: str = ""
    facts: dict[str, str] = {}
    counterfactual: dict[str, str] = {}
    result: IntentResult | None = None
    result_seq: int = 0


class FillView(msgspec.Struct, kw_only=True):
    """One execution. `fee` is None until the venue told it. `cause` is OURS, EXTERNAL, LIQUIDATION, ADL, …"""

    symbol: str
    order_id: int
    venue_trade_id: int
    client_id: str
    role: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal | None
    fee_asset: str
    realized: Decimal
    maker: bool
    cause: str
    at_ms: int


class OrderView(msgspec.Struct, kw_only=True):
    """One order of ours. For an algo order `venue_id` is the algoId and `child_id` the order it spawned.

    `executed` is the venue's word, `filled` the sum of booked executions. `unknown`: nobody knows whether the last
    request did anything.
    """

    client_id: str
    role: str
    algo: bool
    symbol: str
    side: str
    type: str
    trade_id: str
    subject: str
    planned_ms: int
    quantity: Decimal | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    close_position: bool = False
    reduce_only: bool = False
    status: str = "planned"
    unknown: bool = False
    sends: int = 0
    sent_ms: int | None = None
    venue_id: int | None = None
    child_id: int | None = None
    child_status: str = ""
    executed: Decimal = ZERO
    filled: Decimal = ZERO
    average_price: Decimal | None = None
    outcome: str = ""
    code: int = 0
    message: str = ""
    cancel_reason: str = ""
    updated_ms: int = 0


class TradeView(msgspec.Struct, kw_only=True):
    """One trade. `gross`, `fees` and `funding` are running sums; `result` is the published closing record.

    `naked_ms` is the engine's own estimate between the first evidence of a fill and confirmed cover.
    """

    trade_id: str
    intent_id: str
    source: str
    symbol: str
    direction: str
    phase: str
    quantity: Decimal
    cap_price: Decimal
    stop_price: Decimal
    targets: tuple[TargetPlan, ...]
    leverage: int
    arrival_mid: Decimal
    margin_asset: str
    opened_ms: int
    adopted: str = ""
    phase_reason: str = ""
    entry_filled: Decimal = ZERO
    entry_value: Decimal = ZERO
    entry_price: Decimal | None = None
    exit_filled: Decimal = ZERO
    exit_value: Decimal = ZERO
    exit_price: Decimal | None = None
    netted: Decimal = ZERO
    gross: Money = {}
    fees: Money = {}
    funding: Money = {}
    evidence_ms: int | None = None
    covered_ms: int | None = None
    naked_ms: int | None = None
    closed_ms: int | None = None
    orders: list[str] = []
    fills: list[FillView] = []
    result: TradeResult | None = None
    corrections: list[str] = []

    @property
    def live(self) -> bool:
        """Whether it is not yet closed."""
        return self.closed_ms is None

    @property
    def open_quantity(self) -> Decimal:
        """What is still held."""
        return self.entry_filled - self.exit_filled - self.netted


class TradeDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A trade with its orders, oldest first."""

    trade: TradeView
    orders: tuple[OrderView, ...]


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """What is held on a symbol, and what covers it.

    `cover`: covered, uncovered, flattening, or foreign (not a trade of ours). `amount` is signed. `unrealized` is the
    open profit at `mark`, before fees; None while the mark or the entry price is not known.
    """

    symbol: str
    amount: Decimal
    cover: str
    trade_id: str = ""
    entry_price: Decimal | None = None
    stop_price: Decimal | None = None
    stops: tuple[str, ...] = ()
    foreign: Decimal = ZERO
    mark: Decimal | None = None
    unrealized: Decimal | None = None


class AlarmView(msgspec.Struct, kw_only=True):
    """Something a human should look at; the engine has already acted."""

    code: str
    subject: str
    text: str
    raised_ms: int


class LedgerLine(msgspec.Struct, kw_only=True):
    """Sums per asset. net = gross - fees + funding + other; transfers stand apart, because nobody earned them."""

    gross: Money = {}
    fees: Money = {}
    funding: Money = {}
    other: Money = {}
    transfers: Money = {}
    fills: int = 0

    @property
    def net(self) -> Money:
        """What was earned."""
        result: Money = {}
        for sign, part in ((1, self.gross), (-1, self.fees), (1, self.funding), (1, self.other)):
            for asset, amount in part.items():
                result[asset] = result.get(asset, ZERO) + sign * amount
        return result


class Movement(msgspec.Struct, kw_only=True):
    """One row of the venue's income record."""

    type: str
    asset: str
    amount: Decimal
    symbol: str
    trade_id: str
    at_ms: int


class LedgerTotals(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger line with its net, as it is shown."""

    gross: Money
    fees: Money
    funding: Money
    other: Money
    transfers: Money
    net: Money
    fills: int


class LedgerView(msgspec.Struct, frozen=True, kw_only=True):
    """Sums in all, per UTC day, per source; and the newest movements, newest first."""

    total: LedgerTotals
    days: dict[str, LedgerTotals]
    sources: dict[str, LedgerTotals]
    movements: tuple[Movement, ...]


class Counts(msgspec.Struct, kw_only=True):
    """Running totals since the journal's first record."""

    intents: int = 0
    accepted: int = 0
    denied: int = 0
    results: int = 0
    trades_closed: int = 0
    fills: int = 0
    unknown_opened: int = 0
    unknown_resolved: int = 0
    stops_lost: int = 0
    late_entries: int = 0
    corrections: int = 0
    denials: dict[str, int] = {}
    """By reason code."""
    result_statuses: dict[str, int] = {}


class StateView(msgspec.Struct, frozen=True, kw_only=True):
    """Commanded and effective trading state, what holds it down, and the journal's head as far as it was read."""

    venue: str
    account: str
    version: str
    commanded: str
    commanded_by: str
    commanded_reason: str
    effective: str
    reasons: tuple[str, ...]
    started_ms: int
    reconciled_ms: int | None
    last_event_ms: int
    seq: int
    hash: str
    live_trades: int
    live_orders: int
    unknown_orders: int
    alarms: int
    flattening: dict[str, str]
    quarantines: dict[str, int]
    halted_symbols: dict[str, str]
    foreign: Money
    balances: Money
    daily_loss: str
    counts: Counts


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """One published record: result_published, trade_closed or result_corrected, with the head that proves it."""

    seq: int
    hash: str
    kind: str
    at_ms: int
    result: IntentResult | None = None
    trade: TradeResult | None = None
    trade_id: str = ""
    correction: str = ""
    facts: dict[str, str] = {}
