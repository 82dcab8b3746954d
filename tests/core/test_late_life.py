"""A stop that is armed after its trade was closed: an earlier send that was overtaken on its way (RULES 5, P36)."""

from __future__ import annotations

import pytest

from holdfast.model import inputs as inp
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoStatus, OrderStatus, Pending
from holdfast.model.reports import AlgoReport, Channel, OrderReport
from tests.core.bench import SYMBOL, Bench
from tests.core.gate_samples import D
from tests.core.replies import silence, unknown


def closed() -> Bench:
    """A bench whose trade is over."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert len(bench.closed) == 1
    return bench


def armed(bench: Bench) -> AlgoReport:
    """The same client id, armed once more as a newer algo order."""
    return told(bench, AlgoStatus.ARMED, 9_000_000_000_000_000)


def told(bench: Bench, status: AlgoStatus, algo_id: int) -> AlgoReport:
    """What the stream says of the trade's stop."""
    spec = bench.stop().spec
    return AlgoReport(
        channel=Channel.STREAM,
        symbol=SYMBOL,
        client_id=spec.client_id,
        algo_id=algo_id,
        side=spec.side,
        status=status,
        trigger_price=spec.trigger_price,
        close_position=True,
    )


def test_rules_5_a_stop_that_outlives_its_trade_is_cancelled_at_once():
    """It could close the next position on the symbol."""
    bench = closed()
    before = len(bench.cancels(Role.STOP))
    bench.give(inp.AlgoSeen, report=armed(bench))
    assert len(bench.cancels(Role.STOP)) == before + 1


def test_the_second_word_about_it_sends_no_second_cancel():
    """One cancel is on its way already."""
    bench = closed()
    bench.give(inp.AlgoSeen, report=armed(bench))
    sent = len(bench.cancels(Role.STOP))
    bench.give(inp.AlgoSeen, report=armed(bench))
    assert len(bench.cancels(Role.STOP)) == sent


@pytest.mark.parametrize("late", [AlgoStatus.ARMED, AlgoStatus.TRIGGERING])
def test_rules_6_an_overtaken_word_does_not_revive_a_stop_that_the_venue_rejected(late):
    """Its trigger was told after its end."""
    bench = Bench().open_trade()
    algo_id = bench.stop().algo_id
    bench.give(inp.AlgoSeen, report=told(bench, AlgoStatus.REJECTED, algo_id))
    events = len(bench.events)
    bench.give(inp.AlgoSeen, report=told(bench, late, algo_id))
    assert bench.stop().status is AlgoStatus.REJECTED
    assert len(bench.events) == events


@pytest.mark.parametrize("late", [AlgoStatus.ARMED, AlgoStatus.CANCELLED])
def test_rules_2_a_late_word_of_an_earlier_life_says_nothing_of_the_repeat(late):
    """A query from before its repeat was answered after it: the one that had been cancelled was taken for the new one,
    and its trade was closed while the new one stayed at the venue."""
    bench = Bench().open_trade()
    algo_id = bench.stop().algo_id
    bench.script(Role.STOP, silence())
    bench.give(inp.AlgoSeen, report=told(bench, AlgoStatus.CANCELLED, algo_id))
    events = len(bench.events)
    bench.give(inp.AlgoSeen, report=told(bench, late, algo_id))
    assert bench.stop().status is AlgoStatus.SENT
    assert bench.stop().live
    assert len(bench.events) == events


def test_rules_3_a_question_that_shows_an_earlier_life_shows_the_repeat_absent():
    """Else a repeat that never arrived would stay unknown for ever, because the venue remembers the first."""
    bench = Bench().open_trade()
    first = bench.stop().algo_id
    bench.script(Role.STOP, *[unknown()] * 200)
    bench.algo(bench.stop().client_id, AlgoStatus.CANCELLED)
    bench.intent("c1", "close", side=None)
    bench.advance(30_000)
    assert bench.stop().algo_id == first
    assert not bench.stop().live
    assert len(bench.closed) == 1


def test_rules_2_the_end_of_the_known_stop_does_not_settle_the_repeat_on_its_way():
    """A list lacked it, so it was sent again; then came word that it had been cancelled, and the repeat was accepted
    without an answer: it was taken for gone while it stood at the venue."""
    bench = Bench().open_trade()
    algo_id = bench.stop().algo_id
    bench.advance(1_000)
    bench.algo(bench.stop().client_id, AlgoStatus.CANCELLED, streamed=False)
    bench.script(Role.STOP, silence())
    bench.coverage()
    bench.give(inp.AlgoSeen, report=told(bench, AlgoStatus.CANCELLED, algo_id))
    assert (bench.stop().status, bench.stop().pending) == (AlgoStatus.SENT, Pending.PLACE)
    assert bench.stop().live


@pytest.mark.parametrize("end", [AlgoStatus.CANCELLED, AlgoStatus.FINISHED])
def test_rules_3_the_end_of_the_known_stop_does_not_resolve_an_unknown_repeat(end):
    """Whether the repeat arrived is still asked, and proved; then the trade can end."""
    bench = Bench().open_trade()
    algo_id = bench.stop().algo_id
    bench.advance(1_000)
    bench.algo(bench.stop().client_id, AlgoStatus.CANCELLED, streamed=False)
    bench.script(Role.STOP, *[unknown()] * 200)
    bench.coverage()
    bench.give(inp.AlgoSeen, report=told(bench, end, algo_id))
    assert bench.stop().unknown
    bench.intent("c1", "close", side=None)
    bench.advance(60_000)
    assert not bench.stop().live
    assert len(bench.closed) == 1


def test_rules_6_the_child_of_the_known_stop_does_not_settle_the_repeat_on_its_way():
    """It had triggered while no process lived, and was sent again because nothing showed it: its order was found, and
    the repeat, accepted without an answer, was forgotten (random day 646069)."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    stop = bench.stop()
    bench.algo(stop.client_id, AlgoStatus.CANCELLED, streamed=False)
    bench.script(Role.STOP, silence())
    bench.coverage()
    report = OrderReport(channel=Channel.QUERY, symbol=SYMBOL, client_id=stop.client_id, order_id=9_000,
                         side=stop.spec.side, status=OrderStatus.WORKING, quantity=D(1), executed=D(0))  # fmt: skip
    bench.give(inp.OrderSeen, report=report)
    assert bench.stop().pending is Pending.PLACE


def test_an_execution_of_an_earlier_life_says_nothing_of_an_unknown_repeat() -> None:
    """The stop had filled unheard, was placed again when a list no longer showed it, and the answer got lost. Its
    execution was taken for the word of the repeat, which stayed at the venue for good (a run with kills)."""
    bench = Bench().open_trade()
    bench.advance(2_000)
    name = bench.stop().client_id
    bench.algo(name, AlgoStatus.TRIGGERING, streamed=False)
    bench.venue.trigger(name, bench.now)
    bench.fill(name, streamed=False)
    bench.algo(name, AlgoStatus.FINISHED, streamed=False)
    bench.script(Role.STOP, unknown(landed=True), *[unknown()] * 5)
    bench.watch, bench.failing_reads = False, {ReadKind.ALGO}
    bench.give(inp.LinkChanged, link="user_stream", up=False)
    bench.give(inp.LinkChanged, link="user_stream", up=True)
    bench.advance(500)
    assert bench.trade.live
    bench.failing_reads.clear()
    bench.advance(20_000)
    assert bench.venue.open_algos() == ()
    assert not bench.trade.live
