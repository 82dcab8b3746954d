"""Every verb of the fault vocabulary (2.0) that a venue can show: armed by the control door, and seen by a client."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from holdfast.paper.control.door import WORLD_VERBS
from holdfast.paper.faults import VERBS
from tests.paper.desk import SECOND, Desk

ENGINE_VERBS = (
    "proc.kill",
    "proc.pause",
    "loop.stall",
    "disk.full",
    "disk.eio",
    "disk.torn",
    "disk.flip",
    "db.failover",
    "lease.cut",
    "mq.redeliver",
    "mq.lose",
    "mq.reorder",
    "clock.jump",
    "clock.drift",
)
"""Faults of the process that trades, its disk, queues and clock: its simulator has them, a venue cannot."""


def arm(desk: Desk, verb: str, **fields: Any) -> None:
    """Arm a fault, which the door must take."""
    answer = desk.control("fault", verb=verb, **fields)
    assert answer["ok"], answer


def sends(verb: str, kind: str, **fields: Any) -> Callable[[Desk], bool]:
    """The client's order ends in an outcome of this kind."""

    def fires(desk: Desk) -> bool:
        arm(desk, verb, **fields)
        return desk.order().outcome.kind == kind

    return fires


def answers(verb: str, status: int, **fields: Any) -> Callable[[Desk], bool]:
    """The client's order is answered with this status."""

    def fires(desk: Desk) -> bool:
        arm(desk, verb, **fields)
        return desk.order().status == status

    return fires


def hears(verb: str, story: list[str], **fields: Any) -> Callable[[Desk], bool]:
    """The user stream tells this of a market order."""

    def fires(desk: Desk) -> bool:
        desk.listen()
        arm(desk, verb, **fields)
        desk.order()
        return desk.story() == story

    return fires


def _late(desk: Desk) -> bool:
    arm(desk, "late", ms=1000)
    kind = desk.order(recvWindow=5000).outcome.kind
    desk.wait(2 * SECOND)
    return kind == "hang" and desk.position() != 0


def _delay(desk: Desk) -> bool:
    arm(desk, "delay", ms=3000)
    return desk.order().outcome.delay_us == 3 * SECOND


def _dup(desk: Desk) -> bool:
    arm(desk, "dup")
    return desk.order().status == 200 and desk.position() == Decimal("0.020")


