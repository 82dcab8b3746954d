"""The WebSocket API: signed messages, answers by id, and requests that are still in flight."""

import json
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from holdfast.binance import endpoints as ep
from holdfast.binance.outcomes import Op, classify
from holdfast.binance.replies import Unreadable
from holdfast.binance.requests import Request, simple
from holdfast.binance.signing import Ed25519Signer, HmacSigner
from holdfast.binance.wsapi import InFlight, encode, logon, parse
from holdfast.model.reasons import Outcome

SIGNER = HmacSigner("paper-key-01", "paper-secret-7f3c")
ORDER = Request(ep.PLACE_ORDER, {"newClientOrderId": "eng-000018", "quantity": "0.005", "side": "SELL"}, 0)


def test_an_order_as_documented() -> None:
    """The message and signature of the own vector of protocol notes A.4."""
    request = simple(
        ep.PLACE_ORDER, newClientOrderId="eng-000018", quantity="0.005", side="SELL", symbol="BTCUSDT", type="MARKET"
    )
    message = json.loads(encode(7, request, SIGNER, 1790000001456, 5000))
    assert (message["id"], message["method"]) == (7, "order.place")
    assert message["params"]["signature"] == "5f43dcc3ce7b4e5d1bbfb144d21f1c386a4ef2a68bea188bcb73e390674cfa02"
    assert (message["params"]["timestamp"], message["params"]["recvWindow"]) == (1790000001456, 5000)


def test_the_signature_covers_what_is_sent() -> None:
    """Sorted, without the signature itself."""
    params = json.loads(encode(1, ORDER, SIGNER, 1, 2))["params"]
    signature = params.pop("signature")
    assert SIGNER.sign(urlencode(sorted(params.items())).encode()) == signature


def test_a_logged_on_session_needs_no_signature() -> None:
    """Neither key nor signature travels; the timestamp does."""
    params = json.loads(encode(1, ORDER, None, 17, 2))["params"]
    assert "signature" not in params
    assert "apiKey" not in params
    assert params["timestamp"] == 17


def test_the_request_is_not_changed_by_encoding() -> None:
    """The same request may have to go by REST after all."""
    encode(1, ORDER, SIGNER, 1, 2)
    assert "signature" not in ORDER.params


def test_only_an_ed25519_key_logs_on() -> None:
    """`session.logon` with key, timestamp and signature."""
    form = serialization.PrivateFormat.PKCS8
    pem = Ed25519PrivateKey.generate().private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    message = json.loads(logon(1, Ed25519Signer("paper-key-01", pem.decode()), 17))
    assert message["method"] == "session.logon"
    assert set(message["params"]) == {"apiKey", "recvWindow", "signature", "timestamp"}
    with pytest.raises(AssertionError, match="invariant"):
        logon(1, SIGNER, 17)


OK = b"""{"id":7,"status":200,"result":{"orderId":1},"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND",
"intervalNum":10,"limit":300,"count":4}]}"""
REFUSED = b'{"id":7,"status":400,"error":{"code":-2019,"msg":"Margin is insufficient."}}'


def test_a_result() -> None:
    """Id, status, the raw result and the counters."""
    reply = parse(OK)
    assert (reply.request_id, reply.status, bytes(reply.result)) == (7, 200, b'{"orderId":1}')
    assert reply.rate_limits[0].count == 4
    assert reply.answer(parsed=True) == (200, 0, "", True, True, 0)


def test_an_error() -> None:
    """Code and text reach the outcome table."""
    outcome = classify(Op.PLACE_ONCE, parse(REFUSED).answer(parsed=False), 1)
    assert (outcome.outcome, outcome.code) == (Outcome.REJECTED, -2019)


@pytest.mark.parametrize(
    "body",
    [
        b'{"id":7,"status":200,"error":{"code":-2019,"msg":"x"}}',
        b'{"id":7,"status":503,"error":{"code":-1000,"msg":"Unknown error, please check your request"}}',
        b'{"id":7,"status":408,"error":{"code":-1007,"msg":"Timeout"}}',
        b'{"id":7,"status":400}',
        b'{"id":7,"status":200}',
    ],
)
def test_rules_1_contradictory_answers_are_unknown(body: bytes) -> None:
    """An error under status 200, a refusal without an error, a result that is none."""
    assert classify(Op.PLACE_ONCE, parse(body).answer(parsed=False), 1).outcome is Outcome.UNKNOWN


def test_an_answer_to_nothing_of_ours() -> None:
    """A revoked key is told under id null."""
    assert parse(b'{"id":null,"status":401,"error":{"code":-2015,"msg":"x"}}').request_id is None
    assert parse(b'{"id":"abc","status":200}').request_id is None


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b'{"id":7}', OK[:-1]])
def test_what_is_no_answer(body: bytes) -> None:
    """Unreadable, and therefore no answer to anything."""
    with pytest.raises(Unreadable):
        parse(body)


def test_each_answer_finds_its_request() -> None:
    """In any order, each once (fault A21)."""
    waiting: InFlight[str] = InFlight()
    first, second = waiting.new_id(), waiting.new_id()
    waiting.add(first, 1, "first")
    waiting.add(second, 2, "second")
    assert (waiting.take(second), waiting.take(first), waiting.take(first)) == ("second", "first", None)
    assert waiting.take(None) is None


def test_requests_time_out_oldest_first() -> None:
    """Those whose deadline has come, and no others."""
    waiting: InFlight[str] = InFlight()
    for number, deadline in enumerate((1, 2, 3)):
        waiting.add(waiting.new_id(), deadline, f"r{number}")
    assert waiting.first_deadline_us() == 1
    assert waiting.expire(2) == ["r0", "r1"]
    assert (waiting.first_deadline_us(), len(waiting)) == (3, 1)


def test_a_connection_that_ends_leaves_its_requests() -> None:
    """All of them, once, in the order of sending."""
    waiting: InFlight[str] = InFlight()
    waiting.add(waiting.new_id(), 1, "a")
    waiting.add(waiting.new_id(), 1, "b")
    assert waiting.drain() == ["a", "b"]
    assert (waiting.drain(), waiting.first_deadline_us()) == ([], None)
