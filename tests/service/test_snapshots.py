"""Snapshots are taken when they are due, in quiet moments, and never stand in the way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from holdfast.adapters.store_memory import MemoryJournal
from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.service.snapshots import SnapshotKeeper, pack, unpack
from tests.service.test_recovery import ToyModel, append, fold
from tests.service.toy import ToyEngine, alarm


async def test_the_keeper_takes_a_snapshot_when_it_is_due(tmp_path: Path) -> None:
    """At the distance, not before; a restart uses it."""
    journal = SqliteJournal(tmp_path / "a.journal", inline=True, log_pages=0)
    engine, model = ToyEngine(), ToyModel()
    keeper = SnapshotKeeper(engine=engine, read_model=model, journal=journal, version="1", failed=pytest.fail, every=3)
    for n in range(1, 5):
        await append(journal, 1)
        engine.apply(alarm())
        model.seq = n
        keeper.consider()
        kept = journal.load_snapshot()
        assert (kept.head.seq if kept else 0) == (3 if n >= 3 else 0)
    assert fold(journal)[2].snapshot_seq == 3
    journal.close()


async def test_an_exposed_account_is_snapshotted_later() -> None:
    """The loop belongs to the protection of a position, but not for ever."""
    journal = MemoryJournal()
    engine = ToyEngine()
    engine.exposed_symbols = lambda: ["BTCUSDT"]  # type: ignore[method-assign]
    keeper = SnapshotKeeper(
        engine=engine, read_model=ToyModel(), journal=journal, version="1", failed=pytest.fail, every=2
    )
    taken = []
    for _ in range(8):
        await append(journal, 1)
        keeper.consider()
        taken.append(journal.load_snapshot() is not None)
    assert taken == [False] * 7 + [True]


async def test_a_failed_snapshot_is_reported_and_nothing_else() -> None:
    """The journal is the record; a snapshot is a convenience."""
    journal = MemoryJournal()
    await append(journal, 1)
    failures: list[str] = []
    keeper = SnapshotKeeper(
        engine=ToyEngine(), read_model=ToyModel(), journal=journal, version="1", failed=failures.append, every=10
    )
    await append(journal, 1)
    journal.fail("gone")
    await keeper.take_last()
    assert failures == ["gone"]


async def test_a_due_snapshot_that_fails_is_reported() -> None:
    """Nobody waits for it, so the report is the only trace."""
    journal = MemoryJournal()
    failures: list[str] = []
    keeper = SnapshotKeeper(
        engine=ToyEngine(), read_model=ToyModel(), journal=journal, version="1", failed=failures.append, every=1
    )
    await append(journal, 1)
    journal.fail("gone")
    keeper.consider()
    await asyncio.sleep(0)
    assert failures == ["gone"]


async def test_an_orderly_end_without_news_takes_none() -> None:
    """Nothing happened since the last one."""
    journal = MemoryJournal()
    await append(journal, 1)
    keeper = SnapshotKeeper(engine=ToyEngine(), read_model=ToyModel(), journal=journal, version="1", failed=pytest.fail)
    await keeper.take_last()
    assert journal.load_snapshot() is None


@pytest.mark.parametrize(("version", "known"), [("1", True), ("2", False)])
def test_a_snapshot_counts_for_its_version_only(version: str, known: bool) -> None:
    """Another version folds the journal."""
    assert (unpack(pack(ToyEngine(), ToyModel(), "1"), version) is not None) is known


def test_a_snapshot_of_another_format_is_none() -> None:
    """Whatever its version says."""
    body = msgspec.msgpack.decode(pack(ToyEngine(), ToyModel(), "1"))
    body["format"] = 99
    assert unpack(msgspec.msgpack.encode(body), "1") is None
