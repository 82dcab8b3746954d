"""A confirmed order that the venue knows no more: it ends by the proof of RULES 3, and by nothing weaker."""

from typing import Any

import pytest

from holdfast.model import events as ev
from holdfast.model.effects import Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.num import parse
from holdfast.model.orders import OrderStatus
from tests.core.bench import SYMBOL, Bench

FOUR_DAYS_MS = 4 * 86_400_000


def resting(**more: Any) -> Bench:
    """An entry that rests at the venue, confirmed."""
    bench = Bench(**more)
    bench.fills_entries = False
    bench.intent(entry=Entry(type="limit", price=parse("49900"), ttl_ms=60_000), stop="49000")
    assert bench.entry().status is OrderStatus.WORKING
    return bench


def forgotten(bench: Bench) -> Bench:
    """The engine was away for four days; the order was cancelled by hand on the first, and the venue forgot it."""
    bench.venue.orders.clear()
    bench.restart(after_ms=FOUR_DAYS_MS)
    return bench


def resolutions(bench: Bench) -> list[str]:
    """How unknown outcomes ended."""
    return [event.resolution for event in bench.of(ev.UnknownResolved)]


def test_rules_3_a_confirmed_order_that_the_venue_forgot_ends_by_proof():
    """Its trade and its symbol are free again, and the intent has its result."""
    bench = forgotten(resting())
    bench.advance(30_000)
    assert resolutions(bench) == ["forgotten"]
    assert bench.entry().status is OrderStatus.CANCELLED
    assert bench.result() is not None
    assert bench.state.live_trades == {}
    bench.fills_entries = True
    bench.intent("i2")
    assert bench.state.intents["i2"].denied is None


def test_rules_3_the_proof_needs_three_absences_on_three_endpoints():
    """By its name, in the list of all orders, and among the open ones."""
    bench = forgotten(resting())
    bench.advance(30_000)
    noted = [event.endpoint for event in bench.of(ev.AbsenceNoted)]
    assert min(noted.count(endpoint) for endpoint in ("order", "all_orders", "open_orders")) >= 3
    assert {"trades", "position"} <= set(noted)


@pytest.mark.parametrize(
    "kind", [ReadKind.ORDER, ReadKind.ALL_ORDERS, ReadKind.OPEN_ORDERS, ReadKind.TRADES, ReadKind.POSITIONS]
)
def test_rules_3_a_forgotten_order_does_not_end_while_a_read_fails(kind):
    """Could not ask is never nothing there."""
    bench = resting()
    bench.failing_reads = {kind}
    forgotten(bench)
    bench.advance(60_000)
    assert resolutions(bench) == []
    assert bench.entry().live
    bench.failing_reads.clear()
    bench.advance(30_000)
    assert resolutions(bench) == ["forgotten"]


def test_rules_3_an_order_that_only_one_answer_lacks_lives_on():
    """The open list shows it: the question by name went to a server that lags behind."""
    bench = resting()
    held = bench.venue.orders.pop(bench.entry().client_id)
    bench.restart(after_ms=20_000)
    assert bench.entry().unknown
    bench.venue.orders[bench.entry().client_id] = held
    bench.advance(2_000)
    assert resolutions(bench) == ["confirmed"]


def test_rules_3_a_confirmed_entry_is_not_forgotten_within_a_day():
    """It was shown, and then by no read: the venue contradicts itself, and what surfaces would fill uncovered."""
    bench = resting()
    held = bench.venue.orders.pop(bench.entry().client_id)
    bench.restart(after_ms=20_000)
    bench.advance(120_000)
    assert resolutions(bench) == []
    assert bench.entry().unknown
    bench.venue.orders[bench.entry().client_id] = held
    bench.advance(6_000)
    assert resolutions(bench) == ["confirmed"]


def test_a_young_order_that_is_not_shown_is_only_asked_about():
    """Answers lag behind orders; a few seconds after its send an absence means nothing."""
    bench = resting()
    bench.venue.orders.clear()
    bench.restart(after_ms=100)
    bench.advance(3_000)
    assert any(read.client_id == bench.entry().client_id for read in bench.done(Read))
    assert bench.of(ev.UnknownOpened) == []


def test_rules_3_a_position_that_we_do_not_explain_keeps_a_forgotten_order_alive():
    """It may be what filled."""
    bench = resting()
    bench.venue.amounts[SYMBOL] = parse("0.1")
    forgotten(bench)
    bench.advance(1_500)
    assert resolutions(bench) == []


def test_a_forgotten_target_is_replaced():
    """Somebody cancelled it days ago, while the position stayed: the trade gets its target back."""
    bench = Bench().open_trade(targets=[("51000", "1")])
    (target,) = bench.orders(Role.TARGET)
    bench.venue.orders.pop(target.client_id)
    bench.restart(after_ms=FOUR_DAYS_MS)
    bench.advance(30_000)
    assert [order.status for order in bench.orders(Role.TARGET)] == [OrderStatus.CANCELLED, OrderStatus.WORKING]
