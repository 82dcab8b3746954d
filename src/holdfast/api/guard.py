"""The gate before every route: token, host, body size. Plain ASGI, because it stands before every intent."""

from __future__ import annotations

import hmac
import ipaddress
from functools import lru_cache
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from holdfast.api.problems import Problem, Refused, answer, problem
from holdfast.model.intent import MAX_BODY_BYTES

MAX_DISCARDED_BYTES: Final = 16_777_216
"""What is read and dropped of a body that is too large, so that the sender sees the answer and not a reset."""

OPEN_PATHS: Final = frozenset({"/health/live", "/health/ready", "/version"})
"""What a probe may ask without a token; nothing there tells of money."""


class Guard:
    """Checks token, host and size, then adds the venue's name to every answer."""

    def __init__(self, app: ASGIApp, *, token: str | None, venue: str) -> None:
        self._app = app
        self._expected = None if token is None else f"Bearer {token}".encode()
        self._venue = (b"holdfast-venue", venue.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        refusal = self._refusal(scope["path"], headers)
        if refusal is None and _declared_length(headers) > MAX_BODY_BYTES:
            refusal = _too_large()
        if refusal is not None:
            if b"expect" not in headers:
                await _discard(receive)
            await answer(refusal, _extra(refusal))(scope, receive, self._with_venue(send))
            return
        await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = 0

        async def limited() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > MAX_BODY_BYTES:
                if message.get("more_body", False):
                    await _discard(receive)
                raise Refused(_too_large(), _extra(_too_large()))
            return message

        await self._app(scope, limited, self._with_venue(send))

    def _refusal(self, path: str, headers: dict[bytes, bytes]) -> Problem | None:
        if self._expected is None:
            # Without a token a page in a browser on this machine could reach us under a name of its own (DNS
            # rebinding). It cannot forge the Host header.
            host = headers.get(b"host", b"").decode("latin-1")
            return None if _is_local(host) else problem("forbidden-host", "without a token only loopback is served")
        if path in OPEN_PATHS:
            return None
        given = headers.get(b"authorization", b"")
        if hmac.compare_digest(given, self._expected):
            return None
        detail = "send the header Authorization: Bearer TOKEN with the token of http.token_file"
        return problem("unauthorized", detail)

    def _with_venue(self, send: Send) -> Send:
        async def send_with_venue(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), self._venue]
            await send(message)

        return send_with_venue


def _too_large() -> Problem:
    limit = f"at most {MAX_BODY_BYTES} bytes"
    return problem("too-large", f"a body has {limit}", field="body", rule="is over the limit", passes=limit)


def _extra(refusal: Problem) -> dict[str, str]:
    headers = {"Connection": "close"} if refusal.status == 413 else {}
    return headers | ({"WWW-Authenticate": "Bearer"} if refusal.status == 401 else {})


def _declared_length(headers: dict[bytes, bytes]) -> int:
    text = headers.get(b"content-length", b"0")
    return int(text) if text.isdigit() and len(text) < 20 else MAX_BODY_BYTES + 1


@lru_cache(maxsize=64)  # Before every intent, and nearly always the same text.
def _is_local(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
    name = name.strip("[]")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


async def _discard(receive: Receive) -> None:
    """Read a body to its end, up to a limit, and keep none of it."""
    seen = 0
    while seen <= MAX_DISCARDED_BYTES:
        message = await receive()
        seen += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
