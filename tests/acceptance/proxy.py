"""A bad network between the engine and the exchange: a TCP proxy that delays, cuts, resets, swallows, stalls, refuses.

It knows nothing of what it carries; HTTP and WebSocket are bytes to it. It runs in a thread of its own, so that it goes
on whatever the test does meanwhile, and it keeps a record of when the network was in trouble: evidence that did not
arrive cannot be acted upon, and only we know when that was (RULES 15).
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from tests.acceptance.audit import Window
from tests.waiting import time_passes

Direction = Literal["up", "down"]
"""Up is towards the exchange."""

T = TypeVar("T")
CHUNK = 65_536
ORDERS = b"GET /ws-fapi/"
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time to linger: closing sends RST, and what was not delivered is lost."""

RECOVERY_S = 0.25
"""A connection that broke is noticed and replaced within this time, if nothing else happens."""


@dataclass
class Conduct:
    """How a connection behaves from now on."""

    delay_s: dict[Direction, float] = field(default_factory=lambda: {"up": 0.0, "down": 0.0})
    break_after: dict[Direction, int] = field(default_factory=dict)
    """Bytes that still pass in a direction before the connection is reset."""
    swallows: bool = False
    """Requests arrive and answers are lost."""
    over: bool = False
    """Whether its connection has ended."""


