"""The coverage watch: what it reads, when, and what it says when it cannot."""

import asyncio
import json
from typing import Any

import pytest

from holdfast.binance.governor import Governor
from holdfast.model.effects import Lane
from holdfast.model.inputs import AnyInput, Command, CoverageChecked
from holdfast.model.settings import EngineSettings, Venue
from holdfast.ports import HttpFailed, HttpReply
from holdfast.service.coverage import CoverageWatch, accounts_that_fit, too_costly, weight_per_minute
from tests.binance.test_replies import ALGO
from tests.service.fakes_venue import Asked, FakeHttp, FakeVenueTime, reply, virtual
from tests.service.gateway_bench import SIGNER, Log
from tests.waiting import time_passes

POSITIONS = "GET /fapi/v3/positionRisk"
ALGOS = "GET /fapi/v1/openAlgoOrders"


def position(symbol: str, amount: str) -> dict[str, Any]:
    """A row of positionRisk."""
    return {"symbol": symbol, "positionAmt": amount, "entryPrice": "100", "updateTime": 1}


def algos(asked: Asked) -> Any:
    """A stop for whatever is asked."""
    row = json.loads(ALGO)
    row["symbol"] = asked.params.get("symbol", "S0")
    return reply([row])


class Bench:
    """A watch, its venue, and what the core was told."""

    def __init__(self, *exposed: str) -> None:
        self.http = FakeHttp()
        self.http.answers.update({POSITIONS: reply([]), ALGOS: algos})
        self.exposed = list(exposed)
        self.told: list[AnyInput] = []
        self.governor = Governor()
        self.clock = FakeVenueTime()
        self.log = Log()
        self.watch = CoverageWatch(
            http=self.http,
            signer=SIGNER,
            clock=self.clock,
            deliver=self.told.append,
            exposed=lambda: self.exposed,
            settings=EngineSettings(account="a", venue=Venue.PAPER),
            governor=self.governor,
            observer=self.log,
        )

    def rounds(self) -> list[CoverageChecked]:
        """What was told."""
        return [told for told in self.told if isinstance(told, CoverageChecked)]


@virtual
async def test_rules_12_exposed_symbols_are_read() -> None:
    """Positions once, open algo orders per symbol."""
    bench = Bench("ETHUSDT", "BTCUSDT")
    bench.http.answers[POSITIONS] = reply([position("BTCUSDT", "0.5")])
    found = await bench.watch.look()
    assert (found.ok, found.symbols) == (True, ("BTCUSDT", "ETHUSDT"))
    assert [row.symbol for row in found.positions] == ["BTCUSDT"]
    assert [row.symbol for row in found.algos] == ["BTCUSDT", "ETHUSDT"]
    assert bench.http.paths() == [POSITIONS, ALGOS, ALGOS]


@virtual
async def test_rules_12_a_position_nobody_told_of_is_found() -> None:
    """Its stops are looked for as well."""
    bench = Bench()
    bench.http.answers[POSITIONS] = reply([position("SOLUSDT", "-3"), position("ADAUSDT", "0")])
    found = await bench.watch.look()
    assert (found.symbols, len(found.algos)) == (("SOLUSDT",), 1)


@virtual
async def test_rules_12_positions_do_not_wait_for_lists_of_stops() -> None:
    """A fill that nobody told of may be all that they show."""
    bench = Bench("BTCUSDT")
    bench.http.answers[POSITIONS] = reply([position("BTCUSDT", "1")])

    async def late(asked: Asked) -> HttpReply:
        await time_passes(1.5)
        found: HttpReply = algos(asked)
        return found

    bench.http.answers[ALGOS] = late
    looking = asyncio.ensure_future(bench.watch.look())
    await time_passes(0.5)
    assert [[row.symbol for row in told.positions] for told in bench.rounds()] == [["BTCUSDT"]]
    assert (await looking).ok


@virtual
async def test_rules_12_many_symbols_are_read_at_once() -> None:
    """From 40 on the list without a symbol is cheaper."""
    bench = Bench(*[f"S{n}" for n in range(40)])
    found = await bench.watch.look()
    assert bench.http.paths() == [POSITIONS, ALGOS]
    assert "symbol" not in bench.http.asked[1].params
    assert len(found.symbols) == 40


@virtual
async def test_rules_12_every_five_seconds_while_exposed() -> None:
    """Else every minute; exposure that appears does not wait for the idle round."""
    bench = Bench()
    await bench.watch.start()
    await time_passes(1)
    assert len(bench.rounds()) == 1
    await time_passes(119.5)
    assert len(bench.rounds()) == 3
    bench.exposed = ["BTCUSDT"]
    await time_passes(20)
    assert len(bench.rounds()) == 7
    await bench.watch.stop()


@pytest.mark.parametrize("path", [POSITIONS, ALGOS])
@pytest.mark.parametrize(
    "trouble",
    [
        HttpFailed("reset", sent=True),
        reply(b"<html></html>", status=502),
        reply(b"<html></html>"),
        reply({"code": -1000, "msg": "x"}),
        reply({"code": -2015, "msg": "Invalid API-key"}, status=401),
    ],
)
def test_could_not_ask_is_never_nothing_there(path: str, trouble: Any) -> None:
    """One list missing, and the round says so; a position that was read is told all the same."""

    @virtual
    async def check() -> None:
        bench = Bench("BTCUSDT")
        bench.http.answers[POSITIONS] = reply([position("BTCUSDT", "1")])
        bench.http.answers[path] = trouble
        found = await bench.watch.look()
        assert (found.ok, found.symbols, found.algos) == (False, (), ())
        assert [row.symbol for row in found.positions] == (["BTCUSDT"] if path == ALGOS else [])

    check()


