"""RULES 7: flatten is a loop that ends when the venue shows 0 twice."""

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Cancel, Place, Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import OrderStatus, OrderType
from holdfast.model.reasons import Outcome
from holdfast.model.reports import RequestOutcome
from tests.core.bench import START_MS, SYMBOL, Bench
from tests.core.replies import instrument, rejected, silence, unknown

D = Decimal


def closing(**more: object) -> Bench:
    """A protected trade, about to be closed by an intent."""
    return Bench(**more).open_trade()  # type: ignore[arg-type]


def test_rules_7_the_first_close_is_pre_authorised():
    """It was journalled with the entry: it waits for no disk."""
    bench = closing()
    bench.intent("c1", "close", side=None)
    place = bench.places(Role.CLOSE)[0]
    assert place.preauthorised
    assert (place.order.spec.type, place.order.spec.reduce_only) == (OrderType.MARKET, True)


def test_rules_7_a_new_n_goes_out_every_500_ms_until_the_venue_shows_0():
    """Unanswered closes are not waited for."""
    bench = closing()
    bench.script(Role.CLOSE, silence(), silence(), silence())
    bench.intent("c1", "close", side=None)
    bench.advance(1_700)
    assert bench.place_times(Role.CLOSE) == [0, 500, 1_000, 1_500]
    assert [place.order.spec.client_id[:5] for place in bench.places(Role.CLOSE)] == [
        "hf-c1", "hf-c2", "hf-c3", "hf-c4"]  # fmt: skip


def test_rules_7_a_close_that_left_late_is_followed_after_its_own_500_ms():
    """It had waited 300 ms for the disk; the turn that finds it young does not put off the next by a whole one."""
    bench = closing()
    bench.hold_reads = {ReadKind.POSITIONS}
    bench.script(Role.CLOSE, silence(), silence())
    bench.intent("c1", "close", side=None)
    bench.advance(800)
    second = bench.orders(Role.CLOSE)[-1]
    bench.give(inp.PlaceAnswered, client_id=second.client_id, sent_ms=bench.now, recv_window_ms=5_000,
               outcome=RequestOutcome(outcome=Outcome.UNKNOWN, code=-1007, message="timeout", status=408))  # fmt: skip
    bench.advance(600)
    assert bench.place_times(Role.CLOSE) == [0, 500, 1_300]


def test_rules_7_the_size_is_read_again():
    """Half of it went by another way: the next close is smaller."""
    bench = closing()
    bench.script(Role.CLOSE, unknown())
    bench.intent("c1", "close", side=None)
    bench.venue.amounts[SYMBOL] = D("0.04")
    bench.advance(1_000)
    assert bench.places(Role.CLOSE)[1].order.spec.quantity == D("0.100")
    assert bench.places(Role.CLOSE)[-1].order.spec.quantity <= D("0.100")
    assert bench.venue.amounts[SYMBOL] == 0


def test_rules_7_the_loop_ends_only_when_the_venue_shows_0_twice():
    """One read is not enough, however sure the fills are."""
    bench = closing()
    bench.intent("c1", "close", side=None)
    zeros = 0
    while not bench.of(ev.FlattenEnded):
        reads = len([read for read in bench.done(Read) if read.purpose.startswith("flatten:")])
        bench.advance(50)
        zeros += len([read for read in bench.done(Read) if read.purpose.startswith("flatten:")]) - reads
        assert bench.now - START_MS < 5_000
    assert zeros >= 2


def test_rules_7_failed_reads_prove_nothing():
    """While the position cannot be read the loop goes on."""
    bench = closing()
    bench.failing_reads = {ReadKind.POSITIONS}
    bench.intent("c1", "close", side=None)
    bench.advance(10_000)
    assert bench.of(ev.FlattenEnded) == []
    bench.failing_reads.clear()
    bench.advance(2_000)
    assert bench.result("c1").status == "closed"


def test_rules_7_then_stop_and_targets_are_cancelled():
    """Not before: the stop covers while the loop runs."""
    bench = closing()
    bench.script(Role.CLOSE, silence())
    bench.intent("c1", "close", side=None)
    bench.advance(450)
    assert bench.cancels(Role.STOP) == []
    bench.advance(5_000)
    assert len(bench.cancels(Role.STOP)) == 1
    assert bench.venue.open_algos() == ()


