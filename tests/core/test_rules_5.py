"""RULES 5, cover: a position has a live stop for its full size, or is being closed."""

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Cancel, Place, ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import AlgoStatus, OrderStatus
from holdfast.model.venue_facts import VenueFacts
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import confirmed, rejected, silence, unknown

D = Decimal
ARMS_WITH = VenueFacts(stop_without_position="yes")


def resting(**more: object) -> Bench:
    """A limit entry of 0.1 that rests, with a time to live of a minute."""
    bench = Bench(**more)  # type: ignore[arg-type]
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    return bench


def test_rules_5_no_stop_no_trade():
    """`open` without a stop is denied NO_STOP."""
    bench = Bench()
    bench.intent(stop_loss=None)
    assert bench.result().code == "NO_STOP"


def test_rules_5_stop_is_sent_on_the_first_evidence_without_waiting_for_the_disk():
    """TRADE_LITE alone is enough, and the stop was journalled with its entry."""
    bench = resting()
    held = bench.venue.orders[bench.entry().client_id][-1]
    fill = bench.venue.fill(held, D("0.04"), D("49900"), bench.now)
    step = bench.give(inp.FillSeen, fill=fill)
    sent = [effect for effect in step.effects if isinstance(effect, Place)]
    assert [(place.order.spec.role, place.preauthorised) for place in sent] == [(Role.STOP, True)]


def test_rules_5_a_partly_filled_entry_is_covered_and_goes_on():
    """One closePosition stop covers what filled and what will fill."""
    bench = resting()
    bench.fill(bench.entry().client_id, "0.04")
    assert bench.trade.phase == "open"
    assert bench.result() is None
    bench.fill(bench.entry().client_id, "0.06")
    assert len(bench.places(Role.STOP)) == 1
    assert (bench.result().status, bench.result().filled) == ("protected", D("0.1"))


def test_rules_5_where_the_fact_is_proved_the_stop_is_armed_with_the_entry():
    """Sent in the same step, before the entry, not after the fill (RULES 14)."""
    bench = resting(facts=ARMS_WITH)
    roles = [place.order.spec.role for place in bench.done(Place)]
    assert roles == [Role.STOP, Role.ENTRY]
    assert bench.stop().armed


def test_rules_5_unproved_means_after_the_first_fill():
    """Nothing goes to the algo service before there is a position."""
    bench = resting()
    assert bench.places(Role.STOP) == []


def test_rules_5_a_stop_refused_before_the_position_goes_again_at_the_first_fill():
    """What was refused while nothing was open says nothing about a position."""
    bench = Bench(facts=ARMS_WITH)
    bench.script(Role.STOP, rejected(-1111))
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    bench.advance(3_000)
    bench.fill(bench.entry().client_id)
    assert bench.result().status == "protected"
    assert bench.stop().spec.close_position


def test_rules_5_a_resting_entry_that_ends_without_a_fill_takes_its_stop_with_it():
    """The cancel of the stop is proved before the trade closes."""
    bench = resting(facts=ARMS_WITH)
    bench.advance(61_000)
    assert bench.result().status == "expired"
    bench.advance(2_000)
    assert bench.venue.open_algos() == ()
    assert len(bench.closed) == 1


@pytest.mark.parametrize("state", ["working", "unknown"])
def test_rules_5_the_sweep_never_touches_the_stop_of_a_living_entry(state):
    """Round after round of the coverage watch."""
    bench = Bench(facts=ARMS_WITH)
    bench.failing_reads = {ReadKind.ORDER, ReadKind.ALL_ORDERS} if state == "unknown" else set()
    bench.script(Role.ENTRY, unknown() if state == "unknown" else confirmed())
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    bench.advance(30_000)
    assert bench.cancels(Role.STOP) == []
    assert len(bench.venue.open_algos()) == 1


