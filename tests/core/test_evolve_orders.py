"""The fold of orders: a planned order counts as sent, answers move the request, reports move the order."""

import pytest
from msgspec.structs import replace

from holdfast.core.evolve import evolve
from holdfast.model import events as ev
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoStatus, OrderStatus, Pending
from holdfast.model.reasons import Outcome
from holdfast.model.reports import Channel
from tests.core.bench import Bench
from tests.core.replies import silence, unknown


def sent() -> Bench:
    """An entry is out, nothing has been heard."""
    bench = Bench()
    bench.script(Role.ENTRY, silence())
    bench.intent()
    return bench


def answered(bench: Bench, outcome: Outcome, code: int = 0) -> None:
    """The end of the entry's request, folded."""
    evolve(bench.state, ev.OrderAnswered(at_ms=bench.now, client_id=bench.entry().client_id, outcome=outcome,
                                         sent_ms=bench.now, recv_window_ms=1_500, code=code))  # fmt: skip


def test_a_planned_order_counts_as_sent():
    """After a crash nobody knows whether it left."""
    entry = sent().entry()
    assert (entry.status, entry.pending) == (OrderStatus.SENT, Pending.PLACE)


def test_a_pre_authorised_order_is_planned_until_it_is_due():
    """Stop and flatten of the entry's batch."""
    bench = sent()
    assert {order.status.value for order in (*bench.orders(Role.STOP), *bench.orders(Role.CLOSE))} == {"planned"}


def test_a_client_id_is_used_once():
    """A second record under it breaks an invariant."""
    bench = sent()
    with pytest.raises(AssertionError, match="invariant: a client id is new"):
        evolve(bench.state, bench.of(ev.OrderPlanned)[0])


@pytest.mark.parametrize(("outcome", "status", "pending"), [
    (Outcome.REJECTED, OrderStatus.REJECTED, Pending.NONE),
    (Outcome.THROTTLED, OrderStatus.REJECTED, Pending.NONE),
    (Outcome.UNKNOWN, OrderStatus.SENT, Pending.PLACE_UNKNOWN),
    (Outcome.CONFIRMED, OrderStatus.SENT, Pending.NONE),
])  # fmt: skip
def test_how_an_answer_moves_an_order(outcome, status, pending):
    """Confirmed moves the order only with its report."""
    bench = sent()
    answered(bench, outcome)
    assert (bench.entry().status, bench.entry().pending) == (status, pending)


@pytest.mark.parametrize("code", [-4116, -4115, -4130])
def test_a_refusal_that_means_something_exists_does_not_refuse(code):
    """RULES 1: evidence, never a rejection."""
    bench = sent()
    answered(bench, Outcome.REJECTED, code)
    assert bench.entry().status is OrderStatus.SENT


def test_only_the_venues_refusals_of_entries_count_for_the_breaker():
    """A late one of ours does not."""
    bench = sent()
    answered(bench, Outcome.REJECTED, -2019)
    assert bench.state.rejects == {"BTCUSDT": [bench.now]}


def test_absences_are_noted_per_endpoint_and_forgotten_with_the_proof():
    """They count only in sum."""
    bench = Bench()
    bench.hold_reads = {ReadKind.ORDER}
    bench.script(Role.ENTRY, unknown())
    bench.intent()
    entry = bench.entry()
    evolve(bench.state, ev.AbsenceNoted(at_ms=1, client_id=entry.client_id, endpoint="order", asked_ms=7))
    assert entry.absences == {"order": [7]}
    evolve(bench.state, ev.UnknownResolved(at_ms=2, client_id=entry.client_id, resolution="never_placed",
                                           evidence="all of it"))  # fmt: skip
    assert (entry.absences, entry.status, entry.shown_absent) == ({}, OrderStatus.NEVER_PLACED, True)


def test_a_stop_placed_again_begins_a_new_life():
    """A higher algo id under the same client id: what the first one came to is history."""
    bench = Bench().open_trade()
    bench.algo(bench.stop().client_id, AlgoStatus.FINISHED)
    bench.venue.take_algo(bench.stop().spec, bench.now)
    bench.tell_algo(bench.venue.algos[bench.stop().client_id][-1])
    assert bench.stop().armed
    assert bench.stop().child_id is None


def test_rules_5_the_cancel_of_an_earlier_life_says_nothing_of_the_new_one():
    """A send overtook the cancel: the stop that it made was taken for one that is going (random day 62734), and its
    trade stayed in `exiting` with it for ever."""
    bench = Bench().open_trade()
    stop = bench.orders(Role.STOP)[0]
    evolve(bench.state, ev.CancelPlanned(at_ms=bench.now, client_id=stop.client_id, reason="r"))
    assert stop.cancel_asked
    held = bench.venue.algos[stop.client_id][0]
    report = replace(bench.venue.algo_report(held, Channel.STREAM), algo_id=held.algo_id + 100)
    evolve(bench.state, ev.AlgoUpdated(at_ms=bench.now, report=report))
    assert not stop.cancel_asked


def test_the_child_of_an_earlier_life_does_not_end_the_new_one():
    """Told late, by its own time."""
    bench = Bench().open_trade()
    stop_id = bench.stop().client_id
    child = bench.venue.trigger(stop_id, bench.now)
    bench.now += 100
    bench.venue.algos[stop_id][-1].status = AlgoStatus.FINISHED
    bench.venue.take_algo(bench.stop().spec, bench.now)
    bench.tell_algo(bench.venue.algos[stop_id][-1])
    bench.tell_order(child)
    assert bench.stop().armed
    assert bench.state.by_order_id[f"BTCUSDT:{child.order_id}"] == stop_id


def test_a_planned_close_takes_the_quantity_that_is_open():
    """Its record said 0.1; half of that had filled (RULES 8)."""
    bench = sent()
    close = bench.orders(Role.CLOSE)[0]
    evolve(bench.state, ev.OrderSendDue(at_ms=1, client_id=close.client_id, timestamp_ms=1,
                                        quantity=close.spec.quantity // 2 or close.spec.quantity))  # fmt: skip
    assert close.status is OrderStatus.SENT


def test_a_stop_shown_absent_is_never_placed_unless_it_had_shown_itself():
    """An armed one keeps the venue's word."""
    for silent, status in ((True, AlgoStatus.NEVER_PLACED), (False, AlgoStatus.ARMED)):
        bench = Bench()
        bench.script(Role.STOP, silence(landed=not silent))
        bench.intent()
        stop = bench.orders(Role.STOP)[0]
        if not silent:
            bench.tell_algo(bench.venue.algos[stop.client_id][-1])
        evolve(bench.state, ev.UnknownResolved(at_ms=1, client_id=stop.client_id, resolution="never_placed",
                                               evidence="all of it"))  # fmt: skip
        assert stop.status is status


def test_an_algos_reason_is_kept_when_a_later_report_has_none():
    """`explain` shows why."""
    bench = Bench().open_trade()
    stop = bench.stop()
    report = bench.venue.algo_report(bench.venue.algos[stop.client_id][-1], Channel.STREAM)
    for reason in ("margin", ""):
        evolve(bench.state, ev.AlgoUpdated(at_ms=1, report=replace(report, reason=reason)))
    assert stop.reason == "margin"
