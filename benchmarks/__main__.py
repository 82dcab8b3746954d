"""`python -m benchmarks`: run the benchmarks, print tables, or one JSON object with --json."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import msgspec
from rich.console import Console

from benchmarks.results import CannotRun, Result, Skipped
from benchmarks.settings import Settings

BENCHMARKS: dict[str, str] = {
    "order_path": "a signed order from memory to its parsed reply: Holdfast, a bare client, four peers",
    "intent_path": "an intent over HTTP to the order at the exchange and the stop acknowledged, journal on",
    "startup": "`holdfast run` to its first signed read at the exchange",
    "demo": "`holdfast demo` over a recorded day, as fast as it goes: seconds and memory",
    "core": "inputs a second decided and evolved, and the risk gate",
    "journal": "durable appends with 1, 8 and 64 under way",
    "user_stream": "CPU per event: transport, decoding, core, journal",
    "paper_exchange": "orders a second at the paper exchange, recorded frames, cost by what rests, memory",
    "simulator": "simulated hours per hour of one core, with faults, kills and the judgement",
}
"""Name, which is the module too, and one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 when something could not run, never because something was slow; 2 when it was asked wrongly."""
    options = _parser().parse_args(arguments)
    if options.list:
        for name, line in BENCHMARKS.items():
            print(f"{name:<14} {line}")
        return 0
    from benchmarks import markdown
    from benchmarks.show import machine, print_goals, print_result, progress

    try:
        page = None if options.markdown is None else markdown.Page(Path(options.markdown))
    except CannotRun as why:
        print(why, file=sys.stderr)
        return 2
    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    results: list[Result] = []
    for name in options.only or BENCHMARKS:
        progress(f"{name}: {BENCHMARKS[name]} …")
        results.append(_run(name, Settings(quick=options.quick)))
        if options.json is None:
            print_result(console, results[-1])
    if options.json is None:
        print_goals(console, results)
    else:
        document = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "quick": options.quick,
            "machine": machine(),
            "results": [_with_verdicts(result) for result in results],
        }
        _write(options.json, msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n")
    if page is not None:
        page.write(results, quick=options.quick)
    return 1 if any(result.problems for result in results) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the benchmarks and end")
    parser.add_argument(
        "--only", action="append", choices=list(BENCHMARKS), metavar="NAME", help="this one (repeatable)"
    )
    parser.add_argument("--quick", action="store_true", help="fewer, shorter repetitions: to see that all of it runs")
    parser.add_argument("--markdown", metavar="FILE", help="renew the tables of this page")
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="one JSON object, to FILE if one is named")
    return parser


def _run(name: str, settings: Settings) -> Result:
    started = time.monotonic()
    try:
        module: ModuleType = importlib.import_module(f"benchmarks.{name}")
        result: Result = module.run(settings)
    except Skipped as why:
        result = Result(name=name, title=BENCHMARKS[name], skipped=str(why))
    except (CannotRun, ImportError) as error:
        result = Result(name=name, title=BENCHMARKS[name], problems=[str(error)])
    result.seconds = round(time.monotonic() - started, 1)
    return result


def _with_verdicts(result: Result) -> dict[str, object]:
    plain: dict[str, object] = msgspec.to_builtins(result)
    plain["rows"] = [
        {head: cell._asdict() if isinstance(cell, tuple) else cell for head, cell in row.items()} for row in result.rows
    ]
    plain["goals"] = [{**msgspec.to_builtins(goal), "met": goal.met} for goal in result.goals]
    return plain


def _write(name: str, body: bytes) -> None:
    if name == "-":
        sys.stdout.buffer.write(body)
    else:
        Path(name).write_bytes(body)


if __name__ == "__main__":
    sys.exit(main())
