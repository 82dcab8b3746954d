"""The ASGI application: the route table behind the guard, with a way of its own for intents."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from holdfast.api import openapi
from holdfast.api.events import Streams
from holdfast.api.guard import Guard
from holdfast.api.intake import post_intent
from holdfast.api.port import EngineService
from holdfast.api.problems import Refused, on_failure, on_not_found, on_refused, on_wrong_method
from holdfast.api.routes import Handler, operations
from holdfast.api.shortcut import Shortcut

EXCEPTION_HANDLERS: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    Refused: on_refused,
    404: on_not_found,
    405: on_wrong_method,
    Exception: on_failure,
}


def build(service: EngineService, *, token: str | None, max_event_streams: int = 32) -> ASGIApp:
    """The application. With `token` None every program on this machine may use it, and only this machine."""
    table = operations(Streams(max_event_streams))
    routes = [Route(row.path, _endpoint(service, row.handler), methods=[row.method]) for row in table]

    async def describe(_: Request) -> Response:
        return Response(openapi.encoded(service.version), media_type="application/json")

    routes.append(Route("/openapi.json", describe, methods=["GET"]))
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    intents = Shortcut(app, "POST", "/v1/intents", _endpoint(service, post_intent))
    return Guard(intents, token=token, venue=service.venue)


def _endpoint(service: EngineService, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await handler(service, request)

    return endpoint
