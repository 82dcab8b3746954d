"""Asking the venue what is: a round that cannot be completed is finished, not begun again and again."""

from collections import Counter
from decimal import Decimal

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


def test_executions_of_live_trades_are_read_with_the_right_of_protection() -> None:
    """Until they are known a stop may stand on a flat symbol, or be placed there again; a full window is no reason."""
    bench = Bench().open_trade()
    bench.restart()
    begun = bench.now
    lanes = {read.lane for at, read in bench.effects if at == begun and _is_round_of_trades(read)}
    assert lanes == {Lane.PROTECT}


def _is_round_of_trades(effect: object) -> bool:
    return isinstance(effect, Read) and effect.kind is ReadKind.TRADES and effect.purpose.startswith("reconcile")


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


def test_executions_since_the_acceptance_are_read() -> None:
    """What a silent stream did not tell."""
    bench = Bench().open_trade()
    accepted = bench.now
    bench.advance(5_000)
    bounce(bench)
    rounds = [read for read in bench.done(Read) if _is_round_of_trades(read)]
    assert all(read.since_ms is not None and read.since_ms < accepted for read in rounds)
    assert len(rounds) == 1


def test_every_living_order_of_a_trade_is_asked_for() -> None:
    """Stop and targets; what ended is not."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    before = len(bench.done(Read))
    bounce(bench)
    named = {read.client_id[:5] for read in bench.done(Read)[before:] if read.purpose.startswith("state:")}
    assert named == {"hf-s1", "hf-t1"}


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
