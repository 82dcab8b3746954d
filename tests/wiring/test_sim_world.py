"""A simulated world: processes that die and come back, sources that ask again, a disk and a clock that fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from holdfast.model.inputs import Command
from holdfast.model.reasons import TradingState
from holdfast.sim import loop as loops
from holdfast.sim.lives import Strike, Variant
from holdfast.sim.scenario import Act, Policies, Scenario
from holdfast.wiring.sim_world import Simulation, settings_of

QUIET = Scenario(duration_ms=20_000)


def play(scenario: Scenario, then: Callable[[Simulation], Awaitable[Any]] | None = None) -> Any:
    """Live a scenario through; answers what `then` says of the world, or the world."""
    loop = loops.VirtualLoop(seed=scenario.loop_seed)

    async def main() -> Any:
        world = Simulation(scenario, loop)
        await world.play()
        answer = await then(world) if then is not None else world
        world.end()
        return answer

    return loops.run(main, loop=loop)


def state_of(world: Simulation) -> TradingState:
    """What the living engine may do."""
    assert world.node is not None
    return world.node.engine.state.effective


async def say_state(world: Simulation) -> TradingState:
    """For `play`."""
    return state_of(world)


def test_an_engine_becomes_active() -> None:
    """Started by the world, against the exchange inside."""
    assert play(QUIET, say_state) is TradingState.ACTIVE


def test_a_kill_is_followed_by_a_start() -> None:
    """Two lives, the second one on the first one's journal."""
    world = play(Scenario(duration_ms=40_000, acts=(Act(at_ms=10_000, do="kill", seed=1),)))
    assert [life.alive for life in world.lives] == [False, True]
    starts = [record for record in world.platter.content.records if record.kind == "engine_started"]
    assert len(starts) == 2


def test_a_strike_kills_at_its_effect_point() -> None:
    """The first effect of all is the first question to the venue: before it, the venue hears nothing of that life."""
    world = play(Scenario(duration_ms=1_000, strikes=(Strike(point=1, variant=Variant.BEFORE, rest_ms=5_000),)))
    assert [line["k"] for line in world.log] == ["start"]


def test_a_paused_process_does_nothing_and_goes_on() -> None:
    """Nothing arrives at the venue meanwhile; afterwards the engine is active again."""

    async def paused(world: Simulation) -> tuple[int, TradingState]:
        world.pause(5_000)
        await world.pass_time(0.1)
        before = len(world.log)
        await world.pass_time(4.8)
        silent = len(world.log) - before
        await world.pass_time(30)
        return silent, state_of(world)

    assert play(QUIET, paused) == (0, TradingState.ACTIVE)


def test_windows_leave_out_deaths_and_pauses_are_told() -> None:
    """A dead engine is not live; one that stands still is out of reach (RULES 15)."""

    async def live(world: Simulation) -> list[list[int | None]]:
        world.pause(5_000)
        await world.pass_time(10)
        world.kill(Variant.AFTER, 2_000)
        await world.pass_time(10)
        begin = world.scenario.begin_us
        windows = [(window.start_us, window.end_us) for window in world.live_windows()]
        spans = [*windows, *world.weather.troubles]
        return [[edge and round((edge - begin) / 1e6) for edge in span] for span in spans]

    assert play(QUIET, live) == [[0, 30], [32, None], [20, 25]]


def test_an_unanswered_intent_is_delivered_again() -> None:
    """Its process died before it could answer; the next one is asked."""
    acts = (Act(at_ms=10_000, do="intent", seed=3), Act(at_ms=10_000, do="kill", seed=3))

    async def answered(world: Simulation) -> tuple[int, list[str]]:
        return len(world.lives), world.acknowledged

    assert play(Scenario(duration_ms=40_000, acts=acts), answered) == (2, ["sim-00001"])


def test_a_broken_disk_halts_and_mends() -> None:
    """The engine notices at its next append, and goes on by itself."""

    async def broken(world: Simulation) -> tuple[TradingState, TradingState]:
        world.set_disk("no space left on device")
        world.command(Command(now_ms=0, what="reduce", by="test"))
        world.command(Command(now_ms=0, what="resume_prepare", by="test"))
        await world.pass_time(2)
        down = state_of(world)
        world.set_disk("")
        await world.pass_time(10)
        return down, state_of(world)

    assert play(QUIET, broken) == (TradingState.HALTED, TradingState.REDUCING)


def test_a_wrong_wall_clock_keeps_entries_back_until_it_is_right() -> None:
    """P41: an offset above the bound."""

    async def jumped(world: Simulation) -> tuple[TradingState, TradingState]:
        world.jump_clock(5_000)
        await world.pass_time(10)
        wrong = state_of(world)
        world.jump_clock(-5_000)
        await world.pass_time(70)
        return wrong, state_of(world)

    assert play(QUIET, jumped) == (TradingState.REDUCING, TradingState.ACTIVE)


def test_policies_reach_the_engine() -> None:
    """What a scenario says of the configuration."""
    settings = settings_of(Scenario(duration_ms=1, policies=Policies(on_foreign="adopt", believes_stop_first=True)))
    assert settings.on_foreign == "adopt"
    assert settings.adopt_stop_pct
    assert settings.facts.arms_with_entry


def test_a_contract_is_mended_to_what_it_was() -> None:
    """Status, filters, funding hours and tiers; one that nobody changed is left alone."""

    async def scene(world: Simulation) -> list[object]:
        market = world.network.venue.exchange.markets["BTCUSDT"]
        before = (market.symbol, market.brackets, market.row.get("fundingIntervalHours", 8))
        world.mend_contract("BTCUSDT")
        assert not [line for line in world.log if line["k"] == "control"]
        world.control(do="status.set", symbol="BTCUSDT", status="BREAK")
        world.control(do="filters.set", symbol="BTCUSDT", filters={"MARKET_LOT_SIZE": {"maxQty": "0.02"}})
        world.control(do="funding", symbol="BTCUSDT", hours=1)
        tier = {"bracket": 1, "initialLeverage": 5, "notionalFloor": "0", "notionalCap": "1000"}
        world.control(do="bracket.set", symbol="BTCUSDT", brackets=[{**tier, "maintMarginRatio": "0.1", "cum": "0"}])
        assert market.symbol.status == "BREAK"
        assert market.symbol != before[0]
        world.mend_contract("BTCUSDT")
        return [before, (market.symbol, market.brackets, market.row["fundingIntervalHours"])]

    first, mended = play(QUIET, scene)
    assert first == mended


def test_an_engine_whose_key_is_revoked_ends_and_comes_back_when_it_is_good_again() -> None:
    """That is no failure of the engine (fault H2); what it may do depends on the account again."""

    async def scene(world: Simulation) -> tuple[bool, list[str], TradingState]:
        world.control(do="acct.perm", may="nothing", revoked=True)
        world.kill(Variant.AFTER, 50)
        await world.pass_time(10)
        down = all(not life.alive for life in world.lives[:-1]) and len(world.lives) > 3
        world.mend_account()
        assert not any(world.network.venue.exchange.restrictions.values())
        await world.pass_time(20)
        return down, world.problems, state_of(world)

    assert play(QUIET, scene) == (True, [], TradingState.ACTIVE)
