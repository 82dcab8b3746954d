"""Journals as a power cut, a broken disk or a careless copy leaves them: opened whole, opened shorter, or refused.

A journal is written up to a crash, and its two files are cut, damaged and mixed at every 512 bytes. Whatever they are
then: it opens with whole batches from the first on, and lacks none whose bytes are there, or it is refused by record or
reason. Each journal that opens is also written to, because the engine would.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import NamedTuple

import pytest

from holdfast.adapters.sqlite_log import FRAME_HEADER_BYTES, HEADER_BYTES
from holdfast.adapters.store_sqlite import PAGE_BYTES, SqliteJournal
from holdfast.model.chain import JournalUnusable, check_link
from holdfast.ports import GENESIS, Head, JournalEntry, JournalFailed, Snapshot
from tests.adapters.journals import frames_read, full_disk

STEP = 512
FRAME = FRAME_HEADER_BYTES + PAGE_BYTES


class Files(NamedTuple):
    """A main file and its log at one moment."""

    main: bytes
    log: bytes


class Written(NamedTuple):
    """A crashed journal: its files, those before its checkpoint, its main file after one more, and the log's batches.

    `ends` is (bytes of the log that hold it, records in all) of each confirmed batch behind the checkpoint; the first
    entry stands for what the main file holds by itself. `batches` are the allowed numbers of records.
    """

    files: Files
    earlier: Files
    later: bytes
    ends: list[tuple[int, int]]
    batches: set[int]


async def write(folder: Path) -> Written:
    """Batches of one to four records of all sizes, a checkpoint, a snapshot, more batches, a crash in a large one."""
    path = folder / "a.journal"
    journal = SqliteJournal(path, inline=True, log_pages=64)
    batches, ends = {0}, [(0, 0)]
    for n in range(30):
        if n == 12:
            earlier = copied(path)
            journal._checkpoint()
            ends = [(0, journal.head.seq)]
        await journal.append([JournalEntry("kind", b"%d " % n * (50 + n * 37 % 900))] * (1 + n % 4), n)
        batches.add(journal.head.seq)
        ends.append((HEADER_BYTES + frames_read(path) * FRAME, journal.head.seq))
        if n == 20:
            await journal.save_snapshot(Snapshot(journal.head, b"state" * 2_000))
    journal._connection.execute("PRAGMA cache_size = 4")
    journal._connection.execute("BEGIN IMMEDIATE")
    for seq in range(journal.head.seq + 1, journal.head.seq + 12):
        journal._connection.execute(
            "INSERT INTO event VALUES (?, 1, 'kind', ?, ?)", (seq, bytes(PAGE_BYTES), bytes(32))
        )
    files = copied(path)
    journal._connection.execute("ROLLBACK")
    journal._checkpoint()
    later = path.read_bytes()
    journal.close()
    return Written(files, earlier, later, ends, batches)


def copied(path: Path) -> Files:
    """Both files, as they lie on the disk now."""
    return Files(path.read_bytes(), path.with_name(path.name + "-wal").read_bytes())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The crashed journal, written once."""
    return asyncio.run(write(tmp_path_factory.mktemp("written")))


def laid_out(folder: Path, main: bytes, log: bytes | None) -> Path:
    """A journal of these two files, alone in a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / "a.journal"
    path.write_bytes(main)
    if log is not None:
        path.with_name(path.name + "-wal").write_bytes(log)
    return path


Open = Callable[[bytes, bytes | None], int | str]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Puts two files side by side and opens them: the number of records, or the words of the refusal."""
    loop = asyncio.new_event_loop()

    def opened(main: bytes, log: bytes | None) -> int | str:
        try:
            found = loop.run_until_complete(used(laid_out(tmp_path / "copy", main, log)))
        except JournalUnusable as error:
            return str(error)
        return found

    yield opened
    loop.close()


async def used(path: Path) -> int:
    """The number of records, all links checked, of a journal that also takes one more and gives it back."""
    with closing(SqliteJournal(path, inline=True, durability="none", log_pages=0)) as journal:
        found = checked(journal)
        kept = journal.load_snapshot()
        assert kept is None or kept.state == b"state" * 2_000
        await journal.append([JournalEntry("kind", b"goes on")], 99)
        assert checked(journal) == found + 1
    return found


def checked(journal: SqliteJournal) -> int:
    """Walk the chain. Raises `JournalUnusable` where it is broken."""
    previous = Head(0, GENESIS)
    for record in journal.read():
        check_link(*previous, record.seq, record.at_us, record.kind, record.body, record.hash)
        previous = Head(record.seq, record.hash)
    assert previous == journal.head
    return previous.seq


def places(data: bytes) -> range:
    """Every 512 bytes."""
    return range(0, len(data), STEP)


def test_the_written_journal_has_everything_that_may_go_wrong(written: Written, opened: Open) -> None:
    """Records in the main file and in the log, transactions of several frames, one unfinished, and old frames below."""
    assert written.ends[0][1] > 20
    assert len(written.ends) == 19
    sizes = [later[0] - before[0] for before, later in zip(written.ends[1:], written.ends[2:], strict=False)]
    assert max(sizes) > FRAME
    assert len(written.files.log) > written.ends[-1][0] + 8 * FRAME
    assert opened(*written.files) == written.ends[-1][1]


def test_a_log_cut_anywhere_has_every_batch_before_the_cut(written: Written, opened: Open) -> None:
    """Exactly those: a power cut takes nothing that was on the disk."""
    main, log = written.files
    for cut in places(log):
        assert opened(main, log[:cut]) == max(records for end, records in written.ends if end <= cut), f"cut at {cut}"


