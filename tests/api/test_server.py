"""The real server on a real port."""

import io
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from starlette.types import ASGIApp

from holdfast.api.listening import listen
from holdfast.api.server import HttpServer
from tests.api.fake import OPEN, TOKEN

HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def server(app: ASGIApp) -> AsyncIterator[HttpServer]:
    """A running server, stopped afterwards."""
    running = HttpServer(app, listen("127.0.0.1", 0))
    await running.start()
    yield running
    await running.stop()


async def test_it_serves_and_stops(server: HttpServer) -> None:
    """An intent over a socket; afterwards nobody listens, and stopping twice is fine."""
    url = f"http://127.0.0.1:{server.port}"
    async with aiohttp.ClientSession(headers=HEADERS) as session, session.post(f"{url}/v1/intents", json=OPEN) as reply:
        assert reply.status == 202
    port = server.port
    await server.stop()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


async def test_ten_megabytes_get_their_answer(server: HttpServer) -> None:
    """The sender reads 413, not a reset connection."""
    url = f"http://127.0.0.1:{server.port}/v1/intents"
    body = io.BytesIO(b"x" * 10_000_000)
    headers = {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession(headers=HEADERS) as session,
        session.post(url, data=body, headers=headers) as reply,
    ):
        assert reply.status == 413
        assert (await reply.json(content_type=None))["field"] == "body"
