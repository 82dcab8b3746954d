"""A client's connections when processes die and the network has moods: what arrives, what does not, who is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from holdfast.ports import HttpFailed
from holdfast.sim.lives import Killed, Life, Points, Strike, Variant
from holdfast.sim.loop import VirtualLoop, run
from holdfast.sim.roads import Climate, Weather
from tests.sim.test_network import START_US, World, amount, at, nothing

LATENCY_MS = 10
EVENTS = ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]
"""What a market order that fills tells, in this order (protocol notes L.1)."""


class Outside(World):
    """A world with weather, and one process in it that can be killed."""

    def __init__(self, *strikes: Strike) -> None:
        loop = asyncio.get_running_loop()
        climate = Climate(latency_us=LATENCY_MS * 1_000, jitter_us=0)
        self.weather = Weather(climate, 1, lambda: round(loop.time() * 1_000_000))
        super().__init__(iter(at(0)), roads=self.weather)
        self.life = Life(1, Points(strikes), lambda life, _: self.host.bury(life))

    def asked(self) -> list[str]:
        """The symbols of the requests that the venue has received, in order."""
        requests: list[Any] = [record["params"] for record in self.log if record["k"] == "req"]
        return [params["symbol"] for params in requests]

    def connections(self) -> int:
        """How many are open at the venue."""
        return int(self.host.control({"do": "state"})["connections"])


def outside(work: Callable[[Outside], Awaitable[Any]], *strikes: Strike) -> Any:
    """Run something out there, and let go of the dead."""

    async def main() -> Any:
        world = Outside(*strikes)
        try:
            return await work(world)
        finally:
            world.host.close()

    return run(main, loop=VirtualLoop())


SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
"""What the frames ask for in turn, so that the venue's log tells them apart."""


def ask(number: int) -> bytes:
    """A frame that asks for a price."""
    return b'{"id":"%d","method":"ticker.price","params":{"symbol":"%s"}}' % (number, SYMBOLS[number].encode())


@pytest.mark.parametrize(("variant", "position"), [("before", "0"), ("after", "0.010"), ("lost", "0.010")])
def test_a_request_that_has_left_arrives_although_its_process_died(variant: str, position: str) -> None:
    """And one that has not left does not."""

    async def work(world: Outside) -> None:
        task = world.life.spawn(world.order(), "order")
        await asyncio.sleep(1)
        assert (amount(world), world.life.alive) == (position, False)
        assert isinstance(task.exception(), Killed)

    outside(work, Strike(point=1, variant=Variant(variant)))


def test_a_request_under_way_arrives_although_its_process_is_killed() -> None:
    """By somebody else, before it has arrived; the reply finds nobody."""

    async def work(world: Outside) -> None:
        replies: list[int] = []

        async def order() -> None:
            replies.append((await world.order()).status)

        world.life.spawn(order(), "order")
        await asyncio.sleep(LATENCY_MS / 2_000)
        world.life.die(Variant.AFTER)
        await asyncio.sleep(1)
        assert (amount(world), replies) == ("0.010", [])

    outside(work)


def test_frames_sent_before_a_kill_arrive_and_then_the_connection_closes() -> None:
    """All of them, in order; the dead hear neither answers nor the end."""

    async def work(world: Outside) -> None:
        heard: list[object] = []

        async def talk() -> None:
            link = await world.host.connector().connect("/ws-fapi/v1", heard.append, heard.append, 1000)
            for number in range(3):
                link.send(ask(number))

        await world.life.spawn(talk(), "talk")
        assert (world.connections(), world.asked()) == (1, [])
        world.life.die(Variant.AFTER)
        await asyncio.sleep(1)
        assert (world.asked(), world.connections(), heard) == (list(SYMBOLS[:3]), 0, [])

    outside(work)


def test_a_handshake_under_way_at_a_kill_leaves_no_connection() -> None:
    """It is opened and closed again at the venue."""

    async def work(world: Outside) -> None:
        world.life.spawn(world.host.connector().connect("/public/ws", nothing, nothing, 1000), "connect")
        await asyncio.sleep(LATENCY_MS / 2_000)
        world.life.die(Variant.AFTER)
        await asyncio.sleep(1)
        assert (world.connections(), len(world.host.clients)) == (0, 0)

    outside(work)


def test_a_burial_touches_no_other_process() -> None:
    """Their connections stay."""

    async def work(world: Outside) -> None:
        heir = Life(2, Points(), lambda *_: None)
        for life in (world.life, heir):
            await life.spawn(world.host.connector().connect("/public/ws", nothing, nothing, 1000), "connect")
        world.life.die(Variant.LOST)
        await asyncio.sleep(1)
        assert (world.connections(), [link.life for link in world.host.clients]) == (1, [heir])

    outside(work)


@pytest.mark.parametrize("size", [0, 1, 30, 64, 65, 66, 100, 129, 130, 131, 195, 200])
def test_nothing_half_arrives_at_the_venue(size: int) -> None:
    """A connection that breaks off after so many bytes: the frames that were whole by then arrive, in order."""

    async def work(world: Outside) -> None:
        reasons: list[str] = []
        link = await world.host.connector().connect("/ws-fapi/v1", nothing, reasons.append, 1000)
        world.weather.break_after("ws-fapi", size, up=True)
        sent = 0
        while link.is_open and sent < len(SYMBOLS):
            link.send(ask(sent))
            sent += 1
        await asyncio.sleep(1)
        whole = size // len(ask(0))
        assert world.asked() == list(SYMBOLS[:whole])
        assert (sent, reasons, world.connections()) == (whole + 1, ["the connection was reset"], 0)

    outside(work)


