"""Frames of the user and market streams → inputs of the core (protocol notes D.7, E, F.2).

Frames come raw or wrapped in `{"stream", "data"}`. Each kind has a typed decoder, chosen by the frame's `e`. A kind
nobody uses is named and ignored; a kind we live by that cannot be read is a hole in the evidence and said so.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from holdfast.binance.replies import Unreadable, decoder, number, whole
from holdfast.binance.statuses import algo_status, expiry_reason, order_status
from holdfast.model import num
from holdfast.model.inputs import AccountConfigSeen, AccountSeen, AlgoSeen, FillSeen, MarketSeen, OrderSeen
from holdfast.model.orders import PositionSide, Side
from holdfast.model.reports import AlgoReport, BalanceReport, Channel, Fill, OrderReport, PositionReport

COIN_MARGINED: Final = 2
"""`st` of frames of the coin-margined side, which shares the account's stream since 2026-06-30."""

FILLING: Final = ("TRADE", "CALCULATED")
"""Execution types that can carry an execution: ours, and those of liquidation and ADL."""


class KeyExpired(NamedTuple):
    """listenKeyExpired: nothing more will come, although the connection stays open."""

    listen_key: str


class ContractChanged(NamedTuple):
    """contractInfo: a contract was listed, halted or will end, or has other leverage tiers. What is so now is read."""

    symbol: str


class Ignored(NamedTuple):
    """A frame that says nothing the engine uses."""

    kind: str


class Undecodable(NamedTuple):
    """A frame that would have been evidence but cannot be read: a gap, to be filled by asking."""

    kind: str
    detail: str


UserInput = OrderSeen | FillSeen | AlgoSeen | AccountSeen | AccountConfigSeen
UserFrame = UserInput | KeyExpired | Ignored | Undecodable
MarketFrame = MarketSeen | ContractChanged | Ignored | Undecodable


