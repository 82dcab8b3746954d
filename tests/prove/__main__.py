"""The long proof, and the page that tells of it.

    python -m tests.prove                                     everything, for about an hour on two cores
    python -m tests.prove --only farm --hours 200             a part of it
    python -m tests.prove --markdown docs/reference/proof.md  and write the page

Steps: `farm` lives through realistic hours; `digests` repeats seeds in fresh processes with other hash seeds, and alone
and after 99 others; `crashes` kills at every effect point of every scene, and `pairs` kills the recovery again; `bugs`
breaks the engine on purpose and must be told of every one. Exit code 1 when a step fails.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final

from holdfast.wiring.sim_farm import Harvest, Order, Totals, run
from tests.prove import page
from tests.prove.page import Step
from tests.seeds.digests import of_seed

ROOT: Final = Path(__file__).resolve().parents[2]
FIRST_SEED: Final = 1_000_000
"""Far from the seeds that tests use."""
DIGEST_SEEDS: Final = 100
DIGEST_HOURS: Final = Decimal("0.1")
NEEDED_FAULTS: Final = 100_000


def farm(asked: argparse.Namespace) -> Step:
    """Realistic hours, each from a seed of its own."""
    order = Order(
        profile="realistic", seeds=asked.hours, first_seed=asked.first_seed, hours=Decimal(1), jobs=asked.jobs
    )
    harvest, began = Harvest(order.profile, order.first_seed, order.hours), time.monotonic()
    for done, outcome in enumerate(run(order), start=1):
        harvest.add(outcome)
        if not outcome.clean:
            tell(f"seed {outcome.seed}: {outcome.violations[0]}")
        if not done % max(1, asked.hours // 20):
            tell(f"{done} of {asked.hours} hours, {len(harvest.totals.violations)} broken")
    totals = harvest.all()
    enough = totals.faults >= NEEDED_FAULTS * asked.hours // 2_000
    return Step(
        name="farm",
        ok=not totals.violations and enough,
        seconds=round(time.monotonic() - began),
        line=_farm_line(totals),
        totals=totals,
    )


def _farm_line(totals: Totals) -> str:
    last, counts = totals.first_seed + totals.seeds - 1, totals.counts
    return (
        f"{totals.simulated_hours:,} simulated hours (seeds {totals.first_seed} to {last}), {totals.faults:,} faults,"
        f" {counts.get('lives', 0):,} processes, {counts.get('fills', 0):,} fills,"
        f" {len(totals.violations)} runs with violations, digest {totals.digest}"
    )


def digests(asked: argparse.Namespace) -> Step:
    """The same runs three times: here one after the other, and in two processes with other hash seeds."""
    began = time.monotonic()
    seeds = range(asked.first_seed, asked.first_seed + DIGEST_SEEDS)
    others = [_in_process(seeds, hash_seed) for hash_seed in ("0", "1")]
    told = [dict(line.split() for line in process.communicate()[0].splitlines()) for process in others]
    here = {str(seed): of_seed(seed, DIGEST_HOURS) for seed in seeds}
    last = seeds[-1]
    alone = _in_process(range(last, last + 1), "2").communicate()[0].split()
    equal = sum(told[0].get(seed) == told[1].get(seed) == digest for seed, digest in here.items())
    ok = equal == DIGEST_SEEDS and alone == [str(last), here[str(last)]] and len(set(here.values())) == DIGEST_SEEDS
    line = f"{equal} of {DIGEST_SEEDS} digests equal under PYTHONHASHSEED 0, 1 and this one's; the last one alone, too"
    return Step(name="digests", ok=ok, seconds=round(time.monotonic() - began), line=line)


def _in_process(seeds: range, hash_seed: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.seeds.digests", str(seeds.start), str(len(seeds)), str(DIGEST_HOURS)]
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.Popen(words, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)


def crashes(asked: argparse.Namespace) -> Step:
    """A kill at every effect point of every scene, in three variants."""
    return _crashes("crashes", asked)


def pairs(asked: argparse.Namespace) -> Step:
    """In some scenes, the recovery from each kill is killed at each of its own points."""
    return _crashes("pairs", asked, "--pairs")


def _crashes(name: str, asked: argparse.Namespace, *more: str) -> Step:
    code, found, seconds = _run_json("tests.crashes", "--json", "--jobs", str(asked.jobs), *more)
    line = (
        f"{found.get('kills', 0):,} kills in {found.get('cases', 0):,} cases, {len(found.get('wrong', ()))} went wrong"
    )
    return Step(name=name, ok=code == 0, seconds=seconds, line=line)


def bugs(asked: argparse.Namespace) -> Step:
    """Engine bugs, sown on purpose; each must be caught within its number of seeds."""
    code, found, seconds = _run_json("tests.seeded_bugs", "--json", "--jobs", str(asked.jobs))
    line = f"{found.get('caught', 0)} of {found.get('bugs', 0)} sown bugs were caught"
    return Step(name="bugs", ok=code == 0, seconds=seconds, line=line)


def _run_json(module: str, *words: str) -> tuple[int, dict[str, object], int]:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", module, *words], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    lines = done.stdout.strip().splitlines()
    found = json.loads(lines[-1]) if lines else {}
    return done.returncode, found, round(time.monotonic() - began)


STEPS: Final[dict[str, Callable[[argparse.Namespace], Step]]] = {
    "farm": farm,
    "digests": digests,
    "crashes": crashes,
    "pairs": pairs,
    "bugs": bugs,
}


def main() -> int:
    """Every step that was asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(STEPS), action="append", help="this step; may be given several times")
    parser.add_argument("--hours", type=int, default=2_000, help="simulated hours of the farm, one per seed")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the page of the proof")
    asked = parser.parse_args()
    done: list[Step] = []
    for name in asked.only or STEPS:
        tell(f"{name}: {(STEPS[name].__doc__ or '').splitlines()[0]}")
        done.append(STEPS[name](asked))
        tell(f"{name}: {'ok' if done[-1].ok else 'FAILED'}, {done[-1].line} ({done[-1].seconds} s)")
    if asked.markdown is not None:
        asked.markdown.write_text(page.text(done, page.commit_of(ROOT)))
    return 0 if all(step.ok for step in done) else 1


def tell(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
