"""Resolution, module level: absences, their spacing, the rounds; the rules are in test_rules_3.py."""

import itertools

import pytest
from msgspec.structs import replace

from holdfast.core import unknowns
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoStatus, Side
from holdfast.model.reasons import Outcome
from holdfast.model.reports import RequestOutcome
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import Reply, silence, stranger_order, unknown


@pytest.mark.parametrize(("asked", "proved"), [
    ([0, 1_000, 2_000], True), ([0, 999, 1_998], False), ([0, 500, 1_000, 1_500, 2_000], True),
    ([1_000, 2_000], False), ([], False), ([2_000, 0, 1_000], True),
])  # fmt: skip
def test_three_absences_at_least_a_second_apart(asked, proved):
    """Counted greedily, in order of time."""
    assert unknowns._spaced(asked, 0, 2_000) is proved


def test_absences_before_the_send_or_a_gap_do_not_count():
    """Only what was asked afterwards proves anything."""
    assert not unknowns._spaced([0, 1_000, 2_000], 500, 2_000)


def test_the_last_absence_must_lie_behind_the_window():
    """An early "no" may be followed by a late arrival."""
    assert not unknowns._spaced([0, 1_000, 2_000], 0, 2_001)


def test_a_round_asks_everything_that_the_proof_needs():
    """The order, the list, the executions, the position."""
    bench = Bench()
    bench.hold_reads = set(ReadKind)
    bench.script(Role.ENTRY, unknown())
    bench.intent()
    bench.advance(1_000)
    kinds = {read.kind for read in bench.held_reads if read.purpose.startswith("resolve:")}
    assert kinds == {ReadKind.ORDER, ReadKind.ALL_ORDERS, ReadKind.TRADES, ReadKind.POSITIONS}


def test_lists_are_asked_first_and_when_absences_begin_to_count():
    """In between they would use up the window of everybody who protects something, and so would more of them than the
    proof needs; the order is asked every second."""
    bench = Bench()
    bench.failing_reads = {ReadKind.POSITIONS}
    bench.script(Role.ENTRY, unknown())
    bench.intent()
    began_ms = bench.now
    bench.advance(8_000)
    asked = dict.fromkeys((ReadKind.ORDER, ReadKind.ALL_ORDERS, ReadKind.TRADES), 0)
    for read in bench.done(Read):
        if read.purpose.startswith("resolve:") and read.kind in asked:
            asked[read.kind] += 1
    assert asked[ReadKind.ORDER] >= 8
    assert (asked[ReadKind.ALL_ORDERS], asked[ReadKind.TRADES]) == (3, 2)
    bench.failing_reads = set()
    bench.advance(2_000)
    assert bench.entry().status.value == "never_placed"
    assert bench.entry().timestamp_ms + 6_500 <= bench.now <= began_ms + 10_000


def test_after_a_minute_the_rounds_are_slower():
    """Every 5 s: it may take long."""
    bench = Bench()
    bench.failing_reads = {ReadKind.ORDER}
    bench.script(Role.ENTRY, unknown())
    bench.intent()
    bench.advance(61_000)
    before = len([read for read in bench.done(Read) if read.kind is ReadKind.ORDER])
    bench.advance(20_000)
    assert 3 <= len([read for read in bench.done(Read) if read.kind is ReadKind.ORDER]) - before <= 5


def test_an_unknown_stop_is_resolved_on_the_algos_own_endpoints():
    """Order endpoints know nothing of it."""
    bench = Bench()
    bench.script(Role.STOP, *[unknown()] * 60)
    bench.intent()
    bench.advance(30_000)
    endpoints = {event.endpoint for event in bench.of(ev.AbsenceNoted) if "-s" in event.client_id[:5]}
    assert {"algo", "open_algos"} <= endpoints
    assert "order" not in endpoints


def test_a_restart_takes_up_what_was_in_flight():
    """An entry whose answer nobody will hear is unknown."""
    bench = Bench()
    bench.script(Role.ENTRY, silence())
    bench.intent()
    bench.restart(after_ms=10)
    assert [event.reason for event in bench.of(ev.UnknownOpened)] == ["the engine stopped before it saw the answer"]


def test_a_restart_goes_on_with_what_was_unknown():
    """The proof continues; the absences of before the crash count with those after the new stream."""
    bench = Bench()
    bench.script(Role.ENTRY, unknown())
    bench.intent()
    bench.advance(3_000)
    bench.restart()
    bench.advance(15_000)
    assert bench.result().status == "never_placed"
    assert len(bench.of(ev.UnknownOpened)) == 1


