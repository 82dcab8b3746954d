"""Parameters as text: percent-encoded once, and signed exactly as sent (protocol notes A.4, G.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Final, NamedTuple
from urllib.parse import quote

Params = Mapping[str, str | int]

_UNRESERVED: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def query_string(params: Params) -> str:
    """`a=1&b=x%3Ay` in the order given; everything outside the unreserved alphabet is encoded."""
    return "&".join([f"{name}={quote(str(value), safe='')}" for name, value in params.items()])


class _Form(NamedTuple):
    """How the text for one set of names is written: the values sorted by name, where they go, and what is between."""

    values: Callable[[Params], object]
    text: str
    signs: bytes


def _form(names: tuple[str, ...]) -> _Form:
    ordered = sorted(names)
    # With a single name the getter answers the value itself, which is as good to the text.
    return _Form(itemgetter(*ordered), "&".join([f"{name}=%s" for name in ordered]), b"=&" * (len(ordered) - 1) + b"=")


MAX_FORMS: Final = 256
_FORMS: Final[dict[tuple[str, ...], _Form]] = {}
"""By the names in the order in which they were given: a few dozen, because each kind of request has its own."""


def signing_text(params: Params) -> str:
    """What a WS API signature covers: every parameter sorted by name, values percent-encoded.

    For our own ids and numbers the encoding changes nothing, so the whole text is checked once instead of each value.
    """
    if not params:
        return ""
    names = tuple(params)
    form = _FORMS.get(names)
    if form is None:
        form = _form(names)
        if len(_FORMS) < MAX_FORMS:
            _FORMS[names] = form
    plain = form.text % form.values(params)
    # What is left without unreserved characters must be the signs that were put between names and values.
    if plain.encode().translate(None, _UNRESERVED) == form.signs:
        return plain
    return "&".join([f"{name}={quote(str(params[name]), safe='')}" for name in sorted(params)])


def with_signature(text: str, signature: str) -> str:
    """`text` with the signature as its last pair, as the venue demands."""
    pair = f"signature={quote(signature, safe='')}"
    return f"{text}&{pair}" if text else pair
