"""The engine's state: what a fold over the journal yields, and nothing else.

Everything here is hashed and snapshotted. What is not journalled (market prices, health, timers) lives in
`core/surroundings.py`.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.model.events import IntentDenied
from holdfast.model.ids import Role
from holdfast.model.instrument import Instrument
from holdfast.model.intent import Intent
from holdfast.model.num import ZERO
from holdfast.model.orders import (
    ALGO_TERMINAL,
    ORDER_TERMINAL,
    AlgoSpec,
    AlgoStatus,
    Direction,
    OrderSpec,
    OrderStatus,
    Pending,
    Side,
)
from holdfast.model.plans import IntentResult, TradePlan
from holdfast.model.reasons import TradePhase, TradingState
from holdfast.model.reports import BalanceReport, SymbolConfig

PLACING = (Pending.PLACE, Pending.PLACE_UNKNOWN)
"""A placing request is out: the venue may yet hold the order. A cancel in flight keeps nothing alive."""


class OrderState(msgspec.Struct, kw_only=True, gc=False):
    """A plain order of ours. `executed` is the venue's word, `filled` the sum of booked fills."""

    spec: OrderSpec
    trade_id: str
    subject: str
    n: int
    timestamp_ms: int
    recv_window_ms: int
    verdict: str
    status: OrderStatus = OrderStatus.PLANNED
    pending: Pending = Pending.NONE
    order_id: int | None = None
    executed: Decimal = ZERO
    filled: Decimal = ZERO
    filled_value: Decimal = ZERO
    code: int = 0
    message: str = ""
    local: str = ""
    cancel_asked: bool = False
    unknown_since_ms: int | None = None
    absences: dict[str, list[int]] = {}
    shown_absent: bool = False
    """Whether NEVER_PLACED was concluded once: what surfaces afterwards is a late entry (RULES 3)."""

    @property
    def client_id(self) -> str:
        """Its name."""
        return self.spec.client_id

    @property
    def role(self) -> Role:
        """What it is for."""
        return self.spec.role

    @property
    def live(self) -> bool:
        """Whether it may still do something at the venue, unknown outcomes included."""
        status = self.status
        if status is OrderStatus.PLANNED:
            return False
        return status not in ORDER_TERMINAL or self.pending in PLACING

    @property
    def unknown(self) -> bool:
        """Whether the outcome of placing it is unknown."""
        return self.pending is Pending.PLACE_UNKNOWN

    @property
    def settled(self) -> bool:
        """Whether it is proved terminal and every execution the venue tells of is booked."""
        return not self.live and self.filled >= self.executed


class AlgoState(msgspec.Struct, kw_only=True, gc=False):
    """An algo order of ours and the child order it spawned (RULES 6)."""

    spec: AlgoSpec
    trade_id: str
    subject: str
    n: int
    timestamp_ms: int
    recv_window_ms: int
    verdict: str
    status: AlgoStatus = AlgoStatus.PLANNED
    pending: Pending = Pending.NONE
    algo_id: int | None = None
    sends: int = 0
    life_ms: int = 0
    """When the venue accepted it last: executions before that belong to an earlier life of the id."""
    code: int = 0
    message: str = ""
    local: str = ""
    cancel_asked: bool = False
    armed_ms: int | None = None
    triggering_ms: int | None = None
    child_id: int | None = None
    child_status: OrderStatus | None = None
    executed: Decimal = ZERO
    filled: Decimal = ZERO
    filled_value: Decimal = ZERO
    unknown_since_ms: int | None = None
    absences: dict[str, list[int]] = {}
    reason: str = ""

    @property
    def client_id(self) -> str:
        """Its name, which its child carries too."""
        return self.spec.client_id

    @property
    def role(self) -> Role:
        """What it is for."""
        return self.spec.role

    @property
    def armed(self) -> bool:
        """Whether it is proved to wait at the venue."""
        return self.status is AlgoStatus.ARMED

    @property
    def child_live(self) -> bool:
        """Whether its child order may still fill."""
        if self.child_status is not None:
            return not self.child_status.terminal
        return self.status in (AlgoStatus.TRIGGERING, AlgoStatus.TRIGGERED)

    @property
    def live(self) -> bool:
        """Whether it, or its child, may still do something at the venue. A child that ended proves its algo done."""
        status, child = self.status, self.child_status
        if status is AlgoStatus.PLANNED:
            return False
        ended = status in ALGO_TERMINAL if child is None else child in ORDER_TERMINAL
        return not ended or self.pending in PLACING

    @property
    def unknown(self) -> bool:
        """Whether the outcome of placing it is unknown."""
        return self.pending is Pending.PLACE_UNKNOWN

    def outlived(self, algo_id: int) -> bool:
        """Whether an algo id was this client id's in an earlier life, which ended before it was sent the last time."""
        if self.algo_id is None or algo_id != self.algo_id:
            return self.algo_id is not None and algo_id < self.algo_id
        return self.status is AlgoStatus.SENT or (self.status.terminal and self.pending in PLACING)

    @property
    def settled(self) -> bool:
        """Whether it and its child are proved terminal and every execution is booked."""
        return not self.live and self.filled >= self.executed