@virtual
async def test_rules_12_a_list_that_fails_hides_no_other() -> None:
    """The round is incomplete, and tells what it has."""
    bench = Bench("BTCUSDT", "ETHUSDT")
    bench.http.answers[ALGOS] = [reply(b"<html></html>", status=502), algos]
    found = await bench.watch.look()
    assert (found.ok, found.symbols) == (False, ("ETHUSDT",))
    assert [row.symbol for row in found.algos] == ["ETHUSDT"]


@virtual
async def test_rules_12_a_list_that_is_slow_delays_no_other() -> None:
    """What came is told after a moment; the round is told when it is complete, as ever."""
    bench = Bench("BTCUSDT", "ETHUSDT")

    async def late(asked: Asked) -> HttpReply:
        if asked.params["symbol"] == "BTCUSDT":
            await time_passes(1.5)
        found: HttpReply = algos(asked)
        return found

    bench.http.answers[ALGOS] = late
    looking = asyncio.ensure_future(bench.watch.look())
    await time_passes(0.5)
    assert [(told.ok, told.symbols) for told in bench.rounds()] == [(False, ("ETHUSDT",))]
    whole = await looking
    assert (whole.ok, whole.symbols) == (True, ("BTCUSDT", "ETHUSDT"))
    assert len(bench.rounds()) == 1


@virtual
async def test_a_failed_round_is_followed_by_the_next() -> None:
    """The heartbeat goes on."""
    bench = Bench("BTCUSDT")
    bench.http.answers[POSITIONS] = [HttpFailed("reset", sent=True), reply([])]
    await bench.watch.start()
    await time_passes(6)
    assert [found.ok for found in bench.rounds()] == [False, True]
    await bench.watch.stop()


@virtual
async def test_a_round_that_failed_while_idle_does_not_wait_a_minute() -> None:
    """Else a minute without an answer costs three, and entries are denied meanwhile."""
    bench = Bench()
    bench.http.answers[POSITIONS] = [HttpFailed("reset", sent=True), reply([])]
    await bench.watch.start()
    await time_passes(6)
    assert [found.ok for found in bench.rounds()] == [False, True]
    await time_passes(50)
    assert len(bench.rounds()) == 2
    await bench.watch.stop()


@virtual
async def test_a_refused_key_is_told_with_its_code() -> None:
    """So that the core can halt and name the cause (fault A13)."""
    bench = Bench("BTCUSDT")
    bench.http.answers[POSITIONS] = reply({"code": -2015, "msg": "Invalid API-key, IP, or permissions."}, status=401)
    found = await bench.watch.look()
    assert (found.ok, found.code) == (False, -2015)


@virtual
async def test_it_sends_nothing() -> None:
    """Only reads, ever."""
    bench = Bench("BTCUSDT")
    await bench.watch.start()
    await time_passes(600)
    assert {asked.method for asked in bench.http.asked} == {"GET"}
    await bench.watch.stop()
    assert not [told for told in bench.told if isinstance(told, Command)]


@virtual
async def test_a_ban_is_obeyed() -> None:
    """Nothing is asked while the address is banned."""
    bench = Bench("BTCUSDT")
    bench.governor.throttled(Lane.QUERY, -1003, bench.clock.now_ms() + 60_000, banned=True)
    assert not (await bench.watch.look()).ok
    assert bench.http.asked == []


@virtual
async def test_a_watch_that_dies_halts_entries() -> None:
    """It is never silently gone (fault E5)."""
    bench = Bench()

    def broken() -> list[str]:
        raise RuntimeError("bug")

    bench.watch._exposed = broken
    await bench.watch.start()
    await time_passes(1)
    assert [told.what for told in bench.told if isinstance(told, Command)] == ["halt"]


@pytest.mark.parametrize(
    ("symbols", "interval_ms", "told"),
    [
        (20, 5_000, None),
        (1_000, 5_000, None),
        (7, 1_000, None),
        (8, 1_000, "780 of the 720 weight a minute that it may use; would pass: coverage.interval_ms = 1084"),
        (40, 1_000, "2700 of the 720 weight a minute that it may use; would pass: coverage.interval_ms = 3750"),
    ],
)
def test_rules_12_a_watch_that_costs_too_much_names_what_fits(symbols: int, interval_ms: int, told: str | None) -> None:
    """30 % of the limit, and no more: the rest belongs to protection and reads."""
    said = too_costly(symbols, interval_ms)
    assert (said is None) if told is None else (said is not None and told in said)


def test_rules_12_the_cost_of_watching() -> None:
    """Two symbols every five seconds: 84 weight a minute; 30 % of 2 400 holds eight such accounts."""
    assert weight_per_minute(2, 5_000) == 84
    assert accounts_that_fit(2_400, 2, 5_000) == 8
    assert weight_per_minute(100, 5_000) == weight_per_minute(40, 5_000) == 540
