"""Parameters as text: percent-encoded once, and signed exactly as sent (protocol notes A.4, G.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

Params = Mapping[str, str | int]

_UNRESERVED: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def query_string(params: Params) -> str:
    """`a=1&b=x%3Ay` in the order given; everything outside the unreserved alphabet is encoded."""
    return "&".join([f"{name}={quote(str(value), safe='')}" for name, value in params.items()])


def signing_text(params: Params) -> str:
    """What a WS API signature covers: every parameter sorted by name, values percent-encoded.

    For our own ids and numbers the encoding changes nothing, so the whole text is checked once instead of each value.
    """
    plain = "&".join([f"{name}={params[name]}" for name in sorted(params)])
    # What is left without unreserved characters must be the signs that were put between names and values.
    if plain.encode().translate(None, _UNRESERVED) == b"=&" * (len(params) - 1) + b"=":
        return plain
    return "&".join([f"{name}={quote(str(params[name]), safe='')}" for name in sorted(params)])


def with_signature(text: str, signature: str) -> str:
    """`text` with the signature as its last pair, as the venue demands."""
    pair = f"signature={quote(signature, safe='')}"
    return f"{text}&{pair}" if text else pair
