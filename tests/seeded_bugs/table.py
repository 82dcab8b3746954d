"""How hunts are shown: a line each, and the page of the documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from tests.seeded_bugs.hunt import Hunt

UNSEEN: Final = """## What no invariant sees

- The gateway drops an entry whose record is older than half of its window. Without that check the venue refuses it a
  moment later by the window itself, and the two records look alike.
- Single safeguards that stand beside others: a stop in flight at a restart is also found by the questions of the start,
  a fill that surfaces late also by the watch, a rejected trigger that is read as done also by what stays open.
  Taken away alone, each only costs time within its bound.
- The kill latch and the files of the journal lie outside of both runs; they have tests of their own.

Left out of the table, because no seed of a hundred showed them, or not every time: a throttled stop that waits for its
window, a trade that is closed while one of its orders lives, cover that is held back on a broken disk, a stop that is
rejected at its trigger and taken for done, an answer given before the disk, a fill that surfaces in the winding up.
"""

VEHICLES: Final = {
    "day": "a random day of the core and the paper exchange",
    "hour": "a simulated part of an hour of the whole engine",
}
"""Where a bug is looked for, as the page names it."""

HEAD: Final = """# Seeded bugs

What the checker is worth is shown with bugs that are put into the engine on purpose, one at a time. Each is a small
change of the engine's source, made for the length of one run (`tests/seeded_bugs/`). It counts as caught when a seed
within its budget yields a finding that the same seed does not yield without the bug.

This page is written by `python -m tests.seeded_bugs --markdown`. *I* and a number is an invariant of the checker,
*RULES* and a number a section of the [trading rules](rules.md). `rest` and `again` are what is looked at beside the two
records when a run is over: nothing is left open, and the engine can trade once more. `assertion` means that an
invariant of the engine's own code stopped it, `stopped` any other error.
"""


def row(one: Hunt) -> str:
    """One hunt as a line of a terminal."""
    caught = "ESCAPED" if one.seed is None else f"seed {one.seed}"
    return f"{one.bug.name:42} {one.bug.vehicle:8} {caught:>9} of {one.bug.seeds:<4} {', '.join(one.by)}"


def markdown(hunts: Sequence[Hunt]) -> str:
    """The page of the documentation."""
    lines = [
        HEAD,
        summary(hunts),
        "",
        "| bug | what it does | breaks | run | caught at | by |",
        "|---|---|---|---|---|---|",
    ]
    for one in hunts:
        bug = one.bug
        caught = "escaped" if one.seed is None else f"seed {one.seed} of {bug.seeds}"
        lines.append(f"| {bug.name} | {bug.breaks} | {bug.rule} | {bug.vehicle} | {caught} | {', '.join(one.by)} |")
    lines += [
        "",
        "Runs: " + "; ".join(f"*{name}* is {what}" for name, what in VEHICLES.items()) + ".",
        "",
        UNSEEN.rstrip(),
    ]
    return "\n".join(lines)


def summary(hunts: Sequence[Hunt]) -> str:
    """How many were caught, and by what first."""
    caught = [one for one in hunts if one.seed is not None]
    first = Counter(one.by[0] for one in caught)
    told = ", ".join(f"{name} {count}" for name, count in sorted(first.items(), key=lambda item: (-item[1], item[0])))
    return f"{len(caught)} of {len(hunts)} are caught. First to see it: {told}."
