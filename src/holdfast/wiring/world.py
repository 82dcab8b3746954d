"""A whole world in one process: the paper exchange, its market, and one engine, on the running loop.

Nothing in it waits in real time: on a virtual loop hours pass as fast as they can be computed, and bytes still take
their way (`sim.network`). The demo lives in one, and so do the tests that need engine and exchange together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from itertools import chain
from typing import Any, BinaryIO

import msgspec

from holdfast import __version__
from holdfast.adapters.loop_clock import LoopClock
from holdfast.binance import endpoints as ep
from holdfast.binance.signing import make_signer
from holdfast.model.reasons import TradingState
from holdfast.model.settings import EngineSettings
from holdfast.paper.config import PaperConfig, RateLimits
from holdfast.paper.edge import PaperVenue
from holdfast.paper.exchange import Log
from holdfast.paper.sources.source import MarketSource
from holdfast.ports import Journal
from holdfast.service.log import make_logger
from holdfast.service.metrics import Metrics
from holdfast.service.observe import Observer
from holdfast.sim.network import InProcessVenue
from holdfast.wiring.node import Identity, Network, Node

LATENCY_US = 2_000
"""One way, like a machine in the same region as the venue."""

READY_S = 30.0
LOOK_S = 0.05


def in_process_config() -> PaperConfig:
    """The usual exchange, without the limit of WebSocket messages that a machine far away would not reach.

    It keeps no candles: the engine never asks for them.
    """
    return PaperConfig(limits=RateLimits(ws_messages_per_second=None), market_history=False)


def log_into(file: BinaryIO) -> Log:
    """Writes each record of the exchange's log as one line of JSON."""
    encode = msgspec.json.Encoder(decimal_format="string").encode

    def write(record: dict[str, object]) -> None:
        file.write(encode(record) + b"\n")

    return write


class World:
    """Construct it in a running loop, `start` it, use `node` and `network`, and `close` it.

    Time begins with the market's first event. `log` gets every record of the exchange's log, in order.
    """

    def __init__(
        self,
        *,
        settings: EngineSettings,
        market: MarketSource,
        exchange_info: dict[str, Any],
        journal: Journal,
        log: Log,
        paper: PaperConfig | None = None,
        boot_state: TradingState = TradingState.ACTIVE,
        latched: Callable[[], bool] = lambda: False,
    ) -> None:
        """Raises `StopIteration` for a market without events."""
        loop = asyncio.get_running_loop()
        first = next(market)
        self.begin_us = first[0]
        self.clock = LoopClock(loop, self.begin_us - round(loop.time() * 1_000_000))
        self.settings = settings
        self.boot_state = boot_state
        self._latched = latched
        venue = PaperVenue(paper or in_process_config(), exchange_info, self.begin_us, log)
        self.network = InProcessVenue(venue, chain((first,), market), self.clock, latency_us=LATENCY_US)
        self.node = self.make_node(journal)

    def make_node(self, journal: Journal) -> Node:
        """An engine of this world's account, with connections of its own. It is not started."""
        http, connector = self.network.http(), self.network.connector()
        return Node(
            settings=self.settings,
            identity=Identity(__version__, "in-process", "in-process", self.boot_state),
            endpoints=ep.at("http://paper", "ws://paper/ws-fapi/v1", "ws://paper", wallet="http://paper"),
            signer=make_signer("paper-key", "hmac", "paper-secret"),
            network=Network(rest=http, watch=self.network.http(), ws_api=connector, streams=connector, wallet=http),
            journal=journal,
            clock=self.clock,
            observer=Observer(
                venue=self.settings.venue.value,
                account=self.settings.account,
                version=__version__,
                logger=make_logger("none", clock=self.clock),
                metrics=Metrics(),
            ),
            latched=self._latched,
        )

    async def start(self) -> None:
        """Play the market and start the engine."""
        self.network.start()
        await self.node.service.start()

    async def active(self) -> None:
        """Wait until the engine may trade. Raises `OSError` when that takes too long."""
        state = self.node.engine.state
        if not await self.until(lambda: state.effective is TradingState.ACTIVE, READY_S):
            reasons = "; ".join(state.effective_reasons)
            raise OSError(f"the engine did not become active within {READY_S:g} s: {reasons}")

    async def priced(self) -> None:
        """Wait until some symbol has a touch and a mark. Raises `OSError` when that takes too long."""
        around = self.node.engine.around
        if not await self.until(lambda: any(market.bid and market.mark for market in around.markets.values()), READY_S):
            raise OSError(f"the market showed no touch and mark within {READY_S:g} s")

    async def until(self, condition: Callable[[], object], within_s: float) -> bool:
        """Let time pass until the condition holds, at most so many seconds of the loop; answers whether it holds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while not condition():
            if loop.time() >= end:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    async def pass_time(self, seconds: float) -> None:
        """Let so much time of the loop pass."""
        await asyncio.sleep(seconds)

    def touch(self, symbol: str) -> tuple[Decimal, Decimal] | None:
        """Best bid and ask as the engine knows them; None before the first quote."""
        market = self.node.engine.around.market(symbol)
        return None if market.bid is None or market.ask is None else (market.bid, market.ask)

    async def close(self) -> None:
        """Stop the engine in order, then the exchange."""
        await self.node.run_down()
        self.network.close()
