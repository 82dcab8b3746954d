"""uvicorn inside our own event loop: it neither takes our signals nor our logging."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from holdfast.api.listening import PortInUse

GRACEFUL_S = 1
"""How long open requests may take when the server stops; event streams are cut then."""


class _Embedded(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the service, which stops us in its own order."""
        yield


class HttpServer:
    """One listening server."""

    def __init__(self, app: ASGIApp, listening: socket.socket) -> None:
        """`listening` comes from `listen`: a port that is taken is found out before anything else is built."""
        self._socket = listening
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            # Nobody here asks for the client's address, so no layer has to find it behind a proxy.
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=GRACEFUL_S,
            h11_max_incomplete_event_size=16_384,
        )
        self._server = _Embedded(config)
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, also when 0 was asked for."""
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        """Serve; returns once requests are answered."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="http server")
        while not self._server.started:
            if self._task.done():
                await self._task
                raise PortInUse(errno.EADDRINUSE, "the HTTP server ended while it started")
            await asyncio.sleep(0.001)

    async def stop(self) -> None:
        """Finish open requests for a moment, then close. May be called twice."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task
        self._socket.close()
