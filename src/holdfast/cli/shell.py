"""What all commands share: exit codes, errors as a few plain lines, options, and how results are printed."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TextIO, TypeAlias

import msgspec
from cyclopts import Parameter, Token

if TYPE_CHECKING:
    from holdfast.config import Config

OK: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
FAILED: Final = 4
INTERRUPTED: Final = 130
UNREAD: Final = 141

EXIT_CODES: Final[dict[int, str]] = {
    OK: "done",
    REFUSED: "refused: an intent was denied, a command refused, a violation found, or something remains",
    USAGE: "wrong use: an unknown option, a bad value, a malformed intent, a configuration that is refused",
    UNREACHABLE: "cannot reach what is needed: no engine answers, a port is taken, a file cannot be read or written",
    FAILED: "a fault of Holdfast itself",
    INTERRUPTED: "interrupted by Ctrl-C",
    UNREAD: "nobody read the output to its end: it went into a pipe that was closed, as by `head -1`",
}

MOST_SECONDS: Final = 31_536_000
"""A year."""

STANDARD_INPUT: Final = "/dev/stdin"
"""What a lone dash on the command line stands for."""

ConfigFile: TypeAlias = Annotated[
    Path | None,
    Parameter(name=["--config", "-c"], help="Configuration file. Default: $HOLDFAST_CONFIG, else ./holdfast.toml."),
]


def whole(_hint: object, tokens: Sequence[Token]) -> int:
    """2.5 is not taken for 2: an option is understood as written, or refused."""
    text = tokens[0].value
    if not text.removeprefix("-").isdecimal():
        raise ValueError(f"must be a whole number, was {text[:40]!r}")
    return int(text)


def seconds(_hint: object, tokens: Sequence[Token]) -> float:
    """Neither before now nor for ever."""
    text = tokens[0].value
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found <= MOST_SECONDS:
        raise ValueError(f"must be a number of seconds from 0 to {MOST_SECONDS}, was {text[:40]!r}")
    return found


Json: TypeAlias = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON instead of text.")]


NO_FILE: Final = (
    "there is no holdfast.toml in this folder\n"
    "    would pass: `holdfast config --init paper` makes one with its token; --config names one elsewhere"
)


class Failure(Exception):
    """Ends a command: what is printed to standard error, and the exit code."""

    def __init__(self, text: str, code: int = USAGE) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


def wrong(name: str, rule: str, passes: str) -> Failure:
    """A value that is refused: its name, the rule, and what would pass."""
    return Failure(f"{name}: {rule}\n    would pass: {passes}", USAGE)


def load_config(
    named: Path | None, *, only: Collection[str] = (), extra: Mapping[str, str] | None = None, bound: bool = True
) -> Config:
    """The configuration; `extra` are settings of the command line, in the form of environment variables."""
    from holdfast.config import ConfigError, find, load

    environ = {**os.environ, **(extra or {})}
    path = find(named, environ)
    try:
        return load(path, environ, only=only, bound=bound)
    except ConfigError as error:
        count = len(error.problems)
        head = "the configuration is refused" + (f" ({count} problems)" if count > 1 else "")
        tail = f"\n{NO_FILE}" if path is None else ""
        raise Failure(f"{head}\n{error}{tail}", USAGE) from None


def print_json(value: Any) -> None:
    """One JSON document on standard output; decimals as text."""
    body = msgspec.json.encode(value)
    write_json(msgspec.json.format(body, indent=2) if sys.stdout.isatty() else body)


def write_json(body: bytes) -> None:
    """A document on standard output. JSON is UTF-8, whatever the terminal speaks."""
    sys.stdout.flush()
    sys.stdout.buffer.write(body + b"\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A line for people, on standard error: it is never part of a command's result.

    That nobody can read it any more (a closed pipe, a full disk) must end neither an engine nor an exchange.
    """
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        # The line waits in the buffer, and Python would try it again at the end and call the whole run a failure.
        lead_nowhere(sys.stderr)
    except OSError:
        return  # A full disk may have room again for the next line.


def lead_nowhere(stream: TextIO) -> None:
    """Nobody reads this any more; what is still written to it is dropped."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def ask(question: str) -> bool:
    """Whether a person at the terminal answers yes; False when there is none."""
    if not sys.stdin.isatty():
        return False
    say(question)
    return input("Type yes to go on: ").strip().lower() == "yes"
