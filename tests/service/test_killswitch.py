"""The kill switch against the paper exchange, on a virtual loop (RULES 16)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from holdfast.adapters.loop_clock import LoopClock
from holdfast.binance import requests
from holdfast.binance.signing import make_signer
from holdfast.model.ids import KILL_PREFIX, Role
from holdfast.model.orders import AlgoSpec, AlgoType, OrderSpec, OrderType, Side, TimeInForce
from holdfast.paper.config import PaperConfig
from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.market import BookTop, Mark, MarketEvent
from holdfast.service.killswitch import QUIET_MS, KillReport, KillSwitch
from holdfast.sim.loop import VirtualLoop, run
from holdfast.sim.network import InProcessVenue

START_US = 1_800_000_000_000_000


def market() -> Iterator[tuple[int, MarketEvent]]:
    """A quiet market: one quote a second."""
    price, much = Decimal("65000.00"), Decimal(500)
    for second in range(300):
        at_us = START_US + second * 1_000_000
        ask = price + Decimal("0.1")
        top = BookTop(symbol="BTCUSDT", bid=price, bid_qty=much, ask=ask, ask_qty=much, u=second + 1, T=0, E=0)
        yield at_us, top
        yield at_us, Mark(symbol="BTCUSDT", mark=price, index=price, rate=Decimal(0), next_funding_ms=0, E=0)


class Stand:
    """A venue, a client with a position, and a switch."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.clock = LoopClock(loop, START_US - round(loop.time() * 1_000_000))
        self.log: list[dict[str, Any]] = []
        venue = PaperVenue(PaperConfig(), default_exchange_info(), START_US, self.log.append)
        self.host = InProcessVenue(venue, market(), self.clock, latency_us=1_000)
        self.host.start()
        self.http = self.host.http()
        self.signer = make_signer("paper-key", "hmac", "paper-secret")
        self.latched = False
        self.said: list[str] = []

    def now_ms(self) -> int:
        """Venue time."""
        return self.clock.wall_us() // 1_000

    async def place(self, spec: OrderSpec | AlgoSpec) -> int:
        """Send an order as an engine would; answers the HTTP status."""
        message = requests.rest_message(requests.place(spec), self.signer, self.now_ms(), 5_000)
        reply = await self.http.request(message.method, message.target, message.headers, message.body, 1_000)
        assert reply.status == 200, reply.body
        return reply.status

    async def expose(self) -> None:
        """A position with its stop and target, and a working entry beside it."""
        await asyncio.sleep(1)
        await self.place(order("hf-e1-x", Role.ENTRY, Side.BUY, "0.100"))
        await self.place(
            AlgoSpec(
                client_id="hf-s1-x",
                role=Role.STOP,
                symbol="BTCUSDT",
                side=Side.SELL,
                type=AlgoType.STOP_MARKET,
                trigger_price=Decimal(64000),
                close_position=True,
            )
        )
        await self.place(order("hf-t1-x", Role.TARGET, Side.SELL, "0.100", price="66000.00"))
        await self.place(order("hf-e1-y", Role.ENTRY, Side.BUY, "0.100", price="64500.00"))

    def switch(self, close_latch: Callable[[], None] | None = None) -> KillSwitch:
        """A switch on this venue."""
        return KillSwitch(
            http=self.http,
            signer=self.signer,
            now_ms=self.now_ms,
            close_latch=close_latch or self.close_latch,
            say=self.said.append,
            limit_s=60,
        )

    def close_latch(self) -> None:
        """A latch that works."""
        self.latched = True

    def state(self) -> dict[str, Any]:
        """The account as the exchange has it."""
        return self.host.control({"do": "state"})["accounts"][0]

    def numbers(self, kind: str, **wanted: Any) -> list[int]:
        """Positions in the venue's log of the lines that match."""
        return [
            line["n"] for line in self.log if line["k"] == kind and all(line.get(k) == v for k, v in wanted.items())
        ]


def order(client_id: str, role: Role, side: Side, quantity: str, price: str | None = None) -> OrderSpec:
    """A market order, or with a price a resting one."""
    return OrderSpec(
        client_id=client_id,
        role=role,
        symbol="BTCUSDT",
        side=side,
        type=OrderType.MARKET if price is None else OrderType.LIMIT,
        quantity=Decimal(quantity),
        price=None if price is None else Decimal(price),
        time_in_force=None if price is None else TimeInForce.GTC,
        reduce_only=role is not Role.ENTRY,
    )


def on_stand(script: Callable[[Stand], Any]) -> Any:
    """Run a script on a fresh stand."""

    async def main() -> Any:
        stand = Stand()
        return await script(stand)

    return run(main, loop=VirtualLoop())


async def killed(stand: Stand) -> KillReport:
    """Expose the account, then kill."""
    await stand.expose()
    return await stand.switch().run()


def test_rules_16_everything_is_closed_and_cancelled():
    """Position, entry, target and stop are gone, and the report says so."""

    async def script(stand: Stand) -> tuple[KillReport, dict[str, Any]]:
        return await killed(stand), stand.state()

    report, state = on_stand(script)
    assert report.clean
    assert (state["positions"], state["orders"], state["algos"]) == ([], [], [])


