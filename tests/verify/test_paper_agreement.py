"""The paper exchange's own log, read by the checker: it is readable, and never contradicts itself."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings

from holdfast.model.ids import KILL_PREFIX, Role, client_order_id
from holdfast.verify import Options, Report, check
from holdfast.verify.records import VenueRecord, decode_line
from tests.paper.desk import SECOND, Desk
from tests.paper.test_laws import STEPS, Life


def lines(log: list[dict[str, Any]]) -> list[VenueRecord]:
    """The log as it would be read from its file."""
    return [decode_line(msgspec.json.encode(record), n) for n, record in enumerate(log, start=1)]


def judged(desk: Desk, **options: Any) -> Report:
    """The log against an empty journal."""
    return check([], lines(desk.log), Options(**options))


@settings(max_examples=15)
@given(STEPS)
def test_whatever_strangers_do_the_log_adds_up(steps):
    """Trades are positions, income is trades, orders go forward: for any life without an engine."""
    life = Life()
    for step in steps:
        life.take(step)
    assert [v.sentence for v in judged(life.desk).violations] == []


def test_orders_with_our_prefix_need_a_journal():
    """An empty journal explains none of them, and the naked position is seen."""
    desk = Desk()
    desk.listen()
    desk.call("GET", "/fapi/v3/positionRisk")
    desk.order(newClientOrderId=client_order_id("paper", "i1", Role.ENTRY, 1))
    desk.wait(2 * SECOND)
    desk.call("GET", "/fapi/v3/positionRisk")
    assert {"I2", "I3"} <= set(judged(desk).broken())


def test_rules_16_a_kill_leaves_a_log_without_violations():
    """Its closes reduce, and need no record."""
    desk = Desk()
    desk.listen()
    desk.order(newClientOrderId="by-hand")
    desk.order(side="SELL", reduceOnly="true", newClientOrderId=f"{KILL_PREFIX}1")
    report = judged(desk)
    assert report.violations == []
    assert report.counts["kill_orders"] == 1


def test_a_stop_of_ours_is_followed_through_its_whole_life():
    """Armed, triggering, triggered, finished, and the child's fills: the cover is never missed."""
    desk = Desk()
    desk.listen()
    desk.call("GET", "/fapi/v3/positionRisk")
    desk.order(newClientOrderId=client_order_id("paper", "i1", Role.ENTRY, 1))
    desk.algo(clientAlgoId=client_order_id("paper", "i1", Role.STOP, 1))
    desk.wait(60 * SECOND)
    desk.mark("78900")
    desk.wait(SECOND)
    report = judged(desk)
    assert report.broken() == ["I2"], "only the journal is missing"
    assert report.measures["naked_ms"]["max"] == 0
    assert report.counts["fills"] == 2
