"""Targets, and the winding up of a trade."""

from decimal import Decimal

import pytest

from holdfast.core import exits
from holdfast.model import events as ev
from holdfast.model.effects import Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import AlgoStatus
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import rejected, silence, stranger_order, throttled

D = Decimal
HALVES = [("50500", "0.5"), ("51000", "0.5")]


@pytest.mark.parametrize(("status", "began"), [
    (AlgoStatus.ARMED, False), (AlgoStatus.REJECTED, True), (AlgoStatus.CANCELLED, True),
    (AlgoStatus.TRIGGERING, True), (AlgoStatus.TRIGGERED, True), (AlgoStatus.FINISHED, True),
    (AlgoStatus.EXPIRED, True),
])  # fmt: skip
def test_when_an_exit_has_begun(status, began):
    """From the first trigger on, and from whatever ended a stop that stood."""
    bench = Bench().open_trade()
    bench.stop().status = status
    assert exits.exit_began(bench.context(), bench.trade) is began


@pytest.mark.parametrize("status", [AlgoStatus.REJECTED, AlgoStatus.CANCELLED])
@pytest.mark.parametrize("why", ["never stood", "we asked"])
def test_a_stop_that_was_only_refused_or_replaced_begins_no_exit(status, why):
    """Refused when it was placed, or cancelled by us because another one stands."""
    bench = Bench().open_trade()
    stop = bench.stop()
    stop.status, stop.cancel_asked = status, why == "we asked"
    stop.armed_ms = None if why == "never stood" else stop.armed_ms
    assert not exits.exit_began(bench.context(), bench.trade)


def test_a_fill_of_a_target_begins_the_exit():
    """The entry remainder is dead from here on."""
    bench = Bench().open_trade(targets=HALVES)
    bench.market(mark="50500")
    bench.fill(bench.orders(Role.TARGET)[0].client_id)
    assert exits.exit_began(bench.context(), bench.trade)


def test_targets_of_a_small_fill_merge():
    """0.001 in halves: one of them gets all."""
    bench = Bench()
    bench.entry_part = D("0.001")
    bench.intent(targets=HALVES)
    assert [(str(p.order.spec.price), p.order.spec.quantity) for p in bench.places(Role.TARGET)] == [
        ("51000.0", D("0.001"))]  # fmt: skip


def test_targets_never_exceed_what_is_open():
    """A part was closed by hand before they could be placed."""
    bench = Bench()
    bench.script(Role.STOP, silence())
    bench.intent(targets=HALVES)
    bench.venue.take(stranger_order("web_1", "0.07", bench.trade.direction.exit_side), bench.now)
    bench.fill("web_1")
    bench.tell_algo(bench.venue.take_algo(bench.stop().spec, bench.now))
    assert sum((p.order.spec.quantity for p in bench.places(Role.TARGET)), D(0)) <= D("0.030")


def test_executions_that_are_owed_are_fetched_after_a_moment():
    """The order says filled, the executions did not come."""
    bench = Bench()
    bench.silent_stream = True
    bench.intent()
    held = bench.venue.orders[bench.entry().client_id][-1]
    bench.tell_order(held)
    assert bench.trade.fills == 0
    bench.advance(500)
    assert bench.trade.fills == 1
    asked = [read for read in bench.done(Read) if read.kind is ReadKind.TRADES and read.purpose.startswith("trades:")]
    assert len(asked) == 1


def test_executions_are_asked_for_at_most_once_a_second():
    """However often the symbol is looked at."""
    bench = Bench()
    ctx = bench.context()
    for _ in range(5):
        exits.ask_trades(ctx, SYMBOL, bench.now)
    assert len([effect for effect in ctx.effects if isinstance(effect, Read)]) == 1


def test_a_trade_closes_at_once_where_everything_is_proved():
    """Close order filled, stop cancelled, position 0: within a second."""
    bench = Bench().open_trade(targets=HALVES)
    bench.intent("c1", "close", side=None)
    bench.advance(1_500)
    assert len(bench.closed) == 1
    assert bench.closed[0].exit_reason == "close by test"


