"""The command line. Each command's module is imported when the command runs, so that `holdfast run` starts at once."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Final, TextIO

from cyclopts import App, CycloptsError, Group, Parameter, UnusedCliTokensError

from holdfast import __version__
from holdfast.cli.shell import (
    EXIT_CODES,
    FAILED,
    INTERRUPTED,
    OK,
    STANDARD_INPUT,
    UNREACHABLE,
    UNREAD,
    USAGE,
    Failure,
    lead_nowhere,
    say,
)

START: Final = Group("Start here", sort_key=0)
OPERATE: Final = Group("A running engine", sort_key=1)
INSPECT: Final = Group("Records and settings", sort_key=2)

COMMANDS: Final[tuple[tuple[str, str, Group, str], ...]] = (
    ("demo", "demo:demo", START, "Watch trades on a simulated market; needs nothing, ends with a summary."),
    ("paper", "serve:paper", START, "Serve a paper exchange that behaves like Binance USDⓈ-M Futures."),
    ("run", "serve:run", START, "Run the engine on the venue of the configuration: paper, demo or live."),
    ("send", "send:send", OPERATE, "Submit trade intents, from a file or from options."),
    ("status", "show:status", OPERATE, "State, positions with their stops, live trades, alarms."),
    ("explain", "show:explain", OPERATE, "The story of an intent, a trade or an order, with the reason of each step."),
    ("halt", "operate:halt", OPERATE, "No entry leaves any more; protection goes on by itself."),
    ("resume", "operate:resume", OPERATE, "Leave the halt, in two steps."),
    ("flatten", "operate:flatten", OPERATE, "Close one symbol, or everything, and prove it."),
    ("kill", "kill:kill", OPERATE, "Last resort without engine or journal: latch, cancel, close, prove."),
    ("verify", "records:verify", INSPECT, "Check a journal against the venue's own log, to the last digit."),
    ("replay", "records:replay", INSPECT, "Fold a journal again and compare chain and state."),
    ("sim", "sim:sim", INSPECT, "Simulated hours full of faults, from seeds, each judged by the checker."),
    (
        "config",
        "settings:config",
        INSPECT,
        "Show the effective configuration, make a first one, or print the reference.",
    ),
)
"""Name, module and function, group, and the line of the overview."""

HELP: Final = """\
Holdfast: intent in, protected position out, nothing lost.

Try `holdfast demo` first. Then `holdfast config --init paper`, `holdfast paper` and `holdfast run`.
"""


def build(chosen: str = "") -> App:
    """The application, with every command still unimported.

    The overview takes each command's one line from the table; the chosen command's own page takes its docstring.
    """
    codes = "; ".join(f"{code} {text.split(':')[0]}" for code, text in EXIT_CODES.items())
    app = App(
        name="holdfast",
        help=HELP,
        help_epilogue=f"Exit codes: {codes}.",
        help_format="markdown",
        version=__version__,
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(show_default=_default),
    )
    for place, (name, target, group, text) in enumerate(COMMANDS):
        help_text = {} if name == chosen else {"help": text}
        app.command(f"holdfast.cli.{target}", name=name, group=group, sort_key=place, **help_text)
    return app


def _default(value: object) -> str | None:
    """How a default is shown: that a switch is off, or an option not given, goes without saying."""
    return None if value is None or value is False or value == "" else str(value)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and answer its exit code. Errors are printed in a few lines, without a traceback."""
    app = build(arguments[0] if arguments else "")
    try:
        result = app(
            [STANDARD_INPUT if word == "-" else word for word in arguments],
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
        sys.stdout.flush()
    except CycloptsError as error:
        text = _one_line(str(error))
        if isinstance(error, UnusedCliTokensError):
            text = f"too many words: {' '.join(error.unused_tokens or [])}"
        say(f"holdfast: {text}")
        known = bool(arguments) and arguments[0] in {name for name, *_ in COMMANDS}
        say(f"    would pass: see `holdfast {f'{arguments[0]} ' if known else ''}--help`")
        return USAGE
    except Failure as failure:
        say(f"holdfast: {failure.text}")
        return failure.code
    except KeyboardInterrupt:
        say("holdfast: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        return _unread()
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):
            # The library that draws tables has met the closed pipe, and would end the program as refused.
            return _unread()
        raise
    except OSError as error:
        what = error.filename or "the output"
        say(f"holdfast: {what} cannot be read or written ({error.strerror or error})")
        return UNREACHABLE
    return result if isinstance(result, int) else OK


def _unread() -> int:
    """Whoever read our output has seen enough (`holdfast explain … | head`)."""
    lead_nowhere(sys.stdout)
    return UNREAD


def main() -> None:
    """Entry point of the `holdfast` command."""
    # Python leaves them out when they were closed before it began (`holdfast status >&-`).
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a letter shows a question mark; what is told must not end in a traceback.
            stream.reconfigure(errors="replace")
    try:
        code = run(sys.argv[1:])
    except Exception as error:
        if os.environ.get("HOLDFAST_TRACEBACK"):
            raise
        say(f"holdfast: a fault of the program: {type(error).__name__}: {error}")
        say("    HOLDFAST_TRACEBACK=1 shows where; please report it")
        code = FAILED
    sys.exit(code)


def _nowhere() -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _one_line(text: str) -> str:
    return " ".join(text.split())
