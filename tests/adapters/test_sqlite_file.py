"""Reading a journal file: while it is written, and when it is not what it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.adapters.sqlite_file import SqliteReader
from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.model.chain import ChainBroken, JournalUnusable
from holdfast.ports import Snapshot
from tests.adapters.journals import ENTRY, LAX, change, filled


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal lies."""
    return tmp_path / "account.journal"


def test_reading_a_missing_journal_creates_nothing(path: Path) -> None:
    """The reader of a wrong path leaves no empty file."""
    with pytest.raises(JournalUnusable, match="there is no journal"):
        SqliteReader(path)
    assert not path.exists()


async def test_an_engine_that_runs_can_be_read(path: Path) -> None:
    """`explain` and `verify` need no lock and see what is durable."""
    journal = SqliteJournal(path, log_pages=0)
    await journal.append([ENTRY], 1)
    reader = SqliteReader(path)
    assert reader.head == journal.head
    await journal.append([ENTRY], 2)
    assert len(list(reader.read())) == 2
    reader.close()
    journal.close()


async def test_reading_goes_over_chunks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More records than one query answers."""
    monkeypatch.setattr("holdfast.adapters.sqlite_file.CHUNK_RECORDS", 3)
    journal = SqliteJournal(path, log_pages=0)
    await journal.append([ENTRY] * 10, 1)
    assert [record.seq for record in journal.read(1)] == list(range(2, 11))
    journal.close()


async def test_a_changed_last_record_is_refused_at_open(path: Path) -> None:
    """Opening checks the last link; recovery checks the others."""
    await filled(path, 5)
    change(path, "UPDATE event SET body = x'00' WHERE seq = 5")
    with pytest.raises(ChainBroken, match="record 5: its content"):
        SqliteJournal(path)


async def test_a_missing_record_is_refused_at_open(path: Path) -> None:
    """A gap before the last record."""
    await filled(path, 5)
    change(path, "DELETE FROM event WHERE seq = 4")
    with pytest.raises(ChainBroken, match="record 4 is missing"):
        SqliteJournal(path)


async def test_a_journal_of_one_record_is_checked_from_genesis(path: Path) -> None:
    """Record 1 cannot be exchanged either."""
    await filled(path, 1)
    SqliteJournal(path, log_pages=0).close()
    change(path, "UPDATE event SET kind = 'other'")
    with pytest.raises(ChainBroken, match="record 1"):
        SqliteJournal(path)


async def test_a_damaged_snapshot_is_not_used(path: Path) -> None:
    """The older one is taken, and none when both are damaged."""
    await filled(path, 2, snapshot=True)
    journal = SqliteJournal(path, log_pages=0)
    await journal.append([ENTRY], 3)
    await journal.save_snapshot(Snapshot(journal.head, b"newer"))
    journal.close()
    change(path, "UPDATE snapshot SET state = x'00' WHERE seq = 3")
    journal = SqliteJournal(path, log_pages=0)
    kept = journal.load_snapshot()
    assert kept is not None
    assert kept.state == b"state"
    journal.close()


async def test_a_snapshot_of_another_chain_is_not_used(path: Path) -> None:
    """A state is only as good as the record it stands on."""
    await filled(path, 2, snapshot=True)
    change(path, f"UPDATE snapshot SET hash = x'{'ab' * 32}'")
    journal = SqliteJournal(path, log_pages=0)
    assert journal.load_snapshot() is None
    journal.close()


def test_a_foreign_database_is_refused(path: Path) -> None:
    """A SQLite file of another program stays untouched."""
    change(path, "CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(JournalUnusable, match="another program"):
        SqliteJournal(path)
    assert path.read_bytes() == before


async def test_another_format_is_named(path: Path) -> None:
    """A journal of a later version says which format it has and which we read."""
    await filled(path, 1)
    change(path, "PRAGMA user_version = 9")
    with pytest.raises(JournalUnusable, match="format 9, this program reads format 1"):
        SqliteJournal(path)


@pytest.mark.parametrize("column", ["at_us", "kind", "body", "hash"])
async def test_a_value_of_another_kind_is_refused_by_record(path: Path, column: str) -> None:
    """A changed byte in a row's header turns a text into a number, or a hash into nothing."""
    await filled(path, 3)
    change(path, f"{LAX} UPDATE event SET {column} = NULL WHERE seq = 2")
    reader = SqliteReader(path)
    with pytest.raises(JournalUnusable, match="damaged at record 2"):
        list(reader.read())
    reader.close()


async def test_a_gap_is_named_where_it_begins(path: Path) -> None:
    """Also far from the end, where opening does not look."""
    await filled(path, 9)
    change(path, "DELETE FROM event WHERE seq IN (4, 5)")
    reader = SqliteReader(path)
    with pytest.raises(ChainBroken, match="record 4 is missing, the next one is 6"):
        list(reader.read())
    reader.close()


async def test_a_snapshot_with_values_of_another_kind_is_not_used(path: Path) -> None:
    """As any damaged snapshot."""
    await filled(path, 2, snapshot=True)
    change(path, f"{LAX} UPDATE snapshot SET state = 7")
    reader = SqliteReader(path)
    assert reader.load_snapshot() is None
    reader.close()
