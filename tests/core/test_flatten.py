"""The flatten loop: closes until the venue shows 0 twice (RULES 7)."""

from __future__ import annotations

from decimal import Decimal

from holdfast.core import flatten
from holdfast.model import events as ev
from holdfast.model.ids import Role
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import rejected, silence


def test_a_second_start_changes_nothing():
    """One loop per symbol."""
    bench = Bench().open_trade()
    ctx = bench.context()
    flatten.start(ctx, SYMBOL, "first")
    begun = len(ctx.events)
    flatten.start(ctx, SYMBOL, "second")
    assert len(ctx.events) == begun
    assert bench.state.flattens[SYMBOL].reason == "first"


def test_the_close_that_was_planned_with_the_entry_goes_first():
    """It need not wait for the disk (RULES 8)."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    first = bench.places(Role.CLOSE)[0]
    assert first.preauthorised
    assert first.order.spec.client_id == bench.orders(Role.CLOSE)[0].client_id


def test_an_unanswered_close_is_followed_by_a_new_one():
    """A new n every 500 ms, the size read again."""
    bench = Bench().open_trade()
    bench.script(Role.CLOSE, silence(), silence())
    bench.intent("c1", "close", side=None)
    bench.advance(1_200)
    ids = [place.order.spec.client_id for place in bench.places(Role.CLOSE)]
    assert len(ids) == len(set(ids)) >= 3


def test_large_positions_go_in_slices():
    """MARKET_LOT_SIZE caps each order."""
    bench = Bench()
    bench.venue.amounts[SYMBOL] = Decimal("250")
    bench.intent("c1", "flatten", side=None)
    bench.advance(6_000)
    sizes = [place.order.spec.quantity for place in bench.places(Role.CLOSE)]
    assert sizes == [Decimal(120), Decimal(120), Decimal(10)]


def test_a_market_that_may_not_be_touched_is_left_by_limit_orders():
    """−4131: LIMIT IOC at the band edge every 250 ms."""
    bench = Bench().open_trade()
    bench.script(Role.CLOSE, rejected(-4131))
    bench.intent("c1", "close", side=None)
    bench.advance(600)
    types = [(place.order.spec.type, place.order.spec.price) for place in bench.places(Role.CLOSE)]
    assert types[0] == ("MARKET", None)
    assert types[1] == ("LIMIT", Decimal("47500"))


def test_the_stop_stays_until_the_venue_shows_nothing():
    """It may race the close: both only reduce."""
    bench = Bench().open_trade()
    bench.script(Role.CLOSE, silence(), silence())
    bench.intent("c1", "close", side=None)
    bench.advance(900)
    assert bench.cancels(Role.STOP) == []
    bench.advance(5_000)
    assert len(bench.cancels(Role.STOP)) == 1
    assert bench.of(ev.FlattenEnded)[0].at_ms <= bench.of(ev.CancelPlanned)[-1].at_ms


def test_a_quarantine_follows():
    """No entry while a close of ours could still arrive (RULES 4)."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    bench.intent("i2")
    assert bench.of(ev.IntentDenied)[-1].code == "SYMBOL_SETTLING"
