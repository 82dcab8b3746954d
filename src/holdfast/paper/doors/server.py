"""The paper exchange as a server: REST, WS API and streams on one port, the control door on another.

The only file of this package, beside `http_door`, that knows sockets, files and the clock. It moves bytes and time into
`PaperVenue` and its frames out again, and decides nothing. Venue time is the machine's wall clock:
a recorded market is replayed as if it happened from now on, `speed` times as fast.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib.util
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from aiohttp import WSMessage, WSMsgType, web

from holdfast.paper.config import PaperConfig
from holdfast.paper.control.steering import Keep, Opening, Steering
from holdfast.paper.doors.http_door import HttpDoor
from holdfast.paper.doors.http_door import reset as _reset
from holdfast.paper.doors.link import Link
from holdfast.paper.sources.live import LiveSource
from holdfast.paper.sources.pump import Pump
from holdfast.paper.sources.source import MarketFileError, MarketSource, rebase
from holdfast.paper.wire_out import Close, HttpOutcome

_LARGEST_MESSAGE = 1_048_576
_LOOPBACK = "127.0.0.1"
_NO_SUCH_PLACE = "no such place; here are POST /control, GET /control/state and GET /control/log?since=n"
_MARKET_EVENTS_A_TURN = 500


class PaperServerError(Exception):
    """The server cannot start, or cannot go on. The text is one line for the operator."""


class PaperOptions(msgspec.Struct, kw_only=True):
    """What a paper server is made of. Port 0 takes a free one. The control door never leaves the loopback.

    `speed`: how much faster than real time the market is played (> 0). `venue_log`: where the
    exchange's own record goes; None keeps none. `keep` gets the state at an orderly end. `live` fills the
    `market` while it happens; its times stay as they are.
    """

    exchange_info: dict[str, Any]
    market: MarketSource
    config: PaperConfig = msgspec.field(default_factory=PaperConfig)
    host: str = _LOOPBACK
    port: int = 0
    control_port: int = 0
    venue_log: Path | None = None
    speed: Fraction = Fraction(1)
    opening: Opening = Opening()
    keep: Keep | None = None
    live: LiveSource | None = None


def run_server(options: PaperOptions, ready: Callable[[dict[str, str]], None]) -> None:
    """Serve until SIGINT or SIGTERM, on uvloop where it is installed. Raises `PaperServerError`."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if importlib.util.find_spec("uvloop"):
        factory = importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve(options, ready))


async def serve(options: PaperOptions, ready: Callable[[dict[str, str]], None]) -> None:
    """Serve until cancelled or told to stop by SIGINT or SIGTERM.

    `ready` gets the addresses and the first account's key once everything listens. Raises
    `PaperServerError` when a port is taken, the log cannot be written or the market file breaks.
    """
    # Ports are taken before anything else is done, so that nothing is half-done when one of them is not free.
    with _listen(options.host, options.port) as public, _listen(_LOOPBACK, options.control_port) as control:
        server = PaperServer(options)
        try:
            await server.start(public, control)
            with _stop_signals(server.stop):
                ready(server.addresses())
                await server.stopped
        finally:
            await server.close()
    if server.failure:
        raise PaperServerError(server.failure)


