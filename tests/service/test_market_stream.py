"""Market data against a fake venue: routes, chunks, conflation, silence."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest

from holdfast.binance.governor import Governor
from holdfast.model.inputs import AnyInput, Command, LinkChanged, MarketSeen
from holdfast.service.market_stream import MarketStream
from holdfast.service.rest_door import RestDoor
from tests.service.fakes_venue import Asked, FakeConnector, FakeHttp, FakeLink, FakeVenueTime, reply, settle, virtual
from tests.service.gateway_bench import ENDPOINTS, SIGNER, Log
from tests.waiting import time_passes

BOOK = "GET /fapi/v1/ticker/bookTicker"


def touch(symbol: str = "BTCUSDT", bid: str = "100.0", ask: str = "100.1") -> bytes:
    """A wrapped bookTicker frame."""
    data = {"e": "bookTicker", "u": 1, "s": symbol, "b": bid, "B": "1", "a": ask, "A": "1", "T": 17, "E": 18}
    return json.dumps({"stream": f"{symbol.lower()}@bookTicker", "data": data}).encode()


def mark(symbol: str = "BTCUSDT", price: str = "100.05") -> bytes:
    """A wrapped markPriceUpdate frame."""
    data = {"e": "markPriceUpdate", "E": 17, "s": symbol, "p": price, "i": "1", "P": "1", "r": "0", "T": 18}
    return json.dumps({"stream": f"{symbol.lower()}@markPrice@1s", "data": data}).encode()


class Quiet(Log):
    """Also keeps which streams were silent."""

    def stream_silent(self, name: str) -> None:
        """Kept."""
        self.names.append(f"silent {name}")


class Bench:
    """A market stream, its venue, and what the core was told."""

    def __init__(self, *symbols: str, rest: bool = False, conflate_ms: int = 20) -> None:
        self.connector = FakeConnector()
        self.http = FakeHttp()
        self.told: list[AnyInput] = []
        self.log = Quiet()
        self.clock = FakeVenueTime()
        door = RestDoor(http=self.http, signer=SIGNER, clock=self.clock, governor=Governor())
        self.stream = MarketStream(
            endpoints=ENDPOINTS,
            ws_connector=self.connector,
            clock=self.clock,
            deliver=self.told.append,
            symbols=symbols,
            door=door if rest else None,
            observer=self.log,
            conflate_ms=conflate_ms,
        )

    async def start(self) -> "Bench":
        """Connect both routes and subscribe."""
        await self.stream.start()
        await time_passes(0.5)
        return self

    def link(self, route: str) -> FakeLink:
        """The newest connection of a route."""
        return [link for link in self.connector.links if link.target == f"/{route}/stream"][-1]

    def seen(self) -> list[MarketSeen]:
        """Prices that were handed on."""
        return [told for told in self.told if isinstance(told, MarketSeen)]

    def ups(self) -> list[bool]:
        """What was told about the link."""
        return [told.up for told in self.told if isinstance(told, LinkChanged)]

    async def speak(self, seconds: int, *frames: tuple[str, bytes]) -> None:
        """The venue sends these frames every second."""
        for _ in range(seconds):
            for route, frame in frames:
                self.link(route).say(frame)
            await time_passes(1)


def names(link: FakeLink) -> list[str]:
    """Everything that was subscribed on a connection."""
    return [name for message in link.messages() for name in message["params"]]


@virtual
async def test_each_stream_goes_by_its_route() -> None:
    """Touches on public, marks on market; lower-case names (protocol notes F.1)."""
    bench = await Bench("BTCUSDT", "币安人生USDT").start()
    assert names(bench.link("public")) == ["btcusdt@bookTicker", "币安人生usdt@bookTicker"]
    assert names(bench.link("market")) == ["btcusdt@markPrice@1s", "币安人生usdt@markPrice@1s"]
    assert bench.ups() == [True]


@virtual
async def test_a_contract_that_changes_is_told() -> None:
    """By its own stream, which is asked for where somebody wants to know; one that is not watched matters to nobody."""
    told: list[str] = []
    connector = FakeConnector()
    stream = MarketStream(
        endpoints=ENDPOINTS,
        ws_connector=connector,
        clock=FakeVenueTime(),
        deliver=lambda _: None,
        symbols=("BTCUSDT",),
        contract_changed=lambda: told.append("changed"),
    )
    await stream.start()
    await time_passes(0.5)
    [market] = [link for link in connector.links if link.target == "/market/stream"]
    assert names(market) == ["!contractInfo", "btcusdt@markPrice@1s"]
    for symbol in ("ETHUSDT", "BTCUSDT"):
        data = {"e": "contractInfo", "E": 1, "s": symbol, "cs": "TRADING", "bks": [], "st": 1}
        market.say(json.dumps({"stream": "!contractInfo", "data": data}).encode())
    assert told == ["changed"]
    await stream.stop()


@virtual
async def test_many_names_go_in_chunks_and_slowly() -> None:
    """At most 200 names a message, at most five messages a second."""
    bench = await Bench(*[f"S{n}USDT" for n in range(450)]).start()
    await time_passes(2)
    assert [len(message["params"]) for message in bench.link("public").messages()] == [200, 200, 50]
    loop = asyncio.get_running_loop()
    assert loop.time() > 0.6


def test_too_many_symbols_are_refused() -> None:
    """The venue would close the connection."""

    @virtual
    async def check() -> None:
        with pytest.raises(ValueError, match="at most 999"):
            Bench(*[f"S{n}" for n in range(1_000)])

    check()


@virtual
async def test_prices_become_inputs() -> None:
    """Touch and mark; other symbols and other kinds are left alone."""
    bench = await Bench("BTCUSDT").start()
    bench.link("public").say(touch())
    bench.link("market").say(mark())
    bench.link("public").say(touch("ETHUSDT"))
    bench.link("public").say({"result": None, "id": 1})
    first, second = bench.seen()
    assert (first.bid, first.ask, first.mark) == (Decimal("100.0"), Decimal("100.1"), None)
    assert (second.mark, second.bid) == (Decimal("100.05"), None)


@virtual
async def test_a_symbol_can_be_watched_later() -> None:
    """And only once."""
    bench = await Bench("BTCUSDT").start()
    bench.stream.watch(["ETHUSDT", "BTCUSDT", "ETHUSDT"])
    await time_passes(0.5)
    assert names(bench.link("market")) == ["btcusdt@markPrice@1s", "ethusdt@markPrice@1s"]


@virtual
async def test_a_burst_of_touches_is_thinned() -> None:
    """The first at once, the last for certain."""
    bench = await Bench("BTCUSDT").start()
    for n in range(50):
        bench.link("public").say(touch(bid=f"{n + 1}.0"))
    assert [seen.bid for seen in bench.seen()] == [1]
    await time_passes(0.1)
    assert [seen.bid for seen in bench.seen()] == [1, 50]
    bench.link("public").say(touch(bid="60.0"))
    assert bench.seen()[-1].bid == 60


@virtual
async def test_thinning_can_be_off() -> None:
    """Every touch, at once."""
    bench = await Bench("BTCUSDT", conflate_ms=0).start()
    for n in range(5):
        bench.link("public").say(touch(bid=f"{n}.0"))
    assert len(bench.seen()) == 5


@virtual
async def test_a_close_is_told_and_repaired() -> None:
    """With every name subscribed again."""
    bench = await Bench("BTCUSDT").start()
    bench.stream.watch(["ETHUSDT"])
    await bench.speak(15, ("public", touch()), ("market", mark()))
    bench.link("market").end("reset")
    await time_passes(1)
    assert bench.ups() == [True, False, True]
    assert names(bench.link("market")) == ["btcusdt@markPrice@1s", "ethusdt@markPrice@1s"]


@virtual
async def test_silence_of_a_connection_ends_it() -> None:
    """Connected, subscribed, acknowledged, and nothing comes (protocol notes 0.3 no. 4, 5)."""
    bench = await Bench("BTCUSDT").start()
    await bench.speak(8, ("public", touch()))
    assert bench.ups() == [True, False, True]
    assert bench.log.names[0] == "silent market"


@virtual
async def test_one_silent_name_is_subscribed_again() -> None:
    """Not more than once a minute."""
    bench = await Bench("BTCUSDT", "ETHUSDT").start()
    await bench.speak(30, ("public", touch()), ("market", mark()))
    assert names(bench.link("market")).count("ethusdt@markPrice@1s") == 2
    assert bench.ups() == [True]
    await bench.speak(60, ("public", touch()), ("market", mark()))
    assert names(bench.link("market")).count("ethusdt@markPrice@1s") == 3


def book(*prices: str) -> Any:
    """A REST book ticker that moves through `prices`."""
    left = list(prices)

    def answer(asked: Asked) -> Any:
        bid = left.pop(0) if len(left) > 1 else left[0]
        body = {"symbol": asked.params["symbol"], "bidPrice": bid, "bidQty": "1", "askPrice": "200", "askQty": "1"}
        return reply({**body, "time": 17})

    return answer


@virtual
async def test_a_quiet_touch_is_asked_for() -> None:
    """Unchanged is not unknown: it is confirmed over REST before it grows old."""
    bench = Bench("BTCUSDT", rest=True)
    bench.http.answers[BOOK] = book("100.0")
    await bench.start()
    await bench.speak(10, ("market", mark()))
    touches = [seen for seen in bench.seen() if seen.bid is not None]
    assert 4 <= len(touches) <= 8
    assert bench.ups() == [True]


@virtual
async def test_many_quiet_touches_are_asked_for_at_once() -> None:
    """One request of weight 5 instead of one each."""
    bench = Bench("AUSDT", "BUSDT", "CUSDT", rest=True)
    rows = [
        {"symbol": s, "bidPrice": "1.5", "askPrice": "1.6", "time": 1} for s in ("AUSDT", "BUSDT", "CUSDT", "DUSDT")
    ]
    bench.http.answers[BOOK] = reply(rows)
    await bench.start()
    await bench.speak(4, ("market", mark("AUSDT")))
    assert {seen.symbol for seen in bench.seen() if seen.bid is not None} == {"AUSDT", "BUSDT", "CUSDT"}
    assert all("symbol" not in asked.params for asked in bench.http.asked)
    assert len(bench.http.asked) <= 3


@virtual
async def test_a_busy_touch_is_not_asked_for() -> None:
    """The stream is enough."""
    bench = Bench("BTCUSDT", rest=True)
    bench.http.answers[BOOK] = book("100.0")
    await bench.start()
    await bench.speak(10, ("public", touch()), ("market", mark()))
    assert len(bench.http.asked) <= 1


@virtual
async def test_a_touch_that_moves_without_the_stream_betrays_it() -> None:
    """Twice, because once may be a frame on its way."""
    bench = Bench("BTCUSDT", rest=True)
    bench.http.answers[BOOK] = book("100.0", "101.0", "102.0", "103.0")
    await bench.start()
    await bench.speak(8, ("market", mark()))
    assert "silent public" in bench.log.names
    assert bench.ups()[:3] == [True, False, True]


@virtual
async def test_rest_trouble_is_no_price() -> None:
    """An error, a page, another symbol: nothing is handed on."""
    bench = Bench("BTCUSDT", rest=True)
    wrong = {"symbol": "ETHUSDT", "bidPrice": "1", "askPrice": "2", "time": 1}
    bench.http.answers[BOOK] = [reply(b"<html>"), reply({"code": -1003, "msg": "x"}, status=429), reply(wrong)]
    await bench.start()
    await bench.speak(8, ("market", mark()))
    assert [seen for seen in bench.seen() if seen.bid is not None] == []


@virtual
async def test_a_dead_venue_does_not_stop_the_start() -> None:
    """Both connections come when they can."""
    bench = Bench("BTCUSDT")
    bench.connector.failures = [OSError("refused")] * 4
    await bench.stream.start()
    assert bench.ups() == []
    await time_passes(3)
    assert bench.ups() == [True]


@virtual
async def test_stopping_is_quiet() -> None:
    """Both connections end, nothing is opened again, nobody is halted."""
    bench = await Bench("BTCUSDT").start()
    await bench.stream.stop()
    await settle()
    await time_passes(60)
    assert len(bench.connector.links) == 2
    assert not any(link.open for link in bench.connector.links)
    assert not [told for told in bench.told if isinstance(told, Command)]
