"""Whether two states are the same: their hash, and the name of the shape that was hashed (I18)."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any, Final

import msgspec

from holdfast.core.state import EngineState

_encoder: Final = msgspec.json.Encoder(decimal_format="string", order="deterministic")


def state_hash(state: EngineState) -> str:
    """SHA-256 of the state; equal states have equal hashes, whatever order they were built in."""
    return hashlib.sha256(_encoder.encode(state)).hexdigest()


@cache
def state_shape() -> str:
    """Names the state's fields and their types. A program whose state has others makes other hashes of the same
    journal, and neither of the two is wrong."""
    schema = _without_prose(msgspec.json.schema(EngineState))
    return hashlib.sha256(_encoder.encode(schema)).hexdigest()[:16]


def _without_prose(node: Any) -> Any:
    """A schema without its sentences: what they say changes no hash."""
    if isinstance(node, dict):
        return {key: _without_prose(value) for key, value in node.items() if key not in ("description", "title")}
    return [_without_prose(value) for value in node] if isinstance(node, list) else node
