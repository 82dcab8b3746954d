"""The journal, folded for questions: what was planned, answered, booked, published, and when.

This is not the engine's fold. It knows no state machine and decides nothing; it only files records under the keys by
which the checks ask for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import Enum, auto
from typing import Any, Final, NamedTuple

import msgspec

from holdfast.model import events as ev
from holdfast.model.ids import Role, role_of, tag_of
from holdfast.model.num import ZERO
from holdfast.model.plans import IntentResult, TradePlan, TradeResult
from holdfast.model.reasons import Outcome
from holdfast.model.record import FORMAT
from holdfast.model.reports import AlgoReport, Fill, IncomeRow, OrderReport
from holdfast.verify.records import JournalRow
from holdfast.verify.report import VerifyError

SENT_AGAIN: Final = frozenset({Role.STOP, Role.CLOSE})
"""Roles whose unknown outcome ends with the answer to the next send of the same order (RULES 2)."""

TOLD_IN_ORDER: Final = frozenset(
    {
        ev.AbsenceNoted,
        ev.CancelPlanned,
        ev.EffectiveChanged,
        ev.EngineStarted,
        ev.EntryRejudged,
        ev.FillBooked,
        ev.FlattenEnded,
        ev.FlattenStarted,
        ev.ForeignSeen,
        ev.IntentAccepted,
        ev.OrderAnswered,
        ev.OrderPlanned,
        ev.OrderSendDue,
        ev.OrderUpdated,
        ev.PhaseChanged,
        ev.PositionSeen,
        ev.QuarantineLifted,
        ev.Reconciled,
        ev.ResumePrepared,
        ev.RulesSeen,
        ev.StateCommanded,
        ev.SymbolHalted,
        ev.TradeAdopted,
        ev.TradeClosed,
        ev.TradeNetted,
        ev.UnknownOpened,
        ev.UnknownResolved,
    }
)
"""Records whose order among each other is what a check asks for."""

FillKey = tuple[str, int, int]
IncomeKey = tuple[str, int, str, str]


class MomentKind(Enum):
    """Journal records that matter to the venue's timeline."""

    ENGINE_STARTED = auto()
    ENTRY_PENDING = auto()
    ENTRY_SETTLED = auto()
    COMMANDED = auto()
    UNDER_WAY = auto()
    AT_REST = auto()


class Moment(NamedTuple):
    """A point of the journal on the venue's time axis. `subject` is a symbol, a state, a version, or what is under way:
    a trade by its id, a flatten by its symbol."""

    us: int
    seq: int
    kind: MomentKind
    subject: str
    client_id: str = ""


class Planned(NamedTuple):
    """An order's command record."""

    seq: int
    event: ev.OrderPlanned


class Answer(NamedTuple):
    """How a placing request ended, by the journal."""

    seq: int
    event: ev.OrderAnswered


class Accepted(NamedTuple):
    """An accepted intent."""

    seq: int
    event: ev.IntentAccepted


class BookedFill(msgspec.Struct, kw_only=True):
    """A fill as the ledger has it, completed by a later record where the first word lacked the fee."""

    seq: int
    us: int
    fill: Fill
    client_id: str
    trade_id: str
    cause: str
    fee: Decimal | None
    fee_asset: str
    realized: Decimal
    maker: bool
    taken: Decimal | None = None
    """How much of it closed its trade's part; None: all of it."""


class BookedIncome(NamedTuple):
    """A money movement as the ledger has it."""

    seq: int
    row: IncomeRow
    trade_id: str


class Resolution(NamedTuple):
    """The end of an unknown outcome."""

    seq: int
    us: int
    resolution: str


