"""The journal fails and can be written again: what was in memory only is written, and nothing enters before that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from holdfast.adapters.store_memory import MemoryJournal
from holdfast.model import events as ev
from holdfast.model.chain import check_link
from holdfast.model.inputs import AnyInput, JournalChanged, LinkChanged
from holdfast.model.intent import Entry, Intent, Size
from holdfast.ports import GENESIS, JournalEntry
from holdfast.service import runner as runners
from holdfast.service.inbox import NotDurable
from tests.service.test_runner import entry, link, place
from tests.service.toy import Bench, Step, alarm, intent
from tests.waiting import eventually, time_passes

RETRY_S = 0.01


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is tried again after a moment."""
    monkeypatch.setattr(runners, "RECOVER_EVERY_S", RETRY_S)


def telling(input: AnyInput) -> Step:
    """Each piece of evidence leads to one event that names it; an entry goes with those called e."""
    if not isinstance(input, LinkChanged):
        return Step()
    return Step([alarm(input.reason)], [entry(input.reason)] if input.reason.startswith("e") else [])


def opening(name: str = "o-1") -> Intent:
    """An intent that opens."""
    return Intent(
        id=name, source="test", symbol="BTCUSDT", action="open", side="long", size=Size(), entry=Entry(type="market")
    )


async def failed(bench: Bench, *reasons: str, landed: int = 0) -> None:
    """The journal fails; the evidence of these names comes while it takes nothing."""
    bench.memory.fail("the disk is full", landed=landed)
    for reason in reasons:
        bench.runner.deliver(link(reason))
    await bench.settle()


async def well(bench: Bench) -> None:
    """There is room again, and the runner has found it."""
    bench.memory.mend()
    await bench.until(lambda: bench.runner.journal_ok)
    await bench.settle()


def subjects(bench: Bench) -> list[str]:
    """What the disk has, by the names of the evidence. The hash chain is checked on the way."""
    found, previous = [], (0, GENESIS)
    for record in bench.disk.records:
        check_link(*previous, record.seq, record.at_us, record.kind, record.body, record.hash)
        previous = (record.seq, record.hash)
        event = ev.decode(record.body)
        assert isinstance(event, ev.AlarmRaised)
        found.append(event.subject)
    return found


def told(bench: Bench) -> list[bool]:
    """What the core heard of the journal."""
    return [input.ok for input in bench.engine.inputs if isinstance(input, JournalChanged)]


async def test_rules_9_what_was_in_memory_only_is_written_in_order_and_the_core_hears_of_it() -> None:
    """Health clears by itself: no restart, no hole, one chain."""
    bench = Bench(telling)
    bench.runner.deliver(link("before"))
    await bench.settle()
    await failed(bench, "a", "b", "c")
    assert subjects(bench) == ["before"]
    await well(bench)
    bench.runner.deliver(link("after"))
    await bench.settle()
    assert subjects(bench) == ["before", "a", "b", "c", "after"]
    assert told(bench) == [False, True]
    assert ("journal_recovered", 3) in bench.observer.calls


async def test_the_records_keep_the_time_of_their_decision() -> None:
    """They are written late, and say when it was decided."""
    bench = Bench(telling)
    bench.runner.deliver(link("before"))
    await bench.settle()
    await failed(bench, "a")
    before_us = bench.clock.wall_us()
    await time_passes(3 * RETRY_S)
    await well(bench)
    assert bench.disk.records[-1].at_us <= before_us


async def test_what_is_written_late_is_published_late_and_once() -> None:
    """Readers see the journal, in its order."""
    bench = Bench(telling)
    seen: list[tuple[int, Any]] = []
    bench.outbox.listen("test", lambda record: seen.append((record.seq, record.event.subject)))
    await failed(bench, "a", "b")
    assert seen == []
    await well(bench)
    assert seen == [(1, "a"), (2, "b")]


async def test_rules_8_no_entry_of_that_time_leaves_later() -> None:
    """It was answered as not sent; its record is history. The next one goes."""
    bench = Bench(telling)
    await failed(bench, "e1")
    await well(bench)
    assert bench.gateway.effects == []
    bench.runner.deliver(link("e2"))
    await bench.settle()
    assert bench.gateway.performed == [(entry("e2"), 2)]


async def test_rules_8_while_the_lost_is_written_an_entry_waits_behind_it() -> None:
    """It leaves when its own record is on the disk, and that is behind theirs."""
    bench = Bench(telling, sync_ms=20)
    await failed(bench, "a")
    bench.memory.mend()
    await eventually(lambda: bench.runner.unsynced)
    bench.runner.deliver(link("e1"))
    await bench.until(lambda: bool(bench.gateway.performed))
    assert bench.gateway.performed == [(entry("e1"), 2)]


async def test_what_came_while_the_disk_was_tried_is_written_last() -> None:
    """The answer of the disk and an input meet in one turn of the loop."""
    bench = Bench(telling)
    await failed(bench, "a")
    bench.memory.mend()
    recover = bench.memory.recover

    def recover_and_step() -> Any:
        future = recover()
        bench.runner.deliver(link("b"))
        return future

    bench.memory.recover = recover_and_step  # type: ignore[method-assign]
    await well(bench)
    assert subjects(bench) == ["a", "b"]


