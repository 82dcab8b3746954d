"""The way of its own for intents: what it answers must not differ from what Starlette's layers answer."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from holdfast.api.app import EXCEPTION_HANDLERS
from holdfast.api.guard import Guard
from holdfast.api.intake import post_intent
from holdfast.api.shortcut import Shortcut
from tests.api.fake import OPEN, TOKEN, FakeService, call


def layers(service: FakeService) -> ASGIApp:
    """The same address served by Starlette alone."""

    async def endpoint(request: Request) -> Response:
        return await post_intent(service, request)

    routes = [Route("/v1/intents", endpoint, methods=["POST"])]
    app = Starlette(routes=routes, exception_handlers=EXCEPTION_HANDLERS)
    return Guard(app, token=TOKEN, venue=service.venue)


@pytest.mark.parametrize(
    "body, headers",
    [
        pytest.param(OPEN, {}, id="accepted"),
        pytest.param(OPEN | {"symbol": "MANAUSDT"}, {}, id="denied"),
        pytest.param(OPEN | {"lverage": 5}, {}, id="malformed"),
        pytest.param(b"", {}, id="empty"),
        pytest.param(b"x" * 20_000, {}, id="too large"),
        pytest.param(OPEN, {"Content-Type": "text/plain"}, id="media type"),
        pytest.param(OPEN, {"Content-Type": "Application/JSON; charset=utf-8"}, id="media type with parameters"),
        pytest.param(OPEN, {"Authorization": "Bearer wrong"}, id="token"),
    ],
)
async def test_it_answers_as_the_layers_would(app: ASGIApp, body: object, headers: dict[str, str]) -> None:
    """Status, headers and body."""
    assert await call(app, "POST", "/v1/intents", body, headers) == await call(
        layers(FakeService()), "POST", "/v1/intents", body, headers
    )


@pytest.mark.parametrize(
    "method, path", [("GET", "/v1/intents"), ("POST", "/v1/intents/"), ("GET", "/v1/state"), ("HEAD", "/v1/intents")]
)
async def test_everything_else_goes_on(method: str, path: str) -> None:
    """To the application behind it."""
    asked = []

    async def behind(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        asked.append((scope["method"], scope["path"]))
        await Response(b"")(scope, receive, send)

    async def never(request: Request) -> Response:
        raise AssertionError(request)

    await call(Shortcut(behind, "POST", "/v1/intents", never), method, path)
    assert asked == [(method, path)]


async def test_a_fault_of_ours_is_answered_and_raised_for_the_log() -> None:
    """The class of the error and none of its text, as everywhere."""
    sent = []

    async def send(message) -> None:  # type: ignore[no-untyped-def]
        sent.append(message)

    async def faulty(request: Request) -> Response:
        raise ZeroDivisionError("a secret")

    scope = {"type": "http", "method": "POST", "path": "/v1/intents", "headers": []}
    with pytest.raises(ZeroDivisionError):
        await Shortcut(layers(FakeService()), "POST", "/v1/intents", faulty)(scope, None, send)  # type: ignore[arg-type]
    assert sent[0]["status"] == 500
    assert b"ZeroDivisionError" in sent[1]["body"]
    assert b"secret" not in sent[1]["body"]
