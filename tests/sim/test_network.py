"""The network in process: latency, order, losses, faults, and the market's clock, on a virtual loop."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from holdfast.adapters.loop_clock import LoopClock
from holdfast.paper.config import PaperConfig
from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.market import BookTop, Mark, MarketEvent
from holdfast.paper.sources.source import MarketFileError, MarketSource
from holdfast.ports import HttpFailed, HttpReply, WsClosed
from holdfast.sim.loop import ScaledLoop, VirtualLoop, run
from holdfast.sim.network import InProcessVenue
from holdfast.sim.roads import Roads

START_US = 1_800_000_000_000_000
SECOND_US = 1_000_000


def at(second: int, price: str = "65000.00") -> list[tuple[int, MarketEvent]]:
    """A quote and a mark, some seconds after the start."""
    bid, much, time_us = Decimal(price), Decimal(100), START_US + second * SECOND_US
    top = BookTop(
        symbol="BTCUSDT", bid=bid, bid_qty=much, ask=bid + Decimal("0.10"), ask_qty=much, u=second + 1, T=0, E=0
    )
    mark = Mark(symbol="BTCUSDT", mark=bid, index=bid, rate=Decimal(0), next_funding_ms=0, E=0)
    return [(time_us, top), (time_us, mark)]


class World:
    """A venue in process and one client of it."""

    def __init__(self, source: MarketSource, *, latency_us: int = 500, roads: Roads | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self.clock = LoopClock(self.loop, START_US - round(self.loop.time() * SECOND_US))
        self.log: list[dict[str, object]] = []
        venue = PaperVenue(PaperConfig(), default_exchange_info(), START_US, self.log.append)
        self.host = InProcessVenue(venue, source, self.clock, latency_us=latency_us, roads=roads)
        self.http = self.host.http()
        self.host.start()

    async def order(self, timeout_ms: int = 1000) -> HttpReply:
        """A signed market order."""
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
        query = urlencode({**order, "timestamp": str(self.clock.wall_us() // 1000)})
        body = f"{query}&signature={hmac.digest(b'paper-secret', query.encode(), 'sha256').hex()}".encode()
        return await self.http.request("POST", "/fapi/v1/order", {"X-MBX-APIKEY": "paper-key"}, body, timeout_ms)

    async def read(self, target: str = "/fapi/v1/time", timeout_ms: int = 1000) -> HttpReply:
        """A public read."""
        return await self.http.request("GET", target, {}, b"", timeout_ms)

    async def private(self, on_message: Callable[[bytes], None], on_close: Callable[[str], None]) -> Any:
        """A connection with the account's events."""
        made = await self.http.request("POST", "/fapi/v1/listenKey", {"X-MBX-APIKEY": "paper-key"}, b"", 1000)
        key = json.loads(made.body)["listenKey"]
        return await self.host.connector().connect(f"/private/ws/{key}", on_message, on_close, 1000)


def nothing(_: object) -> None:
    """A listener that does not care."""


def in_world(
    work: Callable[[World], Awaitable[Any]], source: MarketSource | None = None, *, latency_us: int = 500
) -> Any:
    """Run something in a world on a virtual loop."""

    async def main() -> Any:
        world = World(source if source is not None else iter(at(0)), latency_us=latency_us)
        try:
            return await work(world)
        finally:
            world.host.close()

    return run(main, loop=VirtualLoop())


def amount(world: World) -> str:
    """The position at the venue."""
    positions = world.host.control({"do": "state"})["accounts"][0]["positions"]
    return positions[0]["amt"] if positions else "0"


def test_request_takes_one_way_out_and_one_way_back() -> None:
    """The venue sees it after one latency, the client its answer after two."""

    async def work(world: World) -> None:
        before = world.clock.wall_us()
        reply = await world.read()
        assert json.loads(reply.body)["serverTime"] == (before + 40_000) // 1000
        assert world.clock.wall_us() - before == 80_000

    in_world(work, latency_us=40_000)


def test_header_names_are_lower_case() -> None:
    """As the port says."""

    async def work(world: World) -> None:
        assert (await world.read()).headers["content-type"] == "application/json"

    in_world(work)


