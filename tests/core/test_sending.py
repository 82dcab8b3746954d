"""The only file that asks for a Place or a Cancel: record first, and what may be sent twice."""

from decimal import Decimal

import pytest

from holdfast.core import sending
from holdfast.model import events as ev
from holdfast.model.effects import Cancel, Lane, Place, Read, ReadKind
from holdfast.model.ids import Role, client_order_id, subject_tag
from holdfast.model.intent import Entry
from holdfast.model.orders import AlgoStatus, OrderType, Side
from tests.core.bench import SYMBOL, Bench

D = Decimal


def test_ids_are_functions_of_account_intent_role_and_number():
    """A restart names the same order by the same id."""
    bench = Bench().open_trade()
    assert bench.entry().client_id == client_order_id("main", "i1", Role.ENTRY, 1)
    ctx = bench.context()
    assert sending.next_id(ctx, bench.trade, Role.STOP) == (client_order_id("main", "i1", Role.STOP, 2), 2)


@pytest.mark.parametrize("role", [Role.ENTRY, Role.TARGET])
def test_entries_and_partial_exits_are_never_sent_again(role):
    """The last line of defence is an invariant."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    ctx = bench.context()
    with pytest.raises(AssertionError, match="invariant: entries and partial exits are never sent again"):
        sending.send_again(ctx, bench.orders(role)[0], preauthorised=False)
    assert (ctx.events, ctx.effects) == ([], [])


@pytest.mark.parametrize("status", [AlgoStatus.TRIGGERING, AlgoStatus.TRIGGERED, AlgoStatus.FINISHED])
def test_a_stop_that_has_triggered_is_not_sent_again(status):
    """Nothing happens, no error: what is still open is looked at as such."""
    bench = Bench().open_trade()
    bench.stop().status = status
    ctx = bench.context()
    sending.send_again(ctx, bench.stop(), preauthorised=True)
    assert (ctx.events, ctx.effects) == ([], [])


def test_the_record_stands_before_the_effect():
    """Persist, then act: in every step of a whole life."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    planned = {event.spec.client_id for event in bench.of(ev.OrderPlanned)}
    assert {place.order.spec.client_id for place in bench.done(Place)} <= planned
    cancelled = {event.client_id for event in bench.of(ev.CancelPlanned)}
    assert {cancel.client_id for cancel in bench.done(Cancel)} == cancelled


def test_repeats_of_a_stop_are_counted():
    """`again` says which send it is."""
    bench = Bench().open_trade()
    ctx = bench.context()
    sending.send_again(ctx, bench.stop(), preauthorised=True)
    due = [event for event in ctx.events if isinstance(event, ev.OrderSendDue)]
    assert [event.again for event in due] == [1]


@pytest.mark.parametrize(("price", "type_", "time_in_force"), [(None, OrderType.MARKET, None),
                                                               (D("47500"), OrderType.LIMIT, "IOC")])  # fmt: skip
def test_a_close_only_reduces(price, type_, time_in_force):
    """MARKET, or LIMIT IOC at a price."""
    spec = sending.close_spec(SYMBOL, Side.SELL, D("0.1"), "hf-c1-x", price)
    assert (spec.type, spec.time_in_force, spec.reduce_only) == (type_, time_in_force, True)


def test_an_algo_is_asked_for_by_its_id_and_its_child_by_its_own():
    """An algo id looked up as an order id finds nothing."""
    bench = Bench().open_trade()
    child = bench.venue.trigger(bench.stop().client_id, bench.now)
    bench.tell_order(child)
    ctx = bench.context()
    sending.query(ctx, bench.stop(), "state:x")
    kinds = [(read.kind, read.order_id) for read in ctx.effects if isinstance(read, Read)]
    assert kinds == [(ReadKind.ALGO, None), (ReadKind.ORDER, child.order_id)]


@pytest.mark.parametrize(("role", "lane"), [(Role.ENTRY, Lane.QUERY), (Role.STOP, Lane.PROTECT)])
def test_questions_about_cover_have_the_lane_of_protection(role, lane):
    """Reserved budget."""
    bench = Bench().open_trade()
    ctx = bench.context()
    sending.query(ctx, bench.orders(role)[0], "state:x")
    assert ctx.effects[0].lane is lane


