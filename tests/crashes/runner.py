"""Plays a scene with kills at chosen effect points, and judges the two records as any simulated run is judged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from holdfast.sim import loop as loops
from holdfast.sim.lives import Life, Points, Strike, Variant
from holdfast.sim.scenario import Scenario
from holdfast.wiring.sim_peace import Peace
from holdfast.wiring.sim_world import Simulation
from holdfast.wiring.simulation import Played, judged
from tests.crashes.scenes import AT_MS, BY_NAME, Scene

REST_MS = 300
"""How soon the next process starts, unless asked otherwise: a supervisor that does not wait."""

RECOVERY_MS = 6_000
"""How long after its start a process is held to recover."""


QUIET = ("GET ", "POST /fapi/v1/listenKey", "PUT /fapi/v1/listenKey", "public ", "market ", "private ")
"""How effect points begin that change nothing but connections."""


class Point(NamedTuple):
    """An effect point as it was met: its number, when, in which life, and what it was."""

    number: int
    at_ms: int
    life: int
    what: str

    @property
    def changes(self) -> bool:
        """Whether journal or venue are other afterwards. A kill at a question is the same as one at the effect before
        it, except for the time."""
        return not self.what.startswith(QUIET)


class Noted(Points):
    """Effect points that remember themselves."""

    def __init__(self, strikes: tuple[Strike, ...]) -> None:
        super().__init__(strikes)
        self.met: list[Point] = []

    def reached(self, life: Life, what: str = "") -> Strike | None:
        """Note it."""
        now_ms = round(asyncio.get_running_loop().time() * 1_000)
        self.met.append(Point(self.count + 1, now_ms, life.number, what))
        return super().reached(life, what)


class Stage(Simulation):
    """A simulation that plays a scene instead of drawn acts."""

    def __init__(self, scene: Scene, strikes: tuple[Strike, ...], loop: loops.VirtualLoop) -> None:
        super().__init__(
            Scenario(
                duration_ms=scene.seconds * 1_000,
                symbols=(scene.symbol,),
                market_seed=scene.market_seed,
                facts=scene.facts,
                policies=scene.policies,
            ),
            loop,
        )
        self.scene = scene
        self.points = self.noted = Noted(strikes)

    async def play(self) -> None:
        """The scene's steps at their times."""
        for at_ms, step in self.scene.steps:
            self.later(at_ms, lambda step=step: step(self))  # type: ignore[misc]
        await super().play()

    def _give_birth(self, life: Life) -> None:
        super()._give_birth(life)
        assert self.node is not None
        self.node.snapshots._every = self.scene.snapshot_every


class Ran(NamedTuple):
    """What a run came to. `points` are those before the end in peace."""

    violations: list[str]
    points: list[Point]
    struck: int
    digest: str
    journal: list[str]


def run(scene: Scene, strikes: tuple[Strike, ...] = ()) -> Ran:
    """Play a scene, with kills at these points."""
    loop = loops.VirtualLoop()
    found: list[str] = []
    kept: list[Stage] = []

    async def main() -> None:
        world = Stage(scene, strikes, loop)
        kept.append(world)
        await world.play()
        world.noted.met.append(Point(world.points.count + 1, 1 << 60, 0, "GET the end"))
        peace = Peace(world)
        await peace.come()
        found.extend(peace.found)
        world.end()

    try:
        loops.run(main, loop=loop)
    except AssertionError as error:
        found.append(f"error: {error!r}")
    world = kept[0]
    outcome = judged(Played(world=world, found=found))
    end = next((n for n, point in enumerate(world.noted.met) if not point.life), len(world.noted.met))
    journal = [f"{record.kind} {record.body.decode()}" for record in world.platter.content.records]
    return Ran(outcome.violations, world.noted.met[:end], len(world.points.struck), outcome.digest, journal)


class Case(NamedTuple):
    """A scene's name, its kills, and how it is written: `41:after,52:lost`, with `:5000` behind a longer rest."""

    scene: str
    kills: tuple[Strike, ...]

    def __str__(self) -> str:
        return ",".join(
            f"{kill.point}:{kill.variant.value}{f':{kill.rest_ms}' if kill.rest_ms != REST_MS else ''}"
            for kill in self.kills
        )


def kills_of(text: str) -> tuple[Strike, ...]:
    """The kills of a case as it is written."""
    parts = [part.split(":") for part in text.split(",") if part]
    return tuple(
        Strike(point=int(point), variant=Variant(variant), rest_ms=int(rest[0]) if rest else REST_MS)
        for point, variant, *rest in parts
    )


def play(case: Case) -> tuple[Case, list[str], bool]:
    """One case, for a pool of processes: what went wrong, and whether every kill struck."""
    ran = run(BY_NAME[case.scene], case.kills)
    return case, ran.violations, ran.struck == len(case.kills)


def singles(
    scene: Scene, every: int = 1, rest_ms: int = REST_MS, variants: tuple[Variant, ...] = tuple(Variant)
) -> Iterator[Case]:
    """A kill at each effect point of the scene from its first step on (of its beginning, if it has none)."""
    since_ms = AT_MS - 1_000 if scene.steps else 0
    points = [point for point in run(scene).points if point.at_ms >= since_ms]
    for place, point in enumerate(points):
        for rank, variant in enumerate(variants):
            if (place + rank) % every == 0:
                yield Case(scene.name, (Strike(point=point.number, variant=variant, rest_ms=rest_ms),))


PAIRED = (Variant.AFTER, Variant.LOST)
"""Before an effect is after the one before it."""


def pairs(scene: Scene, every: int = 1, rest_ms: int = REST_MS) -> Iterator[Case]:
    """A kill at each effect that changes something, and one more at each such effect of the recovery from it."""
    number = 0
    for _, (first,) in singles(scene, rest_ms=rest_ms, variants=PAIRED):
        points = run(scene, (first,)).points
        if not any(point.changes for point in points if point.number == first.point):
            continue
        again = [point for point in points if point.life == 2]
        for point in again:
            if point.changes and point.at_ms < again[0].at_ms + RECOVERY_MS:
                for variant in PAIRED:
                    number += 1
                    if number % every == 0:
                        yield Case(scene.name, (first, Strike(point=point.number, variant=variant, rest_ms=rest_ms)))
