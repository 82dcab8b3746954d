"""One engine, put together: core, journal, runner, gateway, streams, watch. Transports and clocks are handed in, so the
same node runs on real sockets, in process on a scaled loop, and on a virtual one."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from holdfast.api.desk import Desk
from holdfast.binance.endpoints import Endpoints
from holdfast.binance.governor import Governor
from holdfast.binance.signing import Signer
from holdfast.core.engine import Engine
from holdfast.model.effects import Lane, Read, ReadKind
from holdfast.model.inputs import AnyInput, Command, InstrumentsLoaded, LinkChanged, Started
from holdfast.model.reasons import TradingState
from holdfast.model.reports import KEY_REFUSED_CODES
from holdfast.model.settings import EngineSettings
from holdfast.ports import Clock, HttpClient, Journal, JournalRecord, WsConnector
from holdfast.service.coverage import CoverageWatch
from holdfast.service.gateway import Gateway
from holdfast.service.lifecycle import Part, Service, Supervisor
from holdfast.service.market_stream import MarketStream
from holdfast.service.observe import Observer
from holdfast.service.outbox import Outbox
from holdfast.service.readmodel import ReadModel
from holdfast.service.recovery import recover
from holdfast.service.rest_door import RestDoor
from holdfast.service.runner import Runner
from holdfast.service.snapshots import SnapshotKeeper
from holdfast.service.user_stream import UserStream
from holdfast.service.venue_clock import VenueClock
from holdfast.service.venue_reads import CannotAsk

BOOT_RETRY_S = 1.0
LATCH_LOOK_S = 1.0
REFRESH_INSTRUMENTS_S = 900.0
HALTED_REFRESH_S = 60.0
"""While a market that we watch is halted, which may be open again any moment, and when the rules could not be read."""
LEAST_REFRESH_S = 2.0
"""Between two readings of the rules, however often they change."""
FIRST_REFRESH_S = 30.0
"""The account's fees are read then; a start has more urgent questions."""
FEE_PAUSE_S = 3.0
"""A fee costs a weight of 20 to ask for."""


class KeyNotTaken(Exception):
    """The venue refused the first signed read."""


class Network(NamedTuple):
    """The ways to the venue. `watch` is the coverage watch's own; `wallet` is None where there is no wallet host."""

    rest: HttpClient
    watch: HttpClient
    ws_api: WsConnector
    streams: WsConnector
    wallet: HttpClient | None = None

    async def close(self) -> None:
        """Let go of the connections for reads; streams are closed by those who opened them."""
        for client in (self.rest, self.watch, self.wallet):
            if client is not None:
                await client.close()


class Identity(NamedTuple):
    """Who runs: what stands in the journal's first record of a start."""

    version: str
    config_hash: str
    key_fingerprint: str
    boot_state: TradingState


