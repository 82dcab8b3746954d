"""A status text that this version does not know (fault B10): nothing is claimed, a human is told, the venue asked."""

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model.effects import Read
from holdfast.model.ids import Role
from holdfast.model.inputs import AlgoSeen, OrderSeen
from holdfast.model.orders import AlgoStatus, OrderStatus, Side
from holdfast.model.reports import AlgoReport, Channel, OrderReport
from tests.core.bench import SYMBOL, Bench


def of_entry(bench: Bench, channel: Channel) -> OrderReport:
    """The entry, in a state that nobody knows."""
    return OrderReport(
        channel=channel,
        symbol=SYMBOL,
        client_id=bench.places(Role.ENTRY)[0].order.spec.client_id,
        order_id=1,
        side=Side.BUY,
        status=OrderStatus.SENT,
        executed=Decimal(0),
        quantity=Decimal("0.1"),
        reason="unknown_status:HIBERNATING",
    )


def of_stop(bench: Bench, channel: Channel) -> AlgoReport:
    """The stop, in a state that nobody knows."""
    return AlgoReport(
        channel=channel,
        symbol=SYMBOL,
        client_id=bench.stop().client_id,
        algo_id=bench.stop().algo_id or 0,
        side=Side.SELL,
        status=AlgoStatus.SENT,
        trigger_price=Decimal(49500),
        reason="unknown_status:PAUSED",
    )


def questions(bench: Bench) -> list[str]:
    """The orders whose state was asked for, in order."""
    reads = [effect for _, effect in bench.effects if isinstance(effect, Read)]
    return [read.client_id for read in reads if read.purpose.startswith("state:")]


@pytest.mark.parametrize(("channel", "asked"), [(Channel.STREAM, 1), (Channel.QUERY, 0)])
@pytest.mark.parametrize("what", ["entry", "stop"])
def test_an_unknown_status_is_asked_about_once(channel: Channel, asked: int, what: str) -> None:
    """A pushed one leads to a question; an answer that is just as unclear does not lead to the next."""
    bench = Bench().open_trade()
    before = len(questions(bench))
    report = of_entry(bench, channel) if what == "entry" else of_stop(bench, channel)
    status = bench.stop().status
    if isinstance(report, OrderReport):
        bench.give(OrderSeen, report=report)
    else:
        bench.give(AlgoSeen, report=report)
    assert questions(bench)[before:] == [report.client_id] * asked
    assert "UNKNOWN_CODE" in {event.code.value for event in bench.of(ev.AlarmRaised)}
    assert bench.stop().status is status
