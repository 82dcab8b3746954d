"""The order machine: every state × every signal, and evidence that may come in any order."""

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core import order_machine as machine
from holdfast.core.order_machine import (
    ALGO_TABLE,
    ORDER_TABLE,
    PENDING_TABLE,
    AlgoSignal,
    IllegalTransition,
    Request,
    Signal,
    advance,
    advance_algo,
    advance_pending,
)
from holdfast.model.orders import ALGO_TERMINAL, ORDER_TERMINAL, AlgoStatus, OrderStatus, Pending

EVIDENCE = (Signal.WORKING, Signal.PARTIAL, Signal.FILLED, Signal.CANCELLED, Signal.EXPIRED)
OURS = (Signal.SEND, Signal.REFUSED, Signal.ABSENT)
ALGO_EVIDENCE = (AlgoSignal.ARMED, AlgoSignal.TRIGGERING, AlgoSignal.TRIGGERED, AlgoSignal.FINISHED,
                 AlgoSignal.CANCELLED, AlgoSignal.EXPIRED, AlgoSignal.FAILED)  # fmt: skip

ILLEGAL = {
    (status, signal)
    for status in OrderStatus
    for signal in OURS
    if status not in (OrderStatus.PLANNED, OrderStatus.SENT)
}
"""Our own conclusions are only legal before the venue has spoken."""

ALGO_ILLEGAL = {
    *((status, signal) for status in AlgoStatus for signal in (AlgoSignal.REFUSED, AlgoSignal.ABSENT)
      if status not in (AlgoStatus.PLANNED, AlgoStatus.SENT)),
    *((status, AlgoSignal.SEND) for status in (AlgoStatus.TRIGGERING, AlgoStatus.TRIGGERED, AlgoStatus.FINISHED)),
}  # fmt: skip
"""A stop may be sent again (RULES 2), but not once it has begun to trigger."""


@pytest.mark.parametrize(("status", "signal"), list(product(OrderStatus, Signal)))
def test_every_status_answers_every_signal_or_names_the_error(status, signal):
    """The full product: a legal status, or `IllegalTransition` and nothing changed."""
    before = {known: dict(row) for known, row in ORDER_TABLE.items()}
    if (status, signal) in ILLEGAL:
        with pytest.raises(IllegalTransition, match=f"{status.value} does not know {signal.value}"):
            advance(status, signal)
    else:
        assert advance(status, signal) in OrderStatus
    assert before == ORDER_TABLE


@pytest.mark.parametrize(("status", "signal"), list(product(AlgoStatus, AlgoSignal)))
def test_every_algo_status_answers_every_signal_or_names_the_error(status, signal):
    """The same for algo orders."""
    before = {known: dict(row) for known, row in ALGO_TABLE.items()}
    if (status, signal) in ALGO_ILLEGAL:
        with pytest.raises(IllegalTransition, match=f"{status.value} does not know {signal.value}"):
            advance_algo(status, signal)
    else:
        assert advance_algo(status, signal) in AlgoStatus
    assert before == ALGO_TABLE


@pytest.mark.parametrize(("pending", "request_"), list(product(Pending, Request)))
def test_the_request_axis_is_total(pending, request_):
    """A request, its answer, its loss and evidence may come in every situation."""
    assert advance_pending(pending, request_) in Pending


def test_the_tables_name_every_status_and_nothing_else():
    """A status that is missing would be an error only in production."""
    assert set(ORDER_TABLE) == set(OrderStatus)
    assert set(ALGO_TABLE) == set(AlgoStatus)
    assert set(PENDING_TABLE) == set(Pending)
    assert all(set(row) == set(Request) for row in PENDING_TABLE.values())


@pytest.mark.parametrize(("status", "signal"), list(product(sorted(ORDER_TERMINAL), EVIDENCE)))
def test_an_end_that_the_venue_told_is_never_undone(status, signal):
    """Only a fill corrects it; our own conclusions (rejected, never placed) give way to the venue's word."""
    after = advance(status, signal)
    if status in (OrderStatus.REJECTED, OrderStatus.NEVER_PLACED):
        assert after not in (OrderStatus.REJECTED, OrderStatus.NEVER_PLACED)
    else:
        assert after is (OrderStatus.FILLED if signal is Signal.FILLED else status)


