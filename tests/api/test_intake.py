"""POST /v1/intents: idempotent, strict, and every refusal names field, rule and what would pass."""

import pytest
from starlette.types import ASGIApp

from tests.api.fake import OPEN, FakeService, call


async def test_an_accepted_intent_is_answered_202_then_200(app: ASGIApp) -> None:
    """The same id with the same content gets the same answer, and enters once."""
    first = await call(app, "POST", "/v1/intents", OPEN)
    again = await call(app, "POST", "/v1/intents", OPEN)
    assert (first.status, again.status) == (202, 200)
    assert first.json["trade_id"] == again.json["trade_id"] == "T-i-1"
    assert first.headers["location"] == "/v1/intents/i-1"
    assert again.json["repeated"] is True


async def test_equal_numbers_written_differently_are_the_same_content(app: ASGIApp) -> None:
    """0.01 and 0.010 are one intent."""
    await call(app, "POST", "/v1/intents", OPEN)
    again = await call(app, "POST", "/v1/intents", OPEN | {"size": {"quantity": "0.010"}})
    assert again.status == 200


async def test_other_content_under_the_same_id_is_409(app: ASGIApp) -> None:
    """The id stands for what was sent first."""
    await call(app, "POST", "/v1/intents", OPEN)
    other = await call(app, "POST", "/v1/intents", OPEN | {"size": {"quantity": "0.02"}})
    assert other.status == 409
    assert other.json["code"] == "OTHER_CONTENT"
    assert other.json["type"] == "urn:holdfast:problem:other-content"


async def test_a_denied_intent_is_422_with_code_numbers_and_counterfactual(app: ASGIApp) -> None:
    """A program can act on the answer without reading English."""
    reply = await call(app, "POST", "/v1/intents", OPEN | {"symbol": "MANAUSDT"})
    assert reply.status == 422
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["code"] == "NOTIONAL_TOO_SMALL"
    assert reply.json["facts"]["notional"] == "4"
    assert reply.json["counterfactual"] == {"quantity": "10"}


MALFORMED = [
    (b"", "body"),
    (b"{", "body"),
    (b"[]", "body"),
    (OPEN | {"lverage": 5}, "lverage"),
    (OPEN | {"leverage": 500}, "leverage"),
    (OPEN | {"side": "up"}, "side"),
    (OPEN | {"size": {}}, "size"),
    (OPEN | {"size": {"quantity": "NaN"}}, "size.quantity"),
    (OPEN | {"size": {"quantity": "1e309"}}, "size.quantity"),
    (OPEN | {"size": {"quantity": "-1"}}, "size.quantity"),
    (OPEN | {"size": {"quantity": float("nan")}}, "body"),
    (OPEN | {"expires_at": "soon"}, "expires_at"),
    ({key: value for key, value in OPEN.items() if key != "id"}, "id"),
]


@pytest.mark.parametrize("body, field", MALFORMED)
async def test_a_malformed_intent_is_400_and_names_the_field(app: ASGIApp, body: object, field: str) -> None:
    """Field, rule and a value that would pass, and nothing is handed over."""
    reply = await call(app, "POST", "/v1/intents", body)
    assert reply.status == 400
    assert reply.json["field"] == field
    assert reply.json["rule"]
    assert reply.json["passes"]


async def test_a_malformed_intent_never_reaches_the_engine(app: ASGIApp, service: FakeService) -> None:
    """Nothing half-done."""
    await call(app, "POST", "/v1/intents", OPEN | {"lverage": 5})
    assert service.seen == {}


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/x-www-form-urlencoded"])
async def test_only_json_is_taken(app: ASGIApp, media_type: str) -> None:
    """A page in a browser can send other types to this machine without asking."""
    reply = await call(app, "POST", "/v1/intents", OPEN, {"Content-Type": media_type})
    assert reply.status == 415
    assert reply.json["passes"] == "application/json"


async def test_busy_is_503_with_a_time_to_try_again(app: ASGIApp, service: FakeService) -> None:
    """Nothing was taken, and the answer says so."""
    service.busy = "the journal cannot be written"
    reply = await call(app, "POST", "/v1/intents", OPEN)
    assert reply.status == 503
    assert reply.headers["retry-after"] == "3"
    assert service.seen == {}