def test_rules_7_the_entry_remainder_is_killed_first():
    """In the same step, before the close."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    bench.fill(bench.entry().client_id, "0.06")
    before = len(bench.effects)
    bench.intent("c1", "close", side=None)
    acts = [effect for _, effect in bench.effects[before:] if isinstance(effect, Cancel | Place)]
    assert (type(acts[0]), acts[0].role) == (Cancel, Role.ENTRY)
    assert acts[1].order.spec.quantity == D("0.06")


def test_rules_7_slices_are_no_larger_than_the_market_lot_size():
    """0.5 in slices of at most 0.2."""
    bench = Bench()
    bench.instruments[SYMBOL] = instrument(market_quantity_max=D("0.2"))
    bench.restart(after_ms=10)
    bench.venue.amounts[SYMBOL] = D("0.5")
    bench.intent("c1", "close", side=None)
    bench.advance(5_000)
    assert [str(place.order.spec.quantity) for place in bench.places(Role.CLOSE)] == ["0.2", "0.2", "0.1"]
    assert bench.venue.amounts[SYMBOL] == 0


def test_rules_7_a_remainder_goes_by_limit_ioc_at_the_band_edge_every_250_ms():
    """A MARKET order that expired unfilled met a market it may not touch."""
    bench = closing()
    bench.fills_closes = False
    bench.intent("c1", "close", side=None)
    bench.advance(1_050)
    first, *others = bench.places(Role.CLOSE)
    assert first.order.spec.type is OrderType.MARKET
    assert {(o.order.spec.type, o.order.spec.time_in_force, o.order.spec.price) for o in others} == {
        (OrderType.LIMIT, "IOC", D("47500.0"))}  # fmt: skip
    times = bench.place_times(Role.CLOSE)
    assert times[2] - times[1] == 250


def test_rules_7_minus_2022_without_a_position_is_no_reason_to_go_on():
    """Somebody was faster; two reads of 0 end it."""
    bench = closing()
    bench.venue.amounts[SYMBOL] = D(0)
    bench.intent("c1", "close", side=None)
    bench.advance(1_500)
    assert bench.of(ev.FlattenEnded) != []
    assert len(bench.places(Role.CLOSE)) <= 2


def test_rules_7_one_loop_per_symbol():
    """Two closes and a failed stop share it."""
    bench = closing()
    bench.script(Role.CLOSE, silence())
    bench.intent("c1", "close", side=None)
    bench.intent("c2", "flatten", side=None)
    bench.command("flatten")
    bench.advance(20_000)
    assert len(bench.of(ev.FlattenStarted)) == 1
    assert [bench.result(name).status for name in ("c1", "c2")] == ["closed", "closed"]


def test_rules_7_it_may_race_a_triggering_stop():
    """Both only reduce: one of them is refused, the trade closes."""
    bench = closing()
    bench.script(Role.CLOSE, rejected(-2022))
    bench.market(mark="49500")
    bench.intent("c1", "close", side=None)
    bench.trigger(bench.stop().client_id)
    bench.advance(5_000)
    assert bench.result("c1").status == "closed"
    assert bench.venue.amounts[SYMBOL] == 0
    assert len(bench.closed) == 1


def test_rules_7_close_with_nothing_open_says_nothing_open():
    """Two reads of 0, no order."""
    bench = Bench()
    bench.intent("c1", "close", side=None)
    bench.advance(2_000)
    assert bench.result("c1").status == "nothing_open"
    assert bench.places(Role.CLOSE) == []


def test_rules_7_close_of_the_other_side_says_nothing_open():
    """A long is open, a short is asked to be closed: nothing happens."""
    bench = closing()
    bench.intent("c1", "close", side="short")
    assert bench.result("c1").status == "nothing_open"
    bench.advance(2_000)
    assert bench.trade.phase == "open"


def test_rules_7_close_kills_a_resting_entry():
    """Nothing is open yet: the entry is cancelled, its intent expires, the close ends."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert bench.entry().status is OrderStatus.CANCELLED
    assert (bench.result().status, bench.result("c1").status) == ("expired", "closed")


def test_rules_7_close_waits_for_an_unknown_entry_and_closes_what_surfaces():
    """It ends only when every earlier entry is terminal and the venue shows 0."""
    bench = Bench()
    bench.failing_reads = {ReadKind.ORDER, ReadKind.ALL_ORDERS, ReadKind.TRADES}
    bench.script(Role.ENTRY, unknown(landed=True))
    bench.fills_entries = False
    bench.intent()
    bench.intent("c1", "close", side=None)
    bench.advance(5_000)
    assert bench.result("c1") is None
    bench.venue.orders[bench.entry().client_id][-1].status = OrderStatus.WORKING
    bench.fill(bench.entry().client_id)
    bench.failing_reads.clear()
    bench.advance(5_000)
    assert bench.venue.amounts[SYMBOL] == 0
    assert bench.result("c1").status == "closed"


def test_rules_7_close_while_leverage_is_being_set_stops_the_entry():
    """The trade was accepted, nothing had been sent: nothing will be."""
    bench = Bench()
    bench.hold_reads = {ReadKind.SYMBOL_CONFIG}
    bench.intent(leverage=7)
    bench.intent("c1", "close", side=None)
    bench.hold_reads.clear()
    bench.release_reads()
    bench.advance(5_000)
    assert bench.places(Role.ENTRY) == []
    assert (bench.result().status, bench.result().code) == ("expired", "NOT_SENT")
    assert bench.result("c1").status == "closed"


@pytest.mark.parametrize("state", ["halt", "reduce"])
def test_rules_7_close_runs_in_every_state(state):
    """Reducing risk is never blocked (DESIGN §4)."""
    bench = closing()
    bench.command(state)
    bench.intent("c1", "close", side=None)
    bench.advance(2_000)
    assert bench.result("c1").status == "closed"


def test_rules_7_the_loop_goes_on_after_a_restart():
    """It is in the journal."""
    bench = closing()
    bench.script(Role.CLOSE, silence())
    bench.intent("c1", "close", side=None)
    bench.restart(after_ms=200)
    bench.advance(1_000)
    assert bench.venue.amounts[SYMBOL] == 0
    bench.advance(15_000)
    assert bench.result("c1").status == "closed"
    assert bench.venue.amounts[SYMBOL] == 0


def test_rules_7_a_flatten_that_takes_long_is_alarmed():
    """After 10 s a human hears of it; the loop goes on."""
    bench = closing()
    bench.script(Role.CLOSE, *[rejected(-2019)] * 30)
    bench.intent("c1", "close", side=None)
    bench.advance(11_000)
    assert "FLATTEN_SLOW" in {event.code.value for event in bench.of(ev.AlarmRaised)}
    bench.advance(10_000)
    assert bench.result("c1").status == "closed"


def test_rules_7_an_operator_flattens_all_symbols():
    """`flatten` without a symbol."""
    bench = Bench(symbols=("BTCUSDT", "ETHUSDT")).open_trade()
    bench.open_trade(intent_id="i2", symbol="ETHUSDT", side="short")
    bench.command("flatten")
    bench.advance(3_000)
    assert set(bench.venue.amounts.values()) == {D(0)}
    assert len(bench.closed) == 2
