"""`holdfast run`: one engine with real transports, its journal, and its HTTP API, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import resource
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

from holdfast import __version__
from holdfast.adapters.clock_system import SystemClock
from holdfast.adapters.http_aiohttp import AiohttpClient
from holdfast.adapters.latch_file import LatchFile
from holdfast.adapters.lock_file import AlreadyRunning, LockFile, NoLockFolder, lock_account, weight_beside
from holdfast.adapters.sqlite_file import SqliteReader
from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.adapters.ws_picows import PicowsConnector
from holdfast.api.listening import listen
from holdfast.binance import endpoints as ep
from holdfast.binance.key_rights import key_problems
from holdfast.binance.signing import make_signer
from holdfast.config import Config
from holdfast.core.feasibility import account_contradictions
from holdfast.model.chain import ChainBroken, JournalUnusable
from holdfast.model.reasons import TradingState
from holdfast.model.settings import Venue
from holdfast.ports import JournalRecord
from holdfast.service.coverage import too_costly, weight_per_minute
from holdfast.service.log import ForeignLogs, make_logger
from holdfast.service.log_console import writer_for
from holdfast.service.metrics import Metrics
from holdfast.service.observe import Observer
from holdfast.service.venue_reads import CannotAsk
from holdfast.wiring.node import BOOT_RETRY_S, Identity, KeyNotTaken, Network, Node, account_mode

OK: Final = 0
REFUSED: Final = 1
UNREACHABLE: Final = 3
FAILED: Final = 4

TOO_COSTLY: Final = "the coverage watch would leave too little of the rate limit (RULES 12)"

SILENCE_S: Final = 3.0
"""How often a start that waits for the venue says so."""

Say = Callable[[str], None]


class StartRefused(Exception):
    """The engine must not start; the text says why and what to do."""


def run_engine(config: Config, say: Say) -> int:
    """Run until SIGINT or SIGTERM. Answers the exit code; every refusal was said."""
    contradictions = account_contradictions(config.engine.limits)
    if contradictions:
        say("holdfast: the limits contradict each other\n    " + "\n    ".join(contradictions))
        return REFUSED
    costly = too_costly(_symbols_at_once(config), config.engine.coverage_interval_ms)
    if costly:
        say(f"holdfast: {TOO_COSTLY}\n    {costly}")
        return REFUSED
    _raise_file_limit()
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if importlib.util.find_spec("uvloop"):
        factory = importlib.import_module("uvloop").new_event_loop
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(_run(config, say))
    except StartRefused as error:
        say(f"holdfast: {error}")
        return REFUSED
    except KeyNotTaken as error:
        venue = config.engine.venue.value
        say(
            f"holdfast: {venue} does not take this key: {error}\n"
            f"    would pass: a key made at {venue}, with futures enabled and this machine's address on its list"
        )
        return REFUSED
    except ChainBroken as error:
        say(f"holdfast: {error}\n    would pass: the journal as it was written ({config.journal_path} or a copy of it)")
        return REFUSED
    except (AlreadyRunning, NoLockFolder) as error:
        say(f"holdfast: {error}")
        return UNREACHABLE
    except JournalUnusable as error:
        say(f"holdfast: journal.path: {error}")
        return UNREACHABLE
    except OSError as error:
        say(f"holdfast: {error.strerror or error}" + (f" ({error.filename})" if error.filename else ""))
        return UNREACHABLE


def _symbols_at_once(config: Config) -> int:
    """How many symbols may be exposed at the same time, by configuration."""
    allowed = config.engine.symbols
    return min(config.engine.limits.max_trades, len(allowed) or config.engine.limits.max_trades)


def _raise_file_limit() -> None:
    """The usual soft limit of open files is small; the hard one is what the system really allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 65_536, hard))


