"""Cover, beyond the rules' own tests: pace of repeats, forms of the stop, and when nothing is to be done."""

from decimal import Decimal

import pytest

from holdfast.core import protection
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import AlgoStatus, Direction
from holdfast.model.reasons import AlarmCode, TradePhase
from holdfast.model.venue_facts import VenueFacts
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import Reply, instrument, rejected, silence, stranger_order, throttled, unknown

D = Decimal
STOP = D(49_500)


def open_with(*replies: Reply) -> Bench:
    """A filled entry whose stop gets these answers, one for each time it is sent."""
    bench = Bench()
    bench.hold_reads = set(ReadKind)
    bench.script(Role.STOP, *replies)
    bench.intent()
    return bench


@pytest.mark.parametrize(
    ("direction", "mark", "expected"),
    [
        (Direction.LONG, "49500.1", False),
        (Direction.LONG, "49500", True),
        (Direction.LONG, "49499.9", True),
        (Direction.SHORT, "49499.9", False),
        (Direction.SHORT, "49500", True),
        (Direction.SHORT, "49500.1", True),
    ],
)
def test_a_trigger_is_crossed_when_the_mark_reaches_it(direction, mark, expected):
    """A long's stop from above, a short's from below; touching counts."""
    assert protection.crossed(STOP, direction, D(mark)) is expected


def test_a_trade_is_open_once_it_is_covered():
    """And its timers are gone: nothing is left to remind of."""
    bench = Bench().open_trade()
    assert bench.trade.phase is TradePhase.OPEN
    assert not [key for key in bench.timers if key.startswith(("protect:", "deadline:", "stop:"))]


def test_rules_5_the_second_form_of_a_stop_is_on_the_tick_of_today():
    """Toward safety: the venue made its tick larger after the trade was planned, and would refuse the old price."""
    bench = open_with(silence())
    coarse = instrument(tick_size=D(70), price_min=D(70))
    bench.give(inp.InstrumentsLoaded, instruments=(coarse,))
    bench.advance(700)
    assert [effect.order.spec.trigger_price for effect in bench.places(Role.STOP)] == [STOP, D(49_560)]


def test_three_repeats_at_once_and_then_five_a_second():
    """RULES 2 says again at once; a venue that is down is not flooded."""
    bench = open_with(*[unknown()] * 7)
    assert bench.place_times(Role.STOP) == [0] * 4
    bench.advance(400)
    assert bench.place_times(Role.STOP)[4:] == [200, 400]
    assert len({effect.order.spec.client_id for effect in bench.places(Role.STOP)}) == 1


def test_a_throttled_stop_looks_again_within_250_ms():
    """However far the window is: the deadline keeps running, and a budget may turn earlier."""
    bench = open_with(throttled(60_000), throttled(60_000))
    bench.advance(500)
    assert bench.place_times(Role.STOP)[:3] == [0, 250, 500]


def test_the_deadline_raises_an_alarm_and_closes():
    """A human learns of it although the engine has already acted."""
    bench = Bench()
    bench.script(Role.STOP, silence(), silence())
    bench.intent()
    bench.advance(1_000)
    raised = [event.code for event in bench.of(ev.AlarmRaised) if event.subject == "BTCUSDT"]
    assert raised == [AlarmCode.UNPROTECTED]
    assert [event.reason for event in bench.of(ev.FlattenStarted)] == ["not covered within the deadline"]


def test_timers_of_what_is_covered_or_gone_do_nothing():
    """A timer may fire after its reason has passed."""
    bench = Bench().open_trade()
    stop = bench.stop().client_id
    for call in (protection.deadline, protection.half_time):
        for key in (bench.trade.plan.trade_id, "no such trade"):
            ctx = bench.context()
            call(ctx, key)
            assert (ctx.events, ctx.effects) == ([], [])
    for call in (protection.timer, protection.stuck):
        for key in (stop, "no such stop"):
            ctx = bench.context()
            call(ctx, key)
            assert (ctx.events, ctx.effects) == ([], [])


def test_a_finished_stop_waits_a_moment_for_its_fills():
    """Kinds of events overtake each other: FINISHED may come before the child's execution."""
    bench = Bench().open_trade()
    bench.algo(bench.stop().client_id, AlgoStatus.FINISHED)
    bench.advance(protection.FINISHED_GRACE_MS - 1)
    assert bench.of(ev.FlattenStarted) == []
    bench.advance(1)
    assert [event.reason for event in bench.of(ev.FlattenStarted)] == ["stop ended finished"]


def test_a_mark_that_comes_back_ends_the_watch_on_it():
    """RULES 6 needs 2 s beyond the trigger without a pause."""
    bench = Bench().open_trade()
    bench.market(mark=D(49_400))
    bench.advance(1_500)
    bench.market(mark=D(49_600))
    bench.advance(5_000)
    assert bench.of(ev.FlattenStarted) == []


