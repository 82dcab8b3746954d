"""Errors as RFC 9457 problems: a type that programs compare, and a sentence that people read."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"

TITLES: Final[dict[str, tuple[int, str]]] = {
    "malformed": (400, "The request cannot be understood"),
    "unauthorized": (401, "A valid token is needed"),
    "forbidden-host": (403, "Requests for another host are not served"),
    "not-found": (404, "There is no such thing"),
    "method-not-allowed": (405, "This address does not take that method"),
    "other-content": (409, "The id was used before with other content"),
    "refused": (409, "The command was refused"),
    "too-large": (413, "The body is too large"),
    "media-type": (415, "The body must be JSON"),
    "denied": (422, "The intent was denied"),
    "internal": (500, "The server failed"),
    "busy": (503, "No answer yet; send the same again, under the same id"),
}
"""Every kind of problem: status and title. The type is `urn:holdfast:problem:` with the kind behind it."""


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of every error. `field`, `rule`, `passes`: which field, which rule it breaks, and what would pass.

    `code`, `facts` and `counterfactual` belong to a denied intent: the closed reason code, the numbers that were seen,
    and the values that would have been accepted.
    """

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    field: str = ""
    rule: str = ""
    passes: str = ""
    code: str = ""
    facts: Mapping[str, str] = {}
    counterfactual: Mapping[str, str] = {}
    repeated: bool = False


class Refused(Exception):
    """Raised by a handler: the answer is this problem."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.headers = dict(headers or {})


def problem(kind: str, detail: str = "", **fields: object) -> Problem:
    """A problem of a kind; further fields as in `Problem`."""
    status, title = TITLES[kind]
    return msgspec.convert(
        {"type": f"urn:holdfast:problem:{kind}", "title": title, "status": status, "detail": detail, **fields}, Problem
    )


def malformed(field: str, rule: str, passes: str) -> Problem:
    """A 400 that names the field, the rule, and what would pass."""
    return problem("malformed", f"{field}: {rule}; would pass: {passes}", field=field, rule=rule, passes=passes)


def answer(value: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The response of a problem."""
    return Response(msgspec.json.encode(value), value.status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


async def on_refused(_: Request, error: Exception) -> Response:
    """Turns a raised `Refused` into its response."""
    assert isinstance(error, Refused), "invariant: registered for Refused only"
    return answer(error.problem, error.headers)


async def on_not_found(request: Request, _: Exception) -> Response:
    """No route, or no such thing."""
    return answer(problem("not-found", f"there is nothing at {request.url.path}; /openapi.json lists what there is"))


async def on_wrong_method(request: Request, error: Exception) -> Response:
    """The route exists, the method does not."""
    allowed = (getattr(error, "headers", None) or {}).get("Allow", "")
    detail = f"{request.url.path} takes {allowed or 'other methods'}, not {request.method}"
    return answer(problem("method-not-allowed", detail), {"Allow": allowed} if allowed else None)


async def on_failure(_: Request, error: Exception) -> Response:
    """A fault of ours: the class of the error and nothing of its text, which may hold anything."""
    phrase = HTTPStatus.INTERNAL_SERVER_ERROR.phrase
    return answer(problem("internal", f"{phrase} ({type(error).__name__}); the log has the details"))
