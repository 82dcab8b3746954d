"""REST over real sockets: sent once, and the truth about whether anything left."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from holdfast.adapters import http_aiohttp
from holdfast.adapters.http_aiohttp import AiohttpClient
from holdfast.ports import HttpFailed, HttpReply
from tests.adapters.servers import CuttingServer, closed_port, self_signed

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Awaitable[AiohttpClient]]]:
    """Start a server with one handler and answer a client for it."""
    opened: list[tuple[TestServer, AiohttpClient]] = []

    async def start(handler: Handler, **options: int) -> AiohttpClient:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        server = TestServer(app)
        await server.start_server()
        client = AiohttpClient(f"http://127.0.0.1:{server.port}", **options)
        opened.append((server, client))
        return client

    yield start
    for server, client in opened:
        await client.close()
        await server.close()


async def send(
    client: AiohttpClient, method: str = "POST", target: str = "/x", body: bytes = b"", ms: int = 5_000
) -> HttpReply:
    """One request."""
    return await client.request(method, target, {"X-MBX-APIKEY": "k"}, body, ms)


async def test_status_headers_and_body_come_back(serve: Callable[..., Awaitable[AiohttpClient]]) -> None:
    """Header names in lower case; an error status is an answer, not an exception."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=429, body=b"slow down", headers={"Retry-After": "7"})

    reply = await send(await serve(handler))
    assert (reply.status, reply.headers["retry-after"], reply.body) == (429, "7", b"slow down")


async def test_target_and_body_are_sent_to_the_byte(serve: Callable[..., Awaitable[AiohttpClient]]) -> None:
    """The signature covers them: no re-encoding, no reordering, no added headers of content."""
    seen: list[tuple[str, bytes, str | None, str | None]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(
            (
                request.raw_path,
                await request.read(),
                request.headers.get("Content-Type"),
                request.headers.get("X-MBX-APIKEY"),
            )
        )
        return web.Response()

    target = "/fapi/v1/order?symbol=%E5%B8%81USDT&b=a%2Fb+c&a=1&signature=00ff"
    await send(await serve(handler), target=target, body=b"x=1&y=%20")
    assert seen == [(target, b"x=1&y=%20", None, "k")]


async def test_a_redirect_is_an_answer(serve: Callable[..., Awaitable[AiohttpClient]]) -> None:
    """An order is not carried to another address."""
    paths: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    assert (await send(await serve(handler))).status == 307
    assert paths == ["/x"]


async def test_cookies_are_not_kept(serve: Callable[..., Awaitable[AiohttpClient]]) -> None:
    """Every request is the same."""
    seen: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "a=b"})

    client = await serve(handler)
    await send(client)
    await send(client)
    assert seen == [None, None]


async def test_connections_are_kept(serve: Callable[..., Awaitable[AiohttpClient]]) -> None:
    """One connection for two requests, and longer than 15 seconds."""
    ports: list[int] = []

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername")[1])
        return web.Response()

    client = await serve(handler)
    await send(client)
    await send(client)
    assert ports[0] == ports[1]
    assert http_aiohttp.KEEP_ALIVE_S > 60


async def test_a_timeout_after_the_request_counts_as_sent(serve: Callable[..., Awaitable[AiohttpClient]]) -> None:
    """The venue may have executed it."""

    forever = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await forever.wait()
        return web.Response()

    with pytest.raises(HttpFailed, match="50 ms") as caught:
        await send(await serve(handler), ms=50)
    assert caught.value.sent
    forever.set()