@pytest.mark.parametrize("exit_", ["target", "stop", "stop ended"])
def test_rules_5_from_the_first_exit_on_the_entry_remainder_is_dead(exit_):
    """Its cancel goes out in the same batch, before anything else, without waiting for the disk."""
    bench = resting()
    bench.fill(bench.entry().client_id, "0.06")
    stop_id = bench.stop().client_id
    bench.script(Role.CANCEL, silence())
    before = len(bench.effects)
    if exit_ == "target":
        held = bench.venue.orders[bench.entry().client_id][-1]
        bench.venue.amounts[SYMBOL] = D("0.06")
        stranger = bench.venue.take(bench.entry().spec.__class__(**{
            **{name: getattr(bench.entry().spec, name) for name in bench.entry().spec.__struct_fields__},
            "client_id": "web_1", "side": held.side.opposite, "quantity": D("0.02")}), bench.now)  # fmt: skip
        bench.fill(stranger.client_id)
    elif exit_ == "stop":
        bench.algo(stop_id, AlgoStatus.TRIGGERING)
    else:
        bench.algo(stop_id, AlgoStatus.EXPIRED)
    acts = [effect for _, effect in bench.effects[before:] if isinstance(effect, Cancel | Place)]
    assert isinstance(acts[0], Cancel)
    assert (acts[0].role, acts[0].preauthorised) == (Role.ENTRY, True)


@pytest.mark.parametrize("end", [AlgoStatus.REJECTED, AlgoStatus.CANCELLED, AlgoStatus.EXPIRED])
def test_rules_5_when_the_armed_stop_ends_its_resting_entry_is_dead(end):
    """Nothing has filled: the entry is cancelled at once, where its fill would only have to be flattened."""
    bench = resting(facts=ARMS_WITH)
    assert bench.stop().armed
    bench.algo(bench.stop().client_id, end)
    assert len(bench.cancels(Role.ENTRY)) == 1
    bench.advance(5_000)
    assert bench.venue.amounts.get(SYMBOL, D(0)) == 0
    assert len(bench.closed) == 1
    assert bench.result().status in ("expired", "rejected")


def test_rules_5_a_fill_that_still_arrives_is_flattened():
    """The remainder fills after the stop has closed what was open."""
    bench = resting()
    bench.fill(bench.entry().client_id, "0.06")
    bench.script(Role.CANCEL, unknown())
    bench.market(mark="49000")
    bench.trigger(bench.stop().client_id)
    assert bench.venue.amounts[SYMBOL] == 0
    bench.fill(bench.entry().client_id, "0.04")
    assert bench.places(Role.CLOSE) != []
    bench.advance(5_000)
    assert bench.venue.amounts[SYMBOL] == 0
    assert len(bench.closed) == 1


def test_rules_5_a_stop_that_was_cancelled_by_somebody_covers_nothing():
    """A terminal ALGO_UPDATE: placed again at once, and counted as lost."""
    bench = Bench().open_trade()
    bench.algo(bench.stop().client_id, AlgoStatus.CANCELLED)
    assert len(bench.places(Role.STOP)) == 2
    assert bench.stop().armed
    assert [event.evidence for event in bench.of(ev.StopLost)] == ["terminal ALGO_UPDATE"]


def test_rules_5_what_is_not_covered_within_1_s_is_flattened():
    """The deadline counts from the first evidence."""
    bench = resting()
    bench.advance(7_000)
    at = bench.now
    bench.script(Role.STOP, *[silence()] * 9)
    bench.fill(bench.entry().client_id, "0.06")
    bench.advance(999)
    assert bench.places(Role.CLOSE) == []
    bench.advance(1)
    closes = [when for when, effect in bench.effects
              if isinstance(effect, Place) and effect.order.spec.role is Role.CLOSE]  # fmt: skip
    assert closes == [at + 1_000]
    assert "UNPROTECTED" in {event.code.value for event in bench.of(ev.AlarmRaised)}


