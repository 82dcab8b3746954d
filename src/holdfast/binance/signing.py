"""Signatures: HMAC-SHA256 and Ed25519, over exactly the bytes that are sent (protocol notes A.4, G.2).

The type of a key is told strictly, because a key file taken for an HMAC secret signs everything wrongly and says
nothing useful. A signer never shows its secret: not in its repr, not in an exception, not in a pickle.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final, Literal, NoReturn, Protocol

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KeyType = Literal["hmac", "ed25519"]

_PEM_MARK: Final = "-----BEGIN"
_SECRET: Final = re.compile(r"[\x21-\x7e]{8,128}")
# PKCS#8 of an Ed25519 key, in base64, always begins so: a PEM file that lost its first and last line.
_NAKED_PKCS8: Final = re.compile(r"MC4CAQAwBQYDK2Vw[A-Za-z0-9+/=\s]+")


class KeyRefused(ValueError):
    """The key material cannot be used; the text names the rule, never the material."""


class Signer(Protocol):
    """Signs payloads for one API key."""

    @property
    def api_key(self) -> str:
        """The public half, sent with every request."""

    @property
    def key_type(self) -> KeyType:
        """Only Ed25519 keys may use `session.logon` (protocol notes A.4)."""

    def sign(self, payload: bytes) -> str:
        """The signature text as it stands in WS API parameters; in URLs it is percent-encoded."""


class _Discreet:
    """What signers share: the API key, and silence about the rest."""

    __slots__ = ("_api_key",)

    def __init__(self, api_key: str) -> None:
        if not _SECRET.fullmatch(api_key):
            raise KeyRefused("an API key is 8 to 128 printable characters without spaces")
        self._api_key = api_key

    @property
    def api_key(self) -> str:
        """The API key, for the request header."""
        return self._api_key

    def __repr__(self) -> str:
        digest = hashlib.sha256(self._api_key.encode()).hexdigest()[:8]
        return f"<{type(self).__name__} key #{digest}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer is not pickled: it holds a secret")


class HmacSigner(_Discreet):
    """HMAC-SHA256, hex. The key schedule is computed once, so that a signature is one copy and one update."""

    __slots__ = ("_keyed",)

    def __init__(self, api_key: str, secret: str) -> None:
        super().__init__(api_key)
        if detect_key_type(secret) != "hmac":
            raise KeyRefused("this is a private key, not an HMAC secret")
        self._keyed = hmac.new(secret.encode("ascii"), digestmod=hashlib.sha256)

    @property
    def key_type(self) -> KeyType:
        """Always "hmac"."""
        return "hmac"

    def sign(self, payload: bytes) -> str:
        """Lower-case hex."""
        keyed = self._keyed.copy()
        keyed.update(payload)
        return keyed.hexdigest()


class Ed25519Signer(_Discreet):
    """Ed25519, base64."""

    __slots__ = ("_key",)

    def __init__(self, api_key: str, pem: str) -> None:
        super().__init__(api_key)
        if detect_key_type(pem) != "ed25519":
            raise KeyRefused("this is an HMAC secret, not an Ed25519 private key in PEM form")
        self._key = _load_ed25519(pem)

    @property
    def key_type(self) -> KeyType:
        """Always "ed25519"."""
        return "ed25519"

    def sign(self, payload: bytes) -> str:
        """Standard base64."""
        return base64.b64encode(self._key.sign(payload)).decode("ascii")


def detect_key_type(secret: str) -> KeyType:
    """Tell an HMAC secret from an Ed25519 private key. Raises `KeyRefused` for anything else.

    A PEM block must be a whole, unencrypted Ed25519 key. A secret is printable ASCII without spaces and must not
    look like a private key that lost its PEM lines.
    """
    text = secret.strip()
    if _PEM_MARK in text:
        _load_ed25519(text)
        return "ed25519"
    if _NAKED_PKCS8.fullmatch(text) or _is_der(text):
        raise KeyRefused("this looks like a private key without its BEGIN and END lines; give the whole PEM file")
    if not _SECRET.fullmatch(text):
        raise KeyRefused("an HMAC secret is 8 to 128 printable characters without spaces")
    return "hmac"


def make_signer(api_key: str, key_type: KeyType, secret: str) -> Signer:
    """The signer of a key whose type the configuration states; the material must agree. Raises `KeyRefused`."""
    text = secret.strip()
    return HmacSigner(api_key, text) if key_type == "hmac" else Ed25519Signer(api_key, text)


def _is_der(text: str) -> bool:
    if len(text) < 40:
        return False
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    # A DER sequence whose length byte fits its own length: an accident with probability 1 in 10^4 or less.
    return raw[0] == 0x30 and raw[1] == len(raw) - 2


def _load_ed25519(pem: str) -> Ed25519PrivateKey:
    # Imported here: an HMAC key should not pay for this library at every start.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # From None: the library's text may quote what it was given.
        raise KeyRefused("not an unencrypted private key in PEM form (PKCS#8)") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyRefused("only Ed25519 private keys are supported, not RSA or others")
    return key