def test_order_fills_against_the_market() -> None:
    """The whole way."""

    async def work(world: World) -> None:
        reply = await world.order()
        assert (reply.status, amount(world)) == (200, "0.010")

    in_world(work)


def test_timeout_leaves_the_outcome_unknown() -> None:
    """The client gives up; the order still arrives and is executed."""

    async def work(world: World) -> None:
        with pytest.raises(HttpFailed) as caught:
            await world.order(timeout_ms=100)
        assert caught.value.sent is True
        await asyncio.sleep(1)
        assert amount(world) == "0.010"

    in_world(work, latency_us=200_000)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [({"verb": "reset", "executed": True}, "reset"), ({"verb": "resp.drop"}, "no complete answer")],
)
def test_faults_of_the_venue_reach_the_client(fault: dict[str, Any], reason: str) -> None:
    """A reset and a lost reply: sent, not answered, executed."""

    async def work(world: World) -> None:
        world.host.control({"do": "fault", **fault})
        with pytest.raises(HttpFailed, match=reason) as caught:
            await world.order()
        assert (caught.value.sent, amount(world)) == (True, "0.010")

    in_world(work)


def test_delayed_reply_comes_later() -> None:
    """By what the fault says."""

    async def work(world: World) -> None:
        world.host.control({"do": "fault", "verb": "delay", "ms": 300})
        before = world.clock.wall_us()
        await world.order()
        assert world.clock.wall_us() - before == 301_000

    in_world(work)


def test_closed_client_sends_nothing() -> None:
    """And says so."""

    async def work(world: World) -> None:
        await world.http.close()
        with pytest.raises(HttpFailed) as caught:
            await world.read()
        assert caught.value.sent is False

    in_world(work)


def test_user_events_arrive_in_the_venues_order() -> None:
    """NEW, then TRADE_LITE, ACCOUNT_UPDATE and the trade (protocol notes L.1)."""

    async def work(world: World) -> None:
        frames: list[bytes] = []
        await world.private(frames.append, nothing)
        await world.order()
        await asyncio.sleep(0.1)
        kinds = [json.loads(frame)["e"] for frame in frames]
        assert kinds == ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]

    in_world(work)


@pytest.mark.parametrize(("event_first", "expected"), [(False, ["reply", "event"]), (True, ["event", "reply"])])
def test_reply_and_events_follow_the_venue_fact(event_first: bool, expected: list[str]) -> None:
    """Both orders exist at the venue; the switch decides."""

    async def work(world: World) -> None:
        seen: list[str] = []
        await world.private(lambda _: seen.append("event"), nothing)
        world.host.control({"do": "facts", "set": {"event_before_ack": event_first}})
        await world.order()
        seen.append("reply")
        await asyncio.sleep(0.1)
        assert list(dict.fromkeys(seen)) == expected

    in_world(work)


def test_ws_api_round_trip() -> None:
    """Frames go both ways."""

    async def work(world: World) -> None:
        answers: asyncio.Queue[bytes] = asyncio.Queue()
        link = await world.host.connector().connect("/ws-fapi/v1", answers.put_nowait, nothing, 1000)
        link.send(b'{"id":"a","method":"ticker.price","params":{"symbol":"BTCUSDT"}}')
        assert json.loads(await answers.get())["id"] == "a"

    in_world(work)


def test_unknown_path_is_refused() -> None:
    """The handshake fails, after its time."""

    async def work(world: World) -> None:
        with pytest.raises(ConnectionRefusedError):
            await world.host.connector().connect("/nothing", nothing, nothing, 1000)
        assert world.clock.wall_us() == START_US + 1000

    in_world(work)


def test_handshake_that_takes_too_long_is_given_up() -> None:
    """And leaves no connection at the venue."""

    async def work(world: World) -> None:
        with pytest.raises(TimeoutError, match="no answer within 100 ms"):
            await world.host.connector().connect("/public/ws", nothing, nothing, 100)
        await asyncio.sleep(1)
        assert world.host.control({"do": "state"})["connections"] == 0

    in_world(work, latency_us=80_000)


