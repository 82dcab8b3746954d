"""JSON Schema of what goes in (intents), what comes out (results) and what is kept (events), from the types."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from holdfast.model.events import AnyEvent, ResultCorrected, ResultPublished, TradeClosed
from holdfast.model.intent import Intent

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
DECIMAL_PATTERN: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
REF: Final = "#/components/schemas/{name}"


def intent_schema() -> dict[str, Any]:
    """Intent v1."""
    return _document(Intent, "Holdfast intent, version 1")


def results_schema() -> dict[str, Any]:
    """The published events: one terminal result per intent, one closing record per trade, corrections."""
    shape = ResultPublished | TradeClosed | ResultCorrected
    return _document(shape, "Holdfast results, version 1")


def events_schema() -> dict[str, Any]:
    """Every record of the journal."""
    return _document(AnyEvent, "Holdfast journal events, version 1")


def encoded(schema: dict[str, Any]) -> bytes:
    """As it is checked in."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def components(shapes: Sequence[Any]) -> dict[str, Any]:
    """Schemas of several types and of all they contain, by name."""
    _, found = msgspec.json.schema_components(list(dict.fromkeys(shapes)), ref_template=REF)
    return {name: _tidy(schema) for name, schema in sorted(found.items())}


def reference(shape: Any) -> dict[str, Any]:
    """How another place of an OpenAPI document refers to a type."""
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=REF)
    return dict(_tidy(schema))


def _document(shape: Any, title: str) -> dict[str, Any]:
    schema = msgspec.json.schema(shape)
    return {"$schema": DIALECT, "title": title, **_tidy(schema)}


def _tidy(node: Any) -> Any:
    """Clean docstrings, and say what a decimal looks like."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {key: _tidy(value) for key, value in node.items()}
    if isinstance(tidy.get("description"), str):
        tidy["description"] = inspect.cleandoc(tidy["description"])
    if tidy.get("format") == "decimal":
        tidy["pattern"] = DECIMAL_PATTERN
    return tidy
