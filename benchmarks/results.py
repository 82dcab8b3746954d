"""What a benchmark hands back: rows of figures, goals with what was reached, and what could not run."""

from __future__ import annotations

import msgspec

from benchmarks.stats import Measured

Cell = str | int | float | Measured


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with the goal beside it (DESIGN §6). Exactly one of `at_most` and `at_least` is set."""

    what: str
    reached: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool:
        """Whether the goal was reached in this run. Nobody fails because it was not: speed is never asserted."""
        if self.at_most is not None:
            return self.reached <= self.at_most
        assert self.at_least is not None, "a goal has a bound"
        return self.reached >= self.at_least

    @property
    def bound(self) -> str:
        """The goal as text."""
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"


class Result(msgspec.Struct, kw_only=True):
    """The outcome of one benchmark. Every row has the same keys, which are the column heads, units included."""

    name: str
    title: str
    rows: list[dict[str, Cell]] = []
    goals: list[Goal] = []
    notes: list[str] = []
    skipped: str = ""
    """Why it did not run although nothing is wrong, such as a recording that is not there."""
    problems: list[str] = []
    """What should have run and could not; the run then ends with exit code 1."""
    seconds: float = 0.0


class CannotRun(Exception):
    """A benchmark, or one of its contestants, could not run. The text says why."""


class Skipped(Exception):
    """A benchmark has nothing to run on here. The text says what is missing."""
