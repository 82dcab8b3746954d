"""Who sends a request, and whether the signature is theirs (protocol notes A.3 to A.5, G.2).

Clients disagree on whether text is percent-encoded before it is signed, so a signature is accepted
over the raw bytes and over the decoded text, unless the venue fact `strict_signature` says otherwise.
Verification is a pure function of bytes.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from urllib.parse import quote, unquote_plus

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from holdfast.paper.config import AccountConfig
from holdfast.paper.errors import AHEAD_OF_TIME, VenueError, missing
from holdfast.paper.params import Params

DEFAULT_RECV_WINDOW_MS = 5_000
_LONGEST_RECV_WINDOW_MS = 60_000
_AHEAD_MS = 1_000


_SHORTEST_RSA_BITS = 2048


class Key(msgspec.Struct, frozen=True):
    """An API key: whose it is, and how its signatures are checked."""

    account: str
    secret: bytes
    public: Ed25519PublicKey | None
    rsa: RSAPublicKey | None = None

    def verifies(self, payload: bytes, signature: str) -> bool:
        """Whether `signature` is this key's over `payload`."""
        if self.secret:
            expected = hmac.digest(self.secret, payload, "sha256").hex()
            if expected == signature or expected == signature.lower():
                return True
        if self.public is None and self.rsa is None:
            return False
        try:
            proof = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            return False
        return self._verifies_by_public_key(payload, proof)

    def _verifies_by_public_key(self, payload: bytes, proof: bytes) -> bool:
        try:
            if self.public is not None:
                self.public.verify(proof, payload)
            elif self.rsa is not None:
                self.rsa.verify(proof, payload, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True


def load_keys(accounts: list[AccountConfig]) -> dict[str, Key]:
    """The keys of all accounts by API key; raises ValueError for a key that names two accounts or a bad PEM."""
    keys: dict[str, Key] = {}
    for account in accounts:
        for text, key in _keys_of(account).items():
            if text in keys:
                raise ValueError(f"the API key of account {account.name!r} is already in use")
            keys[text] = key
    return keys


def check_signing(account: AccountConfig) -> None:
    """Raise ValueError for an account that a person opens and that could never sign a request."""
    if not account.api_key or not (account.api_secret or account.ed25519_public_pem or account.rsa_public_pem):
        raise ValueError(f"account {account.name!r} needs an api_key, and an api_secret or a public key for it")


def _keys_of(account: AccountConfig) -> dict[str, Key]:
    """The keys of one account: a public key has a name of its own, or shares the name of the account's key."""
    ed25519, rsa = _load_ed25519(account), _load_rsa(account)
    own = {account.api_key: Key(account.name, account.api_secret.encode(), None)}
    if ed25519 is not None:
        name = account.ed25519_api_key or account.api_key
        own[name] = Key(account.name, own[name].secret if name in own else b"", ed25519)
    if rsa is not None:
        name = account.rsa_api_key or account.api_key
        if name in own and own[name].public is not None:
            raise ValueError(f"account {account.name!r}: one API key cannot have an Ed25519 and an RSA key")
        own[name] = Key(account.name, own[name].secret if name in own else b"", None, rsa)
    return own


def _load_ed25519(account: AccountConfig) -> Ed25519PublicKey | None:
    if not account.ed25519_public_pem:
        return None
    public = load_pem_public_key(account.ed25519_public_pem.encode())
    if not isinstance(public, Ed25519PublicKey):
        raise TypeError(f"the public key of account {account.name!r} is not an Ed25519 key")
    return public


def _load_rsa(account: AccountConfig) -> RSAPublicKey | None:
    if not account.rsa_public_pem:
        return None
    public = load_pem_public_key(account.rsa_public_pem.encode())
    if not isinstance(public, RSAPublicKey):
        raise TypeError(f"the public key of account {account.name!r} is not an RSA key")
    if public.key_size < _SHORTEST_RSA_BITS:
        raise ValueError(f"the RSA key of account {account.name!r} has fewer than {_SHORTEST_RSA_BITS} bits")
    return public


def signed_bytes(query: str, body: str) -> bytes:
    """The text a REST signature covers: query and body, each without its signature pair."""
    # What is no text came as single bytes, and goes back to them.
    return (_without_signature(query) + _without_signature(body)).encode("utf-8", "surrogateescape")


def _without_signature(part: str) -> str:
    if "ignature=" not in part.lower():
        return part
    return "&".join(pair for pair in part.split("&") if not is_signature(pair))


def is_signature(pair: str) -> bool:
    """Whether a pair of a query or form is the signature; its name, as every name, in any case of letters."""
    return pair[:10].lower() == "signature="


def check_rest(key: Key, query: str, body: str, signature: str, *, strict: bool = False) -> None:
    """Raise -1022 unless the signature matches the raw bytes, or the percent-decoded text where not `strict`.

    A strict venue also wants the signature at the end of the part that carries it (protocol notes A.4).
    """
    raw = signed_bytes(query, body)
    if strict and not any(part and is_signature(part.rpartition("&")[2]) for part in (query, body)):
        raise VenueError(-1022)
    if key.verifies(raw, signature):
        return
    decoded = unquote_plus(raw.decode("utf-8", "replace")).encode()
    if strict or decoded == raw or not key.verifies(decoded, signature):
        raise VenueError(-1022)


def check_ws(key: Key, params: Params, signature: str, *, strict: bool = False) -> None:
    """Raise -1022 unless the signature matches the sorted parameters, plain or (not `strict`) percent-encoded."""
    pairs = sorted((name, value) for name, value in params.named.items() if name.lower() != "signature")
    plain = "&".join([f"{name}={value}" for name, value in pairs])
    if key.verifies(plain.encode(), signature):
        return
    encoded = "&".join([f"{name}={quote(value, safe='')}" for name, value in pairs])
    if strict or encoded == plain or not key.verifies(encoded.encode(), signature):
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
