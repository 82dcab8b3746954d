"""One engine put together, on the paper exchange in process: how it starts, what it watches, how it ends."""

from typing import Any

import msgspec
import pytest

from holdfast.model import events as ev
from holdfast.model.inputs import Command
from holdfast.model.settings import EngineSettings, Venue
from holdfast.wiring.node import account_mode
from holdfast.wiring.world import in_process_config
from tests.world import Stage, opening, play, trading, with_working_entry

SETTINGS = EngineSettings(account="main", venue=Venue.PAPER)


def kinds(stage: Stage) -> list[str]:
    """The kinds of the journal's records, in order."""
    return [record.kind for record in stage.disk.records]


def test_it_starts_even_when_the_venue_does_not_answer_at_first() -> None:
    """The symbol rules are asked for again until they come: nothing is decided without them."""

    async def scene(stage: Stage) -> tuple[int, str]:
        await trading(stage)
        asked = len(stage.records("req", method="GET /fapi/v1/exchangeInfo"))
        return asked, (await stage.outcome(opening(stage))).status.value

    broken = {"do": "fault", "verb": "status", "status": 502, "body": "<html>", "count": 7}
    asked, status = play(scene, before=({**broken, "match": {"method": "GET /fapi/v1/exchangeInfo"}},))
    assert asked == 8
    assert status == "protected"


def test_rules_11_the_accounts_fees_are_read_soon_after_the_start() -> None:
    """Of the symbols that may be traded; the first half minute has more urgent questions."""

    async def scene(stage: Stage) -> list[int]:
        await trading(stage)
        found = []
        for seconds in (5, 60):
            await stage.world.pass_time(seconds)
            found.append(len(stage.records("req", method="GET /fapi/v1/commissionRate")))
        assert {
            item.taker_fee for item in stage.node.engine.around.instruments.values() if item.symbol == "BTCUSDT"
        } == {stage.node.settings.taker_fee}
        return found

    settings = msgspec.structs.replace(SETTINGS, symbols=("BTCUSDT", "ETHUSDT"))
    assert play(scene, settings=settings) == [0, 2]


def test_symbol_rules_are_read_again_although_a_fee_cannot_be() -> None:
    """A name in symbols.allow that the venue does not list must not keep the rules of all others as they were."""

    async def scene(stage: Stage) -> bool:
        await stage.world.active()
        before = len(stage.records("req", method="GET /fapi/v1/exchangeInfo"))
        return await stage.world.until(
            lambda: len(stage.records("req", method="GET /fapi/v1/exchangeInfo")) > before, 60
        )

    settings = msgspec.structs.replace(SETTINGS, symbols=("NOPEUSDT", "BTCUSDT"))
    assert play(scene, settings=settings)


def test_it_reconciles_before_it_becomes_active() -> None:
    """Positions first (RULES 8): the start, then the comparison, and only then the state."""

    async def scene(stage: Stage) -> list[str]:
        await trading(stage)
        return kinds(stage)

    found = play(scene)
    active = max(place for place, kind in enumerate(found) if kind == "effective_changed")
    assert found.index("engine_started") < found.index("reconciled") < active


def test_a_start_reads_the_lists_of_the_account_once() -> None:
    """The user stream is up when the engine begins to read; a second round would cost as much weight again."""

    async def scene(stage: Stage) -> list[int]:
        await trading(stage)
        await stage.world.pass_time(1)
        lists = ("openAlgoOrders", "openOrders", "allOrders", "income")
        return [len(stage.records("req", method=f"GET /fapi/v1/{name}")) for name in lists]

    assert play(scene) == [1, 1, 0, 1]


def test_only_allowed_symbols_are_watched() -> None:
    """An account for one symbol has one symbol's streams."""

    async def scene(stage: Stage) -> list[str]:
        await trading(stage)
        await stage.world.pass_time(2)
        return sorted(symbol for symbol, market in stage.node.engine.around.markets.items() if market.mark)

    only = msgspec.structs.replace(SETTINGS, symbols=("ETHUSDT",))
    assert play(scene, market="synthetic:1", settings=only) == ["ETHUSDT"]


