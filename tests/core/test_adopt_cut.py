"""A lost or old journal: unknown orders with our prefix halt until an operator names the cut (RULES 8)."""

from __future__ import annotations

from decimal import Decimal

from holdfast.core.engine import Engine
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.orders import OrderStatus, Side
from holdfast.model.reports import Channel, OrderReport
from tests.core.bench import SYMBOL, Bench

STRAY = "hf-e1-aaaaaaaaaaaaaaaaaaaaaaaa"


def stray(status: OrderStatus = OrderStatus.WORKING) -> OrderReport:
    """An order of an engine that this journal never heard of."""
    return OrderReport(
        channel=Channel.STREAM,
        symbol=SYMBOL,
        client_id=STRAY,
        order_id=77,
        side=Side.BUY,
        status=status,
        executed=Decimal(0),
        quantity=Decimal("0.1"),
    )


def cut() -> Bench:
    """A bench that has met one."""
    bench = Bench()
    bench.give(inp.OrderSeen, report=stray())
    return bench


def test_rules_8_an_unknown_order_of_ours_halts():
    """It means a second engine, or a journal that is lost or old."""
    bench = cut()
    assert bench.state.effective == "halted"
    assert "SECOND_ENGINE:account" in bench.state.alarms


def test_rules_8_it_is_never_cancelled():
    """The sweep cancels only what the journal derives."""
    bench = cut()
    bench.advance(10_000)
    assert bench.of(ev.CancelPlanned) == []


def test_rules_8_the_preparation_names_it():
    """The operator sees what would be accepted."""
    bench = cut()
    bench.give(inp.Command, what="resume_prepare", by="me", reason="looked")
    assert bench.of(ev.ResumePrepared)[-1].summary["unexplained_orders"] == STRAY


def test_rules_8_adopting_names_the_cut_and_lifts_the_halt():
    """The record says which ids, who and why."""
    bench = cut()
    bench.give(inp.Command, what="adopt", by="me", reason="old backup")
    bench.advance(2_000)
    found = bench.of(ev.CutAdopted)
    assert [(event.client_ids, event.by, event.reason) for event in found] == [((STRAY,), "me", "old backup")]
    assert bench.state.effective == "active"


def test_rules_8_an_adopted_id_does_not_halt_again():
    """Also after a restart: it stands in the journal."""
    bench = cut()
    bench.give(inp.Command, what="adopt", by="me", reason="old backup")
    bench.advance(2_000)
    bench.give(inp.OrderSeen, report=stray(OrderStatus.CANCELLED))
    assert bench.state.effective == "active"
    again = Engine(bench.engine.settings, bench.engine.version)
    for event in bench.events:
        again.apply(event)
    assert again.state.strangers == {STRAY: True}


def test_adopting_nothing_changes_nothing():
    """A command by mistake."""
    bench = Bench()
    bench.give(inp.Command, what="adopt", by="me", reason="")
    assert bench.of(ev.CutAdopted) == []
