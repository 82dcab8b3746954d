"""Loops with their own time: jumps, determinism in one process and in fresh ones, what is refused, scaled time."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from holdfast.sim.lives import Killed, Life, Points, Strike, Variant, point
from holdfast.sim.loop import ScaledLoop, VirtualDeadlock, VirtualLoop, run

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "import sys; from tests.sim.test_loop import digest; print(digest(int(sys.argv[1])))"


def on_virtual(main: Callable[[], Coroutine[Any, Any, Any]], seed: int | None = None) -> Any:
    """Run on a fresh virtual loop."""
    return run(main, loop=VirtualLoop(seed=seed))


async def toy(trace: list[str]) -> None:
    """A client and a server with queues, timeouts, equal timers, a gather and a cancellation."""
    loop = asyncio.get_running_loop()
    requests: asyncio.Queue[int] = asyncio.Queue()
    replies: asyncio.Queue[int] = asyncio.Queue()

    async def server() -> None:
        while True:
            number = await requests.get()
            if number % 7:
                loop.call_later(0.01 * (number % 3), replies.put_nowait, number)

    async def client(name: str) -> None:
        for number in range(20):
            requests.put_nowait(number)
            try:
                async with asyncio.timeout(0.05):
                    trace.append(f"{name} {number} {await replies.get()} {loop.time():.6f}")
            except TimeoutError:
                trace.append(f"{name} {number} timeout {loop.time():.6f}")

    serving = asyncio.create_task(server(), name="server")
    await asyncio.gather(*(client(name) for name in "abc"))
    serving.cancel()


def digest(seed: int) -> str:
    """A hash of everything that happened, in order."""
    trace: list[str] = []
    on_virtual(lambda: toy(trace), seed)
    return hashlib.sha256("\n".join(trace).encode()).hexdigest()


def test_a_year_passes_at_once() -> None:
    """Time jumps to the next timer when nothing is ready."""

    async def main() -> float:
        await asyncio.sleep(365 * 86_400)
        return asyncio.get_running_loop().time()

    started = time.monotonic()
    assert on_virtual(main) == 365 * 86_400
    assert time.monotonic() - started < 10


def test_time_stands_still_while_callbacks_are_ready() -> None:
    """Work takes no time."""

    async def main() -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    assert on_virtual(main) == 0.0


def test_timers_fire_in_the_order_of_their_times() -> None:
    """Later timers set earlier wait."""
    fired: list[int] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for delay in (3, 1, 2):
            loop.call_later(delay, fired.append, delay)
        await asyncio.sleep(4)

    on_virtual(main)
    assert fired == [1, 2, 3]


def test_cancelled_timers_do_not_move_time() -> None:
    """Thousands of cancelled timeouts leave neither jumps nor a growing heap."""

    async def main() -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        for _ in range(5000):
            loop.call_later(1000, print).cancel()
            await asyncio.sleep(0)
        await asyncio.sleep(1)
        return loop.time(), len(loop._scheduled)

    now, left = on_virtual(main)
    assert now == 1.0
    assert left < 300


@pytest.mark.parametrize("seed", range(5))
def test_same_seed_repeats_in_one_process(seed: int) -> None:
    """Alone, and after other seeds have run: nothing leaks from run to run."""
    alone = digest(seed)
    for other in range(20, 30):
        digest(other)
    assert digest(seed) == alone


def test_seeds_reach_different_orders() -> None:
    """The rotation does something."""
    assert len({digest(seed) for seed in range(10)}) > 1


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_same_seed_repeats_in_fresh_processes(hash_seed: str) -> None:
    """Nothing hangs on the hash seed of the interpreter."""
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, "3"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == digest(3)


def test_nothing_left_to_do_is_an_error() -> None:
    """A deadlock ends the run instead of hanging it."""

    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(VirtualDeadlock):
        on_virtual(main)


def test_work_in_threads_is_refused() -> None:
    """No seed decides when a thread is done."""

    async def main() -> None:
        await asyncio.to_thread(print)

    with pytest.raises(RuntimeError, match="invariant: no work in threads"):
        on_virtual(main)


def test_scheduling_from_threads_is_refused() -> None:
    """Nor when it calls back."""

    async def main() -> None:
        asyncio.get_running_loop().call_soon_threadsafe(print)

    with pytest.raises(RuntimeError, match="invariant: no thread schedules"):
        on_virtual(main)


def test_leftover_tasks_are_cancelled_at_the_end() -> None:
    """Their cleanup still runs."""
    ended: list[str] = []

    async def worker(name: str) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(name)

    async def main() -> None:
        kept.extend(asyncio.create_task(worker(name), name=name) for name in ("b", "a"))
        await asyncio.sleep(1)

    kept: list[asyncio.Task[None]] = []
    on_virtual(main)
    assert ended == ["a", "b"]


def test_exception_of_main_is_raised() -> None:
    """Not swallowed by the cleaning up."""

    async def main() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        on_virtual(main)


def test_error_in_a_callback_is_raised() -> None:
    """asyncio would only log it, and the run would look fine."""

    async def main() -> None:
        asyncio.get_running_loop().call_soon(int, "x")
        await asyncio.sleep(1)

    with pytest.raises(ValueError, match="invalid literal"):
        on_virtual(main)


@pytest.mark.parametrize("seed", range(5))
def test_call_soon_keeps_its_order_between_mixed_timers(seed: int) -> None:
    """Ready callbacks follow each other as asyncio promises; due timers go off anywhere between them."""

    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        seen: list[int] = []
        for number in range(20):
            loop.call_later(0, seen.append, 100 + number)
            loop.call_soon(seen.append, number)
        await asyncio.sleep(1)
        return seen

    seen = on_virtual(main, seed)
    timers = [number for number in seen if number >= 100]
    assert [number for number in seen if number < 100] == list(range(20))
    assert timers != sorted(timers)
    assert seen[20:] != timers


def born(loop: asyncio.AbstractEventLoop, *strikes: Strike) -> tuple[Life, Callable[..., None]]:
    """A process, and what schedules a callback of it."""
    life = Life(1, Points(strikes), lambda *_: None)
    return life, lambda *call: loop.call_soon(*call, context=life.context)


def test_callbacks_of_the_dead_are_dropped() -> None:
    """Those that are ready, timers, and tasks; those of nobody go on."""

    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        life, soon = born(loop)
        seen: list[str] = []

        async def work() -> None:
            seen.append("task began")
            await asyncio.sleep(1)
            seen.append("task ended")

        life.spawn(work(), "work")
        await asyncio.sleep(0.5)
        soon(seen.append, "ready")
        loop.call_later(1, seen.append, "timer", context=life.context)
        loop.call_later(1, seen.append, "nobody's")
        life.die(Variant.AFTER)
        await asyncio.sleep(5)
        assert isinstance(loop, VirtualLoop)
        loop.bury(life)
        return seen

    assert on_virtual(main) == ["task began", "nobody's"]


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_callbacks_of_a_paused_life_wait_and_then_come_in_order(seed: int | None) -> None:
    """Also before those that become ready in the turn in which it goes on."""

    async def main() -> list[int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        life, soon = born(loop)
        seen: list[int] = []
        life.paused = True
        for number in range(5):
            soon(seen.append, number)
        await asyncio.sleep(1)
        assert seen == []
        loop.call_soon(loop.resume, life)
        soon(seen.append, 5)
        await asyncio.sleep(1)
        return seen

    assert on_virtual(main, seed) == list(range(6))


def test_what_was_cancelled_during_a_pause_does_not_come() -> None:
    """It waits no more."""

    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        life, _ = born(loop)
        seen: list[str] = []
        life.paused = True
        timer = loop.call_later(1, seen.append, "timer", context=life.context)
        await asyncio.sleep(2)
        timer.cancel()
        loop.resume(life)
        await asyncio.sleep(1)
        return seen

    assert on_virtual(main) == []


def test_a_life_killed_in_its_pause_does_nothing_more() -> None:
    """Not even when its pause would have been over."""

    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        life, soon = born(loop)
        seen: list[str] = []
        life.paused = True
        soon(seen.append, "waiting")
        await asyncio.sleep(1)
        life.die(Variant.LOST)
        loop.resume(life)
        await asyncio.sleep(1)
        return seen

    assert on_virtual(main) == []


def test_a_kill_inside_a_callback_is_no_error_of_the_run() -> None:
    """It unwinds the callback, and nothing of the effect happens."""
    done: list[str] = []

    async def main() -> bool:
        loop = asyncio.get_running_loop()
        life, soon = born(loop, Strike(point=1, variant=Variant.BEFORE))

        def act() -> None:
            try:
                point(lambda: done.append("effect"))
            finally:
                done.append("unwound")
                with pytest.raises(Killed):
                    point(lambda: done.append("second effect"))

        soon(act)
        await asyncio.sleep(1)
        return life.alive

    assert (on_virtual(main), done) == (False, ["unwound"])


def test_a_burial_leaves_no_tasks() -> None:
    """The run ends although what was killed never does."""
    buried: list[asyncio.Task[Any]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        life, _ = born(loop)
        for _ in range(3):
            life.spawn(asyncio.sleep(3600), "sleeper")
        await asyncio.sleep(1)
        life.die(Variant.AFTER)
        loop.bury(life)
        buried.extend(loop.buried)

    on_virtual(main)
    assert [(task.done(), task.get_coro().cr_frame) for task in buried] == [(False, None)] * 3


def test_an_error_of_main_after_a_kill_is_raised() -> None:
    """What was killed and not buried must not hang the cleaning up, or hide the error."""

    async def main() -> None:
        life, _ = born(asyncio.get_running_loop())
        life.spawn(asyncio.sleep(3600), "sleeper")
        await asyncio.sleep(1)
        life.die(Variant.AFTER)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        on_virtual(main)


def test_scaled_loop_runs_faster_than_the_clock() -> None:
    """Twenty loop seconds at speed 200 are a tenth of a real one, and never less."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        before = loop.time()
        await asyncio.sleep(20)
        return loop.time() - before

    started = time.monotonic()
    slept = run(main, loop=ScaledLoop(200))
    real = time.monotonic() - started
    assert slept >= 20
    assert 0.099 <= real < 10


def test_scaled_loop_has_sockets_and_threads() -> None:
    """It is a full loop: a thread's result and a socket's bytes arrive."""

    async def main() -> tuple[bytes, int]:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        writer.write(b"hello\n")
        line = await reader.readline()
        writer.close()
        server.close()
        return line, await asyncio.to_thread(len, "abc")

    assert run(main, loop=ScaledLoop(50)) == (b"hello\n", 3)


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_speed_must_be_positive(speed: float) -> None:
    """Time neither stops nor runs backwards."""
    with pytest.raises(ValueError, match="above 0"):
        ScaledLoop(speed)
