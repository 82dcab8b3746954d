"""What has happened: the journal's records, past tense, frozen, tagged. They are the contract with every reader.

`at_ms` is venue time. An event is durable before the effects of its step leave, save what an earlier batch
pre-authorised (RULES 8).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, get_args

import msgspec

from holdfast.model.ids import Role
from holdfast.model.num import ZERO
from holdfast.model.orders import Spec
from holdfast.model.plans import IntentResult, TradePlan, TradeResult
from holdfast.model.reasons import AlarmCode, Outcome, TradePhase, TradingState
from holdfast.model.record import FORMAT, Event
from holdfast.model.reports import AlgoReport, BalanceReport, Fill, IncomeRow, OrderReport
from holdfast.model.verdicts import EngineStarted, EntryRejudged, IntentAccepted, IntentDenied, RulesSeen

__all__ = ["FORMAT", "EngineStarted", "EntryRejudged", "Event", "IntentAccepted", "IntentDenied", "RulesSeen"]
"""The records of `model.verdicts` are named here as well: a reader finds every event in one place."""


class OrderPlanned(Event, frozen=True, kw_only=True, tag="order_planned"):
    """The command record of an order: written before it may leave (invariant I2).

    `subject` is the intent id, or the position episode for an order that no intent asked for. `preauthorised` marks
    stop and flatten that were journalled with their entry and may leave later without waiting for the disk; their
    quantity and price may then be adapted to the evidence (`unjournalled` in the answer says so).
    """

    spec: Spec
    subject: str
    trade_id: str
    n: int
    timestamp_ms: int
    recv_window_ms: int
    verdict: str
    preauthorised: bool = False


class OrderSendDue(Event, frozen=True, kw_only=True, tag="order_send_due"):
    """A planned order is handed to the gateway; `again` counts repeats of a stop under the same id (RULES 2).

    `quantity` is present when a pre-authorised close was adapted to what is really open.
    """

    client_id: str
    timestamp_ms: int
    again: int = 0
    quantity: Decimal | None = None


class OrderAnswered(Event, frozen=True, kw_only=True, tag="order_answered"):
    """How the placing request ended (RULES 1)."""

    client_id: str
    outcome: Outcome
    sent_ms: int
    recv_window_ms: int
    code: int = 0
    message: str = ""
    status: int = 0
    local: str = ""
    until_ms: int = 0


class CancelPlanned(Event, frozen=True, kw_only=True, tag="cancel_planned"):
    """We ask the venue to remove an order of ours."""

    client_id: str
    reason: str


class CancelAnswered(Event, frozen=True, kw_only=True, tag="cancel_answered"):
    """How a cancel ended; −2011 is evidence to look into, not proof (RULES 1)."""

    client_id: str
    outcome: Outcome
    code: int = 0
    message: str = ""


class OrderUpdated(Event, frozen=True, kw_only=True, tag="order_updated"):
    """New evidence about a plain order of ours."""

    report: OrderReport


class AlgoUpdated(Event, frozen=True, kw_only=True, tag="algo_updated"):
    """New evidence about an algo order of ours."""

    report: AlgoReport


class FillBooked(Event, frozen=True, kw_only=True, tag="fill_booked"):
    """One execution, applied once. `cause`: OURS, EXTERNAL, LIQUIDATION, ADL, SETTLEMENT, OPERATOR (I26)."""

    fill: Fill
    client_id: str
    trade_id: str
    cause: str = "OURS"
    role: Role | None = None
    taken: Decimal | None = None
    """How much of it closed the trade's part, when the rest met somebody else's; None: all of it."""


class TradeNetted(Event, frozen=True, kw_only=True, tag="trade_netted"):
    """So much of a trade stood against somebody else's opposite quantity. A one-way account has one position per
    symbol: of both nothing is left, and what the venue realised on the way stands in the fills (RULES 4)."""

    trade_id: str
    symbol: str
    quantity: Decimal


class FillCompleted(Event, frozen=True, kw_only=True, tag="fill_completed"):
    """Fee and profit of a fill that was first known without them (TRADE_LITE)."""

    symbol: str
    order_id: int
    trade_id: int
    fee: Decimal
    fee_asset: str
    realized: Decimal
    maker: bool
    client_id: str = ""


class UnknownOpened(Event, frozen=True, kw_only=True, tag="unknown_opened"):
    """The outcome of a request is unknown; resolution begins (RULES 3)."""

    client_id: str
    reason: str


class AbsenceNoted(Event, frozen=True, kw_only=True, tag="absence_noted"):
    """One endpoint did not show the order. Absence counts only in the sum of RULES 3."""

    client_id: str
    endpoint: str
    asked_ms: int


class UnknownResolved(Event, frozen=True, kw_only=True, tag="unknown_resolved"):
    """Positive evidence, or the complete proof of absence, ended an unknown outcome.

    `resolution` is `confirmed`, `never_placed`, or `forgotten`: it was confirmed once, is not open, and the venue
    knows it no more.
    """

    client_id: str
    resolution: str
    evidence: str


class PhaseChanged(Event, frozen=True, kw_only=True, tag="phase_changed"):
    """A trade moved on."""

    trade_id: str
    phase: TradePhase
    reason: str = ""


class TradeAdopted(Event, frozen=True, kw_only=True, tag="trade_adopted"):
    """A position became a trade without an opening intent of its own: a late entry, or `adopt` by configuration.

    `order` is the client id of the late entry, whose fills belong to this trade from now on.
    """

    plan: TradePlan
    cause: str
    order: str = ""


class FlattenStarted(Event, frozen=True, kw_only=True, tag="flatten_started"):
    """The flatten loop of a symbol began (RULES 7). `subject` names its orders."""

    symbol: str
    subject: str
    trade_id: str
    reason: str


class FlattenEnded(Event, frozen=True, kw_only=True, tag="flatten_ended"):
    """The venue showed no position twice."""

    symbol: str
    subject: str


class QuarantineSet(Event, frozen=True, kw_only=True, tag="quarantine_set"):
    """No entry on the symbol before `until_ms`, and while any of `client_ids` lives (RULES 4)."""

    symbol: str
    until_ms: int
    client_ids: tuple[str, ...]


class QuarantineLifted(Event, frozen=True, kw_only=True, tag="quarantine_lifted"):
    """The symbol may be entered again, by time and proof or by a named operator."""

    symbol: str
    by: str


class SettingPlanned(Event, frozen=True, kw_only=True, tag="setting_planned"):
    """We change leverage or margin type of an unused symbol (RULES 13)."""

    symbol: str
    leverage: int | None = None
    margin_type: str | None = None


class SettingRead(Event, frozen=True, kw_only=True, tag="setting_read"):
    """The venue's settings of a symbol, as read back."""

    symbol: str
    leverage: int
    margin_type: str


