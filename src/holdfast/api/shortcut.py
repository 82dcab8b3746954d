"""One address without Starlette's layers: each of them costs an intent time before its order leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from holdfast.api.problems import Refused, on_failure, on_refused


class Shortcut:
    """Answers one method at one exact path by itself, as Starlette would; everything else goes on to `app`."""

    def __init__(
        self, app: ASGIApp, method: str, path: str, endpoint: Callable[[Request], Awaitable[Response]]
    ) -> None:
        self._app = app
        self._method = method
        self._path = path
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. A fault of ours is answered, and then raised for the server's log."""
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] != self._method:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._endpoint(request)
        except Refused as error:
            response = await on_refused(request, error)
        except Exception as error:
            await (await on_failure(request, error))(scope, receive, send)
            raise
        await response(scope, receive, send)