def test_close_by_the_client() -> None:
    """Closed at once here, one latency later there; one reason, and nothing can be sent."""

    async def work(world: World) -> None:
        reasons: list[str] = []
        link = await world.host.connector().connect("/public/ws", nothing, reasons.append, 1000)
        link.close()
        link.close()
        with pytest.raises(WsClosed):
            link.send(b"{}")
        await asyncio.sleep(1)
        assert (link.is_open, reasons) == (False, ["closed by us"])
        assert world.host.control({"do": "state"})["connections"] == 0

    in_world(work)


@pytest.mark.parametrize(
    ("code", "reason"), [(1008, "the venue closed it: 1008 enough"), (0, "the connection was lost")]
)
def test_close_by_the_venue(code: int, reason: str) -> None:
    """With its code, or without a word."""

    async def work(world: World) -> None:
        reasons: list[str] = []
        link = await world.host.connector().connect("/public/ws", nothing, reasons.append, 1000)
        world.host.control({"do": "fault", "verb": "ws.close", "code": code, "msg": "enough"})
        assert link.is_open
        await asyncio.sleep(1)
        assert (link.is_open, reasons) == (False, [reason])

    in_world(work)


def test_frame_under_way_when_the_venue_closes_is_lost() -> None:
    """The client believes it sent; nobody received it."""

    async def work(world: World) -> None:
        link = await world.host.connector().connect("/ws-fapi/v1", nothing, nothing, 1000)
        world.host.control({"do": "fault", "verb": "ws.close"})
        before = len(world.log)
        link.send(b'{"id":"a","method":"ticker.price","params":{"symbol":"BTCUSDT"}}')
        await asyncio.sleep(1)
        assert [record["k"] for record in world.log[before:]] == []

    in_world(work)


def test_reset_of_all_connections_is_seen_at_both_ends() -> None:
    """As when the engine's process is killed."""

    async def work(world: World) -> None:
        reasons: list[str] = []
        await world.host.connector().connect("/public/ws", nothing, reasons.append, 1000)
        world.host.reset_connections()
        assert world.host.control({"do": "state"})["connections"] == 0
        await asyncio.sleep(1)
        assert reasons == ["the connection was reset"]

    in_world(work)


def test_market_is_played_at_its_own_times() -> None:
    """The price of a moment is the price a read of that moment sees."""

    async def work(world: World) -> None:
        target = "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT"
        seen = []
        for _ in range(3):
            seen.append(json.loads((await world.read(target)).body)["bidPrice"])
            await asyncio.sleep(3600)
        assert seen == ["65000.00", "66000.00", "67000.00"]

    source = iter([*at(0), *at(3600, "66000.00"), *at(7200, "67000.00")])
    in_world(work, source)


def test_end_of_the_market_is_told() -> None:
    """A demo ends with it."""

    async def work(world: World) -> None:
        await world.host.ended
        assert world.clock.wall_us() == START_US + 7 * SECOND_US
        assert world.host.market_events == 4

    in_world(work, iter([*at(0), *at(7)]))


def test_market_that_breaks_off_is_told() -> None:
    """With its error."""

    def torn() -> MarketSource:
        yield from at(0)
        raise MarketFileError(line=3, rule="a line is `<receive time> <json>`")

    async def work(world: World) -> None:
        with pytest.raises(MarketFileError):
            await world.host.ended

    in_world(work, torn())


def test_timers_of_the_venue_run_after_the_market_has_ended() -> None:
    """A connection lives 24 hours and is then closed by the venue."""

    async def work(world: World) -> None:
        closed: asyncio.Future[str] = world.loop.create_future()
        await world.host.connector().connect("/public/ws", nothing, closed.set_result, 1000)
        assert "1001" in await closed
        assert world.clock.wall_us() - START_US >= 86_400 * SECOND_US

    in_world(work)


def test_same_code_runs_on_a_scaled_loop() -> None:
    """Real time, a hundred times as fast."""

    async def main() -> int:
        world = World(iter([*at(0), *at(5)]))
        await world.order(timeout_ms=1_000_000)  # A hundredth of it in real time.
        await world.host.ended
        world.host.close()
        return world.host.market_events

    assert run(main, loop=ScaledLoop(100)) == 4
