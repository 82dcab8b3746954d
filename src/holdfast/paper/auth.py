"""Who sends a request, and whether the signature is theirs (protocol notes A.3 to A.5, G.2).

Clients disagree on whether text is percent-encoded before it is signed, so a signature is accepted
over the raw bytes and over the decoded text. Verification is a pure function of bytes.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from urllib.parse import quote, unquote_plus

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from holdfast.paper.config import AccountConfig
from holdfast.paper.errors import AHEAD_OF_TIME, VenueError, missing
from holdfast.paper.params import Params

DEFAULT_RECV_WINDOW_MS = 5_000
_LONGEST_RECV_WINDOW_MS = 60_000
_AHEAD_MS = 1_000


class Key(msgspec.Struct, frozen=True):
    """An API key: whose it is, and how its signatures are checked."""

    account: str
    secret: bytes
    public: Ed25519PublicKey | None

    def verifies(self, payload: bytes, signature: str) -> bool:
        """Whether `signature` is this key's over `payload`."""
        if self.secret:
            expected = hmac.digest(self.secret, payload, "sha256").hex()
            if hmac.compare_digest(expected.encode(), signature.lower().encode()):
                return True
        if self.public is None:
            return False
        try:
            self.public.verify(base64.b64decode(signature, validate=True), payload)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def load_keys(accounts: list[AccountConfig]) -> dict[str, Key]:
    """The keys of all accounts by API key; raises ValueError for a key that names two accounts or a bad PEM."""
    keys: dict[str, Key] = {}
    for account in accounts:
        public = _load_public(account)
        own = {account.api_key: Key(account.name, account.api_secret.encode(), None)}
        if public is not None and account.ed25519_api_key:
            own[account.ed25519_api_key] = Key(account.name, b"", public)
        elif public is not None:
            own[account.api_key] = Key(account.name, account.api_secret.encode(), public)
        for text, key in own.items():
            if text in keys:
                raise ValueError(f"the API key of account {account.name!r} is already in use")
            keys[text] = key
    return keys


def _load_public(account: AccountConfig) -> Ed25519PublicKey | None:
    if not account.ed25519_public_pem:
        return None
    public = load_pem_public_key(account.ed25519_public_pem.encode())
    if not isinstance(public, Ed25519PublicKey):
        raise TypeError(f"the public key of account {account.name!r} is not an Ed25519 key")
    return public


def signed_bytes(query: str, body: str) -> bytes:
    """The text a REST signature covers: query and body, each without its signature pair."""
    return (_without_signature(query) + _without_signature(body)).encode()


def _without_signature(part: str) -> str:
    if "signature=" not in part:
        return part
    return "&".join(pair for pair in part.split("&") if not pair.startswith("signature="))


def check_rest(key: Key, query: str, body: str, signature: str) -> None:
    """Raise -1022 unless the signature matches the raw bytes or the percent-decoded text."""
    raw = signed_bytes(query, body)
    if key.verifies(raw, signature):
        return
    decoded = unquote_plus(raw.decode()).encode()
    if decoded == raw or not key.verifies(decoded, signature):
        raise VenueError(-1022)


def check_ws(key: Key, params: Params, signature: str) -> None:
    """Raise -1022 unless the signature matches the sorted parameters, plain or percent-encoded."""
    pairs = sorted((name, value) for name, value in params.named.items() if name.lower() != "signature")
    plain = "&".join(f"{name}={value}" for name, value in pairs)
    if key.verifies(plain.encode(), signature):
        return
    encoded = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)
    if encoded == plain or not key.verifies(encoded.encode(), signature):
        raise VenueError(-1022)


def check_time(params: Params, now_us: int, *, code: int = -1021) -> None:
    """Raise `code` unless the timestamp is inside recvWindow and not over a second ahead (notes A.5)."""
    timestamp = params.integer("timestamp")
    if timestamp is None:
        raise missing("timestamp")
    window = params.integer("recvWindow")
    if window is None:
        window = DEFAULT_RECV_WINDOW_MS
    if not 0 <= window <= _LONGEST_RECV_WINDOW_MS:
        raise VenueError(-1130, "recvWindow")
    now_ms = now_us // 1000
    if timestamp >= now_ms + _AHEAD_MS:
        raise VenueError(code, message=AHEAD_OF_TIME if code == -1021 else None)
    if now_ms - timestamp > window:
        raise VenueError(code)