@pytest.mark.parametrize(("status", "signal"), list(product(sorted(ALGO_TERMINAL - {AlgoStatus.REJECTED,
                                                                                 AlgoStatus.NEVER_PLACED}),
                                                         ALGO_EVIDENCE)))  # fmt: skip
def test_an_ended_algo_stays_ended(status, signal):
    """Late evidence does not bring a stop back to life; FINISHED corrects, because its child has traded."""
    assert advance_algo(status, signal) in (status, AlgoStatus.FINISHED)


@given(st.lists(st.sampled_from(EVIDENCE), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_a_filled_order_is_filled_in_whatever_order_it_was_told(signals, rng):
    """FILLED among the evidence wins over every order of arrival."""
    told = [*signals, Signal.FILLED]
    rng.shuffle(told)
    status = OrderStatus.SENT
    for signal in told:
        status = advance(status, signal)
    assert status is OrderStatus.FILLED


@pytest.mark.parametrize("end", [Signal.CANCELLED, Signal.EXPIRED, Signal.FILLED])
def test_one_story_in_any_order_ends_alike(end):
    """WORKING, PARTIAL and one end, in all six orders."""
    ends = set()
    for told in permutations((Signal.WORKING, Signal.PARTIAL, end)):
        status = OrderStatus.SENT
        for signal in told:
            status = advance(status, signal)
        ends.add(status)
    assert ends == {ORDER_TABLE[OrderStatus.SENT][end]}


@given(st.permutations([AlgoSignal.ARMED, AlgoSignal.TRIGGERING, AlgoSignal.TRIGGERED, AlgoSignal.FINISHED]))
def test_the_story_of_a_triggered_stop_ends_finished_in_any_order(told):
    """Kinds of events overtake each other."""
    status = AlgoStatus.SENT
    for signal in told:
        status = advance_algo(status, signal)
    assert status is AlgoStatus.FINISHED


@given(st.permutations([AlgoSignal.ARMED, AlgoSignal.ARMED, AlgoSignal.CANCELLED]))
def test_the_story_of_a_cancelled_stop_ends_cancelled_in_any_order(told):
    """The ARMED of the reply may come after the CANCELED of the stream."""
    status = AlgoStatus.SENT
    for signal in told:
        status = advance_algo(status, signal)
    assert status is AlgoStatus.CANCELLED


@given(st.lists(st.sampled_from(EVIDENCE), max_size=8), st.sampled_from(EVIDENCE))
def test_evidence_told_twice_changes_nothing(signals, last):
    """The same word again leaves the status where it is."""
    status = OrderStatus.SENT
    for signal in [*signals, last]:
        status = advance(status, signal)
    assert advance(status, last) is status


def test_a_lost_answer_is_unknown_until_evidence_or_a_settled_answer():
    """RULES 17: unknown is a value of the request axis."""
    unknown = advance_pending(Pending.PLACE, Request.PLACE_UNKNOWN)
    assert unknown is Pending.PLACE_UNKNOWN
    assert advance_pending(unknown, Request.EVIDENCE) is Pending.NONE
    assert advance_pending(unknown, Request.PLACE_SETTLED) is Pending.NONE
    assert advance_pending(unknown, Request.CANCEL_SETTLED) is Pending.PLACE_UNKNOWN


def test_a_late_answer_does_not_make_evidence_unknown_again():
    """The stream told of the order first; then the reply was lost."""
    assert advance_pending(Pending.NONE, Request.PLACE_UNKNOWN) is Pending.NONE


@pytest.mark.parametrize("status", [s for s in OrderStatus if s not in (OrderStatus.PLANNED, OrderStatus.SENT,
                                                                        OrderStatus.NEVER_PLACED)])  # fmt: skip
def test_every_status_that_a_report_can_carry_has_its_signal(status):
    """A missing key would stop the engine at the first such report."""
    assert machine.SIGNAL_OF_STATUS[status] in Signal


@pytest.mark.parametrize("status", [s for s in AlgoStatus if s not in (AlgoStatus.PLANNED, AlgoStatus.SENT,
                                                                       AlgoStatus.NEVER_PLACED)])  # fmt: skip
def test_every_algo_status_that_a_report_can_carry_has_its_signal(status):
    """The same for algo orders."""
    assert machine.SIGNAL_OF_ALGO[status] in AlgoSignal
