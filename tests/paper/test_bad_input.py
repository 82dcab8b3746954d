"""Bad input and its exact answer: HTTP status, code and text (protocol notes A, C, G, H)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.paper.desk import KEY, START_US, Desk, sign
from tests.paper.test_signing import ask, signed

NOW_MS = START_US // 1000
LIMIT = {"type": "LIMIT", "price": "79000.0"}


def mandatory(name: str) -> str:
    """The text of -1102."""
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def invalid(name: str) -> str:
    """The text of -1130."""
    return f"Data sent for parameter '{name}' is not valid."


ORDERS: list[tuple[dict[str, Any], int, str]] = [
    ({"symbol": ""}, -1102, mandatory("symbol")),
    ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
    ({"symbol": "币安人生USDT"}, -1121, "Invalid symbol."),
    ({"symbol": "\x00"}, -1121, "Invalid symbol."),
    ({"symbol": "BTCUSDT" * 1_000}, -1121, "Invalid symbol."),
    ({"symbol": "ＢＴＣＵＳＤＴ"}, -1121, "Invalid symbol."),
    ({"side": ""}, -1102, mandatory("side")),
    ({"side": "LONG"}, -1117, "Invalid side."),
    ({"type": ""}, -1102, mandatory("type")),
    ({"type": "ICEBERG"}, -1116, "Invalid orderType."),
    (
        {"type": "STOP_MARKET"},
        -4120,
        "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
    ),
    ({"positionSide": "UP"}, -4060, "Invalid position side."),
    ({"positionSide": "LONG"}, -4061, "Order's position side does not match user's setting."),
    ({"quantity": ""}, -1102, mandatory("quantity")),
    ({"quantity": "ten"}, -1102, mandatory("quantity")),
    ({"quantity": "NaN"}, -1102, mandatory("quantity")),
    ({"quantity": "sNaN"}, -1102, mandatory("quantity")),
    ({"quantity": "Infinity"}, -1102, mandatory("quantity")),
    ({"quantity": "-Infinity"}, -1102, mandatory("quantity")),
    ({"quantity": "1e999999"}, -1102, mandatory("quantity")),
    ({"quantity": "1e-999999999"}, -1102, mandatory("quantity")),
    ({"quantity": "1_000"}, -1102, mandatory("quantity")),
    ({"quantity": "١"}, -1102, mandatory("quantity")),
    ({"quantity": "1" * 100_000}, -1102, mandatory("quantity")),
    ({"quantity": "0." + "0" * 100_000 + "1"}, -1102, mandatory("quantity")),
    ({"quantity": "0x10"}, -1102, mandatory("quantity")),
    ({"quantity": " 1"}, -1102, mandatory("quantity")),
    ({"quantity": "[1]"}, -1102, mandatory("quantity")),
    ({"quantity": "0"}, -4003, "Quantity less than or equal to zero."),
    ({"quantity": "-1"}, -4003, "Quantity less than or equal to zero."),
    ({"quantity": "0.0001"}, -1111, "Precision is over the maximum defined for this asset."),
    ({"quantity": "99999"}, -4005, "Quantity greater than max quantity."),
    ({**LIMIT, "price": ""}, -1102, mandatory("price")),
    ({**LIMIT, "price": "1e30"}, -1102, mandatory("price")),
    ({**LIMIT, "price": "0"}, -4001, "Price less than 0."),
    ({**LIMIT, "price": "79000.001"}, -1111, "Precision is over the maximum defined for this asset."),
    ({**LIMIT, "price": "79000.05"}, -4014, "Price not increased by tick size."),
    ({**LIMIT, "timeInForce": "GOOD"}, -1115, "Invalid timeInForce."),
    ({**LIMIT, "reduceOnly": "yes"}, -1130, invalid("reduceOnly")),
    ({**LIMIT, "newClientOrderId": "a b"}, -4015, "Client order id is not valid."),
    ({**LIMIT, "newClientOrderId": "x" * 37}, -4015, "Client order id is not valid."),
    ({**LIMIT, "newClientOrderId": "é"}, -4015, "Client order id is not valid."),
    ({"newOrderRespType": "FULL"}, -1136, "Invalid newOrderRespType."),
    ({**LIMIT, "selfTradePreventionMode": "MAYBE"}, -5039, "Invalid self trade prevention mode."),
    ({**LIMIT, "price": "", "priceMatch": "BEST"}, -5037, "Invalid price match."),
    ({**LIMIT, "timeInForce": "GTD", "goodTillDate": "soon"}, -1102, mandatory("goodTillDate")),
    (
        {**LIMIT, "timeInForce": "GTD", "goodTillDate": "99999999999999999999"},
        -5040,
        "The goodTillDate timestamp must be greater than the current time plus 600 seconds "
        "and smaller than 253402300799000.",
    ),
    ({"timestamp": "yesterday"}, -1102, mandatory("timestamp")),
    ({"timestamp": "1.79e12"}, -1102, mandatory("timestamp")),
    ({"timestamp": f"{NOW_MS}.5"}, -1102, mandatory("timestamp")),
    ({"timestamp": "9" * 21}, -1102, mandatory("timestamp")),
    ({"timestamp": "-1"}, -1021, "Timestamp for this request is outside of the recvWindow."),
    ({"timestamp": NOW_MS - 5_001}, -1021, "Timestamp for this request is outside of the recvWindow."),
    ({"timestamp": NOW_MS + 1_000}, -1021, "Timestamp for this request was 1000ms ahead of the server's time."),
    ({"timestamp": "9" * 20}, -1021, "Timestamp for this request was 1000ms ahead of the server's time."),
    ({"recvWindow": "60001"}, -1130, invalid("recvWindow")),
    ({"recvWindow": "-1"}, -1130, invalid("recvWindow")),
    ({"recvWindow": "wide"}, -1102, mandatory("recvWindow")),
]

READS: list[tuple[str, dict[str, Any], int, str]] = [
    ("/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": "x"}, -1102, mandatory("orderId")),
    ("/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": "1" * 19}, -2013, "Order does not exist."),
    (
        "/fapi/v1/order",
        {"symbol": "BTCUSDT"},
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    ),
    ("/fapi/v1/allOrders", {"symbol": "BTCUSDT", "limit": "0"}, -1130, invalid("limit")),
    ("/fapi/v1/allOrders", {"symbol": "BTCUSDT", "limit": "-5"}, -1130, invalid("limit")),
    ("/fapi/v1/allOrders", {"symbol": "BTCUSDT", "limit": "ten"}, -1102, mandatory("limit")),
    (
        "/fapi/v1/userTrades",
        {"symbol": "BTCUSDT", "startTime": NOW_MS, "endTime": NOW_MS - 1},
        -1023,
        "Start time is greater than end time.",
    ),
    ("/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": "7"}, -4021, "7 is not valid depth limit"),
    ("/fapi/v1/depth", {}, -1102, mandatory("symbol")),
    ("/fapi/v1/leverageBracket", {"symbol": "NOPE"}, -1121, "Invalid symbol."),
]


@pytest.mark.parametrize(("changes", "code", "text"), ORDERS)
def test_a_bad_order_has_its_code_and_text(changes: dict[str, Any], code: int, text: str) -> None:
    """Protocol notes C.1, H: over REST, status 400."""
    reply = Desk().order(**changes)
    assert (reply.status, reply.body) == (400, {"code": code, "msg": text})


@pytest.mark.parametrize(("changes", "code", "text"), ORDERS)
def test_the_ws_api_says_the_same(changes: dict[str, Any], code: int, text: str) -> None:
    """Protocol notes G.1: the same code and text in its envelope."""
    base = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
    if changes.get("type") == "LIMIT":
        base["timeInForce"] = "GTC"
    params = {name: value for name, value in {**base, **changes}.items() if value != ""}
    reply = ask(Desk(), "order.place", signed(KEY, params))
    assert (reply["status"], reply["error"]) == (400, {"code": code, "msg": text})


@pytest.mark.parametrize(("path", "params", "code", "text"), READS)
def test_a_bad_read_has_its_code_and_text(path: str, params: dict[str, Any], code: int, text: str) -> None:
    """Protocol notes B, C.7, H."""
    reply = Desk().call("GET", path, **params)
    assert (reply.status, reply.body) == (400, {"code": code, "msg": text})


@pytest.mark.parametrize(
    ("method", "target", "key", "status", "code"),
    [
        ("GET", "/", "", 404, -5000),
        ("GET", "", "", 404, -5000),
        ("GET", "/fapi/v1/order/", KEY, 404, -5000),
        ("PATCH", "/fapi/v1/order", KEY, 404, -5000),
        ("OPTIONS", "/fapi/v1/order", KEY, 404, -5000),
        ("GET", "/FAPI/v1/ping", "", 404, -5000),
        ("GET", "/fapi/v1/%70ing", "", 404, -5000),
        ("GET", "http://else/fapi/v1/ping", "", 404, -5000),
        ("POST", "/fapi/v1/listenKey", "", 401, -2014),
        ("POST", "/fapi/v1/listenKey", "PAPER-KEY", 401, -2015),
        ("PUT", "/fapi/v1/listenKey", KEY, 400, -1125),
        ("POST", "/fapi/v1/order", "", 401, -2014),
        ("POST", "/fapi/v1/order?=&&==&%", KEY, 400, -1102),
        ("POST", f"/fapi/v1/order?timestamp={NOW_MS}&signature=%ZZ", KEY, 400, -1022),
        ("POST", f"/fapi/v1/order?timestamp={NOW_MS}&signature=" + "f" * 64, KEY, 400, -1022),
        ("POST", f"/fapi/v1/order?timestamp={NOW_MS}", KEY, 400, -1102),
        ("POST", "/fapi/v1/order?signature=00", KEY, 400, -1102),
        ("GET", "/fapi/v1/order?\udcff=\udcfe&signature=\udcfd", KEY, 400, -1102),
    ],
)
def test_a_bad_request_has_its_status_and_code(method: str, target: str, key: str, status: int, code: int) -> None:
    """Protocol notes A.3, A.4, A.6."""
    reply = Desk().raw(method, target, key=key)
    assert (reply.status, reply.code) == (status, code)


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        ("", 400, -1130),
        ("{", 400, -1130),
        ("[]", 400, -1130),
        ("null", 400, -1130),
        ("1e999", 400, -1130),
        ('"text"', 400, -1130),
        ("[" * 10_000, 400, -1130),
        ('{"id":1}', 400, -1130),
        ('{"id":1,"method":7}', 400, -1130),
        ('{"id":1,"method":"order.place","params":[]}', 400, -1130),
        ('{"id":1,"method":"order.place","params":"x"}', 400, -1130),
        ('{"id":1,"method":"order.place","params":{"symbol":"\\ud800"}}', 400, -1130),
        ('{"id":1,"method":""}', 400, -1020),
        ('{"id":1,"method":"/"}', 400, -1020),
        ('{"id":1,"method":"order.juggle"}', 400, -1020),
        ('{"id":1,"method":"order.place"}', 401, -2014),
        ('{"id":1,"method":"order.place","params":null}', 401, -2014),
        ('{"id":1,"method":"order.place","params":{"apiKey":{"a":[1]}}}', 401, -2015),
        ('{"id":1,"method":"depth","params":{"symbol":["BTCUSDT"]}}', 400, -1121),
        ('{"id":1,"method":"depth","params":{"symbol":"BTCUSDT","limit":5.0}}', 400, -1102),
        ('{"id":1,"method":"depth","params":{"symbol":"BTCUSDT","limit":true}}', 400, -1102),
        ('{"id":1,"method":"session.logon","params":{}}', 400, -1102),
        ('{"id":1,"method":"userDataStream.start","params":{}}', 401, -2014),
    ],
)
def test_a_bad_frame_has_its_status_and_code(text: str, status: int, code: int) -> None:
    """Protocol notes G.1: an answer to everything, with the id where one can be read."""
    desk = Desk()
    assert desk.venue.ws_open(9, "/ws-fapi/v1", desk.now_us)
    desk.venue.ws_text(9, text, desk.now_us)
    [reply] = desk.sent(9)
    assert (reply["status"], reply["error"]["code"]) == (status, code)
    readable = text.startswith('{"id":1') and "ud800" not in text
    assert reply["id"] == (1 if readable else None)


def test_a_frame_that_is_no_utf8_is_answered() -> None:
    """Bytes come as they are."""
    desk = Desk()
    assert desk.venue.ws_open(9, "/ws-fapi/v1", desk.now_us)
    desk.venue.ws_text(9, b'{"id":1,"method":"\xff"}', desk.now_us)
    assert desk.sent(9)[0]["error"]["code"] == -1130


def test_a_body_of_a_read_is_not_read() -> None:
    """Protocol notes A.2: GET has its parameters in the query only."""
    text = f"timestamp={NOW_MS}"
    assert Desk().raw("GET", "/fapi/v3/balance", body=f"{text}&signature={sign(text)}").code == -1102
