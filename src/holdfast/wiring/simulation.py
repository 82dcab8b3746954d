"""What a simulated run came to: the checker's verdict on its two records, a faithful fold, and one digest of it all."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from holdfast.model.chain import JournalUnusable
from holdfast.service import replay
from holdfast.sim import loop as loops
from holdfast.sim.roads import PATIENCE_US
from holdfast.verify import Options, Report, VerifyError, Window, check
from holdfast.verify.records import JournalRow, decode_line
from holdfast.wiring.sim_peace import Peace
from holdfast.wiring.sim_world import Simulation

if TYPE_CHECKING:
    from holdfast.sim.roads import Climate
    from holdfast.sim.scenario import Scenario

HOUR_MS: Final = Decimal(3_600_000)
DIGEST_CHARS: Final = 16


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `violations` are sentences, each beginning with what was broken; `digest` names the run bit for bit."""

    seed: int
    profile: str
    simulated_hours: Decimal
    violations: list[str]
    faults: dict[str, int]
    counts: dict[str, int]
    digest: str
    points: int
    """How many effect points there were: where a kill could have struck."""

    @property
    def clean(self) -> bool:
        """Whether every promise was kept."""
        return not self.violations


def simulate(scenario: Scenario) -> Outcome:
    """Live a scenario through, end it in peace, and judge it."""
    return judged(played(scenario))


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is over, with its records."""

    world: Simulation
    found: list[str]


def played(scenario: Scenario) -> Played:
    """Live a scenario through and end it in peace."""
    loop = loops.VirtualLoop(seed=scenario.loop_seed)
    kept: list[Simulation] = []
    found: list[str] = []

    async def main() -> None:
        world = Simulation(scenario, loop)
        kept.append(world)
        peace = Peace(world)
        try:
            await world.play()
            await peace.come()
        finally:
            found.extend(peace.found)
            world.end()

    try:
        loops.run(main, loop=loop)
    except AssertionError as error:
        found.append(f"error: {error!r}")
    return Played(world=kept[0], found=found)


def judged(run: Played) -> Outcome:
    """The verdict on a run."""
    world, scenario = run.world, run.world.scenario
    violations = [*(f"engine: {problem}" for problem in world.problems), *run.found]
    counts: Counter[str] = Counter()
    log = written(world)
    try:
        report = verdict(world, log)
        violations += [f"{v.invariant}: {v.sentence} {list(v.seqs)} {list(v.ns)}" for v in report.violations]
        counts.update(report.counts)
    except VerifyError as error:
        violations.append(f"records: {error}")
    violations += replayed(world)
    faults = Counter(world.faults)
    faults.update({f"net {name}": count for name, count in world.weather.counts.items() if name not in SLOWNESS})
    return Outcome(
        seed=scenario.seed,
        profile=scenario.profile,
        simulated_hours=Decimal(scenario.duration_ms) / HOUR_MS,
        violations=violations,
        faults=dict(sorted(faults.items())),
        counts={**dict(sorted(counts.items())), "intents": len(world.sources.sent), "lives": len(world.lives)},
        digest=digest(world, log),
        points=world.points.count,
    )


HANGS: Final = ("req.drop", "resp.drop", "delay")
"""Faults at the venue that leave a question without an answer."""
SLOWNESS: Final = ("slowed", "held")
"""What happens to each of many messages is one fault, which its act has counted."""


def written(world: Simulation) -> list[bytes]:
    """The venue's log, line by line, as a paper exchange writes it to a file."""
    encode = msgspec.json.Encoder(decimal_format="string").encode
    return [encode(record) for record in world.log]


class Granted(NamedTuple):
    """How long things may take by the venue's log, in milliseconds."""

    naked_ms: int
    lag_ms: int
    silent_ms: int


def granted(climate: Climate) -> Granted:
    """The bounds of RULES 15 over a network: what it did counts against nobody.

    Naked: the engine's second begins when evidence has come to it, and its close has to travel; its clock, and with it
    its second, may drift by a millisecond meanwhile. Silent: a question travels, its answer, and the close.
    """
    slow_ms = -(-(climate.latency_us + climate.jitter_us + climate.spike_us) // 1_000)
    return Granted(naked_ms=1_000 + 2 * slow_ms + 1, lag_ms=1_000 + slow_ms, silent_ms=5_000 + 3 * slow_ms)


def verdict(world: Simulation, log: list[bytes]) -> Report:
    """What the checker says of the two records."""
    rows = [JournalRow(*record) for record in world.platter.content.records]
    lines = [decode_line(line, number) for number, line in enumerate(log, start=1)]
    bounds = granted(world.scenario.climate)
    options = Options(
        complete=True,
        live=world.live_windows(),
        unreachable=tuple(
            Window(start_us=begin, end_us=end) for begin, end in [*world.weather.troubles, *unanswered(world.log)]
        ),
        deaf=tuple(Window(start_us=begin, end_us=end) for begin, end in world.weather.deaf),
        acknowledged=tuple(world.acknowledged),
        naked_ms=bounds.naked_ms,
        lag_ms=bounds.lag_ms,
        silent_ms=bounds.silent_ms,
    )
    return check(rows, lines, options)


def unanswered(log: Iterable[dict[str, Any]]) -> list[tuple[int, int]]:
    """From when until when a question hung at the venue: who asked learns of it when he gives up (RULES 15), or when
    the delayed answer comes."""
    return [
        (line["us"], line["us"] + min(PATIENCE_US, line.get("ms", PATIENCE_US) * 1_000))
        for line in log
        if line["k"] == "fault" and line["verb"] in HANGS and str(line.get("method", "")).startswith("GET ")
    ]


def replayed(world: Simulation) -> list[str]:
    """What differs when the journal is folded again and every verdict is judged again (I13, I18)."""
    try:
        checked = replay.check(world.platter.content.records)
    except JournalUnusable as error:
        return [f"I18: the journal cannot be folded: {error}"]
    found = [str(difference) for difference in checked.differences]
    if world.last_state_hash not in (None, checked.state_hash):
        found.append("I18: folding the journal yields another state than the living engine's")
    return found


def digest(world: Simulation, log: list[bytes]) -> str:
    """A hash of everything that happened at the venue, of the journal, and of what was answered."""
    total = hashlib.sha256()
    for line in log:
        total.update(line)
    total.update(world.platter.content.head.hash.encode())
    total.update("\n".join(world.acknowledged).encode())
    return total.hexdigest()[:DIGEST_CHARS]
