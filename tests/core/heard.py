"""What a naive observer knows of one account: all that was told to the engine, in dictionaries, added up.

Executions count once, ends are final, and a list that lacks a stop makes it suspect. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal

from holdfast.core.state import fill_key
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role, is_ours
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoSpec, AlgoStatus, OrderStatus, Side, Spec
from holdfast.model.plans import IntentResult, TradePlan
from holdfast.model.reasons import Outcome
from holdfast.model.reports import AlgoReport, Fill, OrderReport, PositionReport

GRACE_MS = 5_000
YOUNG_MS = 500
"""A stop confirmed later than this before a list was asked for may be missing from the list."""
ORDER_LISTS = (ReadKind.ALL_ORDERS, ReadKind.OPEN_ORDERS)
_A = AlgoStatus
ALGO_RANK = {_A.SENT: 0, _A.ARMED: 1, _A.TRIGGERING: 2, _A.TRIGGERED: 3,
             _A.FINISHED: 4, _A.CANCELLED: 4, _A.EXPIRED: 4, _A.REJECTED: 4}  # fmt: skip


@dataclass
class Asked:
    """An order that left, and what has been heard of it."""

    spec: Spec
    trade_id: str
    sent_ms: list[int]
    window_ms: int
    word: OrderStatus | AlgoStatus | None = None
    """The venue's newest word; None = it has said nothing of it."""
    answer: Outcome | None = None
    """How the last request ended; None = it is under way."""
    doubt: bool = False
    """Whether some request of it may or may not have arrived."""
    cancel_asked: bool = False
    algo_id: int = 0
    children: dict[int, OrderStatus] = field(default_factory=dict)
    """Of a stop: the order ids of its children, of earlier lives too, and the newest word of each."""
    armed_ms: int = 0
    moving_ms: int = 0
    suspect: bool = False

    @property
    def over(self) -> bool:
        """Whether it is proved that it can do nothing any more."""
        if self.doubt or any(not child.terminal for child in self.children.values()):
            return False
        if self.word is None:
            return bool(self.children) or self.answer not in (None, Outcome.CONFIRMED)
        return self.word.terminal or (self.acting and bool(self.children))

    @property
    def acting(self) -> bool:
        """Whether it is a stop that has gone off."""
        return self.word in (_A.TRIGGERING, _A.TRIGGERED)


