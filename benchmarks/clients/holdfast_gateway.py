"""Holdfast's gateway: from an authorised order in memory to the parsed reply in the engine's inbox.

All that runs in production is here: filters of the request, rate governor, signature, table of requests in flight,
time-outs, outcome classes, metrics and the venue's clock. The journal is not: it is measured by itself.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

from benchmarks.clients import order, worker
from holdfast.adapters.clock_system import SystemClock
from holdfast.adapters.http_aiohttp import AiohttpClient
from holdfast.adapters.ws_picows import PicowsConnector
from holdfast.binance.endpoints import at
from holdfast.binance.signing import HmacSigner
from holdfast.core.authority import authorise_entry
from holdfast.model.effects import Authorised, Lane, Place
from holdfast.model.ids import Role
from holdfast.model.inputs import AnyInput, PlaceAnswered
from holdfast.model.orders import OrderSpec, OrderType, Side, Spec, TimeInForce
from holdfast.model.reasons import Outcome
from holdfast.model.settings import EngineSettings, Venue
from holdfast.service.gateway import Gateway
from holdfast.service.log import make_logger
from holdfast.service.metrics import Metrics
from holdfast.service.observe import Observer
from holdfast.service.venue_clock import VenueClock


class _Desk:
    """Stands where the engine stands: gives effects, takes inputs."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.waiting: asyncio.Future[PlaceAnswered] = self.loop.create_future()
        self.gateway: Gateway | None = None
        self.clock: VenueClock | None = None
        self._orders: dict[int, Authorised[Spec]] = {}

    def deliver(self, message: AnyInput) -> None:
        if isinstance(message, PlaceAnswered):
            self.waiting.set_result(message)

    def prepare(self, first: int, count: int) -> None:
        self._orders = {n: authorise_entry(_spec(n), "benchmark") for n in range(first, first + count)}

    async def place(self, n: int) -> None:
        assert self.gateway is not None
        assert self.clock is not None
        self.waiting = self.loop.create_future()
        effect = Place(
            order=self._orders[n],
            timestamp_ms=self.clock.now_ms(),
            recv_window_ms=order.RECV_WINDOW_MS,
            lane=Lane.ENTRY,
        )
        self.gateway.perform(effect)
        answer = await self.waiting
        if answer.outcome.outcome is not Outcome.CONFIRMED or answer.outcome.order is None:
            raise order.WrongReply(f"order {n} was answered with {answer.outcome}")
        order.check(n, answer.outcome.order.client_id, "NEW")


def _spec(n: int) -> OrderSpec:
    return OrderSpec(
        client_id=order.client_id(n),
        role=Role.ENTRY,
        symbol=order.SYMBOL,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal(order.QUANTITY),
        price=Decimal(order.PRICE),
        time_in_force=TimeInForce.GTC,
    )


async def _connect(url: str) -> worker.Contestant:
    desk = _Desk()
    rest = url.replace("ws://", "http://")
    http = AiohttpClient(rest)
    clock = SystemClock()
    logger = make_logger("info", clock=clock)
    observer = Observer(venue="paper", account="main", version="benchmark", logger=logger, metrics=Metrics())
    desk.clock = VenueClock(clock=clock, http=http, deliver=desk.deliver, observer=observer)
    await desk.clock.start()
    desk.gateway = Gateway(
        endpoints=at(rest, url + order.PATH, url),
        signer=HmacSigner(order.API_KEY, order.API_SECRET),
        http=http,
        ws_connector=PicowsConnector(url),
        clock=desk.clock,
        deliver=desk.deliver,
        settings=EngineSettings(account="main", venue=Venue.PAPER),
        observer=observer,
    )
    await desk.gateway.start()
    return worker.Contestant(desk.place, desk.prepare)


if __name__ == "__main__":
    worker.main(_connect)
