"""Folding again yields the same state; a snapshot must agree with it (I18)."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from holdfast.core.engine import Engine
from holdfast.model import events as ev
from holdfast.model.chain import ChainBroken, JournalUnusable, RecordUnusable, link
from holdfast.model.settings import EngineSettings, Venue
from holdfast.ports import GENESIS, Head, JournalRecord, Snapshot
from holdfast.service.replay import check, replay
from holdfast.service.snapshots import SNAPSHOT_FORMAT, SnapshotBody
from tests.core.bench import Bench
from tests.core.test_recheck import OPEN, day, old, place
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


def test_a_record_that_does_not_fold_is_named():
    """Whole by its hash, but no engine would have written it there."""
    bodies = [*day()[:4], ev.TradeNetted(at_ms=1, trade_id="nobody", symbol="BTCUSDT", quantity=Decimal(1))]
    with pytest.raises(RecordUnusable, match=r"record 5 \(trade_netted\) .* does not follow"):
        replay(journal_of(bodies), fresh())


def journal_of(events):
    """Records of an engine's day, chained."""
    return [JournalRecord(*row) for row in rows(events)]


def test_check_judges_a_day_again():
    """I13, I18: how much was judged stands beside what was found."""
    report = check(journal_of(day()))
    assert report.clean
    assert (report.verdicts, report.states, report.not_checked, report.versions) == (10, 2, (), ("test",))
    assert report.orders == sum(isinstance(event, ev.OrderPlanned) for event in day())
    assert report.state_hash == replay(journal_of(day()), fresh()).state_hash
    assert report.head == f"{len(day())}:{journal_of(day())[-1].hash}"


def test_check_names_record_field_and_both_values():
    """What a reader needs to look for himself."""
    index = place(ev.IntentAccepted, intent__id=OPEN)
    plan = msgspec.structs.replace(day()[index].plan, leverage=50)
    report = check(journal_of([*day()[:index], msgspec.structs.replace(day()[index], plan=plan)]))
    (found,) = report.differences
    assert str(found) == (f"I13: journal seq {index + 1} (intent_accepted), plan.leverage: recorded 50, recomputed 5")


@pytest.mark.parametrize(("agreeing", "fields"), [(True, []), (False, ["snapshot.state_hash"])])
def test_check_compares_a_snapshot_at_its_own_record(agreeing, fields):
    """As the plain replay does."""
    there = replay(journal_of(day()[:7]), fresh()).state_hash
    report = check(journal_of(day()), snapshot=kept(7, there if agreeing else "0" * 64), version="1")
    assert [found.field for found in report.differences] == fields
    assert report.states == 3


@pytest.mark.parametrize(("seq", "version", "reason"), [
    (7, "2", "another version of the program took it"),
    (len(RECORDS), "1", "the journal ends before it"),
])  # fmt: skip
def test_check_says_why_a_snapshot_was_not_compared(seq, version, reason):
    """Not compared is not agreed."""
    report = check(journal_of(day()[:8]), snapshot=kept(seq, "0" * 64, version=version), version="1")
    assert [(left.what, left.reason, left.count) for left in report.not_checked] == [("snapshot", reason, 1)]
    assert report.clean


def test_check_of_a_journal_of_format_1_says_what_it_left_out():
    """Never as a pass (E12)."""
    report = check(journal_of(old(day())))
    assert report.clean
    assert (report.verdicts, report.states) == (0, 0)
    told = {left.what: left for left in report.not_checked}
    assert told["verdict"].reason == "format 1 does not tell what was seen"
    assert told["verdict"].first == f"journal seq {place(ev.IntentAccepted)}"  # The rules before it are left out.
    assert set(told) == {"state at a start", "verdict", "entry", "change of settings"}


def test_check_ends_where_the_fold_ends():
    """What comes behind is not called checked."""
    events = [*day()[:4], ev.TradeNetted(at_ms=1, trade_id="nobody", symbol="BTCUSDT", quantity=Decimal(1)), *day()[4:]]
    report = check(journal_of(events))
    (found,) = report.differences
    assert (found.record, found.field, report.events) == ("journal seq 5", "fold", 5)
    assert [left.what for left in report.not_checked] == ["everything from here on"]


def test_check_refuses_a_broken_chain_and_a_later_format():
    """Both by name of the record."""
    records = journal_of(day())
    with pytest.raises(ChainBroken, match="record 3"):
        check([*records[:2], *records[3:]])
    start = place(ev.EngineStarted)
    later = msgspec.structs.replace(day()[start], format=99)
    with pytest.raises(RecordUnusable, match=f"record {start + 1} .* another version"):
        check(journal_of([*day()[:start], later]))


def test_check_tells_how_far_it_is():
    """Now and then; a long journal takes its time."""
    bench = Bench()
    events = [*bench.events, *[ev.Reconciled(at_ms=bench.now)] * 4_000]
    told: list[int] = []
    assert check(journal_of(events), progress=told.append).clean
    assert told == [2_000, 4_000]


def test_check_of_an_empty_journal():
    """Nothing is there, and nothing is wrong."""
    report = check([])
    assert (report.events, report.verdicts, report.clean, report.state_hash) == (0, 0, True, fresh().state_hash())