async def test_a_batch_that_reached_the_disk_all_the_same_is_not_written_twice() -> None:
    """A failed synchronisation says nothing about what is there."""
    bench = Bench(telling, sync_ms=1_000)
    for reason in ("a", "b"):
        bench.runner.deliver(link(reason))
    await time_passes(0)
    await failed(bench, "c", landed=1)
    assert subjects(bench) == ["a"]
    await well(bench)
    assert subjects(bench) == ["a", "b", "c"]
    assert bench.outbox.head == bench.disk.head == bench.runner.head


async def test_a_journal_that_is_not_the_one_that_was_written_stays_failed() -> None:
    """Somebody else's records on the disk: nothing is appended to them, and cover goes on."""
    bench = Bench(telling)
    await failed(bench, "a")
    strange = MemoryJournal(bench.disk)
    strange.append([JournalEntry("alarm_raised", b"{}")], 1)
    bench.memory.mend()
    await bench.until(lambda: bench.observer.names().count("journal_failed") == 2)
    await time_passes(3 * RETRY_S)
    assert not bench.runner.journal_ok
    assert len(bench.disk.records) == 1
    assert told(bench) == [False]
    assert not bench.runner.ended.done()


async def test_a_disk_that_fails_again_at_once_loses_nothing() -> None:
    """The same events are written with the next attempt, and reported once."""
    bench = Bench(telling, sync_ms=50)
    await failed(bench, "a", "b")
    bench.memory.mend()
    await eventually(lambda: bench.runner.unsynced)
    bench.memory.fail("full again", landed=1)
    await bench.until(lambda: bench.runner.unsynced == 0)
    assert subjects(bench) == ["a"]
    assert not bench.runner.journal_ok
    await well(bench)
    assert subjects(bench) == ["a", "b"]
    assert bench.observer.names().count("events_unjournalled") == 2
    assert told(bench) == [False, False, True]


async def test_once_an_opening_intent_is_not_looked_at_while_nothing_can_be_remembered() -> None:
    """Its id stays unused: sent again when there is room, it is judged for the first time."""
    bench = Bench(telling)
    await failed(bench, "a")
    with pytest.raises(NotDurable):
        await bench.runner.submit(opening())
    assert bench.engine.state.intents == {}
    await well(bench)
    verdict = await bench.runner.submit(opening())
    assert (verdict.accepted, verdict.repeated) == (True, False)


async def test_once_an_intent_that_met_the_failure_is_remembered_and_its_entry_never_goes() -> None:
    """Its source was told that nothing was sent; the same id hears what became of it, and enters nothing."""
    bench = Bench(lambda input: Step((), [entry("x")]) if getattr(input, "intent", None) else Step(), sync_ms=1_000)
    answer = asyncio.ensure_future(bench.runner.submit(opening()))
    await bench.until(lambda: bench.memory.head.seq > 0)
    await failed(bench)
    with pytest.raises(NotDurable, match="under the same id to hear what became of it"):
        await answer
    bench.memory.mend()
    await bench.until(lambda: bench.runner.journal_ok)
    bench.engine.script = lambda input: Step()
    again = await bench.runner.submit(opening())
    assert (again.accepted, again.repeated) == (True, True)
    assert bench.gateway.effects == []


async def test_rules_8_what_only_closes_is_carried_out_and_written_later() -> None:
    """Its source was told so."""
    bench = Bench(lambda input: Step((), [place("close")]) if getattr(input, "intent", None) else Step())
    await failed(bench)
    with pytest.raises(NotDurable):
        await bench.runner.submit(intent())
    assert bench.gateway.effects == [place("close")]
    await well(bench)
    assert [record.kind for record in bench.disk.records] == ["intent_accepted"]


async def test_no_snapshot_is_taken_of_a_state_that_the_journal_does_not_have() -> None:
    """A later start would fold the events that it holds a second time."""
    quiet: list[bool] = []
    bench = Bench(telling, quiet=lambda: quiet.append(bench.runner.journal_ok))
    await failed(bench, "a", "b")
    await well(bench)
    bench.runner.deliver(link("c"))
    await bench.until(lambda: len(bench.disk.records) == 3)
    await time_passes(0.01)
    assert quiet
    assert all(quiet)


async def test_a_runner_that_stops_with_a_failed_journal_ends() -> None:
    """The next start asks the venue for what happened."""
    bench = Bench(telling)
    await failed(bench, "a")
    async with asyncio.timeout(5):
        await bench.runner.stop()
    bench.memory.mend()
    await time_passes(3 * RETRY_S)
    assert bench.disk.records == []


async def test_a_runner_that_stops_tries_the_disk_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody made room and restarts at once: nothing is lost for two seconds' sake."""
    monkeypatch.setattr(runners, "RECOVER_EVERY_S", 60)
    bench = Bench(telling)
    await failed(bench, "a", "b")
    bench.memory.mend()
    async with asyncio.timeout(5):
        await bench.runner.stop()
    assert subjects(bench) == ["a", "b"]
    assert bench.runner.journal_ok
