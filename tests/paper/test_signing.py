"""Signing in all its forms, on both doors: key types, signature bases, switches (protocol notes A.2 to A.4, G.2)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from holdfast.paper.config import AccountConfig
from holdfast.paper.requests.auth import Key, load_keys
from tests.paper.desk import KEY, START_US, Desk, Reply, sign
from tests.paper.requests.test_auth import ED25519, PEM

NOW_MS = START_US // 1000
RSA = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
RSA_PEM = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ORDER = f"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.010&timestamp={NOW_MS}"


def account(**changes: Any) -> AccountConfig:
    """An account with a key of each kind."""
    own: dict[str, Any] = {"name": "paper", "api_key": KEY, "api_secret": "paper-secret"}
    own |= {"ed25519_api_key": "ed", "ed25519_public_pem": PEM, "rsa_api_key": "rsa", "rsa_public_pem": RSA_PEM}
    return AccountConfig(**(own | changes))


def signature_of(key: str, text: str) -> str:
    """The signature of one of the three keys."""
    if key == "ed":
        return base64.b64encode(ED25519.sign(text.encode())).decode()
    if key == "rsa":
        return base64.b64encode(RSA.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    return sign(text)


def post(desk: Desk, query: str = "", body: str = "", key: str = KEY) -> Reply:
    """Send an order signed elsewhere."""
    return desk.raw("POST", "/fapi/v1/order" + (f"?{query}" if query else ""), body=body, key=key)


def ask(desk: Desk, method: str, params: dict[str, Any]) -> Any:
    """One WS API request on connection 9, as it is."""
    if 9 not in desk.venue.exchange.ws_api:
        assert desk.venue.ws_open(9, "/ws-fapi/v1", desk.now_us)
    desk.venue.ws_text(9, json.dumps({"id": "r", "method": method, "params": params}), desk.now_us)
    return desk.sent(9)[0]


def signed(key: str, params: dict[str, Any], *, encode: bool = False) -> dict[str, Any]:
    """Parameters with a signature over their sorted text."""
    full = {"apiKey": key, "timestamp": NOW_MS, **params}
    shown = {name: json.dumps(value) if not isinstance(value, str) else value for name, value in full.items()}
    text = "&".join(f"{name}={quote(shown[name], safe='') if encode else shown[name]}" for name in sorted(shown))
    return full | {"signature": signature_of(key, text)}


WS_ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}


@pytest.mark.parametrize("key", [KEY, "ed", "rsa"])
def test_each_kind_of_key_signs_on_both_doors(key: str) -> None:
    """Protocol notes A.4: HMAC in hex, RSA and Ed25519 in base64, percent-encoded over REST."""
    desk = Desk(accounts=[account()])
    signature = quote(signature_of(key, ORDER), safe="")
    assert post(desk, f"{ORDER}&signature={signature}", key=key).status == 200
    assert post(desk, "", f"{ORDER}&signature={signature}", key=key).status == 200
    assert ask(desk, "order.place", signed(key, WS_ORDER))["status"] == 200
    assert post(desk, f"{ORDER}&positionSide=BOTH&signature={signature}", key=key).code == -1022


@pytest.mark.parametrize("key", [KEY, "ed", "rsa"])
@pytest.mark.parametrize("signature", ["", "00", "é", "====", "A" * 5_000, "%00", "null"])
def test_a_signature_that_is_none_is_refused(key: str, signature: str) -> None:
    """-1022, or -1102 when it is empty; nothing breaks."""
    desk = Desk(accounts=[account()])
    code = -1022 if signature else -1102
    assert post(desk, f"{ORDER}&signature={quote(signature)}", key=key).code == code
    reply = ask(desk, "order.place", {**signed(key, WS_ORDER), "signature": signature})
    assert reply["error"]["code"] == code


def test_the_published_mixed_example_needs_its_stray_space() -> None:
    """Protocol notes A.4: the published value is reproduced with a space after `timestamp=` only."""
    secret = b"2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
    text = b"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTCquantity=1&price=9000&recvWindow=5000&timestamp= "
    signature = hmac.new(secret, text + b"1591702613943", hashlib.sha256).hexdigest()
    assert (signature[:8], signature[-6:]) == ("f9d0ae5e", "6e36f2")
    assert Key("a", secret, None).verifies(text + b"1591702613943", signature)


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        (
            "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.010&price=81234.50"
            "&newClientOrderId=eng-000017&newOrderRespType=RESULT&recvWindow=5000&timestamp=1790000000123",
            "5585ac0201b2f1e3c2a9fe526563ba337487a7df0df1bec3ebb6a3591a223e63",
        ),
        (
            "apiKey=paper-key-01&newClientOrderId=eng-000018&quantity=0.005&recvWindow=5000&side=SELL"
            "&symbol=BTCUSDT&timestamp=1790000001456&type=MARKET",
            "5f43dcc3ce7b4e5d1bbfb144d21f1c386a4ef2a68bea188bcb73e390674cfa02",
        ),
    ],
)
def test_own_vectors_verify(text: str, signature: str) -> None:
    """Protocol notes A.4, the vectors of a REST and of a WS API request."""
    assert Key("a", b"paper-secret-7f3c", None).verifies(text.encode(), signature)


def test_the_ws_vector_is_accepted_whole() -> None:
    """Protocol notes G.3: the documented request, byte for byte in its parameters."""
    desk = Desk(accounts=[account(api_key="paper-key-01", api_secret="paper-secret-7f3c")])
    desk.wait(1_456_000)
    params = {"apiKey": "paper-key-01", "newClientOrderId": "eng-000018", "quantity": "0.005", "recvWindow": 5000}
    params |= {"side": "SELL", "symbol": "BTCUSDT", "timestamp": 1790000001456, "type": "MARKET"}
    params["signature"] = "5f43dcc3ce7b4e5d1bbfb144d21f1c386a4ef2a68bea188bcb73e390674cfa02"
    assert ask(desk, "order.place", params)["status"] == 200


def test_strict_signature_takes_the_bytes_as_sent_only() -> None:
    """Protocol notes M.14, L.2: raw bytes over REST, signature last, plain values over the WS API; or both forms."""
    sent = f"{ORDER}&newClientOrderId=a%3Ab"
    lenient = Desk({"strict_signature": False}, accounts=[account()])
    assert post(lenient, f"{sent}&signature={sign(sent.replace('%3A', ':'))}").status == 200
    desk = Desk({"strict_signature": True}, accounts=[account()])
    assert post(desk, f"{sent}&signature={sign(sent.replace('%3A', ':'))}").code == -1022
    assert post(desk, f"signature={sign(sent)}&{sent}").code == -1022
    assert post(desk, f"{sent}&signature={sign(sent)}").status == 200
    client_id = {**WS_ORDER, "newClientOrderId": "c:d"}
    assert ask(desk, "order.place", signed(KEY, client_id, encode=True))["error"]["code"] == -1022
    assert ask(desk, "order.place", signed(KEY, client_id))["status"] == 200


def test_ed25519_over_rest_is_a_switch() -> None:
    """Protocol notes M.18: works in clients, undocumented."""
    desk = Desk({"ed25519_rest": True}, accounts=[account()])
    assert post(desk, f"{ORDER}&signature={quote(signature_of('ed', ORDER), safe='')}", key="ed").status == 200
    desk = Desk({"ed25519_rest": False}, accounts=[account()])
    assert post(desk, f"{ORDER}&signature={quote(signature_of('ed', ORDER), safe='')}", key="ed").code == -1022
    assert ask(desk, "order.place", signed("ed", WS_ORDER))["status"] == 200


@pytest.mark.parametrize("names", [str.upper, str.lower, str.title])
def test_names_match_in_any_case_of_letters(names: Any) -> None:
    """Protocol notes A.2, signature included."""
    text = "&".join(f"{names(pair.partition('=')[0])}={pair.partition('=')[2]}" for pair in ORDER.split("&"))
    assert post(Desk(), f"{text}&{names('signature')}={sign(text)}").status == 200


def test_the_query_wins_in_any_case_of_letters() -> None:
    """Protocol notes A.2: also when the body spells the name in two other ways."""
    query, body = "symbol=BTCUSDT&quantity=0.020", f"side=BUY&type=MARKET&Quantity=1&QUANTITY=2&timestamp={NOW_MS}"
    assert post(Desk(), query, f"{body}&signature={sign(query + body)}").body["origQty"] == "0.020"


def test_the_signature_may_stand_in_the_query_of_a_mixed_request() -> None:
    """Protocol notes A.4: query without the pair, then body."""
    query, body = "symbol=BTCUSDT&side=BUY&type=MARKET", f"quantity=0.010&timestamp={NOW_MS}"
    assert post(Desk(), f"{query}&signature={sign(query + body)}", body).status == 200


def test_unknown_parameters_are_ignored_or_refused() -> None:
    """Protocol notes L.2, `unknown_params`: real clients leak extras, so ignoring is the default."""
    text = f"{ORDER}&stopLossPrice=1"
    assert post(Desk(), f"{text}&signature={sign(text)}").status == 200
    reply = post(Desk({"unknown_params": "-1104"}), f"{text}&signature={sign(text)}")
    assert reply.body == {
        "code": -1104,
        "msg": "Not all sent parameters were read; read '6' parameter(s) but was sent '7'.",
    }
    assert Desk({"unknown_params": "-1104"}).order(recvWindow=5000, newOrderRespType="RESULT").status == 200


def test_a_name_twice_is_a_switch() -> None:
    """The last one counts, or -1101."""
    text = f"{ORDER}&quantity=0.030"
    assert post(Desk({"duplicate_params": "last"}), f"{text}&signature={sign(text)}").body["origQty"] == "0.030"
    reply = post(Desk({"duplicate_params": "-1101"}), f"{text}&signature={sign(text)}")
    assert reply.body == {"code": -1101, "msg": "Duplicate values for parameter 'quantity'."}


def test_json_values_of_any_type_are_signed_as_they_are_written() -> None:
    """Protocol notes G.1: numbers, texts and booleans; null is as good as not sent."""
    params = {**WS_ORDER, "type": "LIMIT", "timeInForce": "GTC", "price": 79000.5, "reduceOnly": False}
    full = signed(KEY, {**params, "recvWindow": "5000"}) | {"positionSide": None}
    assert ask(Desk(), "order.place", full)["result"]["price"] == "79000.50"


@pytest.mark.parametrize("shown", [True, False, "true", "false"])
def test_return_rate_limits_may_come_with_the_parameters(shown: Any) -> None:
    """Protocol notes G.2: one client adds it to parameters and signature."""
    reply = ask(Desk(), "order.place", signed(KEY, {**WS_ORDER, "returnRateLimits": shown}))
    assert reply["status"] == 200
    assert ("rateLimits" in reply) == (str(shown).lower() == "true")


def test_a_session_can_be_overridden_by_a_request() -> None:
    """Protocol notes G.2: explicit values win, and must be right."""
    desk = Desk(accounts=[account()])
    assert ask(desk, "session.logon", signed("ed", {}))["result"]["apiKey"] == "ed"
    assert ask(desk, "order.place", {**WS_ORDER, "timestamp": NOW_MS})["status"] == 200
    assert ask(desk, "order.place", signed(KEY, WS_ORDER))["status"] == 200
    assert ask(desk, "order.place", {**signed(KEY, WS_ORDER), "signature": "00"})["error"]["code"] == -1022
    assert ask(desk, "order.place", {**WS_ORDER, "apiKey": KEY, "timestamp": NOW_MS})["error"]["code"] == -1102


@pytest.mark.parametrize("key", [KEY, "rsa"])
def test_only_ed25519_logs_on(key: str) -> None:
    """Protocol notes G.2: -4056 for the other kinds."""
    assert ask(Desk(accounts=[account()]), "session.logon", signed(key, {}))["error"]["code"] == -4056


def test_a_logon_is_refused_for_its_own_reasons() -> None:
    """No key, a wrong signature, an old timestamp."""
    desk = Desk(accounts=[account()])
    assert ask(desk, "session.logon", {})["error"]["code"] == -1102
    assert ask(desk, "session.logon", {**signed("ed", {}), "signature": "AA=="})["error"]["code"] == -1022
    assert ask(desk, "session.logon", signed("ed", {"timestamp": NOW_MS - 6000}))["error"]["code"] == -1021


def test_a_revoked_key_ends_the_session_with_the_next_request() -> None:
    """Protocol notes G.2: 401 and -2015 in an envelope without id; REST says the same."""
    desk = Desk(accounts=[account()])
    ask(desk, "session.logon", signed("ed", {}))
    assert desk.control("key", api_key="ed")["revoked"] == ["ed"]
    reply = ask(desk, "order.place", {**WS_ORDER, "timestamp": NOW_MS})
    assert (reply["id"], reply["status"], reply["error"]["code"]) == (None, 401, -2015)
    assert ask(desk, "session.status", {})["result"]["apiKey"] is None
    assert post(desk, f"{ORDER}&signature=x", key="ed").code == -2015
    assert desk.control("key", api_key="ed", revoked=False)["revoked"] == []
    assert ask(desk, "session.logon", signed("ed", {}))["status"] == 200


def test_the_key_verb_says_what_it_needs() -> None:
    """A key that exists, and a boolean."""
    desk = Desk()
    assert "unknown api_key 'nobody'" in desk.control("key", api_key="nobody")["error"]
    assert "must be true or false, got 'yes'" in desk.control("key", api_key=KEY, revoked="yes")["error"]


def test_keys_of_the_wrong_kind_are_refused_at_the_start() -> None:
    """Another kind of PEM, too few bits, two public keys under one name."""
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(TypeError, match="not an RSA key"):
        load_keys([account(rsa_public_pem=pem)])
    with pytest.raises(TypeError, match="not an Ed25519 key"):
        load_keys([account(ed25519_public_pem=RSA_PEM)])
    with pytest.raises(ValueError, match="cannot have an Ed25519 and an RSA key"):
        load_keys([account(ed25519_api_key="", rsa_api_key="")])


@pytest.mark.parametrize("status", [401, 400])
def test_the_status_of_a_bad_key_is_a_switch(status: int) -> None:
    """Protocol notes M.10, both doors."""
    desk = Desk({"bad_key_status": status})
    assert desk.raw("POST", "/fapi/v1/listenKey", key="nobody").status == status
    assert ask(desk, "order.place", {**WS_ORDER, "apiKey": "nobody", "timestamp": NOW_MS})["status"] == status