@dataclass
class Heard:
    """One account, by what was heard."""

    intents: dict[str, str] = field(default_factory=dict)
    results: dict[str, IntentResult] = field(default_factory=dict)
    plans: dict[str, TradePlan] = field(default_factory=dict)
    live: dict[str, str] = field(default_factory=dict)
    begun_ms: dict[str, int] = field(default_factory=dict)
    orders: dict[str, Asked] = field(default_factory=dict)
    planned: dict[str, ev.OrderPlanned] = field(default_factory=dict)
    trade_of: dict[str, str] = field(default_factory=dict)
    names: dict[tuple[str, int], str] = field(default_factory=dict)
    told: dict[tuple[str, int], Decimal] = field(default_factory=dict)
    waiting: dict[str, Fill] = field(default_factory=dict)
    fills: dict[str, Fill] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    funding: dict[tuple[str, int, str, str], Decimal] = field(default_factory=dict)
    rows: dict[str, tuple[Decimal, int]] = field(default_factory=dict)
    executed_ms: dict[str, int] = field(default_factory=dict)
    absent: dict[tuple[str, ReadKind], list[int]] = field(default_factory=dict)
    read_since_start: set[ReadKind] = field(default_factory=set)
    strange: dict[str, None] = field(default_factory=dict)
    """Symbols on which somebody else has traded: what is ours there is not the whole position."""
    bare_ms: dict[str, int] = field(default_factory=dict)
    released: dict[str, int] = field(default_factory=dict)
    excused_ms: int = 0
    stopped: bool = True
    journal_ok: bool = True
    stream_up: bool = False
    now: int = 0

    def crashed(self, lost: dict[str, Asked]) -> None:
        """The process died. What was under way is in doubt, also what left without a record that survived."""
        self.orders.update(deepcopy(lost))
        for order in self.orders.values():
            order.doubt = order.doubt or (order.answer is None and order.word is None)
        for memory in (self.waiting, self.rows, self.bare_ms, self.read_since_start):
            memory.clear()
        self.excused_ms, self.stream_up, self.journal_ok = 0, False, True

    # What is heard

    def hear(self, message: inp.AnyInput) -> None:
        """Take in what an input says."""
        match message:
            case inp.PlaceAnswered():
                self.hear_answer(message)
            case inp.CancelAnswered() if message.outcome.order is not None:
                self.hear_order(message.outcome.order)
            case inp.ReadAnswered() if message.ok:
                self.hear_read(message)
            case inp.OrderSeen():
                self.hear_order(message.report)
                self.hear_fills([message.fill] if message.fill is not None else [])
            case inp.FillSeen():
                self.hear_fills([message.fill])
            case inp.AlgoSeen():
                self.hear_algo(message.report)
            case inp.AccountSeen():
                self.hear_rows(message.positions, message.now_ms)
            case inp.CoverageChecked():
                for report in message.algos:
                    self.hear_algo(report)
                self.hear_rows(message.positions, message.asked_ms)
                self.miss(message.symbols, message.algos, message.asked_ms)
            case inp.JournalChanged():
                self.journal_ok = message.ok
            case inp.LinkChanged() if message.link == "user_stream":
                self.stream_up = message.up
            case inp.Command() if message.what in ("halt", "reduce"):
                self.stopped = True
            case inp.Started():
                self.read_since_start.clear()

    def hear_answer(self, message: inp.PlaceAnswered) -> None:
        """How a placing request ended."""
        order, outcome = self.orders[message.client_id], message.outcome
        order.answer = outcome.outcome
        order.doubt = order.doubt or (outcome.outcome is Outcome.UNKNOWN and order.word is None)
        if outcome.code in (-4116, -4130):
            order.doubt, order.suspect = order.word is None, False
            order.armed_ms = self.now
        if outcome.until_ms:
            self.excused_ms = max(self.excused_ms, outcome.until_ms)
        if outcome.order is not None:
            self.hear_order(outcome.order)
        if outcome.algo is not None:
            self.hear_algo(outcome.algo)

    def hear_read(self, message: inp.ReadAnswered) -> None:
        """What a read found, and what it did not find."""
        read = message.read
        self.read_since_start.add(read.kind)
        for order in message.orders:
            self.hear_order(order)
        for algo in message.algos:
            self.hear_algo(algo)
        self.hear_fills(message.fills)
        if read.kind is ReadKind.POSITIONS:
            shown = {row.symbol for row in message.positions}
            missing = [read.symbol] if read.symbol else [symbol for symbol, _ in self.names]
            zeros = [PositionReport(symbol=s, amount=ZERO, entry_price=ZERO) for s in missing if s not in shown]
            self.hear_rows([*message.positions, *zeros], message.asked_ms)
        if read.kind is ReadKind.OPEN_ALGOS:
            symbols = (read.symbol,) if read.symbol else tuple(self.live)
            self.miss(symbols, message.algos, message.asked_ms)
        for row in message.incomes:
            self.funding[row.key] = row.amount
        listed = {order.client_id for order in message.orders}
        if message.absent or (read.kind in ORDER_LISTS and read.client_id not in listed):
            self.absent.setdefault((read.client_id, read.kind), []).append(message.asked_ms)
        gone = self.orders.get(read.client_id) if message.absent and read.kind is ReadKind.ALGO else None
        if gone is not None and gone.cancel_asked and message.asked_ms >= gone.sent_ms[-1] + GRACE_MS:
            gone.word, gone.doubt = gone.word or _A.CANCELLED, False  # RULES 2, row cancel: gone by a query.
            gone.word = gone.word if gone.word is not _A.ARMED else _A.CANCELLED

    def hear_order(self, report: OrderReport) -> None:
        """A plain order, or the child of a stop. What has ended stays ended."""
        key = (report.symbol, report.order_id)
        self.names[key] = report.client_id
        if report.executed > self.told.get(key, ZERO):
            self.told[key] = report.executed
            self.executed_ms[report.symbol] = self.now
        order = self.orders.get(report.client_id)
        if order is None or report.status is OrderStatus.SENT:
            return
        order.doubt = False
        if not isinstance(order.spec, AlgoSpec):
            ended = isinstance(order.word, OrderStatus) and order.word.terminal
            order.word = order.word if ended else report.status
            return
        known = order.children.get(report.order_id)
        order.children[report.order_id] = known if known is not None and known.terminal else report.status
        if report.order_id > order.algo_id and order.word in (None, _A.ARMED):  # Ids grow: it is of this life.
            order.word, order.moving_ms = _A.TRIGGERING, self.now

    def hear_algo(self, report: AlgoReport) -> None:
        """A stop: a greater algo id is a new life under the same name, and within a life nothing goes back."""
        order = self.orders.get(report.client_id)
        if report.order_id is not None:
            self.names[report.symbol, report.order_id] = report.client_id
        if order is None or report.algo_id < order.algo_id:
            return
        if report.algo_id > order.algo_id:
            order.algo_id, order.word, order.moving_ms = report.algo_id, None, 0
            order.cancel_asked = False
        order.doubt = order.suspect = False
        if isinstance(order.word, AlgoStatus) and ALGO_RANK[report.status] < ALGO_RANK[order.word]:
            return
        order.word = report.status
        if report.status is _A.ARMED:
            order.armed_ms = self.now
        elif not order.moving_ms and report.status in (_A.TRIGGERING, _A.TRIGGERED, _A.FINISHED):
            order.moving_ms = self.now

    def hear_fills(self, fills: Iterable[Fill]) -> None:
        """Executions count once; the telling that knows the fee is the better one."""
        for fill in fills:
            key = fill_key(*fill.key)
            if fill.client_id:
                self.names[fill.symbol, fill.order_id] = fill.client_id
            better = key not in self.fills or self.fills[key].fee is None
            if better and (fill.fee is not None or key not in self.waiting):
                self.waiting[key] = fill

    def own(self) -> None:
        """Give every execution whose order is known to the trade of that order (RULES 15)."""
        for key, fill in list(self.waiting.items()):
            name = self.names.get((fill.symbol, fill.order_id))
            if name is None:
                continue
            del self.waiting[key]
            fresh = key not in self.fills
            self.executed_ms[fill.symbol] = self.now if fresh else self.executed_ms[fill.symbol]
            if fresh or fill.fee is not None:
                self.fills[key] = fill
            if not is_ours(name):
                self.strange[fill.symbol] = None
                continue
            self.filled_by(name)
            if fresh:
                self.owners[key] = self.owner_of(name, fill)

    def owner_of(self, name: str, fill: Fill) -> str:
        """The trade of its order, or the live one if an earlier order took it from that (RULES 7). A close that went to
        the side of its trade's entry closed something else, and that is nobody's."""
        order, trade_id, now = self.orders.get(name), self.trade_of.get(name, ""), self.live.get(fill.symbol)
        if order is not None and self.closed_another(order):
            return ""
        later = now is not None and fill.venue_ms >= self.begun_ms[now]
        taken = later and trade_id != now and self.planned[name].spec.role is not Role.ENTRY
        return now if taken and now is not None else trade_id

    def filled_by(self, name: str) -> None:
        """An execution is a word of its order; when all of it has executed, the last one."""
        order = self.orders.get(name)
        if order is None or isinstance(order.spec, AlgoSpec):
            return
        mine = [f.quantity for f in self.fills.values() if self.names[f.symbol, f.order_id] == name]
        whole = sum(mine, ZERO) >= order.spec.quantity
        order.doubt = False
        order.word = OrderStatus.FILLED if whole else order.word or OrderStatus.PARTLY_FILLED

    def hear_rows(self, rows: Iterable[PositionReport], asked_ms: int) -> None:
        """The venue's word on positions."""
        for row in rows:
            if row.symbol not in self.rows or self.rows[row.symbol][1] <= asked_ms:
                self.rows[row.symbol] = (row.amount, asked_ms)

    def miss(self, symbols: Iterable[str], algos: Iterable[AlgoReport], asked_ms: int) -> None:
        """A whole list of stops does not show one that was confirmed well before it was asked for."""
        listed = {report.client_id for report in algos}
        for order in self.orders.values():
            old = order.word is _A.ARMED and order.armed_ms + YOUNG_MS < asked_ms
            if order.spec.symbol in symbols and order.spec.client_id not in listed and old:
                order.suspect = True

    # What must be

    def entered(self, trade_id: str) -> Decimal:
        """What the entries of a trade executed."""
        plan = self.plans[trade_id]
        mine = [self.fills[key] for key, owner in self.owners.items() if owner == trade_id]
        return sum((f.quantity for f in mine if f.side is plan.direction.entry_side), ZERO)

    def money(self, trade_id: str) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
        """Profit and fees of a trade by asset: sums over its executions."""
        gross: dict[str, Decimal] = {}
        fees: dict[str, Decimal] = {}
        for key, owner in self.owners.items():
            fill = self.fills[key]
            if owner == trade_id and fill.fee is not None:
                gross["USDT"] = gross.get("USDT", ZERO) + fill.realized
                fees[fill.fee_asset] = fees.get(fill.fee_asset, ZERO) + fill.fee
        return {a: v for a, v in gross.items() if v}, {a: v for a, v in fees.items() if v}

    def position(self, symbol: str) -> Decimal:
        """The sum of executions."""
        mine = [fill for fill in self.fills.values() if fill.symbol == symbol]
        return sum((fill.quantity if fill.side is Side.BUY else -fill.quantity for fill in mine), ZERO)

    def closed_another(self, order: Asked) -> bool:
        """Whether a close went to the side of its trade's entry: it closed something else, and it opens nothing."""
        plan = self.plans.get(order.trade_id)
        return order.spec.role is Role.CLOSE and plan is not None and order.spec.side is plan.direction.entry_side

    def exposure(self, symbol: str) -> Decimal:
        """What is open by any evidence, unless the venue has shown less since the last execution we know of."""
        by_order = dict(self.told)
        booked: dict[tuple[str, int], Decimal] = {}
        for fill in self.fills.values():
            key = (fill.symbol, fill.order_id)
            booked[key] = booked.get(key, ZERO) + fill.quantity
        amount = ZERO
        for key in {**by_order, **booked}:
            order = self.orders.get(self.names.get(key, ""))
            if key[0] == symbol and order is not None and not self.closed_another(order):
                size = max(by_order.get(key, ZERO), booked.get(key, ZERO))
                amount += size if order.spec.side is Side.BUY else -size
        if symbol in self.live:  # What closed more than we know to be open was an exit of something not yet told.
            sign = self.plans[self.live[symbol]].direction.sign
            amount = max(ZERO, amount * sign) * sign
        row, asked_ms = self.rows.get(symbol, (amount, 0))
        newer = asked_ms >= self.executed_ms.get(symbol, 0)
        return min(abs(amount), abs(row)) if newer else abs(amount)

    def cover(self, symbol: str, opened: Decimal) -> Decimal:
        """What live stops cover; one that is triggering counts for 2 s (RULES 5)."""
        covered = ZERO
        for order in self.orders.values():
            if not isinstance(order.spec, AlgoSpec) or order.spec.symbol != symbol:
                continue
            young = order.acting and self.now - order.moving_ms <= 2_000 and not order.over
            if (young or order.word is _A.ARMED) and not order.cancel_asked and not order.suspect:
                covered += order.spec.quantity or opened
        return covered
