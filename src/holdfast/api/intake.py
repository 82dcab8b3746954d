"""POST /v1/intents: decode strictly, hand over, answer when the verdict is durable."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive

from holdfast.api.answers import json_answer
from holdfast.api.port import Busy, EngineService
from holdfast.api.problems import Refused, answer, malformed, problem
from holdfast.model import intent as intents
from holdfast.model.reasons import DenyCode
from holdfast.service.verdicts import Verdict


async def json_body(request: Request) -> bytes:
    """The body of a JSON request. Raises `Refused` for another media type.

    A page in a browser can send other types to loopback without asking first, but not this one.
    """
    headers: list[tuple[bytes, bytes]] = request.scope["headers"]
    given = next((value for name, value in headers if name == b"content-type"), b"").decode("latin-1")
    media_type = given.partition(";")[0].strip().lower()
    if media_type != "application/json":
        detail = f"the content type is {media_type or 'missing'}"
        fields = {"field": "Content-Type", "rule": detail, "passes": "application/json"}
        raise Refused(problem("media-type", detail, **fields))
    return await _whole(request.receive)


async def _whole(receive: Receive) -> bytes:
    """The body, piece by piece. Raises `ClientDisconnect` when its sender has gone."""
    pieces = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(pieces)


def busy(error: Busy) -> Refused:
    """A 503: nothing is durable, so the same may be sent again."""
    return Refused(problem("busy", error.reason), {"Retry-After": str(error.retry_after_s)})


async def post_intent(service: EngineService, request: Request) -> Response:
    """One intent. 202 accepted, 200 seen before, 422 denied, 409 other content under the id."""
    try:
        intent = intents.decode(await json_body(request))
    except intents.IntentError as error:
        raise Refused(malformed(error.field, error.rule, error.passes)) from None
    try:
        verdict = await service.submit(intent)
    except Busy as error:
        raise busy(error) from None
    return _answer(verdict)


def _answer(verdict: Verdict) -> Response:
    location = {"Location": f"/v1/intents/{verdict.intent_id}"}
    if verdict.accepted:
        return json_answer(verdict, 200 if verdict.repeated else 202, location)
    other_content = verdict.code == DenyCode.OTHER_CONTENT.value
    refusal = problem(
        "other-content" if other_content else "denied",
        f"{verdict.code}: {verdict.reason}",
        instance=location["Location"],
        code=verdict.code,
        facts=verdict.facts,
        counterfactual=verdict.counterfactual,
        repeated=verdict.repeated,
    )
    return answer(refusal, location)
