"""Kill the simulated engine at every effect point of short scenes, and judge what the records say.

python -m tests.crashes --jobs 2                             every point of every scene, in three variants
python -m tests.crashes --pairs --jobs 2                     and in some scenes every pair of points
python -m tests.crashes --scenario close --kills 41:after,52:lost    one case again
python -m tests.crashes --scenario close --points            what can be struck there
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tests.crashes import runner
from tests.crashes.runner import Case
from tests.crashes.scenes import BY_NAME, SCENES, Scene

HANGS_S = 60
"""A run takes a tenth of a second; one that takes so long will not end."""


def main() -> int:
    """Exit code 1 when any case went wrong."""
    asked = arguments()
    scenes = [BY_NAME[asked.scenario]] if asked.scenario else list(SCENES)
    if asked.points or asked.kills:
        return show(scenes, asked.points, asked.kills)
    began, totals, wrong = time.monotonic(), Counter[str](), list[dict[str, Any]]()
    cases = runner.pairs if asked.pairs else runner.singles
    for scene in [scene for scene in scenes if scene.pairs or asked.scenario or not asked.pairs]:
        since, before = time.monotonic(), totals["cases"]
        for case, violations, struck in played(cases(scene, asked.every, asked.rest_ms), asked.jobs):
            totals.update(cases=1, kills=len(case.kills), missed=not struck)
            if violations:
                wrong.append({"again": command(case), "violations": violations})
                tell(f"{command(case)}\n" + "".join(f"    {line}\n" for line in violations[:4]), asked.json)
        count = totals["cases"] - before
        tell(f"{scene.name:18} {count:>6} cases {time.monotonic() - since:>7.1f} s", asked.json)
    seconds = round(time.monotonic() - began, 1)
    if asked.json:
        sys.stdout.write(json.dumps({**totals, "seconds": seconds, "wrong": wrong}) + "\n")
    tell(f"{totals['kills']} kills in {totals['cases']} cases, {len(wrong)} went wrong, {seconds} s", asked.json)
    return 1 if wrong else 0


def arguments() -> argparse.Namespace:
    """What was asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", choices=list(BY_NAME), help="this scene only")
    parser.add_argument("--pairs", action="store_true", help="kill the recovery from each kill again")
    parser.add_argument("--every", type=int, default=1, metavar="K", help="only each K-th case")
    parser.add_argument("--rest-ms", type=int, default=runner.REST_MS, help="how long nobody runs after a kill")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    parser.add_argument("--kills", metavar="POINT:VARIANT[:REST_MS],…", help="one case of a scenario")
    parser.add_argument("--points", action="store_true", help="list the effect points of a scenario")
    parser.add_argument("--json", action="store_true", help="one object at the end, and nothing else")
    return parser.parse_args()


def played(cases: Iterable[Case], jobs: int) -> Iterator[tuple[Case, list[str], bool]]:
    """The outcomes of cases, in their order."""
    if jobs <= 1:
        yield from map(guarded, cases)
        return
    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap(guarded, cases, chunksize=8)


def guarded(case: Case) -> tuple[Case, list[str], bool]:
    """One case; what never ends, or ends in an error, has gone wrong."""
    signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(HANGS_S)
    try:
        return runner.play(case)
    except Exception as error:  # noqa: BLE001 - an error of the run is its result, and the other cases go on
        return case, [f"error: {error!r}"], True
    finally:
        signal.alarm(0)


def _hangs(_signal: int, _frame: object) -> None:
    raise TimeoutError(f"the run did not end within {HANGS_S} s")


def command(case: Case) -> str:
    """The line that plays a case again."""
    return f"python -m tests.crashes --scenario {case.scene} --kills {case}"


def show(scenes: list[Scene], points: bool, kills: str | None) -> int:
    """One case, or what can be struck in it; with `points` each effect point of the run."""
    wrong = 0
    for scene in scenes:
        ran = runner.run(scene, runner.kills_of(kills or ""))
        tell(f"{scene.name}: {scene.says}", False)
        for point in ran.points if points else ():
            tell(f"{point.number:>6} {point.at_ms:>8} ms  life {point.life}  {point.what}", False)
        for line in ran.violations:
            tell(f"    {line}", False)
        tell(f"    {ran.struck} kills struck, digest {ran.digest}", False)
        wrong += len(ran.violations)
    return 1 if wrong else 0


def tell(line: str, quiet: bool) -> None:
    """One line to whoever asked, at once."""
    if not quiet:
        sys.stdout.write(line.rstrip("\n") + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
