"""The one loop: durable first, then act; in order; loudly when it cannot."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.model import events as ev
from holdfast.model.effects import (
    Authorised,
    Cancel,
    ChangeSetting,
    ClearTimer,
    Effect,
    Lane,
    Place,
    Read,
    ReadKind,
    SetTimer,
)
from holdfast.model.ids import Role
from holdfast.model.inputs import (
    AnyInput,
    Command,
    IntentReceived,
    JournalChanged,
    LinkChanged,
    MarketSeen,
    PlaceAnswered,
    SettingAnswered,
    TimerFired,
)
from holdfast.model.orders import OrderSpec, OrderType, Side
from holdfast.model.reasons import Outcome
from holdfast.service.inbox import InboxLimits, NotDurable, Overloaded, Stopped
from tests.service.toy import Bench, Step, alarm, intent
from tests.waiting import eventually, within


def place(
    name: str, *, preauthorised: bool = False, timestamp_ms: int | None = None, lane: Lane = Lane.PROTECT
) -> Place:
    """An order effect; only its name matters here."""
    spec = OrderSpec(
        client_id=name, role=Role.CLOSE, symbol="BTCUSDT", side=Side.SELL, type=OrderType.MARKET, quantity=Decimal(1)
    )
    return Place(order=Authorised(spec, "test"), preauthorised=preauthorised, timestamp_ms=timestamp_ms, lane=lane)


def entry(name: str) -> Place:
    """An entry: stamped with its record's time."""
    return place(name, timestamp_ms=5, lane=Lane.ENTRY)


def read(purpose: str) -> Read:
    """A question."""
    return Read(kind=ReadKind.POSITIONS, purpose=purpose)


def cancel(name: str) -> Cancel:
    """A cancel."""
    return Cancel(client_id=name, symbol="BTCUSDT", role=Role.STOP, algo=True)


def link(reason: str) -> LinkChanged:
    """Some evidence, told apart by its reason."""
    return LinkChanged(now_ms=0, link="user_stream", up=True, reason=reason)


def events_and(*effects: Effect, events: int = 1) -> Step:
    """A step with that many events and these effects."""
    return Step([alarm(str(n)) for n in range(events)], effects)


def by_reason(**steps: Step) -> object:
    """A script that answers LinkChanged by its reason, and nothing else."""
    return lambda input: steps.get(input.reason, Step()) if isinstance(input, LinkChanged) else Step()


async def test_rules_8_an_effect_leaves_after_its_events_are_durable() -> None:
    """At the moment of the entry's send, its record is on the disk."""
    bench = Bench(by_reason(a=events_and(entry("e"), events=3)), sync_ms=2)
    bench.runner.deliver(link("a"))
    await bench.settle()
    assert bench.gateway.performed == [(entry("e"), 3)]


async def test_rules_8_a_preauthorised_effect_does_not_wait_for_the_disk() -> None:
    """Cover that was journalled with its entry leaves before the new batch is durable."""
    bench = Bench(by_reason(a=events_and(place("stop", preauthorised=True), entry("e"))), sync_ms=2)
    bench.runner.deliver(link("a"))
    await bench.settle()
    assert bench.gateway.performed == [(place("stop", preauthorised=True), 0), (entry("e"), 1)]


async def test_batches_act_in_order() -> None:
    """Three inputs, each with events: effects in the order of the inputs."""
    bench = Bench(by_reason(a=events_and(read("a")), b=events_and(read("b")), c=events_and(read("c"))), sync_ms=1)
    for reason in "abc":
        bench.runner.deliver(link(reason))
    await bench.settle()
    assert bench.gateway.effects == [read("a"), read("b"), read("c")]


async def test_what_one_decision_sends_leaves_together() -> None:
    """A stop and its entry travel in one packet; a single question needs none of that."""
    bench = Bench(by_reason(a=events_and(place("stop"), entry("e")), b=events_and(read("b"))))
    bench.runner.deliver(link("a"))
    bench.runner.deliver(link("b"))
    await bench.settle()
    assert bench.gateway.packets == [[place("stop"), entry("e")], [read("b")]]


