"""HTTP on one connection: keep-alive, pipelining, gzip, the firewall, and what is no HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from holdfast.paper.doors import http_door
from tests.paper_server import Client, market_order, options, running
from tests.waiting import within


class Wire:
    """A bare connection to the exchange."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next response: status, headers in lower case, body."""
        async with within(20, "an answer"):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await self.reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, body

    async def ended(self) -> bool:
        """Whether the venue closes the connection."""
        async with within(20, "the end of the connection"):
            return await self.reader.read() == b""


@contextlib.asynccontextmanager
async def wire(client: Client) -> AsyncIterator[Wire]:
    """Connect, and leave at the end."""
    host, _, port = client.where["rest"].removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()


def get(path: str, *headers: str) -> bytes:
    """A request without a body."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: venue", *headers, "", ""]).encode()


async def test_requests_of_one_packet_are_answered_in_their_order() -> None:
    """Pipelining on a kept connection."""
    async with running(options()) as client, wire(client) as line:
        line.writer.write(get("/fapi/v1/ping") + get("/fapi/v1/time") + get("/fapi/v9/moon"))
        answers = [await line.answer() for _ in range(3)]
        assert [status for status, _, _ in answers] == [200, 200, 404]
        assert "serverTime" in json.loads(answers[1][2])


async def test_a_late_answer_holds_the_next_one_back() -> None:
    """The second request of a connection waits for the first, as HTTP/1.1 has it."""
    async with running(options()) as client, wire(client) as line:
        await client.control(do="fault", verb="delay", ms=100)
        line.writer.write(get("/fapi/v1/time") + get("/fapi/v1/ping"))
        assert "serverTime" in json.loads((await line.answer())[2])
        assert (await line.answer())[2] == b"{}"


async def test_a_request_in_pieces_is_one_request() -> None:
    """A slow client is waited for."""
    async with running(options()) as client, wire(client) as line:
        for byte in get("/fapi/v1/ping"):
            line.writer.write(bytes([byte]))
            await line.writer.drain()
        assert (await line.answer())[0] == 200


async def test_a_client_that_never_ends_its_request_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a head, and nothing more."""
    monkeypatch.setattr(http_door, "_REQUEST_TIMEOUT", http_door.timedelta(milliseconds=50))
    async with running(options()) as client, wire(client) as line:
        line.writer.write(b"POST /fapi/v1/order HTTP/1.1\r\nHost: ve")
        assert await line.ended()


@pytest.mark.parametrize(("asks", "packed"), [("gzip, deflate", True), ("identity", False)])
async def test_long_answers_are_packed_for_those_who_ask(asks: str, packed: bool) -> None:
    """Protocol notes A.1: exchangeInfo is long."""
    async with running(options()) as client, wire(client) as line:
        line.writer.write(get("/fapi/v1/exchangeInfo", f"Accept-Encoding: {asks}"))
        _, headers, body = await line.answer()
        assert (headers.get("content-encoding") == "gzip") == packed
        assert "symbols" in json.loads(gzip.decompress(body) if packed else body)


async def test_close_is_close_and_1_0_closes_by_itself() -> None:
    """The connection ends with the answer."""
    async with running(options()) as client:
        for request in (get("/fapi/v1/ping", "Connection: close"), b"GET /fapi/v1/ping HTTP/1.0\r\n\r\n"):
            async with wire(client) as line:
                line.writer.write(request)
                assert (await line.answer())[0] == 200
                assert await line.ended()


@pytest.mark.parametrize(
    "request_",
    [
        get("/fapi/v1/ping", *(f"X-{n}: 1" for n in range(1_000))),
        get("/fapi/v1/ping", "X-Long: " + "x" * 100_000),
        get("/fapi/v1/ping?" + "x" * 100_000),
        b"POST /fapi/v1/order HTTP/1.1\r\nHost: v\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 2_000_000,
    ],
)
async def test_what_is_too_large_meets_the_firewall(request_: bytes) -> None:
    """Protocol notes A.6: 403 with a page, and the connection ends."""
    async with running(options()) as client, wire(client) as line:
        line.writer.write(request_)
        status, headers, body = await line.answer()
        assert (status, headers["content-type"], body[:6]) == (403, "text/html", b"<html>")


@pytest.mark.parametrize(
    "noise", [b"\x00\xff\r\n\r\n", b"BREW /pot HTTP/1.1\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01" * 9]
)
async def test_what_is_no_http_is_refused(noise: bytes) -> None:
    """A code and the end; the server lives on."""
    async with running(options()) as client:
        async with wire(client) as line:
            line.writer.write(noise)
            status, _, body = await line.answer()
            assert (status, json.loads(body)) == (400, {"code": -1013, "msg": "Invalid message."})
            assert await line.ended()
        assert await client.get("/fapi/v1/ping") == {}


async def test_a_chunked_body_is_a_body() -> None:
    """Signed over what it says, not over how it came."""
    async with running(options()) as client, wire(client) as line:
        form = client.signed(**market_order()).encode()
        head = (
            b"POST /fapi/v1/order HTTP/1.1\r\nHost: v\r\nX-MBX-APIKEY: paper-key\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        line.writer.write(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(form), form))
        assert (await line.answer())[0] == 200


async def test_a_websocket_may_follow_a_request_on_the_same_connection() -> None:
    """The upgrade is handed on with all its headers."""
    async with running(options()) as client, wire(client) as line:
        upgrade = (
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: " + "A" * 22,
        )
        line.writer.write(get("/fapi/v1/ping"))
        assert (await line.answer())[0] == 200
        line.writer.write(
            get("/public/ws", *(header + "==" * header.startswith("Sec-WebSocket-Key") for header in upgrade))
        )
        head: Any = await line.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101")


async def test_a_mistake_of_ours_is_told_and_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """500 with -1000; other connections go on."""
    async with running(options()) as client:

        def broken(*_: Any) -> Any:
            raise RuntimeError("a mistake")

        with monkeypatch.context() as patched:
            patched.setattr("holdfast.paper.requests.rest.handle", broken)
            async with wire(client) as line:
                line.writer.write(get("/fapi/v1/ping"))
                status, _, body = await line.answer()
                assert (status, json.loads(body)["code"]) == (500, -1000)
        assert await client.get("/fapi/v1/ping") == {}
