"""Event loops with a time of their own: `VirtualLoop` jumps from timer to timer, `ScaledLoop` runs N times as fast.

On a virtual loop an hour passes as fast as its callbacks run, and the same seed gives the same order
of callbacks, in any process. That holds for code that keeps to what is deterministic: no threads (they raise here), and
none of `asyncio.wait`, `as_completed`, aborting task groups, or walks over sets of objects, whose order changes from
run to run.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import selectors
import time
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, NoReturn, TypeVar, TypeVarTuple, Unpack

from holdfast.sim.lives import LIFE, Killed, Life

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

_COMPACT_FROM = 100
"""Cancelled timers that may lie in the heap before it is cleaned."""


class VirtualDeadlock(RuntimeError):
    """Nothing is ready and no timer is left: on a virtual loop nothing can ever happen again."""


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop without sockets, threads or a clock.

    Time stands still while callbacks are ready and jumps to the next timer when none is. With a seed, the timers that
    are due in one turn go off in an order drawn from it, anywhere between the callbacks that are ready: tests then see
    more orders than one. Callbacks made by `call_soon` keep their order among themselves, as asyncio promises.

    A callback scheduled inside a `Life` is dropped once that is dead, and waits while it is paused.
    """

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]
    _stopping: bool

    def __init__(self, *, seed: int | None = None) -> None:
        """Start at time 0. `seed` None keeps the order in which callbacks were scheduled."""
        super().__init__()
        self._now = 0.0
        self._order = None if seed is None else random.Random(seed)
        self._cancelled_timers = 0
        self._lives: dict[Life, None] = {}
        self.buried: dict[asyncio.Task[Any], None] = {}
        """Tasks of dead processes, which never end."""

    def create_task(
        self,
        coro: Generator[Any, None, Result] | Coroutine[Any, Any, Result],
        *,
        name: object = None,
        context: Context | None = None,
    ) -> asyncio.Task[Result]:
        """Begin a task; it belongs to the life in whose context it runs."""
        task = super().create_task(coro, name=name, context=context)
        life = LIFE.get() if context is None else context.get(LIFE)
        if life is not None:
            life.own(task)
            self._lives[life] = None
        return task

    def bury(self, life: Life) -> None:
        """The run is over: a dead process's tasks are let go."""
        self.buried.update(dict.fromkeys(life.bury()))

    def end_lives(self) -> None:
        """The run is over, perhaps by an error: the dead are buried, the paused go on to their end."""
        for life in self._lives:
            if not life.alive:
                self.bury(life)
            elif life.paused:
                self.resume(life)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now

    def _run_once(self) -> None:
        """One turn: jump if idle, collect due timers, run what is ready now."""
        self._drop_cancelled()
        if not self._ready and not self._stopping:
            self._jump()
        self._collect_due()
        ready = self._ready
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            life = handle._context.get(LIFE)  # type: ignore[attr-defined]
            if life is None or life.runs:
                handle._run()
            elif life.alive:
                life.parked.append(handle)

    def _jump(self) -> None:
        if not self._scheduled:
            raise VirtualDeadlock("invariant: a virtual loop has a callback or a timer left")
        self._now = max(self._now, self._scheduled[0].when())

    def _collect_due(self) -> None:
        scheduled, now = self._scheduled, self._now
        due: list[asyncio.Handle] = []
        while scheduled and scheduled[0]._when <= now:  # type: ignore[attr-defined]
            handle = heapq.heappop(scheduled)
            handle._scheduled = False  # type: ignore[attr-defined]
            if handle._cancelled:
                self._cancelled_timers -= 1
            else:
                due.append(handle)
        if self._order is None or len(due) + len(self._ready) < 2 or not due:
            self._ready.extend(due)
        else:
            self._mix(due, self._order)

    def _mix(self, due: list[asyncio.Handle], order: random.Random) -> None:
        """Deal the due timers out, in any order, between the ready callbacks, which keep theirs."""
        order.shuffle(due)
        ready = self._ready
        for handle in due:
            ready.insert(order.randint(0, len(ready)), handle)

    def resume(self, life: Life) -> None:
        """A paused process goes on: first with what it could not do meanwhile, in order."""
        life.paused = False
        parked, life.parked = life.parked, []
        # In front of what became ready in this turn, which was planned later.
        self._ready.extendleft(reversed(parked))

    def _drop_cancelled(self) -> None:
        """Forget cancelled timers: always at the front, everywhere when they are the greater part."""
        scheduled = self._scheduled
        if self._cancelled_timers > _COMPACT_FROM and self._cancelled_timers * 2 > len(scheduled):
            for handle in scheduled:
                if handle.cancelled():
                    handle._scheduled = False  # type: ignore[attr-defined]
            self._scheduled = scheduled = [handle for handle in scheduled if not handle.cancelled()]
            heapq.heapify(scheduled)
            self._cancelled_timers = 0
        while scheduled and scheduled[0].cancelled():
            handle = heapq.heappop(scheduled)
            handle._scheduled = False  # type: ignore[attr-defined]
            self._cancelled_timers -= 1

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A timer says that it was cancelled (called by asyncio)."""
        if handle._scheduled:  # type: ignore[attr-defined]
            self._cancelled_timers += 1

    def _write_to_self(self) -> NoReturn:
        raise RuntimeError("invariant: no thread wakes a virtual loop")

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Arguments]], object], *args: *Arguments, context: Context | None = None
    ) -> asyncio.Handle:
        """Refused: another thread's timing would decide the order."""
        raise RuntimeError("invariant: no thread schedules on a virtual loop (an async generator left open does, too)")

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Arguments]], Result], *args: *Arguments
    ) -> asyncio.Future[Result]:
        """Refused: work in threads ends at a time that no seed decides."""
        raise RuntimeError("invariant: no work in threads on a virtual loop")