async def test_what_waits_for_the_disk_is_prepared_meanwhile(tmp_path: Path) -> None:
    """The real journal says when; a batch without effects has nothing to prepare."""
    bench = Bench(by_reason(a=events_and(entry("e")), b=events_and()))
    journal = SqliteJournal(tmp_path / "a.journal", log_pages=0)
    bench.runner._journal = journal
    bench.runner.deliver(link("a"))
    bench.runner.deliver(link("b"))
    await eventually(lambda: journal.head.seq == 2 and not bench.runner.unsynced, what="both batches")
    assert bench.gateway.prepared == [[entry("e")]]
    assert bench.gateway.effects == [entry("e")]
    journal.close()


async def test_it_does_not_wait_for_the_disk_to_step_the_next_input() -> None:
    """Two inputs are stepped, and both batches wait, before the first is durable."""
    bench = Bench(by_reason(a=events_and(), b=events_and()), sync_ms=50)
    bench.runner.deliver(link("a"))
    bench.runner.deliver(link("b"))
    await asyncio.sleep(0)
    assert len(bench.engine.inputs) == 2
    assert bench.runner.unsynced == 2
    await bench.settle()


async def test_a_question_without_events_stays_behind_earlier_effects() -> None:
    """A read must not overtake the order it asks for: "absent" would be no evidence."""
    bench = Bench(by_reason(a=events_and(entry("e")), b=Step((), [read("is it there?")])), sync_ms=2)
    bench.runner.deliver(link("a"))
    bench.runner.deliver(link("b"))
    await bench.settle()
    assert bench.gateway.effects == [entry("e"), read("is it there?")]


async def test_an_effect_without_events_leaves_at_once_when_nothing_is_pending() -> None:
    """Nothing to wait for."""
    bench = Bench(by_reason(a=Step((), [read("x")])))
    bench.runner.deliver(link("a"))
    await asyncio.sleep(0)
    assert bench.gateway.effects == [read("x")]


async def test_inputs_are_stamped_with_venue_time_that_never_goes_back() -> None:
    """A clock that is corrected backwards holds the core's time instead."""
    bench = Bench()
    times = iter([100, 250, 90, 251])
    bench.clock.now_ms = lambda: next(times)  # type: ignore[method-assign]
    for _ in range(4):
        bench.runner.deliver(link("x"))
    await asyncio.sleep(0)
    assert [input.now_ms for input in bench.engine.inputs] == [100, 250, 250, 251]


async def test_submit_answers_when_the_verdict_is_durable() -> None:
    """The answer carries the head that holds its record."""
    bench = Bench(sync_ms=2)
    verdict = await bench.runner.submit(intent("i-1"))
    assert verdict.accepted
    assert (verdict.seq, verdict.hash) == bench.disk.head
    assert bench.disk.records[-1].kind == "intent_accepted"


async def test_a_denial_carries_code_and_sentence() -> None:
    """Denied by us: a closed code, and a reason to read."""
    verdict = await Bench().runner.submit(intent("i-1", "BAD"))
    assert not verdict.accepted
    assert verdict.code == "UNKNOWN_SYMBOL"
    assert verdict.reason


async def test_the_same_id_and_content_gets_the_same_answer() -> None:
    """A repeat is answered from what is remembered and journals nothing."""
    bench = Bench()
    first = await bench.runner.submit(intent("i-1", "BAD"))
    again = await bench.runner.submit(intent("i-1", "BAD"))
    assert (first.repeated, again.repeated) == (False, True)
    assert (again.code, again.seq, again.hash) == (first.code, first.seq, first.hash)
    assert bench.disk.head.seq == 1


async def test_a_repeat_in_flight_waits_for_the_disk_too() -> None:
    """The second answer is not given before the first record is durable."""
    bench = Bench(sync_ms=5)
    answers = await asyncio.gather(*(bench.runner.submit(intent("i-1")) for _ in range(3)))
    assert [answer.repeated for answer in answers] == [False, True, True]
    assert {answer.seq for answer in answers} == {1}


async def test_the_same_id_with_other_content_is_denied() -> None:
    """And the first record stands."""
    bench = Bench()
    await bench.runner.submit(intent("i-1"))
    assert (await bench.runner.submit(intent("i-1", "ETHUSDT"))).code == "OTHER_CONTENT"
    assert (await bench.runner.submit(intent("i-1"))).accepted


