"""RULES 8, time, journal, fence: what the core decides about them."""

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Cancel, Lane
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import AlgoStatus, OrderStatus, Side
from holdfast.model.reasons import TradingState
from holdfast.model.reports import Channel, OrderReport
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import rejected, silence

D = Decimal
TARGETS = [("50500", "1")]


def test_rules_8_entries_and_partial_exits_carry_the_timestamp_of_their_record():
    """recvWindow 1 500 ms, lane of entries: a paused process cannot act late."""
    bench = Bench().open_trade(targets=TARGETS)
    records = {event.spec.client_id: event for event in bench.of(ev.OrderPlanned)}
    for role in (Role.ENTRY, Role.TARGET):
        place = bench.places(role)[0]
        record = records[place.order.spec.client_id]
        assert (place.timestamp_ms, place.recv_window_ms, place.lane) == (record.at_ms, 1_500, Lane.ENTRY)


def test_rules_8_stops_and_closes_are_stamped_at_every_send():
    """No timestamp of ours, recvWindow 5 000 ms, the lane of protection: late, they only reduce."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    for role in (Role.STOP, Role.CLOSE):
        place = bench.places(role)[0]
        assert (place.timestamp_ms, place.recv_window_ms, place.lane) == (None, 5_000, Lane.PROTECT)


def test_rules_8_the_batch_of_an_entry_holds_its_stop_and_one_flatten():
    """Three command records in one step; two of them pre-authorised."""
    bench = Bench()
    step = bench.intent()
    planned = [event for event in step.events if isinstance(event, ev.OrderPlanned)]
    assert [(event.spec.role, event.preauthorised) for event in planned] == [
        (Role.ENTRY, False), (Role.STOP, True), (Role.CLOSE, True)]  # fmt: skip


def test_rules_8_nothing_on_the_way_to_cover_waits_for_the_disk():
    """Stop, repeats of it, kill of the remainder, first flatten: all pre-authorised."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    bench.script(Role.STOP, rejected(-4509), silence())
    bench.fill(bench.entry().client_id, "0.06")
    bench.advance(100)
    assert [place.preauthorised for place in bench.places(Role.STOP)] == [True, True]
    bench.market(mark="48990")
    bench.script(Role.STOP, rejected(-2021))
    bench.advance(2_000)
    assert bench.cancels(Role.ENTRY)[0].preauthorised
    assert bench.places(Role.CLOSE)[0].preauthorised


def test_rules_8_an_entry_dropped_unsent_as_late_is_rejected_late():
    """Nothing reached the market: the trade ends, the intent says why."""
    bench = Bench()
    bench.script(Role.ENTRY, rejected(0, "older than half its window", status=0, local="late"))
    bench.intent()
    assert (bench.result().status, bench.result().code) == ("rejected", "late")
    assert len(bench.closed) == 1
    assert bench.state.rejects == {}


def test_rules_8_without_a_journal_no_entry_leaves():
    """Effective state halted; the verdict says why."""
    bench = Bench()
    bench.give(inp.JournalChanged, ok=False, error="disk full")
    assert bench.state.effective is TradingState.HALTED
    bench.intent()
    assert bench.result().code in ("NOT_ACTIVE", "JOURNAL_FAILING")
    assert bench.places(Role.ENTRY) == []


def test_rules_8_without_a_journal_cover_and_closes_still_go():
    """A protected trade can be closed, a lost stop is placed again."""
    bench = Bench().open_trade()
    bench.give(inp.JournalChanged, ok=False, error="disk full")
    bench.algo(bench.stop().client_id, AlgoStatus.CANCELLED)
    assert bench.stop().armed
    bench.intent("c1", "close", side=None)
    bench.advance(2_000)
    assert bench.result("c1").status == "closed"


def test_rules_8_without_a_journal_working_entries_are_cancelled():
    """Leaving active cancels them in the same step (RULES 9)."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    step = bench.give(inp.JournalChanged, ok=False, error="disk full")
    assert any(isinstance(effect, Cancel) for effect in step.effects)


def foreign_report(client_id: str) -> OrderReport:
    """An order with our prefix that our journal lacks."""
    return OrderReport(channel=Channel.STREAM, symbol=SYMBOL, client_id=client_id, order_id=9, side=Side.BUY,
                       status=OrderStatus.WORKING, executed=D(0), quantity=D("0.1"))  # fmt: skip


def test_rules_8_an_order_with_our_prefix_that_the_journal_lacks_halts():
    """A second engine, or a lost journal: halted, alarmed, and the order is never cancelled."""
    bench = Bench()
    bench.give(inp.OrderSeen, report=foreign_report("hf-e1-aaaaaaaaaaaaaaaaaaaaaaaa"))
    assert bench.state.effective is TradingState.HALTED
    assert "SECOND_ENGINE" in {event.code.value for event in bench.of(ev.AlarmRaised)}
    bench.advance(10_000)
    assert bench.done(Cancel) == []
    bench.intent()
    assert bench.result().status == "denied"


def test_rules_8_halted_until_an_operator_adopts():
    """`resume --adopt` names the cut; the finding is forgotten."""
    bench = Bench()
    bench.give(inp.OrderSeen, report=foreign_report("hf-e1-aaaaaaaaaaaaaaaaaaaaaaaa"))
    bench.command("adopt")
    assert bench.state.effective is TradingState.ACTIVE
    bench.open_trade()


def test_rules_8_the_sweep_cancels_only_what_the_journal_derives_from_a_closed_trade():
    """A stop that surfaces after its trade closed is removed; a stranger's is not touched."""
    bench = Bench().open_trade()
    spec = bench.stop().spec
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert len(bench.closed) == 1
    bench.venue.take_algo(spec, bench.now)
    stranger = type(spec)(**{**{n: getattr(spec, n) for n in spec.__struct_fields__}, "client_id": "web-stop"})
    bench.venue.take_algo(stranger, bench.now)
    bench.give(inp.LinkChanged, link="user_stream", up=False)
    bench.give(inp.LinkChanged, link="user_stream", up=True)
    bench.advance(1_000)
    assert [algo.client_id for algo in bench.venue.open_algos()] == ["web-stop"]


@pytest.mark.parametrize("lose_tail", [True, False])
def test_rules_8_restart_sends_stops_again_and_asks_for_entries(lose_tail):
    """Entries and partial exits are never resent, whatever the crash cut off."""
    bench = Bench()
    bench.script(Role.ENTRY, silence(landed=True))
    bench.intent()
    bench.restart(after_ms=10, lose_tail=lose_tail)
    assert len(bench.places(Role.ENTRY)) == 1
    assert any(read.client_id == bench.entry().client_id for read in bench.done(object) if hasattr(read, "purpose"))
    bench.script(Role.STOP, silence())
    bench.advance(3_000)
    assert bench.result().status == "protected"
    assert len(bench.venue.orders[bench.entry().client_id]) == 1


def test_rules_8_a_shutdown_cancels_entries_that_nobody_would_watch():
    """RULES 10: an entry that fills while nobody watches would be naked; the command stays as it was."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    bench.command("shutdown")
    bench.advance(500)
    assert bench.entry().status is OrderStatus.CANCELLED
    assert bench.state.commanded is TradingState.ACTIVE
