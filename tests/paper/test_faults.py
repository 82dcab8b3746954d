"""Injected faults at both doors: what the client sees, and what the venue did all the same."""

import json
from decimal import Decimal
from typing import Any

import pytest

from holdfast.paper.faults import Fault, FaultBox, Match, RequestFacts
from tests.paper.desk import Desk, Reply
from tests.paper.requests.test_wsapi import ORDER, Line


def armed(verb: str, **fault: Any) -> Desk:
    """A desk with one fault waiting for an order."""
    desk = Desk()
    match = fault.pop("match", {"method": "order.place"})
    assert desk.control("fault", verb=verb, match=match, **fault)["ok"]
    return desk


def text_of(reply: Reply) -> str:
    """The message of an error."""
    return str(reply.body["msg"])


@pytest.mark.parametrize("executed", [True, False])
def test_the_unknown_503_says_the_same_whether_it_executed_or_not(executed: bool) -> None:
    """No code in the body, and nothing to tell the two apart."""
    desk = armed("503-unknown", executed=executed)
    reply = desk.order()
    assert reply.status == 503
    assert sorted(reply.body) == ["msg", "path", "timestamp"]
    assert text_of(reply) == "Unknown error, please check your request or try again later."
    assert desk.position() == (Decimal("0.010") if executed else 0)


@pytest.mark.parametrize(
    ("verb", "status", "message"),
    [
        ("503-unavailable", 503, "Service Unavailable."),
        ("-1007", 408, "Timeout waiting for response from backend server."),
        ("-1008", 503, "Request throttled by system-level protection."),
        ("throttle", 429, "Too many requests"),
    ],
)
def test_a_refusing_fault_executes_nothing(verb: str, status: int, message: str) -> None:
    """Status and text as the venue words them."""
    desk = armed(verb)
    reply = desk.order()
    assert (reply.status, text_of(reply).startswith(message)) == (status, True)
    assert desk.position() == 0


def test_a_timeout_may_hide_an_execution() -> None:
    """-1007 with `executed`."""
    desk = armed("-1007", executed=True)
    assert desk.order().code == -1007
    assert desk.position() == Decimal("0.010")


def test_the_order_limit_can_be_thrown() -> None:
    """`throttle` with code -1015."""
    assert armed("throttle", code=-1015).order().code == -1015


def test_overload_spares_what_only_reduces() -> None:
    """-1008 exempts reduce-only orders, cancels and reads, unless everything is asked for."""
    desk = armed("-1008", count=-1, match={})
    assert desk.call("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT").status == 200
    assert desk.order(reduceOnly="true").code == -2022
    assert desk.order().code == -1008
    strict = armed("-1008", count=-1, everything=True)
    assert strict.order(reduceOnly="true").code == -1008


@pytest.mark.parametrize(
    ("verb", "executed", "kind", "size"),
    [
        ("resp.drop", False, "hang", "0.010"),
        ("req.drop", False, "hang", "0"),
        ("reset", True, "reset", "0.010"),
        ("reset", False, "reset", "0"),
    ],
)
def test_a_silent_fault_gives_no_answer(verb: str, executed: bool, kind: str, size: str) -> None:
    """A connection that hangs or breaks tells nothing."""
    desk = armed(verb, executed=executed)
    assert desk.order().outcome.kind == kind
    assert desk.position() == Decimal(size)


def test_a_dropped_request_never_reached_the_venue() -> None:
    """The log has the fault but no request."""
    desk = armed("req.drop")
    desk.order()
    assert desk.records("req") == []
    assert [record["verb"] for record in desk.records("fault")] == ["req.drop", "req.drop"]


def test_the_log_keeps_the_verdict_of_a_swallowed_answer() -> None:
    """Status 200 with the fault beside it: the order exists."""
    desk = armed("resp.drop")
    desk.order()
    reply = desk.records("rep")[-1]
    assert (reply["status"], reply["fault"]) == (200, "resp.drop")


def test_a_page_in_place_of_an_answer() -> None:
    """An HTML body with a status of its own."""
    reply = armed("status", status=502, body="<html>bad gateway</html>").order()
    assert (reply.status, reply.outcome.body) == (502, b"<html>bad gateway</html>")
    assert reply.headers["Content-Type"] == "text/html"