class _ScaledSelector(selectors.DefaultSelector):
    """Waits `speed` times shorter than asked."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for sockets; `timeout` is in the loop's seconds."""
        return super().select(timeout / self._speed if timeout and timeout > 0 else timeout)


class ScaledLoop(asyncio.SelectorEventLoop):
    """A full event loop (sockets, threads) on which N seconds pass in one real second.

    Sockets answer in real time: at high speeds their delays look long on the loop's clock, and a wait
    is exact to about `speed` milliseconds.
    """

    def __new__(cls, speed: float) -> ScaledLoop:
        """Refuse an impossible speed before there is a half-made loop to close."""
        if not speed > 0:
            raise ValueError(f"the speed of a loop is above 0, got {speed}")
        return super().__new__(cls)

    def __init__(self, speed: float) -> None:
        """`speed` > 0; 1 is real time."""
        self._speed = speed
        self._origin = time.monotonic()
        super().__init__(_ScaledSelector(speed))
        self._clock_resolution: float = time.get_clock_info("monotonic").resolution * speed

    def time(self) -> float:
        """Seconds since the loop was made, `speed` times as fast as real ones."""
        return (time.monotonic() - self._origin) * self._speed


def run(main: Callable[[], Coroutine[Any, Any, Result]], *, loop: asyncio.AbstractEventLoop) -> Result:
    """Run `main` to its end on `loop`, cancel what it left running, close the loop.

    The counterpart of `asyncio.run` for these loops. Leftover tasks are cancelled in the order of their
    names. An error in a callback, which asyncio only logs, is raised here when `main` ended well.
    """
    failed: list[BaseException] = []

    def note(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Killed):
            return
        if "handle" in context and isinstance(error, BaseException):
            failed.append(error)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(note)
    asyncio.set_event_loop(loop)
    try:
        result = loop.run_until_complete(main())
    finally:
        try:
            _cancel_leftovers(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()
    if failed:
        raise failed[0]
    return result


def _cancel_leftovers(loop: asyncio.AbstractEventLoop) -> None:
    while leftovers := _leftovers(loop):
        for task in sorted(leftovers, key=asyncio.Task.get_name):
            task.cancel()
            # The task's own ending, good or bad, was its owner's to see; here it only has to end.
            loop.run_until_complete(asyncio.gather(task, return_exceptions=True))


def _leftovers(loop: asyncio.AbstractEventLoop) -> list[asyncio.Task[Any]]:
    """The tasks that can still end."""
    if not isinstance(loop, VirtualLoop):
        return list(asyncio.all_tasks(loop))
    loop.end_lives()
    return [task for task in asyncio.all_tasks(loop) if task not in loop.buried]
