"""A venue's public market, live, for a paper exchange: the sockets, questions and clock of `paper.mirror`.

Nothing here is signed and no key is sent: exchangeInfo, depth snapshots and best prices over REST, and the public and
market routes of the streams. What the mirror decides is decided in `paper.mirror`; this moves its bytes.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from holdfast.adapters.http_aiohttp import AiohttpClient
from holdfast.adapters.ws_picows import PicowsConnector
from holdfast.paper.market.market import Outage
from holdfast.paper.market.symbols import load_symbols
from holdfast.paper.sources.mirror import Mirror
from holdfast.paper.sources.mirror_links import Hang, Open, Send
from holdfast.paper.sources.mirror_rest import Ask
from holdfast.ports import HttpFailed, WsClosed, WsLink

TICK_S: Final = 0.1
TICKS_A_COMPLAINT: Final = 100
TIMEOUT_MS: Final = 5_000
INFO_TIMEOUT_MS: Final = 15_000
FIRST_BOOKS_S: Final = 15.0
"""So long a start waits for its markets; they may come later."""

USUAL_WEIGHT: Final = 2_400
MOST_NAMES: Final = 5


class MirrorRefused(ValueError):
    """What was asked for cannot be mirrored: the field, the rule, and what would pass."""

    def __init__(self, name: str, rule: str, passes: str) -> None:
        super().__init__(f"{name}: {rule}")
        self.name = name
        self.rule = rule
        self.passes = passes


class MirrorUnreachable(Exception):
    """The venue does not answer, or not with what it should."""


class MirrorOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is mirrored, and from where. `record`: a new file for everything that was told."""

    symbols: tuple[str, ...]
    rest_url: str
    stream_url: str
    record: Path | None = None


def contracts(options: MirrorOptions) -> dict[str, Any]:
    """The venue's exchangeInfo with the mirrored contracts only. Raises `MirrorRefused`, `MirrorUnreachable`."""
    return chosen(asyncio.run(exchange_info(options.rest_url)), options)


async def exchange_info(rest_url: str) -> Any:
    """What the venue answers when it is asked for its contracts. Raises `MirrorUnreachable`."""
    place = f"{rest_url}/fapi/v1/exchangeInfo"
    http = AiohttpClient(rest_url)
    try:
        reply = await http.request("GET", "/fapi/v1/exchangeInfo", {}, b"", INFO_TIMEOUT_MS)
    except HttpFailed as error:
        raise MirrorUnreachable(f"{place} does not answer: {error.reason}") from None
    finally:
        await http.close()
    if reply.status != 200:
        said = reply.body[:120].decode("utf-8", "replace")
        raise MirrorUnreachable(f"{place} answers HTTP {reply.status} {said}".rstrip())
    try:
        return msgspec.json.decode(reply.body)
    except msgspec.DecodeError as error:
        raise MirrorUnreachable(f"{place} answers with no JSON: {error}") from None


def chosen(info: Any, options: MirrorOptions) -> dict[str, Any]:
    """The document with the rows of the mirrored symbols. Raises `MirrorRefused`, `MirrorUnreachable`."""
    if not isinstance(info, dict) or not isinstance(info.get("symbols"), list):
        raise MirrorUnreachable(f"{options.rest_url}/fapi/v1/exchangeInfo answers with no list `symbols`")
    rows = {row.get("symbol"): row for row in info["symbols"] if isinstance(row, dict)}
    trading = [str(name) for name, row in rows.items() if row.get("status") == "TRADING"]
    passes = f"--mirror {','.join(trading[:2])}"
    for symbol in options.symbols:
        if symbol not in rows:
            raise MirrorRefused("--mirror", f"{options.rest_url} lists {len(rows)} contracts, no {symbol!r}", passes)
        if rows[symbol].get("status") != "TRADING":
            status = rows[symbol].get("status")
            raise MirrorRefused("--mirror", f"a mirrored contract is TRADING, {symbol} is {status}", passes)
    document = {**info, "symbols": [rows[symbol] for symbol in options.symbols]}
    for broken in load_symbols(document)[1]:
        raise MirrorRefused("--mirror", f"the row of {broken.symbol} makes no contract ({broken.reason})", passes)
    return document


def weight_limit(info: dict[str, Any]) -> int:
    """The request weight that the venue allows an address in a minute."""
    for row in info.get("rateLimits", []):
        if row.get("rateLimitType") == "REQUEST_WEIGHT" and row.get("interval") == "MINUTE":
            return int(row["limit"]) // int(row.get("intervalNum", 1))
    return USUAL_WEIGHT