def test_a_position_that_the_venue_still_shows_is_flattened():
    """Our books say 0, the venue does not: it is the venue that counts."""
    bench = Bench().open_trade()
    bench.market(mark="49500")
    bench.hold_reads = {ReadKind.POSITIONS}
    bench.trigger(bench.stop().client_id)
    bench.venue.amounts[SYMBOL] = D("0.02")
    bench.hold_reads.clear()
    bench.now += 5
    bench.release_reads()
    bench.advance(12_000)
    assert bench.venue.amounts[SYMBOL] == 0
    assert "the venue still shows a position" in {event.reason for event in bench.of(ev.FlattenStarted)}


def test_the_intents_result_comes_before_the_trades():
    """First what became of the entry, then what it earned."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=1_000), stop="49000")
    bench.advance(3_000)
    kinds = [type(event) for event in bench.events if isinstance(event, ev.ResultPublished | ev.TradeClosed)]
    assert kinds == [ev.ResultPublished, ev.TradeClosed]


def test_targets_are_limits_that_only_reduce():
    """They lie on the book and can never open."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    spec = bench.places(Role.TARGET)[0].order.spec
    assert (spec.type, spec.reduce_only) == ("LIMIT", True)
    assert (spec.price, spec.quantity) == (D("50500"), D("0.1"))


def test_a_refused_entry_needs_no_look_at_the_position():
    """It was proved that nothing reached the market."""
    bench = Bench()
    bench.script(Role.ENTRY, rejected(-2019))
    before = len(bench.done(Read))
    bench.intent()
    assert [result.fills for result in bench.closed] == [0]
    assert len(bench.done(Read)) == before


def test_a_target_that_fills_everything_closes_the_trade():
    """Its stop is cancelled, the venue shows 0, and the reason is "target"."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    bench.fill(bench.orders(Role.TARGET)[0].client_id)
    bench.advance(3_000)
    assert [result.exit_reason for result in bench.closed] == ["target"]
    assert len(bench.cancels(Role.STOP)) == 1


def test_a_refused_target_is_derived_anew_after_a_second():
    """Not at once: what stood in its way may still be there."""
    bench = Bench()
    bench.script(Role.TARGET, rejected(-2022), rejected(-2022))
    bench.intent(targets=[("50500", "1")])
    bench.advance(5_000)
    assert bench.place_times(Role.TARGET) == [0, 1_000, 2_000]


def test_a_position_read_from_before_the_last_order_proves_no_end():
    """It left before the close did."""
    bench = Bench().open_trade()
    bench.hold_reads = {ReadKind.POSITIONS}
    bench.market(mark="49500")
    bench.trigger(bench.stop().client_id)
    read = bench.held_reads[-1]
    bench.held_reads.clear()
    bench.advance(500)
    sent = max(order.timestamp_ms for order in (*bench.state.plain.values(), *bench.state.algos.values()))
    bench.step(bench.venue.answer(read, bench.now, sent - 1))
    assert bench.closed == []
    bench.hold_reads.clear()
    bench.advance(1_500)
    assert len(bench.closed) == 1


def test_rules_2_a_cancel_that_nobody_sees_to_any_more_is_seen_to():
    """The order lives, its cancel was asked for, and no timer is left: a trade must not wait for that for ever."""
    bench = Bench().open_trade()
    bench.script(Role.CANCEL, silence())
    bench.intent("c1", "close", side=None)
    bench.advance(900)
    key, ctx = f"cancel:{bench.stop().client_id}", bench.context()
    assert bench.stop().cancel_asked
    assert ctx.around.timers.pop(key) > 0
    exits.remove_left(ctx, bench.trade)
    assert key in ctx.around.timers


@pytest.mark.parametrize("role", [Role.STOP, Role.ENTRY])
def test_rules_2_a_throttled_cancel_is_not_asked_about_while_it_waits(role):
    """It waits for the turn of the window, once, however often its symbol is looked at meanwhile."""
    bench = Bench()
    resting = Entry(type="limit", price=D("49900"), ttl_ms=600_000)
    bench.intent(entry=resting if role is Role.ENTRY else None)
    assert bench.trade.live
    bench.script(Role.CANCEL, throttled(20_000))
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    name = bench.orders(role)[-1].client_id
    for wait_ms, more in ((15_000, 0), (4_000, 1)):
        before = len(bench.cancels(role)), bench.done(Read)
        bench.advance(wait_ms)
        asked = [read for read in bench.done(Read)[len(before[1]) :] if read.client_id == name]
        assert (len(bench.cancels(role)) - before[0], len(asked)) == (more, more)
    assert not bench.trade.live
