"""Restart = fold; a snapshot is a shortcut and never an authority."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from holdfast.adapters.store_memory import MemoryDisk, MemoryJournal
from holdfast.core.engine import Engine
from holdfast.model import events as ev
from holdfast.model.chain import ChainBroken, JournalUnusable, RecordUnusable
from holdfast.model.settings import EngineSettings, Venue
from holdfast.model.venue_facts import VenueFacts
from holdfast.ports import Head, Journal, JournalEntry, Snapshot
from holdfast.service.outbox import Published
from holdfast.service.recovery import Recovered, recover
from holdfast.service.snapshots import SnapshotBody, pack
from tests.service.toy import ToyEngine, alarm


class ToyModel:
    """Counts what it folds."""

    def __init__(self) -> None:
        self.seq = 0
        self.seen: list[int] = []

    def fold(self, record: Published) -> None:
        """Take one."""
        self.seen.append(record.seq)
        self.seq = record.seq

    def dump(self) -> bytes:
        """Its position."""
        return str(self.seq).encode()

    def load(self, data: bytes) -> None:
        """Its position."""
        self.seq = int(data)


async def append(journal: Journal, count: int) -> None:
    """Some events, in batches of one."""
    for _ in range(count):
        event = alarm()
        await journal.append([JournalEntry(ev.kind_of(event), ev.encode(event))], 1)


def fold(journal: Journal) -> tuple[ToyEngine, ToyModel, Recovered]:
    """Recover with toys of version "1"."""
    return recover(journal, ToyEngine, ToyModel, version="1")


def with_state(journal: Journal, events: int, read_seq: int, *, version: str = "1") -> bytes:
    """Snapshot bytes of a toy engine that has folded `events`, and a read model at `read_seq`."""
    engine, model = ToyEngine(), ToyModel()
    engine.state.events, model.seq = events, read_seq
    return pack(engine, model, version)


def test_an_empty_journal_gives_a_fresh_engine() -> None:
    """Nothing to fold."""
    engine, model, found = fold(MemoryJournal())
    assert (engine.state.events, model.seen) == (0, [])
    assert found == Recovered(Head(0, "0" * 64), 0, 0)


async def test_without_a_snapshot_everything_is_folded() -> None:
    """From record 1."""
    journal = MemoryJournal()
    await append(journal, 5)
    engine, model, found = fold(journal)
    assert engine.state.events == 5
    assert model.seen == [1, 2, 3, 4, 5]
    assert found == Recovered(journal.head, 0, 5)


async def test_behind_a_snapshot_only_the_tail_is_folded() -> None:
    """Three of five."""
    journal = MemoryJournal()
    await append(journal, 2)
    await journal.save_snapshot(Snapshot(journal.head, with_state(journal, 2, 2)))
    await append(journal, 3)
    engine, model, found = fold(journal)
    assert engine.state.events == 5
    assert model.seen == [3, 4, 5]
    assert (found.snapshot_seq, found.events_folded) == (2, 3)


async def test_a_read_model_that_lagged_is_caught_up() -> None:
    """The engine starts at record 3, the read model at record 2."""
    journal = MemoryJournal()
    await append(journal, 3)
    await journal.save_snapshot(Snapshot(journal.head, with_state(journal, 3, 1)))
    await append(journal, 1)
    engine, model, _ = fold(journal)
    assert engine.state.events == 4
    assert model.seen == [2, 3, 4]


async def wrong_hash(journal: Journal) -> bytes:
    """A snapshot whose state does not have the stated hash."""
    body = msgspec.msgpack.decode(with_state(journal, 2, 2), type=SnapshotBody)
    return msgspec.msgpack.encode(msgspec.structs.replace(body, state_hash="other"))


@pytest.mark.parametrize("damage", ["version", "garbage", "hash", "state"])
async def test_a_snapshot_that_cannot_be_trusted_is_left_aside(damage: str) -> None:
    """Another version, bytes that are none, a wrong hash, a state that does not load: fold everything."""
    journal = MemoryJournal()
    await append(journal, 2)
    body = msgspec.msgpack.decode(with_state(journal, 2, 2), type=SnapshotBody)
    states = {
        "version": with_state(journal, 2, 2, version="0"),
        "garbage": b"\xc1",
        "hash": await wrong_hash(journal),
        "state": msgspec.msgpack.encode(msgspec.structs.replace(body, engine=b"{}")),
    }
    await journal.save_snapshot(Snapshot(journal.head, states[damage]))
    engine, _, found = fold(journal)
    assert engine.state.events == 2
    assert found.snapshot_seq == 0


async def test_a_changed_record_stops_recovery_by_its_number() -> None:
    """Nothing may be traded on a journal that was touched."""
    disk = MemoryDisk()
    await append(MemoryJournal(disk), 5)
    disk.records[2] = disk.records[2]._replace(body=ev.encode(alarm("changed")))
    with pytest.raises(ChainBroken) as caught:
        fold(MemoryJournal(disk))
    assert caught.value.seq == 3


async def test_an_unknown_event_stops_recovery() -> None:
    """A record that a newer program wrote is not skipped."""
    journal = MemoryJournal()
    await journal.append([JournalEntry("from_the_future", b'{"event":"from_the_future","at_ms":1}')], 1)
    with pytest.raises(JournalUnusable, match=r"record 1 \(from_the_future\)"):
        fold(journal)


async def test_a_journal_of_a_later_format_stops_recovery() -> None:
    """Its records may look known and mean something else (E12)."""
    journal = MemoryJournal()
    start = ev.EngineStarted(
        at_ms=1, version="9.0", config_hash="c", venue=Venue.PAPER, account="a", key_fingerprint="k",
        facts=VenueFacts(), format=ev.FORMAT + 1,
    )  # fmt: skip
    await journal.append([JournalEntry(ev.kind_of(start), ev.encode(start))], 1)
    with pytest.raises(RecordUnusable, match=r"record 1 \(engine_started\) .* from another version: 9\.0"):
        fold(journal)


async def test_a_record_that_no_engine_would_have_written_there_stops_recovery() -> None:
    """By its number, instead of a failed assertion somewhere inside."""
    journal = MemoryJournal()
    netted = ev.TradeNetted(at_ms=1, trade_id="nobody", symbol="BTCUSDT", quantity=Decimal(1))
    await append(journal, 2)
    await journal.append([JournalEntry(ev.kind_of(netted), ev.encode(netted))], 1)
    with pytest.raises(RecordUnusable, match=r"record 3 \(trade_netted\) .* does not follow"):
        recover(journal, lambda: Engine(EngineSettings(account="a", venue=Venue.PAPER), "1"), ToyModel, version="1")


async def test_progress_is_told() -> None:
    """Every ten thousand records, with the number of all."""
    disk = MemoryDisk()
    journal = MemoryJournal(disk)
    event = alarm()
    await journal.append([JournalEntry(ev.kind_of(event), ev.encode(event))] * 20_001, 1)
    told: list[tuple[int, int]] = []
    recover(journal, ToyEngine, ToyModel, version="1", progress=lambda done, total: told.append((done, total)))
    assert told == [(10_000, 20_001), (20_000, 20_001)]