def test_any_code_can_be_thrown() -> None:
    """A code that the venue never documented."""
    reply = armed("code", code=-9999, msg="brand new").order()
    assert (reply.status, reply.body) == (400, {"code": -9999, "msg": "brand new"})


def test_an_answer_can_be_late() -> None:
    """The order is there at once; the reply is sent after the delay."""
    desk = armed("delay", ms=1500)
    assert desk.order().outcome.delay_us == 1_500_000
    assert desk.position() == Decimal("0.010")


def test_a_late_request_with_a_key_that_is_revoked_is_refused() -> None:
    """Its account is nobody's (−2015); it was handed on without one."""
    desk = armed("late", ms=2000)
    desk.control("acct.perm", revoked=True)
    assert desk.order(recvWindow=5000).outcome.kind == "hang"
    desk.wait(3_000_000)
    assert desk.records("rep")[-1]["code"] == -2015


@pytest.mark.parametrize(("window", "executes"), [(5000, True), (1500, False)])
def test_rules_8_a_request_that_arrives_late_meets_its_window(window: int, executes: bool) -> None:
    """After two seconds on the way, recvWindow decides whether it may still act."""
    desk = armed("late", ms=2000)
    assert desk.order(recvWindow=window).outcome.kind == "hang"
    assert desk.position() == 0
    desk.wait(2_000_000)
    assert (desk.position() != 0) == executes
    assert executes or desk.records("rep")[-2]["code"] == -5028


def test_a_fault_waits_for_its_match_and_fires_as_often_as_told() -> None:
    """By client id prefix, twice."""
    desk = armed("503-unavailable", match={"client_id_prefix": "hf-"}, count=2)
    statuses = [desk.order(newClientOrderId=name).status for name in ("x-1", "hf-1", "hf-2", "hf-3")]
    assert statuses == [200, 503, 503, 200]


def test_count_zero_disarms_a_verb_and_clear_disarms_all() -> None:
    """Storms can be ended."""
    desk = armed("503-unavailable", count=-1)
    desk.control("fault", verb="503-unavailable", count=0)
    assert desk.order().status == 200
    desk.control("fault", verb="503-unavailable", count=-1)
    desk.control("fault", verb="clear")
    assert desk.order().status == 200


@pytest.mark.parametrize(
    ("match", "met"),
    [
        ({}, True),
        ({"method": "order.place"}, True),
        ({"method": "POST /fapi/v1/order"}, True),
        ({"method": "order.cancel"}, False),
        ({"via": "rest"}, True),
        ({"via": "wsapi"}, False),
        ({"account": "paper"}, True),
        ({"account": "other"}, False),
        ({"symbol": "BTCUSDT"}, True),
        ({"symbol": "ETHUSDT"}, False),
    ],
)
def test_what_a_fault_matches(match: dict[str, str], met: bool) -> None:
    """Every field narrows."""
    box = FaultBox()
    box.arm(Fault(verb="reset", match=Match(**match)), 0)
    facts = RequestFacts(
        via="rest",
        method="POST /fapi/v1/order",
        operation="order.place",
        account="paper",
        client_id="id",
        symbol="BTCUSDT",
        reducing=False,
    )
    assert (box.for_request(facts) is not None) == met


def test_over_the_ws_api_a_reset_breaks_the_connection() -> None:
    """The order is in the market, and the line is gone without a word."""
    line = Line()
    line.desk.control("fault", verb="reset", executed=True)
    line.desk.venue.drain()
    text = json.dumps({"id": 1, "method": "ticker.price", "params": {"symbol": "BTCUSDT"}})
    line.desk.venue.ws_text(9, text, line.desk.now_us)
    [close] = line.desk.sent(9)
    assert (close.code, close.abort) == (1006, True)


def test_over_the_ws_api_an_answer_can_be_dropped_or_late() -> None:
    """No reply at all, or one that comes with time."""
    line = Line()
    line.desk.control("fault", verb="resp.drop")
    assert line.send("ticker.price", {"symbol": "BTCUSDT"}) == []
    line.desk.control("fault", verb="delay", ms=50)
    assert line.send("ticker.price", {"symbol": "BTCUSDT"}) == []
    due = line.desk.venue.next_due_us()
    assert due == line.desk.now_us + 50_000
    line.desk.wait(50_000)
    assert line.desk.sent(9)[0]["status"] == 200


