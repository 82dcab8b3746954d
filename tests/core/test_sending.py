"""Planning, sending and cancelling orders: a record first, then the request."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.core import sending
from holdfast.model import events as ev
from holdfast.model.effects import Cancel, Lane, Place, Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import Direction, Side
from tests.core.bench import Bench
from tests.core.replies import SYMBOL

QUANTITY = Decimal("0.100")


def test_ids_count_up_per_role():
    """The next stop of a trade has its own name; the entry's number does not move it."""
    bench = Bench().open_trade()
    name, n = sending.next_id(bench.context(), bench.trade, Role.STOP)
    assert n == 2
    assert name != bench.stop().client_id


def test_a_trade_without_an_intent_names_its_orders_after_itself():
    """An adopted position has no intent."""
    bench = Bench()
    plan = sending.plan_of_position(bench.context(), SYMBOL, QUANTITY, Decimal("50000"), Decimal("49500"), "adopted")
    assert plan.intent_id == ""
    assert plan.trade_id


@pytest.mark.parametrize(("amount", "direction"), [("0.1", Direction.LONG), ("-0.1", Direction.SHORT)])
def test_the_plan_of_a_position_follows_its_sign(amount, direction):
    """A negative amount is a short; the quantity has no sign."""
    bench = Bench()
    plan = sending.plan_of_position(
        bench.context(), SYMBOL, Decimal(amount), Decimal("50000"), Decimal("49500"), "adopted"
    )
    assert (plan.direction, plan.quantity) == (direction, Decimal("0.1"))


def test_a_market_entry_has_no_price():
    """Nor a time in force: the venue refuses both."""
    spec = Bench().open_trade(entry=Entry(plain=True)).entry().spec
    assert (spec.type, spec.price, spec.time_in_force) == ("MARKET", None, None)


def test_a_limit_entry_carries_its_price_and_time_in_force():
    """As the plan says (RULES 10)."""
    bench = Bench()
    bench.fills_entries = False
    bench.intent(entry=Entry(type="limit", price=Decimal("49900")))
    spec = bench.entry().spec
    assert (spec.type, spec.price, spec.time_in_force) == ("LIMIT", Decimal("49900"), "GTD")


def test_the_backstop_closes_the_whole_position_whatever_its_size():
    """closePosition takes no quantity (RULES 5)."""
    spec = Bench().open_trade().stop().spec
    assert (spec.type, spec.close_position, spec.quantity) == ("STOP_MARKET", True, None)


def test_the_other_form_of_the_stop_names_its_quantity_and_only_reduces():
    """For when the first form is refused (RULES 2)."""
    bench = Bench().open_trade()
    spec, _ = sending.quantity_stop_spec(bench.context(), bench.trade, QUANTITY)
    assert (spec.quantity, spec.reduce_only, spec.close_position) == (QUANTITY, True, False)
    assert spec.trigger_price == bench.trade.plan.stop_price


@pytest.mark.parametrize(
    ("price", "kind", "time_in_force"), [(None, "MARKET", None), (Decimal("49000"), "LIMIT", "IOC")]
)
def test_a_close_is_market_or_limit_ioc_and_only_reduces(price, kind, time_in_force):
    """At the band's edge MARKET is refused, so the same close goes as LIMIT IOC (RULES 7)."""
    spec = sending.close_spec(SYMBOL, Side.SELL, QUANTITY, "c1", price)
    assert (spec.type, spec.time_in_force, spec.reduce_only) == (kind, time_in_force, True)


def test_the_record_stands_before_the_request():
    """Persist, then act."""
    bench = Bench()
    step = bench.intent()
    planned = [event.spec.client_id for event in step.events if isinstance(event, ev.OrderPlanned)]
    placed = [effect.order.spec.client_id for effect in step.effects if isinstance(effect, Place)]
    assert placed
    assert set(placed) <= set(planned)


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


def test_an_entry_is_never_sent_again():
    """Twice could mean twice the position."""
    bench = Bench().open_trade()
    with pytest.raises(AssertionError, match="never sent again"):
        sending.send_again(bench.context(), bench.entry(), preauthorised=False)


def test_a_stop_is_sent_again_under_its_own_id():
    """The venue drops the repeat if the first arrived (RULES 2)."""
    bench = Bench().open_trade()
    ctx = bench.context()
    stop = bench.stop()
    sends = stop.sends
    sending.send_again(ctx, stop, preauthorised=True)
    sent = [effect.order.spec.client_id for effect in ctx.effects if isinstance(effect, Place)]
    assert (sent, stop.sends) == ([stop.client_id], sends + 1)


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


def test_a_query_asks_by_client_id_and_kind():
    """A stop is asked for among the algo orders, in the lane of cover."""
    bench = Bench().open_trade()
    ctx = bench.context()
    sending.query(ctx, bench.stop(), "test")
    (read,) = [effect for effect in ctx.effects if isinstance(effect, Read)]
    assert (read.kind, read.client_id, read.lane) == (ReadKind.ALGO, bench.stop().client_id, Lane.PROTECT)


def test_a_filled_entry_is_not_live():
    """Only what may still fill is in the way of a new decision."""
    bench = Bench()
    bench.fills_entries = False
    bench.intent(entry=Entry(type="limit", price=Decimal("49900")))
    assert sending.live_entries(bench.context(), bench.trade) == [bench.entry()]
    filled = Bench().open_trade()
    assert sending.live_entries(filled.context(), filled.trade) == []
