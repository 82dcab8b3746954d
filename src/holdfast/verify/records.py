"""The two records that are compared, as values: rows of the journal, and lines of the exchange's own log.

The venue log is one JSON object per line in total order; `n` counts without gaps from 1, `us` is venue time in
microseconds. Fields that a line may carry and nobody here reads are ignored.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from holdfast.model.num import ZERO
from holdfast.model.reports import made_by_execution
from holdfast.verify.report import VerifyError

VENUE_LOG_FORMAT = 1

LONGEST_STAMP: Final = 15
"""Digits of a time in milliseconds: beyond the year 30000."""


class JournalRow(NamedTuple):
    """One record of the engine's journal, as stored."""

    seq: int
    at_us: int
    kind: str
    body: bytes
    hash: str


class VenueRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="k"):
    """Base of every line: its number and venue time."""

    n: int
    us: int


class Start(VenueRecord, frozen=True, kw_only=True, tag="start"):
    """First line: who wrote the log, and with which balances the account began."""

    format: int
    engine: str
    account: str = ""
    facts: dict[str, Any] = {}
    fees: dict[str, Any] = {}
    balance: dict[str, Decimal] = {}
    limits: dict[str, int | None] | None = None


class Request(VenueRecord, frozen=True, kw_only=True, tag="req"):
    """A request as received, without key and signature. `weight` and `orders`: its cost, where the log says."""

    via: str
    method: str
    account: str | None = None
    conn: int | str | None = None
    params: dict[str, str] = {}
    weight: int = 0
    orders: int = 0

    @property
    def signed_ms(self) -> int:
        """The time by which it was signed, 0 where it names none that a clock could show."""
        stamp = self.params.get("timestamp", "")
        return int(stamp) if stamp.isascii() and stamp.isdecimal() and len(stamp) <= LONGEST_STAMP else 0


class Reply(VenueRecord, frozen=True, kw_only=True, tag="rep"):
    """The verdict on request `req`; `fault` names an injected fault that changed what the client saw of it."""

    req: int
    status: int
    code: int | None = None
    msg: str | None = None
    fault: str | None = None


class OrderLine(VenueRecord, frozen=True, kw_only=True, tag="order"):
    """A change of a plain order. `x` is what happened, `status` where it led."""

    account: str
    symbol: str
    order_id: int
    client_id: str
    side: str
    status: str
    qty: Decimal
    executed: Decimal
    x: str = ""
    position_side: str = "BOTH"
    type: str = ""
    tif: str = ""
    price: Decimal = ZERO
    avg_price: Decimal = ZERO
    reduce_only: bool = False
    close_position: bool = False
    algo_id: int | None = None
    expiry_reason: str | None = None


class TradeLine(VenueRecord, frozen=True, kw_only=True, tag="trade"):
    """One execution on the account."""

    account: str
    symbol: str
    order_id: int
    client_id: str
    trade_id: int
    side: str
    price: Decimal
    qty: Decimal
    fee: Decimal
    fee_asset: str
    realized: Decimal
    maker: bool
    position_side: str = "BOTH"
    quote: Decimal = ZERO

    @property
    def key(self) -> tuple[str, int, int]:
        """What makes it this fill and no other (RULES 15)."""
        return (self.symbol, self.order_id, self.trade_id)

    @property
    def signed(self) -> Decimal:
        """The change of the position."""
        return self.qty if self.side == "BUY" else -self.qty


class PositionLine(VenueRecord, frozen=True, kw_only=True, tag="position"):
    """A position after a change; `amt` is signed."""

    account: str
    symbol: str
    amt: Decimal
    position_side: str = "BOTH"
    entry: Decimal = ZERO


class AlgoLine(VenueRecord, frozen=True, kw_only=True, tag="algo"):
    """A change of status of a conditional order."""

    account: str
    symbol: str
    algo_id: int
    client_id: str
    side: str
    type: str
    trigger: Decimal
    status: str
    position_side: str = "BOTH"
    price: Decimal | None = None
    qty: Decimal = ZERO
    close_position: bool = False
    reduce_only: bool = False
    working_type: str = "CONTRACT_PRICE"
    order_id: int | None = None
    reason: str | None = None


