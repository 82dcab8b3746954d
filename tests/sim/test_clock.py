"""The machine's wrong clock: what jumps, what drifts, and what stays true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from holdfast.sim.clock import WrongClock
from holdfast.sim.loop import VirtualLoop, run

EPOCH_US = 1_800_000_000_000_000
HOUR_US = 3_600_000_000


def an_hour_later(act: Callable[[WrongClock], None]) -> tuple[int, int, int]:
    """True, wall and monotonic microseconds that pass in an hour with `act` done at its beginning."""

    async def main() -> tuple[int, int, int]:
        clock = WrongClock(asyncio.get_running_loop(), EPOCH_US)
        before = clock.true_us(), clock.wall_us(), clock.mono_us()
        act(clock)
        await asyncio.sleep(3_600)
        now = clock.true_us(), clock.wall_us(), clock.mono_us()
        return now[0] - before[0], now[1] - before[1], now[2] - before[2]

    return run(main, loop=VirtualLoop())


def test_a_right_clock_shows_the_loops_time() -> None:
    """All three readings pass alike."""
    assert an_hour_later(lambda _: None) == (HOUR_US, HOUR_US, HOUR_US)


@pytest.mark.parametrize("ms", [-10_800_000, -1, 1, 5_000])
def test_a_jump_moves_the_wall_clock_only(ms: int) -> None:
    """The true time and the monotonic clock know nothing of it."""
    assert an_hour_later(lambda clock: clock.jump(ms)) == (HOUR_US, HOUR_US + ms * 1_000, HOUR_US)


def test_a_jump_back_undoes_a_jump() -> None:
    """Somebody set it right again."""

    def act(clock: WrongClock) -> None:
        clock.jump(400)
        clock.jump(-400)

    assert an_hour_later(act) == (HOUR_US, HOUR_US, HOUR_US)


@pytest.mark.parametrize("ppm", [-300, -50, 20, 100])
def test_a_drift_moves_wall_and_monotonic_clock(ppm: int) -> None:
    """By so many millionths of the time that passed."""
    off_us = 3_600 * ppm
    assert an_hour_later(lambda clock: clock.drift(ppm)) == (HOUR_US, HOUR_US + off_us, HOUR_US + off_us)


def test_what_has_drifted_stays_when_the_drift_ends() -> None:
    """The readings are continuous: no jump at a change of the drift."""

    async def main() -> None:
        clock = WrongClock(asyncio.get_running_loop(), EPOCH_US)
        clock.drift(100)
        await asyncio.sleep(1_000)
        before = clock.wall_us(), clock.mono_us()
        clock.drift(0)
        assert (clock.wall_us(), clock.mono_us()) == before
        await asyncio.sleep(1_000)
        assert clock.mono_us() == 2_000_100_000

    run(main, loop=VirtualLoop())


@pytest.mark.parametrize("ppm", [-300, 0, 100])
def test_the_monotonic_clock_never_goes_back(ppm: int) -> None:
    """Not in the smallest steps, not at jumps and not at changes of the drift."""

    async def main() -> list[int]:
        clock = WrongClock(asyncio.get_running_loop(), EPOCH_US)
        seen: list[int] = []
        for step in range(500):
            await asyncio.sleep(0.000_003)
            seen.append(clock.mono_us())
            if step % 50 == 0:
                clock.drift(ppm)
                clock.jump(-1_000)
                seen.append(clock.mono_us())
        return seen

    seen = run(main, loop=VirtualLoop())
    assert seen == sorted(seen)
    assert seen[0] < seen[-1]


def test_setting_it_right_undoes_jumps_and_drift() -> None:
    """The wall clock is the true one again; the monotonic clock is not touched."""

    def wrong_and_right(clock: WrongClock) -> None:
        clock.jump(5_000)
        clock.set_right()

    assert an_hour_later(wrong_and_right) == (HOUR_US, HOUR_US, HOUR_US)
