"""Processes of a simulation: each is a life, and everything it has planned carries its name.

A callback remembers the context in which it was scheduled. A life is a variable of that context, so the loop knows
whose every callback is: those of a killed process are dropped, those of a paused one wait, and no line of the engine
has to know about it. A kill strikes at an effect point: an append to the journal, or bytes that leave for the venue.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Any, Final

import msgspec

from holdfast.ports import HttpFailed, WsClosed

LIFE: Final[contextvars.ContextVar[Life | None]] = contextvars.ContextVar("life", default=None)
"""The process that runs now; None outside of every process."""


class Killed(BaseException):
    """Unwinds whatever a process was doing when it was killed. Nothing of it can act any more."""


TASKS_KEPT: Final = 200
"""Ended tasks are forgotten from so many on."""

UNWINDINGS: Final = 20
"""Awaits that one coroutine may have in its endings."""


class Variant(StrEnum):
    """What a kill leaves of the effect at which it strikes, and of the commits before it."""

    BEFORE = "before"
    """The effect does not happen. What was appended before is on the disk."""
    AFTER = "after"
    """The effect has happened, and nobody heard of it. What was appended is on the disk."""
    LOST = "lost"
    """The effect has happened, and what was appended and not yet confirmed is lost."""


class Strike(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kill at the effect point number `point` of a run, counted from 1 over all its processes."""

    point: int
    variant: Variant
    rest_ms: int = 1_000
    """How long nobody runs afterwards."""


class Life:
    """One process from its start to its end. `ended` is called once, at its death."""

    def __init__(self, number: int, points: Points, ended: Callable[[Life, Variant], None]) -> None:
        self.number = number
        self.alive = True
        self.paused = False
        self.parked: list[asyncio.Handle] = []
        """What a paused process will do first."""
        self.context = contextvars.Context()
        self.heard_us = 0
        """When the venue received its first signed request, venue time in microseconds; 0 = not yet (RULES 15)."""
        self._tasks: list[asyncio.Task[Any]] = []
        """Kept, so that no garbage collection runs the endings of what was killed."""
        self._prune_at = TASKS_KEPT
        self._points = points
        self._ended = ended
        self.context.run(LIFE.set, self)

    @property
    def runs(self) -> bool:
        """Whether its callbacks are carried out."""
        return self.alive and not self.paused

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run `work` as a task of this process."""
        loop = asyncio.get_running_loop()
        return loop.create_task(work, name=f"{name} of life {self.number}", context=self.context)

    def own(self, task: asyncio.Task[Any]) -> None:
        """A task was begun in this process."""
        self._tasks.append(task)
        if len(self._tasks) >= self._prune_at:
            self._tasks = [task for task in self._tasks if not task.done()]
            self._prune_at = 2 * len(self._tasks) + TASKS_KEPT

    def bury(self) -> list[asyncio.Task[Any]]:
        """The run is over: let go of what a kill left hanging. Answers those tasks; they will never end.

        What their endings try to do goes nowhere: nothing of a dead process has an effect.
        """
        assert not self.alive, "invariant: only the dead are buried"
        hanging = [task for task in self._tasks if not task.done()]
        for task in hanging:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            self.context.run(_unwind, task.get_coro())
        return hanging

    def effect(self, act: Callable[[], None], what: str = "") -> None:
        """An effect point: do it, and die there if a kill strikes. Raises `Killed`."""
        if not self.alive:
            raise Killed
        strike = self._points.reached(self, what)
        if strike is None:
            act()
            return
        if strike.variant is not Variant.BEFORE:
            act()
        self.die(strike.variant)
        raise Killed

    def die(self, variant: Variant) -> None:
        """kill −9."""
        if self.alive:
            self.alive = False
            self.parked.clear()
            self._ended(self, variant)


class Points:
    """Counts the effect points of a run and knows where kills strike.

    `reached` is told what each point is, for whoever lays out kills systematically: `append` and the kinds of the
    events, `snapshot`, `GET` and a path, a WebSocket route and its method.
    """

    def __init__(self, strikes: tuple[Strike, ...] = ()) -> None:
        self.count = 0
        self._strikes = {strike.point: strike for strike in strikes}
        self.struck: list[Strike] = []

    def strike_in(self, points: int, variant: Variant, rest_ms: int) -> None:
        """A kill `points` effect points from now, 1 or more."""
        point = self.count + points
        self._strikes[point] = Strike(point=point, variant=variant, rest_ms=rest_ms)

    def clear(self) -> None:
        """No more kills."""
        self._strikes.clear()

    def reached(self, life: Life, what: str = "") -> Strike | None:
        """A process is about to do something that others can see: `what`. Answers the kill that strikes here."""
        self.count += 1
        strike = self._strikes.pop(self.count, None)
        if strike is not None:
            self.struck.append(strike)
        return strike


def point(act: Callable[[], None], what: str = "") -> None:
    """An effect of the process that runs now, and what it is. Outside of every process it simply happens."""
    life = LIFE.get()
    if life is None:
        act()
    else:
        life.effect(act, what)


def _unwind(coro: Any) -> None:
    """Close a coroutine, also one whose endings await something."""
    for _ in range(UNWINDINGS):
        try:
            coro.close()
        except RuntimeError:
            continue  # It awaited in an ending; the next closing ends that.
        except (OSError, HttpFailed, WsClosed):
            continue  # An ending may say goodbye to a venue that cannot be reached any more.
        except Killed:
            continue
        return