class Node:
    """A running engine. `start` returns once the engine has begun to reconcile; `stop` ends it in order.

    Construct it in a running loop. Raises `JournalUnusable` or `ChainBroken` when the journal cannot be trusted.
    """

    name = "node"

    def __init__(
        self,
        *,
        settings: EngineSettings,
        identity: Identity,
        endpoints: Endpoints,
        signer: Signer,
        network: Network,
        journal: Journal,
        clock: Clock,
        observer: Observer,
        latched: Callable[[], bool],
        snapshot_every: int = 50_000,
    ) -> None:
        self.settings = settings
        self.identity = identity
        self.journal = journal
        self.network = network
        self.observer = observer
        self.begun = False
        """Whether the engine was told to begin."""
        self._latched = latched
        begun_us = clock.mono_us()
        self.engine, self.model, found = recover(
            journal, lambda: Engine(settings, identity.version), ReadModel, version=identity.version
        )
        observer.recovered(found, self.model, (clock.mono_us() - begun_us) // 1_000)
        self.outbox = Outbox(journal, observer)
        self.outbox.listen("read model", self.model.fold)
        self.outbox.listen("observer", observer.record)
        self.snapshots = SnapshotKeeper(
            engine=self.engine,
            read_model=self.model,
            journal=journal,
            version=identity.version,
            failed=observer.snapshot_failed,
            every=snapshot_every,
        )
        self.clock = VenueClock(clock=clock, http=network.rest, deliver=self.deliver, observer=observer)
        self.runner = Runner(
            engine=self.engine,
            journal=journal,
            outbox=self.outbox,
            clock=clock,
            venue_clock=self.clock,
            observer=observer,
            quiet=self.snapshots.consider,
        )
        self.supervisor = Supervisor(self.deliver, observer)
        self._build_drivers(endpoints, signer, network)
        self.service = Service(self._parts(), observer)

    def _build_drivers(self, endpoints: Endpoints, signer: Signer, network: Network) -> None:
        governor = Governor()
        self._rules_doubted = asyncio.Event()
        self.user_stream = UserStream(
            endpoints=endpoints,
            signer=signer,
            http=network.rest,
            ws_connector=network.streams,
            clock=self.clock,
            deliver=self._told,
            governor=governor,
            observer=self.observer,
        )
        self.gateway = Gateway(
            endpoints=endpoints,
            signer=signer,
            http=network.rest,
            ws_connector=network.ws_api,
            clock=self.clock,
            deliver=self.deliver,
            settings=self.settings,
            observer=self.observer,
            governor=governor,
            wallet_http=network.wallet,
            confirmed=self.user_stream.owe,
            entries_forbidden=self._latched,
            rules_doubted=self._rules_doubted.set,
        )
        self.runner.attach(self.gateway)
        self.market_stream = MarketStream(
            endpoints=endpoints,
            ws_connector=network.streams,
            clock=self.clock,
            deliver=self.deliver,
            door=RestDoor(http=network.rest, signer=signer, clock=self.clock, governor=governor),
            observer=self.observer,
            contract_changed=self._rules_doubted.set,
        )
        self.coverage = CoverageWatch(
            http=network.watch,
            signer=signer,
            clock=self.clock,
            deliver=self.deliver,
            exposed=self.engine.exposed_symbols,
            settings=self.settings,
            governor=governor,
            observer=self.observer,
        )

    def _parts(self) -> list[Part]:
        # The user stream connects while the rest gets ready: when the engine begins to read, it is usually up.
        return [self.clock, self.user_stream, self.gateway, _Boot(self), self.market_stream, self.coverage, self]

    def deliver(self, message: AnyInput) -> None:
        """Hand an input to the runner."""
        self.runner.deliver(message)

    def _told(self, message: AnyInput) -> None:
        """What the user stream tells. Before the engine has begun only that it is up: all else is read after that."""
        if self.begun or isinstance(message, LinkChanged):
            self.deliver(message)

    def desk(self, *, read_apart: Callable[[], Iterable[JournalRecord]] | None = None) -> Desk:
        """The engine as the API sees it. `read_apart` reads the journal in another thread."""
        return Desk(
            runner=self.runner,
            model=self.model,
            outbox=self.outbox,
            journal=self.journal,
            venue=self.settings.venue.value,
            account=self.settings.account,
            version=self.identity.version,
            metrics=self.observer.metrics.text,
            listed=self._is_listed,
            latched=self._latched,
            mark=self._mark,
            read_apart=read_apart,
        )

    def _mark(self, symbol: str) -> Decimal | None:
        market = self.engine.around.markets.get(symbol)
        return market.mark if market is not None else None

    def _is_listed(self, symbol: str) -> bool:
        around, state = self.engine.around, self.engine.state
        held = symbol in state.positions or symbol in state.foreign or symbol in state.live_trades
        # Before the symbol rules are known, nothing that reduces risk may be refused for a name.
        return not around.instruments or symbol in around.instruments or symbol in around.quarantined or held

    async def start(self) -> None:
        """Watch the latch and the symbol rules."""
        self.supervisor.spawn("latch-watch", self._watch_latch())
        self.supervisor.spawn("instruments-refresh", self._refresh_instruments())

    async def stop(self) -> None:
        """End the watches."""
        await self.supervisor.stop()

    async def run_down(self) -> None:
        """Stop in order: no more intents, working entries cancelled, links closed, everything on the disk."""
        if not self.runner.ended.done():
            self.deliver(Command(now_ms=0, what="shutdown", by="service", reason="the process stops"))
            await asyncio.sleep(0.2)
        await self.service.stop()
        await self.runner.stop()
        if not self.runner.ended.exception() and self.runner.journal_ok:
            await self.snapshots.take_last()
        self.outbox.close()
        self.journal.close()
        await self.network.close()

    async def _watch_latch(self) -> None:
        told = False
        while True:
            closed = self._latched()
            if closed and (not told or self.engine.state.commanded is not TradingState.HALTED):
                self.deliver(Command(now_ms=0, what="halt", by="latch", reason="the kill latch is closed (RULES 16)"))
            told = closed
            await asyncio.sleep(LATCH_LOOK_S)

    async def _refresh_instruments(self) -> None:
        pause_s = FIRST_REFRESH_S if self.settings.symbols else REFRESH_INSTRUMENTS_S
        for version in itertools.count(2):
            doubted = await self._doubted_within(pause_s)
            pause_s = REFRESH_INSTRUMENTS_S
            if not doubted:
                await self._read_fees()
            try:
                # A close that is too large for the new rules goes out when they are known.
                urgent = doubted and any(self.engine.state.positions.values())
                loaded = await self.gateway.reads.instruments(version, Lane.PROTECT if urgent else Lane.QUERY)
            except CannotAsk as error:
                self.observer.read_repeated("instruments", str(error))
                pause_s = LEAST_REFRESH_S if doubted else HALTED_REFRESH_S
                continue
            self.deliver(loaded)
            if self.watch_markets(loaded):
                pause_s = HALTED_REFRESH_S
            await asyncio.sleep(LEAST_REFRESH_S)

    async def _doubted_within(self, seconds: float) -> bool:
        """Wait so long, or until the venue tells of other rules, or refuses an order by them. Whether it did."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rules_doubted.wait()
        doubted = self._rules_doubted.is_set()
        self._rules_doubted.clear()
        return doubted

    def watch_markets(self, loaded: InstrumentsLoaded) -> bool:
        """Listen to the markets that may be traded: those named, else all that are open, and whatever is held in any
        case, because a stop waits for its mark also while the venue takes no orders. Whether one of them is halted."""
        named, state = self.settings.symbols, self.engine.state
        held = dict.fromkeys([*(name for name, amount in state.positions.items() if amount), *state.live_trades])
        wanted = {i.symbol: i.tradable for i in loaded.instruments if i.symbol in held}
        wanted |= {i.symbol: i.tradable for i in loaded.instruments if (i.symbol in named if named else i.tradable)}
        fresh = [symbol for symbol in wanted if not self.market_stream.watches(symbol)]
        self.market_stream.watch(fresh[: self.market_stream.room])
        return not all(wanted.values())

    async def _read_fees(self) -> None:
        """Of every symbol there is it would cost several whole windows; those that are named are few.

        One that cannot be read keeps the configured rate, or the last one; the symbol rules do not wait for it.
        """
        for symbol in self.settings.symbols:
            try:
                await self.gateway.reads.taker_fee(symbol)
            except CannotAsk as error:
                self.observer.read_repeated("taker fee", f"{symbol}: {error}")
            await asyncio.sleep(FEE_PAUSE_S)


class _Boot:
    """The first questions to the venue: symbol rules, then the engine begins (positions first, RULES 8)."""

    name = "boot"

    def __init__(self, node: Node) -> None:
        self._node = node

    async def start(self) -> None:
        """Wait until the symbol rules are known, then let the engine begin."""
        node = self._node
        loaded = await self._instruments()
        node.deliver(loaded)
        identity = node.identity
        node.deliver(
            Started(
                now_ms=0,
                version=identity.version,
                config_hash=identity.config_hash,
                key_fingerprint=identity.key_fingerprint,
                boot_state=identity.boot_state,
            )
        )
        node.begun = True
        node.watch_markets(loaded)

    async def stop(self) -> None:
        """Nothing is left running."""

    async def _instruments(self) -> InstrumentsLoaded:
        while True:
            try:
                return await self._node.gateway.reads.instruments()
            except CannotAsk as error:
                if error.outcome.code in KEY_REFUSED_CODES:
                    # Asking again with the same key answers nothing; a key of another venue is the usual cause (H2).
                    raise KeyNotTaken(str(error)) from None
                self._node.observer.read_repeated("instruments", str(error))
                await asyncio.sleep(BOOT_RETRY_S)


async def account_mode(node: Node) -> tuple[bool | None, bool | None]:
    """(hedge mode, multi-assets mode) as the venue has them; None where it did not answer.

    The API opens after this answer, so it does not wait for the share of the window that other reads may use.
    """
    answer = await node.gateway.read_now(Read(kind=ReadKind.MODES, purpose="boot", lane=Lane.PROTECT))
    return answer.hedge_mode, answer.multi_assets