def test_rules_16_the_latch_comes_first():
    """Before the first request, so that no engine of this host enters meanwhile."""

    async def script(stand: Stand) -> list[bool]:
        seen: list[bool] = []
        stand.signer = _Watching(stand.signer, lambda: seen.append(stand.latched))
        await stand.switch().run()
        return seen

    assert all(on_stand(script))


def test_rules_16_entries_before_closes_and_the_stop_last():
    """The order of the steps, by the exchange's own log."""

    async def script(stand: Stand) -> list[int]:
        await killed(stand)
        entry = stand.numbers("order", client_id="hf-e1-y", status="CANCELED")[0]
        close = next(n["n"] for n in stand.log if n["k"] == "trade" and n["client_id"].startswith(KILL_PREFIX))
        stop = stand.numbers("algo", client_id="hf-s1-x", status="CANCELED")[0]
        return [entry, close, stop]

    steps = on_stand(script)
    assert steps == sorted(steps)


def test_rules_16_flat_is_proved_after_every_window():
    """Two reads of 0, later than latch + recvWindow + 5 s."""

    async def script(stand: Stand) -> int:
        begun = stand.now_ms()
        await stand.switch().run()
        return stand.now_ms() - begun

    assert on_stand(script) >= QUIET_MS + 1_000


def test_rules_16_an_entry_that_arrives_late_is_closed_too():
    """A request signed before the latch may arrive seconds later."""

    async def script(stand: Stand) -> KillReport:
        await asyncio.sleep(1)
        running = asyncio.ensure_future(stand.switch().run())
        await asyncio.sleep(4)
        await stand.place(order("hf-e1-z", Role.ENTRY, Side.BUY, "0.050"))
        return await running

    report = on_stand(script)
    assert report.clean
    assert report.closes_sent == 1


def test_a_large_position_is_closed_in_slices():
    """MARKET_LOT_SIZE caps each order (RULES 7)."""

    async def script(stand: Stand) -> KillReport:
        stand.host.control({"do": "fund", "asset": "USDT", "amount": "100000000"})
        await asyncio.sleep(1)
        for number in range(2):
            await stand.place(order(f"hf-e{number}-x", Role.ENTRY, Side.BUY, "100.000"))
        return await stand.switch().run()

    report = on_stand(script)
    assert report.clean
    assert report.closes_sent >= 2


def test_a_refused_close_frees_the_targets_and_goes_on():
    """Resting reduce-only orders may hold the quantity; the loop repeats until the venue shows 0."""

    async def script(stand: Stand) -> KillReport:
        await stand.expose()
        fault = {"verb": "code", "code": -2022, "msg": "ReduceOnly Order is rejected.", "count": 1}
        stand.host.control({"do": "fault", "match": {"client_id_prefix": KILL_PREFIX}, **fault})
        return await stand.switch().run()

    report = on_stand(script)
    assert report.clean
    assert any("-2022" in problem for problem in report.problems)


def test_a_venue_that_does_not_answer_is_not_called_flat():
    """That it could not ask is never taken for nothing being there."""

    async def script(stand: Stand) -> KillReport:
        await stand.expose()
        stand.host.control({"do": "fault", "verb": "503-unavailable", "count": -1})
        return await stand.switch().run()

    report = on_stand(script)
    assert not report.clean
    assert report.positions_left
    assert report.orders_left == -1


def test_a_silent_venue_is_said_now_and_then_and_each_problem_is_noted_once():
    """Two minutes of waiting without a word would look like a hang."""

    async def script(stand: Stand) -> tuple[list[str], KillReport]:
        stand.host.control({"do": "fault", "verb": "503-unavailable", "count": -1})
        return stand.said, await stand.switch().run()

    said, report = on_stand(script)
    silences = [line for line in said if "does not answer" in line]
    assert 5 < len(silences) < 30
    assert "asked again for" in silences[0]
    assert len(report.problems) == len(set(report.problems)) < 10


def test_entries_are_cancelled_when_the_venue_is_back():
    """At first it does not say what works; an account is not flat while an entry of it may fill."""

    async def script(stand: Stand) -> tuple[KillReport, dict[str, Any]]:
        await stand.expose()
        stand.host.control({"do": "fault", "verb": "503-unavailable", "count": 5})
        return await stand.switch().run(), stand.state()

    report, state = on_stand(script)
    assert report.clean
    assert report.cancelled_entries == 1
    assert state["orders"] == []


def test_a_latch_that_cannot_be_written_is_reported_and_not_clean():
    """The rest is done all the same."""

    def fail() -> None:
        raise OSError(28, "No space left on device")

    async def script(stand: Stand) -> tuple[KillReport, dict[str, Any]]:
        await stand.expose()
        return await stand.switch(fail).run(), stand.state()

    report, state = on_stand(script)
    assert not report.clean
    assert "No space left" in report.problems[0]
    assert state["positions"] == []


class _Watching:
    """A signer that tells when it signs."""

    def __init__(self, signer: Any, told: Callable[[], None]) -> None:
        self._signer = signer
        self._told = told
        self.api_key = signer.api_key
        self.key_type = signer.key_type

    def sign(self, payload: bytes) -> str:
        """Sign, and tell."""
        self._told()
        return self._signer.sign(payload)


@pytest.mark.parametrize("word", ["latch", "flat", "cancel-alls"])
def test_the_operator_hears_each_step(word):
    """One line per step."""

    async def script(stand: Stand) -> list[str]:
        await killed(stand)
        return stand.said

    assert any(word in line for line in on_stand(script))