HALT = {"do": "status.set", "symbol": "ETHUSDT", "status": "BREAK"}


def test_a_market_that_is_halted_at_the_start_is_traded_when_it_opens() -> None:
    """It was not listened to until the next start, and its rules were read again after a quarter of an hour."""

    async def scene(stage: Stage) -> tuple[bool, bool]:
        await trading(stage)
        known = stage.node.engine.around
        heard = await stage.world.until(lambda: known.market("ETHUSDT").mark is not None, 5)
        stage.control("status.set", symbol="ETHUSDT", status="TRADING")
        return heard, await stage.world.until(lambda: known.instruments["ETHUSDT"].tradable, 100)

    settings = msgspec.structs.replace(SETTINGS, symbols=("BTCUSDT", "ETHUSDT"))
    assert play(scene, market="synthetic:1", settings=settings, before=(HALT,)) == (True, True)


def test_rules_7_a_close_that_new_rules_find_too_large_goes_out_in_slices() -> None:
    """The venue lowers its largest market order under an open position; the rules were read again a quarter of an hour
    later, and until then every close was refused."""

    async def scene(stage: Stage) -> tuple[str, str]:
        await trading(stage)
        opened = await stage.outcome(opening(stage))
        stage.control("filters.set", symbol="BTCUSDT", filters={"MARKET_LOT_SIZE": {"maxQty": "0.005"}})
        await stage.command("flatten", symbol="BTCUSDT")
        await stage.world.until(lambda: not stage.node.engine.state.live_trades, 20)
        return opened.status.value, stage.position()

    assert play(scene) == ("protected", "0")


def test_rules_16_the_latch_halts_a_running_engine() -> None:
    """It is looked at every second, and before every entry; `resume` does not help while it is closed."""
    closed: list[bool] = []

    async def scene(stage: Stage) -> Any:
        await trading(stage)
        closed.append(True)
        await stage.world.pass_time(1.5)
        verdict = await stage.send(opening(stage))
        return verdict.code, stage.node.engine.state.commanded_by

    assert play(scene, latched=lambda: bool(closed)) == ("NOT_ACTIVE", "latch")


def test_rules_16_resume_is_refused_while_the_latch_is_closed() -> None:
    """A state of active beside a closed latch would be a lie: nothing could enter."""
    closed = [True]

    async def scene(stage: Stage) -> None:
        await stage.world.until(lambda: stage.node.engine.state.commanded_by == "latch", 10)
        for what in ("resume_prepare", "resume_confirm"):
            reply = await stage.command(what, token="any")
            assert not reply.done
            assert "the kill latch is closed; would pass: remove its file" in reply.text
        closed.clear()
        prepared = await stage.command("resume_prepare")
        assert (await stage.command("resume_confirm", token=prepared.token)).commanded == "active"

    play(scene, latched=lambda: bool(closed))


def test_rules_16_a_latch_halts_again_whatever_was_commanded_meanwhile() -> None:
    """It was closed before the command was durable: the next look tells it again."""
    closed = [True]

    async def scene(stage: Stage) -> None:
        state = stage.node.engine.state
        await stage.world.until(lambda: state.commanded_by == "latch", 10)
        closed.clear()
        prepared = await stage.command("resume_prepare")
        reply = await stage.command("resume_confirm", token=prepared.token)
        assert reply.commanded == "active"
        closed.append(True)
        await stage.world.pass_time(1.5)
        assert (state.commanded.value, state.commanded_by) == ("halted", "latch")

    play(scene, latched=lambda: bool(closed))


def test_rules_16_a_latch_that_is_closed_at_the_start_halts() -> None:
    """Somebody closed it while no engine ran: the first look is at the start."""

    async def scene(stage: Stage) -> Any:
        await stage.world.priced()
        verdict = await stage.send(opening(stage))
        return verdict.code, stage.node.engine.state.commanded_by

    assert play(scene, latched=lambda: True) == ("NOT_ACTIVE", "latch")


