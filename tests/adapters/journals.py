"""Journals on disk for tests, and ways to harm them."""

from __future__ import annotations

import resource
import sqlite3
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


def change(path: Path, sql: str) -> None:
    """Change the file behind the journal's back."""
    connection = sqlite3.connect(path)
    connection.execute(sql)
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
