"""What only the SQLite journal promises: locks, formats, damage, write errors, the size of its log."""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from holdfast.adapters import store_sqlite
from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.model.chain import ChainBroken, JournalUnusable, check_link
from holdfast.ports import GENESIS, Head, JournalEntry, JournalFailed, Snapshot
from tests.adapters.journals import ENTRY, change, filled
from tests.waiting import eventually


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal lies."""
    return tmp_path / "account.journal"


def size_of(path: Path) -> int:
    """The size of the main file."""
    return path.stat().st_size


def test_the_file_is_readable_by_its_owner_only(path: Path) -> None:
    """A journal tells what somebody owns."""
    SqliteJournal(path, log_pages=0).close()
    assert path.stat().st_mode & 0o077 == 0


def test_rules_8_a_second_engine_on_the_journal_is_refused_by_pid(path: Path) -> None:
    """Another process gets an error that names the holder."""
    journal = SqliteJournal(path, log_pages=0)
    program = (
        "import sys, os, pathlib; from holdfast.adapters.store_sqlite import SqliteJournal\n"
        "try: SqliteJournal(pathlib.Path(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    journal.close()
    assert done.stdout.startswith("AlreadyRunning")
    assert f"process {os.getpid()} " in done.stdout


def test_the_lock_ends_with_close(path: Path) -> None:
    """The next engine may start."""
    SqliteJournal(path, log_pages=0).close()
    SqliteJournal(path, log_pages=0).close()


def test_a_failed_open_leaves_no_lock(path: Path) -> None:
    """The second attempt reports the true reason again, not a lock of our own."""
    path.write_bytes(b"this is no database at all" * 100)
    for _ in range(2):
        with pytest.raises(JournalUnusable, match="not a Holdfast journal"):
            SqliteJournal(path)


async def test_a_refused_journal_is_let_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection stays open behind the error: not the first look, the writing one, nor the reading one."""
    await filled(path, 3)
    change(path, "UPDATE event SET body = x'00' WHERE seq = 3")
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def noted(*arguments: Any, **named: Any) -> sqlite3.Connection:
        opened.append(connect(*arguments, **named))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", noted)
    with pytest.raises(ChainBroken):
        SqliteJournal(path, log_pages=0)
    assert len(opened) == 3
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(JournalUnusable, match="nowhere"):
        SqliteJournal(tmp_path / "nowhere" / "a.journal")


async def test_the_log_is_grown_at_open_and_keeps_its_size(path: Path) -> None:
    """A growing log doubles the cost of a synchronisation; checkpoints do not shorten it."""
    journal = SqliteJournal(path, log_pages=512)
    log = path.with_name(path.name + "-wal")
    size = log.stat().st_size
    assert size > 490 * 4_096
    for n in range(3):
        await asyncio.gather(*(journal.append([ENTRY] * 100, n) for _ in range(40)))
        journal._checkpoint()
    assert log.stat().st_size == size
    journal.close()


def test_growing_the_log_does_not_grow_the_journal(path: Path) -> None:
    """The space is written and rolled back."""
    for _ in range(3):
        SqliteJournal(path, log_pages=512).close()
    assert path.stat().st_size < 100_000


