"""Signatures: the published vectors, strict key detection, and silence about secrets."""

import base64
import pickle

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from holdfast.binance.signing import Ed25519Signer, HmacSigner, KeyRefused, detect_key_type, make_signer

DOCUMENTED_SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
OWN_SECRET = "paper-secret-7f3c"

VECTORS = [
    (
        DOCUMENTED_SECRET,
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000"
        "&timestamp=1591702613943",
        "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9",
    ),
    (
        DOCUMENTED_SECRET,
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTCquantity=1&price=9000&recvWindow=5000"
        "&timestamp=1591702613943",
        "30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4",
    ),
    (
        OWN_SECRET,
        "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.010&price=81234.50&newClientOrderId=eng-000017"
        "&newOrderRespType=RESULT&recvWindow=5000&timestamp=1790000000123",
        "5585ac0201b2f1e3c2a9fe526563ba337487a7df0df1bec3ebb6a3591a223e63",
    ),
    (
        OWN_SECRET,
        "apiKey=paper-key-01&newClientOrderId=eng-000018&quantity=0.005&recvWindow=5000&side=SELL&symbol=BTCUSDT"
        "&timestamp=1790000001456&type=MARKET",
        "5f43dcc3ce7b4e5d1bbfb144d21f1c386a4ef2a68bea188bcb73e390674cfa02",
    ),
]


def pem_of(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey, password: bytes | None = None) -> str:
    """A private key as a PEM file holds it."""
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, lock).decode()


@pytest.fixture(scope="module")
def key() -> ed25519.Ed25519PrivateKey:
    """An Ed25519 key of this run."""
    return ed25519.Ed25519PrivateKey.generate()


@pytest.mark.parametrize(("secret", "payload", "signature"), VECTORS)
def test_published_vectors(secret: str, payload: str, signature: str) -> None:
    """The vectors of protocol notes A.4, REST and WS API."""
    assert HmacSigner("paper-key-01", secret).sign(payload.encode()) == signature


def test_a_signer_can_be_used_again(key: ed25519.Ed25519PrivateKey) -> None:
    """Pre-keying leaves no trace of the message signed before."""
    signer = HmacSigner("paper-key-01", OWN_SECRET)
    assert signer.sign(b"a") == signer.sign(b"a") != signer.sign(b"b")


def test_ed25519_signatures_verify(key: ed25519.Ed25519PrivateKey) -> None:
    """Base64 of a signature that the public half accepts."""
    signature = Ed25519Signer("paper-key-01", pem_of(key)).sign(b"payload")
    key.public_key().verify(base64.b64decode(signature), b"payload")


def test_the_key_type_is_told_strictly(key: ed25519.Ed25519PrivateKey) -> None:
    """A secret is a secret and a PEM file is a key."""
    assert detect_key_type(DOCUMENTED_SECRET) == "hmac"
    assert detect_key_type(pem_of(key)) == "ed25519"


def test_a_key_without_its_pem_lines_is_not_a_secret(key: ed25519.Ed25519PrivateKey) -> None:
    """The body of a PEM file would pass for an HMAC secret; it is refused."""
    body = "".join(pem_of(key).splitlines()[1:-1])
    with pytest.raises(KeyRefused, match="BEGIN and END"):
        detect_key_type(body)


@pytest.mark.parametrize("text", ["", "short", "has space in it", "tab\there-and-more", "ünïcödé-secret-text"])
def test_other_material_is_refused(text: str) -> None:
    """Neither a secret nor a key."""
    with pytest.raises(KeyRefused):
        detect_key_type(text)


def test_rsa_and_locked_keys_are_refused(key: ed25519.Ed25519PrivateKey) -> None:
    """Only an unencrypted Ed25519 key will do."""
    for pem in (pem_of(rsa.generate_private_key(65537, 2048)), pem_of(key, b"password")):
        with pytest.raises(KeyRefused):
            detect_key_type(pem)


@pytest.mark.parametrize("key_type", ["hmac", "ed25519"])
def test_the_stated_type_must_fit(key: ed25519.Ed25519PrivateKey, key_type: str) -> None:
    """A private key under `hmac`, a secret under `ed25519`: refused at start, not at the first order."""
    material = pem_of(key) if key_type == "hmac" else DOCUMENTED_SECRET
    with pytest.raises(KeyRefused):
        make_signer("paper-key-01", key_type, material)  # type: ignore[arg-type]


def test_the_stated_type_decides(key: ed25519.Ed25519PrivateKey) -> None:
    """What fits is made, surrounding blanks and line ends aside."""
    assert make_signer("paper-key-01", "hmac", f" {OWN_SECRET}\n").key_type == "hmac"
    assert make_signer("paper-key-01", "ed25519", pem_of(key)).key_type == "ed25519"


def test_secrets_are_never_shown(key: ed25519.Ed25519PrivateKey) -> None:
    """Not in a repr, and not in a pickle."""
    for signer in (HmacSigner("paper-key-01", OWN_SECRET), Ed25519Signer("paper-key-01", pem_of(key))):
        assert OWN_SECRET not in repr(signer)
        assert "paper-key-01" not in repr(signer)
        with pytest.raises(TypeError, match="secret"):
            pickle.dumps(signer)


def test_a_refusal_does_not_quote_the_material() -> None:
    """The text names the rule, not what was given."""
    with pytest.raises(KeyRefused) as refused:
        detect_key_type("secret with spaces 7f3c")
    assert "7f3c" not in str(refused.value)


def test_an_odd_api_key_is_refused() -> None:
    """Header injection and truncated pastes stop here."""
    for api_key in ("", "a b c d e f g h", "line\r\nbreak-key"):
        with pytest.raises(KeyRefused):
            HmacSigner(api_key, OWN_SECRET)
