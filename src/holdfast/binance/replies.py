"""Answers of the venue turned into reports. Whatever cannot be read raises `Unreadable`; nothing becomes empty.

Every decoder accepts numbers as strings, because demo and live differ there (protocol notes D.5).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

import msgspec

from holdfast.binance import endpoints as ep
from holdfast.binance import payloads as pl
from holdfast.binance.endpoints import Endpoint
from holdfast.binance.statuses import algo_status, order_status
from holdfast.model import num
from holdfast.model.reports import (
    AlgoReport,
    BalanceReport,
    Channel,
    Fill,
    IncomeRow,
    OrderReport,
    PositionReport,
    RateWindow,
    SymbolConfig,
)

T = TypeVar("T")

INTERVALS_MS: Final[dict[str, int]] = {"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}

_SURELY_IN_BOUNDS: Final = 20
"""A finite number written without exponent in so few characters passes `num.check`; a test compares the two."""


class Unreadable(ValueError):
    """The body is not what the venue promises for this request: it proves nothing."""


class Findings(msgspec.Struct, kw_only=True):
    """What the answers to one read contained, over all its pages."""

    orders: list[OrderReport] = []
    algos: list[AlgoReport] = []
    fills: list[Fill] = []
    positions: list[PositionReport] = []
    balances: list[BalanceReport] = []
    incomes: list[IncomeRow] = []
    symbol_configs: list[SymbolConfig] = []
    rate_windows: list[RateWindow] = []
    hedge_mode: bool | None = None
    multi_assets: bool | None = None


class Page(NamedTuple):
    """How much one answer held, and where the next page would begin."""

    rows: int = 1
    last_id: int = 0
    last_ms: int = 0


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """A decoder that takes numbers as strings."""
    return msgspec.json.Decoder(kind, strict=False)


def read(reader: msgspec.json.Decoder[T], body: bytes | msgspec.Raw) -> T:
    """Decode, or raise `Unreadable`."""
    try:
        return reader.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError) as error:
        raise Unreadable(str(error)[:200]) from None


def number(text: Decimal | str | None) -> Decimal:
    """A finite number; "" and null are 0, as the venue writes "none"."""
    # The user stream goes through here ten times per event; the full check costs as much as the decoding.
    if isinstance(text, Decimal):
        plain = str(text)
        if len(plain) <= _SURELY_IN_BOUNDS and "E" not in plain and text.is_finite():
            return text
    elif not text:
        return num.ZERO
    try:
        return num.check(text) if isinstance(text, Decimal) else num.parse(text)
    except num.NumberError as error:
        raise Unreadable(f"not a number: {error}"[:200]) from None


def _optional(text: str | None) -> Decimal | None:
    return None if text is None or text == "" else number(text)


def whole(text: str | int | None) -> int:
    """An integer that may come as text; "" and null are 0."""
    try:
        return int(text or 0)
    except ValueError:
        raise Unreadable(f"not an integer: {str(text)[:40]!r}") from None


_error: Final = decoder(pl.ErrorPayload)
_order: Final = decoder(pl.OrderPayload)
_orders: Final = decoder(list[pl.OrderPayload])
_algo: Final = decoder(pl.AlgoPayload)
_algos: Final = decoder(list[pl.AlgoPayload])
_algo_cancel: Final = decoder(pl.AlgoCancelPayload)
_trades: Final = decoder(list[pl.TradePayload])
_positions: Final = decoder(list[pl.PositionPayload])
_account: Final = decoder(pl.AccountPayload)
_symbol_configs: Final = decoder(list[pl.SymbolConfigPayload])
_incomes: Final = decoder(list[pl.IncomePayload])
_rate_limits: Final = decoder(list[pl.RateLimitPayload])
_account_config: Final = decoder(pl.AccountConfigPayload)
_server_time: Final = decoder(pl.ServerTimePayload)
_listen_key: Final = decoder(pl.ListenKeyPayload)
_commission: Final = decoder(pl.CommissionPayload)
_restrictions: Final = decoder(pl.RestrictionsPayload)
_BookTickers = pl.BookTickerPayload | list[pl.BookTickerPayload]
_book_tickers: Final[msgspec.json.Decoder[_BookTickers]] = msgspec.json.Decoder(_BookTickers, strict=False)


def error_of(body: bytes) -> pl.ErrorPayload | None:
    """The error object of a body, or None when it is none (HTML, empty, truncated)."""
    try:
        return read(_error, body)
    except Unreadable:
        return None


def order_of(body: bytes | msgspec.Raw, channel: Channel) -> OrderReport:
    """The report of one plain order. Raises `Unreadable`."""
    return order_report(read(_order, body), channel)


def algo_of(body: bytes | msgspec.Raw, channel: Channel) -> AlgoReport:
    """The report of one algo order. Raises `Unreadable`."""
    return algo_report(read(_algo, body), channel)


def algo_cancel_of(body: bytes | msgspec.Raw) -> pl.AlgoCancelPayload:
    """What an algo cancel named. Raises `Unreadable`."""
    return read(_algo_cancel, body)


def order_report(row: pl.OrderPayload, channel: Channel) -> OrderReport:
    """A plain order in our words."""
    status, reason = order_status(row.status)
    executed = number(row.executed_qty)
    return OrderReport(
        channel=channel,
        symbol=row.symbol,
        client_id=row.client_order_id,
        order_id=row.order_id,
        side=row.side,
        status=status,
        executed=executed,
        quantity=number(row.orig_qty),
        price=number(row.price),
        average_price=_optional(row.avg_price) if executed else None,
        position_side=row.position_side,
        reduce_only=row.reduce_only,
        venue_ms=row.update_time,
        reason=reason,
    )


def algo_report(row: pl.AlgoPayload, channel: Channel) -> AlgoReport:
    """An algo order in our words."""
    status, reason = algo_status(row.algo_status)
    return AlgoReport(
        channel=channel,
        symbol=row.symbol,
        client_id=row.client_algo_id,
        algo_id=row.algo_id,
        side=row.side,
        status=status,
        trigger_price=number(row.trigger_price),
        type=row.order_type,
        close_position=row.close_position,
        reduce_only=row.reduce_only,
        quantity=number(row.quantity),
        position_side=row.position_side,
        order_id=whole(row.actual_order_id) or None,
        venue_ms=whole(row.update_time),
        reason=reason,
    )


def fill_report(row: pl.TradePayload) -> Fill:
    """A row of userTrades: complete, but without the client id."""
    return Fill(
        channel=Channel.LIST,
        symbol=row.symbol,
        order_id=row.order_id,
        trade_id=row.id,
        side=row.side,
        price=number(row.price),
        quantity=number(row.qty),
        fee=number(row.commission),
        fee_asset=row.commission_asset,
        realized=number(row.realized_pnl),
        maker=row.maker,
        position_side=row.position_side,
        venue_ms=row.time,
    )


def position_report(row: pl.PositionPayload) -> PositionReport:
    """A row of positionRisk."""
    return PositionReport(
        symbol=row.symbol,
        amount=number(row.position_amt),
        entry_price=number(row.entry_price),
        position_side=row.position_side,
        mark_price=_optional(row.mark_price),
        liquidation_price=_optional(row.liquidation_price),
        unrealized=_optional(row.un_realized_profit),
        venue_ms=row.update_time,
    )


def held_report(row: pl.HeldPayload) -> PositionReport:
    """A position as the account tells it, without its price."""
    amount = number(row.position_amt)
    return PositionReport(symbol=row.symbol, amount=amount, entry_price=num.ZERO, position_side=row.position_side)


def balance_report(row: pl.AssetPayload) -> BalanceReport:
    """One asset of the account."""
    return BalanceReport(
        asset=row.asset,
        wallet=number(row.wallet_balance),
        available=number(row.available_balance),
        cross_unrealized=number(row.cross_un_pnl),
    )


def income_row(row: pl.IncomePayload) -> IncomeRow:
    """One money movement."""
    return IncomeRow(
        type=row.income_type,
        tran_id=row.tran_id,
        asset=row.asset,
        amount=number(row.income),
        symbol=row.symbol or "",
        trade_id=str(row.trade_id or ""),
        venue_ms=row.time,
    )


def rate_window(row: pl.RateLimitPayload) -> RateWindow | None:
    """A window in milliseconds; None for an interval nobody knows."""
    unit = INTERVALS_MS.get(row.interval)
    if unit is None:
        return None
    return RateWindow(interval_ms=unit * row.interval_num, count=row.count, limit=row.limit)


def server_time_of(body: bytes) -> int:
    """The venue's time in milliseconds. Raises `Unreadable`."""
    return read(_server_time, body).server_time


