"""`holdfast demo`: the whole engine on an exchange of its own, in one process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from holdfast.cli.shell import OK, REFUSED, UNREACHABLE, USAGE, Failure, Json, print_json, whole, wrong

if TYPE_CHECKING:
    from holdfast.service.demo_report import DemoOptions, DemoReport, DemoView


def demo(
    *,
    market: Annotated[
        str | None,
        Parameter(help="synthetic:SEED[:SYMBOL[=PRICE],…], or a file of recorded frames or klines (.gz, .zst)."),
    ] = None,
    intents: Annotated[
        Path | None, Parameter(help="JSONL file with one intent a line, instead of the built-in stream.")
    ] = None,
    speed: Annotated[str, Parameter(help="real, max, or how many times as fast as real.")] = "max",
    minutes: Annotated[int, Parameter(converter=whole, help="Length of a synthetic market.")] = 60,
    seed: Annotated[
        int, Parameter(converter=whole, help="Another seed is another market and another stream of intents.")
    ] = 1,
    folder: Annotated[Path | None, Parameter(help="Keep journal and venue log in this folder.")] = None,
    json: Json = False,
) -> int:
    """Trade a simulated market and show what happens: no key, no configuration, no network.

    A paper exchange, the real engine and its real journal run in this process; a stream of intents enters, is
    protected, exits and is accounted for. At the end an independent check compares the journal with the exchange's own
    log. Exit code 1 when it finds a violation.

    For example:

    - `holdfast demo`
    - `holdfast demo --speed real`
    - `holdfast demo --market btcusdt.dat.gz --json`
    """
    _check_speed(speed)
    if not 1 <= minutes <= 10_080:
        raise wrong("--minutes", f"must be 1 to 10080, was {minutes}", "--minutes 60")
    if folder is not None and folder.exists() and not folder.is_dir():
        raise wrong("--folder", f"{folder} is not a folder", "a new folder")
    if folder is not None and folder.exists() and any(folder.iterdir()):
        raise wrong("--folder", f"{folder} holds something already, and records are not overwritten", "a new folder")
    from rich.console import Console

    from holdfast.cli.demo_summary import print_summary
    from holdfast.cli.demo_view import Screen
    from holdfast.service.demo_report import DemoOptions

    options = DemoOptions(
        market=market or f"synthetic:{seed}", intents=intents, speed=speed, minutes=minutes, seed=seed, folder=folder
    )
    # With --json standard output belongs to the one object; progress is for people and goes beside it.
    console = Console(file=sys.stderr if json else sys.stdout, highlight=False)
    with Screen(console, f"Holdfast demo · paper · {options.market}") as screen:
        report = _run(options, screen)
    if json:
        print_json(report)
    else:
        print_summary(console, report)
    return REFUSED if report.violations else OK


def _run(options: DemoOptions, view: DemoView) -> DemoReport:
    from holdfast.model.chain import JournalUnusable
    from holdfast.model.intent import IntentError
    from holdfast.paper.sources.source import MarketFileError
    from holdfast.wiring.demo import run_demo

    try:
        return run_demo(options, view)
    except MarketFileError as error:
        raise Failure(f"--market: {error}\n    would pass: --market synthetic:1", USAGE) from None
    except IntentError as error:
        raise Failure(f"--intents: {error}", USAGE) from None
    except JournalUnusable as error:
        raise Failure(f"demo: {error}\n    would pass: a folder with room, named with --folder", UNREACHABLE) from None
    except OSError as error:
        if options.intents is not None and error.filename == str(options.intents):
            raise Failure(f"--intents: {options.intents}: cannot be read ({error.strerror})", UNREACHABLE) from None
        where = f" {error.filename}" if error.filename else ""
        raise Failure(f"demo: cannot write or read{where} ({error.strerror or error})", UNREACHABLE) from None


def _check_speed(text: str) -> None:
    if text in {"real", "max"}:
        return
    number, _, part = text.partition(".")
    if not (number.isdigit() and (not part or part.isdigit()) and len(text) <= 8 and set(text) - set("0.")):
        raise wrong("--speed", f"must be real, max or a number above 0, was {text!r}", "--speed 10")
