"""Quantities that our journal does not explain (RULES 4), and executions of others (I26)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model.ids import Role
from tests.core.bench import SYMBOL, Bench


def found(**settings: object) -> Bench:
    """Somebody else's position, looked into long enough."""
    bench = Bench(**settings)  # type: ignore[arg-type]
    bench.venue.amounts[SYMBOL] = Decimal("0.2")
    bench.coverage()
    bench.restart()
    bench.advance(6_000)
    return bench


def test_it_is_named_and_alarmed():
    """After the executions did not explain it."""
    bench = found()
    assert bench.state.foreign == {SYMBOL: Decimal("0.2")}
    assert f"FOREIGN_POSITION:{SYMBOL}" in bench.state.alarms


def test_halt_means_no_entries_on_the_symbol():
    """The default policy."""
    bench = found()
    bench.intent()
    assert bench.of(ev.IntentDenied)[-1].code in ("FOREIGN_POSITION", "SYMBOL_SETTINGS")


def test_adopt_makes_it_a_trade_with_a_stop():
    """At the configured distance from the mark."""
    bench = found(on_foreign="adopt", adopt_stop_pct=Decimal(2))
    assert [trade.plan.source for trade in bench.state.trades.values()] == ["adopted"]
    assert bench.places(Role.STOP)[0].order.spec.trigger_price == Decimal("49000.0")
    assert bench.trade.phase == "open"


def test_it_is_forgotten_when_the_venue_shows_none():
    """The alarm clears by itself."""
    bench = found()
    bench.venue.amounts[SYMBOL] = Decimal(0)
    bench.advance(70_000)
    assert bench.state.foreign == {}
    assert f"FOREIGN_POSITION:{SYMBOL}" not in bench.state.alarms


@pytest.mark.parametrize("policy", ["halt", "ignore"])
def test_nothing_of_it_is_closed_unasked(policy):
    """It is somebody's position."""
    bench = found(on_foreign=policy)
    assert bench.places(Role.CLOSE) == []