async def test_an_answer_over_the_limit_is_refused(serve: Callable[..., Awaitable[AiohttpClient]]) -> None:
    """Counted after decompression."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(bytes(100_000)), headers={"Content-Encoding": "gzip"})

    with pytest.raises(HttpFailed, match="longer than 50000 bytes") as caught:
        await send(await serve(handler, max_body_bytes=50_000))
    assert caught.value.sent


async def test_nothing_left_when_nobody_listens() -> None:
    """A refused connection: provably not sent."""
    client = AiohttpClient(f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(HttpFailed, match="Connection refused") as caught:
        await send(client)
    assert not caught.value.sent
    await client.close()


async def test_nothing_left_when_the_connection_does_not_come_up() -> None:
    """A timeout while connecting: provably not sent. Every connection of the pool is taken."""
    async with CuttingServer(10_000) as server:
        client = AiohttpClient(f"http://127.0.0.1:{server.port}", connections=1)
        first = asyncio.ensure_future(send(client, ms=400))
        await server.connected.wait()
        with pytest.raises(HttpFailed) as caught:
            await send(client, ms=50)
        assert not caught.value.sent
        with pytest.raises(HttpFailed) as caught:
            await first
        assert caught.value.sent
        await client.close()


REQUEST_BYTES = 150


@pytest.mark.parametrize("reads", range(0, REQUEST_BYTES, 1))
async def test_rules_1_a_reset_after_n_bytes_is_never_called_unsent(reads: int) -> None:
    """Wherever in the request the connection is cut, the outcome is unknown, and nothing is sent a second time."""
    async with CuttingServer(reads) as server:
        client = AiohttpClient(f"http://127.0.0.1:{server.port}")
        with pytest.raises(HttpFailed) as caught:
            await send(client, "PUT", body=b"x" * 60)
        assert caught.value.sent
        await client.close()
        assert server.requests == 1


async def test_rules_1_a_reset_after_n_bytes_of_the_answer_is_sent() -> None:
    """A cut answer is no answer."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + b"y" * 20
    for length in range(1, len(answer)):
        async with CuttingServer(60, answer[:length]) as server:
            client = AiohttpClient(f"http://127.0.0.1:{server.port}")
            with pytest.raises(HttpFailed) as caught:
                await send(client, "DELETE")
            assert caught.value.sent
            await client.close()
            assert server.requests == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_rules_1_nothing_is_sent_twice_on_a_dead_kept_connection(method: str) -> None:
    """The library would repeat GET, PUT and DELETE when a kept connection turns out dead."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    requests = 0

    async def serve_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await reader.readuntil(b"\r\n\r\n")
        requests += 1
        writer.write(answer)
        await reader.readuntil(b"\r\n\r\n")  # The second request is read, and the connection dies without an answer.
        requests += 1
        writer.transport.abort()

    server = await asyncio.start_server(serve_once, "127.0.0.1", 0)
    client = AiohttpClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await send(client, method)
    with pytest.raises(HttpFailed) as caught:
        await send(client, method)
    assert caught.value.sent
    assert requests == 2
    await client.close()
    server.close()
    await server.wait_closed()


async def test_rules_1_no_proxy_of_the_environment_is_used(
    serve: Callable[..., Awaitable[AiohttpClient]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy may send a request a second time: whatever the environment says, there is none in between."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="here")

    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    assert (await send(await serve(handler))).body == b"here"


async def test_tls_is_verified(tmp_path: Path) -> None:
    """A certificate that nobody vouches for is refused before anything is sent; a trusted one works."""

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=b"ok")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    server_tls, trusting = self_signed(tmp_path)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=server_tls)
    suspicious = AiohttpClient(f"https://127.0.0.1:{server.port}")
    with pytest.raises(HttpFailed, match="CERTIFICATE_VERIFY_FAILED") as caught:
        await send(suspicious)
    assert not caught.value.sent
    trusted = AiohttpClient(f"https://127.0.0.1:{server.port}", tls=trusting)
    assert (await send(trusted)).body == b"ok"
    for client in (suspicious, trusted):
        await client.close()
    await server.close()


async def test_closing_twice_is_fine() -> None:
    """And ends the kept connections."""
    client = AiohttpClient("http://127.0.0.1:1")
    await client.close()
    await client.close()
