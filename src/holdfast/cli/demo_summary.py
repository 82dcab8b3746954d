"""The end of a demo, as a trader reads it: result first, then what it cost, then how well it was protected."""

from __future__ import annotations

from decimal import Decimal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from holdfast.cli.demo_view import money, tone, trades_table
from holdfast.model import num
from holdfast.model.reasons import DENY_SENTENCES, DenyCode
from holdfast.service.demo_report import DemoReport

WIDE = 96
"""From this width on two tables stand side by side."""


def _grid(title: str, rows: list[tuple[str, Text | str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=True, header_style="bold")
    table.add_column(title)
    table.add_column("", justify="right", no_wrap=True)
    for name, value in rows:
        table.add_row(name, value)
    return table


def win_rate(report: DemoReport) -> str:
    """Wins of closed trades in percent."""
    closed = report.wins + report.losses
    if not closed:
        return "–"
    share = num.divide(Decimal(report.wins * 100), Decimal(closed))
    return f"{share:.0f} %  ({report.wins} of {closed})"


def milliseconds(*values: int | None) -> str:
    """One or more times; – for what was not measured."""
    return " / ".join("–" if value is None else f"{value}" for value in values) + " ms"


def exact(*amounts: Decimal) -> list[str]:
    """Amounts to their last digit, all with as many places, so that a reader can add them up; at least cents."""
    exponents = [num.plain(amount).as_tuple().exponent for amount in amounts]
    places = max(2, *(-exponent for exponent in exponents if isinstance(exponent, int)))
    return [format(amount, f"+,.{places}f") for amount in amounts]


def _result(report: DemoReport) -> Table:
    gross, fees, funding, net = exact(report.gross, -report.fees, report.funding, report.net)
    slippage = "–" if report.slippage_bps is None else f"{report.slippage_bps:+.2f} bps"
    return _grid(
        f"Result in {report.asset}",
        [
            ("trades", str(report.trades) + (f"  ({report.open_at_end} open)" if report.open_at_end else "")),
            ("win rate", win_rate(report)),
            ("gross", Text(gross, tone(report.gross))),
            ("fees", fees),
            ("funding", funding),
            ("net", Text(net, tone(report.net))),
            ("best / worst trade", f"{money(report.best)} / {money(report.worst)}"),
            ("slippage from mid", slippage),
        ],
    )


def _safety(report: DemoReport) -> Table:
    clean = Text("none", "green") if not report.violations else Text(str(report.violations), "bold red")
    return _grid(
        "Safety, from the exchange's own log",
        [
            ("time to protection p50 / p99", milliseconds(report.protect_ms_p50, report.protect_ms_p99)),
            ("naked time p99 / max", milliseconds(report.naked_ms_p99, report.naked_ms_max)),
            ("longest uncovered", milliseconds(report.uncovered_ms_max)),
            ("unknown outcomes, resolved", f"{report.unknown_opened}, {report.unknown_resolved}"),
            ("faults injected", str(report.faults)),
            ("fills checked to the last digit", str(report.fills)),
            ("violations", clean),
        ],
    )


def _denials(report: DemoReport, width: int) -> Table | Text:
    if not report.denials:
        return Text(f"intents {report.intents}, all accepted" if report.intents else "no intents came")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column(f"Denied: {report.denied} of {report.intents} intents", no_wrap=True)
    table.add_column("", justify="right")
    if width >= WIDE:
        table.add_column("because", overflow="ellipsis", no_wrap=True)
    for code, count in sorted(report.denials.items(), key=lambda item: (-item[1], item[0])):
        sentence = DENY_SENTENCES[DenyCode(code)] if code in DenyCode.__members__ else ""
        table.add_row(code, str(count), *([sentence] if width >= WIDE else []))
    return table


def summary(report: DemoReport, width: int) -> RenderableType:
    """Everything, for a screen of a width."""
    tables: RenderableType = Group(_result(report), _safety(report))
    if width >= WIDE:
        pair = Table.grid(padding=(0, 4))
        pair.add_row(_result(report), _safety(report))
        tables = pair
    parts: list[RenderableType] = [tables, _denials(report, width)]
    if report.last_trades:
        parts += [Text("Last trades", "bold"), trades_table(report.last_trades, width)]
    parts += [Text(f"violation: {sentence}", "red") for sentence in report.broken]
    return Group(*parts, _footer(report))


def _footer(report: DemoReport) -> Group:
    pace = f"{report.simulated_seconds / 60:,.0f} simulated minutes in {report.seconds:,.1f} s"
    lines = [Text(f"{pace}, {report.rss_mb:,.0f} MB, Holdfast {report.version} on {report.venue}", "dim")]
    if report.journal:
        lines.append(Text(f"journal {report.journal}", "dim"))
        check = f"check it yourself: holdfast verify --journal {report.journal} --venue-log {report.venue_log}"
        lines.append(Text(check, "dim"))
    return Group(*lines)


def print_summary(console: Console, report: DemoReport) -> None:
    """Print it."""
    console.print(summary(report, console.width), soft_wrap=False)
