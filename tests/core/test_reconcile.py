"""Asking the venue what is: a round that cannot be completed is finished, not begun again and again."""

from collections import Counter
from decimal import Decimal

from holdfast.core import reconcile
from holdfast.model import events as ev
from holdfast.model.effects import Lane, Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.inputs import LinkChanged, ReadAnswered
from holdfast.model.orders import OrderStatus
from tests.core.bench import Bench
from tests.core.replies import confirmed


def asked(bench: Bench) -> Counter[ReadKind]:
    """How often each kind of read was asked so far."""
    return Counter(read.kind for read in bench.done(Read))


def test_only_what_is_missing_is_asked_again() -> None:
    """A refused read costs its own weight every second, not that of the whole account's lists (RULES 12)."""
    bench = Bench(start=False)
    bench.failing_reads = {ReadKind.MODES}
    bench.boot_up()
    before = asked(bench)
    bench.advance(3_100)
    assert not bench.engine.around.reconciled
    bench.failing_reads.clear()
    bench.advance(1_100)
    assert bench.engine.around.reconciled
    more = asked(bench) - before
    assert (more[ReadKind.MODES], more[ReadKind.OPEN_ALGOS], more[ReadKind.OPEN_ORDERS]) == (4, 0, 0)


def bounce(bench: Bench) -> None:
    """The user stream goes and comes back: everything is read again."""
    bench.give(LinkChanged, link="user_stream", up=False)
    bench.give(LinkChanged, link="user_stream", up=True)


def test_a_read_that_nobody_answers_is_asked_again() -> None:
    """After four seconds; the round is complete only with it."""
    bench = Bench()
    bench.hold_reads = {ReadKind.MODES}
    bounce(bench)
    assert bench.engine.around.gap
    bench.advance(4_100)
    assert len(bench.held_reads) == 2
    bench.hold_reads.clear()
    bench.release_reads()
    assert not bench.engine.around.gap


def test_a_stop_that_neither_list_nor_query_shows_is_placed_again() -> None:
    """Suspected, sent again under its id, and counted as lost when that is accepted."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    bench.venue.algos.clear()
    bounce(bench)
    assert len(bench.places(Role.STOP)) == 2
    assert bench.stop().armed
    assert len(bench.of(ev.StopLost)) == 1


def test_a_stop_of_a_closed_trade_is_cancelled_wherever_a_list_shows_it() -> None:
    """It surfaced late."""
    bench = Bench().open_trade()
    spec = bench.stop().spec
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    bench.venue.take_algo(spec, bench.now)
    bounce(bench)
    bench.advance(1_000)
    assert bench.venue.open_algos() == ()


def test_a_target_that_ended_unheard_is_found() -> None:
    """Cancelled by hand while the stream was down: its share is placed again."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    bench.expire(bench.orders(Role.TARGET)[0].client_id, OrderStatus.CANCELLED, streamed=False)
    bounce(bench)
    assert len(bench.places(Role.TARGET)) == 2


def test_differences_are_counted_as_findings() -> None:
    """The record of the reconciliation says how many positions were not as we thought."""
    bench = Bench()
    bench.venue.amounts["BTCUSDT"] = Decimal("0.2")
    bench.restart()
    assert bench.of(ev.Reconciled)[-1].findings == {"positions": 1}


def test_settings_that_could_not_be_read_are_read_again() -> None:
    """An accepted entry waits for them, but not for ever."""
    bench = Bench()
    bench.script(Role.SETTING, confirmed())
    bench.failing_reads = {ReadKind.SYMBOL_CONFIG}
    bench.intent(leverage=7)
    bench.advance(500)
    bench.failing_reads.clear()
    bench.advance(300)
    result = bench.result()
    assert result is not None
    assert result.status == "protected"


