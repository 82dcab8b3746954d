"""A real account's history as the venue's record: the lists that Binance returns, as lines like those of a venue log.

An export holds orders, conditional orders, executions and income, each with times in milliseconds. It holds no
requests, no pushes, no prices and no positions; what needs those is not checked from it. Fields that nobody here
reads are ignored (protocol notes C.7 to C.9, D.5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from holdfast.model.num import ZERO
from holdfast.model.orders import Side
from holdfast.verify.journal_view import JournalView
from holdfast.verify.records import (
    NO_NUMBER,
    AlgoLine,
    IncomeLine,
    OrderLine,
    PositionLine,
    Start,
    TradeLine,
    VenueRecord,
)
from holdfast.verify.report import VerifyError

FORGOTTEN_US: Final = 3 * 86_400 * 1_000_000
"""After so long the venue lists an order no more that ended without a fill (C.7)."""

BEFORE_US: Final = 60_000_000
"""The first order that is listed was planned at most so long before."""

_PLACE: Final = re.compile(r"\$\[(\d+)\]")


class Row(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A row of a list, with the venue's own names."""

    symbol: str = ""


class OrderRow(Row, frozen=True, kw_only=True, rename="camel"):
    """A row of allOrders."""

    order_id: int
    client_order_id: str
    status: str
    side: str
    type: str
    price: Decimal
    orig_qty: Decimal
    executed_qty: Decimal
    time: int
    update_time: int
    position_side: str = "BOTH"
    time_in_force: str = ""
    reduce_only: bool = False
    close_position: bool = False


class AlgoRow(Row, frozen=True, kw_only=True, rename="camel"):
    """A row of allAlgoOrders."""

    algo_id: int
    client_algo_id: str
    algo_status: str
    order_type: str
    side: str
    trigger_price: Decimal
    create_time: int
    update_time: int
    trigger_time: int = 0
    quantity: Decimal = ZERO
    price: Decimal = ZERO
    position_side: str = "BOTH"
    close_position: bool = False
    reduce_only: bool = False
    working_type: str = "CONTRACT_PRICE"
    actual_order_id: str = ""


class TradeRow(Row, frozen=True, kw_only=True, rename="camel"):
    """A row of userTrades."""

    id: int
    order_id: int
    side: str
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    realized_pnl: Decimal
    maker: bool
    time: int
    position_side: str = "BOTH"


class IncomeRowShown(Row, frozen=True, kw_only=True, rename="camel"):
    """A row of income."""

    income_type: str
    income: Decimal
    asset: str
    tran_id: int
    time: int
    trade_id: str | int | None = ""


class Export(NamedTuple):
    """The four lists: each row by its place in its file."""

    orders: dict[int, OrderRow]
    algos: dict[int, AlgoRow]
    trades: dict[int, TradeRow]
    income: dict[int, IncomeRowShown]


FILES: Final[dict[str, type[Row]]] = {
    "orders.json": OrderRow,
    "algo_orders.json": AlgoRow,
    "trades.json": TradeRow,
    "income.json": IncomeRowShown,
}
"""What a folder must hold, in the order of `Export`: each a JSON array, with the pages one after the other."""

IDENTITY: Final[dict[type[Row], Callable[[Any], object]]] = {
    OrderRow: lambda row: (row.symbol, row.order_id),
    AlgoRow: lambda row: row.algo_id,
    TradeRow: lambda row: (row.symbol, row.order_id, row.id),
    IncomeRowShown: lambda row: (row.income_type, row.tran_id, row.symbol, row.asset),
}


def rows_of(name: str, body: bytes) -> dict[int, Any]:
    """The rows of one file, by their place in it; one that two pages share counts once.

    Raises `VerifyError` naming the row at fault.
    """
    kind = FILES[name]
    found_none = NO_NUMBER.search(body)
    if found_none is not None:
        raise VerifyError(f"{found_none.group().decode()} is no number", record=name)
    try:
        rows: list[Row] = msgspec.json.decode(body, type=list[kind], strict=False)  # type: ignore[valid-type]
    except msgspec.DecodeError as error:
        found = _PLACE.search(str(error))
        where = f"{name} row {int(found.group(1)) + 1}" if found else name
        raise VerifyError(f"not what Binance returns: {error}", record=where) from None
    once: dict[object, Row] = {}
    found_at: dict[int, Row] = {}
    for place, row in enumerate(rows, start=1):
        first = once.setdefault(IDENTITY[kind](row), row)
        if first is row:
            found_at[place] = row
        elif first != row:
            raise VerifyError("says otherwise than an earlier row of the same id", record=f"{name} row {place}")
    return found_at


