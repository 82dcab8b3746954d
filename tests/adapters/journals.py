"""Journals on disk for tests, and ways to harm them."""

from __future__ import annotations

import resource
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.ports import JournalEntry, Snapshot

ENTRY = JournalEntry("kind", b"x" * 320)


async def filled(path: Path, records: int, *, snapshot: bool = False) -> None:
    """Write a journal of `records` single-record batches and close it."""
    journal = SqliteJournal(path, log_pages=0)
    for n in range(records):
        await journal.append([JournalEntry("kind", b"record %d " % n * 20)], n)
    if snapshot:
        await journal.save_snapshot(Snapshot(journal.head, b"state"))
    journal.close()


LAX = (
    "PRAGMA writable_schema = ON;"
    "UPDATE sqlite_master SET sql = replace(replace(sql, 'NOT NULL', ''), ') STRICT', ')');"
    "PRAGMA writable_schema = RESET;"
)
"""Makes the tables take any value, as a changed byte in a row does."""


def change(path: Path, sql: str) -> None:
    """Change the file behind the journal's back."""
    connection = sqlite3.connect(path)
    connection.executescript(sql)
    connection.commit()
    connection.close()


@contextmanager
def full_disk(size: int = 4_096) -> Iterator[None]:
    """For a while no file of this process may be written behind `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def frames_read(path: Path) -> int:
    """How many frames of its log SQLite reads while the journal is open, from the index beside it."""
    return int.from_bytes(path.with_name(path.name + "-shm").read_bytes()[16:20], sys.byteorder)
