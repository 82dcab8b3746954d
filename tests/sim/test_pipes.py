"""One direction of a connection: its order, its times, what overtakes, and what is lost."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from holdfast.sim.loop import VirtualLoop, run
from holdfast.sim.pipes import Pipe

WHOSE: contextvars.ContextVar[str] = contextvars.ContextVar("whose", default="nobody")


def on_loop(work: Callable[[], Coroutine[Any, Any, Any]], seed: int | None = None) -> Any:
    """Run on a virtual loop that mixes due timers."""
    return run(work, loop=VirtualLoop(seed=seed))


def differ(item: int, last: int) -> bool:
    """Overtaking is for items of another kind; kinds are odd and even here."""
    return item % 2 != last % 2


@pytest.mark.parametrize("seed", range(10))
def test_pipe_keeps_its_order_under_every_seed(seed: int) -> None:
    """A later item with a shorter way waits for the earlier one."""

    async def work() -> list[int]:
        arrived: list[int] = []
        pipe: Pipe[int] = Pipe(asyncio.get_running_loop(), arrived.append)
        for number in range(50):
            pipe.put(number, (number * 7919) % 1000)
        await asyncio.sleep(1)
        return arrived

    assert on_loop(work, seed) == list(range(50))


def test_cut_pipe_loses_what_is_under_way() -> None:
    """And carries what is sent later."""

    async def work() -> list[int]:
        arrived: list[int] = []
        pipe: Pipe[int] = Pipe(asyncio.get_running_loop(), arrived.append)
        pipe.put(1, 100)
        pipe.cut()
        pipe.put(2, 100)
        await asyncio.sleep(1)
        return arrived

    assert on_loop(work, 0) == [2]


def test_each_item_takes_its_time() -> None:
    """Or that of the one before it, if it would be faster."""

    async def work() -> list[tuple[int, float]]:
        loop = asyncio.get_running_loop()
        arrived: list[tuple[int, float]] = []
        pipe: Pipe[int] = Pipe(loop, lambda item: arrived.append((item, loop.time())))
        pipe.put(1, 2_000_000)
        pipe.put(2, 1_000_000)
        pipe.put(3, 3_000_000)
        await asyncio.sleep(4)
        return arrived

    assert on_loop(work) == [(1, 2.0), (2, 2.0), (3, 3.0)]


def test_overtaking_changes_places_with_the_last_one() -> None:
    """Nothing else moves."""

    async def work() -> list[int]:
        arrived: list[int] = []
        pipe: Pipe[int] = Pipe(asyncio.get_running_loop(), arrived.append)
        for item in (1, 3, 5):
            pipe.put(item, 1_000)
        assert pipe.overtake(8, differ)
        await asyncio.sleep(1)
        return arrived

    assert on_loop(work) == [1, 3, 8, 5]


def test_nothing_overtakes_its_own_kind() -> None:
    """It is refused, and the item was not sent."""

    async def work() -> list[int]:
        arrived: list[int] = []
        pipe: Pipe[int] = Pipe(asyncio.get_running_loop(), arrived.append)
        pipe.put(1, 1_000)
        assert not pipe.overtake(3, differ)
        await asyncio.sleep(1)
        return arrived

    assert on_loop(work) == [1]


def test_nothing_overtakes_on_an_empty_road() -> None:
    """There is nobody to overtake."""

    async def work() -> None:
        pipe: Pipe[int] = Pipe(asyncio.get_running_loop(), print)
        assert not pipe.overtake(1, differ)

    on_loop(work)


def test_an_error_of_the_receiver_stops_nothing() -> None:
    """The rest of the stream still arrives; the error is the run's."""
    arrived: list[int] = []

    def receive(item: int) -> None:
        if item == 1:
            raise LookupError("mine")
        arrived.append(item)

    async def work() -> None:
        pipe: Pipe[int] = Pipe(asyncio.get_running_loop(), receive)
        pipe.put(1, 1_000)
        pipe.put(2, 1_000)
        await asyncio.sleep(1)

    with pytest.raises(LookupError, match="mine"):
        on_loop(work)
    assert arrived == [2]


@pytest.mark.parametrize(("given", "expected"), [(True, "owner"), (False, "sender")])
def test_what_comes_out_runs_in_its_context(given: bool, expected: str) -> None:
    """In that of the owner, or without one in that of the sender."""

    async def work() -> list[str]:
        seen: list[str] = []
        owner, sender = contextvars.Context(), contextvars.Context()
        owner.run(WHOSE.set, "owner")
        sender.run(WHOSE.set, "sender")
        pipe: Pipe[int] = Pipe(asyncio.get_running_loop(), lambda _: seen.append(WHOSE.get()), owner if given else None)
        sender.run(pipe.put, 1, 1_000)
        await asyncio.sleep(1)
        return seen

    assert on_loop(work) == [expected]
