"""RULES 6: a conditional order is two objects, and the watchdog over what was triggered."""

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoStatus, OrderStatus
from tests.core.bench import START_MS, SYMBOL, Bench
from tests.core.replies import silence

D = Decimal


def protected() -> Bench:
    """A long 0.1 with a stop at 49500; the clock stands at 0."""
    return Bench().open_trade()


def alarms(bench: Bench) -> set[str]:
    """The codes raised so far."""
    return {event.code.value for event in bench.of(ev.AlarmRaised)}


def flattened_at(bench: Bench) -> list[int]:
    """When flatten loops began, in milliseconds since the start."""
    return [event.at_ms - START_MS for event in bench.of(ev.FlattenStarted)]


def test_rules_6_the_child_is_linked_by_its_client_id_at_once():
    """The child's first report comes before any ALGO_UPDATE: `c == clientAlgoId` is enough."""
    bench = protected()
    child = bench.venue.trigger(bench.stop().client_id, bench.now)
    bench.tell_order(child)
    stop = bench.stop()
    assert (stop.child_id, stop.status) == (child.order_id, AlgoStatus.TRIGGERING)


def test_rules_6_the_child_is_linked_by_the_algos_report():
    """`ai` comes later, and says the same."""
    bench = protected()
    child = bench.venue.trigger(bench.stop().client_id, bench.now)
    bench.tell_algo(bench.venue.algos[bench.stop().client_id][-1])
    assert bench.stop().child_id == child.order_id
    assert bench.state.by_order_id[f"{SYMBOL}:{child.order_id}"] == bench.stop().client_id


def test_rules_6_fills_belong_to_the_child_and_close_the_trade():
    """Booked on the stop, through its child's id."""
    bench = protected()
    bench.market(mark="49500")
    bench.trigger(bench.stop().client_id)
    fill = bench.of(ev.FillBooked)[-1]
    assert (fill.role, fill.client_id) == (Role.STOP, bench.stop().client_id)
    bench.advance(3_000)
    assert bench.closed[0].exit_reason == "stop"
    assert bench.places(Role.CLOSE) == []


def test_rules_6_finished_does_not_say_filled():
    """FINISHED without a fill: the position is still there, so it is flattened."""
    bench = protected()
    bench.algo(bench.stop().client_id, AlgoStatus.TRIGGERING)
    bench.algo(bench.stop().client_id, AlgoStatus.FINISHED)
    bench.advance(400)
    assert flattened_at(bench) != []
    bench.advance(3_000)
    assert bench.venue.amounts[SYMBOL] == 0


def test_rules_6_finished_that_overtakes_the_fills_gets_a_moment():
    """Kinds of events overtake each other: no second order for a position that is closing."""
    bench = protected()
    child = bench.venue.trigger(bench.stop().client_id, bench.now)
    fill = bench.venue.fill(child, D("0.1"), D("49490"), bench.now)
    bench.algo(bench.stop().client_id, AlgoStatus.FINISHED)
    bench.advance(200)
    assert bench.places(Role.CLOSE) == []
    bench.give(inp.FillSeen, fill=fill)
    bench.advance(3_000)
    assert bench.places(Role.CLOSE) == []
    assert len(bench.closed) == 1


def test_rules_6_triggering_for_more_than_2_s_is_flattened():
    """It covers for 2 s and not a millisecond longer."""
    bench = protected()
    bench.algo(bench.stop().client_id, AlgoStatus.TRIGGERING)
    bench.advance(1_999)
    assert flattened_at(bench) == []
    bench.advance(1)
    assert flattened_at(bench) == [2_000]
    assert "STUCK_TRIGGER" in alarms(bench)


def test_rules_6_a_mark_beyond_the_trigger_for_more_than_2_s_is_flattened():
    """The stop still says ARMED, the mark is through it, the position has not moved."""
    bench = protected()
    bench.market(mark="49499.9")
    bench.advance(1_999)
    assert flattened_at(bench) == []
    bench.advance(1)
    assert flattened_at(bench) == [2_000]
    assert "STUCK_TRIGGER" in alarms(bench)


def test_rules_6_a_mark_that_comes_back_is_forgotten():
    """It touched the trigger for a second only; the watch begins anew the next time."""
    bench = protected()
    bench.market(mark="49499.9")
    bench.advance(1_000)
    bench.market(mark="49600")
    bench.advance(500)
    bench.market(mark="49499.9")
    bench.advance(1_900)
    assert flattened_at(bench) == []


def test_rules_6_a_position_that_moves_is_not_stuck():
    """The stop is filling in parts: the watchdog waits."""
    bench = protected()
    bench.market(mark="49499.9")
    bench.advance(500)
    bench.algo(bench.stop().client_id, AlgoStatus.TRIGGERING)
    child = bench.venue.trigger(bench.stop().client_id, bench.now)
    bench.tell_order(child)
    bench.fill(bench.stop().client_id, "0.04")
    bench.advance(1_600)
    assert flattened_at(bench) == []
    bench.fill(bench.stop().client_id)
    bench.advance(5_000)
    assert flattened_at(bench) == []
    assert len(bench.closed) == 1


@pytest.mark.parametrize("status", [AlgoStatus.REJECTED, AlgoStatus.EXPIRED])
def test_rules_6_an_algo_that_failed_while_a_position_exists_is_flattened(status):
    """At once: nobody covers any more."""
    bench = protected()
    bench.algo(bench.stop().client_id, status)
    assert flattened_at(bench) == [0]
    bench.advance(3_000)
    assert bench.venue.amounts[SYMBOL] == 0


def test_rules_6_a_child_that_ended_with_a_remainder_is_flattened():
    """MARKET orders may expire before they are filled."""
    bench = protected()
    child = bench.venue.trigger(bench.stop().client_id, bench.now)
    bench.tell_order(child)
    bench.fill(bench.stop().client_id, "0.04")
    bench.expire(bench.stop().client_id, OrderStatus.EXPIRED)
    assert flattened_at(bench) == [0]
    bench.advance(3_000)
    assert bench.venue.amounts[SYMBOL] == 0


@pytest.mark.parametrize("status", [AlgoStatus.REJECTED, AlgoStatus.EXPIRED])
def test_rules_6_a_trigger_that_failed_is_not_left_to_a_stop_beside_it(status):
    """The other one waits for the same price and has not triggered; it may be gone without a word."""
    bench = Bench()
    bench.script(Role.STOP, silence(landed=True))
    bench.intent()
    bench.advance(700)
    first, second = (order.client_id for order in bench.orders(Role.STOP))
    bench.algo(first, AlgoStatus.TRIGGERING)
    bench.algo(first, status)
    assert bench.order(second).armed
    assert flattened_at(bench) == [700]


def test_rules_6_the_watchdog_survives_a_restart():
    """A trigger that was seen before the crash is looked at after it."""
    bench = protected()
    bench.algo(bench.stop().client_id, AlgoStatus.TRIGGERING)
    bench.restart(after_ms=500)
    bench.advance(2_500)
    assert flattened_at(bench) != []
    assert bench.venue.amounts[SYMBOL] == 0
