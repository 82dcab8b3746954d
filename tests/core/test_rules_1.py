"""RULES 1, outcomes: what each class means to the engine, whatever the role."""

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.orders import OrderStatus
from holdfast.model.reasons import Outcome
from holdfast.model.reports import RequestOutcome
from tests.core.bench import Bench
from tests.core.replies import rejected, silence, throttled, unknown


@pytest.mark.parametrize(("reply", "outcome"), [(rejected(-2019), Outcome.REJECTED), (throttled(), Outcome.THROTTLED),
                                                (unknown(), Outcome.UNKNOWN)])  # fmt: skip
def test_rules_1_every_end_of_a_request_is_in_the_journal(reply, outcome):
    """With code and message: `explain` shows them."""
    bench = Bench()
    bench.script(Role.ENTRY, reply)
    bench.intent()
    answered = bench.of(ev.OrderAnswered)[0]
    assert (answered.outcome, answered.code, answered.message) == (outcome, reply.code, reply.message)


def test_rules_1_rejected_and_throttled_prove_that_nothing_was_done():
    """The order ends rejected; an unknown one does not."""
    statuses = []
    for reply in (rejected(-2019), throttled(60_000), unknown()):
        bench = Bench()
        bench.failing_reads = {ReadKind.ORDER, ReadKind.ALL_ORDERS}
        bench.script(Role.ENTRY, reply)
        bench.intent()
        statuses.append((bench.entry().status, bench.entry().unknown))
    assert statuses == [(OrderStatus.REJECTED, False), (OrderStatus.REJECTED, False), (OrderStatus.SENT, True)]


@pytest.mark.parametrize("reply", [rejected(-4116, "duplicate"), rejected(-4115, "duplicate"), unknown()])
def test_rules_1_minus_4116_means_that_something_exists_and_is_read(reply):
    """Never a rejection of an entry: it is asked for like an unknown one."""
    bench = Bench()
    bench.hold_reads = {ReadKind.ORDER}
    bench.script(Role.ENTRY, reply)
    bench.intent()
    assert bench.entry().unknown
    assert [read.kind for read in bench.held_reads if isinstance(read, Read)] == [ReadKind.ORDER]
    assert bench.result() is None


def test_rules_1_evidence_that_comes_before_the_lost_answer_settles_it():
    """The stream told of the order; the timeout of the request says nothing any more."""
    bench = Bench()
    bench.script(Role.ENTRY, unknown(landed=True, streamed=True))
    bench.intent()
    assert bench.result().status == "protected"
    assert len(bench.of(ev.UnknownResolved)) <= 1


def test_rules_1_an_answer_that_is_lost_altogether_becomes_unknown():
    """The gateway answers everything; should it fail to, nobody waits for ever."""
    bench = Bench()
    bench.script(Role.ENTRY, silence(landed=True))
    bench.silent_stream = True
    bench.watch = False
    bench.intent()
    bench.advance(10_000)
    assert bench.result().status == "protected"


def test_rules_1_a_refusal_of_an_earlier_request_does_not_undo_evidence():
    """The order is known to work; the late answer of a lost request is refused."""
    bench = Bench().open_trade()
    outcome = RequestOutcome(outcome=Outcome.REJECTED, code=-2019)
    bench.give(inp.PlaceAnswered, client_id=bench.entry().client_id, outcome=outcome, sent_ms=bench.now,
               recv_window_ms=1_500)  # fmt: skip
    assert bench.entry().status is OrderStatus.FILLED
    assert bench.trade.phase == "open"
