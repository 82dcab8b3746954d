"""The written contract of the `Journal` port; every adapter passes all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.adapters.store_memory import MemoryDisk, MemoryJournal
from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.model.chain import check_link, link
from holdfast.ports import GENESIS, Head, JournalEntry, JournalFailed, Snapshot
from tests.adapters.journals import full_disk

Open = Callable[[], Any]

ENTRIES = [JournalEntry("alpha", b"1"), JournalEntry("beta", b"\x00\xff"), JournalEntry("alpha", b"")]


@pytest.fixture(params=["memory", "memory_delayed", "sqlite_thread", "sqlite_inline", "sqlite_unsynced"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """A function that opens the same journal; each call plays a restart, so close the one before."""
    disk, path, opened = MemoryDisk(), tmp_path / "a.journal", []
    kinds: dict[str, Open] = {
        "memory": lambda: MemoryJournal(disk),
        "memory_delayed": lambda: MemoryJournal(disk, sync_ms=2),
        "sqlite_thread": lambda: SqliteJournal(path, log_pages=0),
        "sqlite_inline": lambda: SqliteJournal(path, inline=True, log_pages=64),
        "sqlite_unsynced": lambda: SqliteJournal(path, inline=True, durability="none", log_pages=0),
    }

    def once() -> Any:
        opened.append(kinds[request.param]())
        return opened[-1]

    yield once
    for journal in opened:
        journal.close()


def test_an_empty_journal_has_the_genesis_head(reopen: Open) -> None:
    """(0, GENESIS), nothing to read, no snapshot."""
    journal = reopen()
    assert journal.head == Head(0, GENESIS)
    assert list(journal.read()) == []
    assert journal.load_snapshot() is None


async def test_a_batch_reads_back_as_appended(reopen: Open) -> None:
    """Sequence from 1 without gaps, time, kind and bytes exact."""
    journal = reopen()
    await journal.append(ENTRIES, 77)
    assert [(r.seq, r.at_us, r.kind, r.body) for r in journal.read()] == [
        (1, 77, "alpha", b"1"),
        (2, 77, "beta", b"\x00\xff"),
        (3, 77, "alpha", b""),
    ]


async def test_the_future_carries_the_head_of_its_batch(reopen: Open) -> None:
    """Head after the batch, equal to the last record's sequence and hash."""
    journal = reopen()
    head = await journal.append(ENTRIES, 1)
    assert head == journal.head
    assert head == Head(3, list(journal.read())[-1].hash)


async def test_the_head_is_known_before_the_batch_is_durable(reopen: Open) -> None:
    """`head` is the last appended record, durable or not: the snapshot of a running engine needs it."""
    journal = reopen()
    first = journal.append(ENTRIES[:1], 1)
    assert journal.head.seq == 1
    assert await first == journal.head


async def test_every_record_follows_from_the_one_before(reopen: Open) -> None:
    """The chain starts at GENESIS and each stated hash is the link's."""
    journal = reopen()
    await journal.append(ENTRIES, 5)
    await journal.append(ENTRIES, 6)
    previous = Head(0, GENESIS)
    for record in journal.read():
        check_link(*previous, record.seq, record.at_us, record.kind, record.body, record.hash)
        previous = Head(record.seq, record.hash)
    assert previous == journal.head


async def test_nobody_is_told_of_the_way_to_the_disk_when_it_is_over(reopen: Open) -> None:
    """At most once a batch, and never after it became durable."""
    journal = reopen()
    told: list[bool] = []
    for n in range(5):
        future = journal.append(ENTRIES, n, lambda: told.append(future.done()))  # noqa: B023 - awaited in its turn
        await future
    assert len(told) <= 5
    assert not any(told)


async def test_batches_become_durable_in_order(reopen: Open) -> None:
    """Fifty appends at once: the futures end in the order of the appends."""
    journal, order = reopen(), []
    futures = [journal.append([JournalEntry("n", str(n).encode())], n) for n in range(50)]
    for future in futures:
        future.add_done_callback(lambda done: order.append(done.result().seq))
    await asyncio.gather(*futures)
    await asyncio.sleep(0)
    assert order == list(range(1, 51))


