"""Evidence becomes events, once, whatever the channel."""

from decimal import Decimal

import pytest

from holdfast.core import evidence
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import ReadKind
from holdfast.model.orders import AlgoStatus, OrderStatus
from holdfast.model.reports import Channel
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import stranger_order, without_fee

D = Decimal


@pytest.mark.parametrize("end", [AlgoStatus.REJECTED, AlgoStatus.CANCELLED, AlgoStatus.EXPIRED])
def test_rules_5_the_answer_that_an_algo_is_armed_does_not_revive_it(end):
    """Its end was told before the answer to its request came: it was taken for armed, for ever."""
    bench = Bench().open_trade()
    stop = bench.stop()
    held = bench.venue.algos[stop.client_id][-1]
    armed = bench.venue.algo_report(held, Channel.REPLY)
    held.status = end
    ctx = bench.context()
    evidence.take_algo(ctx, bench.venue.algo_report(held, Channel.STREAM))
    evidence.take_algo(ctx, armed)
    assert stop.status is end


def test_a_report_that_says_nothing_new_is_not_journalled():
    """The same state again, on another channel."""
    bench = Bench().open_trade()
    held = bench.venue.orders[bench.entry().client_id][-1]
    events = len(bench.events)
    for channel in Channel:
        bench.give(inp.OrderSeen, report=bench.venue.report(held, channel))
    assert len(bench.events) == events


def test_an_older_state_does_not_overwrite_a_newer_one():
    """NEW after FILLED."""
    bench = Bench().open_trade()
    held = bench.venue.orders[bench.entry().client_id][-1]
    held.status, held.executed = OrderStatus.WORKING, D(0)
    bench.tell_order(held)
    assert bench.entry().status is OrderStatus.FILLED
    assert bench.entry().executed == D("0.100")


def test_a_stranger_order_is_only_remembered():
    """No event, no order of ours; its executions will be attributed."""
    bench = Bench()
    held = bench.venue.take(stranger_order("web_1", "0.1"), bench.now)
    events = len(bench.events)
    bench.tell_order(held)
    assert len(bench.events) == events
    assert bench.engine.around.foreign_ids == {f"{SYMBOL}:{held.order_id}": "web_1"}


def test_an_execution_of_an_unknown_order_is_asked_for_at_most_once_a_second():
    """userTrades carries no client id."""
    bench = Bench().open_trade()
    bench.hold_reads = {ReadKind.ORDER}
    fill = without_fee(bench.venue.trades[0])
    strange = type(fill)(**{**{n: getattr(fill, n) for n in fill.__struct_fields__}, "order_id": 77, "trade_id": 78,
                            "client_id": ""})  # fmt: skip
    for _ in range(5):
        bench.give(inp.FillSeen, fill=strange)
    assert [read.order_id for read in bench.held_reads] == [77]


def test_a_fee_completes_the_fill_once():
    """TRADE_LITE first, the fee later, and the same fee again."""
    bench = Bench()
    bench.silent_stream = True
    bench.intent()
    fill = bench.venue.trades[0]
    bench.give(inp.FillSeen, fill=without_fee(fill))
    bench.give(inp.FillSeen, fill=fill)
    bench.give(inp.FillSeen, fill=fill)
    assert len(bench.of(ev.FillBooked)) == len(bench.of(ev.FillCompleted)) == 1
    assert bench.trade.fees == {"USDT": fill.fee}


@pytest.mark.parametrize("told", ["fill", "report"])
def test_an_entry_that_was_taken_for_refused_surfaces(told):
    """The venue's word beats our conclusion: its fill is covered or closed."""
    from holdfast.model.ids import Role
    from tests.core.replies import rejected

    bench = Bench()
    bench.script(Role.ENTRY, rejected(-2019))
    bench.intent()
    held = bench.venue.take(bench.entry().spec, bench.now)
    fill = bench.venue.fill(held, D("0.1"), D("50000"), bench.now)
    if told == "fill":
        bench.give(inp.FillSeen, fill=fill)
    else:
        bench.tell_order(held)
    bench.advance(5_000)
    assert bench.venue.amounts[SYMBOL] == 0
    assert [event.intent_id for event in bench.of(ev.LateEntryFound)] == ["i1"]


def test_an_execution_under_our_prefix_that_the_journal_lacks_halts():
    """A fill is as good a sign of a second engine as an order (RULES 8)."""
    bench = Bench().open_trade()
    fill = bench.venue.trades[0]
    strange = type(fill)(**{**{n: getattr(fill, n) for n in fill.__struct_fields__}, "order_id": 77, "trade_id": 78,
                            "client_id": "hf-e1-aaaaaaaaaaaaaaaaaaaaaaaa"})  # fmt: skip
    bench.give(inp.FillSeen, fill=strange)
    assert bench.state.effective == "halted"
    assert len(bench.of(ev.FillBooked)) == 1


def test_a_child_settles_a_stop_whose_placing_was_unknown():
    """It has triggered, so it was placed."""
    from holdfast.model.ids import Role
    from tests.core.replies import unknown

    bench = Bench()
    bench.failing_reads = {ReadKind.ALGO, ReadKind.OPEN_ALGOS}
    bench.script(Role.STOP, unknown(landed=True), *[unknown()] * 20)
    bench.intent()
    assert bench.stop().unknown
    bench.tell_order(bench.venue.trigger(bench.stop().client_id, bench.now))
    assert not bench.stop().unknown
    assert bench.of(ev.UnknownResolved)[-1].client_id == bench.stop().client_id


def test_an_execution_is_booked_as_soon_as_its_algo_order_names_it():
    """userTrades, which has no client id, came before the word on which child the stop became (RULES 6)."""
    bench = Bench().open_trade()
    stop = bench.stop()
    child = bench.venue.trigger(stop.client_id, bench.now)
    fill = bench.venue.fill(child, D("0.1"), D("49490"), bench.now)
    bench.failing_reads = {ReadKind.ORDER}
    nameless = type(fill)(**{**{n: getattr(fill, n) for n in fill.__struct_fields__}, "client_id": ""})
    bench.give(inp.FillSeen, fill=nameless)
    assert len(bench.of(ev.FillBooked)) == 1
    bench.tell_algo(bench.venue.algos[stop.client_id][-1])
    assert len(bench.of(ev.FillBooked)) == 2
