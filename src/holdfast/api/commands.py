"""POST /v1/commands/*: what an operator may order. Stopping takes one request; resuming takes two (P29)."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from holdfast.api.answers import json_answer
from holdfast.api.intake import busy, json_body
from holdfast.api.port import Busy, CommandName, CommandReply, EngineService
from holdfast.api.problems import Refused, malformed, problem
from holdfast.model.repeated_keys import RepeatedKey, refuse_repeated_keys

Line = Annotated[str, msgspec.Meta(max_length=200)]


class Stop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """halt and reduce. `by` and `reason` are journalled."""

    by: Line = "api"
    reason: Line = ""


class Resume(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without `token`: prepare, and learn what would be resumed. With the token of that answer: resume.

    `reason` is needed in both. `adopt` accepts what the venue shows after a lost or old journal (RULES 8).
    """

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    by: Line = "api"
    token: Line = ""
    adopt: bool = False


class Flatten(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Close one `symbol`, or everything with `all`. Exactly one of the two, so that neither happens by accident."""

    by: Line = "api"
    reason: Line = ""
    symbol: Annotated[str, msgspec.Meta(max_length=32)] = ""
    all: bool = False


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lift the quarantine or halt of one symbol (RULES 4)."""

    symbol: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    by: Line = "api"


Shape = TypeVar("Shape", bound=msgspec.Struct)


def _decode(body: bytes, shape: type[Shape]) -> Shape:
    try:
        found = msgspec.json.decode(body or b"{}", type=shape)
        refuse_repeated_keys(body or b"{}")
        return found
    except RepeatedKey as error:
        raise Refused(malformed(str(error), "stands twice in one object", "each field once")) from None
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        message, _, path = str(error).partition(" - at `$")
        field = path.rstrip("`").lstrip(".") or "body"
        names = ", ".join(shape.__struct_fields__)
        raise Refused(malformed(field, message, f"a JSON object with some of: {names}")) from None


async def _run(
    service: EngineService, what: CommandName, *, by: str, reason: str, symbol: str = "", token: str = ""
) -> CommandReply:
    try:
        reply = await service.command(what, by=by, reason=reason, symbol=symbol, token=token)
    except Busy as error:
        raise busy(error) from None
    if not reply.done:
        raise Refused(problem("refused", reply.text, facts=reply.summary))
    return reply


async def halt(service: EngineService, request: Request) -> Response:
    """No entry leaves; what reduces risk goes on by itself."""
    body = _decode(await json_body(request), Stop)
    return json_answer(await _run(service, "halt", by=body.by, reason=body.reason))


async def reduce(service: EngineService, request: Request) -> Response:
    """No new entries; exits stay."""
    body = _decode(await json_body(request), Stop)
    return json_answer(await _run(service, "reduce", by=body.by, reason=body.reason))


async def resume(service: EngineService, request: Request) -> Response:
    """First without, then with the token."""
    body = _decode(await json_body(request), Resume)
    if body.adopt:
        await _run(service, "adopt", by=body.by, reason=body.reason)
    what: CommandName = "resume_confirm" if body.token else "resume_prepare"
    return json_answer(await _run(service, what, by=body.by, reason=body.reason, token=body.token))


async def flatten(service: EngineService, request: Request) -> Response:
    """Cancel entries, close the position, prove it."""
    body = _decode(await json_body(request), Flatten)
    if bool(body.symbol) == body.all:
        rule = "exactly one of symbol and all"
        raise Refused(malformed("symbol", rule, '{"symbol": "BTCUSDT"} or {"all": true}'))
    return json_answer(await _run(service, "flatten", by=body.by, reason=body.reason, symbol=body.symbol))


async def release(service: EngineService, request: Request) -> Response:
    """Lift the quarantine or the halt of a symbol by name."""
    body = _decode(await json_body(request), Release)
    return json_answer(await _run(service, "release", by=body.by, reason=body.reason, symbol=body.symbol))