class JournalView:
    """Everything the checks ask of the journal. Built once, then read only."""

    def __init__(self) -> None:
        self.records = 0
        self.last_us = 0
        self.head: tuple[int, str] = (0, "")
        self.account = ""
        self.starts: list[tuple[int, int]] = []
        """(seq, µs) of every EngineStarted."""
        self.process_ends: list[int] = []
        """µs of the last record that each of these processes wrote."""
        self.moments: list[Moment] = []
        self.accepted: dict[str, Accepted] = {}
        self.accepted_again: list[tuple[str, int, int]] = []
        self.denied: dict[str, list[int]] = {}
        self.verdicts: dict[str, str] = {}
        """Name of each verdict that lets an entry go → the trade whose entry it is."""
        self.plans: dict[str, tuple[int, TradePlan]] = {}
        """Trade id → (seq, plan), adopted positions included."""
        self.adopted: set[str] = set()
        self.bases: dict[str, Decimal] = {}
        """Trade id → what was open before any fill that we booked: an adopted position."""
        self.netted: dict[str, Decimal] = {}
        """Trade id → what of it stood against somebody else's opposite quantity."""
        self.planned: dict[str, Planned] = {}
        self.planned_again: list[tuple[str, int, int]] = []
        self.timestamps: dict[str, set[int]] = {}
        self.answers: dict[str, list[Answer]] = {}
        self.cancels: dict[str, list[tuple[int, int]]] = {}
        """Client id → (seq, µs) of every CancelPlanned."""
        self.fills: dict[FillKey, BookedFill] = {}
        self.fills_again: list[tuple[FillKey, int, int]] = []
        self.completed_without_fill: list[int] = []
        self.incomes: dict[IncomeKey, BookedIncome] = {}
        self.incomes_again: list[tuple[IncomeKey, int, int]] = []
        self.unknown: dict[str, tuple[int, int]] = {}
        """Client id → (seq, µs): unknown outcomes that are still open."""
        self.resolved: dict[str, Resolution] = {}
        self.late: dict[str, tuple[int, int]] = {}
        self.strangers: set[str] = set()
        """Client ids with our prefix that an operator accepted as unexplained (RULES 8)."""
        self.results: dict[str, list[tuple[int, IntentResult]]] = {}
        self.closed: dict[str, list[tuple[int, TradeResult]]] = {}
        self.order_reports: dict[tuple[str, int], list[tuple[int, OrderReport]]] = {}
        self.algo_ends: dict[int, tuple[int, AlgoReport]] = {}
        """Algo id → the last report of its end that the venue itself dated."""
        self.balances: list[tuple[int, str, Decimal]] = []
        self.foreign: dict[str, int] = {}
        """Symbol → first seq at which the journal saw a quantity that is not ours."""
        self.corrected: set[str] = set()
        """Trades whose published result a later record corrects."""
        self.story: list[tuple[int, ev.AnyEvent]] = []
        """(seq, event) of what is judged in the journal's own order (`admission.py`, `proofs.py`)."""
        self.cut: set[str] = set()
        """Trades of which the venue's record shows only the end: it begins later."""
        self.hidden: set[str] = set()
        """Orders that the venue's record may not show any more: they ended without a fill, long ago."""
        self._settled: set[str] = set()
        self._entries: dict[str, list[str]] = {}

    def tag_plans(self) -> dict[str, TradePlan]:
        """Subject tag of client ids → plan of the trade, by the orders that were planned for it."""
        found: dict[str, TradePlan] = {}
        for client_id, planned in self.planned.items():
            plan = self.plans.get(planned.event.trade_id)
            if plan is not None:
                found.setdefault(str(tag_of(client_id)), plan[1])
        return found

    def trade_of(self, client_id: str) -> str:
        """The trade that a planned order belongs to, "" when there is none."""
        planned = self.planned.get(client_id)
        return planned.event.trade_id if planned is not None else ""

    def add(self, seq: int, event: ev.AnyEvent) -> None:
        """File one record."""
        self.records += 1
        # Venue time as the engine knew it may step back a little at a restart; the order of records never does.
        self.last_us = max(self.last_us, event.at_ms * 1_000)
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, seq, event)
        if type(event) in TOLD_IN_ORDER:
            self.story.append((seq, event))
        if self.process_ends:
            self.process_ends[-1] = self.last_us

    def mark(self, seq: int, kind: MomentKind, subject: str, client_id: str = "") -> None:
        """Put a moment on the timeline at the current time."""
        self.moments.append(Moment(self.last_us, seq, kind, subject, client_id))

    def settle_entry(self, seq: int, client_id: str) -> None:
        """An entry has ended by the journal's word; the first such word counts."""
        planned = self.planned.get(client_id)
        if planned is None or planned.event.spec.role is not Role.ENTRY or client_id in self._settled:
            return
        self._settled.add(client_id)
        self.mark(seq, MomentKind.ENTRY_SETTLED, planned.event.spec.symbol, client_id)

    def entry_planned(self, seq: int, event: ev.OrderPlanned) -> None:
        """An entry may fill from now on."""
        self._entries.setdefault(event.trade_id, []).append(event.spec.client_id)
        self.mark(seq, MomentKind.ENTRY_PENDING, event.spec.symbol, event.spec.client_id)

    def settle_trade(self, seq: int, trade_id: str) -> None:
        """A result speaks of a trade: its entries are final."""
        for client_id in self._entries.get(trade_id, ()):
            self.settle_entry(seq, client_id)


