"""Operators' commands: stopping takes one request, resuming two."""

import pytest
from starlette.types import ASGIApp

from tests.api.fake import FakeService, call


@pytest.mark.parametrize("name", ["halt", "reduce"])
async def test_stopping_needs_no_words(app: ASGIApp, service: FakeService, name: str) -> None:
    """An empty body is enough in a hurry."""
    reply = await call(app, "POST", f"/v1/commands/{name}")
    assert reply.status == 200
    assert service.commands == [(name, "api", "", "", "")]


async def test_p29_no_single_call_resumes(app: ASGIApp, service: FakeService) -> None:
    """The first call shows what would be resumed and gives a token; only the second one resumes."""
    first = await call(app, "POST", "/v1/commands/resume", {"reason": "checked"})
    assert first.json["summary"] == {"positions": "BTCUSDT 0.01"}
    second = await call(app, "POST", "/v1/commands/resume", {"reason": "checked", "token": first.json["token"]})
    assert second.status == 200
    assert [command[0] for command in service.commands] == ["resume_prepare", "resume_confirm"]


async def test_a_refused_command_is_409_with_its_reason(app: ASGIApp) -> None:
    """A wrong token does not resume."""
    reply = await call(app, "POST", "/v1/commands/resume", {"reason": "x", "token": "wrong"})
    assert reply.status == 409
    assert "not the one" in reply.json["detail"]


async def test_adopt_comes_before_resume(app: ASGIApp, service: FakeService) -> None:
    """RULES 8: after a lost journal the operator names the cut first."""
    await call(app, "POST", "/v1/commands/resume", {"reason": "journal restored", "adopt": True})
    assert [command[0] for command in service.commands] == ["adopt", "resume_prepare"]


@pytest.mark.parametrize("body, symbol", [({"symbol": "BTCUSDT"}, "BTCUSDT"), ({"all": True}, "")])
async def test_flatten_names_one_symbol_or_all(app: ASGIApp, service: FakeService, body: object, symbol: str) -> None:
    """Both are said, neither is a default."""
    assert (await call(app, "POST", "/v1/commands/flatten", body)).status == 200
    assert service.commands == [("flatten", "api", "", symbol, "")]


BAD = [
    ("flatten", {}, "symbol"),
    ("flatten", {"symbol": "BTCUSDT", "all": True}, "symbol"),
    ("release", {}, "body"),
    ("release", {"symbol": "", "reason": "x"}, "symbol"),
    ("resume", {}, "body"),
    ("halt", {"why": "x"}, "body"),
    ("halt", b"{", "body"),
    ("halt", b'{"reason": "a", "reason": "b"}', "reason"),
]


@pytest.mark.parametrize("name, body, field", BAD)
async def test_unclear_commands_are_400(
    app: ASGIApp, service: FakeService, name: str, body: object, field: str
) -> None:
    """Nothing is guessed."""
    reply = await call(app, "POST", f"/v1/commands/{name}", body)
    assert reply.status == 400
    assert reply.json["field"] == field
    assert service.commands == []


async def test_release_names_its_symbol(app: ASGIApp, service: FakeService) -> None:
    """RULES 4: an operator may release a quarantine by name."""
    await call(app, "POST", "/v1/commands/release", {"symbol": "BTCUSDT", "reason": "checked", "by": "ann"})
    assert service.commands == [("release", "ann", "checked", "BTCUSDT", "")]


async def test_a_busy_engine_takes_no_command(app: ASGIApp, service: FakeService) -> None:
    """503: nothing was done."""
    service.busy = "stopping"
    assert (await call(app, "POST", "/v1/commands/halt")).status == 503