def _query_lag(desk: Desk) -> bool:
    arm(desk, "query.lag", ms=60_000)
    desk.order(type="LIMIT", price="79000.0", newClientOrderId="x")
    return desk.call("GET", "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId="x").code == -2013


def _expires(desk: Desk) -> bool:
    desk.listen()
    arm(desk, "lk.expire")
    return desk.story() == ["listenKeyExpired"]


def _closes(verb: str, code: str) -> Callable[[Desk], bool]:
    def fires(desk: Desk) -> bool:
        desk.listen()
        arm(desk, verb, **({"code": 1001} if verb == "ws.close" else {}))
        return desk.story() == [f"CLOSE {code}"]

    return fires


def _triggered(verb: str, status: str, **fields: Any) -> Callable[[Desk], bool]:
    def fires(desk: Desk) -> bool:
        desk.order()
        arm(desk, verb, **fields)
        desk.algo()
        desk.mark("78000")
        return bool(desk.records("algo")[-1]["status"] == status)

    return fires


def _vanishes(desk: Desk) -> bool:
    desk.order()
    desk.algo()
    arm(desk, "algo.vanish")
    return desk.call("GET", "/fapi/v1/openAlgoOrders").body == []


def world(
    verb: str, check: Callable[[Desk], object], *, position: bool = False, **fields: Any
) -> Callable[[Desk], bool]:
    """The verb changes the world at once, and the client sees it."""

    def fires(desk: Desk) -> bool:
        if position:
            desk.order()
        arm(desk, verb, **fields)
        return bool(check(desk))

    return fires


TRADE = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
FLOOR = {"MIN_NOTIONAL": {"notional": "100000"}}
TIER = {
    "bracket": 1,
    "initialLeverage": 2,
    "notionalCap": 1000,
    "notionalFloor": 0,
    "maintMarginRatio": "0.1",
    "cum": 0,
}
QUIET = ["ACCOUNT ORDER", "TRADE_LITE"]

FIRES: dict[str, Callable[[Desk], bool]] = {
    "503-unknown": answers("503-unknown", 503, executed=True),
    "503-unavailable": answers("503-unavailable", 503),
    "-1007": answers("-1007", 408),
    "-1008": answers("-1008", 503),
    "throttle": answers("throttle", 429),
    "status": answers("status", 502),
    "code": answers("code", 400, code=-1000),
    "resp.drop": sends("resp.drop", "hang"),
    "req.drop": sends("req.drop", "hang"),
    "reset": sends("reset", "reset"),
    "delay": _delay,
    "late": _late,
    "dup": _dup,
    "query.lag": _query_lag,
    "ws.silence": hears("ws.silence", [], ms=60_000),
    "ws.drop": hears("ws.drop", ["TRADE_LITE", "ACCOUNT ORDER", "ORDER TRADE/FILLED"]),
    "ws.dup": hears("ws.dup", ["ORDER NEW/NEW", "ORDER NEW/NEW", "TRADE_LITE", "ACCOUNT ORDER", "ORDER TRADE/FILLED"]),
    "ws.delay": hears("ws.delay", [], ms=5000),
    "ws.reorder": hears("ws.reorder", ["TRADE_LITE", "ORDER NEW/NEW", "ACCOUNT ORDER", "ORDER TRADE/FILLED"]),
    "ws.close": _closes("ws.close", "1001"),
    "lk.expire": _expires,
    "lk.delete": _closes("lk.delete", "1000"),
    "algo.stuck": _triggered("algo.stuck", "TRIGGERING"),
    "algo.reject": _triggered("algo.reject", "REJECTED"),
    "algo.vanish": _vanishes,
    "book.gap": world("book.gap", lambda desk: desk.position() != 0, position=True, symbol="BTCUSDT", percent="-5"),
    "book.thin": world("book.thin", lambda desk: desk.order() and desk.position() < 1, symbol="BTCUSDT", part="0.001"),
    "filters.set": world("filters.set", lambda desk: desk.order().code == -4164, symbol="BTCUSDT", filters=FLOOR),
    "bracket.set": world(
        "bracket.set",
        lambda desk: desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=20).code == -4028,
        symbol="BTCUSDT",
        brackets=[TIER],
    ),
    "status.set": world("status.set", lambda desk: desk.order().status == 400, symbol="BTCUSDT", status="BREAK"),
    "acct.mode": world("acct.mode", lambda desk: desk.order().code == -4061, hedge=True),
    "acct.perm": world("acct.perm", lambda desk: desk.order().code == -4087, may="reduce"),
    "liq": world("liq", lambda desk: desk.position() == 0, position=True),
    "adl": world("adl", lambda desk: desk.position() == 0, position=True, symbol="BTCUSDT"),
    "settle": world("settle", lambda desk: desk.position() == 0, position=True, symbol="BTCUSDT"),
    "human.trade": world("human.trade", lambda desk: desk.position() == Decimal("0.010"), **TRADE),
    "human.cancel": world("human.cancel", lambda _desk: True, symbol="BTCUSDT", all=True),
}


@pytest.mark.parametrize("verb", list(FIRES))
def test_every_verb_of_the_vocabulary_fires(verb: str) -> None:
    """Armed by the control door, it is seen by the client."""
    if verb not in (*VERBS, *WORLD_VERBS):
        pytest.skip(f"{verb} comes with the streams")
    assert FIRES[verb](Desk())


def test_no_verb_is_without_a_test() -> None:
    """What the door takes is listed here."""
    assert sorted({*VERBS, *WORLD_VERBS} - FIRES.keys()) == []


@pytest.mark.parametrize("verb", ENGINE_VERBS)
def test_a_fault_of_the_engine_is_none_of_the_venue(verb: str) -> None:
    """It is refused with the list of those that are."""
    assert "known:" in Desk().control("fault", verb=verb)["error"]


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize("verb", ["503-unknown", "-1007", "-1008", "status", "reset", "code"])
def test_an_unknown_outcome_comes_both_ways(verb: str, executed: bool) -> None:
    """A3, A6, V8: the same answer, whether the order was executed or not."""
    desk = Desk()
    desk.control("fault", verb=verb, executed=executed)
    desk.order()
    assert (desk.position() != 0) == executed
