"""REST over aiohttp, with everything switched off that would do more than was asked for.

aiohttp sends GET, PUT and DELETE a second time when a kept connection turns out dead; changing an order is a PUT. It
follows redirects, keeps cookies and reads proxies from the environment. None of that may happen to an order.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
from yarl import URL

from holdfast.adapters.os_errors import plain
from holdfast.ports import HttpFailed, HttpReply

KEEP_ALIVE_S: Final = 75.0
"""Idle connections live this long. After aiohttp's own 15 s a sparse trader would pay a TLS handshake per order."""

MAX_BODY_BYTES: Final = 32 * 1024 * 1024
"""The largest answer is exchangeInfo, some 2 MiB."""


class AiohttpClient:
    """The `HttpClient` port for one host.

    `base_url` has a scheme and no path, e.g. "https://fapi.binance.com". Targets are sent as they are: the signature
    covers their exact bytes. `tls` replaces the default verification context (tests with a CA of their own).
    Construct it inside a running loop.
    """

    def __init__(
        self,
        base_url: str,
        *,
        tls: ssl.SSLContext | None = None,
        connections: int = 20,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._max_body_bytes = max_body_bytes
        secure = self._base.startswith("https://")
        context = (tls if tls is not None else ssl.create_default_context()) if secure else False
        trace = aiohttp.TraceConfig()
        trace.on_connection_reuseconn.append(_connected)
        trace.on_connection_create_end.append(_connected)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=KEEP_ALIVE_S, ssl=context),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[trace],
            skip_auto_headers=("Content-Type", "Accept"),
            trust_env=False,
        )
        assert hasattr(self._session, "_retry_connection"), "invariant: aiohttp can be told not to send twice"
        self._session._retry_connection = False

    async def request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout_ms: int
    ) -> HttpReply:
        """Send once and wait for the whole answer. Raises `HttpFailed`; its `sent` is False only while no connection
        was ours to write to."""
        progress = _Progress()
        try:
            async with self._session.request(
                method,
                URL(self._base + target, encoded=True),
                headers=headers,
                data=body or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_ms / 1_000),
                trace_request_ctx=progress,
            ) as response:
                content = await self._content(response)
                names = {name.lower(): value for name, value in response.headers.items()}
                return HttpReply(response.status, names, content)
        except TimeoutError:
            raise HttpFailed(f"no complete answer within {timeout_ms} ms", sent=progress.connected) from None
        except (aiohttp.ClientError, OSError) as error:
            raise HttpFailed(_reason(error), sent=progress.connected) from None

    async def close(self) -> None:
        """Drop all connections; a request under way fails. May be called twice."""
        await self._session.close()

    async def _content(self, response: aiohttp.ClientResponse) -> bytes:
        """Read the body up to the limit, counted after decompression: a small answer may unfold into a huge one."""
        content = bytearray()
        async for chunk in response.content.iter_any():
            content += chunk
            if len(content) > self._max_body_bytes:
                response.close()
                raise HttpFailed(f"the answer is longer than {self._max_body_bytes} bytes", sent=True)
        return bytes(content)


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError) and not isinstance(error, aiohttp.ClientSSLError):
        return f"cannot connect to {error.host}:{error.port} ({plain(error.os_error)})"
    return f"{type(error).__name__}: {error}"


class _Progress:
    """How far a request came: from `connected` on, bytes may have left."""

    def __init__(self) -> None:
        self.connected = False


async def _connected(session: aiohttp.ClientSession, context: Any, parameters: Any) -> None:
    context.trace_request_ctx.connected = True
