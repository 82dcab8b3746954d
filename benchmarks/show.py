"""Results as tables for a reader."""

from __future__ import annotations

import os
import platform
import sys

from rich.console import Console
from rich.table import Table

from benchmarks.results import Cell, Goal, Result
from benchmarks.stats import Measured


def machine() -> dict[str, str | int]:
    """The machine in general words: nothing that names it."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "cores": allowed,
        "system": platform.system(),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "cores_chosen": hasattr(os, "sched_getaffinity") and allowed > 1,
    }


def print_result(console: Console, result: Result) -> None:
    """The rows of one benchmark, its goals, its notes, and what could not run."""
    console.print()
    if result.rows:
        console.print(_rows(result))
    else:
        console.print(f"[bold]{result.title}[/bold]")
    for note in result.notes:
        console.print(f"  [dim]{note}[/dim]", soft_wrap=True)
    if result.skipped:
        console.print(f"  [yellow]skipped: {result.skipped}[/yellow]", soft_wrap=True)
    for problem in result.problems:
        console.print(f"  [red]could not run: {problem}[/red]", soft_wrap=True)


def print_goals(console: Console, results: list[Result]) -> None:
    """Every goal beside what was reached."""
    goals = [(result.name, goal) for result in results for goal in result.goals]
    if not goals:
        return
    table = Table(title="Goals", title_justify="left", title_style="bold", header_style="bold")
    table.add_column("benchmark")
    table.add_column("what", overflow="fold")
    for name in ("goal", "reached", ""):
        table.add_column(name, justify="right", no_wrap=True)
    for name, goal in goals:
        table.add_row(name, goal.what, f"{goal.bound} {goal.unit}", figure(goal.reached), _mark(goal))
    console.print()
    console.print(table)


def figure(value: float) -> str:
    """Three significant digits, whole numbers from 100 on."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value else "0"


def text(cell: Cell) -> str:
    """A cell; a measured one with its range."""
    if isinstance(cell, Measured):
        middle, low, high = figure(cell.mid), figure(cell.low), figure(cell.high)
        return middle if low == high == middle else f"{middle} ({low}–{high})"
    return str(cell) if isinstance(cell, str) else figure(cell)


def progress(message: str) -> None:
    """What is being done, for people; standard output belongs to the results."""
    sys.stderr.write(f"{message}\n")


def _rows(result: Result) -> Table:
    table = Table(title=result.title, title_justify="left", title_style="bold", header_style="bold")
    for n, head in enumerate(result.rows[0]):
        table.add_column(head, justify="left" if n == 0 else "right", overflow="fold")
    for row in result.rows:
        table.add_row(*map(text, row.values()))
    return table


def _mark(goal: Goal) -> str:
    return "[green]reached[/green]" if goal.met else "[yellow]missed[/yellow]"
