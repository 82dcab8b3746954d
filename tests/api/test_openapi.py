"""The checked-in descriptions agree with the program."""

import json
import re
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from holdfast import __version__
from holdfast.api import openapi, schemas
from holdfast.api.events import Streams
from holdfast.api.routes import operations
from tests.api.fake import call

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize(
    "name, made",
    [
        ("openapi.json", lambda: openapi.encoded(__version__)),
        ("intent-v1.schema.json", lambda: schemas.encoded(schemas.intent_schema())),
        ("results-v1.schema.json", lambda: schemas.encoded(schemas.results_schema())),
        ("events-v1.schema.json", lambda: schemas.encoded(schemas.events_schema())),
    ],
)
def test_checked_in_references_are_current(name: str, made: object) -> None:
    """`holdfast config --references docs/reference` brings them up to date."""
    assert (REFERENCE / name).read_bytes() == made()


def test_every_reference_inside_the_document_leads_somewhere() -> None:
    """No dangling $ref."""
    text = openapi.encoded(__version__).decode()
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert names <= set(json.loads(text)["components"]["schemas"])


def test_every_operation_is_described() -> None:
    """With a summary, and the answers it gives."""
    document = openapi.document("1")
    for row in operations(Streams(1)):
        found = document["paths"][row.path.replace(":path", "")][row.method.lower()]
        assert found["summary"]
        assert {str(status) for status in row.success} <= set(found["responses"])


async def test_the_served_page_is_the_document(app: ASGIApp) -> None:
    """With the running version."""
    assert (await call(app, "GET", "/openapi.json")).json["info"]["version"] == "0.0.0"


def test_the_intent_schema_refuses_unknown_fields() -> None:
    """As the decoder does."""
    schema = schemas.intent_schema()
    assert schema["$defs"]["Intent"]["additionalProperties"] is False
    assert schema["$defs"]["Size"]["properties"]["quantity"]["anyOf"][0]["pattern"] == schemas.DECIMAL_PATTERN
