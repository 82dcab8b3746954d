"""Opening, checking and reading a journal file. The writer (`store_sqlite.py`) and all offline tools share it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

from holdfast.model.chain import ChainBroken, JournalUnusable, check_link
from holdfast.ports import GENESIS, Head, JournalRecord, Snapshot

APPLICATION_ID: Final = 0x484F4C44
"""Marks the file as ours ("HOLD") in SQLite's header."""

STORE_FORMAT: Final = 1
"""Version of the tables, in SQLite's `user_version`."""

CHUNK_RECORDS: Final = 2_000
"""Records per query. Short queries keep no read transaction open, which would stop the log from being reused."""

_HEAD_TYPES: Final = (int, bytes)
_RECORD_TYPES: Final = (int, int, str, bytes, bytes)
_SNAPSHOT_TYPES: Final = (int, bytes, bytes, bytes)


def statement(name: str) -> str:
    """The SQL text of `adapters/sql/<name>.sql`."""
    return resources.files("holdfast.adapters").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the file with explicit transactions. Raises `JournalUnusable`."""
    if read_only and not path.is_file():
        raise JournalUnusable(f"there is no journal at {path}")
    try:
        uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5.0)
    except sqlite3.Error as error:
        raise JournalUnusable(f"cannot open the journal {path}: {error}") from None


def check_format(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `JournalUnusable` unless the file is a journal of a format that this program reads."""
    try:
        application = scalar(connection, "PRAGMA application_id")
        version = scalar(connection, "PRAGMA user_version")
    except sqlite3.DatabaseError as error:
        raise JournalUnusable(f"{path} is not a Holdfast journal: {error}") from None
    if application != APPLICATION_ID:
        raise JournalUnusable(f"{path} is not a Holdfast journal: it is a database of another program")
    if version != STORE_FORMAT:
        raise JournalUnusable(f"{path} has journal format {version}, this program reads format {STORE_FORMAT}")


def is_blank(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether there is nothing in the file yet, not even another program's mark: a start was killed before the tables
    were made. Raises `JournalUnusable` for a file that is no database."""
    try:
        marks = [scalar(connection, f"PRAGMA {name}") for name in ("application_id", "user_version")]
        return marks == [0, 0] and scalar(connection, "SELECT count(*) FROM sqlite_master") == 0
    except sqlite3.DatabaseError as error:
        raise JournalUnusable(f"{path} is not a Holdfast journal: {error}") from None


def scalar(connection: sqlite3.Connection, sql: str) -> Any:
    """The first column of the first row."""
    return connection.execute(sql).fetchone()[0]


class SqliteReader:
    """Reads a journal, also while an engine writes it; never changes anything.

    Raises `JournalUnusable` for a file that is missing, not a journal, or of another format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect(path, read_only=True)
        try:
            check_format(self._connection, path)
        except JournalUnusable:
            self._connection.close()
            raise
        self._read = statement("read")

    @property
    def head(self) -> Head:
        """The last durable record; (0, GENESIS) for an empty journal."""
        rows = self._query(statement("head"), ())
        return Head(rows[0][0], self._sound(rows[0], _HEAD_TYPES)[1].hex()) if rows else Head(0, GENESIS)

    def read(self, after_seq: int = 0) -> Iterator[JournalRecord]:
        """Records in order, from `after_seq` + 1 on, as durable now. Raises `JournalUnusable` where it is damaged."""
        last = self.head.seq
        while after_seq < last:
            rows = self._query(self._read, (after_seq, last, CHUNK_RECORDS))
            if not rows:
                raise ChainBroken(after_seq + 1, f"record {after_seq + 1} is missing, the last one is {last}")
            for row in rows:
                seq, at_us, kind, body, digest = self._sound(row, _RECORD_TYPES)
                if seq != after_seq + 1:
                    raise ChainBroken(after_seq + 1, f"record {after_seq + 1} is missing, the next one is {seq}")
                after_seq = seq
                yield JournalRecord(seq, at_us, kind, body, digest.hex())

    def load_snapshot(self) -> Snapshot | None:
        """The newest snapshot that is intact and lies on this journal's chain, or None."""
        for row in self._query(statement("load_snapshots"), ()):
            if tuple(map(type, row)) != _SNAPSHOT_TYPES:
                continue
            seq, chain, state, digest = row
            on_chain = seq > 0 and [row[4] for row in self._query(self._read, (seq - 1, seq, 1))] == [chain]
            if on_chain and hashlib.sha256(state).digest() == digest:
                return Snapshot(Head(seq, chain.hex()), state)
        return None

    def check_tail(self) -> None:
        """Raise `ChainBroken` unless the last record follows from the one before it: a cheap check at opening."""
        last = self.head.seq
        records = list(self.read(max(0, last - 2)))
        previous = (0, GENESIS)
        if last > 1:
            previous = (records[0].seq, records[0].hash) if len(records) == 2 else (last - 2, "")
        for record in records[-1:]:
            check_link(*previous, record.seq, record.at_us, record.kind, record.body, record.hash)

    def close(self) -> None:
        """May be called twice."""
        self._connection.close()

    def _query(self, sql: str, parameters: tuple[int, ...]) -> list[Any]:
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise JournalUnusable(f"the journal {self.path} cannot be read: {error}") from None

    def _sound(self, row: Any, types: tuple[type, ...]) -> Any:
        """The row, if it is one of ours. A page that the disk lost reads as zeros, hence as rows of NULL; a changed
        byte may turn a column into anything."""
        if tuple(map(type, row)) != types:
            raise JournalUnusable(
                f"the journal {self.path} is damaged at record {row[0]}: it has values of another kind"
            )
        return row
