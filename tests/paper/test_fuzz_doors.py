"""Whatever is sent, the answer is one the venue documents: random requests through every route of both doors."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.paper.errors import MESSAGES
from holdfast.paper.requests.routes import REST, WS_API
from tests.paper.desk import KEY, Desk, Reply, sign

STATUSES = (200, 400, 401, 404, 418, 429)
# fmt: off
NAMES = [
    "symbol", "side", "positionSide", "type", "timeInForce", "quantity", "price", "reduceOnly", "newClientOrderId",
    "newOrderRespType", "priceMatch", "selfTradePreventionMode", "goodTillDate", "stopPrice", "closePosition",
    "activatePrice", "callbackRate", "workingType", "priceProtect", "orderId", "origClientOrderId", "orderIdList",
    "origClientOrderIdList", "batchOrders", "modifyId", "countdownTime", "algoType", "algoId", "clientAlgoId",
    "triggerPrice", "leverage", "marginType", "dualSidePosition", "multiAssetsMargin", "amount", "feeBurn",
    "incomeType", "startTime", "endTime", "fromId", "limit", "page", "interval", "pair", "contractType", "period",
    "autoCloseType", "listenKey", "recvWindow",
]
VALUES = [
    "BTCUSDT", "ETHUSDT", "btcusdt", "NOPE", "BUY", "SELL", "BOTH", "LONG", "LIMIT", "MARKET", "STOP_MARKET",
    "TAKE_PROFIT", "TRAILING_STOP_MARKET", "GTC", "IOC", "FOK", "GTX", "GTD", "GTE_GTC", "true", "false", "0", "1",
    "-1", "5", "20", "125", "500", "1000", "1501", "0.001", "0.010", "1.0000000000", "79000.0", "80000.1", "99999999",
    "1790000000000", "1790000900000", "1e5", "1E-7", "NaN", "-NaN", "Infinity", "1e999999", "1e-999999", "0x1F",
    "1_0", "MARK_PRICE", "CONTRACT_PRICE", "OPPONENT", "QUEUE_5", "NONE", "EXPIRE_BOTH", "ISOLATED", "CROSSED",
    "CONDITIONAL", "RESULT", "ACK", "PERPETUAL", "1m", "5m", "1h", "9z", "币安人生USDT", "[]", "{}", "[1]", '["a"]',
    "[{}]", "[[[[]]]]", "[1e999]", '{"a":1}', "null", '""', "%25", "a+b", ";", '\x00', '\u202e',
]
# fmt: on
GIANTS = ("9" * 30_000, "-" + "9" * 19, "9" * 20, "0." + "1" * 30_000, "[" * 5_000, "x" * 70_000, "[" + "{}," * 2_000)

value = st.one_of(
    st.sampled_from(VALUES), st.sampled_from(GIANTS), st.text(max_size=12), st.integers().map(str), st.floats().map(str)
)
params = st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=6)), value, max_size=10)
usual = st.fixed_dictionaries(
    {}, optional={"symbol": st.just("BTCUSDT"), "side": st.just("BUY"), "quantity": st.just("0.010")}
)
kind = st.sampled_from(("LIMIT", "MARKET", "STOP_MARKET", "TRAILING_STOP_MARKET", "STOP"))
plain = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def is_documented(status: int, body: Any) -> bool:
    """A status of A.6, and for a refusal a code of the table with a text."""
    if status == 200:
        return True
    return status in STATUSES and body["code"] in MESSAGES and isinstance(body["msg"], str) and bool(body["msg"])


def text_of(named: dict[str, str]) -> str:
    """A query, percent-encoded."""
    return "&".join(f"{quote(name, errors='replace')}={quote(text, errors='replace')}" for name, text in named.items())


@pytest.fixture(scope="module")
def desk() -> Desk:
    """One exchange for all of it: it must stand everything in a row."""
    desk = Desk()
    assert desk.venue.ws_open(9, "/ws-fapi/v1", desk.now_us)
    desk.listen()
    desk.control("limits", set={"weight_per_minute": None, "orders_per_minute": None, "orders_per_10_seconds": None})
    return desk


@pytest.mark.parametrize(("method", "path"), REST)
@plain
@given(named=params, base=usual, kind=kind)
def test_every_rest_route_answers_in_codes(
    desk: Desk, method: str, path: str, named: dict[str, str], base: dict[str, str], kind: str
) -> None:
    """Signed by the account, whatever the parameters are."""
    text = text_of({"type": kind, **base, **named, "timestamp": str(desk.now_us // 1000)})
    reply = desk.raw(method, f"{path}?{text}&signature={sign(text)}")
    assert is_documented(reply.status, reply.body), (reply.status, reply.body)
    desk.venue.drain()


@pytest.mark.parametrize("method", WS_API)
@plain
@given(named=params, base=usual, kind=kind, ident=st.one_of(st.none(), st.integers(-9, 9), st.text(max_size=3)))
def test_every_ws_method_answers_in_codes(
    desk: Desk, method: str, named: dict[str, str], base: dict[str, str], kind: str, ident: Any
) -> None:
    """The same over the WS API, with the id of the request."""
    full: dict[str, Any] = {"type": kind, **base, **named, "apiKey": KEY, "timestamp": desk.now_us // 1000}
    pairs = sorted((name, str(text)) for name, text in full.items() if name.lower() != "signature")
    full["signature"] = sign("&".join(f"{name}={text}" for name, text in pairs))
    desk.venue.ws_text(9, json.dumps({"id": ident, "method": method, "params": full}), desk.now_us)
    [reply] = desk.sent(9)
    assert reply["id"] == ident
    assert is_documented(reply["status"], reply.get("error")), reply


target = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=60)
broken = st.sampled_from(("%", "%%", "%f", "%zz", "%00", "%ff%fe", "&&&", "===", "?", "#", "\udcff", "\ud800"))


@settings(plain, max_examples=150)
@given(
    method=st.sampled_from(("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "")),
    path=st.sampled_from(sorted({path for _, path in REST})),
    tail=st.lists(st.one_of(target, broken), max_size=4),
    body=st.binary(max_size=200),
    key=st.one_of(st.just(KEY), st.text(max_size=5)),
)
def test_unsigned_noise_answers_in_codes(
    desk: Desk, method: str, path: str, tail: list[str], body: bytes, key: str
) -> None:
    """Targets and bodies of any characters and bytes."""
    outcome = desk.venue.http(method, f"{path}?{''.join(tail)}", {"x-mbx-apikey": key}, body, desk.now_us)
    reply = Reply(outcome)
    assert is_documented(reply.status, reply.body), (reply.status, reply.body)
    desk.venue.drain()


jsons = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@settings(plain, max_examples=150)
@given(frame=st.one_of(st.binary(max_size=80), jsons.map(msgspec.json.encode)), method=st.sampled_from(sorted(WS_API)))
def test_frames_of_any_bytes_are_answered(desk: Desk, frame: bytes, method: str) -> None:
    """Noise, JSON of any shape, and JSON of any shape as parameters."""
    for text in (frame, b'{"id":1,"method":"%s","params":%s}' % (method.encode(), frame)):
        desk.venue.ws_text(9, text, desk.now_us)
        [reply] = desk.sent(9)
        assert is_documented(reply["status"], reply.get("error")), reply


def test_nothing_of_it_broke_the_exchange(desk: Desk) -> None:
    """After all of it, orders still fill and reads still answer."""
    assert desk.order().status == 200
    assert desk.call("GET", "/fapi/v3/account").status == 200
