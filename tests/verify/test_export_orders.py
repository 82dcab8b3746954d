"""What the venue lists in our name was planned so, and ended so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from holdfast.model import events as ev
from holdfast.model.ids import KILL_PREFIX
from holdfast.model.orders import AlgoStatus, Side
from holdfast.model.reports import AlgoReport, Channel
from holdfast.verify import Options, Report
from holdfast.verify.export import Export, rows_of
from holdfast.verify.run import check_export
from tests.verify.builders import D, Story, entry_spec, rows, stop_spec

ENTRY: dict[str, Any] = {
    "orderId": 1001, "clientOrderId": entry_spec().client_id, "symbol": "BTCUSDT", "status": "CANCELED", "side": "BUY",
    "type": "LIMIT", "price": "101.00", "origQty": "2.000", "executedQty": "0", "timeInForce": "IOC",
}  # fmt: skip
STOP: dict[str, Any] = {
    "algoId": 3001, "clientAlgoId": stop_spec().client_id, "symbol": "BTCUSDT", "algoStatus": "CANCELED",
    "side": "SELL", "orderType": "STOP_MARKET", "triggerPrice": "95.0", "quantity": "0.000", "closePosition": True,
    "workingType": "MARK_PRICE",
}  # fmt: skip


def story() -> Story:
    """An entry and a stop, planned, and the stop's end."""
    made = Story().begin()
    made.wait(1_000).accept()
    made.plan(entry_spec())
    made.plan(stop_spec())
    report = AlgoReport(
        channel=Channel.STREAM, symbol="BTCUSDT", client_id=stop_spec().client_id, algo_id=3001, side=Side.SELL,
        status=AlgoStatus.CANCELLED, trigger_price=D(95), venue_ms=made.ms,
    )  # fmt: skip
    made.event(ev.AlgoUpdated, report=report)
    return made


def judged(order: dict[str, Any] | None = None, algo: dict[str, Any] | None = None, early_ms: int = 0) -> Report:
    """The story against a history in which these fields are others."""
    made = story()
    at_ms = made.ms - early_ms
    orders = [{"time": at_ms, "updateTime": at_ms + 5, **ENTRY, **(order or {})}]
    algos = [{"createTime": at_ms, "updateTime": at_ms + 5, **STOP, **(algo or {})}]
    export = Export(
        rows_of("orders.json", json.dumps(orders).encode()), rows_of("algo_orders.json", json.dumps(algos).encode()),
        {}, {},
    )  # fmt: skip
    return check_export(rows(made.events), export, Options())


def test_what_was_planned_so_is_right():
    """Whatever number of zeros the venue writes."""
    report = judged()
    assert report.violations == []
    assert report.counts["orders_listed"] == 2


@pytest.mark.parametrize(
    ("order", "algo", "named"),
    [
        ({"origQty": "3"}, {}, "quantity is 3, recorded 2"),
        ({"price": "101.1"}, {}, "price is 101.1, recorded 101"),
        ({"side": "SELL"}, {}, "side is SELL, recorded BUY"),
        ({"type": "MARKET"}, {}, "type is MARKET, recorded LIMIT"),
        ({"timeInForce": "GTC"}, {}, "timeInForce is GTC, recorded IOC"),
        ({"symbol": "ETHUSDT"}, {}, "symbol is ETHUSDT, recorded BTCUSDT"),
        ({"positionSide": "LONG"}, {}, "positionSide is LONG, recorded BOTH"),
        ({}, {"triggerPrice": "94"}, "triggerPrice is 94, recorded 95"),
        ({}, {"orderType": "STOP"}, "type is STOP, recorded STOP_MARKET"),
        ({}, {"workingType": "CONTRACT_PRICE"}, "workingType is CONTRACT_PRICE, recorded MARK_PRICE"),
        ({}, {"closePosition": False}, "closePosition is false, recorded true"),
    ],
)
def test_i2_what_is_listed_otherwise_than_planned_is_found(order, algo, named):
    """Field by field, with the row."""
    (found,) = [v for v in judged(order, algo).violations if v.invariant == "I2"]
    assert named in found.sentence
    assert found.rows == ("orders.json row 1" if order else "algo_orders.json row 1",)


def test_i2_what_stood_there_before_its_record_is_found():
    """Half a second is more than any clock is off."""
    sentences = [violation.sentence for violation in judged(early_ms=500).violations]
    assert any("it arrived 500 ms before its record" in sentence for sentence in sentences)


def test_i2_what_nobody_planned_is_found():
    """With our prefix; the kill switch needs no record (RULES 16)."""
    other = "hf-e1-aaaaaaaaaaaaaaaaaaaaaaaa"
    assert "I2" in judged({"clientOrderId": other}).broken()
    report = judged({"clientOrderId": f"{KILL_PREFIX}1", "side": "SELL"})
    assert "I2" not in report.broken()
    assert report.counts["kill_orders"] == 1


@pytest.mark.parametrize("change", [{"algoStatus": "FINISHED"}, {"algoId": 3002}])
def test_i10_a_stop_that_ended_otherwise_is_found(change):
    """The journal tells how it ended."""
    assert "I10" in judged(algo=change).broken()


def test_i10_a_spawned_order_must_be_listed_as_such():
    """By its number and its name."""
    (found,) = judged(algo={"actualOrderId": "77"}).violations
    assert "spawned order 77, which is not listed as its own" in found.sentence
