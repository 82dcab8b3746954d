"""Folding again yields the same state; a snapshot must agree with it (I18)."""

from __future__ import annotations

import msgspec
import pytest

from holdfast.core.engine import Engine
from holdfast.model.chain import ChainBroken, JournalUnusable, link
from holdfast.model.settings import EngineSettings, Venue
from holdfast.ports import GENESIS, Head, JournalRecord, Snapshot
from holdfast.service.replay import replay
from holdfast.service.snapshots import SNAPSHOT_FORMAT, SnapshotBody
from tests.verify.builders import rows, whole_trade

RECORDS = [JournalRecord(*row) for row in rows(whole_trade().events)]


def fresh() -> Engine:
    """An engine that has folded nothing."""
    return Engine(EngineSettings(account="main", venue=Venue.PAPER), "1")


def kept(seq: int, state_hash: str, version: str = "1") -> Snapshot:
    """A snapshot at a record, stating that hash."""
    body = SnapshotBody(
        format=SNAPSHOT_FORMAT, version=version, state_hash=state_hash, engine=b"", read_seq=seq, read_model=b""
    )
    return Snapshot(Head(seq, RECORDS[seq - 1].hash), msgspec.msgpack.encode(body))


def test_two_folds_end_in_the_same_state():
    """Nothing but the journal goes in."""
    first, second = replay(RECORDS, fresh()), replay(RECORDS, fresh())
    assert first == second
    assert first.events == len(RECORDS)
    assert first.head == f"{len(RECORDS)}:{RECORDS[-1].hash}"
    assert first.kinds["fill_booked"] == 2


def test_another_journal_ends_in_another_state():
    """The state hash says something."""
    assert replay(RECORDS[:-1], fresh()).state_hash != replay(RECORDS, fresh()).state_hash


@pytest.mark.parametrize(("agreeing", "found"), [(True, True), (False, False)])
def test_a_snapshot_is_compared_at_its_own_record(agreeing, found):
    """The state there, not the one at the end."""
    there = replay(RECORDS[:7], fresh()).state_hash
    report = replay(RECORDS, fresh(), snapshot=kept(7, there if agreeing else "0" * 64), version="1")
    assert (report.snapshot_agrees, report.snapshot_seq) == (found, 7)


def test_a_snapshot_of_another_version_says_nothing():
    """Its hash was of another program's state."""
    report = replay(RECORDS, fresh(), snapshot=kept(7, "0" * 64, version="2"), version="1")
    assert (report.snapshot_agrees, report.snapshot_seq) == (None, 0)


def test_an_empty_journal_is_the_fresh_state():
    """Zero events, and the genesis for a head."""
    report = replay([], fresh())
    assert (report.events, report.head, report.state_hash) == (0, f"0:{GENESIS}", fresh().state_hash())


def test_a_broken_chain_ends_the_replay():
    """At the record that does not follow."""
    with pytest.raises(ChainBroken) as caught:
        replay([*RECORDS[:4], RECORDS[4]._replace(at_us=1), *RECORDS[5:]], fresh())
    assert caught.value.seq == 5


def test_a_record_of_another_program_is_named():
    """Whole by its hash, unknown by its kind."""
    body = b'{"event":"from_tomorrow","at_ms":1}'
    record = JournalRecord(1, 1, "from_tomorrow", body, link(GENESIS, 1, 1, "from_tomorrow", body))
    with pytest.raises(JournalUnusable, match="record 1"):
        replay([record], fresh())
