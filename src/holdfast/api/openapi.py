"""OpenAPI 3.1 from the route table and the types' own schemas."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from holdfast.api.events import Streams
from holdfast.api.problems import MEDIA_TYPE, TITLES, Problem
from holdfast.api.routes import Operation, operations
from holdfast.api.schemas import components, reference

DESCRIPTION: Final = """\
Holdfast executes trade intents on Binance USDⓈ-M Futures. Every number of money, price or quantity is a text.
An intent is answered when its verdict is durable; the same id with the same content gets the same answer, whatever
was retried. Errors are RFC 9457 problems. The header `holdfast-venue` of every answer says where orders go."""


def document(version: str) -> dict[str, Any]:
    """The whole description of the API."""
    table = operations(Streams(0))
    shapes = [shape for row in table for shape in (row.answer, row.body) if shape is not None]
    paths: dict[str, dict[str, Any]] = {}
    for row in table:
        paths.setdefault(_path(row), {})[row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Holdfast",
            "version": version,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8420"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components([*shapes, Problem]),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def encoded(version: str) -> bytes:
    """The document as it is served and checked in."""
    return msgspec.json.format(msgspec.json.encode(document(version)), indent=2) + b"\n"


def _path(row: Operation) -> str:
    return row.path.replace(":path", "")


def _operation(row: Operation) -> dict[str, Any]:
    result: dict[str, Any] = {
        "operationId": re.sub(r"[^a-z0-9]+", "_", f"{row.method} {_path(row)}".lower()).strip("_"),
        "summary": row.summary,
        "tags": [row.group],
        "responses": _responses(row),
    }
    if parameters := _parameters(row):
        result["parameters"] = parameters
    if row.body is not None:
        result["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference(row.body)}}}
    if not row.token:
        result["security"] = []
    return result


def _parameters(row: Operation) -> list[dict[str, Any]]:
    in_path = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}} for _ in range("{id" in row.path)
    ]
    return in_path + [
        {
            "name": parameter.name,
            "in": parameter.place,
            "description": parameter.text,
            "schema": {"type": parameter.type},
        }
        for parameter in row.parameters
    ]


def _responses(row: Operation) -> dict[str, Any]:
    schema = {"type": "string"} if row.answer is None else reference(row.answer)
    found: dict[str, Any] = {
        str(status): {"description": row.summary, "content": {row.media_type: {"schema": schema}}}
        for status in row.success
    }
    failures = (*row.problems, *(("unauthorized",) if row.token else ()))
    for kind in failures:
        status, title = TITLES[kind]
        if str(status) in found:
            found[str(status)]["description"] += f"; or: {title}"
        else:
            found[str(status)] = {"description": title, "content": {MEDIA_TYPE: {"schema": reference(Problem)}}}
    return dict(sorted(found.items()))
