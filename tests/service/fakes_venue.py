"""Small stand-ins for the ports towards the venue, for tests of their drivers."""

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from holdfast.ports import HttpFailed, HttpReply, WsClosed
from holdfast.sim.loop import VirtualLoop, run

Handler = Callable[["Asked"], HttpReply | Awaitable[HttpReply]]


class Asked:
    """One HTTP request as it arrived."""

    def __init__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        self.method = method
        self.path, _, query = target.partition("?")
        self.headers = dict(headers)
        text = "&".join(part for part in (query, body.decode()) if part)
        self.params = dict(parse_qsl(text, keep_blank_values=True))


class FakeHttp:
    """The `HttpClient` port: `answers` by "METHOD /path", each a reply, an exception, or a function of the request.

    A list is used up one by one, its last entry for ever.
    """

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = dict(answers)
        self.asked: list[Asked] = []
        self.closed = False

    async def request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout_ms: int
    ) -> HttpReply:
        """Answer, fail, or hang until the timeout."""
        asked = Asked(method, target, headers, body)
        self.asked.append(asked)
        await asyncio.sleep(0)
        answer = self.answers.get(f"{method} {asked.path}")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer is None:
            return reply({"code": -5000, "msg": f"no such path {asked.path}"}, status=404)
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer(asked)
        done: HttpReply = await answer if isinstance(answer, Awaitable) else answer
        return done

    async def close(self) -> None:
        """No more requests."""
        self.closed = True

    def paths(self) -> list[str]:
        """What was asked, in order."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]


def reply(body: Any, status: int = 200, **headers: str) -> HttpReply:
    """A JSON answer; bytes stand as they are. `x_mbx_...` become headers."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpReply(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def hang() -> Callable[[Asked], Awaitable[HttpReply]]:
    """No answer within any timeout; the bytes have left."""

    async def answer(asked: Asked) -> HttpReply:
        raise HttpFailed("no complete answer", sent=True)

    return answer


class FakeLink:
    """The `WsLink` port: keeps what is sent; `say` and `end` play the venue."""

    def __init__(self, target: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None]) -> None:
        self.target = target
        self.sent: list[bytes] = []
        self.open = True
        self.on_send: Callable[[dict[str, Any]], Any] | None = None
        self._on_message = on_message
        self._on_close = on_close

    @property
    def is_open(self) -> bool:
        """Whether `send` may be called."""
        return self.open

    def send(self, message: bytes) -> None:
        """Keep the message, and let the venue answer from the loop."""
        if not self.open:
            raise WsClosed("the connection is closed")
        self.sent.append(message)
        if self.on_send is not None:
            answer = self.on_send(json.loads(message))
            if answer is not None:
                asyncio.get_running_loop().call_soon(self.say, answer)

    def hold(self) -> None:
        """Nothing here travels in packets."""

    def release(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Our side ends it."""
        self.end("closed by us")

    def say(self, message: Any) -> None:
        """The venue sends a frame."""
        if self.open:
            self._on_message(message if isinstance(message, bytes) else json.dumps(message).encode())

    def end(self, reason: str) -> None:
        """The connection ends; told once, from the loop."""
        if self.open:
            self.open = False
            asyncio.get_running_loop().call_soon(self._on_close, reason)

    def messages(self) -> list[dict[str, Any]]:
        """What was sent, decoded."""
        return [json.loads(message) for message in self.sent]


class FakeConnector:
    """The `WsConnector` port: `links` are what was opened; `failures` are raised first, one per attempt."""

    def __init__(self, on_send: Callable[[dict[str, Any]], Any] | None = None) -> None:
        self.links: list[FakeLink] = []
        self.failures: list[Exception] = []
        self.on_send = on_send

    async def connect(
        self, target: str, on_message: Callable[[bytes], None], on_close: Callable[[str], None], timeout_ms: int
    ) -> FakeLink:
        """Open, or fail as told."""
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        link = FakeLink(target, on_message, on_close)
        link.on_send = self.on_send
        self.links.append(link)
        return link

    @property
    def link(self) -> FakeLink:
        """The newest connection."""
        return self.links[-1]


class FakeClock:
    """The `Clock` port on the loop's time, with a wall clock that a test may move."""

    def __init__(self, epoch_us: int = 1_790_000_000_000_000) -> None:
        self.wall_offset_us = epoch_us

    def wall_us(self) -> int:
        """The loop's time since the epoch, moved by the test."""
        return self.wall_offset_us + self.mono_us()

    def mono_us(self) -> int:
        """The loop's time."""
        return int(asyncio.get_running_loop().time() * 1_000_000)


class FakeVenueTime:
    """What the gateway needs of a venue clock."""

    def __init__(self, now_ms: int = 1_790_000_000_123) -> None:
        self.at_ms = now_ms
        self.resyncs = 0

    def now_ms(self) -> int:
        """The time a test has set."""
        return self.at_ms

    def resync(self) -> None:
        """Counted."""
        self.resyncs += 1


async def settle(turns: int = 20) -> None:
    """Let everything that is ready run."""
    for _ in range(turns):
        await asyncio.sleep(0)


def virtual(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test on a virtual loop: its hours pass at once, and nothing in it waits."""

    @functools.wraps(test)
    def on_virtual_loop(*args: Any, **kwargs: Any) -> None:
        async def main() -> None:
            await test(*args, **kwargs)

        run(main, loop=VirtualLoop())

    return on_virtual_loop