def listen_key_of(body: bytes) -> str:
    """The listen key, or "" where the reply to an extension names none. Raises `Unreadable`."""
    return read(_listen_key, body).listen_key


def commission_of(body: bytes) -> pl.CommissionPayload:
    """Maker and taker rates of a symbol. Raises `Unreadable`."""
    return read(_commission, body)


def restrictions_of(body: bytes) -> pl.RestrictionsPayload:
    """What the key may do. Raises `Unreadable`."""
    return read(_restrictions, body)


def book_tickers_of(body: bytes) -> list[pl.BookTickerPayload]:
    """Best bid and ask of one symbol, or of all of them. Raises `Unreadable`."""
    rows = read(_book_tickers, body)
    return rows if isinstance(rows, list) else [rows]


def _one_order(body: bytes, into: Findings) -> Page:
    into.orders.append(order_of(body, Channel.QUERY))
    return Page()


def _one_algo(body: bytes, into: Findings) -> Page:
    into.algos.append(algo_of(body, Channel.QUERY))
    return Page()


def _order_list(body: bytes, into: Findings) -> Page:
    rows = read(_orders, body)
    into.orders += [order_report(row, Channel.LIST) for row in rows]
    return Page(len(rows), max((row.order_id for row in rows), default=0))


def _algo_list(body: bytes, into: Findings) -> Page:
    rows = read(_algos, body)
    into.algos += [algo_report(row, Channel.LIST) for row in rows]
    return Page(len(rows))