class VenueMirror:
    """A running mirror: the `LiveSource` of a paper server, whose market it fills."""

    def __init__(self, options: MirrorOptions, info: dict[str, Any], say: Callable[[str], None]) -> None:
        """`say` gets a line for people whenever a market becomes stale or live. Raises `MirrorRefused`."""
        self.contracts = info
        self.symbols = options.symbols
        self._options = options
        self._say = say
        self._tape = Recording(options.record, say)
        self._mirror = Mirror(
            {row["symbol"]: row for row in info["symbols"]},
            weight_per_minute=weight_limit(info),
            jitter=lambda pause_ms: random.randrange(pause_ms + 1),
            record=None if options.record is None else self._tape.write,
        )
        self.market = self._mirror.market
        self._closing = False
        self._unreadable = 0
        self._links: dict[int, WsLink] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}

    async def start(self, symbols: Sequence[str], wake: Callable[[], None], fail: Callable[[str], None]) -> None:
        """Connect, and wait a while for the books. A contract of the exchange that is not mirrored is stale."""
        self._fail = fail
        self._all_live = asyncio.Event()
        self._http = AiohttpClient(self._options.rest_url)
        self._sockets = PicowsConnector(self._options.stream_url)
        self.market.wake = wake
        for name in symbols:
            if name not in self._options.symbols:
                self.market.push(Outage(symbol=name, reason="it is not mirrored", E=_now_us() // 1000))
        self._mirror.start(_now_us() // 1000)
        self._mirror.outages.clear()
        self._perform()
        self._spawn(self._tick(), "mirror tick")
        try:
            async with asyncio.timeout(FIRST_BOOKS_S):
                await self._all_live.wait()
        except TimeoutError:
            self._say("mirror: not every market is live yet; orders on the others are refused with -1112")

    async def close(self) -> None:
        """Close every connection and the recording."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for link in self._links.values():
            link.close()
        await self._http.close()
        self._tape.close()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        """Without one of its tasks the mirror would tell an old market as live."""
        del self._tasks[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(f"the mirror broke: {error!r}")

    async def _tick(self) -> None:
        for number in count(1):
            await asyncio.sleep(TICK_S)
            self._mirror.tick(_now_us() // 1000)
            self._perform()
            self._tape.flush()
            if not number % TICKS_A_COMPLAINT and self._mirror.unreadable != self._unreadable:
                self._unreadable = self._mirror.unreadable
                self._say(f"mirror: {self._unreadable} frames or answers could not be read so far")

    def _perform(self) -> None:
        """Do what the mirror wants done, and tell what it has to tell."""
        for action in self._mirror.drain():
            if isinstance(action, Open):
                self._spawn(self._open(action), "mirror connect")
            elif isinstance(action, Ask):
                self._spawn(self._ask(action), "mirror ask")
            else:
                self._use(action)
        for note in self._mirror.notes:
            self._say(f"mirror: {note}")
        self._mirror.notes.clear()
        if self._mirror.outages:
            for line in sentences(self._mirror.outages):
                self._say(line)
            self._mirror.outages.clear()
            if self._mirror.live:
                self._all_live.set()

    def _use(self, action: Send | Hang) -> None:
        link = self._links.get(action.link)
        if link is None:
            return
        if isinstance(action, Hang):
            link.close()
            return
        try:
            link.send(action.message)
        except WsClosed:
            # Its end is on the way; the next connection asks again.
            return

    async def _open(self, wanted: Open) -> None:
        number = wanted.link

        def hear(message: bytes) -> None:
            self._mirror.frame(_now_us(), number, message)
            self._perform()

        def end(reason: str) -> None:
            self._links.pop(number, None)
            if not self._closing:
                self._mirror.closed(_now_us() // 1000, number, reason)
                self._perform()

        try:
            self._links[number] = await self._sockets.connect(wanted.target, hear, end, TIMEOUT_MS)
        except (OSError, TimeoutError) as error:
            end(f"cannot connect to {self._options.stream_url}: {error}")
            return
        self._mirror.opened(_now_us() // 1000, number)
        self._perform()

    async def _ask(self, ask: Ask) -> None:
        try:
            reply = await self._http.request("GET", ask.target, {}, b"", TIMEOUT_MS)
        except HttpFailed as error:
            self._mirror.unanswered(_now_us() // 1000, ask.number, error.reason)
        else:
            self._mirror.answered(_now_us(), ask.number, reply.status, reply.headers, reply.body)
        self._perform()


class Recording:
    """A new file of recorded raw frames. A disk that takes no more ends the recording, not the exchange."""

    def __init__(self, path: Path | None, say: Callable[[str], None]) -> None:
        """Open it. Raises `MirrorRefused` where there is something already, or nothing can be."""
        self._path = path
        self._say = say
        self._file: BinaryIO | None = None
        if path is None:
            return
        try:
            self._file = path.open("xb")
        except FileExistsError:
            raise MirrorRefused("--mirror-record", f"{path} exists already", "the name of a new file") from None
        except OSError as error:
            rule = f"{path} cannot be written: {error.strerror}"
            raise MirrorRefused("--mirror-record", rule, "the name of a new file") from None

    def write(self, line: bytes) -> None:
        """Take one line."""
        self._try(lambda file: file.write(line))

    def flush(self) -> None:
        """What was taken reaches the file."""
        self._try(lambda file: file.flush())

    def _try(self, deed: Callable[[BinaryIO], object]) -> None:
        if self._file is None:
            return
        try:
            deed(self._file)
        except OSError as error:
            self._file = None
            self._say(f"mirror: {self._path} cannot be written on: {error.strerror}; the recording ends here")

    def close(self) -> None:
        """Write the rest and close."""
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None


def sentences(outages: Sequence[Outage]) -> list[str]:
    """What has changed, in a line for each reason."""
    groups: dict[str, list[str]] = {}
    for outage in outages:
        groups.setdefault(outage.reason, []).append(outage.symbol)
    lines: list[str] = []
    for reason, symbols in groups.items():
        names = ", ".join(symbols[:MOST_NAMES])
        more = f" and {len(symbols) - MOST_NAMES} more" if len(symbols) > MOST_NAMES else ""
        state = f"stale: {reason}; orders are refused with -1112" if reason else "live"
        lines.append(f"mirror: {names}{more}: {state}")
    return lines


def _now_us() -> int:
    return time.time_ns() // 1000