class PositionSeen(Event, frozen=True, kw_only=True, tag="position_seen"):
    """The venue's position differs from our fold, or was confirmed at a boot or a close."""

    symbol: str
    amount: Decimal
    entry_price: Decimal
    ours: Decimal
    asked_ms: int


class ForeignSeen(Event, frozen=True, kw_only=True, tag="foreign_seen"):
    """A quantity on the account that our journal does not explain; `policy` is what we do (RULES 4)."""

    symbol: str
    amount: Decimal
    policy: str


class StopLost(Event, frozen=True, kw_only=True, tag="stop_lost"):
    """A live stop is proved gone while its position is open (RULES 12)."""

    symbol: str
    client_id: str
    evidence: str


class SymbolHalted(Event, frozen=True, kw_only=True, tag="symbol_halted"):
    """No entries on the symbol until an operator releases it."""

    symbol: str
    reason: str


class IncomeBooked(Event, frozen=True, kw_only=True, tag="income_booked"):
    """A money movement of the venue's income record, applied once. `trade_id` is "" when no trade owns it."""

    row: IncomeRow
    trade_id: str = ""


class BalanceSeen(Event, frozen=True, kw_only=True, tag="balance_seen"):
    """The account's balances as read or pushed."""

    balances: tuple[BalanceReport, ...]
    reason: str


class DayStarted(Event, frozen=True, kw_only=True, tag="day_started"):
    """The base of the daily loss: equity at (or first seen after) UTC midnight (RULES 9)."""

    day: str
    equity: Decimal
    unrealized: Decimal = ZERO
    """The open profit that is part of it: what the day starts from, so that a loss of yesterday counts once."""


