"""Log lines for a person at a terminal: time, level, event, then the fields. Elsewhere the JSON line stays as it is."""

from __future__ import annotations

import os
from typing import Any, Final, Literal, Protocol

import msgspec

from holdfast.service.log import LineWriter

LEVEL_COLOURS: Final = {"debug": "2", "info": "36", "warning": "33", "error": "31", "critical": "1;31"}
FIRST: Final = ("at", "level", "event")
HUSHED: Final = ("venue", "account", "version")
"""Bound to every line; a terminal shows one engine, whose banner named them."""


class Writer(Protocol):
    """Takes a finished line."""

    def msg(self, line: str) -> None:
        """Write it, or drop it; never wait."""


class ReadableWriter:
    """Rewrites JSON lines for people and passes them on."""

    def __init__(self, inner: Writer, *, colour: bool) -> None:
        self._inner = inner
        self._colour = colour

    def msg(self, line: str) -> None:
        """Write one line. structlog calls it."""
        self._inner.msg(readable(line, colour=self._colour))

    log = debug = info = warning = error = critical = msg


def readable(line: str, *, colour: bool) -> str:
    """`12:00:01.250 warning link_changed link=user_stream up=False`; a line that is not JSON stays as it is."""
    try:
        record: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return line
    level = str(record.get("level", ""))
    label = f"\x1b[{LEVEL_COLOURS.get(level, '0')}m{level:<7}\x1b[0m" if colour else f"{level:<7}"
    trace = record.pop("traceback", "")
    fields = (f"{name}={_plain(value)}" for name, value in record.items() if name not in (*FIRST, *HUSHED))
    moment = str(record.get("at", ""))[11:23]
    if "seq" in record and "text" in record:
        # A record of the journal: its sentence says it all, and its number leads to the rest.
        text = f"{moment} {label} {record['text']}  #{record['seq']}"
    else:
        text = " ".join((moment, label, str(record.get("event", "")), *fields))
    return f"{text}\n{trace}" if trace else text


def writer_for(form: Literal["auto", "json", "console"], descriptor: int) -> Writer:
    """The writer for `log.format`: auto is readable on a terminal and JSON elsewhere."""
    lines = LineWriter(descriptor)
    terminal = os.isatty(descriptor)
    if form == "console" or (form == "auto" and terminal):
        return ReadableWriter(lines, colour=terminal and "NO_COLOR" not in os.environ)
    return lines


def _plain(value: Any) -> str:
    if isinstance(value, str) and value and " " not in value and '"' not in value:
        return value
    return msgspec.json.encode(value).decode()