def fold(rows: Iterable[JournalRow]) -> JournalView:
    """Fold a journal whose chain was checked. Raises `VerifyError` for a record of another format."""
    view = JournalView()
    for row in rows:
        try:
            event = ev.decode(row.body)
        except msgspec.DecodeError as error:
            raise VerifyError(f"not a record of this format: {error}", record=f"journal seq {row.seq}") from None
        if ev.kind_of(event) != row.kind:
            raise VerifyError(
                f"filed as {row.kind}, but its body says {ev.kind_of(event)}", record=f"journal seq {row.seq}"
            )
        view.add(row.seq, event)
        view.head = (row.seq, row.hash)
    return view


def _started(view: JournalView, seq: int, event: ev.EngineStarted) -> None:
    if event.format > FORMAT:
        raise VerifyError(
            f"written in journal format {event.format} by version {event.version}; this program reads up to {FORMAT}",
            record=f"journal seq {seq}",
        )
    if view.account and view.account != event.account:
        raise VerifyError(
            f"this journal belongs to account {view.account}, not to {event.account}", record=f"journal seq {seq}"
        )
    view.account = event.account
    view.starts.append((seq, event.at_ms * 1_000))
    view.process_ends.append(view.last_us)
    view.mark(seq, MomentKind.ENGINE_STARTED, event.version)


def _accepted(view: JournalView, seq: int, event: ev.IntentAccepted) -> None:
    first = view.accepted.get(event.intent.id)
    if first is not None:
        view.accepted_again.append((event.intent.id, first.seq, seq))
        return
    view.accepted[event.intent.id] = Accepted(seq, event)
    if event.plan is not None:
        view.plans[event.plan.trade_id] = (seq, event.plan)
        view.verdicts[event.verdict] = event.plan.trade_id
        view.mark(seq, MomentKind.UNDER_WAY, event.plan.trade_id)


def _rejudged(view: JournalView, _seq: int, event: ev.EntryRejudged) -> None:
    if event.code is None:
        view.verdicts[event.verdict] = event.trade_id


def _denied(view: JournalView, seq: int, event: ev.IntentDenied) -> None:
    view.denied.setdefault(event.intent_id, []).append(seq)


def _adopted(view: JournalView, seq: int, event: ev.TradeAdopted) -> None:
    view.plans[event.plan.trade_id] = (seq, event.plan)
    view.adopted.add(event.plan.trade_id)
    view.mark(seq, MomentKind.UNDER_WAY, event.plan.trade_id)
    if not event.order:
        view.bases[event.plan.trade_id] = event.plan.quantity


def _netted(view: JournalView, _seq: int, event: ev.TradeNetted) -> None:
    view.netted[event.trade_id] = view.netted.get(event.trade_id, ZERO) + event.quantity


def _planned(view: JournalView, seq: int, event: ev.OrderPlanned) -> None:
    client_id = event.spec.client_id
    first = view.planned.get(client_id)
    if first is not None:
        view.planned_again.append((client_id, first.seq, seq))
        return
    view.planned[client_id] = Planned(seq, event)
    view.timestamps.setdefault(client_id, set()).add(event.timestamp_ms)
    if event.spec.role is Role.ENTRY:
        view.entry_planned(seq, event)


def _send_due(view: JournalView, seq: int, event: ev.OrderSendDue) -> None:
    view.timestamps.setdefault(event.client_id, set()).add(event.timestamp_ms)


def _answered(view: JournalView, seq: int, event: ev.OrderAnswered) -> None:
    view.answers.setdefault(event.client_id, []).append(Answer(seq, event))
    if event.outcome is Outcome.REJECTED:
        view.settle_entry(seq, event.client_id)
    if event.outcome is not Outcome.UNKNOWN and role_of(event.client_id) in SENT_AGAIN:
        view.unknown.pop(event.client_id, None)


def _cancel_planned(view: JournalView, seq: int, event: ev.CancelPlanned) -> None:
    view.cancels.setdefault(event.client_id, []).append((seq, event.at_ms * 1_000))


def _order_updated(view: JournalView, seq: int, event: ev.OrderUpdated) -> None:
    report = event.report
    view.order_reports.setdefault((report.symbol, report.order_id), []).append((seq, report))
    view.unknown.pop(report.client_id, None)
    if report.status.terminal:
        view.settle_entry(seq, report.client_id)


def _algo_updated(view: JournalView, seq: int, event: ev.AlgoUpdated) -> None:
    view.unknown.pop(event.report.client_id, None)
    if event.report.status.terminal and event.report.venue_ms:
        view.algo_ends[event.report.algo_id] = (seq, event.report)


def _fill_booked(view: JournalView, seq: int, event: ev.FillBooked) -> None:
    fill = event.fill
    first = view.fills.get(fill.key)
    if first is not None:
        view.fills_again.append((fill.key, first.seq, seq))
        return
    view.fills[fill.key] = BookedFill(
        seq=seq,
        us=event.at_ms * 1_000,
        fill=fill,
        client_id=event.client_id,
        trade_id=event.trade_id,
        cause=event.cause,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        realized=fill.realized,
        maker=fill.maker,
        taken=event.taken,
    )


