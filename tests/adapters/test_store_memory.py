"""What only the memory journal does: lose what was not durable, share a synchronisation, break."""

from __future__ import annotations

import asyncio

import pytest

from holdfast.adapters.store_memory import MemoryDisk, MemoryJournal
from holdfast.ports import JournalEntry, JournalFailed, Snapshot

ENTRY = JournalEntry("kind", b"x")


async def test_a_crash_loses_what_is_not_durable() -> None:
    """And nothing else."""
    disk = MemoryDisk()
    journal = MemoryJournal(disk, sync_ms=1)
    await journal.append([ENTRY], 1)
    lost = journal.append([ENTRY], 2)
    journal.crash()
    assert not lost.done()
    assert MemoryJournal(disk).head.seq == 1


async def test_appends_share_a_synchronisation() -> None:
    """All that came within its time."""
    journal = MemoryJournal(sync_ms=5)
    futures = [journal.append([ENTRY], n) for n in range(3)]
    await futures[0]
    assert all(future.done() for future in futures)


async def test_a_broken_journal_fails_what_waits_and_what_comes() -> None:
    """For good."""
    journal = MemoryJournal(sync_ms=1_000)
    waiting = journal.append([ENTRY], 1)
    journal.fail("no space")
    for future in (waiting, journal.append([ENTRY], 2), journal.save_snapshot(Snapshot(journal.head, b""))):
        with pytest.raises(JournalFailed, match="no space"):
            await future


async def test_a_cancelled_waiter_does_not_stop_the_batch() -> None:
    """The record is durable all the same."""
    journal = MemoryJournal(sync_ms=1)
    gone = journal.append([ENTRY], 1)
    gone.cancel()
    assert (await journal.append([ENTRY], 2)).seq == 2
    await asyncio.sleep(0)