@pytest.mark.parametrize("size", [0, 1, 100, 200, 400, 600, 800, 1_000, 1_400, 1_800])
def test_nothing_half_arrives_at_the_client(size: int) -> None:
    """Whole events only, those before the break, and after its end nothing of that connection."""

    async def work(world: Outside) -> None:
        heard: list[str] = []
        await world.private(lambda text: heard.append(json.loads(text)["e"]), heard.append)
        world.weather.break_after("private", size, up=False)
        await world.order()
        await asyncio.sleep(1)
        if world.weather.counts["private frame reset"]:
            assert heard == ["the connection was reset"]
            assert world.connections() == 0
        else:
            assert heard == EVENTS

    outside(work)


def test_a_link_that_was_closed_hears_nothing_more() -> None:
    """Although the venue goes on talking until it hears of it."""

    async def work(world: Outside) -> None:
        heard: list[object] = []
        link = await world.host.connector().connect("/ws-fapi/v1", heard.append, heard.append, 1000)
        link.send(ask(1))
        link.close()
        await asyncio.sleep(1)
        assert heard == ["closed by us"]

    outside(work)


def test_a_handshake_that_was_given_up_opens_nothing_here() -> None:
    """Its answer comes too late for anybody."""

    async def work(world: Outside) -> None:
        opening = asyncio.create_task(world.host.connector().connect("/public/ws", nothing, nothing, 15))
        await asyncio.sleep(LATENCY_MS / 2_000)
        (link,) = world.host.clients
        with pytest.raises(TimeoutError):
            await opening
        await asyncio.sleep(1)
        assert (link.is_open, world.connections()) == (False, 0)

    outside(work)


@pytest.mark.parametrize("up", [True, False])
def test_a_partition_delivers_in_order_when_it_ends(up: bool) -> None:
    """In whichever direction frames were under way; a broken connection it is not."""

    async def work(world: Outside) -> None:
        answers: list[tuple[int, float]] = []

        def hear(text: bytes) -> None:
            answers.append((int(json.loads(text)["id"]), round(world.loop.time(), 3)))

        link = await world.host.connector().connect("/ws-fapi/v1", hear, nothing, 1000)
        if not up:
            link.send(ask(0))
            await asyncio.sleep(LATENCY_MS / 2_000)
        began = world.loop.time()
        world.weather.hold(("ws-fapi",), 300)
        for number in range(1, 4):
            link.send(ask(number))
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        assert [number for number, _ in answers] == list(range(1 if up else 0, 4))
        assert min(when for _, when in answers) >= round(began + 0.3, 3)
        assert link.is_open

    outside(work)


def test_a_doubled_read_arrives_twice_and_answers_once() -> None:
    """The second reply finds nobody waiting."""

    async def work(world: Outside) -> None:
        world.weather.double_reads(1)
        reply = await world.read()
        await asyncio.sleep(1)
        times = [record for record in world.log if record["k"] == "req"]
        assert (reply.status, len(times)) == (200, 2)

    outside(work)


@pytest.mark.parametrize(("lose", "position"), [("lose_requests", "0"), ("lose_replies", "0.010")])
def test_what_is_swallowed_is_a_timeout(lose: str, position: str) -> None:
    """Whether the request or the reply, the client cannot tell."""

    async def work(world: Outside) -> None:
        getattr(world.weather, lose)(1)
        with pytest.raises(HttpFailed, match="no complete answer") as caught:
            await world.order()
        assert (caught.value.sent, amount(world)) == (True, position)

    outside(work)


@pytest.mark.parametrize(("up", "position"), [(True, "0"), (False, "0.010")])
def test_a_broken_request_or_reply_is_a_reset(up: bool, position: str) -> None:
    """Half a request is nothing to the venue, half a reply nothing to the client; its outcome is unknown."""

    async def work(world: Outside) -> None:
        world.weather.break_after("rest", 3, up=up)
        with pytest.raises(HttpFailed, match="reset") as caught:
            await world.order()
        assert (caught.value.sent, amount(world)) == (True, position)

    outside(work)


def test_only_different_kinds_overtake() -> None:
    """All events come, and those of one kind in their own order."""

    async def work(world: Outside) -> list[list[str]]:
        orders: list[list[str]] = []
        for _ in range(10):
            heard: list[dict[str, Any]] = []
            link = await world.private(lambda text, heard=heard: heard.append(json.loads(text)), nothing)
            world.weather.overtake(1_000)
            await world.order()
            await asyncio.sleep(1)
            link.close()
            states = [event["o"]["X"] for event in heard if event["e"] == "ORDER_TRADE_UPDATE"]
            assert states == ["NEW", "FILLED"]
            orders.append([event["e"] for event in heard])
        return orders

    orders = outside(work)
    assert all(sorted(order) == sorted(EVENTS) for order in orders)
    assert any(order != EVENTS for order in orders)


def test_a_process_is_heard_with_its_first_signed_request() -> None:
    """The venue's time of it; a public read is no sign of life (RULES 15)."""

    async def work(world: Outside) -> None:
        await world.life.spawn(world.read(), "read")
        assert world.life.heard_us == 0
        sent_us = world.clock.wall_us()
        await world.life.spawn(world.order(), "order")
        assert world.life.heard_us == sent_us + LATENCY_MS * 1_000
        await world.life.spawn(world.order(), "order")
        assert world.life.heard_us == sent_us + LATENCY_MS * 1_000
        assert sent_us > START_US

    outside(work)
