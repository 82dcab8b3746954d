"""Parameters as text: percent-encoded once, and signed exactly as sent (protocol notes A.4, G.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

Params = Mapping[str, str | int]

_PLAIN: Final = re.compile(r"[A-Za-z0-9._~=&-]*")


def query_string(params: Params) -> str:
    """`a=1&b=x%3Ay` in the order given; everything outside the unreserved alphabet is encoded."""
    return "&".join([f"{name}={quote(str(value), safe='')}" for name, value in params.items()])


def signing_text(params: Params) -> str:
    """What a WS API signature covers: every parameter sorted by name, values percent-encoded.

    For our own ids and numbers the encoding changes nothing, so the whole text is checked once instead of each value.
    """
    plain = "&".join([f"{name}={params[name]}" for name in sorted(params)])
    pairs = len(params)
    if _PLAIN.fullmatch(plain) and plain.count("=") == pairs and plain.count("&") == pairs - 1:
        return plain
    return "&".join([f"{name}={quote(str(params[name]), safe='')}" for name in sorted(params)])


def with_signature(text: str, signature: str) -> str:
    """`text` with the signature as its last pair, as the venue demands."""
    pair = f"signature={quote(signature, safe='')}"
    return f"{text}&{pair}" if text else pair
