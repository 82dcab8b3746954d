"""From files to a report: the journal's SQLite file, and the venue log or an account's exported history.

The only file of this package that reads.

The journal is read by its table, without the engine's reader: `event(seq, at_us, kind, body, hash)`. It may be read
while an engine writes it; what is durable at the start is what is read.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec

from holdfast.verify import canary, chain
from holdfast.verify.canary import Canaries
from holdfast.verify.export import FILES, Export, rows_of
from holdfast.verify.options import Options
from holdfast.verify.records import JournalRow, VenueRecord, decode_line
from holdfast.verify.report import HeadError, NotChecked, Report, VerifyError, Violation
from holdfast.verify.run import check, check_export

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
    log = VenueLogFile(venue_log_path)
    report = check(read_journal(journal_path), log, _settings(options, head, complete))
    if log.torn:
        report.not_checked.append(NotChecked(what="the venue log's last line", reason="it is cut off and was left out"))
    return report


def main_export(
    journal_path: Path,
    folder: Path,
    head: str | None = None,
    complete: bool = False,
    options: Options | None = None,
) -> Report:
    """Check a journal against a real account's exported history: the files of `export.FILES` in one folder.

    The rest is like `main_verify`.
    """
    return check_export(read_journal(journal_path), read_export(folder), _settings(options, head, complete))


def read_export(folder: Path) -> Export:
    """The four lists. Raises `VerifyError` naming the file that is missing, or the row that is none."""
    found = []
    for name in FILES:
        path = folder.joinpath(name)
        if not path.is_file():
            raise VerifyError(f"there is no {name} in {folder}: an export is made of {', '.join(FILES)}")
        found.append(rows_of(name, _read(path)))
    return Export(*found)


def _settings(options: Options | None, head: str | None, complete: bool) -> Options:
    settings = options or Options()
    settings = msgspec.structs.replace(settings, complete=complete or settings.complete)
    return settings if head is None else msgspec.structs.replace(settings, head=parse_head(head))


def find_secrets(
    secrets: Sequence[Path], journal_path: Path, venue_log_path: Path | None = None, also: Sequence[Path] = ()
) -> list[Violation]:
    """Look for secrets (each in a file of its own) in a journal, a venue log, and other files or whole folders (I23).

    Raises `VerifyError` for a file that cannot be read, and for a secret that is too short to be looked for.
    """
    canaries = Canaries({path.name: _read(path).decode("utf-8", "replace").strip() for path in secrets})
    found = list(canary.in_journal(canaries, read_journal(journal_path)))
    if venue_log_path is not None:
        found += canary.in_venue_log(canaries, _read(venue_log_path).splitlines())
    for path in _each_file(also):
        found += canary.in_output(canaries, str(path), _read(path).splitlines())
    return found


def _each_file(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        yield from sorted(inside for inside in path.rglob("*") if inside.is_file()) if path.is_dir() else (path,)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VerifyError(f"{path} cannot be read: {error.strerror}") from None
