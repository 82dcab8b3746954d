"""Timers by venue time."""

from __future__ import annotations

import asyncio

from holdfast.model.effects import ClearTimer, SetTimer
from holdfast.service.timers import Timers
from tests.waiting import within


class Clock:
    """Venue time, moved by hand."""

    def __init__(self) -> None:
        self.ms = 1_000

    def now_ms(self) -> int:
        """Venue time."""
        return self.ms


class Fired:
    """Collects what fires."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.news = asyncio.Event()

    def __call__(self, key: str) -> None:
        self.keys.append(key)
        self.news.set()

    async def next(self) -> None:
        """Wait for one."""
        async with within(5, "the firing of a timer"):
            await self.news.wait()
        self.news.clear()


async def test_a_time_that_has_passed_fires_at_once() -> None:
    """In the next turn of the loop, not inside of the call."""
    fired = Fired()
    Timers(Clock(), fired).perform(SetTimer(key="a", at_ms=5))
    assert fired.keys == []
    await fired.next()
    assert fired.keys == ["a"]


async def test_it_never_fires_before_its_venue_time() -> None:
    """The venue's clock was corrected backwards meanwhile: the timer is set again for the rest."""
    clock, fired = Clock(), Fired()
    timers = Timers(clock, fired)
    timers.perform(SetTimer(key="a", at_ms=1_000))
    clock.ms = 998
    asyncio.get_running_loop().call_later(0.01, setattr, clock, "ms", 1_000)
    await fired.next()
    assert clock.ms == 1_000
    assert (fired.keys, len(timers)) == (["a"], 0)


async def test_a_second_timer_of_a_key_replaces_the_first() -> None:
    """One key, one timer."""
    fired = Fired()
    timers = Timers(Clock(), fired)
    timers.perform(SetTimer(key="a", at_ms=60_000))
    timers.perform(SetTimer(key="a", at_ms=0))
    assert len(timers) == 1
    await fired.next()
    assert (fired.keys, len(timers)) == (["a"], 0)


async def test_clearing_forgets_a_timer() -> None:
    """An unknown key is fine."""
    fired = Fired()
    timers = Timers(Clock(), fired)
    timers.perform(SetTimer(key="a", at_ms=0))
    timers.perform(ClearTimer(key="a"))
    timers.perform(ClearTimer(key="b"))
    timers.perform(SetTimer(key="end", at_ms=1_005))
    timers._clock.ms = 1_005  # type: ignore[attr-defined]
    await fired.next()
    assert fired.keys == ["end"]


async def test_all_are_forgotten_at_the_end() -> None:
    """Nothing fires into an engine that has stopped."""
    timers = Timers(Clock(), Fired())
    timers.perform(SetTimer(key="a", at_ms=60_000))
    timers.cancel_all()
    assert len(timers) == 0