async def test_reading_starts_after_the_given_record(reopen: Open) -> None:
    """`after_seq` is exclusive."""
    journal = reopen()
    await journal.append(ENTRIES, 1)
    assert [record.seq for record in journal.read(2)] == [3]
    assert list(journal.read(3)) == []


async def test_a_restart_finds_everything_durable(reopen: Open) -> None:
    """Head and records survive; the chain goes on."""
    journal = reopen()
    head = await journal.append(ENTRIES, 1)
    journal.close()
    again = reopen()
    assert again.head == head
    await again.append([JournalEntry("gamma", b"x")], 9)
    last = list(again.read())[-1]
    assert last.hash == link(head.hash, 4, 9, "gamma", b"x")


async def test_close_finishes_what_was_appended(reopen: Open) -> None:
    """An append that nobody waited for is durable after `close`."""
    journal = reopen()
    journal.append(ENTRIES, 1)
    journal.close()
    assert reopen().head.seq == 3


async def test_a_snapshot_reads_back(reopen: Open) -> None:
    """State and position survive a restart."""
    journal = reopen()
    head = await journal.append(ENTRIES, 1)
    await journal.save_snapshot(Snapshot(head, b"state"))
    journal.close()
    assert reopen().load_snapshot() == Snapshot(head, b"state")


async def test_the_newest_snapshot_wins(reopen: Open) -> None:
    """An older one may be dropped but is never answered."""
    journal = reopen()
    for n in range(4):
        head = await journal.append(ENTRIES, n)
        await journal.save_snapshot(Snapshot(head, b"state %d" % n))
    assert journal.load_snapshot() == Snapshot(journal.head, b"state 3")


def test_closing_twice_is_fine(reopen: Open) -> None:
    """`close` is idempotent."""
    journal = reopen()
    journal.close()
    journal.close()


async def broken(journal: Any) -> None:
    """Let an append fail as the disk is full, for as long as the caller says."""
    if isinstance(journal, MemoryJournal):
        journal.fail("the disk is full")
    with pytest.raises(JournalFailed):
        await journal.append([JournalEntry("lost", bytes(500_000))], 2)


def mended(journal: Any) -> None:
    """There is room again."""
    if isinstance(journal, MemoryJournal):
        journal.mend()


async def test_after_a_failure_every_append_fails_until_it_has_recovered(reopen: Open) -> None:
    """Room alone is not enough: what failed must not be followed by what did not."""
    journal = reopen()
    await journal.append(ENTRIES, 1)
    with full_disk():
        await broken(journal)
    mended(journal)
    with pytest.raises(JournalFailed):
        await journal.append(ENTRIES, 3)


async def test_a_recovered_journal_goes_on_behind_what_is_durable(reopen: Open) -> None:
    """The head is read back, the next record follows from it, and a restart finds all of it."""
    journal = reopen()
    durable = await journal.append(ENTRIES, 1)
    with full_disk():
        await broken(journal)
    mended(journal)
    assert await journal.recover() == durable == journal.head
    await journal.append(ENTRIES, 4)
    journal.close()
    records = list(reopen().read())
    assert [(record.seq, record.at_us) for record in records] == [(1, 1), (2, 1), (3, 1), (4, 4), (5, 4), (6, 4)]
    assert records[3].hash == link(durable.hash, 4, 4, *ENTRIES[0])


async def test_a_journal_does_not_recover_while_the_disk_is_full(reopen: Open) -> None:
    """It says so, stays failed, and may be asked again."""
    journal = reopen()
    durable = await journal.append(ENTRIES, 1)
    with full_disk():
        await broken(journal)
        for _ in range(2):
            with pytest.raises(JournalFailed):
                await journal.recover()
        with pytest.raises(JournalFailed):
            await journal.append(ENTRIES, 3)
    mended(journal)
    assert await journal.recover() == durable


async def test_a_failed_journal_can_be_read_and_closed(reopen: Open) -> None:
    """What was durable is still there."""
    journal = reopen()
    await journal.append(ENTRIES, 1)
    with full_disk():
        await broken(journal)
    assert [record.seq for record in journal.read()] == [1, 2, 3]
    journal.close()
    assert reopen().head.seq == 3