def test_every_send_is_counted_in_the_rate_windows():
    """Headers lag behind; our own sends do not."""
    bench = Bench().open_trade()
    assert [window.count for window in bench.engine.around.windows.current(bench.now)] == [2, 2]


def test_a_plan_for_a_position_has_an_id_of_its_episode():
    """Adopted, or surfaced late: the same position, the same name."""
    bench = Bench()
    plan = sending.plan_of_position(bench.context(), SYMBOL, D("-0.2"), D("50000"), D("51000"), "adopted")
    assert plan.trade_id == subject_tag("main", f"position:{SYMBOL}:1")
    assert (plan.direction, plan.quantity) == ("short", D("0.2"))


def test_a_market_entry_has_no_price():
    """Nor a time in force: the venue refuses both."""
    spec = Bench().open_trade(entry=Entry(plain=True)).entry().spec
    assert (spec.type, spec.price, spec.time_in_force) == ("MARKET", None, None)


def test_a_limit_entry_carries_its_price_and_time_in_force():
    """As the plan says (RULES 10)."""
    bench = Bench()
    bench.fills_entries = False
    bench.intent(entry=Entry(type="limit", price=D("49900")))
    spec = bench.entry().spec
    assert (spec.type, spec.price, spec.time_in_force) == ("LIMIT", D("49900"), "GTD")


def test_the_backstop_closes_the_whole_position_whatever_its_size():
    """closePosition takes no quantity (RULES 5)."""
    spec = Bench().open_trade().stop().spec
    assert (spec.type, spec.close_position, spec.quantity) == ("STOP_MARKET", True, None)


def test_the_other_form_of_the_stop_names_its_quantity_and_only_reduces():
    """For when the first form is refused (RULES 2)."""
    bench = Bench().open_trade()
    spec, _ = sending.quantity_stop_spec(bench.context(), bench.trade, D("0.1"))
    assert (spec.quantity, spec.reduce_only, spec.close_position) == (D("0.1"), True, False)
    assert spec.trigger_price == bench.trade.plan.stop_price


def test_only_what_must_act_once_has_a_timestamp_of_its_own():
    """A late entry must be refused by the venue; a late stop only reduces."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    bounded = {role: bench.places(role)[0].timestamp_ms is not None for role in (Role.ENTRY, Role.TARGET, Role.STOP)}
    assert bounded == {Role.ENTRY: True, Role.TARGET: True, Role.STOP: False}


def test_an_entry_goes_by_the_verdict_of_the_gate():
    """Its authority is the verdict that allowed it."""
    bench = Bench().open_trade()
    assert bench.entry().verdict == bench.state.intents["i1"].verdict != ""


def test_a_stop_goes_by_a_rule():
    """Reducing needs no verdict, but a reason."""
    assert Bench().open_trade().stop().verdict == sending.REDUCING_RULES[Role.STOP]


def test_cover_has_the_right_of_way():
    """Stops use the lane that entries cannot fill up (RULES 13)."""
    bench = Bench().open_trade()
    lanes = (bench.places(Role.ENTRY)[0].lane, bench.places(Role.STOP)[0].lane)
    assert lanes == (Lane.ENTRY, Lane.PROTECT)


def test_a_cancel_is_asked_of_the_right_endpoint():
    """Algo orders are cancelled by another request than plain ones."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    ctx = bench.context()
    sending.cancel(ctx, bench.stop(), "test")
    sending.cancel(ctx, bench.orders(Role.TARGET)[0], "test")
    assert [effect.algo for effect in ctx.effects if isinstance(effect, Cancel)] == [True, False]


def test_a_cancel_is_recorded_and_watched():
    """If nobody answers within a second, it is asked again."""
    bench = Bench().open_trade()
    ctx = bench.context()
    sending.cancel(ctx, bench.stop(), "test")
    assert [type(event) for event in ctx.events] == [ev.CancelPlanned]
    assert f"cancel:{bench.stop().client_id}" in bench.engine.around.timers


def test_a_filled_entry_is_not_live():
    """Only what may still fill is in the way of a new decision."""
    bench = Bench()
    bench.fills_entries = False
    bench.intent(entry=Entry(type="limit", price=D("49900")))
    assert sending.live_entries(bench.context(), bench.trade) == [bench.entry()]
    filled = Bench().open_trade()
    assert sending.live_entries(filled.context(), filled.trade) == []