async def test_too_many_waiting_intents_are_refused() -> None:
    """Overload is an answer; what waits is still decided."""
    bench = Bench(limits=InboxLimits(intents=3))

    async def first() -> None:
        bench.runner.deliver(link("first"))  # Something has to come first, or each is decided as it arrives.

    submits = (bench.runner.submit(intent(f"i-{n}")) for n in range(5))
    _, *results = await asyncio.gather(first(), *submits, return_exceptions=True)
    assert [isinstance(result, Overloaded) for result in results] == [False, False, False, True, True]


async def test_a_refused_intent_may_be_sent_again() -> None:
    """Its id was not used up."""
    bench = Bench(limits=InboxLimits(intents=0))
    with pytest.raises(Overloaded, match="would pass"):
        await bench.runner.submit(intent("i-1"))
    assert not bench.engine.state.intents


async def test_evidence_is_never_dropped_and_is_reported_when_it_piles_up() -> None:
    """Every input arrives at the engine."""
    bench = Bench(limits=InboxLimits(evidence_alarm=100))
    for n in range(300):
        bench.runner.deliver(link(str(n)))
    await bench.settle()
    assert [input.reason for input in bench.engine.inputs] == [str(n) for n in range(300)]  # type: ignore[union-attr]
    assert "inbox_crowded" in bench.observer.names()


async def test_evidence_goes_before_intents() -> None:
    """What protects money does not wait behind what wants to spend it."""
    bench = Bench()

    async def evidence(reason: str) -> None:
        bench.runner.deliver(link(reason))

    await asyncio.gather(evidence("first"), bench.runner.submit(intent()), evidence("fill"))
    kinds = [type(input) for input in bench.engine.inputs]
    assert kinds == [LinkChanged, LinkChanged, IntentReceived]


async def test_an_intent_that_nothing_precedes_is_decided_in_its_own_turn() -> None:
    """Another turn of the loop would cost it time for nothing."""
    bench = Bench()
    waiting = asyncio.ensure_future(bench.runner.submit(intent()))
    await asyncio.sleep(0)
    assert [type(input) for input in bench.engine.inputs] == [IntentReceived]
    await waiting


async def test_of_waiting_prices_only_the_newest_is_stepped() -> None:
    """A flood of quotes costs one step per symbol; a price that a message lacks is kept."""
    bench = Bench()
    bench.runner.deliver(MarketSeen(now_ms=0, symbol="A", mark=Decimal(1)))
    bench.runner.deliver(MarketSeen(now_ms=0, symbol="A", bid=Decimal(2), ask=Decimal(3)))
    bench.runner.deliver(MarketSeen(now_ms=0, symbol="B", mark=Decimal(9)))
    bench.runner.deliver(MarketSeen(now_ms=0, symbol="A", bid=Decimal(4)))
    await bench.settle()
    seen = [(i.symbol, i.mark, i.bid, i.ask) for i in bench.engine.inputs if isinstance(i, MarketSeen)]
    assert seen == [("A", Decimal(1), Decimal(4), Decimal(3)), ("B", Decimal(9), None, None)]


async def test_a_timer_fires_at_its_venue_time() -> None:
    """The key comes back, not before its time."""
    bench = Bench()
    at_ms = bench.clock.now_ms() + 5
    bench.engine.script = by_reason(a=Step((), [SetTimer(key="k", at_ms=at_ms)]))  # type: ignore[assignment]
    bench.runner.deliver(link("a"))
    await bench.until(lambda: len(bench.engine.inputs) == 2)
    fired = bench.engine.inputs[-1]
    assert isinstance(fired, TimerFired)
    assert fired.key == "k"
    assert fired.now_ms >= at_ms


async def test_a_timer_does_not_wait_for_the_disk() -> None:
    """Deadlines run although the disk is slow."""
    bench = Bench(sync_ms=1_000)
    bench.engine.script = by_reason(a=events_and(SetTimer(key="k", at_ms=0)))  # type: ignore[assignment]
    bench.runner.deliver(link("a"))
    await bench.until(lambda: len(bench.engine.inputs) == 2)
    assert isinstance(bench.engine.inputs[1], TimerFired)
    assert bench.runner.unsynced == 1
    bench.memory.crash()


