"""Entries: begun, sent once, given up; the cells are in test_rules_2.py."""

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import OrderType
from holdfast.model.reasons import TradePhase
from tests.core.bench import Bench
from tests.core.replies import rejected

D = Decimal


def test_a_plain_market_entry_carries_no_price():
    """MARKET, where the configuration allows it."""
    bench = Bench().open_trade(entry=Entry(plain=True))
    spec = bench.places(Role.ENTRY)[0].order.spec
    assert (spec.type, spec.price, spec.time_in_force) == (OrderType.MARKET, None, None)


@pytest.mark.parametrize(("side", "order_side"), [("long", "BUY"), ("short", "SELL")])
def test_the_side_of_the_entry(side, order_side):
    """A long buys."""
    bench = Bench().open_trade(side=side)
    assert bench.places(Role.ENTRY)[0].order.spec.side == order_side
    assert bench.places(Role.STOP)[0].order.spec.side != order_side


def test_the_second_look_denies_what_has_changed_meanwhile():
    """Leverage took a moment, and the stream went down in it."""
    from holdfast.model import inputs as inp

    bench = Bench()
    bench.hold_reads = {ReadKind.SYMBOL_CONFIG}
    bench.intent(leverage=7)
    bench.give(inp.LinkChanged, link="user_stream", up=False)
    bench.hold_reads.clear()
    bench.release_reads()
    assert bench.places(Role.ENTRY) == []
    assert bench.result().status == "rejected"


def test_an_intent_that_expires_while_leverage_is_set_is_expired():
    """After its deadline nothing is sent."""
    bench = Bench()
    bench.hold_reads = {ReadKind.SYMBOL_CONFIG}
    bench.intent(leverage=7, expires_at=bench.now + 500)
    bench.advance(600)
    bench.hold_reads.clear()
    bench.release_reads()
    assert bench.places(Role.ENTRY) == []
    assert (bench.result().status, bench.result().code) == ("expired", "EXPIRED")


def test_a_refused_trade_closes_without_asking_for_its_position():
    """Nothing of it can have reached the market."""
    bench = Bench()
    bench.script(Role.ENTRY, rejected(-2019))
    bench.intent()
    assert bench.trade.phase is TradePhase.CLOSED
    assert bench.of(ev.QuarantineSet) == []


def test_refusals_are_counted_for_the_breaker():
    """P22: three within the window raise the alarm, and the gate denies the fourth."""
    bench = Bench()
    for number in range(3):
        bench.script(Role.ENTRY, rejected(-2019))
        bench.intent(f"i{number}")
    assert "REJECT_BREAKER" in {event.code.value for event in bench.of(ev.AlarmRaised)}
    bench.intent("i9")
    assert bench.result("i9").code == "REJECT_BREAKER"


def test_the_breaker_opens_again_with_time():
    """Refusals of more than a minute ago do not count."""
    bench = Bench()
    for number in range(3):
        bench.script(Role.ENTRY, rejected(-2019))
        bench.intent(f"i{number}")
    bench.advance(61_000)
    bench.intent("i9")
    assert bench.result("i9").status == "protected"
