"""GET /v1/events: the journal's events as server-sent events; the id is the journal's sequence number."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from holdfast.api.port import Busy, EngineService, Published
from holdfast.api.problems import Refused, malformed, problem
from holdfast.api.reads import whole_number

HEARTBEAT_S: Final = 15
"""A comment line so often, so that proxies and clients see that the connection lives."""


class Streams:
    """Counts the open event streams of one server."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.open = 0

    async def events(self, service: EngineService, request: Request) -> Response:
        """Past events after `Last-Event-ID` (or `?after=`), then live ones; `?kinds=a,b` leaves others out."""
        after = _after(request)
        kinds = frozenset(filter(None, request.query_params.get("kinds", "").split(",")))
        if self.open >= self.limit:
            detail = f"{self.limit} event streams are open already; http.max_event_streams sets how many"
            raise Refused(problem("busy", detail), {"Retry-After": "5"})
        body = self._body(service.subscribe(after), kinds)
        return StreamingResponse(body, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _body(self, published: AsyncIterator[Published], kinds: frozenset[str]) -> AsyncIterator[bytes]:
        self.open += 1
        try:
            yield b"retry: 1000\n\n"
            async for event in _with_heartbeats(published):
                if event is None:
                    yield b": alive\n\n"
                elif not kinds or event.kind in kinds:
                    yield b"id: %d\nevent: %s\ndata: %s\n\n" % (event.seq, event.kind.encode(), event.body)
        finally:
            self.open -= 1


def _after(request: Request) -> int:
    last = request.headers.get("last-event-id")
    if last is None:
        return whole_number(request, "after", 0, low=0, high=2**62)
    if not (last.isascii() and last.isdigit() and len(last) < 19):
        raise Refused(malformed("Last-Event-ID", f"must be a whole number, was {last[:40]!r}", "the id of an event"))
    return int(last)


async def _with_heartbeats(published: AsyncIterator[Published]) -> AsyncIterator[Published | None]:
    """The events, and None whenever nothing came for a while. A reader that is too slow is cut off by `Busy`."""
    waiting: asyncio.Future[Published] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(_next(published))
            done, _ = await asyncio.wait({waiting}, timeout=HEARTBEAT_S)
            if not done:
                yield None
                continue
            try:
                event = waiting.result()
            except (StopAsyncIteration, Busy):
                return
            waiting = None
            yield event
    finally:
        if waiting is not None:
            waiting.cancel()


async def _next(published: AsyncIterator[Published]) -> Published:
    return await anext(published)
