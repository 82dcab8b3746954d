"""JSON in which a key of one object stands twice: the decoder takes the last, a human reads the first, so it is
refused."""

from __future__ import annotations

import json
from typing import Any


class RepeatedKey(ValueError):
    """A key that stands twice in one object; the text is the key."""


def refuse_repeated_keys(body: bytes) -> None:
    """Look through a body that has been decoded already. Raises `RepeatedKey`."""
    # Numbers stay text: whether they are good ones, the decoder has said.
    json.loads(body, object_pairs_hook=_object, parse_int=str, parse_float=str)


def _object(pairs: list[tuple[str, Any]]) -> None:
    seen = set()
    for key, _ in pairs:
        if key in seen:
            raise RepeatedKey(key)
        seen.add(key)
