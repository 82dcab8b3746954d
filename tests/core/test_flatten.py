"""The flatten loop's own decisions; its rules are in test_rules_7.py."""

from decimal import Decimal

import pytest

from holdfast.core import flatten
from holdfast.model import events as ev
from holdfast.model.effects import Cancel, Lane, Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.inputs import PlaceAnswered, ReadAnswered
from holdfast.model.orders import OrderStatus
from holdfast.model.reasons import Outcome
from holdfast.model.reports import Channel, PositionReport, RequestOutcome
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import confirmed, rejected, silence, throttled

D = Decimal


def test_a_running_loop_is_not_started_again():
    """The first reason stands."""
    bench = Bench().open_trade()
    ctx = bench.context()
    flatten.start(ctx, SYMBOL, "first")
    flatten.start(ctx, SYMBOL, "second")
    assert [event.reason for event in ctx.events if isinstance(event, ev.FlattenStarted)] == ["first"]


def test_without_a_trade_the_orders_are_named_after_the_episode():
    """Deterministic ids for what no intent asked for."""
    bench = Bench()
    bench.venue.amounts[SYMBOL] = D("0.1")
    bench.command("flatten", symbol=SYMBOL)
    bench.advance(3_000)
    assert bench.of(ev.FlattenStarted)[0].subject == f"flatten:{SYMBOL}:1"
    assert bench.venue.amounts[SYMBOL] == 0


def test_a_step_without_a_loop_does_nothing():
    """A late timer."""
    ctx = Bench().context()
    flatten.step(ctx, SYMBOL)
    assert (ctx.events, ctx.effects) == ([], [])


def test_a_cancel_that_is_out_is_not_asked_for_again():
    """Its own timer repeats it."""
    from holdfast.model.intent import Entry

    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    bench.script(Role.CANCEL, silence())
    bench.command("halt")
    ctx = bench.context()
    flatten.kill_entries(ctx, SYMBOL, "again")
    assert [effect for effect in ctx.effects if isinstance(effect, Cancel)] == []


def test_a_row_older_than_our_own_close_is_not_acted_on():
    """The read left before the close did."""
    bench = Bench().open_trade()
    bench.hold_reads = {ReadKind.POSITIONS}
    bench.intent("c1", "close", side=None)
    stale = [bench.venue.answer(read, bench.now, bench.now - 5) for read in bench.held_reads]
    bench.held_reads.clear()
    bench.now += 20
    for answer in stale:
        row = type(bench.venue.position(SYMBOL))(symbol=SYMBOL, amount=D("0.1"), entry_price=D("50000"))
        bench.step(type(answer)(now_ms=bench.now, read=answer.read, ok=True, asked_ms=answer.asked_ms,
                                positions=(row,)))  # fmt: skip
    assert len(bench.places(Role.CLOSE)) == 1


def test_a_close_is_not_sent_while_the_last_one_is_young():
    """500 ms to show what it did."""
    bench = Bench().open_trade()
    bench.script(Role.CLOSE, silence())
    bench.intent("c1", "close", side=None)
    bench.advance(499)
    assert len(bench.places(Role.CLOSE)) == 1


def test_a_short_is_closed_by_buying():
    """And the band's edge is above the mark."""
    bench = Bench().open_trade(side="short")
    bench.script(Role.CLOSE, rejected(-4131))
    bench.intent("c1", "close", side=None)
    bench.advance(300)
    spec = bench.places(Role.CLOSE)[-1].order.spec
    assert (spec.side, spec.price) == ("BUY", D("52500.0"))


@pytest.mark.parametrize("streamed", [True, False])
def test_the_quarantine_of_a_flatten_without_a_trade(streamed):
    """Its closes may still act (RULES 4)."""
    bench = Bench()
    bench.venue.amounts[SYMBOL] = D("0.1")
    bench.script(Role.CLOSE, confirmed(streamed=streamed))
    bench.command("flatten", symbol=SYMBOL)
    bench.advance(6_000)
    assert SYMBOL in bench.state.quarantines
    bench.advance(20_000)
    assert bench.state.quarantines == {}


def test_a_loop_that_did_nothing_leaves_no_quarantine():
    """No order, nothing to wait for."""
    bench = Bench()
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert bench.state.quarantines == {}


def test_a_remainder_is_closed():
    """The first close filled 0.06 of 0.1 and expired."""
    bench = Bench().open_trade()
    bench.fills_closes = False
    bench.script(Role.CLOSE, silence(landed=True))
    bench.intent("c1", "close", side=None)
    close = bench.orders(Role.CLOSE)[0].client_id
    held = bench.venue.orders[close][-1]
    held.status = OrderStatus.WORKING
    bench.fill(close, "0.06")
    bench.expire(close)
    bench.fills_closes = True
    bench.advance(3_000)
    assert bench.venue.amounts[SYMBOL] == 0
    assert bench.places(Role.CLOSE)[-1].order.spec.quantity == D("0.04")


def read_of(bench: Bench, amount: str) -> None:
    """The venue's answer to the loop's newest question."""
    read = bench.held_reads.pop()
    row = PositionReport(symbol=SYMBOL, amount=D(amount), entry_price=D("50000"))
    bench.step(ReadAnswered(now_ms=bench.now, read=read, ok=True, asked_ms=bench.now, positions=(row,)))