async def _run(config: Config, say: Say) -> int:
    with ExitStack() as held:
        # The port is taken first: an engine that nobody can halt over its API must not begin to trade.
        listening = held.enter_context(closing(listen(config.http.bind, config.http.port)))
        clock = SystemClock()
        logger = make_logger(config.log.level, clock=clock, writer=writer_for(config.log.format, sys.stderr.fileno()))
        ForeignLogs(logger).install()
        _make_folder(config.journal_path)
        held.callback(_lock(config).release)
        journal = held.enter_context(closing(SqliteJournal(config.journal_path)))
        network = _network(config)
        try:
            node = _node(config, clock, journal, logger, network)
            check_owner(config, node)
        except BaseException:
            # From here on the node closes its network; until then nobody else would, whatever ends the start.
            await network.close()
            raise
        return await _serve(config, node, listening, say)


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        rule = f"the folder {path.parent} cannot be made ({error.strerror})"
        raise JournalUnusable(f"{rule}; would pass: a path in a folder of yours") from None


def _endpoints(config: Config) -> ep.Endpoints:
    at = config.endpoints
    return ep.at(at.rest, at.ws_api, at.streams, at.restrictions)


def _network(config: Config) -> Network:
    endpoints = _endpoints(config)
    return Network(
        rest=AiohttpClient(endpoints.rest.origin),
        watch=AiohttpClient(endpoints.rest.origin, connections=4),
        ws_api=PicowsConnector(endpoints.ws_api.origin),
        streams=PicowsConnector(endpoints.streams.origin),
        wallet=AiohttpClient(endpoints.wallet.origin) if endpoints.wallet is not None else None,
    )


def _node(config: Config, clock: SystemClock, journal: SqliteJournal, logger: object, network: Network) -> Node:
    credentials = config.credentials
    assert credentials is not None, "invariant: [venue] was loaded"
    engine = config.engine
    latch = LatchFile(config.latch_path)
    return Node(
        settings=engine,
        identity=Identity(
            version=__version__,
            config_hash=config.config_hash,
            key_fingerprint=config.key_fingerprint,
            # Play money may begin at once; with real money somebody says "resume" first.
            boot_state=TradingState.ACTIVE if engine.venue is Venue.PAPER else TradingState.HALTED,
        ),
        endpoints=_endpoints(config),
        signer=make_signer(credentials.api_key, credentials.key_type, credentials.secret.reveal()),
        network=network,
        journal=journal,
        clock=clock,
        observer=Observer(
            venue=engine.venue.value,
            account=engine.account,
            version=__version__,
            logger=logger,
            metrics=Metrics(),
        ),
        latched=latch.closed,
        snapshot_every=config.journal.snapshot_every_events,
    )


def _lock(config: Config) -> LockFile:
    """One engine per key on this host, and no more of them than the address they share can watch over (RULES 8, 12).

    Raises `AlreadyRunning`, `JournalUnusable` or `StartRefused`.
    """
    symbols, interval_ms = _symbols_at_once(config), config.engine.coverage_interval_ms
    address = config.endpoints.rest
    lock = lock_account(
        config.lock_folder,
        config.engine.venue.value,
        config.engine.account,
        config.key_fingerprint,
        address=address,
        weight=weight_per_minute(symbols, interval_ms),
    )
    # Its own weight is written before the others' is read: of two that start together both see the other.
    costly = too_costly(symbols, interval_ms, beside=weight_beside(lock, address))
    if costly:
        lock.release()
        raise StartRefused(f"{TOO_COSTLY}\n    {costly}")
    return lock


async def _serve(config: Config, node: Node, listening: socket.socket, say: Say) -> int:
    from holdfast.api.app import build
    from holdfast.api.server import HttpServer

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    token = config.token.reveal() if config.token is not None else None
    _spare_the_collector()
    desk = node.desk(read_apart=lambda: _read_apart(config.journal_path))
    server = HttpServer(build(desk, token=token, max_event_streams=config.http.max_event_streams), listening)
    try:
        await _unless(stopping, node.service.start(), lambda: say(_silence(config)))
        if not stopping.is_set():
            await _unless(stopping, check_account(config, node, say), lambda: say(_silence(config)))
        if not stopping.is_set():
            await server.start()
            # What the start has made (600 symbols, connections) stays as well.
            gc.freeze()
            say(_greeting(config, node, server.port))
            await _until(stopping, node)
    finally:
        await server.stop()
        await node.run_down()
    return FAILED if node.runner.ended.done() and node.runner.ended.exception() else OK


