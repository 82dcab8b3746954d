"""Server-sent events: past ones first, ids are journal sequence numbers."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from starlette.types import ASGIApp

from holdfast.api import events
from holdfast.api.port import Busy
from tests.api.fake import FakeService, Published, call


@pytest.fixture(autouse=True)
def three_events(service: FakeService) -> None:
    """Three events of the past."""
    service.published = [Published(1, "a", b'{"n":1}'), Published(2, "b", b'{"n":2}'), Published(3, "a", b'{"n":3}')]


def ids(body: bytes) -> list[int]:
    """The ids in a stream."""
    return [int(line[4:]) for line in body.decode().splitlines() if line.startswith("id: ")]


async def test_events_carry_the_sequence_number(app: ASGIApp) -> None:
    """In the form that EventSource reads."""
    reply = await call(app, "GET", "/v1/events")
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert b'id: 2\nevent: b\ndata: {"n":2}\n\n' in reply.body
    assert ids(reply.body) == [1, 2, 3]


async def test_a_client_that_reconnects_misses_nothing(app: ASGIApp) -> None:
    """Last-Event-ID wins over the query."""
    reply = await call(app, "GET", "/v1/events?after=0", b"", {"Last-Event-ID": "2"})
    assert ids(reply.body) == [3]


async def test_kinds_filter(app: ASGIApp) -> None:
    """Only what was asked for."""
    assert ids((await call(app, "GET", "/v1/events?kinds=a,c")).body) == [1, 3]


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9" * 30])
async def test_a_bad_last_id_is_400(app: ASGIApp, last: str) -> None:
    """Named."""
    reply = await call(app, "GET", "/v1/events", b"", {"Last-Event-ID": last})
    assert reply.status == 400
    assert reply.json["field"] == "Last-Event-ID"


async def test_streams_are_limited_and_freed(service: FakeService) -> None:
    """The limit counts open streams only."""
    streams = events.Streams(1)
    body = streams._body(service.subscribe(0), frozenset())
    await anext(body)
    assert streams.open == 1
    await body.aclose()
    assert streams.open == 0


async def test_heartbeats_while_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment line keeps the connection; the event that was waited for is not lost."""
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.01)
    release = asyncio.Event()

    async def late() -> AsyncIterator[Published]:
        await release.wait()
        yield Published(7, "a", b"{}")

    stream = events._with_heartbeats(late())
    assert await anext(stream) is None
    release.set()
    found = None
    while found is None:
        found = await anext(stream)
    assert found.seq == 7


async def test_a_reader_that_is_too_slow_is_cut_off(service: FakeService) -> None:
    """The stream ends instead of growing; the client reconnects where it stopped."""

    async def overflowing() -> AsyncIterator[Published]:
        yield Published(1, "a", b"{}")
        raise Busy("too slow")

    body = [part async for part in events.Streams(1)._body(overflowing(), frozenset())]
    assert len(body) == 2