def test_zeros_must_follow_each_other():
    """0, then something, then 0: that is one, and not two."""
    bench = Bench().open_trade()
    bench.hold_reads = {ReadKind.POSITIONS}
    bench.intent("c1", "close", side=None)
    for amount in ("0", "0.02", "0"):
        bench.advance(600)
        read_of(bench, amount)
    assert bench.of(ev.FlattenEnded) == []
    bench.advance(300)
    read_of(bench, "0")
    assert len(bench.of(ev.FlattenEnded)) == 1


def test_rules_7_two_answers_to_one_read_are_one_zero():
    """A loop that asks again before it is answered gets both answers from one question at the venue."""
    bench = Bench().open_trade()
    bench.hold_reads = {ReadKind.POSITIONS}
    bench.intent("c1", "close", side=None)
    bench.advance(600)
    asked_ms = bench.now
    read = bench.held_reads.pop()
    for _ in range(3):
        bench.advance(100)
        bench.step(ReadAnswered(now_ms=bench.now, read=read, ok=True, asked_ms=asked_ms))
    assert bench.of(ev.FlattenEnded) == []
    bench.step(ReadAnswered(now_ms=bench.now, read=read, ok=True, asked_ms=asked_ms + 200))
    assert len(bench.of(ev.FlattenEnded)) == 1


def test_what_a_read_shows_is_closed_at_once():
    """Nothing was known to be open; the answer does not wait for the next turn of the loop."""
    bench = Bench()
    bench.venue.amounts[SYMBOL] = D("0.1")
    bench.latency = lambda: 30
    bench.command("flatten", symbol=SYMBOL)
    bench.advance(31)
    assert bench.place_times(Role.CLOSE) == [30]


def test_a_close_after_a_throttled_one_does_not_wait_for_the_window():
    """Random day 161292: a read showed what was open, its close found nobody, and the loop slept on."""
    bench = Bench().open_trade()
    bench.hold_reads = {ReadKind.POSITIONS}
    bench.script(Role.CLOSE, throttled(9_000), silence())
    bench.intent("c1", "close", side=None)
    bench.advance(100)
    read_of(bench, "0.1")
    assert len(bench.places(Role.CLOSE)) == 2
    bench.advance(1_100)
    assert len(bench.places(Role.CLOSE)) >= 3


@pytest.mark.parametrize("told_first", [True, False])
def test_rules_12_a_throttle_that_is_older_than_a_taken_close_is_over(told_first):
    """Random day 704021: its answer was late, and what the next close had left stayed open until the window's end."""
    bench = Bench().open_trade()
    bench.fills_closes = False
    bench.script(Role.CLOSE, silence(), confirmed() if told_first else silence(landed=True))
    bench.intent("c1", "close", side=None)
    bench.advance(600)
    one, two = (place.order.spec.client_id for place in bench.places(Role.CLOSE))
    late = RequestOutcome(outcome=Outcome.THROTTLED, code=-1003, status=429, until_ms=bench.now + 30_000)
    bench.give(PlaceAnswered, client_id=one, outcome=late, sent_ms=bench.now - 600, recv_window_ms=5_000)
    if not told_first:
        report = bench.venue.report(bench.venue.orders[two][-1], Channel.REPLY)
        taken = RequestOutcome(outcome=Outcome.CONFIRMED, order=report)
        bench.give(PlaceAnswered, client_id=two, outcome=taken, sent_ms=bench.now - 100, recv_window_ms=5_000)
    bench.hold_reads = {ReadKind.POSITIONS}
    bench.advance(1_100)
    assert len(bench.places(Role.CLOSE)) > 2


def test_a_flatten_of_a_foreign_position_ends_the_finding():
    """What was not ours is gone."""
    bench = Bench()
    bench.venue.amounts[SYMBOL] = D("0.2")
    bench.restart()
    bench.advance(5_000)
    assert bench.state.foreign == {SYMBOL: D("0.2")}
    bench.command("flatten", symbol=SYMBOL)
    bench.advance(3_000)
    assert bench.state.foreign == {}
    assert bench.venue.amounts[SYMBOL] == 0


def lanes_of(bench: Bench) -> set[Lane]:
    """The lanes of the loop's questions so far."""
    return {read.lane for read in bench.done(Read) if read.purpose == f"flatten:{SYMBOL}"}


def test_rules_12_the_reserve_belongs_to_what_is_open():
    """A trade's position is asked for from it until the end of the loop."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert bench.result("c1").status == "closed"
    assert lanes_of(bench) == {Lane.PROTECT}


def test_a_close_where_nothing_was_ever_seen_may_wait_for_a_rate_window():
    """Sources that close what is flat must not use up what covers other positions."""
    bench = Bench()
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert bench.result("c1").status == "nothing_open"
    assert lanes_of(bench) == {Lane.QUERY}


@pytest.mark.parametrize("seen_by", ["books", "venue"])
def test_rules_12_what_anybody_has_seen_is_asked_for_from_the_reserve(seen_by):
    """Our books or the venue's last word: either is enough."""
    bench = Bench()
    bench.hold_reads = {ReadKind.POSITIONS}
    if seen_by == "books":
        bench.state.positions[SYMBOL] = D("0.1")
    else:
        row = PositionReport(symbol=SYMBOL, amount=D("0.1"), entry_price=D("50000"))
        bench.engine.around.venue_positions[SYMBOL] = (row, bench.now)
    ctx = bench.context()
    flatten.start(ctx, SYMBOL, "test")
    lanes = [read.lane for read in ctx.effects if isinstance(read, Read)]
    assert lanes == [Lane.PROTECT]