def test_over_the_ws_api_the_unknown_503_has_a_status() -> None:
    """The envelope carries 503 and the same words."""
    line = Line()
    line.desk.control("fault", verb="503-unknown", executed=True)
    reply = line.ask("order.place", ORDER)
    assert (reply["status"], reply["error"]["msg"].startswith("Unknown error")) == (503, True)
    assert line.desk.position() == Decimal("0.010")


def test_a_page_over_the_ws_api_breaks_the_connection() -> None:
    """HTML has no place in a frame."""
    line = Line()
    line.desk.control("fault", verb="status")
    [close] = line.send("ticker.price", {"symbol": "BTCUSDT"})
    assert close.code == 1011


def test_events_can_be_silenced_dropped_or_doubled() -> None:
    """By kind, by count, or for a time."""
    desk = Desk()
    desk.listen()
    limit = {"type": "LIMIT", "price": "79000.0"}
    desk.control("fault", verb="ws.dup", kinds=["ORDER_TRADE_UPDATE"])
    desk.order(**limit)
    assert desk.story() == ["ORDER NEW/NEW", "ORDER NEW/NEW"]
    desk.control("fault", verb="ws.drop", kinds=["TRADE_LITE"])
    desk.order()
    assert desk.story() == ["ORDER NEW/NEW", "ACCOUNT ORDER", "ORDER TRADE/FILLED"]
    desk.control("fault", verb="ws.silence", ms=1000)
    desk.order(**limit)
    desk.wait(999_999)
    desk.order(**limit)
    assert desk.story() == []
    desk.wait(1)
    desk.order(**limit)
    assert desk.story() == ["ORDER NEW/NEW"]


def test_only_delivered_events_are_logged_as_pushed() -> None:
    """A dropped event is no evidence."""
    desk = Desk()
    desk.listen()
    desk.control("fault", verb="ws.drop")
    desk.order(type="LIMIT", price="79000.0")
    assert desk.records("push") == []


def test_connections_can_be_closed_by_kind() -> None:
    """The private stream goes, the WS API stays."""
    desk = Desk()
    desk.listen()
    line = Line(desk)
    desk.venue.drain()
    assert desk.control("fault", verb="ws.close", kinds=["private"])["closed"] == 1
    assert desk.story() == ["CLOSE 1001"]
    assert line.send("ticker.price", {"symbol": "BTCUSDT"})[0]["status"] == 200
    assert desk.control("fault", verb="ws.close", kinds=["wsapi"])["closed"] == 1


def test_queries_can_lag() -> None:
    """An order that exists is answered with -2013 and missing from every list, for a while."""
    desk = Desk()
    desk.control("fault", verb="query.lag", ms=2000)
    order_id = desk.order(type="LIMIT", price="79000.0").body["orderId"]
    algo_id = desk.algo(quantity="0.010").body["algoId"]
    ids = {"symbol": "BTCUSDT", "orderId": order_id}
    assert desk.call("GET", "/fapi/v1/order", **ids).code == -2013
    assert desk.call("GET", "/fapi/v1/openOrders").body == []
    assert desk.call("GET", "/fapi/v1/allOrders", symbol="BTCUSDT").body == []
    assert desk.call("GET", "/fapi/v1/algoOrder", algoId=algo_id).code == -2013
    assert desk.call("GET", "/fapi/v1/openAlgoOrders").body == []
    desk.wait(2_000_000)
    assert desk.call("GET", "/fapi/v1/order", **ids).body["status"] == "NEW"
    assert len(desk.call("GET", "/fapi/v1/openAlgoOrders").body) == 1