Order = OrderState | AlgoState


class FillState(msgspec.Struct, kw_only=True, gc=False):
    """A booked fill: enough to drop repeats and to complete a fee that came later."""

    client_id: str
    trade_id: str
    complete: bool
    price: Decimal
    quantity: Decimal
    side: Side
    venue_ms: int = 0


class TradeState(msgspec.Struct, kw_only=True, gc=False):
    """One trade: from acceptance to proved close."""

    plan: TradePlan
    verdict: str = ""
    """Names the newest verdict that lets its entry go; "" for an adopted position, which has no entry to send."""
    looks: int = 0
    """How often the gate looked at its entry again before sending it."""
    intent: bool = True
    """False for an adopted position: no intent waits for a result."""
    base: Decimal = ZERO
    """Quantity that was open before any fill we booked: an adopted position."""
    phase: TradePhase = TradePhase.ACCEPTED
    phase_reason: str = ""
    accepted_ms: int = 0
    orders: list[str] = []
    """Client ids in the order in which they were planned."""
    counters: dict[str, int] = {}
    entry_dead: bool = False
    evidence_ms: int | None = None
    """First evidence of a fill of the entry."""
    covered_ms: int | None = None
    naked_ms: int | None = None
    entry_filled: Decimal = ZERO
    entry_value: Decimal = ZERO
    exit_filled: Decimal = ZERO
    exit_value: Decimal = ZERO
    netted: Decimal = ZERO
    """What stood against somebody else's opposite quantity, and is gone with it."""
    first_fill: int = 0
    """The venue's trade id of its first execution; they rise per symbol. 0 = none yet."""
    first_entry_ms: int = 0
    """Venue time of its first entry execution; 0 = none yet."""
    last_exit_ms: int = 0
    """Venue time of its last exit execution so far; 0 = none yet."""
    beyond: Decimal = ZERO
    """What its fills closed of somebody else's."""
    gross: dict[str, Decimal] = {}
    fees: dict[str, Decimal] = {}
    funding: dict[str, Decimal] = {}
    fills: int = 0
    incomplete_fills: int = 0
    exit_reason: str = ""
    closed_ms: int | None = None

    @property
    def direction(self) -> Direction:
        """Which way it earns."""
        return self.plan.direction

    @property
    def symbol(self) -> str:
        """Its symbol."""
        return self.plan.symbol

    @property
    def left(self) -> Decimal:
        """What booked executions left open of it; negative when they closed more than was its own."""
        return self.base + self.entry_filled - self.exit_filled - self.netted

    @property
    def live(self) -> bool:
        """Whether it is not yet closed."""
        return self.phase is not TradePhase.CLOSED


class IntentState(msgspec.Struct, kw_only=True, gc=False):
    """What became of an intent. Remembered for ever: the answer to a repeat is this (DESIGN §4 "Once")."""

    intent_id: str
    source: str
    symbol: str
    action: str
    content_hash: str
    accepted_ms: int
    intent: Intent | None = None
    verdict: str = ""
    trade_id: str = ""
    denied: IntentDenied | None = None
    result: IntentResult | None = None
    was_open: bool = False
    """For close and flatten: whether something was open or working when it began."""


class FlattenState(msgspec.Struct, kw_only=True, gc=False):
    """The flatten loop of a symbol (RULES 7): at most one at a time."""

    symbol: str
    subject: str
    trade_id: str
    reason: str
    started_ms: int
    n: int = 0
    orders: list[str] = []