def test_a_query_that_left_before_the_stop_was_sent_again_proves_nothing() -> None:
    """One repeat, whoever missed it first."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    stop = bench.stop()
    read = Read(kind=ReadKind.ALGO, purpose=f"state:{stop.client_id}", symbol="BTCUSDT", client_id=stop.client_id)
    for asked_ms, sends in ((stop.timestamp_ms, 1), (bench.now, 2)):
        bench.give(ReadAnswered, read=read, ok=True, asked_ms=asked_ms, absent=True)
        assert len(bench.places(Role.STOP)) == sends


WHOLE = {kind for kind, _ in reconcile.ROUND} | {ReadKind.INCOME}


def booted(stream: str, *, held: bool = False) -> Bench:
    """An engine that has just begun; `held` keeps the answers to its questions."""
    bench = Bench(start=False)
    bench.hold_reads = set(WHOLE) if held else set()
    bench.boot_up(stream=stream)
    return bench


def test_a_start_with_its_user_stream_up_reads_everything_once() -> None:
    """Nothing can be missed between the reads and the stream, so a second round would only cost weight."""
    bench = booted("before")
    assert asked(bench) == dict.fromkeys(WHOLE, 1)
    assert bench.engine.around.reconciled


def test_a_stream_that_comes_up_after_the_start_costs_positions_and_stops_twice() -> None:
    """The rest had waited for it."""
    bench = booted("after")
    assert asked(bench) == {**dict.fromkeys(WHOLE, 1), ReadKind.POSITIONS: 2, ReadKind.OPEN_ALGOS: 2}
    assert bench.engine.around.reconciled


def test_rules_9_a_stream_that_does_not_come_up_holds_up_no_cover() -> None:
    """Positions and stops are asked for at once, the rest two seconds later, and then the engine has reconciled."""
    bench = booted("never")
    assert asked(bench) == {ReadKind.POSITIONS: 1, ReadKind.OPEN_ALGOS: 1}
    assert not bench.engine.around.reconciled
    bench.advance(reconcile.STREAM_WAIT_MS + 10)
    assert set(asked(bench)) >= WHOLE
    assert bench.engine.around.reconciled


def test_what_a_start_without_stream_asks_is_asked_again_when_nobody_answers() -> None:
    """As in any round; entries are let in by the answers only."""
    bench = Bench(start=False)
    bench.hold_reads = WHOLE - set(dict(reconcile.COVER))
    bench.boot_up(stream="never")
    bench.advance(reconcile.STREAM_WAIT_MS + 10)
    assert {read.kind for read in bench.held_reads} == bench.hold_reads
    bench.hold_reads.clear()
    bench.advance(4_100)
    assert bench.engine.around.reconciled


def test_what_was_asked_before_the_stream_was_up_is_asked_again() -> None:
    """An event between that answer and the stream would be missed; what was asked since then counts as it is."""
    bench = booted("after", held=True)
    early = bench.now - 1
    assert asked(bench) == dict.fromkeys(WHOLE, 1)
    bench.hold_reads.clear()
    held, bench.held_reads = bench.held_reads, []
    for read in held:
        bench.step(bench.venue.answer(read, bench.now, early if read.kind in dict(reconcile.COVER) else bench.now))
    assert asked(bench) == {**dict.fromkeys(WHOLE, 1), ReadKind.POSITIONS: 2, ReadKind.OPEN_ALGOS: 2}
    assert bench.engine.around.reconciled


def test_a_clock_that_goes_back_does_not_ask_for_ever() -> None:
    """An answer that still seems too old the second time is taken."""
    bench = booted("after", held=True)
    held, bench.held_reads = bench.held_reads, []
    for read in [*held, *held]:
        bench.step(bench.venue.answer(read, bench.now, bench.now - 60_000))
    assert bench.engine.around.reconciled


def test_a_gap_while_everything_is_being_read_asks_only_for_what_was_answered() -> None:
    """A second whole round would eat the window that the first one waits for."""
    bench = booted("before", held=True)
    bench.hold_reads.clear()
    bench.step(bench.venue.answer(bench.held_reads.pop(0), bench.now, bench.now))
    before = asked(bench)
    bounce(bench)
    assert asked(bench) - before == {ReadKind.POSITIONS: 1}


def test_rules_5_an_account_that_leaves_a_symbol_out_shows_it_flat() -> None:
    """A target filled unheard, and only the account was read: the stop must not wait for the watch's next round."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    bench.watch = False
    bench.advance(1_000)
    (target,) = bench.orders(Role.TARGET)
    bench.venue.fill(bench.venue.orders[target.client_id][-1], Decimal("0.1"), Decimal("50500"), bench.now)
    read = Read(kind=ReadKind.ACCOUNT, purpose="account", lane=Lane.QUERY)
    bench.give(ReadAnswered, read=read, ok=True, asked_ms=bench.now, balances=bench.venue.balances())
    bench.advance(2_000)
    assert len(bench.cancels(Role.STOP)) == 1


def test_rules_12_an_answer_from_before_the_last_repeat_says_nothing_of_a_stop() -> None:
    """It came late and silenced the list without the stop: nobody looked any more."""
    bench = Bench().open_trade()
    stop, bench.watch, bench.hold_reads = bench.stop(), False, {ReadKind.ALGO}
    bench.venue.algos.clear()
    bench.advance(10)
    bench.coverage()  # The list is without it, but it is young: it is asked for, and nobody answers.
    read = Read(kind=ReadKind.ALGO, purpose=f"state:{stop.client_id}", client_id=stop.client_id, lane=Lane.PROTECT)
    bench.give(ReadAnswered, read=read, ok=True, asked_ms=stop.timestamp_ms - 1, absent=True)
    bench.advance(900)
    assert len(bench.places(Role.STOP)) == 2