def test_each_question_can_have_a_lag_of_its_own() -> None:
    """By operation, path, account or symbol (notes V.6); a lag without a match is for all, and its end ends all."""
    desk = Desk()
    desk.control("fault", verb="query.lag", ms=2000, match={"method": "openAlgoOrders"})
    desk.control("fault", verb="query.lag", ms=500, match={"method": "GET /fapi/v1/algoOrder"})
    assert [fault["ms"] for fault in desk.control("state")["faults"]] == [2000, 500]
    algo_id = desk.algo(quantity="0.010").body["algoId"]
    assert desk.call("GET", "/fapi/v1/algoOrder", algoId=algo_id).code == -2013
    assert len(desk.call("GET", "/fapi/v1/allAlgoOrders", symbol="BTCUSDT").body) == 1
    desk.wait(500_000)
    assert desk.call("GET", "/fapi/v1/algoOrder", algoId=algo_id).status == 200
    assert desk.call("GET", "/fapi/v1/openAlgoOrders").body == []
    desk.control("fault", verb="query.lag", ms=0, match={"method": "openAlgoOrders"})
    assert len(desk.call("GET", "/fapi/v1/openAlgoOrders").body) == 1
    desk.control("fault", verb="query.lag", count=0)
    assert desk.control("state")["faults"] == []


def test_a_stop_can_get_stuck_while_triggering() -> None:
    """It says TRIGGERING and nothing more; it cannot be cancelled, and the position stays."""
    desk = Desk()
    desk.order()
    desk.algo(clientAlgoId="s")
    desk.control("fault", verb="algo.stuck")
    desk.mark("70000")
    assert [record["status"] for record in desk.records("algo")] == ["NEW", "TRIGGERING"]
    assert desk.call("DELETE", "/fapi/v1/algoOrder", clientAlgoId="s").code == -4117
    assert desk.position() == Decimal("0.010")


def test_a_stuck_stop_that_has_ended_with_its_contract_stays_ended() -> None:
    """It came loose later, and was rejected after it had expired (simulated hour 1400119)."""
    desk = Desk()
    desk.order()
    desk.algo()
    desk.control("fault", verb="algo.stuck", ms=3_000)
    desk.mark("78000")
    desk.control("settle", symbol="BTCUSDT")
    desk.wait(5_000_000)
    assert [record["status"] for record in desk.records("algo")] == ["NEW", "TRIGGERING", "EXPIRED"]


def test_a_stuck_stop_can_come_loose() -> None:
    """After `ms` it does what a trigger does: it closes what is open then, or is rejected."""
    desk = Desk()
    desk.order()
    desk.algo(clientAlgoId="s")
    desk.control("fault", verb="algo.stuck", ms=3_000)
    desk.mark("70000")
    desk.wait(2_900_000)
    assert desk.position() == Decimal("0.010")
    desk.wait(200_000)
    assert desk.position() == 0
    assert desk.records("algo")[-1]["status"] == "FINISHED"


def test_a_stop_can_be_rejected_at_its_trigger() -> None:
    """With a reason of one's choice."""
    desk = Desk()
    desk.order()
    desk.algo()
    desk.control("fault", verb="algo.reject", reason="no reason")
    desk.mark("70000")
    assert desk.records("algo")[-1]["reason"] == "no reason"


def test_a_stop_can_vanish_without_a_word() -> None:
    """Now, or some time after its placement; queries and lists no longer know it."""
    desk = Desk()
    desk.listen()
    desk.algo(clientAlgoId="s")
    assert desk.control("fault", verb="algo.vanish", match={"client_id_prefix": "s"})["vanished"] == 1
    assert desk.story() == ["ALGO NEW"]
    assert desk.call("GET", "/fapi/v1/algoOrder", clientAlgoId="s").code == -2013
    assert desk.records("algo")[-1]["status"] == "EXPIRED"
    desk.control("fault", verb="algo.vanish", ms=5000)
    desk.algo(clientAlgoId="t")
    assert len(desk.call("GET", "/fapi/v1/openAlgoOrders").body) == 1
    desk.wait(5_000_000)
    assert desk.call("GET", "/fapi/v1/openAlgoOrders").body == []


def test_market_frames_are_silenced_only_by_their_kind() -> None:
    """A fault for user events leaves prices alone; one for bookTicker stops them for its time."""
    desk = Desk()
    desk.venue.ws_open(2, "/public/ws/btcusdt@bookTicker", desk.now_us)
    desk.control("fault", verb="ws.silence", ms=1000)
    desk.book("80001.0", "80001.1")
    assert len(desk.sent(2)) == 1
    desk.control("fault", verb="ws.silence", ms=1000, kinds=["bookTicker"])
    desk.book("80002.0", "80002.1")
    assert desk.sent(2) == []
    desk.wait(1_000_000)
    desk.book("80003.0", "80003.1")
    assert len(desk.sent(2)) == 1