class IncomeLine(VenueRecord, frozen=True, kw_only=True, tag="income"):
    """A movement of a wallet, signed."""

    account: str
    tran_id: int
    type: str
    asset: str
    amount: Decimal
    symbol: str = ""
    trade_id: str | int | None = None

    @property
    def key(self) -> tuple[str, int, str, str]:
        """What makes it this movement and no other."""
        return (self.type, self.tran_id, self.symbol, self.asset)

    @property
    def by_execution(self) -> bool:
        """Whether it repeats what an execution told; the ledger holds it with that."""
        return made_by_execution(self.type, self.trade_id)


class SettingLine(VenueRecord, frozen=True, kw_only=True, tag="setting"):
    """A changed account setting."""

    account: str
    what: str
    symbol: str = ""
    value: Any = None


class MarkLine(VenueRecord, frozen=True, kw_only=True, tag="mark"):
    """A new mark price."""

    symbol: str
    mark: Decimal
    last: Decimal | None = None


class MarketLine(VenueRecord, frozen=True, kw_only=True, tag="market"):
    """A market that was mirrored fell out of step with its venue, and why; without a reason: it is live again."""

    symbol: str
    stale: str


class ConnectionLine(VenueRecord, frozen=True, kw_only=True, tag="ws"):
    """A connection opened, logged on or closed."""

    conn: int | str
    ev: str
    path: str = ""
    account: str | None = None
    weight: int = 0


class PushLine(VenueRecord, frozen=True, kw_only=True, tag="push"):
    """A user event handed to a private connection: evidence delivered.

    An ACCOUNT_UPDATE says how many positions it tells of, and the symbol where that is one; older logs say neither.
    `of`: the number of the last record that it can tell of, if the venue held it back.
    """

    conn: int | str
    account: str
    e: str
    symbol: str | None = None
    client_id: str | None = None
    order_id: int | None = None
    positions: int | None = None
    of: int | None = None

    @property
    def tells_n(self) -> int:
        """The number of the last record that it can tell of."""
        return self.n if self.of is None else self.of


class FaultLine(VenueRecord, frozen=True, kw_only=True, tag="fault"):
    """An injected fault was armed or fired."""

    verb: str = ""
    method: str = ""
    client_id: str = ""


class ControlLine(VenueRecord, frozen=True, kw_only=True, tag="control"):
    """A command on the exchange's control port."""

    what: str = ""
    symbol: str = ""
    set: Any = None
    params: dict[str, str] = {}


VenueLine = (
    Start
    | Request
    | Reply
    | OrderLine
    | TradeLine
    | PositionLine
    | AlgoLine
    | IncomeLine
    | SettingLine
    | MarkLine
    | MarketLine
    | ConnectionLine
    | PushLine
    | FaultLine
    | ControlLine
)

_decoder: msgspec.json.Decoder[VenueLine] = msgspec.json.Decoder(VenueLine)

NO_NUMBER: Final = re.compile(rb'"[+-]?(?:s?nan\d*|inf(?:inity)?)"', re.IGNORECASE)
"""Texts that would be read as decimals, and with which nothing can be compared or added up."""


def decode_line(line: bytes, expected_n: int) -> VenueLine:
    """One line of the venue log. Raises `VerifyError` naming the line when it is none."""
    found = NO_NUMBER.search(line)
    if found is not None:
        raise VerifyError(f"{found.group().decode()} is no number", record=f"venue log n {expected_n}")
    try:
        return _decoder.decode(line)
    except msgspec.DecodeError as error:
        if expected_n == 1:
            raise VerifyError(f"this is no venue log, judging by its first line: {error}") from None
        raise VerifyError(f"not a line of a venue log: {error}", record=f"venue log n {expected_n}") from None
