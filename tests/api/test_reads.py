"""GET routes."""

import pytest
from starlette.types import ASGIApp

from tests.api.fake import OPEN, FakeService, call


@pytest.mark.parametrize(
    "target", ["/v1/orders", "/v1/positions", "/v1/state", "/v1/alarms", "/v1/explain/T", "/v1/trades/T"]
)
async def test_reads_answer_json(app: ASGIApp, target: str) -> None:
    """Each with 200."""
    reply = await call(app, "GET", target)
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize("target", ["/v1/intents/x", "/v1/trades/x", "/v1/explain/x"])
async def test_unknown_ids_are_404(app: ASGIApp, target: str) -> None:
    """The problem names the id."""
    reply = await call(app, "GET", target)
    assert reply.status == 404
    assert reply.json["instance"] == "x"


async def test_ids_may_contain_slashes(app: ASGIApp, service: FakeService) -> None:
    """The alphabet of intent ids allows them."""
    await call(app, "POST", "/v1/intents", OPEN | {"id": "desk/7"})
    assert (await call(app, "GET", "/v1/intents/desk/7")).json["intent_id"] == "desk/7"


async def test_limits_and_filters_are_passed_on(app: ASGIApp, service: FakeService) -> None:
    """Left out, they have defaults."""
    await call(app, "GET", "/v1/trades?live=true&limit=5")
    assert service.asked == (True, 5)
    await call(app, "GET", "/v1/trades")
    assert service.asked == (False, 100)
    await call(app, "GET", "/v1/results?after=9")
    assert service.asked == (9, 100)


@pytest.mark.parametrize(
    "target, field",
    [("/v1/trades?limit=0", "limit"), ("/v1/trades?limit=1001", "limit"), ("/v1/trades?limit=ten", "limit"),
     ("/v1/trades?live=yes", "live"), ("/v1/results?after=-1", "after"), ("/v1/ledger?limit=²", "limit")],
)  # fmt: skip
async def test_bad_parameters_are_400(app: ASGIApp, target: str, field: str) -> None:
    """Named, with the range."""
    reply = await call(app, "GET", target)
    assert reply.status == 400
    assert reply.json["field"] == field


async def test_ready_is_503_with_the_reasons(app: ASGIApp, service: FakeService) -> None:
    """A load balancer reads the status, a human the reasons."""
    assert (await call(app, "GET", "/health/ready")).json == {"ready": True, "reasons": [], "venue": "paper"}
    service.not_ready = ("not reconciled",)
    reply = await call(app, "GET", "/health/ready")
    assert reply.status == 503
    assert reply.json["reasons"] == ["not reconciled"]
    assert (await call(app, "GET", "/health/live")).status == 200


async def test_version_and_metrics(app: ASGIApp) -> None:
    """What runs here, and how it fares."""
    assert (await call(app, "GET", "/version")).json == {"version": "0.0.0", "venue": "paper", "account": "main"}
    assert (await call(app, "GET", "/metrics")).body == b"holdfast_up 1\n"
