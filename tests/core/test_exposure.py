"""What is open by any evidence, and what covers it (RULES 5)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.core import exposure
from holdfast.core.context import Context
from holdfast.model import inputs as inp
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoStatus
from holdfast.model.reports import PositionReport
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import silence


def context(bench: Bench) -> Context:
    """A context of the bench's engine, now."""
    engine = bench.engine
    return Context(engine.state, engine.around, engine.settings, engine.version, bench.now)


def test_an_execution_counts_before_its_fill_is_told():
    """The reply says how much executed; the fills follow on the stream."""
    bench = Bench().open_trade()
    entry = bench.entry()
    entry.executed += Decimal("0.5")
    opened = exposure.open_quantity(context(bench), bench.trade)
    assert opened == bench.trade.entry_filled + Decimal("0.5")


def test_what_exits_executed_is_no_longer_open():
    """The same holds for the way out."""
    bench = Bench().open_trade()
    bench.stop().executed = bench.trade.entry_filled
    assert exposure.open_quantity(context(bench), bench.trade) == 0


def test_a_position_row_is_evidence_while_the_entry_is_unheard():
    """Cover does not wait for the fills (RULES 5)."""
    bench = Bench()
    bench.script(Role.ENTRY, silence())
    bench.fills_entries = False
    bench.intent()
    bench.advance(50)
    row = PositionReport(symbol=SYMBOL, amount=Decimal("0.040"), entry_price=Decimal("50000"))
    bench.give(inp.AccountSeen, reason="ORDER", positions=(row,))
    assert exposure.open_quantity(context(bench), bench.trade) == Decimal("0.040")


def test_what_a_start_reads_is_younger_than_the_trades_it_finds():
    """Random day 702257: the clock of the process before was ahead, and only a position told of the fill."""
    bench = Bench()
    bench.silent_stream = True
    bench.script(Role.ENTRY, silence(landed=True))
    bench.intent()
    bench.failing_reads = {ReadKind.ORDER, ReadKind.ALL_ORDERS, ReadKind.TRADES}
    bench.restart(after_ms=-100)
    assert bench.now < bench.trade.accepted_ms
    assert exposure.open_quantity(context(bench), bench.trade) == bench.trade.plan.quantity
    assert bench.places(Role.STOP)


def test_an_armed_close_position_stop_covers_everything():
    """It follows the position."""
    bench = Bench().open_trade()
    assert exposure.cover_of(context(bench), bench.trade, Decimal("7")) == Decimal("7")


@pytest.mark.parametrize("spoil", ["cancel", "suspect"])
def test_a_stop_on_its_way_out_or_in_doubt_covers_nothing(spoil):
    """Neither is relied on."""
    bench = Bench().open_trade()
    if spoil == "cancel":
        bench.stop().cancel_asked = True
    else:
        bench.engine.around.suspected[bench.stop().client_id] = bench.now
    assert exposure.cover_of(context(bench), bench.trade, Decimal("7")) == 0


@pytest.mark.parametrize(("age_ms", "covers"), [(0, True), (2_000, True), (2_001, False)])
def test_rules_5_triggering_covers_for_two_seconds(age_ms, covers):
    """Then the watchdog decides."""
    bench = Bench().open_trade()
    stop = bench.stop()
    stop.status, stop.triggering_ms = AlgoStatus.TRIGGERING, bench.now - age_ms
    assert (exposure.cover_of(context(bench), bench.trade, Decimal("1")) == 1) is covers