def _spare_the_collector() -> None:
    """Code, configuration and the journal's state stay to the end, so the garbage collector need not look at them.

    Where it did, it stopped the loop, and with it whatever was about to be sent, for 100 ms at a time. Hardly any
    garbage of ours has cycles, so it may also come more rarely; each of its small rounds stays below a millisecond.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


def _read_apart(path: Path) -> Iterator[JournalRecord]:
    """The journal over a connection of its own, for readers in other threads."""
    with closing(SqliteReader(path)) as reader:
        yield from reader.read()


async def _unless(stopping: asyncio.Event, work: Coroutine[Any, Any, None], silent: Callable[[], None]) -> None:
    """Wait for a step of the start; a venue that does not answer is asked again and again, but a signal ends it."""
    starting = asyncio.ensure_future(work)
    asked = asyncio.ensure_future(stopping.wait())
    while not (await asyncio.wait((starting, asked), timeout=SILENCE_S, return_when=asyncio.FIRST_COMPLETED))[0]:
        silent()
    asked.cancel()
    if not starting.done():
        starting.cancel()
    await asyncio.gather(starting, return_exceptions=stopping.is_set())


async def _until(stopping: asyncio.Event, node: Node) -> None:
    asked = asyncio.ensure_future(stopping.wait())
    await asyncio.wait((asked, node.runner.ended), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()


def check_owner(config: Config, node: Node) -> None:
    """A journal belongs to one account at one venue: with another's, every order would be a stranger's (RULES 8).

    Raises `StartRefused`.
    """
    written = node.model.state()
    ours = (config.engine.venue.value, config.engine.account)
    if written.account and (written.venue, written.account) != ours:
        raise StartRefused(
            f"journal.path: {config.journal_path} is the journal of account {written.account} at {written.venue}, "
            f"not of account {ours[1]} at {ours[0]}\n    would pass: a journal.path of its own for each account"
        )


async def check_account(config: Config, node: Node, say: Say) -> None:
    """What no engine may change for its owner: position mode, multi-assets mode, the key's rights (RULES 13, P37).

    Raises `StartRefused`.
    """
    hedge, multi_assets = await account_mode(node)
    while hedge is None or multi_assets is None:
        # "Could not ask" is not "as it should be".
        await asyncio.sleep(BOOT_RETRY_S)
        hedge, multi_assets = await account_mode(node)
    if hedge:
        raise StartRefused(
            "the account is in hedge mode, which Holdfast does not trade yet\n"
            "    would pass: one-way mode (Binance: Futures preferences, Position Mode)"
        )
    if multi_assets != config.engine.multi_assets:
        found = "on" if multi_assets else "off"
        raise StartRefused(
            f"multi-assets mode is {found} at the venue, but account.multi_assets says otherwise\n"
            f"    would pass: account.multi_assets = {str(multi_assets).lower()}, or change it at the venue"
        )
    if config.engine.venue is Venue.LIVE:
        await _check_key(config, node, say)


async def _check_key(config: Config, node: Node, say: Say) -> None:
    try:
        rights = await node.gateway.reads.key_restrictions()
    except CannotAsk as error:
        raise StartRefused(f"the key's rights could not be read ({error})") from None
    if rights is None:
        raise StartRefused("the venue does not say what the key may do")
    problems = key_problems(rights, allow_without_ip_list=config.venue.allow_key_without_ip_list)
    if problems:
        raise StartRefused("this key must not be used\n    " + "\n    ".join(problems))
    if not rights.ip_restrict:
        say(
            "LIVE: this key works from any address, and venue.allow_key_without_ip_list allows it: whoever steals it "
            "can trade the account empty"
        )


def _silence(config: Config) -> str:
    venue = config.engine.venue.value
    hint = " (is `holdfast paper` running?)" if venue == "paper" else ""
    return (
        f"{venue.upper()}: no answer from {config.endpoints.rest} yet{hint}. It is asked until it answers; nothing "
        "is traded meanwhile; Ctrl-C stops"
    )


def _greeting(config: Config, node: Node, port: int) -> str:
    state = node.engine.state
    commanded = state.commanded.value if state.commanded is not None else "halted"
    more = "" if commanded == "active" else "; `holdfast resume` lets it trade"
    return (
        f"{config.engine.venue.value.upper()}: engine of account {config.engine.account} is up, "
        f"commanded {commanded}{more}; API at http://{config.http.bind}:{port}; Ctrl-C stops it"
    )
