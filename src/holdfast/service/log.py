"""Where log lines go: JSON on a file descriptor, without secrets, and never in the way of an order."""

from __future__ import annotations

import logging
import os
import re
import select
import sys
import traceback
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import structlog

from holdfast.ports import Clock

LEVELS: Final = ("debug", "info", "warning", "error", "critical")

PIPE_BYTES: Final = 4_096
"""A pipe that is ready takes this much without blocking."""

LINES_REMEMBERED: Final = 500
"""Different lines of which a repetition is noticed."""

HIDDEN: Final = "(hidden)"
SECRET_NAMES: Final = frozenset(
    {
        "apikey",
        "api_key",
        "x-mbx-apikey",
        "secret",
        "api_secret",
        "apisecret",
        "signature",
        "listenkey",
        "listen_key",
        "token",
        "authorization",
        "password",
        "private_key",
        "passphrase",
    }
)
_SECRET_IN_TEXT: Final = re.compile(
    r"""(?i)\b(signature|listenkey|api_?key|api_?secret|secret|token|authorization|password|x-mbx-apikey)"""
    r"""(["']?\s*[=:]\s*["']?(?:bearer\s+)?)[^\s"'&,;}\)]+"""
)
_SIGNS: Final = re.compile(r"[=:/]")
_LISTEN_KEY_PATH: Final = re.compile(r"(/(?:private/)?(?:ws|stream)/)[A-Za-z0-9]{40,}")

Record = MutableMapping[str, Any]


def redact(value: Any, name: str = "") -> Any:
    """The value without keys, signatures, tokens and listen keys: by the name it goes under, and inside of texts."""
    if name.lower() in SECRET_NAMES:
        return HIDDEN
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        if not _SIGNS.search(value):
            return value  # No secret without one of these signs around it.
        return _LISTEN_KEY_PATH.sub(rf"\1{HIDDEN}", _SECRET_IN_TEXT.sub(rf"\1\2{HIDDEN}", value))
    if isinstance(value, dict):
        return {key: redact(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    return value


class Repeats:
    """Lets a line through once in `quiet_us`; what was left out meanwhile is counted in the next one as `repeated`.

    A venue that is away makes the same few lines several times a second, and nobody finds the others between them.
    Two lines are the same when all their fields are.
    """

    def __init__(self, clock: Clock, *, quiet_us: int = 10_000_000) -> None:
        self._clock = clock
        self._quiet_us = quiet_us
        self._said: dict[str, list[int]] = {}

    def __call__(self, _: Any, __: str, record: Record) -> Record:
        """A structlog processor. Raises `structlog.DropEvent` for a line that was said a moment ago."""
        if "seq" in record:
            return record  # Journal records differ by their number.
        now_us = self._clock.mono_us()
        same = repr(sorted((name, value) for name, value in record.items() if name != "at"))
        said = self._said.get(same)
        if said is not None and now_us - said[0] < self._quiet_us:
            said[1] += 1
            raise structlog.DropEvent
        if len(self._said) >= LINES_REMEMBERED:
            self._said.clear()
        self._said[same] = [now_us, 0]
        return {**record, "repeated": said[1]} if said is not None and said[1] else record


class LineWriter:
    """Writes lines to a descriptor and drops them when nobody takes them.

    A full pipe would block the whole engine for a log line. Dropped lines are counted and the next line that gets
    through says how many there were.
    """

    def __init__(self, descriptor: int) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._torn = False
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)

    def msg(self, line: str) -> None:
        """Write one line, or count it as dropped. structlog calls it."""
        data = line.encode("utf-8", "replace") + b"\n"
        if self.dropped:
            data = f'{{"event":"lines_dropped","level":"warning","lines":{self.dropped}}}\n'.encode() + data
        if self._torn:
            data = b"\n" + data
        if self._written(data):
            self.dropped = 0
        else:
            self.dropped += 1

    log = debug = info = warning = error = critical = msg

    def _written(self, data: bytes) -> bool:
        try:
            while data:
                if not self._poll.poll(0):
                    return False
                data = data[os.write(self._descriptor, data[:PIPE_BYTES]) :]
                self._torn = bool(data)
        except OSError:
            # Nobody is at the other end any more. Trading does not end for that; the lines count as dropped.
            return False
        return True


def make_logger(level: str = "info", *, clock: Clock, writer: Any = None) -> Any:
    """A logger that writes JSON lines to stderr from `level` on; "none" writes nothing.

    Bind venue and account to it, so that they stand in every line.
    """
    assert level in (*LEVELS, "none"), "invariant: the configuration knows the log levels"
    if level == "none":
        level, writer = "critical", _Nowhere()

    def stamp(_: Any, method: str, record: Record) -> Record:
        moment = datetime.fromtimestamp(clock.wall_us() / 1_000_000, UTC)
        return {"at": moment.isoformat(timespec="milliseconds"), "level": method, **record}

    return structlog.wrap_logger(
        writer if writer is not None else LineWriter(sys.stderr.fileno()),
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        processors=[stamp, Repeats(clock), _with_traceback, _redacted, _rendered],
        cache_logger_on_first_use=True,
    )


class ForeignLogs(logging.Handler):
    """Passes warnings and errors of libraries (asyncio, aiohttp, uvicorn, picows) on to our log, redacted as well."""

    def __init__(self, logger: Any) -> None:
        super().__init__(logging.WARNING)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one on."""
        error = record.exc_info[1] if record.exc_info else None
        send: Callable[..., None] = self._logger.error if record.levelno >= logging.ERROR else self._logger.warning
        send("library", library=record.name, text=record.getMessage(), error=error)

    def install(self) -> None:
        """Take over the root logger: everything that libraries say goes through here."""
        logging.root.handlers[:] = [self]
        logging.root.setLevel(logging.WARNING)


class _Nowhere:
    """Takes lines that nobody wants."""

    def critical(self, line: str) -> None:
        """The only level that comes this far."""


def _with_traceback(_: Any, __: str, record: Record) -> Record:
    error = record.get("error")
    if isinstance(error, BaseException):
        record["error"] = repr(error)
        record["traceback"] = "".join(traceback.format_exception(error))
    return record


def _redacted(_: Any, __: str, record: Record) -> Record:
    return {name: redact(value, name) for name, value in record.items()}


def _rendered(_: Any, __: str, record: Record) -> str:
    return msgspec.json.encode(record, enc_hook=str).decode()