class Line(NamedTuple):
    """A line to be made: when, its place among those of the same time, where it stands in the export, and itself."""

    us: int
    rank: int
    number: int
    row: str
    kind: type[VenueRecord]
    fields: dict[str, Any]


class Records(NamedTuple):
    """An export as lines of a venue log. `rows`: for each line where it stands in the export."""

    lines: list[VenueRecord]
    rows: list[str]


Leg = tuple[str, str]


def lines_of(export: Export) -> list[Line]:
    """What is to be told, in the order of time. Raises `VerifyError` when there is nothing at all."""
    names = {(row.symbol, row.order_id): row.client_order_id for row in export.orders.values()}
    algos = {row.client_algo_id: row.algo_id for row in export.algos.values()}
    made: list[Line] = []
    for place, order in export.orders.items():
        made += _order_lines(order, f"orders.json row {place}", algos.get(order.client_order_id))
    for place, algo in export.algos.items():
        made += _algo_lines(algo, f"algo_orders.json row {place}")
    for place, trade in export.trades.items():
        made.append(_trade_line(trade, f"trades.json row {place}", names.get((trade.symbol, trade.order_id), "")))
    for place, income in export.income.items():
        made.append(_income_line(income, f"income.json row {place}"))
    if not made:
        raise VerifyError("the export is empty")
    return sorted(made, key=lambda line: (line.us, line.rank, line.number))


def records_of(made: list[Line], account: str, held: dict[Leg, Decimal]) -> Records:
    """The lines, numbered. `held`: what was open before the first of them; positions go on from there."""
    first = Line(made[0].us, 0, 0, "the export", Start, {"format": 1, "engine": "export"})
    lines: list[VenueRecord] = []
    rows: list[str] = []
    held = dict(held)
    for line in [first, *made]:
        lines.append(line.kind(n=len(lines) + 1, us=line.us, **{"account": account, **line.fields}))
        rows.append(line.row)
        taken = lines[-1]
        if isinstance(taken, TradeLine):
            leg = (taken.symbol, taken.position_side)
            held[leg] = held.get(leg, ZERO) + taken.signed
            after = PositionLine(
                n=len(lines) + 1, us=line.us, account=account, symbol=leg[0], position_side=leg[1], amt=held[leg]
            )
            lines.append(after)
            rows.append(line.row)
    return Records(lines, rows)


def _order_lines(row: OrderRow, where: str, algo_id: int | None) -> Iterable[Line]:
    fields: dict[str, Any] = {
        "symbol": row.symbol,
        "order_id": row.order_id,
        "client_id": row.client_order_id,
        "side": row.side,
        "position_side": row.position_side,
        "type": row.type,
        "tif": row.time_in_force,
        "price": row.price,
        "qty": row.orig_qty,
        "reduce_only": row.reduce_only,
        "close_position": row.close_position,
        "algo_id": algo_id,
    }
    yield Line(row.time * 1_000, 1, row.order_id, where, OrderLine, {**fields, "status": "NEW", "executed": ZERO})
    if row.status != "NEW":
        last = {**fields, "status": row.status, "executed": row.executed_qty}
        yield Line(max(row.update_time, row.time) * 1_000, 5, row.order_id, where, OrderLine, last)


