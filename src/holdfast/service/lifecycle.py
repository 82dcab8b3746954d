"""Starting, watching and stopping the parts of a running engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol

from holdfast.model.inputs import AnyInput, Command

STOP_TIMEOUT_S: Final = 10.0


class Part(Protocol):
    """Something that is started and stopped with the service."""

    @property
    def name(self) -> str:
        """For the log."""

    async def start(self) -> None:
        """Return when it works. Raise when it cannot: the service then stops what it started and passes this on."""

    async def stop(self) -> None:
        """Return when it has ended. Called once, also when `start` raised."""


class LifecycleObserver(Protocol):
    """What service and supervisor report."""

    def part_started(self, part: str) -> None:
        """A part works."""

    def part_stopped(self, part: str, error: str) -> None:
        """A part has ended; `error` is "" when it ended as asked."""

    def task_died(self, task: str, error: BaseException | None) -> None:
        """A task that should run for ever has ended."""


class Supervisor:
    """Runs tasks that must never end by themselves.

    One that does, by an exception or by returning, is reported and halts the engine: entries stop, protection goes
    on (RULES 9). It is not started again, because nobody knows what it left behind; a restart of the process does.
    """

    def __init__(self, deliver: Callable[[AnyInput], None], observer: LifecycleObserver) -> None:
        self._deliver = deliver
        self._observer = observer
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    @property
    def dead(self) -> list[str]:
        """Names of tasks that ended although nobody asked: part of readiness."""
        return [task.get_name() for task in self._tasks if task.done()] if not self._stopping else []

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task and watch it."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.append(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self) -> None:
        """Cancel all tasks, newest first, and wait for each."""
        self._stopping = True
        for task in reversed(self._tasks):
            task.cancel()
            # A task may end with an error of its own while it is cancelled: `_ended` reports it.
            await asyncio.gather(task, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if self._stopping and error is None:
            return
        self._observer.task_died(task.get_name(), error)
        if not self._stopping:
            reason = f"task {task.get_name()} ended" + (f": {error!r}" if error is not None else "")
            self._deliver(Command(now_ms=0, what="halt", by="supervisor", reason=reason))


class Service:
    """Parts that start in order and stop in the opposite order.

    `started` is set once all parts work. `stop` gives each part `STOP_TIMEOUT_S` seconds: one that hangs must not keep
    the others from ending well.
    """

    def __init__(self, parts: Sequence[Part], observer: LifecycleObserver) -> None:
        self.started = asyncio.Event()
        self._parts = list(parts)
        self._observer = observer
        self._begun: list[Part] = []

    async def start(self) -> None:
        """Start every part; when one fails, stop those before it and raise its error."""
        for part in self._parts:
            self._begun.append(part)
            try:
                await part.start()
            except BaseException:
                # A start that is cancelled (Ctrl-C) must end the parts that run already, like one that fails.
                await self.stop()
                raise
            self._observer.part_started(part.name)
        self.started.set()

    async def stop(self) -> None:
        """Stop every part that was begun. May be called twice."""
        self.started.clear()
        while self._begun:
            part = self._begun.pop()
            error = ""
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await part.stop()
            except TimeoutError:
                error = f"did not stop within {STOP_TIMEOUT_S:g} s"
            except Exception as failure:  # noqa: BLE001 - reported; the other parts must still stop
                error = repr(failure)
            self._observer.part_stopped(part.name, error)