async def test_an_idle_moment_moves_the_log(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the appends stop, the records are in the main file."""
    monkeypatch.setattr(store_sqlite, "CHECKPOINT_PAGES", 1)
    monkeypatch.setattr(store_sqlite, "IDLE_S", 0.01)
    journal = SqliteJournal(path, log_pages=64)
    await journal.append([ENTRY] * 1_000, 1)
    await eventually(lambda: size_of(path) >= 300_000, what="the checkpoint")
    journal.close()


async def test_queued_batches_share_a_commit(path: Path) -> None:
    """A hundred appends at once cost far fewer than a hundred transactions."""
    journal = SqliteJournal(path, log_pages=64)
    commits: list[str] = []
    journal._connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    await asyncio.gather(*(journal.append([ENTRY], n) for n in range(100)))
    journal.close()
    assert 1 <= len(commits) <= 20


async def test_the_caller_is_told_while_the_disk_works(path: Path) -> None:
    """Once for each batch that asks, from the loop, before the batch is durable."""
    journal = SqliteJournal(path, log_pages=0)
    states: list[bool] = []
    future = journal.append([ENTRY], 1, lambda: states.append(future.done()))
    await asyncio.gather(future, journal.append([ENTRY], 2))
    assert states == [False]
    journal.close()


async def test_a_journal_that_writes_in_place_has_no_time_to_give(path: Path) -> None:
    """Nothing runs beside it."""
    journal = SqliteJournal(path, inline=True, log_pages=0)
    await journal.append([ENTRY], 1, pytest.fail)
    journal.close()


@pytest.fixture
def small_files() -> Iterator[None]:
    """Files of this process may not grow beyond 300 kB: a real write error without a special disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.usefixtures("small_files")
async def test_a_full_disk_fails_the_batch_and_all_later_ones(path: Path, inline: bool) -> None:
    """The error is final even when there would be room again; what was durable stays."""
    journal = SqliteJournal(path, inline=inline, log_pages=0)
    head = await journal.append([ENTRY], 1)
    with pytest.raises(JournalFailed, match="cannot be written"):
        await journal.append([JournalEntry("kind", bytes(1_000_000))], 2)
    with pytest.raises(JournalFailed):
        await journal.append([ENTRY], 3)
    with pytest.raises(JournalFailed):
        await journal.save_snapshot(Snapshot(head, b"state"))
    journal.close()
    again = SqliteJournal(path, log_pages=0)
    assert again.head == head
    again.close()


async def test_everything_queued_behind_a_failure_fails(path: Path) -> None:
    """No later batch becomes durable over a hole."""
    journal = SqliteJournal(path, log_pages=0)
    await journal.append([ENTRY], 1)
    journal._failure = JournalFailed("the disk is gone")
    results = await asyncio.gather(*(journal.append([ENTRY], n) for n in range(5)), return_exceptions=True)
    assert all(isinstance(result, JournalFailed) for result in results)
    assert len(list(journal.read())) == 1
    journal.close()


def intact_prefix(path: Path) -> int:
    """Open the journal, walk its chain and return the number of records. Raises `JournalUnusable`."""
    previous = Head(0, GENESIS)
    with closing(SqliteJournal(path, inline=True, log_pages=0)) as journal:
        for record in journal.read():
            check_link(*previous, record.seq, record.at_us, record.kind, record.body, record.hash)
            previous = Head(record.seq, record.hash)
    return previous.seq


def test_a_main_file_cut_at_every_512_bytes_is_refused(path: Path, tmp_path: Path) -> None:
    """A cut main file never passes for a shorter journal."""
    asyncio.run(filled(path, 40))
    whole = path.read_bytes()
    for cut in range(512, len(whole), 512):
        copy = tmp_path / "cut.journal"
        copy.write_bytes(whole[:cut])
        with pytest.raises(JournalUnusable):
            intact_prefix(copy)


WRITER = """
import asyncio, pathlib, sys
from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.ports import JournalEntry

async def write():
    journal = SqliteJournal(pathlib.Path(sys.argv[1]), log_pages=64)
    while True:
        head = await journal.append([JournalEntry("kind", b"x" * 300)] * 3, 1)
        print(head.seq, flush=True)

asyncio.run(write())
"""


@pytest.mark.parametrize("batches", [1, 7, 40])
def test_a_killed_writer_loses_nothing_that_it_called_durable(path: Path, batches: int) -> None:
    """kill -9 while it writes: every acknowledged batch is there, none is half there, and the next engine goes on."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(batches)][-1]
    writer.kill()
    rest = [int(line) for line in writer.communicate()[0].splitlines() if line]
    found = intact_prefix(path)
    assert found >= (rest[-1] if rest else acknowledged)
    assert found % 3 == 0