def _algo_lines(row: AlgoRow, where: str) -> Iterable[Line]:
    if row.actual_order_id and not row.actual_order_id.isdecimal():
        raise VerifyError(f"actualOrderId is no order id: {row.actual_order_id[:20]!r}", record=where)
    fields: dict[str, Any] = {
        "symbol": row.symbol,
        "algo_id": row.algo_id,
        "client_id": row.client_algo_id,
        "side": row.side,
        "position_side": row.position_side,
        "type": row.order_type,
        "trigger": row.trigger_price,
        "qty": row.quantity,
        "close_position": row.close_position,
        "reduce_only": row.reduce_only,
        "working_type": row.working_type,
        "order_id": int(row.actual_order_id) if row.actual_order_id else None,
    }
    # What an end was reached through is known: an algo that triggered says when.
    steps = ["NEW"]
    if row.trigger_time or row.algo_status in ("TRIGGERING", "TRIGGERED", "FINISHED"):
        steps.append("TRIGGERING")
    if row.algo_status in ("TRIGGERED", "FINISHED"):
        steps.append("TRIGGERED")
    if row.algo_status not in steps:
        steps.append(row.algo_status)
    times = {"NEW": row.create_time, "TRIGGERING": row.trigger_time or row.update_time}
    for rank, status in enumerate(steps):
        at_ms = max(times.get(status, row.update_time), row.create_time)
        place = (0, 0, 6, 7)[rank] if status != "CANCELED" else 6
        yield Line(at_ms * 1_000, place, row.algo_id, where, AlgoLine, {**fields, "status": status})


def _trade_line(row: TradeRow, where: str, client_id: str) -> Line:
    fields = {
        "symbol": row.symbol,
        "order_id": row.order_id,
        "client_id": client_id,
        "trade_id": row.id,
        "side": row.side,
        "position_side": row.position_side,
        "price": row.price,
        "qty": row.qty,
        "fee": row.commission,
        "fee_asset": row.commission_asset,
        "realized": row.realized_pnl,
        "maker": row.maker,
    }
    return Line(row.time * 1_000, 2, row.id, where, TradeLine, fields)


def _income_line(row: IncomeRowShown, where: str) -> Line:
    fields = {
        "tran_id": row.tran_id,
        "type": row.income_type,
        "asset": row.asset,
        "amount": row.income,
        "symbol": row.symbol,
        "trade_id": row.trade_id or None,
    }
    return Line(row.time * 1_000, 3, row.tran_id, where, IncomeLine, fields)


def forget_outside(view: JournalView, made: list[Line]) -> dict[Leg, Decimal]:
    """Drop from the journal's side what the venue's lists cannot show: what is older than they are, and orders that
    ended without a fill so long ago that they are listed no more. Answers what was open when the lists begin."""
    from_us, until_us = made[0].us, made[-1].us
    held: dict[Leg, Decimal] = {}
    for key in [key for key, booked in view.fills.items() if booked.fill.venue_ms * 1_000 < from_us]:
        booked = view.fills.pop(key)
        view.cut.add(booked.trade_id)
        leg = (booked.fill.symbol, booked.fill.position_side.value)
        signed = booked.fill.quantity if booked.fill.side is Side.BUY else -booked.fill.quantity
        held[leg] = held.get(leg, ZERO) + signed
    for name in [name for name, booked in view.incomes.items() if booked.row.venue_ms * 1_000 < from_us]:
        view.cut.add(view.incomes.pop(name).trade_id)
    shown = {line.fields["client_id"] for line in made if line.kind in (OrderLine, AlgoLine)}
    filled = {booked.client_id for booked in view.fills.values()}
    first_us = min((planned.event.at_ms * 1_000 for planned in view.planned.values()), default=from_us)
    if first_us >= from_us - BEFORE_US:
        from_us = first_us  # The lists go back as far as the journal does.
    for client_id in view.planned:
        if client_id not in shown and client_id not in filled and _is_old(view, client_id, from_us, until_us):
            view.hidden.add(client_id)
    view.order_reports = {
        key: told
        for key, told in view.order_reports.items()
        if told[-1][1].client_id not in view.hidden and told[-1][1].venue_ms * 1_000 >= from_us
    }
    return held


def _is_old(view: JournalView, client_id: str, from_us: int, until_us: int) -> bool:
    planned_us = view.planned[client_id].event.at_ms * 1_000
    last_us = max([planned_us, *(a.event.at_ms * 1_000 for a in view.answers.get(client_id, ()))])
    return planned_us < from_us or last_us < until_us - FORGOTTEN_US