class PaperServer:
    """One running server. Use `serve`."""

    def __init__(self, options: PaperOptions) -> None:
        """Make the exchange; nothing listens yet. Raises `PaperServerError` or `MarketFileError`."""
        self._options = options
        self._loop = asyncio.get_running_loop()
        self.stopped: asyncio.Future[None] = self._loop.create_future()
        self.failure = ""
        self._log = VenueLog(options.venue_log, self._fail)
        started_us = _now_us()
        self._venue = options.opening.venue(options.config, options.exchange_info, started_us, self._log.append)
        self._steering = Steering(self._venue, options.keep)
        start_us = self._venue.exchange.now_us
        market = options.market
        self._pump = Pump(
            self._venue, market if options.live else rebase(market, start_us=start_us, speed=options.speed)
        )
        self._links: dict[int, Link] = {}
        self._made = 0
        self._timer: asyncio.Handle | None = None
        self._wake_us = 0
        self._flush_planned = False
        self._arrived: list[tuple[int, bytes, int]] = []
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._servers: list[tuple[asyncio.Server, web.Server]] = []
        self._doors: dict[HttpDoor, None] = {}
        self._addresses: list[str] = []
        self._said_ended = False

    async def start(self, public: socket.socket, control: socket.socket) -> None:
        """Begin to listen and to play the market."""
        sockets = web.Server(self._websocket, access_log=None, handler_cancellation=True)
        steering = web.Server(self._control, access_log=None, handler_cancellation=True)
        doors: tuple[tuple[socket.socket, Callable[[], asyncio.Protocol], web.Server], ...] = (
            (public, lambda: HttpDoor(self._http, sockets, self._doors), sockets),
            (control, steering, steering),
        )
        for listening, factory, protocol in doors:
            host, port = listening.getsockname()[:2]
            self._addresses.append(f"{host}:{port}")
            server = await self._loop.create_server(factory, sock=listening, backlog=1024)
            self._servers.append((server, protocol))
        self._spawn(self._ping_links(), "ping links")
        self._on_time()
        if self._options.live is not None:
            await self._options.live.start(list(self._venue.exchange.markets), self._on_live, self._fail)

    def addresses(self) -> dict[str, str]:
        """Where everything is, and the first account's key."""
        public, control = self._addresses
        # Of the exchange that runs: one that was taken up has its own accounts.
        account = self._venue.exchange.config.accounts[0]
        return {
            "rest": f"http://{public}",
            "ws_api": f"ws://{public}/ws-fapi/v1",
            "streams": f"ws://{public}",
            "control": f"http://{control}",
            "api_key": account.api_key,
            "api_secret": account.api_secret,
        }

    def stop(self) -> None:
        """Ask for an orderly end."""
        if not self.stopped.done():
            self.stopped.set_result(None)

    async def close(self) -> None:
        """Close every connection, let the log reach its file. May be called once."""
        if self._timer is not None:
            self._timer.cancel()
        if self._options.live is not None:
            await self._options.live.close()
        for server, _ in self._servers:
            server.close()
        for door in list(self._doors):
            door.close()
        for link in list(self._links.values()):
            self._spawn(link.close(1001, "Going away"), "close link")
        for task in self._tasks:
            if task.get_name() != "close link":
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _, protocol in self._servers:
            protocol.pre_shutdown()
        await asyncio.gather(*(protocol.shutdown(timeout=1) for _, protocol in self._servers))
        if not self.failure and self._options.keep is not None:
            self._steering.save()
        self._log.close()

    def _fail(self, reason: str) -> None:
        """Something broke that makes going on worthless: end with an error that says so."""
        self.failure = self.failure or reason
        self.stop()

    # Time and market

    def _on_time(self) -> None:
        """Hand over everything that is due, then sleep until the next is."""
        self._timer = None
        with self._failing():
            self._pump.run(self._steering.now_us(_now_us()), _MARKET_EVENTS_A_TURN)
            self._flush()
        if self._pump.ended and not self._said_ended and self._options.live is None:
            self._said_ended = True
            sys.stderr.write("holdfast paper: the market has ended; its last prices stay\n")

    def _on_live(self) -> None:
        """A live market has something to tell: hand it over at the end of this turn."""
        if self._timer is not None:
            self._timer.cancel()
        self._wake_us = 0
        self._timer = self._loop.call_soon(self._on_time)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """An error inside ends the server: the loop would show it and go on, with a market that stands still."""
        reason = "the exchange broke; see the error above"
        try:
            yield
            reason = ""
        except MarketFileError as error:
            reason = f"the market broke off: {error}"
        finally:
            if reason:
                self._fail(reason)

    def _plan_wake(self) -> None:
        """Keep the one timer at the earliest thing due. Between two portions of a backlog requests get their turn."""
        due_us = self._pump.next_us()
        if due_us is None or self.stopped.done():
            return
        if self._timer is not None:
            if self._wake_us <= due_us:
                return
            self._timer.cancel()
        wait_us = self._steering.wait_us(due_us, _now_us())
        self._wake_us = due_us
        self._timer = None if wait_us is None else self._loop.call_later(_seconds(wait_us), self._on_time)

    # Frames out

    def _plan_flush(self) -> None:
        """Hand out frames at the end of this turn: after the reply of the request that caused them."""
        if not self._flush_planned:
            self._flush_planned = True
            self._loop.call_soon(self._flush_planned_now)

    def _flush_planned_now(self) -> None:
        with self._failing():
            self._flush()

    def _flush(self) -> None:
        """Write what the venue has to say, one write for each connection."""
        self._flush_planned = False
        pending: dict[Link, list[bytes]] = {}
        for out in self._venue.drain():
            link = self._links.get(out.conn)
            if link is None:
                continue
            if isinstance(out, Close):
                link.write(pending.pop(link, []))
                del self._links[out.conn]
                self._end_link(link, out)
            else:
                pending.setdefault(link, []).append(out.text)
        for link, texts in pending.items():
            link.write(texts)
        self._plan_wake()

    def _end_link(self, link: Link, close: Close) -> None:
        if close.abort:
            _reset(link.transport)
        else:
            self._spawn(link.close(close.code, close.reason), "close link")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self._loop.create_task(work, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    # Requests in

    def _http(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> HttpOutcome:
        """One request on the public port. Events go out at the end of the turn, after the reply, or first."""
        outcome = self._venue.http(method, target, headers, body, _now_us())
        if outcome.events_first:
            self._flush()
        else:
            self._plan_flush()
        return outcome

    async def _websocket(self, request: web.BaseRequest) -> web.StreamResponse:
        """One WebSocket connection from handshake to end."""
        self._made += 1
        conn = self._made
        instead = self._venue.ws_enter(conn, request.raw_path, _now_us())
        if instead is not None:
            refusal = web.Response(status=instead.status, headers=instead.headers, body=instead.body)
            # What comes next on this connection would meet this door again, and not that of requests.
            refusal.force_close()
            return refusal
        sock = web.WebSocketResponse(
            compress=False, autoping=False, decode_text=False, max_msg_size=_LARGEST_MESSAGE, timeout=2
        )
        try:
            await sock.prepare(request)
            assert request.transport is not None, "invariant: a connection that was just upgraded has a transport"
            self._links[conn] = Link(sock, request.transport, _now_us())
            self._plan_flush()
            await self._receive(conn, sock)
        finally:
            self._links.pop(conn, None)
            self._venue.ws_closed(conn, _now_us())
            self._plan_flush()
        return sock

    async def _receive(self, conn: int, sock: web.WebSocketResponse) -> None:
        async for message in sock:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                if conn not in self._links:
                    return
                self._arrive(conn, message.data)
            elif conn in self._links:
                await self._beat(conn, sock, message)

    async def _beat(self, conn: int, sock: web.WebSocketResponse, message: WSMessage) -> None:
        """A ping or a pong. A pong that echoes no ping of ours is allowed, but keeps no connection alive."""
        if message.type is WSMsgType.PONG:
            self._links[conn].hear(bytes(message.data), _now_us())
        if message.type is WSMsgType.PING:
            await sock.pong(message.data)
        self._venue.ws_beat(conn, _now_us())
        self._plan_flush()

    def _arrive(self, conn: int, text: bytes) -> None:
        """Note a frame and its time; it is served when all that came with it are noted.

        What arrived together was received together, however long the venue takes over the first of them.
        """
        if not self._arrived:
            self._loop.call_soon(self._serve_arrived)
        self._arrived.append((conn, text, _now_us()))

    def _serve_arrived(self) -> None:
        arrived, self._arrived = self._arrived, []
        with self._failing():
            for conn, text, at_us in arrived:
                self._venue.ws_text(conn, text, at_us)
            self._flush()

    async def _ping_links(self) -> None:
        """Ping every connection as the venue does; drop those that do not answer."""
        while True:
            config = self._venue.exchange.config
            await asyncio.sleep(_seconds(config.ping_interval_ms * 1000))
            now_us = _now_us()
            for link in list(self._links.values()):
                if link.silent_us(now_us) > config.pong_timeout_ms * 1000:
                    _reset(link.transport)
                else:
                    link.ping(now_us)

    # Control

    async def _control(self, request: web.BaseRequest) -> web.StreamResponse:
        """The control door: `POST /control` with a JSON object, `GET /control/state`, `GET /control/log?since=n`."""
        try:
            order = await self._control_order(request)
            if order is None:
                return _json(404, {"ok": False, "error": _NO_SUCH_PLACE})
            answer = self._steering.control(order, _now_us())
        except ValueError as error:
            return _json(400, {"ok": False, "error": str(error)})
        if self._timer is not None and order.get("do") == "clock":
            self._timer.cancel()
            self._timer = None
        self._plan_flush()
        return _json(200 if answer["ok"] else 400, answer)

    async def _control_order(self, request: web.BaseRequest) -> dict[str, Any] | None:
        """The control request that a call means. Raises ValueError for one that cannot be read."""
        place = (request.method, request.path)
        if place == ("POST", "/control"):
            return _object(await request.read())
        if place == ("GET", "/control/state"):
            return {"do": "state"}
        if place == ("GET", "/control/log"):
            since = request.query.get("since", "0")
            return {"do": "log", "since": int(since) if since.isdecimal() else since}
        return None


class VenueLog:
    """The exchange's record as a file of JSON lines, written at the end of each turn of the loop."""

    def __init__(self, path: Path | None, fail: Callable[[str], None]) -> None:
        """Open a new file. Raises `PaperServerError` when it has content already, or cannot be written."""
        self._path = path
        self._fail = fail
        self._lines: list[bytes] = []
        self._encode = msgspec.json.Encoder().encode
        self._loop = asyncio.get_running_loop()
        self._file: BinaryIO | None = None
        if path is not None:
            self._file = _new_file(path)

    def append(self, record: dict[str, object]) -> None:
        """Take one record."""
        if self._file is None:
            return
        if not self._lines:
            self._loop.call_soon(self.flush)
        self._lines.append(self._encode(record))

    def flush(self) -> None:
        """Write what was taken. A log with a hole proves nothing, so a failure ends the server."""
        if self._file is None or not self._lines:
            return
        self._lines.append(b"")
        rest = memoryview(b"\n".join(self._lines))
        self._lines.clear()
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._file.close()
            self._file = None
            self._fail(f"cannot write the venue log {self._path}: {error.strerror}; the log ends here, stopping")

    def close(self) -> None:
        """Write the rest and close."""
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None


def _new_file(path: Path) -> BinaryIO:
    try:
        if path.is_file() and path.stat().st_size:
            raise PaperServerError(f"the venue log {path} has content already; name a new file")
        return path.open("ab", buffering=0)
    except OSError as error:
        raise PaperServerError(f"cannot write the venue log {path}: {error.strerror}") from None


def _listen(host: str, port: int) -> socket.socket:
    """Take a port. Raises `PaperServerError` when it is taken already."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PaperServerError(f"port {port} on {host} is in use; choose another, or 0 for any free one") from None
        raise PaperServerError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None


@contextlib.contextmanager
def _stop_signals(stop: Callable[[], None]) -> Iterator[None]:
    """SIGINT and SIGTERM end the server in good order. Outside the main thread there are no signals to take."""
    loop = asyncio.get_running_loop()
    taken: list[signal.Signals] = []
    with contextlib.suppress(ValueError, RuntimeError):
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)


def _object(body: bytes) -> dict[str, Any]:
    """The control request in a body. Raises ValueError for one that is none."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ValueError(f'the body: must be a JSON object: {error}; would pass: {{"do": "state"}}') from None


def _json(status: int, answer: dict[str, Any]) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(answer), content_type="application/json")


def _now_us() -> int:
    return time.time_ns() // 1000


def _seconds(microseconds: int) -> Any:
    """What asyncio waits for. Numbers with a fraction appear nowhere else in this package."""
    return timedelta(microseconds=microseconds).total_seconds()
