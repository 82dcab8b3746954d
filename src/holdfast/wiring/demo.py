"""The demo: a paper exchange, the real engine and its real journal in one process, on a loop whose time may run fast.

`max` is a virtual loop: time stands still while anything is to be done and then jumps to the next timer, so every
message still takes its simulated latency. `real` and N run on a loop N times as fast as the clock.
"""

from __future__ import annotations

import asyncio
import itertools
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.model import intent as intents
from holdfast.model.inputs import Command
from holdfast.model.settings import EngineSettings, Limits, Venue
from holdfast.service.demo_report import DemoOptions, DemoReport, DemoView
from holdfast.service.inbox import Refused
from holdfast.sim import loop as loops
from holdfast.sim.market import OpenedMarket, open_exchange_info, open_market
from holdfast.sim.workload import Workload
from holdfast.wiring.demo_numbers import Totals, progress_of, report_of
from holdfast.wiring.world import World, log_into

EPOCH_US = 1_790_000_000_000_000
"""When a made-up market begins: 2026-09-21, so that a run does not depend on today's date."""

FAULT_EVERY_S = 240.0
FAULTS: tuple[dict[str, Any], ...] = (
    {"verb": "503-unknown", "executed": True, "match": {"client_id_prefix": "hf-e"}},
    {"verb": "resp.drop", "match": {"client_id_prefix": "hf-s"}},
    {"verb": "503-unknown", "executed": False, "match": {"client_id_prefix": "hf-e"}},
    {"verb": "resp.drop", "match": {"client_id_prefix": "hf-e"}},
)
"""What a real venue does now and then: answers that say nothing, and answers that never come. One at a time."""

WIND_DOWN_S = 60
LOOK_S = 1.0