class _OrderFields(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    symbol: str = msgspec.field(name="s")
    client_id: str = msgspec.field(name="c")
    side: Side = msgspec.field(name="S")
    status: str = msgspec.field(name="X")
    execution: str = msgspec.field(name="x")
    order_id: int = msgspec.field(name="i")
    quantity: Decimal = msgspec.field(name="q")
    price: Decimal = msgspec.field(name="p")
    average: Decimal = msgspec.field(name="ap")
    executed: Decimal = msgspec.field(name="z")
    last_quantity: Decimal = msgspec.field(name="l")
    last_price: Decimal = msgspec.field(name="L")
    trade_id: int = msgspec.field(name="t")
    maker: bool = msgspec.field(name="m")
    reduce_only: bool = msgspec.field(name="R")
    realized: Decimal = msgspec.field(name="rp")
    fee: Decimal | None = msgspec.field(name="n", default=None)
    fee_asset: str | None = msgspec.field(name="N", default=None)
    position_side: PositionSide = msgspec.field(name="ps", default=PositionSide.BOTH)
    expiry: str = msgspec.field(name="er", default="")


class _AlgoFields(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    client_id: str = msgspec.field(name="caid")
    algo_id: int = msgspec.field(name="aid")
    type: str = msgspec.field(name="o")
    symbol: str = msgspec.field(name="s")
    side: Side = msgspec.field(name="S")
    status: str = msgspec.field(name="X")
    quantity: str | None = msgspec.field(name="q", default="")
    trigger_price: str | None = msgspec.field(name="tp", default="")
    child_id: str | int | None = msgspec.field(name="ai", default="")
    position_side: PositionSide = msgspec.field(name="ps", default=PositionSide.BOTH)
    close_position: bool = msgspec.field(name="cp", default=False)
    reduce_only: bool = msgspec.field(name="R", default=False)
    failure: str | None = msgspec.field(name="rm", default="")


class _Balance(msgspec.Struct, frozen=True, gc=False):
    asset: str = msgspec.field(name="a")
    wallet: Decimal = msgspec.field(name="wb")


class _Position(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    symbol: str = msgspec.field(name="s")
    amount: Decimal = msgspec.field(name="pa")
    entry_price: Decimal = msgspec.field(name="ep")
    unrealized: Decimal | None = msgspec.field(name="up", default=None)
    position_side: PositionSide = msgspec.field(name="ps", default=PositionSide.BOTH)


class _AccountFields(msgspec.Struct, frozen=True, gc=False):
    reason: str = msgspec.field(name="m")
    balances: list[_Balance] = msgspec.field(name="B", default_factory=list)
    positions: list[_Position] = msgspec.field(name="P", default_factory=list)


class _LeverageFields(msgspec.Struct, frozen=True, gc=False):
    symbol: str = msgspec.field(name="s")
    leverage: int = msgspec.field(name="l")


class _MultiAssetsFields(msgspec.Struct, frozen=True, gc=False):
    on: bool = msgspec.field(name="j")


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="e", gc=False):
    side_of_business: int = msgspec.field(name="st", default=1)


class _OrderTradeUpdate(_Event, frozen=True, kw_only=True, tag="ORDER_TRADE_UPDATE"):
    venue_ms: int = msgspec.field(name="T")
    order: _OrderFields = msgspec.field(name="o")


class _TradeLite(_Event, frozen=True, kw_only=True, tag="TRADE_LITE"):
    venue_ms: int = msgspec.field(name="T")
    symbol: str = msgspec.field(name="s")
    client_id: str = msgspec.field(name="c")
    side: Side = msgspec.field(name="S")
    price: Decimal = msgspec.field(name="L")
    quantity: Decimal = msgspec.field(name="l")
    maker: bool = msgspec.field(name="m")
    trade_id: int = msgspec.field(name="t")
    order_id: int = msgspec.field(name="i")


class _AlgoUpdate(_Event, frozen=True, kw_only=True, tag="ALGO_UPDATE"):
    venue_ms: int = msgspec.field(name="T")
    algo: _AlgoFields = msgspec.field(name="o")


class _AccountUpdate(_Event, frozen=True, kw_only=True, tag="ACCOUNT_UPDATE"):
    venue_ms: int = msgspec.field(name="T")
    account: _AccountFields = msgspec.field(name="a")


class _AccountConfigUpdate(_Event, frozen=True, kw_only=True, tag="ACCOUNT_CONFIG_UPDATE"):
    leverage: _LeverageFields | None = msgspec.field(name="ac", default=None)
    multi_assets: _MultiAssetsFields | None = msgspec.field(name="ai", default=None)


class _ListenKeyExpired(_Event, frozen=True, kw_only=True, tag="listenKeyExpired"):
    listen_key: str = msgspec.field(name="listenKey", default="")


class _BookTicker(_Event, frozen=True, kw_only=True, tag="bookTicker"):
    symbol: str = msgspec.field(name="s")
    bid: Decimal = msgspec.field(name="b")
    ask: Decimal = msgspec.field(name="a")
    venue_ms: int = msgspec.field(name="T")


class _MarkPrice(_Event, frozen=True, kw_only=True, tag="markPriceUpdate"):
    symbol: str = msgspec.field(name="s")
    mark: Decimal = msgspec.field(name="p")
    venue_ms: int = msgspec.field(name="E")


class _ContractInfo(_Event, frozen=True, kw_only=True, tag="contractInfo"):
    symbol: str = msgspec.field(name="s")


_UserEvent = _OrderTradeUpdate | _TradeLite | _AlgoUpdate | _AccountUpdate | _AccountConfigUpdate | _ListenKeyExpired
_MarketEvent = _BookTicker | _MarkPrice | _ContractInfo


class _WrappedUser(msgspec.Struct, frozen=True, gc=False):
    data: _UserEvent


class _WrappedMarket(msgspec.Struct, frozen=True, gc=False):
    data: _MarketEvent


class _KindData(msgspec.Struct, frozen=True, gc=False):
    e: str = ""


class _Kind(msgspec.Struct, frozen=True, gc=False):
    e: str = ""
    data: _KindData | None = None


_user: Final[msgspec.json.Decoder[_UserEvent]] = msgspec.json.Decoder(_UserEvent, strict=False)
_market: Final[msgspec.json.Decoder[_MarketEvent]] = msgspec.json.Decoder(_MarketEvent, strict=False)
_wrapped_user: Final = decoder(_WrappedUser)
_wrapped_market: Final = decoder(_WrappedMarket)
_kind: Final = decoder(_Kind)
_WRAPPED: Final = b'{"stream"'

USER_KINDS: Final = (
    "ORDER_TRADE_UPDATE",
    "TRADE_LITE",
    "ALGO_UPDATE",
    "ACCOUNT_UPDATE",
    "ACCOUNT_CONFIG_UPDATE",
    "listenKeyExpired",
)
MARKET_KINDS: Final = ("bookTicker", "markPriceUpdate", "contractInfo")


def user_frame(message: bytes, now_ms: int) -> UserFrame:
    """One frame of the user stream, as an input stamped `now_ms`. Never raises."""
    try:
        event = _wrapped_user.decode(message).data if message.startswith(_WRAPPED) else _user.decode(message)
        if event.side_of_business == COIN_MARGINED:
            return Ignored("coin-margined")
        return _user_input(event, now_ms)
    except (msgspec.DecodeError, Unreadable, UnicodeDecodeError, ArithmeticError) as error:
        return _not_read(message, USER_KINDS, error)


def market_frame(message: bytes, now_ms: int) -> MarketFrame:
    """One frame of a market stream, as an input stamped `now_ms`. Never raises."""
    try:
        event = _wrapped_market.decode(message).data if message.startswith(_WRAPPED) else _market.decode(message)
        if event.side_of_business == COIN_MARGINED:
            return Ignored("coin-margined")
        if isinstance(event, _BookTicker):
            # An empty side of the book is written as 0; a price of 0 must not reach anybody.
            bid, ask = number(event.bid) or None, number(event.ask) or None
            return MarketSeen(now_ms=now_ms, symbol=event.symbol, bid=bid, ask=ask, venue_ms=event.venue_ms)
        if isinstance(event, _ContractInfo):
            return ContractChanged(event.symbol)
        mark = number(event.mark) or None
        return MarketSeen(now_ms=now_ms, symbol=event.symbol, mark=mark, venue_ms=event.venue_ms)
    except (msgspec.DecodeError, Unreadable, UnicodeDecodeError, ArithmeticError) as error:
        return _not_read(message, MARKET_KINDS, error)


def client_id_of(frame: UserInput) -> str:
    """The client id that an event names; "" for account events."""
    if isinstance(frame, OrderSeen | AlgoSeen):
        return frame.report.client_id
    return frame.fill.client_id if isinstance(frame, FillSeen) else ""


def _not_read(message: bytes, ours: tuple[str, ...], error: Exception) -> Ignored | Undecodable:
    try:
        found = _kind.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Undecodable("", str(error)[:200])
    kind = found.data.e if found.data is not None else found.e
    return Undecodable(kind, str(error)[:200]) if kind in ours else Ignored(kind)


def _user_input(event: _UserEvent, now_ms: int) -> UserFrame:
    if isinstance(event, _OrderTradeUpdate):
        return _order_seen(event, now_ms)
    if isinstance(event, _TradeLite):
        return FillSeen(now_ms=now_ms, fill=_early_fill(event))
    if isinstance(event, _AlgoUpdate):
        return AlgoSeen(now_ms=now_ms, report=_algo_report(event))
    if isinstance(event, _AccountUpdate):
        return _account_seen(event, now_ms)
    if isinstance(event, _AccountConfigUpdate):
        leverage, multi_assets = event.leverage, event.multi_assets
        return AccountConfigSeen(
            now_ms=now_ms,
            symbol=leverage.symbol if leverage else "",
            leverage=leverage.leverage if leverage else None,
            multi_assets=multi_assets.on if multi_assets else None,
        )
    return KeyExpired(event.listen_key)


def _order_seen(event: _OrderTradeUpdate, now_ms: int) -> OrderSeen:
    order = event.order
    status, unknown = order_status(order.status)
    executed = number(order.executed)
    report = OrderReport(
        channel=Channel.STREAM,
        symbol=order.symbol,
        client_id=order.client_id,
        order_id=order.order_id,
        side=order.side,
        status=status,
        executed=executed,
        quantity=number(order.quantity),
        price=number(order.price),
        average_price=number(order.average) if executed else None,
        position_side=order.position_side,
        reduce_only=order.reduce_only,
        venue_ms=event.venue_ms,
        reason=unknown or expiry_reason(order.expiry),
    )
    filled = order.trade_id and order.execution in FILLING and order.last_quantity
    return OrderSeen(now_ms=now_ms, report=report, fill=_fill(event) if filled else None)


def _fill(event: _OrderTradeUpdate) -> Fill:
    order = event.order
    # A fee without its asset, or the other way round, is no fee: the fill then waits for userTrades (fault B11).
    fee = number(order.fee) if order.fee is not None and order.fee_asset else None
    return Fill(
        channel=Channel.STREAM,
        symbol=order.symbol,
        order_id=order.order_id,
        trade_id=order.trade_id,
        side=order.side,
        price=number(order.last_price),
        quantity=number(order.last_quantity),
        fee=fee,
        fee_asset=order.fee_asset or "" if fee is not None else "",
        realized=number(order.realized),
        maker=order.maker,
        client_id=order.client_id,
        position_side=order.position_side,
        venue_ms=event.venue_ms,
    )


def _early_fill(event: _TradeLite) -> Fill:
    return Fill(
        channel=Channel.STREAM,
        symbol=event.symbol,
        order_id=event.order_id,
        trade_id=event.trade_id,
        side=event.side,
        price=number(event.price),
        quantity=number(event.quantity),
        fee=None,
        fee_asset="",
        realized=num.ZERO,
        maker=event.maker,
        client_id=event.client_id,
        venue_ms=event.venue_ms,
    )


def _algo_report(event: _AlgoUpdate) -> AlgoReport:
    algo = event.algo
    status, unknown = algo_status(algo.status)
    return AlgoReport(
        channel=Channel.STREAM,
        symbol=algo.symbol,
        client_id=algo.client_id,
        algo_id=algo.algo_id,
        side=algo.side,
        status=status,
        trigger_price=number(algo.trigger_price),
        type=algo.type,
        close_position=algo.close_position,
        reduce_only=algo.reduce_only,
        quantity=number(algo.quantity),
        position_side=algo.position_side,
        order_id=whole(algo.child_id) or None,
        venue_ms=event.venue_ms,
        reason=unknown or algo.failure or "",
    )


def _account_seen(event: _AccountUpdate, now_ms: int) -> AccountSeen:
    account = event.account
    return AccountSeen(
        now_ms=now_ms,
        reason=account.reason,
        balances=tuple(BalanceReport(asset=row.asset, wallet=number(row.wallet)) for row in account.balances),
        positions=tuple(_position_report(row, event.venue_ms) for row in account.positions),
        venue_ms=event.venue_ms,
    )


def _position_report(row: _Position, venue_ms: int) -> PositionReport:
    return PositionReport(
        symbol=row.symbol,
        amount=number(row.amount),
        entry_price=number(row.entry_price),
        position_side=row.position_side,
        unrealized=None if row.unrealized is None else number(row.unrealized),
        venue_ms=venue_ms,
    )