def _trade_list(body: bytes, into: Findings) -> Page:
    rows = read(_trades, body)
    into.fills += [fill_report(row) for row in rows]
    return Page(len(rows), max((row.id for row in rows), default=0))


def _position_list(body: bytes, into: Findings) -> Page:
    rows = read(_positions, body)
    into.positions += [position_report(row) for row in rows]
    return Page(len(rows))


def _balances(body: bytes, into: Findings) -> Page:
    account = read(_account, body)
    into.balances += [balance_report(row) for row in account.assets]
    into.positions += [held_report(row) for row in account.positions]
    return Page(len(account.assets))


def _symbol_config_list(body: bytes, into: Findings) -> Page:
    rows = read(_symbol_configs, body)
    into.symbol_configs += [
        SymbolConfig(symbol=row.symbol, leverage=row.leverage, margin_type=row.margin_type) for row in rows
    ]
    return Page(len(rows))


def _income_list(body: bytes, into: Findings) -> Page:
    rows = read(_incomes, body)
    into.incomes += [income_row(row) for row in rows]
    return Page(len(rows), last_ms=max((row.time for row in rows), default=0))


def _order_limits(body: bytes, into: Findings) -> Page:
    rows = read(_rate_limits, body)
    windows = [rate_window(row) for row in rows if row.rate_limit_type == "ORDERS"]
    into.rate_windows.extend(window for window in windows if window is not None)
    return Page(len(rows))


def _modes(body: bytes, into: Findings) -> Page:
    config = read(_account_config, body)
    into.hedge_mode, into.multi_assets = config.dual_side_position, config.multi_assets_margin
    return Page()


READERS: Final[dict[Endpoint, Callable[[bytes, Findings], Page]]] = {
    ep.QUERY_ORDER: _one_order,
    ep.QUERY_ALGO: _one_algo,
    ep.OPEN_ORDERS: _order_list,
    ep.OPEN_ALGOS: _algo_list,
    ep.ALL_ORDERS: _order_list,
    ep.USER_TRADES: _trade_list,
    ep.POSITIONS: _position_list,
    ep.ACCOUNT: _balances,
    ep.SYMBOL_CONFIG: _symbol_config_list,
    ep.INCOME: _income_list,
    ep.ORDER_LIMITS: _order_limits,
    ep.ACCOUNT_CONFIG: _modes,
}
"""How the answer to each read is taken in: rows are added to the findings, and the page is described."""