def test_rules_16_an_entry_is_not_written_once_the_latch_is_closed() -> None:
    """Between two looks of the watch the gateway itself looks: nothing leaves."""
    closed: list[bool] = []

    async def scene(stage: Stage) -> Any:
        await trading(stage)
        closed.append(True)
        result = await stage.outcome(opening(stage))
        return result.status.value, len(stage.born("hf-e"))

    assert play(scene, latched=lambda: bool(closed)) == ("rejected", 0)


def test_symbol_rules_are_read_again_every_quarter_of_an_hour() -> None:
    """A symbol that the venue stopped meanwhile is no longer entered."""

    async def scene(stage: Stage) -> list[str]:
        await trading(stage)
        await stage.world.pass_time(1_000)
        verdict = await stage.send(opening(stage))
        accepted = [ev.decode(record.body) for record in stage.disk.records if record.kind == "intent_accepted"]
        assert verdict.accepted
        return [event.facts["filters_version"] for event in accepted if isinstance(event, ev.IntentAccepted)]

    assert play(scene) == ["2"]


def test_a_restart_on_the_same_journal_remembers_and_stays_covered() -> None:
    """The second engine answers the first one's intent alike, sends no second entry, and finds the stop in place."""

    async def scene(stage: Stage) -> Any:
        await trading(stage)
        intent = opening(stage)
        first = await stage.outcome(intent)
        await stage.node.run_down()
        await stage.restart()
        await stage.world.active()
        again = await stage.send(intent)
        (position,) = stage.node.model.positions()
        return first.status.value, again.repeated, again.trade_id == first.trade_id, position.cover, stage

    status, repeated, same, cover, stage = play(scene)
    assert (status, repeated, same, cover) == ("protected", True, True, "covered")
    assert len(stage.born("hf-e")) == 1


def test_its_end_is_in_order() -> None:
    """A shutdown by command: working entries gone, streams closed, the journal holds the last result."""
    kept: list[Stage] = []

    async def scene(stage: Stage) -> None:
        await with_working_entry(stage)
        kept.append(stage)

    play(scene)
    (stage,) = kept
    assert stage.node.runner.ended.done()
    assert stage.records("order", x="CANCELED")
    assert [row["ev"] for row in stage.records("ws")].count("close") >= 3
    assert stage.disk.snapshot is not None


@pytest.mark.parametrize("hedge", [False, True])
def test_rules_13_the_position_mode_is_read_from_the_venue(hedge: bool) -> None:
    """(hedge mode, multi-assets mode); nothing of it is changed."""
    paper = in_process_config()
    paper.accounts[0].hedge_mode = hedge

    async def scene(stage: Stage) -> Any:
        return await account_mode(stage.node)

    assert play(scene, paper=paper) == (hedge, False)


def test_the_account_mode_is_read_although_the_share_of_reads_is_used_up() -> None:
    """The API opens behind it: an engine that starts in a crowded minute must not be out of reach until the next."""

    async def scene(stage: Stage) -> Any:
        await trading(stage)
        stage.node.gateway.governor.spend(1_700, stage.now_ms)
        asked_ms = stage.now_ms
        return await account_mode(stage.node), stage.now_ms - asked_ms < 1_000

    assert play(scene) == ((False, False), True)


def test_its_desk_is_the_engine_as_the_api_sees_it() -> None:
    """Verdict, reads and readiness from the same engine."""

    async def scene(stage: Stage) -> None:
        desk = stage.node.desk()
        await trading(stage)
        assert desk.ready() == ()
        await stage.outcome(opening(stage))
        assert desk.intent("i1").status == "protected"
        assert desk.state().venue == "paper"
        told = await desk.explain("i1")
        assert told is not None
        assert b"holdfast_" in desk.metrics()

    play(scene)


def test_an_operator_is_heard() -> None:
    """`deliver` takes commands, too."""

    async def scene(stage: Stage) -> str:
        await trading(stage)
        stage.node.deliver(Command(now_ms=0, what="halt", by="ann", reason="lunch"))
        await stage.world.pass_time(0.1)
        return str(stage.node.model.state().commanded_by)

    assert play(scene) == "ann"
