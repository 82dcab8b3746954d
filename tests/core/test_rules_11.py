"""RULES 11, sizing and prices, as the engine carries them out. The arithmetic has its tests in test_sizing.py."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from holdfast.model import inputs as inp
from holdfast.model.ids import Role
from holdfast.model.intent import Distance, Entry, Size
from holdfast.model.orders import OrderStatus, TimeInForce
from tests.core.bench import SYMBOL, Bench

D = Decimal


def test_rules_11_a_market_entry_is_an_ioc_with_a_cap_toward_the_touch():
    """10 bps beyond the touch, rounded toward it."""
    spec = Bench().open_trade().places(Role.ENTRY)[0].order.spec
    assert (spec.time_in_force, spec.price) == (TimeInForce.IOC, D("50050.1"))


def test_rules_11_a_percent_stop_is_taken_from_the_arrival_mid_and_not_re_anchored():
    """The fill is worse than the mid; the stop stays where it was."""
    bench = Bench()
    bench.fills_entries = False
    bench.intent(stop_loss=Distance(pct=D("1")), entry=Entry(type="limit", price=D("50040"), ttl_ms=9_000))
    bench.fill(bench.entry().client_id, price="50040")
    assert bench.stop().spec.trigger_price == D("49500.0")


def test_rules_11_an_ioc_that_fills_in_part_is_final():
    """The trade goes on with what filled; the rest is reported and never re-sent."""
    bench = Bench()
    bench.entry_part = D("0.03")
    bench.intent()
    result = bench.result()
    assert (result.status, result.filled, result.rounded) == ("protected", D("0.03"), D("0.100"))
    assert len(bench.places(Role.ENTRY)) == 1


def test_rules_11_zero_fill_is_expired_no_fill_at_cap():
    """Nothing was offered within the cap."""
    bench = Bench()
    bench.fills_entries = False
    bench.intent()
    assert (bench.result().status, bench.result().code) == ("expired", "NO_FILL_AT_CAP")
    assert len(bench.closed) == 1


def test_rules_11_targets_split_the_filled_quantity_and_the_last_takes_the_rest():
    """0.1 in thirds: 0.033, 0.033, 0.034."""
    bench = Bench().open_trade(targets=[("50500", "0.333"), ("51000", "0.333"), ("51500", "0.334")])
    assert [place.order.spec.quantity for place in bench.places(Role.TARGET)] == [D("0.033"), D("0.033"), D("0.034")]


def test_rules_11_targets_wait_until_the_entry_is_final():
    """A resting entry that has filled in part has no targets yet."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=30_000), stop="49000", targets=[("50500", "1")])
    bench.fill(bench.entry().client_id, "0.04")
    assert bench.places(Role.TARGET) == []
    bench.advance(31_000)
    assert [place.order.spec.quantity for place in bench.places(Role.TARGET)] == [D("0.04")]


def test_rules_11_targets_share_what_really_filled():
    """Not what was asked for."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=5_000), stop="49000",
                 targets=[("50500", "0.5"), ("51000", "0.5")])  # fmt: skip
    bench.fill(bench.entry().client_id, "0.005")
    bench.advance(6_000)
    assert [place.order.spec.quantity for place in bench.places(Role.TARGET)] == [D("0.002"), D("0.003")]


def test_rules_11_a_target_that_the_venue_ended_is_placed_again():
    """Somebody cancelled it by hand: its share is missing and comes back, at most three times."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    bench.expire(bench.orders(Role.TARGET)[0].client_id, OrderStatus.CANCELLED)
    assert len(bench.places(Role.TARGET)) == 2


def test_rules_11_a_partly_filled_target_is_not_doubled():
    """What it still has open counts."""
    bench = Bench().open_trade(targets=[("50500", "0.5"), ("51000", "0.5")])
    bench.market(mark="50500")
    bench.fill(bench.orders(Role.TARGET)[0].client_id, "0.02")
    bench.advance(10_000)
    assert len(bench.places(Role.TARGET)) == 2


@pytest.mark.parametrize("size", [Size(quantity=D("0.1")), Size(notional=D("5005.01")), Size(equity_pct=D("50.0501")),
                                  Size(risk_pct=D("0.60"))])  # fmt: skip
def test_rules_11_every_measure_is_sized_at_the_worst_price(size):
    """About 0.1 each: risk ÷ (cap − stop + taker fee both ways), notional ÷ cap."""
    bench = Bench()
    bench.intent(size=size)
    assert bench.result().status == "protected"
    assert abs(bench.places(Role.ENTRY)[0].order.spec.quantity - D("0.1")) <= D("0.003")


@pytest.mark.parametrize(("own", "factor"), [("0", 1), ("0.0002", 1), ("0.0005", 1), ("0.01", 2)])
def test_rules_11_the_accounts_own_fee_counts_where_it_is_higher(own, factor):
    """A configured rate that is too low would make every risk too small; one that is too high only wastes a little."""
    quantities = []
    for fee in (D(0), D(own)):
        bench = Bench()
        bench.give(inp.InstrumentsLoaded, instruments=(replace(bench.instruments[SYMBOL], taker_fee=fee),))
        bench.intent(size=Size(risk_pct=D("0.60")))
        quantities.append(bench.places(Role.ENTRY)[0].order.spec.quantity)
    assert (quantities[1] < quantities[0] / D("1.4")) is (factor == 2)
    assert factor == 2 or quantities[0] == quantities[1]


def test_rules_11_slippage_is_measured_against_the_arrival_mid():
    """Positive is paid: 50 over 50 000 are 10 bps."""
    bench = Bench()
    bench.marks[SYMBOL] = D("50000")
    bench.intent(entry=Entry(type="limit", price=D("50050"), ttl_ms=5_000), stop="49000")
    bench.fill(bench.entry().client_id, price="50050")
    assert bench.result().slippage_bps == D("10.00")