async def test_a_cleared_timer_does_not_fire() -> None:
    """Nor does one that was replaced by a later one."""
    bench = Bench()
    soon = bench.clock.now_ms() + 2
    effects = [SetTimer(key="a", at_ms=soon), SetTimer(key="b", at_ms=soon), ClearTimer(key="a")]
    effects += [SetTimer(key="b", at_ms=soon + 60_000), SetTimer(key="end", at_ms=soon + 5)]
    bench.engine.script = by_reason(a=Step((), effects))  # type: ignore[assignment]
    bench.runner.deliver(link("a"))
    await bench.until(lambda: len(bench.engine.inputs) == 2)
    assert [input.key for input in bench.engine.inputs if isinstance(input, TimerFired)] == ["end"]
    await bench.runner.stop()


async def test_rules_8_without_a_journal_no_entry_leaves_but_cover_does() -> None:
    """Entries, partial exits and settings stay and are answered; closes, stops, cancels and questions go."""
    effects = [
        entry("entry"),
        place("target", timestamp_ms=7),
        ChangeSetting(symbol="BTCUSDT", purpose="p", leverage=5),
        place("close"),
        cancel("c"),
        read("r"),
    ]
    bench = Bench(by_reason(a=events_and(*effects)), sync_ms=1_000)
    bench.runner.deliver(link("a"))
    await asyncio.sleep(0)
    bench.memory.fail("the disk is full")
    await bench.settle()
    assert bench.gateway.effects == [place("close"), cancel("c"), read("r")]
    answers = [i for i in bench.engine.inputs if isinstance(i, PlaceAnswered | SettingAnswered)]
    assert [type(answer) for answer in answers] == [PlaceAnswered, PlaceAnswered, SettingAnswered]
    assert all(answer.outcome.outcome is Outcome.REJECTED for answer in answers)
    assert {answer.outcome.local for answer in answers} == {"unjournalled"}


async def test_rules_8_the_core_hears_of_a_failed_journal_once() -> None:
    """JournalChanged is the input on which it halts."""
    bench = Bench(by_reason(a=events_and(), b=events_and()), sync_ms=1_000)
    bench.runner.deliver(link("a"))
    bench.runner.deliver(link("b"))
    await asyncio.sleep(0)
    bench.memory.fail("the disk is full")
    await bench.settle()
    told = [input for input in bench.engine.inputs if isinstance(input, JournalChanged)]
    assert [(input.ok, input.error) for input in told] == [(False, "the disk is full")]
    assert bench.observer.names().count("journal_failed") == 1


async def test_rules_8_after_the_failure_preauthorised_cover_still_goes_marked() -> None:
    """It is reported as unjournalled."""
    bench = Bench(by_reason(a=events_and(place("stop", preauthorised=True), entry("e"))))
    bench.memory.fail("gone")
    bench.runner.deliver(link("a"))
    await bench.settle()
    bench.runner.deliver(link("a"))
    await bench.settle()
    assert bench.gateway.effects == [place("stop", preauthorised=True)] * 2
    assert ("left_unjournalled", place("stop", preauthorised=True), True) in bench.observer.calls


async def test_an_intent_whose_record_is_lost_is_refused() -> None:
    """The caller learns that nothing was sent."""
    bench = Bench(sync_ms=1_000)
    answer = asyncio.ensure_future(bench.runner.submit(intent()))
    await eventually(lambda: bench.memory.head.seq, what="the record is written")
    bench.memory.fail("gone")
    with pytest.raises(NotDurable):
        await answer


async def test_nothing_unjournalled_is_published() -> None:
    """Readers see the journal, not the memory."""
    bench = Bench(by_reason(a=events_and()))
    seen: list[int] = []
    bench.outbox.listen("test", lambda record: seen.append(record.seq))
    bench.memory.fail("gone")
    bench.runner.deliver(link("a"))
    await bench.settle()
    assert seen == []


