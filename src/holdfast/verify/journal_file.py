"""From two files to a report: the journal's SQLite file and the venue log. The only file of this package that reads.

The journal is read by its table, without the engine's reader: `event(seq, at_us, kind, body, hash)`. It may be read
while an engine writes it; what is durable at the start is what is read.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec

from holdfast.verify import chain
from holdfast.verify.options import Options
from holdfast.verify.records import JournalRow, VenueRecord, decode_line
from holdfast.verify.report import HeadError, NotChecked, Report, VerifyError
from holdfast.verify.run import check

APPLICATION_ID: Final = 0x484F4C44
FORMAT: Final = 1
ROWS = "SELECT seq, at_us, kind, body, hash FROM event WHERE seq <= ? ORDER BY seq"
COLUMNS: Final = (int, int, str, bytes, bytes)
_HEAD: Final = re.compile(r"^(\d{1,18}):([0-9a-f]{64})$")
LAST = "SELECT max(seq) FROM event"


def read_journal(path: Path) -> Iterator[JournalRow]:
    """The rows of a journal file, in order. Raises `VerifyError` when it is none, or cannot be read."""
    if not path.is_file():
        raise VerifyError(f"there is no journal at {path}")
    place = 0
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            connection.text_factory = _lenient
            _check_format(connection, path)
            last = connection.execute(LAST).fetchone()[0]
            for place, row in enumerate(connection.execute(ROWS, (last or 0,)), start=1):
                yield _row(place, row)
    except sqlite3.Error as error:
        where = f"journal seq {place + 1}" if place else ""
        raise VerifyError(f"{path} cannot be read as a journal: {error}", record=where) from None


def _check_format(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID:
        raise VerifyError(f"{path} is not a Holdfast journal: it is a database of another program")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != FORMAT:
        raise VerifyError(f"{path} has journal format {version}, this program reads format {FORMAT}")


def _row(place: int, fields: tuple[Any, ...]) -> JournalRow:
    """One row, of the types that the engine writes: SQLite itself would store anything in any column."""
    for field, kind in zip(fields, COLUMNS, strict=True):
        if not isinstance(field, kind):
            raise VerifyError("a field is of another type than the engine writes", record=f"journal seq {place}")
    seq, at_us, kind, body, digest = fields
    return JournalRow(seq, at_us, kind, body, digest.hex())


def _lenient(raw: bytes) -> str:
    """Text that is none any more is read all the same: its hash names the record."""
    return raw.decode("utf-8", "replace")


class VenueLogFile:
    """Reads a venue log line by line. `torn` tells afterwards that the last line was cut off and left out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = False

    def __iter__(self) -> Iterator[VenueRecord]:
        """Decoded lines in order. Raises `VerifyError` naming the line that is none."""
        if not self.path.is_file():
            raise VerifyError(f"there is no venue log at {self.path}")
        try:
            with self.path.open("rb") as stream:
                for n, line in enumerate(stream, start=1):
                    if n > 1 and not line.endswith(b"\n"):
                        # The exchange was killed while it wrote, or is writing now.
                        self.torn = True
                        return
                    yield decode_line(line, n)
        except OSError as error:
            raise VerifyError(f"the venue log {self.path} cannot be read: {error.strerror}") from None


def parse_head(head: str) -> tuple[int, str]:
    """A head as results carry it, `seq:hash`. Raises `HeadError` for anything else."""
    found = _HEAD.match(head)
    if found is None:
        raise HeadError(f"--head: must be SEQ:HASH with 64 hex digits, was {head[:80]!r}")
    return int(found.group(1)), found.group(2)


def main_chain(journal_path: Path, head: str | None = None) -> str:
    """Check the hash chain alone, where no venue log exists (demo, live). Answers the journal's head as `seq:hash`.

    `head` is a `seq:hash` that the journal must contain. Raises `VerifyError` at the first record that does not hold.
    """
    last = "0:" + chain.FIRST_PREVIOUS
    for row in chain.checked(read_journal(journal_path), parse_head(head) if head is not None else None):
        last = f"{row.seq}:{row.hash}"
    return last


def main_verify(
    journal_path: Path,
    venue_log_path: Path,
    head: str | None = None,
    complete: bool = False,
    options: Options | None = None,
) -> Report:
    """Check a journal against a venue log.

    `head` is a `seq:hash` that the journal must contain; `complete` demands that the run ended in peace. Both replace
    what `options` say. Raises `VerifyError` for files that cannot be judged.
    """
    settings = options or Options()
    settings = msgspec.structs.replace(settings, complete=complete or settings.complete)
    if head is not None:
        settings = msgspec.structs.replace(settings, head=parse_head(head))
    log = VenueLogFile(venue_log_path)
    report = check(read_journal(journal_path), log, settings)
    if log.torn:
        report.not_checked.append(NotChecked(what="the venue log's last line", reason="it is cut off and was left out"))
    return report
