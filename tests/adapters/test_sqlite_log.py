"""The look at both files before the journal is opened; `test_cut_files.py` tries it on every 512 bytes of them."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.adapters.sqlite_log import Log, check_files
from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.model.chain import JournalUnusable
from tests.adapters.journals import ENTRY, filled, frames_read


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal lies."""
    return tmp_path / "account.journal"


def beside(path: Path) -> Path:
    """Its write-ahead log."""
    return path.with_name(path.name + "-wal")


async def test_every_frame_of_a_sound_log_continues_the_one_before(path: Path) -> None:
    """Our reading of SQLite's format agrees with SQLite."""
    with closing(SqliteJournal(path, inline=True, log_pages=0)) as journal:
        for n in range(5):
            await journal.append([ENTRY] * 30, n)
        file = os.open(beside(path), os.O_RDONLY)
        log = Log(file, beside(path))
        read = frames_read(path)
        assert read >= 10
        assert [number for number in range(1, read + 1) if not log.continues(number)] == []
        assert log.frame(read).commit == journal._connection.execute("PRAGMA page_count").fetchone()[0]
        assert sum(log.frame(number).commit > 0 for number in range(1, read + 1)) == 5
        os.close(file)


def test_no_files_are_a_new_journal(path: Path) -> None:
    """Nothing to look at, and nothing is made."""
    check_files(path)
    assert list(path.parent.iterdir()) == []


async def crashed(path: Path) -> tuple[bytes, bytes]:
    """The files of a journal of five batches that was never closed."""
    with closing(SqliteJournal(path, inline=True, log_pages=0)) as journal:
        for n in range(5):
            await journal.append([ENTRY], n)
        return copied(path)


def copied(path: Path) -> tuple[bytes, bytes]:
    """Both files as they lie on the disk now."""
    return path.read_bytes(), beside(path).read_bytes()


def test_a_refusal_changes_neither_file(path: Path, tmp_path: Path) -> None:
    """They are the evidence, and may still be mended by hand."""
    main, whole = asyncio.run(crashed(path))
    log = bytearray(whole)
    log[100] ^= 1
    copy = tmp_path / "copy.journal"
    copy.write_bytes(main)
    beside(copy).write_bytes(log)
    with pytest.raises(JournalUnusable, match=r"damaged at or behind frame 1 \(byte 32\)"):
        SqliteJournal(copy, log_pages=0)
    assert copied(copy) == (main, bytes(log))


def test_a_main_file_longer_than_its_newest_state_is_refused(path: Path) -> None:
    """Pages that nothing accounts for come from a later time."""
    asyncio.run(filled(path, 3))
    path.write_bytes(path.read_bytes() + bytes(4_096))
    with pytest.raises(JournalUnusable, match="of an earlier time"):
        check_files(path)


def test_a_main_file_without_its_last_page_is_refused(path: Path) -> None:
    """By the page that is in neither file."""
    asyncio.run(filled(path, 60))
    path.write_bytes(path.read_bytes()[:-4_096])
    with pytest.raises(JournalUnusable):
        check_files(path)


def test_a_start_that_was_killed_before_the_tables_were_made_is_begun_again(path: Path) -> None:
    """The file is a database already, of nobody, and holds nothing."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert path.stat().st_size > 0
    SqliteJournal(path, log_pages=0).close()
    check_files(path)
