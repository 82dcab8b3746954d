"""The gate before every route."""

import pytest
from starlette.types import ASGIApp

from holdfast.api.app import build
from tests.api.fake import OPEN, FakeService, call

BAD_TOKENS = ["", "Bearer", "Bearer wrong", "Basic dDp0", "bearer " + "t" * 32, "Bearer " + "t" * 31]


@pytest.mark.parametrize("authorization", BAD_TOKENS)
async def test_without_the_token_nothing_is_served(app: ASGIApp, service: FakeService, authorization: str) -> None:
    """Neither an order nor a read."""
    for method, target in (("POST", "/v1/intents"), ("GET", "/v1/state"), ("GET", "/metrics"), ("GET", "/nowhere")):
        reply = await call(app, method, target, OPEN, {"Authorization": authorization})
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == "Bearer"
    assert service.seen == {}


@pytest.mark.parametrize("target", ["/health/live", "/health/ready", "/version"])
async def test_probes_need_no_token(app: ASGIApp, target: str) -> None:
    """They tell nothing of money."""
    assert (await call(app, "GET", target, b"", {"Authorization": ""})).status == 200


async def test_every_answer_names_the_venue(app: ASGIApp) -> None:
    """Paper and live are not confused, not even in an error."""
    for target in ("/v1/state", "/nowhere", "/health/live"):
        assert (await call(app, "GET", target)).headers["holdfast-venue"] == "paper"


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("size", [16_385, 10_000_000])
async def test_a_large_body_is_413(app: ASGIApp, service: FakeService, size: int, declared: bool) -> None:
    """Whether its length is announced or not; the sender sees the answer."""
    headers = {"Content-Length": str(size)} if declared else {}
    reply = await call(app, "POST", "/v1/intents", b"x" * size, headers)
    assert reply.status == 413
    assert reply.json["field"] == "body"
    assert reply.json["passes"] == "at most 16384 bytes"
    assert service.seen == {}


async def test_a_length_that_is_no_number_is_refused(app: ASGIApp) -> None:
    """Nobody who lies about the length is read."""
    assert (await call(app, "POST", "/v1/intents", OPEN, {"Content-Length": "-5"})).status == 413


HOSTS = [
    ("127.0.0.1:8420", 200), ("localhost", 200), ("localhost:8420", 200), ("[::1]:8420", 200), ("[::1]", 200),
    ("evil.example", 403), ("evil.example:8420", 403), ("10.0.0.1", 403), ("", 403),
]  # fmt: skip


@pytest.mark.parametrize("host, status", HOSTS)
async def test_without_a_token_only_loopback_names_are_served(service: FakeService, host: str, status: int) -> None:
    """A web page that points its own name at this machine gets nothing."""
    app = build(service, token=None)
    assert (await call(app, "GET", "/v1/state", b"", {"Host": host})).status == status


async def test_unknown_addresses_and_methods_are_problems(app: ASGIApp) -> None:
    """404 and 405 say what would work."""
    missing = await call(app, "GET", "/v1/nothing")
    assert missing.status == 404
    assert "openapi" in missing.json["detail"]
    wrong = await call(app, "DELETE", "/v1/intents")
    assert wrong.status == 405
    assert wrong.headers["allow"] == "POST"


async def test_a_fault_of_ours_tells_its_class_and_nothing_else(app: ASGIApp, service: FakeService) -> None:
    """The text of an exception may hold anything, a key for example."""
    service.state = lambda: 1 / 0  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        await call(app, "GET", "/v1/state")
