"""The demo's screen: a progress bar over a table of trades while it runs, a summary a trader wants to read at its end.

On a terminal the screen is redrawn in place; elsewhere a plain line is printed now and then. Columns give way on narrow
screens, the least important first.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from decimal import Context, Decimal
from types import TracebackType
from typing import Final, NamedTuple

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from holdfast.model import num
from holdfast.service.demo_report import DemoProgress, TradeRow

REDRAW_S: Final = 0.1
PLAIN_STEPS: Final = 10
"""How many lines a run prints where no screen can be redrawn."""
ROWS: Final = 12
WIDEST: Final = 11
"""Characters of a price that fits its column."""
EIGHT_DIGITS: Final = Context(prec=8)


class Column(NamedTuple):
    """A column, and how wide the screen must be for it to be shown."""

    title: str
    cell: Callable[[TradeRow], Text]
    needs: int
    right: bool = True


def price(value: Decimal | None) -> str:
    """A price or quantity without needless zeros; an average of several fills to eight digits."""
    if value is None:
        return "–"
    shown = num.text(num.plain(value))
    return shown if len(shown) <= WIDEST else num.text(num.plain(EIGHT_DIGITS.plus(value)))


def money(value: Decimal | None, *, plus: bool = True) -> str:
    """Money to the cent with thousands apart; the record itself keeps every digit."""
    if value is None:
        return "–"
    return format(value, "+,.2f" if plus else ",.2f")


def coloured(value: Decimal | None) -> Text:
    """Profit green, loss red, nothing plain."""
    return Text(money(value), style=tone(value))


def tone(value: Decimal | None) -> str:
    """The colour of an amount."""
    return "" if not value else ("green" if value > 0 else "red")


def age(milliseconds: int) -> str:
    """A duration a human reads at a glance."""
    seconds = milliseconds // 1000
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 5_400 else f"{seconds // 3600} h {seconds % 3600 // 60:02d}"


PHASE_STYLES: Final = {
    "open": "cyan",
    "closed": "dim",
    "protecting": "yellow",
    "entering": "yellow",
    "flattening": "red",
}

COLUMNS: Final[tuple[Column, ...]] = (
    Column("intent", lambda row: Text(row.intent_id), 108, right=False),
    Column("symbol", lambda row: Text(row.symbol), 0, right=False),
    Column("side", lambda row: Text(row.direction, "green" if row.direction == "long" else "red"), 0, right=False),
    Column("phase", lambda row: Text(row.phase, PHASE_STYLES.get(row.phase, "")), 0, right=False),
    Column("quantity", lambda row: Text(price(row.quantity)), 74),
    Column("entry", lambda row: Text(price(row.entry)), 62),
    Column("stop", lambda row: Text(price(row.stop)), 84),
    Column("price", lambda row: Text(price(row.price)), 96),
    Column("profit", lambda row: coloured(row.profit), 0),
    Column("age", lambda row: Text(age(row.age_ms)), 118),
    Column("note", lambda row: Text(row.note), 54, right=False),
)


def trades_table(rows: tuple[TradeRow, ...], width: int) -> Table:
    """The newest trades, with the columns that fit."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", expand=False)
    shown = [column for column in COLUMNS if width >= column.needs]
    for column in shown:
        table.add_column(column.title, justify="right" if column.right else "left", no_wrap=True)
    for row in rows[:ROWS]:
        table.add_row(*(column.cell(row) for column in shown), style="dim" if row.phase == "closed" else None)
    return table


def counters(progress: DemoProgress) -> Text:
    """One line of numbers."""
    live = sum(row.phase != "closed" for row in progress.trades)
    line = Text.assemble(
        f"intents {progress.intents}   accepted {progress.accepted}   denied {progress.denied}   "
        f"open {live}   closed {progress.closed}   net ",
        coloured(progress.net),
    )
    line.no_wrap = True
    line.overflow = "ellipsis"
    return line


def moment(clock_ms: int) -> str:
    """The venue's time of day."""
    return datetime.datetime.fromtimestamp(clock_ms // 1000, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")


def screen(progress: DemoProgress, title: str, width: int) -> RenderableType:
    """The whole live screen."""
    bar = Table.grid(padding=(0, 1), expand=False)
    share = max(10, min(40, width - 44))
    bar.add_row(
        ProgressBar(total=1000, completed=progress.fraction * 1000, width=share),
        Text(f"{progress.fraction:4.0%}"),
        Text(moment(progress.clock_ms), "dim"),
        Text(progress.state, "green" if progress.state == "active" else "yellow"),
    )
    head = Text(title, "bold", no_wrap=True, overflow="ellipsis")
    return Group(head, bar, counters(progress), trades_table(progress.trades, width))


class Screen:
    """Draws a running demo. Use it as a context: the screen is given back whatever happens."""

    def __init__(self, console: Console, title: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._title = title
        self._clock = clock
        self._due = 0.0
        self._steps_said = -1
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> Screen:
        """Take the screen."""
        if self._live is not None:
            self._live.start()
        else:
            self._console.print(self._title, markup=False, highlight=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the screen back."""
        if self._live is not None:
            self._live.stop()

    def due(self) -> bool:
        """Whether it is time to draw."""
        return self._clock() >= self._due

    def update(self, progress: DemoProgress) -> None:
        """Draw."""
        self._due = self._clock() + REDRAW_S
        if self._live is None:
            self._line(progress)
        else:
            self._live.update(screen(progress, self._title, self._console.width), refresh=True)

    def _line(self, progress: DemoProgress) -> None:
        step = int(progress.fraction * PLAIN_STEPS)
        if step <= self._steps_said:
            return
        self._steps_said = step
        text = Text(f"{progress.fraction:4.0%}  {moment(progress.clock_ms)}  ") + counters(progress)
        self._console.print(text, highlight=False, soft_wrap=True)