def test_rules_5_at_600_ms_the_quantity_form_goes_beside_an_unanswered_stop():
    """Two chances before the deadline."""
    bench = resting()
    bench.script(Role.STOP, silence())
    bench.fill(bench.entry().client_id, "0.06")
    bench.advance(700)
    first, second = (place.order.spec for place in bench.places(Role.STOP))
    assert (first.close_position, second.close_position, second.quantity) == (True, False, D("0.06"))
    assert bench.trade.phase == "open"


def test_rules_5_a_quantity_stop_grows_with_the_fills_and_the_old_one_goes_when_the_new_one_is_live():
    """Never without cover: first confirmed, then cancelled."""
    bench = resting()
    bench.script(Role.STOP, rejected(-1111))
    bench.fill(bench.entry().client_id, "0.06")
    bench.fill(bench.entry().client_id, "0.04")
    bench.advance(200)
    assert [a.quantity for a in bench.venue.open_algos()] == [D("0.10")]
    grown, cancelled = bench.places(Role.STOP)[-1], bench.cancels(Role.STOP)[-1]
    assert bench.done(object).index(grown) < bench.done(object).index(cancelled)


@pytest.mark.parametrize("missing", ["query", "position"])
def test_rules_5_a_trade_closes_only_when_all_is_proved_and_the_venue_shows_0(missing):
    """The stop filled, yet one proof is missing: still exiting."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    bench.script(Role.CANCEL, *[unknown()] * 20)
    if missing == "query":
        bench.failing_reads = {ReadKind.ORDER}
    else:
        bench.failing_reads = {ReadKind.POSITIONS}
        bench.scripts.clear()
    bench.market(mark="49500")
    bench.trigger(bench.stop().client_id)
    bench.advance(900)
    assert bench.closed == []
    assert bench.trade.phase == "exiting"
    bench.failing_reads.clear()
    bench.scripts.clear()
    bench.advance(10_000)
    assert len(bench.closed) == 1


def test_rules_5_a_closed_trade_leaves_nothing_at_the_venue():
    """No stop, no target, no order."""
    bench = Bench().open_trade(targets=[("50500", "0.5"), ("51000", "0.5")])
    bench.market(mark="49500")
    bench.trigger(bench.stop().client_id)
    bench.advance(5_000)
    assert bench.venue.open_algos() == ()
    assert [held for row in bench.venue.orders.values() for held in row if not held.status.terminal] == []


def test_rules_5_targets_fill_and_the_stop_stays_to_the_last():
    """The backstop follows the position; it is removed only when nothing is open."""
    bench = Bench().open_trade(targets=[("50500", "0.5"), ("51000", "0.5")])
    first, second = (place.order.spec.client_id for place in bench.places(Role.TARGET))
    bench.market(mark="50500")
    bench.fill(first)
    bench.advance(3_000)
    assert bench.cancels(Role.STOP) == []
    bench.market(mark="51000")
    bench.fill(second)
    bench.advance(3_000)
    assert bench.closed[0].exit_reason == "target"
    assert bench.closed[0].gross == {"USDT": D("75.000")}


def test_rules_5_a_restart_covers_before_it_does_anything_else():
    """A fill that nobody heard of is found by the first reads and covered in the same instant, still halted."""
    bench = Bench()
    bench.silent_stream = True
    bench.script(Role.ENTRY, silence(landed=True))
    bench.intent()
    assert bench.places(Role.STOP) == []
    bench.restart(after_ms=50)
    assert bench.stop().armed
    assert bench.entry().status is OrderStatus.FILLED


def test_rules_5_a_stop_is_never_moved_to_get_it_accepted():
    """Whatever the venue answers, the trigger stays the plan's."""
    bench = Bench()
    bench.script(Role.STOP, rejected(-4509), rejected(-1111), unknown(), rejected(-4130))
    bench.intent()
    bench.advance(3_000)
    assert {place.order.spec.trigger_price for place in bench.places(Role.STOP)} == {D("49500.0")}
