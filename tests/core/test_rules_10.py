"""RULES 10: resting entries."""

from decimal import Decimal

from holdfast.model.effects import SetTimer
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import OrderStatus, TimeInForce
from holdfast.model.settings import Venue as VenueName
from tests.core.bench import START_MS, SYMBOL, Bench

D = Decimal


def resting(ttl_ms: int = 30_000, **more: object) -> Bench:
    """A limit entry below the market."""
    bench = Bench(**more)  # type: ignore[arg-type]
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=ttl_ms), stop="49000")
    return bench


def test_rules_10_goes_as_gtd_610_s_ahead():
    """The venue wants more than 600 s; the engine cancels earlier."""
    spec = resting().places(Role.ENTRY)[0].order.spec
    assert (spec.time_in_force, spec.good_till_ms) == (TimeInForce.GTD, START_MS + 610_000)


def test_rules_10_a_longer_time_to_live_moves_the_date():
    """max(venue now + 610 s, its time to live)."""
    spec = resting(ttl_ms=3_600_000).places(Role.ENTRY)[0].order.spec
    assert spec.good_till_ms == START_MS + 3_600_000


def test_rules_10_the_engine_cancels_at_the_time_to_live():
    """Not a millisecond before; the intent expires."""
    bench = resting()
    bench.advance(29_999)
    assert bench.cancels(Role.ENTRY) == []
    bench.advance(1)
    assert len(bench.cancels(Role.ENTRY)) == 1
    assert (bench.result().status, bench.result().code) == ("expired", "TTL")


def test_rules_10_the_time_to_live_holds_over_a_restart():
    """The timer is set again; what ran out meanwhile is cancelled at once."""
    bench = resting()
    bench.restart(after_ms=40_000)
    bench.advance(100)
    assert bench.entry().status is OrderStatus.CANCELLED
    assert bench.result().status == "expired"


def test_rules_10_what_filled_before_the_time_ran_out_stays_protected():
    """The rest is cancelled and never re-sent."""
    bench = resting()
    bench.fill(bench.entry().client_id, "0.04")
    bench.advance(31_000)
    result = bench.result()
    assert (result.status, result.filled, result.rounded) == ("protected", D("0.04"), D("0.100"))
    assert bench.stop().armed
    assert len(bench.places(Role.ENTRY)) == 1


def test_rules_10_a_resting_entry_is_denied_on_live_where_it_could_be_naked():
    """Arming `after` and nobody watching: only with `allow_unattended_entries`, and the denial says so."""
    bench = resting()
    assert bench.result() is None
    live = Bench(start=False)
    live.settings = type(live.settings)(**{
        **{name: getattr(live.settings, name) for name in live.settings.__struct_fields__},
        "venue": VenueName.LIVE, "symbols": (SYMBOL,)})  # fmt: skip
    live._new_engine()
    live.boot_up()
    live.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=30_000), stop="49000")
    assert live.result().code == "UNATTENDED_ENTRY"


def test_rules_10_an_immediate_entry_sets_no_timer():
    """IOC ends by itself."""
    bench = Bench().open_trade()
    assert [timer for timer in bench.done(SetTimer) if timer.key.startswith("ttl:")] == []