class Quarantine(msgspec.Struct, kw_only=True, gc=False):
    """No entry on the symbol before `until_ms`, nor while one of the orders lives (RULES 4)."""

    until_ms: int
    client_ids: list[str]


class EngineState(msgspec.Struct, kw_only=True):
    """Everything the journal says."""

    events: int = 0
    began_ms: int = 0
    """When this journal's first process started: what the account did before is nobody's business here."""
    reconciled_ms: int = 0
    """When a process last knew all that the venue could tell."""
    commanded: TradingState | None = None
    commanded_by: str = ""
    commanded_reason: str = ""
    effective: TradingState = TradingState.HALTED
    effective_reasons: list[str] = []
    intents: dict[str, IntentState] = {}
    trades: dict[str, TradeState] = {}
    live_trades: dict[str, str] = {}
    """Symbol → id of its live trade; at most one (RULES 4, one-way accounts)."""
    plain: dict[str, OrderState] = {}
    algos: dict[str, AlgoState] = {}
    by_order_id: dict[str, str] = {}
    """"SYMBOL:orderId" → client id, children of algos included."""
    fills: dict[str, FillState] = {}
    incomplete: dict[str, int] = {}
    """Key of a booked fill whose fee nobody has told yet → its venue time."""
    positions: dict[str, Decimal] = {}
    """Signed amount per symbol by booked fills, ours and foreign."""
    baselines: dict[str, int] = {}
    """Symbol → since when the position above counts from the venue's word, whatever executions led to it."""
    foreign: dict[str, Decimal] = {}
    """Amount on the account that is not a trade of ours."""
    flattens: dict[str, FlattenState] = {}
    closing: dict[str, list[str]] = {}
    """Symbol → close and flatten intents that have no result yet."""
    episodes: dict[str, int] = {}
    quarantines: dict[str, Quarantine] = {}
    halted_symbols: dict[str, str] = {}
    strangers: dict[str, bool] = {}
    """Client ids with our prefix that an operator accepted as unexplained (RULES 8)."""
    rules: dict[str, Instrument] = {}
    """The rules of each symbol that a verdict has used, as the newest of them knew them."""
    settings: dict[str, SymbolConfig] = {}
    settings_pending: dict[str, str] = {}
    """Symbol → trade id that waits for leverage or margin type."""
    balances: dict[str, BalanceReport] = {}
    incomes: dict[str, int] = {}
    """Key of a booked income row → its venue time."""
    money: list[tuple[int, str, Decimal]] = []
    """(venue ms, asset, amount) of realised profit, fees and funding of the last 24 hours, for the daily loss."""
    day: str = ""
    day_equity: Decimal | None = None
    day_unrealized: Decimal = ZERO
    loss_latched: str = ""
    resume_token: str = ""
    resume_expires_ms: int = 0
    alarms: dict[str, str] = {}
    rejects: dict[str, list[int]] = {}
    cover_losses: dict[str, list[int]] = {}

    def feeless(self) -> dict[str, int]:
        """Symbols of fills whose fee is still to be told → since when."""
        since: dict[str, int] = {}
        for key, venue_ms in self.incomplete.items():
            symbol = key.partition(":")[0]
            since[symbol] = min(venue_ms, since.get(symbol, venue_ms))
        return since

    def order(self, client_id: str) -> Order | None:
        """The plain or algo order of a client id."""
        return self.plain.get(client_id) or self.algos.get(client_id)

    def orders_of(self, trade: TradeState, role: Role) -> list[Order]:
        """The orders of a trade in one role, oldest first."""
        found: list[Order] = []
        for client_id in trade.orders:
            order = self.plain.get(client_id) or self.algos.get(client_id)
            if order is not None and order.spec.role is role:
                found.append(order)
        return found

    def trade_of(self, symbol: str) -> TradeState | None:
        """The live trade of a symbol."""
        trade_id = self.live_trades.get(symbol)
        return self.trades[trade_id] if trade_id is not None else None


def fill_key(symbol: str, order_id: int, trade_id: int) -> str:
    """The identity of a fill as a text key."""
    return f"{symbol}:{order_id}:{trade_id}"


def order_key(symbol: str, order_id: int) -> str:
    """The identity of a venue order: ids are not unique across symbols."""
    return f"{symbol}:{order_id}"
