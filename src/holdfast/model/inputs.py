"""What the core may be told. Every input carries `now_ms`: the venue's time when the shell took it from the inbox."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from holdfast.model.effects import Read
from holdfast.model.instrument import Instrument
from holdfast.model.intent import Intent
from holdfast.model.reasons import TradingState
from holdfast.model.reports import (
    AlgoReport,
    BalanceReport,
    Fill,
    IncomeRow,
    OrderReport,
    PositionReport,
    RateWindow,
    RequestOutcome,
    SymbolConfig,
)


class Input(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base: the venue time in milliseconds at which the shell stamped the input."""

    now_ms: int


class IntentReceived(Input, frozen=True, kw_only=True, tag="intent_received"):
    """An intent that decoded; `content_hash` is `model.intent.content_hash`."""

    intent: Intent
    content_hash: str


class PlaceAnswered(Input, frozen=True, kw_only=True, tag="place_answered"):
    """How a `Place` ended. `sent_ms` is the timestamp that was signed."""

    client_id: str
    outcome: RequestOutcome
    sent_ms: int
    recv_window_ms: int


class CancelAnswered(Input, frozen=True, kw_only=True, tag="cancel_answered"):
    """How a `Cancel` ended."""

    client_id: str
    outcome: RequestOutcome


class SettingAnswered(Input, frozen=True, kw_only=True, tag="setting_answered"):
    """How a `ChangeSetting` ended."""

    symbol: str
    purpose: str
    outcome: RequestOutcome


class ReadAnswered(Input, frozen=True, kw_only=True, tag="read_answered"):
    """The answer to a `Read`. With `ok` False the lists mean nothing: "could not ask" is never "nothing there".

    `absent` is True only when the venue answered that the one order asked for does not exist (−2013).
    `asked_ms` is when the request left, so that older answers never overwrite newer evidence.
    `positions` may show symbols that were not asked for; only of the one in `read` does a missing row mean 0.
    """

    read: Read
    ok: bool
    asked_ms: int
    absent: bool = False
    outcome: RequestOutcome | None = None
    orders: tuple[OrderReport, ...] = ()
    algos: tuple[AlgoReport, ...] = ()
    fills: tuple[Fill, ...] = ()
    positions: tuple[PositionReport, ...] = ()
    balances: tuple[BalanceReport, ...] = ()
    incomes: tuple[IncomeRow, ...] = ()
    symbol_configs: tuple[SymbolConfig, ...] = ()
    rate_windows: tuple[RateWindow, ...] = ()
    hedge_mode: bool | None = None
    multi_assets: bool | None = None


class OrderSeen(Input, frozen=True, kw_only=True, tag="order_seen"):
    """ORDER_TRADE_UPDATE: the order's state, and the fill it may carry."""

    report: OrderReport
    fill: Fill | None = None


class FillSeen(Input, frozen=True, kw_only=True, tag="fill_seen"):
    """TRADE_LITE: an early word of a fill, without its fee."""

    fill: Fill


class AlgoSeen(Input, frozen=True, kw_only=True, tag="algo_seen"):
    """ALGO_UPDATE."""

    report: AlgoReport


class AccountSeen(Input, frozen=True, kw_only=True, tag="account_seen"):
    """ACCOUNT_UPDATE: changed balances and positions, and why."""

    reason: str
    balances: tuple[BalanceReport, ...] = ()
    positions: tuple[PositionReport, ...] = ()
    venue_ms: int = 0


class AccountConfigSeen(Input, frozen=True, kw_only=True, tag="account_config_seen"):
    """ACCOUNT_CONFIG_UPDATE: a leverage or multi-assets change."""

    symbol: str = ""
    leverage: int | None = None
    multi_assets: bool | None = None


class MarketSeen(Input, frozen=True, kw_only=True, tag="market_seen"):
    """Mark price and touch of a symbol; a field is None when this message did not carry it."""

    symbol: str
    mark: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    venue_ms: int = 0


class InstrumentsLoaded(Input, frozen=True, kw_only=True, tag="instruments_loaded"):
    """Symbol rules, loaded or refreshed. `quarantined` maps symbols with broken rows to the reason."""

    instruments: tuple[Instrument, ...]
    quarantined: dict[str, str] = {}


class TimerFired(Input, frozen=True, kw_only=True, tag="timer_fired"):
    """A timer of the core is due."""

    key: str


class LinkChanged(Input, frozen=True, kw_only=True, tag="link_changed"):
    """A channel came up or went down. After `up` of the user stream the core asks for a full snapshot."""

    link: Literal["user_stream", "market_stream", "order_channel"]
    up: bool
    reason: str = ""


class ClockChecked(Input, frozen=True, kw_only=True, tag="clock_checked"):
    """The measured offset to the venue; `ok` False when it could not be measured."""

    ok: bool
    offset_ms: int = 0
    error_ms: int = 0


class CoverageChecked(Input, frozen=True, kw_only=True, tag="coverage_checked"):
    """One round of the coverage watch: positions and open algo orders of the symbols it looked at.

    It is also the watch's heartbeat. With `ok` False the round was not complete, or is not yet: `symbols` names those
    whose lists came all the same, and `code` is the venue's error code, 0 where it gave none. What `positions` shows
    holds without them; what it leaves out is flat only where `symbols` has it.
    """

    ok: bool
    asked_ms: int
    code: int = 0
    symbols: tuple[str, ...] = ()
    positions: tuple[PositionReport, ...] = ()
    algos: tuple[AlgoReport, ...] = ()


class RatesSeen(Input, frozen=True, kw_only=True, tag="rates_seen"):
    """ORDERS windows from response headers or from WS API replies, and the request weight of the minute."""

    windows: tuple[RateWindow, ...]
    weight: RateWindow | None = None


class JournalChanged(Input, frozen=True, kw_only=True, tag="journal_changed"):
    """The journal can, or cannot, be written."""

    ok: bool
    error: str = ""


class Command(Input, frozen=True, kw_only=True, tag="command"):
    """An operator's order.

    halt, reduce: at once. resume_prepare answers with what would be resumed and a token; resume_confirm needs the
    token (RULES 9, P29). flatten: one symbol or, with "", all. release: lift a symbol quarantine by name.
    adopt: accept what the venue shows after a lost journal (RULES 8).
    """

    what: Literal["halt", "reduce", "resume_prepare", "resume_confirm", "flatten", "release", "adopt", "shutdown"]
    by: str
    reason: str = ""
    symbol: str = ""
    token: str = ""


class Started(Input, frozen=True, kw_only=True, tag="started"):
    """The first input after the fold: the engine begins to reconcile. The commanded state is what was persisted."""

    version: str
    config_hash: str
    key_fingerprint: str
    boot_state: TradingState = TradingState.HALTED


AnyInput = (
    IntentReceived
    | PlaceAnswered
    | CancelAnswered
    | SettingAnswered
    | ReadAnswered
    | OrderSeen
    | FillSeen
    | AlgoSeen
    | AccountSeen
    | AccountConfigSeen
    | MarketSeen
    | InstrumentsLoaded
    | TimerFired
    | LinkChanged
    | ClockChecked
    | CoverageChecked
    | RatesSeen
    | JournalChanged
    | Command
    | Started
)
