"""The drivers of the venue before the paper exchange, in process, on a virtual loop."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from holdfast.adapters.loop_clock import LoopClock
from holdfast.binance.endpoints import at
from holdfast.binance.signing import Ed25519Signer, HmacSigner, Signer
from holdfast.model.effects import Authorised, Cancel, Lane, Place
from holdfast.model.ids import Role
from holdfast.model.inputs import AnyInput, CancelAnswered, OrderSeen, PlaceAnswered
from holdfast.model.orders import AlgoSpec, AlgoType, OrderSpec, OrderType, Side, TimeInForce
from holdfast.model.reports import RequestOutcome
from holdfast.model.settings import EngineSettings, Venue
from holdfast.paper.config import AccountConfig, PaperConfig, VenueFacts
from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.market import BookTop, Mark, MarketEvent
from holdfast.service.coverage import CoverageWatch
from holdfast.service.gateway import Gateway
from holdfast.service.market_stream import MarketStream
from holdfast.service.user_stream import UserStream
from holdfast.service.venue_clock import VenueClock
from holdfast.sim.loop import VirtualLoop, run
from holdfast.sim.network import InProcessVenue
from tests.service.gateway_bench import Log
from tests.waiting import time_passes

START_US = 1_800_000_000_000_000
SECOND_US = 1_000_000
PRICE = Decimal("65000.00")

_KEY = Ed25519PrivateKey.generate()
_PEM = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
_PUBLIC = (
    _KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
HMAC = HmacSigner("paper-key", "paper-secret")
ED25519 = Ed25519Signer("paper-key-ed", _PEM)


def market(seconds: int = 120) -> Iterator[tuple[int, MarketEvent]]:
    """A price that stands still: a touch and a mark every second."""
    much = Decimal(100)
    for second in range(seconds):
        time_us, time_ms = START_US + second * SECOND_US, (START_US + second * SECOND_US) // 1_000
        ask = PRICE + Decimal("0.10")
        yield (
            time_us,
            BookTop(
                symbol="BTCUSDT",
                bid=PRICE,
                bid_qty=much,
                ask=ask,
                ask_qty=much,
                u=second + 1,
                T=time_ms,
                E=time_ms,
            ),
        )
        mark = Mark(symbol="BTCUSDT", mark=PRICE, index=PRICE, rate=Decimal(0), next_funding_ms=0, E=time_ms)
        yield time_us, mark


class PaperBench:
    """One account's drivers, wired as an engine wires them."""

    def __init__(self, *, signer: Signer = HMAC, facts: VenueFacts | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.system = LoopClock(loop, START_US - round(loop.time() * SECOND_US))
        account = AccountConfig(
            name="main",
            api_key="paper-key",
            api_secret="paper-secret",
            ed25519_public_pem=_PUBLIC,
            ed25519_api_key="paper-key-ed",
        )
        config = PaperConfig(accounts=[account], facts=facts or VenueFacts())
        self.venue_log: list[dict[str, object]] = []
        venue = PaperVenue(config, default_exchange_info(), START_US, self.venue_log.append)
        self.host = InProcessVenue(venue, market(), self.system, latency_us=500)
        self.told: list[AnyInput] = []
        self.log = Log()
        settings = EngineSettings(account="main", venue=Venue.PAPER)
        endpoints = at("http://paper", "ws://paper/ws-fapi/v1", "ws://paper")
        self.clock = VenueClock(clock=self.system, http=self.host.http(), deliver=self.told.append, observer=self.log)
        self.user_stream = UserStream(
            endpoints=endpoints,
            signer=signer,
            http=self.host.http(),
            ws_connector=self.host.connector(),
            clock=self.clock,
            deliver=self.told.append,
            observer=self.log,
        )
        self.gateway = Gateway(
            endpoints=endpoints,
            signer=signer,
            http=self.host.http(),
            wallet_http=self.host.http(),
            ws_connector=self.host.connector(),
            clock=self.clock,
            deliver=self.told.append,
            settings=settings,
            observer=self.log,
            confirmed=self.user_stream.owe,
        )
        self.market = MarketStream(
            endpoints=endpoints,
            ws_connector=self.host.connector(),
            clock=self.clock,
            deliver=self.told.append,
            symbols=["BTCUSDT"],
            door=self.gateway.door,
            observer=self.log,
        )
        self.watch = CoverageWatch(
            http=self.host.http(),
            signer=signer,
            clock=self.clock,
            deliver=self.told.append,
            exposed=lambda: ["BTCUSDT"],
            settings=settings,
            governor=self.gateway.governor,
            observer=self.log,
        )
        self.parts = [self.clock, self.gateway, self.user_stream, self.market]

    async def start(self) -> None:
        """Start everything but the watch."""
        self.host.start()
        for part in self.parts:
            await part.start()

    async def stop(self) -> None:
        """Stop in the opposite order."""
        for part in reversed(self.parts):
            await part.stop()
        self.host.close()

    async def outcome(self, effect: Place | Cancel) -> RequestOutcome:
        """Perform one write and wait for its answer."""
        before = len(self.answers())
        self.gateway.perform(effect)
        for _ in range(200):
            if len(self.answers()) > before:
                break
            await time_passes(0.05)
        await time_passes(0.01)
        (answer,) = self.answers()[before:]
        return answer.outcome

    def answers(self) -> list[PlaceAnswered | CancelAnswered]:
        """Answers to writes."""
        return [told for told in self.told if isinstance(told, PlaceAnswered | CancelAnswered)]

    def of(self, kind: type[Any]) -> list[Any]:
        """Inputs of one kind."""
        return [told for told in self.told if isinstance(told, kind)]

    def fills(self) -> list[Any]:
        """Executions that the order events carried."""
        return [seen.fill for seen in self.of(OrderSeen) if seen.fill is not None]

    def venue(self, kind: str) -> list[dict[str, Any]]:
        """Records of the exchange's own log."""
        return [dict(record) for record in self.venue_log if record["k"] == kind]

    def entry(self, n: int = 1, **changes: Any) -> Place:
        """A limit IOC that crosses, stamped now."""
        fields: dict[str, Any] = {
            "client_id": f"hf-e{n}-test",
            "role": Role.ENTRY,
            "symbol": "BTCUSDT",
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "quantity": Decimal("0.010"),
            "price": PRICE + 10,
            "time_in_force": TimeInForce.IOC,
        }
        order = OrderSpec(**{**fields, **changes})
        stamp_ms = self.clock.now_ms()
        return Place(order=Authorised(order, "v"), timestamp_ms=stamp_ms, recv_window_ms=1_500, lane=Lane.ENTRY)

    def stop_order(self, n: int = 1, **changes: Any) -> Place:
        """The default stop of a long."""
        fields: dict[str, Any] = {
            "client_id": f"hf-s{n}-test",
            "role": Role.STOP,
            "symbol": "BTCUSDT",
            "side": Side.SELL,
            "type": AlgoType.STOP_MARKET,
            "trigger_price": PRICE - 500,
            "close_position": True,
        }
        return Place(order=Authorised(AlgoSpec(**{**fields, **changes}), "cover"))


def in_paper(
    work: Callable[[PaperBench], Awaitable[None]], *, signer: Signer = HMAC, facts: VenueFacts | None = None
) -> None:
    """Run a conversation with the paper exchange on a virtual loop."""

    async def main() -> None:
        bench = PaperBench(signer=signer, facts=facts)
        await bench.start()
        try:
            await work(bench)
        finally:
            await bench.stop()

    run(main, loop=VirtualLoop())