class Run:
    """One demo on one loop."""

    def __init__(self, options: DemoOptions, view: DemoView, folder: Path) -> None:
        self.options = options
        self.view = view
        self.journal_path = folder / "journal.sqlite"
        self.venue_log_path = folder / "venue.jsonl"
        self.info = open_exchange_info(None)
        self.duration_us = options.minutes * 60_000_000
        self.market: OpenedMarket = open_market(
            options.market, self.info, start_us=EPOCH_US, duration_us=self.duration_us + WIND_DOWN_S * 2_000_000
        )
        self.planned = list(_read_intents(options.intents)) if options.intents is not None else None
        self.sent = 0
        self.faults = 0
        self.simulated_s = 0.0
        self.began_s = time.monotonic()
        self.world: World

    async def main(self) -> None:
        """Start everything, let the intents in, close what is open, stop in order."""
        # A virtual loop goes on when nothing is under way, so it must not wait for a disk in another thread.
        virtual = self.options.speed == "max"
        with self.venue_log_path.open("xb", buffering=1 << 20) as log:
            world = self.world = World(
                settings=demo_settings(),
                market=self.market.source,
                exchange_info=self.info,
                journal=SqliteJournal(self.journal_path, inline=virtual, durability="none" if virtual else "full"),
                log=log_into(log),
            )
            await world.start()
            await world.active()
            await world.priced()
            faults = asyncio.create_task(self._disturb(), name="faults")
            await self._trade()
            faults.cancel()
            await self._wind_down()
            self.simulated_s = (world.clock.wall_us() - world.begin_us) / 1_000_000
            await world.close()
        self.market.close()
        if world.network.ended.done():
            # A recording that breaks off in the middle is no recording: its error is the run's.
            world.network.ended.result()

    async def _disturb(self) -> None:
        for number in itertools.count():
            await asyncio.sleep(FAULT_EVERY_S)
            self.world.network.control({"do": "fault", "count": 1, **FAULTS[number % len(FAULTS)]})
            self.faults += 1

    async def _trade(self) -> None:
        """Send intents at their times until the stream or the market ends."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        pending: list[asyncio.Task[None]] = []
        for after_ms, make in self._stream():
            while (wait := start + after_ms / 1_000 - loop.time()) > 0 and not self.world.network.ended.done():
                await asyncio.sleep(min(wait, LOOK_S))
                self._show(loop.time() - start)
            if self.world.network.ended.done():
                break
            value = make(self.world.touch)
            if value is not None:
                self.sent += 1
                pending.append(loop.create_task(self._submit(value), name=f"intent-{self.sent}"))
        while not self._over(loop.time() - start):
            await asyncio.sleep(LOOK_S)
            self._show(loop.time() - start)
        await asyncio.gather(*pending)

    def _over(self, elapsed_s: float) -> bool:
        if self.world.network.ended.done():
            return True
        return not self.market.recorded and elapsed_s * 1_000_000 >= self.duration_us

    def _stream(self) -> Iterator[tuple[int, Any]]:
        if self.planned is not None:
            for number, value in enumerate(self.planned):
                yield 2_000 + number * 2_000, lambda _, value=value: value
            return
        markets = self.world.node.engine.around.markets
        symbols = tuple(symbol for symbol in sorted(markets) if markets[symbol].bid)
        recorded = self.market.recorded
        duration_ms = 1 << 40 if recorded else self.duration_us // 1_000
        gap_ms = 20_000 if len(symbols) > 2 else 5_000
        workload = Workload(seed=self.options.seed, symbols=symbols, duration_ms=duration_ms, mean_gap_ms=gap_ms)
        yield from workload.stream()

    async def _submit(self, value: dict[str, Any] | intents.Intent) -> None:
        intent = value if isinstance(value, intents.Intent) else intents.from_builtins(value)
        try:
            await self.world.node.runner.submit(intent)
        except Refused:
            self.sent -= 1

    async def _wind_down(self) -> None:
        """Close what is open, and wait until it is proved closed (or the market has no more prices)."""
        node = self.world.node
        node.deliver(Command(now_ms=0, what="flatten", by="demo", reason="the demo ends"))
        await self.world.until(lambda: not node.engine.state.live_trades, WIND_DOWN_S)

    def _show(self, elapsed_s: float) -> None:
        if self.view.due():
            share = self.market.fraction() if self.market.recorded else elapsed_s * 1_000_000 / self.duration_us
            self.view.update(progress_of(self.world.node, min(1.0, share), self.sent))


def demo_settings() -> EngineSettings:
    """A small account's limits."""
    limits = Limits(
        max_order_notional=Decimal(20_000), max_position_notional=Decimal(20_000), max_gross_notional=Decimal(60_000)
    )
    return EngineSettings(account="demo", venue=Venue.PAPER, limits=limits)


def run_demo(options: DemoOptions, view: DemoView) -> DemoReport:
    """Run one demo to its end. Raises `MarketFileError`, `IntentError` or `OSError`."""
    if options.folder is not None:
        options.folder.mkdir(parents=True, exist_ok=True)
        return _run_in(options, view, options.folder)
    with tempfile.TemporaryDirectory(prefix="holdfast-demo-") as folder:
        report = _run_in(options, view, Path(folder))
        return msgspec.structs.replace(report, journal="", venue_log="")


def _run_in(options: DemoOptions, view: DemoView, folder: Path) -> DemoReport:
    run = Run(options, view, folder)
    loops.run(run.main, loop=_loop_for(options.speed))
    seconds = time.monotonic() - run.began_s
    totals = Totals(
        intents=run.sent,
        frames=run.world.network.market_events,
        faults=run.faults,
        simulated_s=round(run.simulated_s, 1),
        seconds=round(seconds, 2),
        rss_mb=_rss_mb(),
    )
    return report_of(run.world.node, options, totals, folder)


def _loop_for(speed: str) -> asyncio.AbstractEventLoop:
    if speed == "max":
        return loops.VirtualLoop()
    return loops.ScaledLoop(1.0 if speed == "real" else float(speed))


def _read_intents(path: Path) -> Iterator[intents.Intent]:
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if line.strip():
            try:
                yield intents.decode(line)
            except intents.IntentError as error:
                raise intents.IntentError(f"line {number}: {error.field}", error.rule, error.passes) from None


def _rss_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
