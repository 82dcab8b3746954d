"""The screen of `holdfast status`. Columns give way on narrow screens."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from holdfast.cli.demo_view import age, coloured, moment, money, price

if TYPE_CHECKING:
    from holdfast.cli.show import Look
    from holdfast.service.views import AlarmView, PositionView, StateView, TradeView

STATE_STYLES: Final = {"active": "bold green", "reducing": "bold yellow", "halted": "bold red"}
COVER_STYLES: Final = {"covered": "green", "uncovered": "bold red", "flattening": "yellow", "foreign": "bold yellow"}
VENUE_STYLES: Final = {"live": "bold white on red", "demo": "bold black on yellow", "paper": "bold black on cyan"}


def overview(look: Look, width: int) -> RenderableType:
    """Everything on one screen."""
    state: StateView = look.state
    # Nothing may have happened for hours, and a trade grows old all the same.
    now_ms = max(state.last_event_ms, look.seen_ms)
    parts: list[RenderableType] = [_head(state), _facts(state)]
    parts.append(_positions(look.positions, width) if look.positions else Text("no position"))
    if look.trades:
        parts.append(_trades(look.trades, now_ms, width))
    if look.alarms:
        parts.append(_alarms(look.alarms, now_ms, width))
    return Group(*parts)


def _head(state: StateView) -> Text:
    venue = Text(f" {state.venue.upper()} ", VENUE_STYLES.get(state.venue, "bold"))
    effective = Text(state.effective, STATE_STYLES.get(state.effective, ""))
    head = Text.assemble(venue, f"  account {state.account}  ", effective, f"  (commanded {state.commanded})")
    if state.reasons:
        head.append(f"  because: {', '.join(state.reasons)}", "yellow")
    return head


def _facts(state: StateView) -> RenderableType:
    counts = state.counts
    rows = {
        "balance": "  ".join(f"{money(amount, plus=False)} {asset}" for asset, amount in state.balances.items()) or "–",
        "intents": f"{counts.intents}, accepted {counts.accepted}, denied {counts.denied}",
        "orders": f"{state.live_orders} live, {state.unknown_orders} unknown, {counts.fills} fills so far",
        "journal": f"record {state.seq}, {moment(state.last_event_ms)} UTC, Holdfast {state.version}",
        "daily loss": state.daily_loss,
        "flattening": _pairs(state.flattening.items()),
        "settling": ", ".join(state.quarantines),
        "halted symbols": _pairs(state.halted_symbols.items()),
        "not ours": ", ".join(f"{price(amount)} {symbol}" for symbol, amount in state.foreign.items()),
    }
    grid = Table.grid(padding=(0, 2))
    for name, text in rows.items():
        if text:
            grid.add_row(Text(name, "dim"), text)
    return grid


def _pairs(items: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {text}" for name, text in items)


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        name, _, right = column.partition(">")
        table.add_column(name, justify="right" if ">" in column else "left", no_wrap=not right)
    return table


def _positions(positions: list[PositionView], width: int) -> Table:
    columns = ["position", "amount>", "stop>", "cover"] + (["entry>", "mark>", "profit>"] if width >= 72 else [])
    table = _table(*columns, *(["trade"] if width >= 100 else []))
    for row in positions:
        cells: list[Text | str] = [row.symbol, price(row.amount), price(row.stop_price)]
        cells.append(Text(row.cover, COVER_STYLES.get(row.cover, "")))
        if width >= 72:
            profit = Text("–") if row.unrealized is None else coloured(row.unrealized)
            cells += [price(row.entry_price), price(row.mark), profit]
        table.add_row(*cells, *([row.trade_id] if width >= 100 else []))
    return table


def _trades(trades: list[TradeView], now_ms: int, width: int) -> Table:
    columns = ["symbol", "side", "phase", "gross>"]
    columns += ["intent"] if width >= 60 else []
    columns += ["quantity>", "entry>", "stop>", "age>"] if width >= 90 else []
    table = _table(*columns)
    for row in trades:
        side = Text(row.direction, "green" if row.direction == "long" else "red")
        gross = coloured(row.gross.get(row.margin_asset, Decimal(0)))
        cells: list[Text | str] = [row.symbol, side, row.phase, gross]
        cells += [row.intent_id or row.adopted] if width >= 60 else []
        if width >= 90:
            shown = row.quantity if row.entry_price is None else row.open_quantity
            cells += [price(shown), price(row.entry_price), price(row.stop_price), age(now_ms - row.opened_ms)]
        table.add_row(*cells)
    return table


def _alarms(alarms: list[AlarmView], now_ms: int, width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold red")
    table.add_column("alarm", no_wrap=True)
    table.add_column("of")
    table.add_column("what happened; docs/operating.md says what to do", overflow="fold")
    if width >= 60:
        table.add_column("since", justify="right", no_wrap=True)
    for row in alarms:
        cells = [row.code, row.subject, row.text] + ([age(now_ms - row.raised_ms)] if width >= 60 else [])
        table.add_row(*cells)
    return table