def test_rules_2_stop_that_is_refused_while_it_grows_does_not_storm():
    """0.06 is covered, the larger stop is refused again and again: a few tries, then the deadline."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    bench.script(Role.STOP, rejected(-1111))
    bench.fill(bench.entry().client_id, "0.06")
    bench.script(Role.STOP, *[rejected(-4509)] * 50)
    bench.fill(bench.entry().client_id, "0.04")
    bench.advance(2_000)
    assert len(bench.places(Role.STOP)) <= 8
    assert bench.venue.amounts[SYMBOL] == 0


def test_rules_2_stop_whose_comparison_could_not_be_read_is_compared_again():
    """−4130, and the list cannot be had: asked every 200 ms."""
    bench = Bench()
    bench.failing_reads = {ReadKind.OPEN_ALGOS}
    bench.script(Role.STOP, rejected(-4130))
    bench.intent()
    bench.advance(250)
    bench.failing_reads.clear()
    bench.advance(200)
    assert bench.places(Role.STOP)[-1].order.spec.close_position is False
    assert bench.result().status == "protected"


def test_a_refused_stop_for_our_part_does_not_storm():
    """`ignore`: the position becomes shared, and the venue refuses the quantity form; the first stop stays."""
    bench = Bench(on_foreign="ignore").open_trade()
    bench.script(Role.STOP, *[rejected(-4509)] * 50)
    bench.venue.take(stranger_order("web_1", "0.2"), bench.now)
    bench.fill("web_1")
    bench.advance(12_000)
    assert len(bench.places(Role.STOP)) <= 5
    assert bench.trade.phase is TradePhase.OPEN


def test_a_stop_whose_entry_is_gone_is_not_tried_again():
    """Armed with the entry and refused; then the entry ended without a fill."""
    bench = Bench(facts=VenueFacts(stop_without_position="yes"))
    bench.script(Role.STOP, *[rejected(-4509)] * 9)
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=300), stop="49000")
    bench.advance(5_000)
    assert max(bench.place_times(Role.STOP)) < 300
    assert len(bench.closed) == 1


def refused_while_it_rests(*more: Reply) -> Bench:
    """The operator says that the venue takes a stop before a position exists; it does not, and the entry rests."""
    bench = Bench(facts=VenueFacts(stop_without_position="yes"))
    bench.script(Role.STOP, *[rejected(-4509)] * 12, *more)
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=300_000), stop="49000")
    return bench


def test_rules_2_a_stop_refused_while_its_entry_rests_is_tried_ever_less_often():
    """Half a second was its pace for as long as the entry rested; now it doubles, up to half a minute."""
    bench = refused_while_it_rests()
    bench.advance(70_000)
    assert bench.place_times(Role.STOP) == [0, 50, 150, 350, 850, 1_850, 3_850, 7_850, 15_850, 31_850, 61_850]


def test_rules_2_a_stop_refused_while_its_entry_rests_is_told_of_until_the_trade_ends():
    """The configuration says something that is not so: a human has to know."""
    bench = refused_while_it_rests()
    bench.advance(20_000)
    raised = [event for event in bench.of(ev.AlarmRaised) if event.code is AlarmCode.VENUE_FACT]
    assert [event.subject for event in raised] == [SYMBOL]
    assert "facts.stop_without_position" in raised[0].text
    bench.advance(400_000)
    assert [event.code for event in bench.of(ev.AlarmCleared)] == [AlarmCode.VENUE_FACT]


def test_rules_2_a_stop_that_waits_long_goes_out_with_the_first_fill():
    """Its pace while nothing is open delays nothing, and −4509 gets its three quick repeats anew."""
    bench = refused_while_it_rests(rejected(-4509), rejected(-4509))
    bench.advance(20_000)
    bench.script(Role.STOP, rejected(-4509), rejected(-4509))
    filled_ms = bench.place_times(Role.STOP)[-1] + 4_150
    assert filled_ms == 20_000
    bench.fill(bench.entry().client_id)
    bench.advance(300)
    assert [at - filled_ms for at in bench.place_times(Role.STOP)[9:]] == [0, 50, 150]


@pytest.mark.parametrize("before", [(), (rejected(-4509),)])
def test_rules_2_a_repeat_that_landed_unheard_still_lives_when_the_next_is_refused(before):
    """−4509 is the answer to one request; what the one before it did is still to be found out, and is cancelled when
    the entry has ended."""
    bench = Bench(facts=VenueFacts(stop_without_position="yes"))
    bench.hold_reads = {ReadKind.ALGO, ReadKind.OPEN_ALGOS}
    bench.script(Role.STOP, *before, unknown(landed=True), *[rejected(-4509)] * 20)
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=2_000), stop="49000")
    bench.advance(200)
    [stop] = [order for order in bench.engine.state.algos.values() if order.role is Role.STOP]
    assert stop.code == -4509
    assert stop.live
    bench.hold_reads.clear()
    bench.release_reads()
    bench.advance(60_000)
    assert stop.status is AlgoStatus.CANCELLED
    assert len(bench.closed) == 1


def test_a_stop_that_goes_again_at_the_first_fill_does_not_go_twice():
    """Its own clock is stopped."""
    bench = Bench(facts=VenueFacts(stop_without_position="yes"))
    bench.script(Role.STOP, rejected(-4509), silence())
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    bench.advance(20)
    bench.fill(bench.entry().client_id)
    bench.advance(200)
    assert bench.place_times(Role.STOP) == [0, 20]
