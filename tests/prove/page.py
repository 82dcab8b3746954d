"""The page that tells of a proof: what was done to the engine, how often, and what it broke."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from holdfast.wiring.sim_farm import Totals

HEAD: Final = """\
# The proof of this version

Written by `make prove`; not edited by hand. Every run is one seed, bit for bit: `holdfast sim --profile realistic
--first-seed SEED --seeds 1` lives through it again and prints its digest. What a realistic hour holds stands in
`src/holdfast/sim/profiles.py`; what the judge looks at, in [the invariants](invariants.md).

"""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One part of the proof."""

    name: str
    ok: bool
    seconds: int
    line: str
    totals: Totals | None = None


def text(steps: list[Step], commit: str) -> str:
    """The whole page."""
    parts = [HEAD, f"Commit {commit}.\n\n", "| step | result | seconds | |\n| --- | --- | ---: | --- |\n"]
    for step in steps:
        parts.append(f"| {step.line} | {'ok' if step.ok else '**failed**'} | {step.seconds:,} | `{step.name}` |\n")
    for step in steps:
        if step.totals is not None:
            parts += [_broken(step.totals), _faults(step.totals)]
    return "".join(parts)


def _broken(totals: Totals) -> str:
    """Each run that broke something, with its first sentence and the line that repeats it; "" when none did."""
    rows = [f"- `{failed.repeat}`: {failed.violations[0]}\n" for failed in totals.violations]
    return f"\n## What broke, and is to be mended\n\n{''.join(rows)}" if rows else ""


def _faults(totals: Totals) -> str:
    """Verb → times injected → violations of the runs in which it was."""
    broken = len(totals.violations)
    rows = [f"| {verb.replace('.', ': ')} | {count:,} | {broken} |\n" for verb, count in totals.by_verb.items()]
    return (
        "\n## What was done to the engine\n\n"
        "Acts by the names they have in a scenario file; `net …` is what became of a message on the network.\n\n"
        "| fault | times | violations |\n| --- | ---: | ---: |\n" + "".join(rows)
    )


def commit_of(root: Path) -> str:
    """The commit that was proved, with a mark when the tree differs from it."""
    name = _git(root, "rev-parse", "--short", "HEAD")
    return f"{name} with changes" if _git(root, "status", "--porcelain") else name


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout.strip()
