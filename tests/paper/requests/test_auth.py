"""Signatures in every accepted form, and the time window of a request."""

import base64
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from holdfast.paper.config import AccountConfig
from holdfast.paper.requests.auth import Key, check_signing, load_keys, signed_bytes
from tests.paper.desk import START_US, Desk, sign

ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PEM = ED25519.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
NOW_MS = START_US // 1000


@pytest.mark.parametrize(
    ("secret", "payload", "signature"),
    [
        (
            "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9",
            "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000"
            "&timestamp=1591702613943",
            "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9",
        ),
        (
            "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9",
            "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTCquantity=1&price=9000&recvWindow=5000"
            "&timestamp=1591702613943",
            "30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4",
        ),
    ],
)
def test_published_examples_verify(secret: str, payload: str, signature: str) -> None:
    """The documentation's own vectors, in either case of hex."""
    key = Key("a", secret.encode(), None)
    assert key.verifies(payload.encode(), signature)
    assert key.verifies(payload.encode(), signature.upper())
    assert not key.verifies(payload.encode() + b"0", signature)


@pytest.mark.parametrize("place", ["query", "body", "mixed"])
def test_parameters_may_travel_in_query_body_or_both(place: str) -> None:
    """The signature covers query then body, with nothing between."""
    desk = Desk()
    first = "symbol=BTCUSDT&side=BUY&type=MARKET"
    second = f"quantity=0.010&timestamp={NOW_MS}"
    if place == "query":
        text = f"{first}&{second}"
        reply = desk.raw("POST", f"/fapi/v1/order?{text}&signature={sign(text)}")
    elif place == "body":
        text = f"{first}&{second}"
        reply = desk.raw("POST", "/fapi/v1/order", body=f"{text}&signature={sign(text)}")
    else:
        reply = desk.raw("POST", f"/fapi/v1/order?{first}", body=f"{second}&signature={sign(first + second)}")
    assert reply.status == 200


def test_the_query_wins_over_the_body() -> None:
    """A name in both places has the query's value."""
    desk = Desk()
    query, body = "symbol=BTCUSDT&quantity=0.020", f"side=BUY&type=MARKET&quantity=0.010&timestamp={NOW_MS}"
    reply = desk.raw("POST", f"/fapi/v1/order?{query}", body=f"{body}&signature={sign(query + body)}")
    assert reply.body["origQty"] == "0.020"


@pytest.mark.parametrize("signs_decoded", [True, False])
def test_client_ids_with_a_slash_verify_encoded_and_decoded(signs_decoded: bool) -> None:
    """Clients disagree on what they sign; both are right."""
    desk = Desk()
    plain = f"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.010&newClientOrderId=a:b/c&timestamp={NOW_MS}"
    sent = plain.replace("a:b/c", "a%3Ab%2Fc")
    reply = desk.raw("POST", "/fapi/v1/order", body=f"{sent}&signature={sign(plain if signs_decoded else sent)}")
    assert reply.body["clientOrderId"] == "a:b/c"


def test_an_ed25519_key_signs_rest_requests() -> None:
    """Base64, percent-encoded; the key belongs to the same account."""
    account = AccountConfig(name="paper", api_key="hmac", api_secret="s", ed25519_api_key="ed", ed25519_public_pem=PEM)
    desk = Desk(accounts=[account])
    text = f"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.010&timestamp={NOW_MS}"
    signature = base64.b64encode(ED25519.sign(text.encode())).decode()
    assert desk.raw("POST", f"/fapi/v1/order?{text}&signature={quote(signature, safe='')}", key="ed").status == 200
    assert desk.raw("POST", f"/fapi/v1/order?{text}&signature={sign(text, 's')}", key="ed").code == -1022


def test_the_signature_pair_is_not_signed() -> None:
    """Wherever it stands."""
    assert signed_bytes("a=1&signature=x", "signature=y&b=2") == b"a=1b=2"


def test_who_sends_what() -> None:
    """No key, unknown key, no signature, wrong signature, no timestamp: each with its own code."""
    desk = Desk()
    path = "/fapi/v3/balance"
    assert (desk.raw("GET", path, key="").code, desk.raw("GET", path, key="").status) == (-2014, 401)
    assert (desk.raw("GET", path, key="nobody").code, desk.raw("GET", path, key="nobody").status) == (-2015, 401)
    assert desk.raw("GET", f"{path}?timestamp={NOW_MS}").code == -1102
    assert desk.raw("GET", f"{path}?timestamp={NOW_MS}&signature=00").code == -1022
    assert desk.raw("GET", f"{path}?signature=00").code == -1102


@pytest.mark.parametrize(
    ("offset_ms", "window", "code"),
    [
        (0, None, 200),
        (-5000, None, 200),
        (-5001, None, -1021),
        (999, None, 200),
        (1000, None, -1021),
        (-1500, 1500, 200),
        (-1501, 1500, -1021),
        (0, 60_001, -1130),
    ],
)
def test_rules_8_a_request_lives_only_inside_its_window(offset_ms: int, window: int | None, code: int) -> None:
    """At most recvWindow late and less than a second early."""
    params = {"timestamp": NOW_MS + offset_ms} | ({} if window is None else {"recvWindow": window})
    assert Desk().call("GET", "/fapi/v3/balance", **params).code == code


def test_rules_14_the_algo_service_may_ignore_the_window() -> None:
    """A venue fact: then even an old stop is taken."""
    late = {"timestamp": NOW_MS - 60_000}
    assert Desk().algo(**late).code == -1021
    assert Desk({"algo_recv_window": False}).algo(**late).status == 200


@pytest.mark.parametrize("key", [{"api_key": "k"}, {"api_key": "", "api_secret": "s"}])
def test_an_account_that_cannot_sign_is_refused(key: dict[str, str]) -> None:
    """No request of it could ever be right."""
    with pytest.raises(ValueError, match="account 'a' needs an api_key, and an api_secret or a public key"):
        check_signing(AccountConfig(name="a", **key))


def test_keys_must_be_distinct_and_of_the_right_kind() -> None:
    """Two accounts with one key cannot be told apart; a PEM of another kind is refused."""
    with pytest.raises(ValueError, match="already in use"):
        load_keys([AccountConfig(name=name, api_key="same", api_secret="s") for name in ("a", "b")])
    with pytest.raises(ValueError, match="PEM"):
        load_keys([AccountConfig(name="a", api_key="k", ed25519_public_pem="not a key")])