class DailyLossLatched(Event, frozen=True, kw_only=True, tag="daily_loss_latched"):
    """The daily loss limit was reached; it stays latched until an operator resumes within the limit."""

    loss: Decimal
    limit: Decimal
    window: str


class StateCommanded(Event, frozen=True, kw_only=True, tag="state_commanded"):
    """The commanded trading state: persisted and latched (RULES 9)."""

    state: TradingState
    by: str
    reason: str


class ResumePrepared(Event, frozen=True, kw_only=True, tag="resume_prepared"):
    """First step of leaving a halt: what will be resumed, and the token that confirms it until `expires_ms`."""

    token: str
    by: str
    expires_ms: int
    summary: dict[str, str] = {}


class EffectiveChanged(Event, frozen=True, kw_only=True, tag="effective_changed"):
    """min(commanded, health) changed, with the reasons that hold it down."""

    state: TradingState
    reasons: tuple[str, ...]


class Reconciled(Event, frozen=True, kw_only=True, tag="reconciled"):
    """The engine has compared itself with the venue; `findings` counts corrections."""

    findings: dict[str, int] = {}


class LateEntryFound(Event, frozen=True, kw_only=True, tag="late_entry_found"):
    """An entry that was shown never placed surfaced after all (RULES 3)."""

    client_id: str
    intent_id: str
    policy: str


class AlarmRaised(Event, frozen=True, kw_only=True, tag="alarm_raised"):
    """A human should look; the engine has already acted."""

    code: AlarmCode
    subject: str
    text: str


class AlarmCleared(Event, frozen=True, kw_only=True, tag="alarm_cleared"):
    """The cause of an alarm is gone."""

    code: AlarmCode
    subject: str


class ResultPublished(Event, frozen=True, kw_only=True, tag="result_published"):
    """The one terminal result of an intent."""

    result: IntentResult


class TradeClosed(Event, frozen=True, kw_only=True, tag="trade_closed"):
    """The one closing record of a trade."""

    result: TradeResult


class CutAdopted(Event, frozen=True, kw_only=True, tag="cut_adopted"):
    """An operator accepted that the journal is cut: these orders carry our prefix, but nothing here explains them.

    From now on they count as somebody else's (RULES 8); what they hold at the venue is foreign.
    """

    client_ids: tuple[str, ...]
    by: str
    reason: str


class ResultCorrected(Event, frozen=True, kw_only=True, tag="result_corrected"):
    """A later finding about something published; nothing published is rewritten (RULES 15)."""

    trade_id: str
    reason: str
    facts: dict[str, str] = {}


AnyEvent = (
    EngineStarted
    | RulesSeen
    | IntentAccepted
    | IntentDenied
    | EntryRejudged
    | OrderPlanned
    | OrderSendDue
    | OrderAnswered
    | CancelPlanned
    | CancelAnswered
    | OrderUpdated
    | AlgoUpdated
    | FillBooked
    | FillCompleted
    | UnknownOpened
    | AbsenceNoted
    | UnknownResolved
    | PhaseChanged
    | TradeAdopted
    | FlattenStarted
    | FlattenEnded
    | QuarantineSet
    | QuarantineLifted
    | SettingPlanned
    | SettingRead
    | PositionSeen
    | ForeignSeen
    | StopLost
    | SymbolHalted
    | IncomeBooked
    | BalanceSeen
    | DayStarted
    | DailyLossLatched
    | StateCommanded
    | ResumePrepared
    | EffectiveChanged
    | Reconciled
    | LateEntryFound
    | AlarmRaised
    | AlarmCleared
    | ResultPublished
    | TradeClosed
    | TradeNetted
    | CutAdopted
    | ResultCorrected
)

_encoder = msgspec.json.Encoder(decimal_format="string")
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


_KINDS: Final[dict[type, str]] = {kind: str(kind.__struct_config__.tag) for kind in get_args(AnyEvent)}


def encode(event: Event) -> bytes:
    """The journal's bytes of an event."""
    return _encoder.encode(event)


def decode(body: bytes) -> AnyEvent:
    """The event of journal bytes. Raises `msgspec.ValidationError` for a record of another format."""
    return _decoder.decode(body)


def kind_of(event: Event) -> str:
    """The tag of an event, as stored beside its body."""
    return _KINDS[type(event)]
