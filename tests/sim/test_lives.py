"""Processes that can be killed: what a kill leaves, what it unwinds, and what the dead can no longer do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from holdfast.ports import HttpFailed, WsClosed
from holdfast.sim.lives import LIFE, TASKS_KEPT, Killed, Life, Points, Strike, Variant, point
from holdfast.sim.loop import VirtualLoop, run


def born(*strikes: Strike) -> tuple[Life, Points, list[Variant]]:
    """A process, its effect points, and how it ended."""
    ends: list[Variant] = []
    points = Points(strikes)
    return Life(1, points, lambda _, variant: ends.append(variant)), points, ends


def on_loop(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run on a virtual loop."""
    return run(main, loop=VirtualLoop())


@pytest.mark.parametrize(("variant", "expected"), [("before", [1]), ("after", [1, 2]), ("lost", [1, 2])])
def test_a_strike_lets_its_effect_happen_or_not(variant: str, expected: list[int]) -> None:
    """Before, and it does not happen; after and lost, and it has; nothing happens later in any case."""
    life, _, ends = born(Strike(point=2, variant=Variant(variant)))
    done: list[int] = []
    life.effect(lambda: done.append(1))
    for number in (2, 3):
        with pytest.raises(Killed):
            life.effect(lambda number=number: done.append(number))  # type: ignore[misc]
    assert (done, ends, life.alive) == (expected, [Variant(variant)], False)


def test_points_are_counted_over_all_processes() -> None:
    """A strike names one point of the whole run."""
    points = Points((Strike(point=3, variant=Variant.BEFORE),))
    first, second = (Life(number, points, lambda *_: None) for number in (1, 2))
    first.effect(int)
    second.effect(int)
    with pytest.raises(Killed):
        second.effect(int)
    assert (first.alive, second.alive, points.count) == (True, False, 3)
    assert [strike.point for strike in points.struck] == [3]


def test_a_strike_strikes_once() -> None:
    """The next process passes the points after it."""
    _, points, _ = born(Strike(point=1, variant=Variant.AFTER))
    lives = [Life(number, points, lambda *_: None) for number in (1, 2)]
    with pytest.raises(Killed):
        lives[0].effect(int)
    for _ in range(10):
        lives[1].effect(int)
    assert lives[1].alive


@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_a_strike_can_be_set_while_it_runs(ahead: int) -> None:
    """So many points from now."""
    life, points, _ = born()
    life.effect(int)
    points.strike_in(ahead, Variant.BEFORE, 50)
    for _ in range(ahead - 1):
        life.effect(int)
    with pytest.raises(Killed):
        life.effect(int)
    assert points.struck == [Strike(point=1 + ahead, variant=Variant.BEFORE, rest_ms=50)]


def test_cleared_strikes_do_not_strike() -> None:
    """The end of a run is peaceful."""
    life, points, _ = born(Strike(point=1, variant=Variant.BEFORE))
    points.clear()
    life.effect(int)
    assert life.alive


def test_a_process_dies_once() -> None:
    """Whoever kills it again kills nobody."""
    life, _, ends = born()
    life.die(Variant.LOST)
    life.die(Variant.AFTER)
    assert ends == [Variant.LOST]


def test_outside_of_every_process_an_effect_just_happens() -> None:
    """And it is no point of the run."""
    done: list[int] = []
    point(lambda: done.append(1))
    assert done == [1]


def test_inside_of_a_process_an_effect_is_a_point() -> None:
    """Of the one whose context it is."""
    life, points, _ = born()
    life.context.run(point, lambda: None)
    assert points.count == 1


def test_tasks_carry_the_name_of_their_process() -> None:
    """Also those begun by its tasks, and its timers."""

    async def main() -> list[Life | None]:
        life, _, _ = born()
        seen: list[Life | None] = []

        async def child() -> None:
            seen.append(LIFE.get())

        async def work() -> None:
            asyncio.get_running_loop().call_later(1, lambda: seen.append(LIFE.get()))
            await asyncio.create_task(child())

        await life.spawn(work(), "work")
        await asyncio.sleep(2)
        assert LIFE.get() is None
        return [who and life for who in seen]

    assert all(on_loop(main))


def test_a_kill_inside_a_callback_unwinds_without_effects() -> None:
    """Endings run, but what they try to do goes nowhere."""

    async def main() -> None:
        life, _, ends = born(Strike(point=1, variant=Variant.BEFORE))
        done: list[str] = []

        async def work() -> None:
            try:
                point(lambda: done.append("effect"))
                done.append("went on")
            finally:
                done.append("unwound")
                point(lambda: done.append("effect of the ending"))

        life.spawn(work(), "work")
        await asyncio.sleep(1)
        assert (done, ends) == (["unwound"], [Variant.BEFORE])

    on_loop(main)


def test_an_ordinary_handler_does_not_survive_a_kill() -> None:
    """`except Exception` is for errors; kill −9 is none."""

    async def main() -> None:
        life, _, _ = born(Strike(point=1, variant=Variant.AFTER))
        survived: list[str] = []

        async def work() -> None:
            try:
                point(lambda: None)
            except Exception as error:  # noqa: BLE001 - that it is not caught here is the fact
                survived.append(repr(error))

        life.spawn(work(), "work")
        await asyncio.sleep(1)
        assert survived == []

    on_loop(main)


def test_a_burial_unwinds_what_was_hanging_without_effects() -> None:
    """Endings that await, and endings that act."""

    async def main() -> None:
        life, _, _ = born()
        done: list[str] = []

        async def work() -> None:
            try:
                await asyncio.sleep(3_600)
            finally:
                done.append("first ending")
                try:
                    await asyncio.sleep(1)
                finally:
                    done.append("second ending")
                    point(lambda: done.append("effect"))

        task = life.spawn(work(), "work")
        await asyncio.sleep(1)
        life.die(Variant.AFTER)
        assert life.bury() == [task]
        assert done == ["first ending", "second ending"]
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.bury(life)

    on_loop(main)


@pytest.mark.parametrize(
    "error",
    [WsClosed("gone"), HttpFailed("the client is closed", sent=False), ConnectionRefusedError("nobody listens")],
)
def test_a_burial_does_not_mind_that_the_venue_is_gone(error: Exception) -> None:
    """An ending says goodbye, and nobody is there; that is no error of the run."""

    async def main() -> None:
        life, _, _ = born()

        async def work() -> None:
            try:
                await asyncio.sleep(3_600)
            finally:
                raise error

        life.spawn(work(), "work")
        await asyncio.sleep(1)
        life.die(Variant.AFTER)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.bury(life)

    on_loop(main)


def test_the_living_are_not_buried() -> None:
    """That would be another way to kill."""
    life, _, _ = born()
    with pytest.raises(AssertionError, match="only the dead"):
        life.bury()


def test_ended_tasks_are_forgotten() -> None:
    """A long life does not keep thousands of them."""

    async def main() -> int:
        life, _, _ = born()
        for number in range(10 * TASKS_KEPT):
            await life.spawn(asyncio.sleep(0), f"task {number}")
        return len(life._tasks)

    assert on_loop(main) <= TASKS_KEPT