class Link:
    """One connection of the engine, carried on to the exchange."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.conduct = Conduct()
        self.open = True
        self.carried: dict[Direction, int] = {"up": 0, "down": 0}
        self._proxy = proxy
        self._reader, self._writer = reader, writer
        self._sockets: list[asyncio.StreamWriter] = [writer]
        self.passable = asyncio.Event()
        self.passable.set()
        self.carries_orders = False
        """Whether it is the WebSocket API: the only thing that is looked for in what passes."""

    async def run(self) -> None:
        """Carry until either side, or the network, ends it."""
        try:
            await self._proxy.passable.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._proxy.target_port)
            self._sockets.append(far_writer)
            pumps = [
                asyncio.ensure_future(self._pump("up", self._reader, far_writer)),
                asyncio.ensure_future(self._pump("down", far_reader, self._writer)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            self.end(reset=True)
        finally:
            self.end(reset=False)

    def end(self, *, reset: bool) -> None:
        """Close both sides: with RST, or in order."""
        if not self.open:
            return
        self.open = False
        self.conduct.over = True
        self._proxy.ended.set()
        for writer in self._sockets:
            if reset:
                with suppress(OSError):
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                writer.transport.abort()
            else:
                writer.close()

    async def _pump(self, way: Direction, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(CHUNK):
                self.carries_orders = self.carries_orders or ORDERS in data[:100]
                await self._may_pass()
                if self.conduct.delay_s[way]:
                    await time_passes(self.conduct.delay_s[way])
                    await self._may_pass()
                if way == "down" and self.conduct.swallows:
                    continue
                left = self.conduct.break_after.get(way)
                if left is not None and left <= len(data):
                    self._forward(way, sink, data[:left])
                    self.end(reset=True)
                    return
                if left is not None:
                    self.conduct.break_after[way] = left - len(data)
                self._forward(way, sink, data)
                await sink.drain()

    async def _may_pass(self) -> None:
        await self.passable.wait()
        await self._proxy.passable.wait()

    def _forward(self, way: Direction, sink: asyncio.StreamWriter, data: bytes) -> None:
        self.carried[way] += len(data)
        sink.write(data)


class Proxy:
    """One port in front of another. Use it in a `with` block; every method but `run` may be called from any thread."""

    def __init__(self, target_port: int) -> None:
        """Nothing listens before it is entered."""
        self.target_port = target_port
        self.port = 0
        self.links: list[Link] = []
        self.accepted = 0
        self.happened: dict[str, int] = {}
        """How often each kind of trouble was made."""
        self._next: list[Conduct] = []
        """How the next connections behave."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._troubles: list[Window] = []
        self._lasting: dict[int, int] = {}
        self._numbers = 0
        self._weather: Future[None] | None = None

    def __enter__(self) -> Proxy:
        """Listen."""
        self._thread.start()
        self.call(self._open)
        return self

    def __exit__(self, *error: object) -> None:
        """Everything is closed; the thread ends."""
        self.call(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run something in the proxy's own loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(20)

    # The record.

    def troubles(self) -> list[Window]:
        """When the network was in trouble, in the order in which it began; what lasts ends now."""
        now_us = _now_us()
        lasting = [Window(start_us, now_us) for start_us in self._lasting.values()]
        return sorted([*self._troubles, *lasting])

    def _begin(self, what: str) -> int:
        self.happened[what] = self.happened.get(what, 0) + 1
        self._numbers += 1
        self._lasting[self._numbers] = _now_us()
        return self._numbers

    def _over(self, number: int, *, recovery_s: float = 0.0) -> None:
        start_us = self._lasting.pop(number)
        self._troubles.append(Window(start_us, _now_us() + round(recovery_s * 1e6)))

    # What can happen. Each of these runs in the proxy's loop, and returns when the network is well again.

    async def delay(self, links: list[Link], up_s: float, down_s: float, last_s: float) -> None:
        """What travels takes its time."""
        number = self._begin("delay")
        for link in links:
            link.conduct.delay_s = {"up": up_s, "down": down_s}
        await time_passes(last_s)
        for link in links:
            link.conduct.delay_s = {"up": 0.0, "down": 0.0}
        await time_passes(max(up_s, down_s))
        self._over(number)

    async def cut(self, links: list[Link], *, reset: bool) -> None:
        """Connections end now, in order or with RST; what was on its way is lost."""
        number = self._begin("reset" if reset else "cut")
        for link in links:
            link.end(reset=reset)
        self._over(number, recovery_s=RECOVERY_S)

    async def reset_after(self, links: list[Link], way: Direction, count: int, *, at_most_s: float = 5.0) -> None:
        """Connections break within what they carry next: so many bytes arrive and the rest does not."""
        number = self._begin(f"reset after n bytes {way}")
        for link in links:
            link.conduct.break_after[way] = count
        await self._until(lambda: not any(link.open for link in links), at_most_s)
        for link in links:
            link.conduct.break_after.pop(way, None)
        self._over(number, recovery_s=RECOVERY_S)

    async def reset_next(self, way: Direction, count: int, *, at_most_s: float = 5.0) -> None:
        """The next connection breaks after so many bytes."""
        number = self._begin(f"reset after the first n bytes {way}")
        conduct = Conduct(break_after={way: count})
        self._next.append(conduct)
        await self._until(lambda: conduct.over, at_most_s)
        conduct.break_after.clear()
        if conduct in self._next:
            self._next.remove(conduct)
        self._over(number, recovery_s=RECOVERY_S)

    async def swallow(self, links: list[Link], last_s: float) -> None:
        """Requests arrive and the answers never do. A stream with a hole cannot go on, so it ends with a reset."""
        number = self._begin("swallow")
        for link in links:
            link.conduct.swallows = True
        await self._until(lambda: not any(link.open for link in links), last_s)
        for link in links:
            link.end(reset=True)
        self._over(number, recovery_s=RECOVERY_S)

    async def stall(self, last_s: float) -> None:
        """Nothing passes in any direction; new connections are accepted and hear nothing. Then it all goes on."""
        number = self._begin("stall")
        self.passable.clear()
        await time_passes(last_s)
        self.passable.set()
        self._over(number)

    async def mute_orders(self, last_s: float) -> None:
        """The WebSocket API says nothing and hears nothing. This is no trouble: there is another way for orders, and
        evidence still comes."""
        self.happened["mute orders"] = self.happened.get("mute orders", 0) + 1
        links = [link for link in self.links if link.carries_orders]
        for link in links:
            link.passable.clear()
        await time_passes(last_s)
        for link in links:
            link.passable.set()

    async def refuse(self, last_s: float) -> None:
        """Nobody listens; what was connected stays so."""
        number = self._begin("refuse")
        await self._stop_listening()
        await time_passes(last_s)
        await self._listen()
        self._over(number, recovery_s=RECOVERY_S)

    async def _until(self, condition: Callable[[], bool], at_most_s: float) -> None:
        """Wait for something that the end of a connection brings about."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                while not condition():
                    self.ended.clear()
                    await self.ended.wait()

    # Bad weather.

    def begin_weather(self, rng: random.Random, gap_s: float) -> None:
        """One trouble after the other, drawn by chance, until `end_weather`."""
        self._weather = asyncio.run_coroutine_threadsafe(self._storm(rng, gap_s), self._loop)

    def end_weather(self) -> None:
        """The network is well from now on. What went wrong in the weather itself is raised here."""
        assert self._weather is not None, "the weather has begun"
        self.raise_what_failed()
        self._weather.cancel()
        self.call(self._calm)

    def raise_what_failed(self) -> None:
        """A storm goes on for ever; one that ended has failed."""
        if self._weather is not None and self._weather.done():
            self._weather.result()

    async def _storm(self, rng: random.Random, gap_s: float) -> None:
        while True:
            await time_passes(rng.expovariate(1 / gap_s))
            await self._trouble(rng)

    async def _trouble(self, rng: random.Random) -> None:
        """One thing that happens to one connection, to some, or to all."""
        some = [link for link in self.links if rng.random() < rng.choice((0.2, 0.5, 1.0))]
        lasts_s = rng.choice((0.05, 0.3, 0.3, 0.8, 0.8, 1.5, 3.0, 6.0)) * rng.uniform(0.5, 1.5)
        way: Direction = rng.choice(("up", "down"))
        draw = rng.randrange(9)
        if draw == 0:
            await self.delay(some, rng.uniform(0, 0.4), rng.uniform(0, 0.4), lasts_s)
        elif draw == 1:
            await self.cut(some, reset=False)
        elif draw == 2:
            await self.cut(some, reset=True)
        elif draw == 3:
            await self.reset_after(some, way, rng.choice((0, 1, rng.randrange(200), rng.randrange(2_000))))
        elif draw == 4:
            await self.reset_next(way, rng.choice((0, 1, rng.randrange(400), rng.randrange(4_000))))
        elif draw == 5:
            await self.swallow(some, lasts_s)
        elif draw == 6:
            await self.stall(lasts_s)
        elif draw == 7:
            await self.mute_orders(lasts_s)
        else:
            if rng.random() < 0.5:
                await self.cut(some, reset=True)
            await self.refuse(lasts_s)

    async def _calm(self) -> None:
        self.passable.set()
        self._next.clear()
        for link in self.links:
            link.conduct = Conduct()
            link.passable.set()
        if self._server is None:
            await self._listen()
        for number in list(self._lasting):
            self._over(number, recovery_s=RECOVERY_S)

    # The machinery.

    async def _open(self) -> None:
        self.ended = asyncio.Event()
        self.passable = asyncio.Event()
        self.passable.set()
        await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, reuse_address=True)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = Link(self, reader, writer)
        if self._next:
            link.conduct = self._next.pop(0)
        self.links.append(link)
        self.accepted += 1
        try:
            with suppress(asyncio.CancelledError):  # The proxy ends, and nobody waits for this task.
                await link.run()
        finally:
            self.links.remove(link)

    async def _close(self) -> None:
        await self._stop_listening()
        for link in list(self.links):
            link.end(reset=True)
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _now_us() -> int:
    return time.time_ns() // 1_000
