"""RULES 17, words: denied, rejected, never placed and expired are four different things."""

import pytest

from holdfast.core.entry import final_status
from holdfast.model.effects import Place
from holdfast.model.ids import Role
from holdfast.model.orders import OrderStatus, Pending
from holdfast.model.reasons import ResultStatus, TradePhase
from tests.core.bench import Bench
from tests.core.replies import rejected, unknown


def test_rules_17_denied_is_by_us_before_sending():
    """Nothing left."""
    bench = Bench()
    bench.intent(stop_loss=None)
    assert bench.result().status is ResultStatus.DENIED
    assert bench.done(Place) == []


def test_rules_17_rejected_is_proved_by_the_venue():
    """With its code."""
    bench = Bench()
    bench.script(Role.ENTRY, rejected(-2019))
    bench.intent()
    assert (bench.result().status, bench.result().code) == (ResultStatus.REJECTED, "-2019")


def test_rules_17_never_placed_is_shown_absent():
    """Not rejected: the venue has not refused it."""
    bench = Bench()
    bench.script(Role.ENTRY, unknown())
    bench.intent()
    bench.advance(20_000)
    assert bench.result().status is ResultStatus.NEVER_PLACED


def test_rules_17_expired_is_a_time_or_an_ioc_that_ran_out():
    """Nothing filled, nothing refused."""
    bench = Bench()
    bench.fills_entries = False
    bench.intent()
    assert bench.result().status is ResultStatus.EXPIRED


def test_rules_17_the_trade_machine_starts_at_accepted():
    """Before it, there is only an intent."""
    assert next(iter(TradePhase)) is TradePhase.ACCEPTED


def test_rules_17_unknown_is_a_value_of_the_request_axis_not_a_status():
    """No status is named so."""
    assert "unknown" not in {status.value for status in OrderStatus}
    assert Pending.PLACE_UNKNOWN in Pending


@pytest.mark.parametrize(("status", "expected"), [
    (OrderStatus.REJECTED, ResultStatus.REJECTED), (OrderStatus.NEVER_PLACED, ResultStatus.NEVER_PLACED),
    (OrderStatus.EXPIRED, ResultStatus.EXPIRED), (OrderStatus.CANCELLED, ResultStatus.EXPIRED),
])  # fmt: skip
def test_rules_17_every_end_of_an_entry_without_a_fill_has_its_word(status, expected):
    """One word each."""
    bench = Bench()
    bench.fills_entries = False
    bench.intent()
    entry = bench.entry()
    entry.status = status
    assert final_status(bench.trade, [entry])[0] is expected