def test_a_stop_that_was_never_sent_is_not_resolved():
    """Planned is not unknown."""
    bench = Bench()
    bench.script(Role.ENTRY, silence())
    bench.intent()
    bench.restart(after_ms=10)
    assert all(order.status is AlgoStatus.PLANNED for order in bench.orders(Role.STOP))
    assert bench.places(Role.STOP) == []


def test_a_fill_is_known_when_its_order_is():
    """Ours, or somebody's, or booked before the restart that forgot whose it was."""
    bench = Bench().open_trade()
    fill = bench.venue.trades[0]
    ctx = bench.context()
    assert unknowns.fill_known(ctx, fill)
    assert not unknowns.fill_known(ctx, replace(fill, order_id=424_242))
    del ctx.state.by_order_id[f"{SYMBOL}:{fill.order_id}"]
    assert unknowns.fill_known(ctx, fill)


def test_a_strangers_execution_does_not_block_a_proof_after_a_restart():
    """It was booked before; nobody asks for its order again."""
    bench = Bench()
    bench.venue.take(stranger_order("web_1", "0.2"), bench.now)
    bench.fill("web_1")
    bench.venue.take(stranger_order("web_2", "0.2", Side.SELL), bench.now)
    bench.fill("web_2")
    bench.script(Role.ENTRY, unknown())
    bench.intent()
    bench.restart()
    bench.advance(20_000)
    assert bench.result().status == "never_placed"


def test_a_stop_in_flight_at_a_crash_is_asked_for_as_well_as_sent_again():
    """The repeat may be refused as a duplicate; the question tells what stands."""
    bench = Bench()
    bench.script(Role.STOP, silence())
    bench.intent()
    before = len(bench.done(Read))
    bench.script(Role.STOP, silence())
    bench.restart(after_ms=10)
    asked = [read for read in bench.done(Read)[before:] if read.kind is ReadKind.ALGO and "resolve:" in read.purpose]
    assert [read.client_id for read in asked] != []
    assert [event.client_id for event in bench.of(ev.UnknownOpened)] == [bench.orders(Role.STOP)[0].client_id]


def test_an_unknown_stop_is_resolved_after_a_restart():
    """The rounds go on."""
    bench = Bench()
    bench.failing_reads = {ReadKind.ALGO, ReadKind.OPEN_ALGOS}
    bench.script(Role.STOP, unknown(landed=True), *[unknown()] * 30)
    bench.silent_stream = True
    bench.fills_closes = False
    bench.intent()
    bench.restart(after_ms=10)
    bench.failing_reads.clear()
    bench.advance(1_500)
    assert not bench.orders(Role.STOP)[0].unknown


@pytest.mark.parametrize("role", [Role.ENTRY, Role.STOP, Role.TARGET, Role.CLOSE])
def test_rules_3_evidence_that_came_before_an_unclear_answer_is_confirmation(role):
    """The stream told of the order; that its answer says nothing does not make it unknown again."""
    bench = Bench()
    bench.script(role, Reply(None, landed=True, streamed=True))
    bench.intent(targets=[("50500", "1")])
    if role is Role.CLOSE:
        bench.intent("c1", "close", side=None)
    (order,) = bench.orders(role)
    outcome = RequestOutcome(outcome=Outcome.UNKNOWN, message="timeout")
    bench.give(inp.PlaceAnswered, client_id=order.client_id, outcome=outcome, sent_ms=bench.now, recv_window_ms=5_000)
    assert bench.of(ev.UnknownOpened) == []
    assert not order.unknown


def test_rounds_keep_to_the_spacing_of_what_was_asked():
    """A question leaves some milliseconds after its round begins: counted from there, the next one's absence may come
    that much too early to count, and costs one more round (a run under the venue's rate limits)."""
    bench = Bench()
    bench.script(Role.ENTRY, unknown())
    bench.hold_reads = {ReadKind.ORDER}
    bench.intent()
    client_id, asked = bench.entry().client_id, []
    for late_ms in (20, 10, 0, 15, 5):
        bench.now += late_ms
        asked.append(bench.now)
        held, bench.held_reads = bench.held_reads, []
        for read in held:
            bench.step(bench.venue.answer(read, bench.now, bench.now))
        bench.advance(bench.timers[f"resolve:{client_id}"] - bench.now)
    noted = [event.asked_ms for event in bench.of(ev.AbsenceNoted) if event.endpoint == "order"]
    assert noted == asked
    assert all(later - earlier >= 1_000 for earlier, later in itertools.pairwise(noted))