def test_a_log_with_a_zeroed_tail_has_every_batch_before_it(written: Written, opened: Open) -> None:
    """The file system gave the space and the bytes never came."""
    main, log = written.files
    for cut in range(HEADER_BYTES, len(log), STEP * 3):
        zeroed = log[:cut] + bytes(len(log) - cut)
        assert opened(main, zeroed) == max(records for end, records in written.ends if end <= cut), f"zeros from {cut}"


def test_a_log_with_a_changed_byte_is_refused(written: Written, opened: Open) -> None:
    """Behind the change nothing can be read, and what was written behind it shows that it had been durable."""
    main, log = written.files
    for place in places(log):
        found = opened(main, changed(log, place))
        if place >= written.ends[-1][0]:
            assert found == written.ends[-1][1], f"byte {place} is in the unfinished transaction"
        else:
            assert isinstance(found, str), f"byte {place}: {found} records"
            assert "damaged" in found


def test_a_changed_byte_in_the_last_batch_is_taken_for_a_torn_write(written: Written, opened: Open) -> None:
    """Nothing lies behind it, so nothing tells a power cut from a broken disk; `verify --head` does."""
    (before, records), (end, _) = written.ends[-2:]
    main, log = written.files
    for place in range(before, end, STEP):
        assert opened(main, changed(log[:end], place)) == records


def changed(data: bytes, place: int) -> bytes:
    """One byte is another."""
    return data[:place] + bytes([data[place] ^ 0x5A]) + data[place + 1 :]


def test_a_main_file_cut_anywhere_is_refused_or_whole(written: Written, opened: Open) -> None:
    """Whole when what is missing lies in the log."""
    main, log = written.files
    found = [opened(main[:cut], log) for cut in places(main)]
    assert set(map(type, found)) == {int, str} or set(map(type, found)) == {str}
    assert {records for records in found if isinstance(records, int)} <= {written.ends[-1][1]}


def test_a_main_file_with_a_changed_byte_is_refused_or_whole(written: Written, opened: Open) -> None:
    """Whole when the byte means nothing, or when its page lies in the log."""
    main, log = written.files
    for place in places(main):
        found = opened(changed(main, place), log)
        assert isinstance(found, str) or found == written.ends[-1][1], f"byte {place}: {found} records"


@pytest.mark.parametrize("keep", [True, False])
def test_a_checkpoint_that_was_cut_off(written: Written, opened: Open, keep: bool) -> None:
    """With its log nothing is lost, whatever was copied; without it, the mixture is a whole prefix or refused."""
    before, log = written.earlier
    after = written.files.main
    expected = opened(before, log)
    for pages in range(len(after) // PAGE_BYTES + 1):
        mixed = after[: pages * PAGE_BYTES] + before[pages * PAGE_BYTES :]
        found = opened(mixed, log if keep else None)
        if keep:
            assert found == expected == written.ends[0][1]
        else:
            assert isinstance(found, str) or found in written.batches


def test_a_missing_log_leaves_what_the_main_file_holds(written: Written, opened: Open) -> None:
    """Its batches are gone, and nothing else; `verify --head` tells."""
    assert opened(written.files.main, None) == written.ends[0][1]
    assert opened(written.files.main, b"") == written.ends[0][1]


def test_a_log_of_an_earlier_time_is_refused(written: Written, opened: Open) -> None:
    """SQLite would lay its old pages over the newer file."""
    found = opened(written.later, written.earlier.log)
    assert isinstance(found, str), f"{found} records"


def test_a_main_file_of_an_earlier_time_is_refused_or_whole(written: Written, opened: Open) -> None:
    """The log does not hold every page that the older file lacks."""
    found = opened(written.earlier.main, written.files.log)
    assert isinstance(found, str) or found == written.ends[-1][1]


def test_a_log_without_its_main_file_is_kept(written: Written, opened: Open, tmp_path: Path) -> None:
    """SQLite would throw it away and begin a new journal."""
    found = opened(b"", written.files.log)
    assert isinstance(found, str)
    assert "restore both files" in found
    assert (tmp_path / "copy" / "a.journal-wal").read_bytes() == written.files.log


async def trouble(folder: Path, seed: int) -> AsyncIterator[tuple[Files, int]]:
    """Appends, snapshots and checkpoints on a disk that is full now and then; after each, the files and the number of
    records that were confirmed."""
    chance = random.Random(seed)
    path = folder / "a.journal"
    journal = SqliteJournal(path, inline=True, durability="none", log_pages=chance.choice([0, 8, 64]))
    confirmed, failed = 0, False
    for n in range(40):
        space = chance.randint(4_096, 300_000) if chance.random() < 0.3 else 1 << 40
        try:
            with full_disk(space):
                if failed:
                    await journal.recover()
                    failed = False
                elif chance.random() < 0.7:
                    batch = [JournalEntry("kind", b"%d " % n * chance.choice([20, 200, 5_000]))] * chance.randint(1, 4)
                    confirmed = (await journal.append(batch, n)).seq
                elif chance.random() < 0.5:
                    await journal.save_snapshot(Snapshot(journal.head, b"state" * 2_000))
                else:
                    journal._checkpoint()
                    failed = journal._failure is not None
        except JournalFailed:
            failed = True
        yield copied(path), confirmed
    journal.close()


@pytest.mark.parametrize("seed", range(4))
async def test_what_a_failed_write_left_behind_is_no_damage(seed: int, tmp_path: Path) -> None:
    """Remains of failed transactions lie behind the end of the log; none of them is taken for a lost record."""
    (tmp_path / "written").mkdir()
    async with aclosing(trouble(tmp_path / "written", seed)) as moments:
        async for files, confirmed in moments:
            assert await used(laid_out(tmp_path / "copy", *files)) >= confirmed