def _fill_completed(view: JournalView, seq: int, event: ev.FillCompleted) -> None:
    booked = view.fills.get((event.symbol, event.order_id, event.trade_id))
    if booked is None:
        view.completed_without_fill.append(seq)
        return
    booked.fee, booked.fee_asset = event.fee, event.fee_asset
    booked.realized, booked.maker = event.realized, event.maker


def _unknown_opened(view: JournalView, seq: int, event: ev.UnknownOpened) -> None:
    view.unknown.setdefault(event.client_id, (seq, event.at_ms * 1_000))


def _unknown_resolved(view: JournalView, seq: int, event: ev.UnknownResolved) -> None:
    view.unknown.pop(event.client_id, None)
    view.resolved[event.client_id] = Resolution(seq, event.at_ms * 1_000, event.resolution)
    if event.resolution in ("never_placed", "forgotten"):
        view.settle_entry(seq, event.client_id)


def _late_entry(view: JournalView, seq: int, event: ev.LateEntryFound) -> None:
    view.late.setdefault(event.client_id, (seq, event.at_ms * 1_000))


def _cut_adopted(view: JournalView, _seq: int, event: ev.CutAdopted) -> None:
    view.strangers.update(event.client_ids)


def _income_booked(view: JournalView, seq: int, event: ev.IncomeBooked) -> None:
    first = view.incomes.get(event.row.key)
    if first is not None:
        view.incomes_again.append((event.row.key, first.seq, seq))
        return
    view.incomes[event.row.key] = BookedIncome(seq, event.row, event.trade_id)


def _balance_seen(view: JournalView, seq: int, event: ev.BalanceSeen) -> None:
    view.balances += [(seq, balance.asset, balance.wallet) for balance in event.balances]


def _foreign_seen(view: JournalView, seq: int, event: ev.ForeignSeen) -> None:
    if event.amount:
        view.foreign.setdefault(event.symbol, seq)


def _commanded(view: JournalView, seq: int, event: ev.StateCommanded) -> None:
    view.mark(seq, MomentKind.COMMANDED, event.state.value)


def _result(view: JournalView, seq: int, event: ev.ResultPublished) -> None:
    view.results.setdefault(event.result.intent_id, []).append((seq, event.result))
    view.settle_trade(seq, event.result.trade_id)


def _trade_closed(view: JournalView, seq: int, event: ev.TradeClosed) -> None:
    view.closed.setdefault(event.result.trade_id, []).append((seq, event.result))
    view.settle_trade(seq, event.result.trade_id)
    view.mark(seq, MomentKind.AT_REST, event.result.trade_id)


def _flatten_started(view: JournalView, seq: int, event: ev.FlattenStarted) -> None:
    view.mark(seq, MomentKind.UNDER_WAY, event.symbol)


def _flatten_ended(view: JournalView, seq: int, event: ev.FlattenEnded) -> None:
    view.mark(seq, MomentKind.AT_REST, event.symbol)


def _corrected(view: JournalView, _seq: int, event: ev.ResultCorrected) -> None:
    view.corrected.add(event.trade_id)


_HANDLERS: Final[dict[type, Callable[[JournalView, int, Any], None]]] = {
    ev.EngineStarted: _started,
    ev.IntentAccepted: _accepted,
    ev.IntentDenied: _denied,
    ev.EntryRejudged: _rejudged,
    ev.TradeAdopted: _adopted,
    ev.TradeNetted: _netted,
    ev.OrderPlanned: _planned,
    ev.OrderSendDue: _send_due,
    ev.OrderAnswered: _answered,
    ev.CancelPlanned: _cancel_planned,
    ev.OrderUpdated: _order_updated,
    ev.AlgoUpdated: _algo_updated,
    ev.FillBooked: _fill_booked,
    ev.FillCompleted: _fill_completed,
    ev.UnknownOpened: _unknown_opened,
    ev.UnknownResolved: _unknown_resolved,
    ev.LateEntryFound: _late_entry,
    ev.CutAdopted: _cut_adopted,
    ev.IncomeBooked: _income_booked,
    ev.BalanceSeen: _balance_seen,
    ev.ForeignSeen: _foreign_seen,
    ev.StateCommanded: _commanded,
    ev.ResultPublished: _result,
    ev.TradeClosed: _trade_closed,
    ev.FlattenStarted: _flatten_started,
    ev.FlattenEnded: _flatten_ended,
    ev.ResultCorrected: _corrected,
}
