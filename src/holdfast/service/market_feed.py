"""One connection of market streams: subscribed in small chunks, watched for silence, opened again when it ends.

An acknowledged subscription proves nothing (protocol notes 0.3 no. 5): only frames do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from holdfast.ports import WsClosed, WsConnector, WsLink
from holdfast.service.lifecycle import Supervisor
from holdfast.service.venue_observer import VenueObserver

CHUNK: Final = 200
"""Names in one SUBSCRIBE."""

PACE_S: Final = 0.2
"""Between two messages of ours: the venue takes ten a second, pings included (protocol notes F.5)."""

MAX_STREAMS: Final = 1_000
"""The venue closes a connection that asks for more than 1 024."""

CONNECT_TIMEOUT_MS: Final = 5_000
LOOK_EVERY_S: Final = 1.0
FIRST_BACKOFF_S: Final = 0.25
LONGEST_BACKOFF_S: Final = 30.0
STEADY_AFTER_S: Final = 10.0


class MarketFeed:
    """Keeps one connection open and its streams subscribed. `silent_after_s` without any frame ends the connection."""

    def __init__(
        self,
        *,
        name: str,
        connector: WsConnector,
        target: str,
        on_frame: Callable[[bytes], None],
        on_change: Callable[[str, bool, str], None],
        silent_after_s: float,
        supervisor: Supervisor,
        observer: VenueObserver,
    ) -> None:
        self.name = name
        self.heard_at = 0.0
        self.up = False
        self._connector = connector
        self._target = target
        self._on_frame = on_frame
        self._on_change = on_change
        self._silent_after_s = silent_after_s
        self._supervisor = supervisor
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self._names: dict[str, None] = {}
        self._pending: dict[str, None] = {}
        self._wanted = asyncio.Event()
        self._ended = asyncio.Event()
        self._tried = asyncio.Event()
        self._link: WsLink | None = None
        self._messages = 0

    async def start(self) -> None:
        """Begin, and return when the first attempt to connect has ended, well or not."""
        self._supervisor.spawn(f"market-{self.name}", self._keep_open())
        self._supervisor.spawn(f"market-{self.name}-watch", self._watch())
        await self._tried.wait()

    def close(self) -> None:
        """End the connection."""
        if self._link is not None:
            self._link.close()

    def subscribe(self, names: Sequence[str]) -> None:
        """Ask for streams, now and after every reconnect; ones already asked for are asked for again."""
        assert len(self._names | dict.fromkeys(names)) <= MAX_STREAMS, "invariant: at most 1000 streams a connection"
        self._names.update(dict.fromkeys(names))
        self._pending.update(dict.fromkeys(names))
        self._wanted.set()

    async def _keep_open(self) -> None:
        failures = 0
        while True:
            opened_at = self._loop.time()
            reason = await self._one_connection()
            failures = 0 if self._loop.time() - opened_at >= STEADY_AFTER_S else failures + 1
            if self.up:
                self.up = False
                self._on_change(self.name, False, reason)
            self._tried.set()
            self._observer.link_changed(f"market {self.name}", False, reason)
            if failures:
                await asyncio.sleep(min(FIRST_BACKOFF_S * 2 ** min(failures - 1, 10), LONGEST_BACKOFF_S))

    async def _one_connection(self) -> str:
        """Open, subscribe, stay until the end; returns why it ended."""
        self._ended.clear()
        reasons: list[str] = []

        def closed(reason: str) -> None:
            reasons.append(reason)
            self._ended.set()

        try:
            link = await self._connector.connect(self._target, self._receive, closed, CONNECT_TIMEOUT_MS)
        except (OSError, TimeoutError) as error:
            return f"cannot connect: {error}"
        self._link, self.heard_at = link, self._loop.time()
        self._pending = dict(self._names)
        self._wanted.set()
        writer = self._loop.create_task(self._write(link), name=f"market-{self.name}-subscribe")
        try:
            self.up = True
            self._on_change(self.name, True, "connected")
            self._tried.set()
            await self._ended.wait()
        finally:
            self._link = None
            link.close()
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return reasons[0]

    async def _write(self, link: WsLink) -> None:
        """Send what is to be subscribed, a chunk at a time."""
        while link.is_open:
            await self._wanted.wait()
            chunk = list(self._pending)[:CHUNK]
            if not chunk:
                self._wanted.clear()
                continue
            for name in chunk:
                del self._pending[name]
            self._messages += 1
            try:
                link.send(msgspec.json.encode({"method": "SUBSCRIBE", "params": chunk, "id": self._messages}))
            except WsClosed:
                # Its end is told to `closed`; the next connection asks for everything again.
                return
            await asyncio.sleep(PACE_S)

    def _receive(self, message: bytes) -> None:
        self.heard_at = self._loop.time()
        self._on_frame(message)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            link = self._link
            if link is None or not self._names or self._loop.time() - self.heard_at < self._silent_after_s:
                continue
            self._observer.stream_silent(self.name)
            self.heard_at = self._loop.time()
            link.close()
