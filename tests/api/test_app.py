"""The application as a whole."""

import pytest
from starlette.types import ASGIApp

from holdfast.api.app import build
from holdfast.api.events import Streams
from holdfast.api.routes import operations
from tests.api.fake import TOKEN, FakeService, call


@pytest.mark.parametrize("row", operations(Streams(1)), ids=lambda row: f"{row.method} {row.path}")
async def test_every_row_of_the_table_is_served(app: ASGIApp, row: object) -> None:
    """No 404 without a problem of ours, no 405, no 500."""
    path = row.path.replace("{id:path}", "T")  # type: ignore[attr-defined]
    reply = await call(app, row.method, path)  # type: ignore[attr-defined]
    assert reply.status not in {401, 405, 500}
    assert reply.headers["holdfast-venue"] == "paper"


async def test_with_and_without_a_token(service: FakeService) -> None:
    """None opens it to this machine only."""
    closed = build(service, token=TOKEN)
    opened = build(service, token=None)
    assert (await call(closed, "GET", "/v1/state", b"", {"Authorization": ""})).status == 401
    assert (await call(opened, "GET", "/v1/state", b"", {"Authorization": ""})).status == 200