async def test_a_command_answers_its_events() -> None:
    """An operator sees what the command led to, durable."""
    bench = Bench(lambda input: events_and() if isinstance(input, Command) else Step(), sync_ms=1)
    done = await bench.runner.command(Command(now_ms=0, what="halt", by="test"))
    assert done.durable
    assert [type(event) for event in done.events] == [ev.AlarmRaised]
    assert done.head == bench.disk.head


async def test_a_command_takes_effect_without_a_journal() -> None:
    """Halting must work on a full disk; the answer says that it is not recorded."""
    bench = Bench(lambda input: events_and() if isinstance(input, Command) else Step())
    bench.memory.fail("gone")
    done = await bench.runner.command(Command(now_ms=0, what="halt", by="test"))
    assert not done.durable
    assert done.events


def broken(input: AnyInput) -> Step:
    """A script that fails on evidence."""
    assert not isinstance(input, LinkChanged), "invariant: this one is broken"
    return Step()


async def test_an_engine_that_raises_is_stopped_loudly() -> None:
    """No further input is stepped; whoever watches gets the error; callers are told."""
    bench = Bench(broken)
    bench.runner.deliver(link("x"))
    bench.runner.deliver(link("y"))
    with pytest.raises(Stopped):
        await bench.runner.submit(intent())
    assert len(bench.engine.inputs) == 1
    with pytest.raises(AssertionError, match="this one is broken"):
        await bench.runner.ended
    assert bench.observer.names().count("engine_failed") == 1
    with pytest.raises(Stopped):
        await bench.runner.submit(intent("i-2"))


async def test_an_engine_that_raises_on_an_intent_tells_its_source() -> None:
    """Also when it is decided in the turn in which it arrives: nobody may wait for ever."""
    bench = Bench(lambda input: 1 // 0)  # type: ignore[arg-type,return-value]
    with pytest.raises(Stopped):
        async with within(5, "the answer to the source"):
            await bench.runner.submit(intent())


async def test_a_gateway_that_raises_stops_the_engine() -> None:
    """Its contract is never to raise; an exception must not vanish in a callback."""
    bench = Bench(by_reason(a=events_and(entry("e"))))
    bench.gateway.perform = lambda effect: 1 // 0  # type: ignore[assignment]
    bench.runner.deliver(link("a"))
    with pytest.raises(ZeroDivisionError):
        await bench.runner.ended


async def test_stop_finishes_what_waits() -> None:
    """Everything delivered is stepped and durable; then intents are refused."""
    bench = Bench(by_reason(a=events_and(read("r"))), sync_ms=3)
    bench.runner.deliver(link("a"))
    await bench.runner.stop()
    assert bench.disk.head.seq == 1
    assert bench.gateway.effects == [read("r")]
    assert bench.runner.ended.done()
    with pytest.raises(Stopped):
        await bench.runner.submit(intent())


async def test_a_cancelled_caller_does_not_take_its_intent_back() -> None:
    """The client went away; the intent is decided all the same."""
    bench = Bench(sync_ms=2)
    caller = asyncio.ensure_future(bench.runner.submit(intent("i-1")))
    await asyncio.sleep(0)
    caller.cancel()
    await bench.settle()
    assert "i-1" in bench.engine.state.intents
    assert bench.disk.head.seq == 1


async def test_quiet_moments_are_announced() -> None:
    """Only when nothing waits for a step or for the disk."""
    moments: list[int] = []
    bench = Bench(by_reason(a=events_and()), sync_ms=1, quiet=lambda: moments.append(bench.runner.unsynced))
    for _ in range(5):
        bench.runner.deliver(link("a"))
    await bench.settle()
    assert moments == [0]


async def test_it_runs_on_the_real_journal(tmp_path: object) -> None:
    """A hundred intents through the writer thread: all durable, in order."""
    journal = SqliteJournal(tmp_path / "a.journal", log_pages=0)  # type: ignore[operator]
    bench = Bench(journal=journal)
    verdicts = await asyncio.gather(*(bench.runner.submit(intent(f"i-{n}")) for n in range(100)))
    assert [verdict.seq for verdict in verdicts] == list(range(1, 101))
    assert bench.outbox.head == journal.head
    await bench.runner.stop()
    journal.close()
