"""A conversation as text: line one is the documented clause, the rest is what is sent, heard, and done.

    C.4 Cancelling answers CANCELED; a second cancel is -2011.
    > POST /fapi/v1/order symbol=BTCUSDT side=BUY type=LIMIT timeInForce=GTC quantity=0.010 price=79000
    < 200 {"status":"NEW","orderId":"$id"}
    ~ ORDER_TRADE_UPDATE x=NEW X=NEW
    > DELETE /fapi/v1/order symbol=BTCUSDT orderId=$id
    < 200 {"status":"CANCELED"}

`README.md` beside the scripts explains every kind of line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

_CLAUSE = re.compile(r"([A-Z]\.\d+(?:\.\d+)?|[A-Z]) (\S.+)")
_LINE = re.compile(r"([><~!@%])(\S*) ?(.*)")


class ScriptError(Exception):
    """A script that cannot be read; the text begins with file and line."""


@dataclass(frozen=True)
class Line:
    """One thing said or done: its number in the file, its sign (`>`), what sticks to the sign (`body`), the rest."""

    number: int
    sign: str
    mode: str
    text: str


@dataclass(frozen=True)
class Script:
    """A conversation: where it is written, which clause it shows, in which words, and its lines."""

    path: str
    section: str
    clause: str
    lines: tuple[Line, ...]


def parse(path: str, text: str) -> Script:
    """Read one script; ScriptError names the line that makes no sense."""
    rows = text.splitlines()
    head = _CLAUSE.fullmatch(rows[0]) if rows else None
    if head is None:
        raise ScriptError(f"{path}:1: line one must be a section and its clause, such as: C.4 Cancelling answers …")
    lines = []
    for number, row in enumerate(rows[1:], start=2):
        if not row.strip() or row.startswith("#"):
            continue
        found = _LINE.fullmatch(row)
        if found is None:
            raise ScriptError(f"{path}:{number}: a line must begin with > < ~ ! @ % or #: {row}")
        lines.append(Line(number, found[1], found[2], found[3].strip()))
    if not any(line.sign in "<~" for line in lines):
        raise ScriptError(f"{path}:1: a script must expect something: no line begins with < or ~")
    return Script(path, head[1], head[2], tuple(lines))


@cache
def scripts() -> tuple[Script, ...]:
    """Every script beside this file, by path."""
    return tuple(
        parse(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in sorted(HERE.rglob("*.txt"))
    )
