"""Simulated hours until somebody stops it: `python -m tests.prove.soak`; what it came to is added to a kept table.

Seeds go on where the table's last row of the profile ended, so every row is new ground. Ctrl-C (or SIGTERM) ends it
after the hours that are under way; a run that broke something is printed at once, with the line that repeats it.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from holdfast.wiring.sim_farm import Harvest, Order, Totals, run
from tests.prove.page import commit_of

ROOT: Final = Path(__file__).resolve().parents[2]
TABLE: Final = ROOT / "docs" / "reference" / "soak.md"
FIRST_SEED: Final = 10_000_000
BATCH: Final = 20
HEAD: Final = """\
# Simulated hours so far

Each row is one `make soak`, added when it was stopped. A run that broke something is listed with its seed, and mended
in a later commit.

| day | commit | profile | first seed | hours | faults | broken | digest |
| --- | --- | --- | ---: | ---: | ---: | --- | --- |
"""


class Stop:
    """Set by a signal; looked at between batches."""

    asked = False


def main() -> int:
    """Exit code 1 when a run broke something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="realistic", choices=["calm", "realistic", "hell"])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, help="stop by itself after so many minutes")
    parser.add_argument("--table", type=Path, default=TABLE)
    asked = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: setattr(Stop, "asked", True))
    first = next_seed(asked.table, asked.profile)
    totals = soak(asked.profile, first, asked.jobs, None if asked.minutes is None else asked.minutes * 60)
    add_row(asked.table, totals, commit_of(ROOT), datetime.now(UTC).date().isoformat())
    return 1 if totals.violations else 0


def soak(profile: str, first_seed: int, jobs: int, seconds: float | None) -> Totals:
    """Batch after batch until it is stopped."""
    harvest, began = Harvest(profile, first_seed, Decimal(1)), time.monotonic()
    while not Stop.asked and (seconds is None or time.monotonic() - began < seconds):
        seed = first_seed + harvest.totals.seeds
        for outcome in run(Order(profile=profile, seeds=BATCH, first_seed=seed, hours=Decimal(1), jobs=jobs)):
            harvest.add(outcome)
            if not outcome.clean:
                failed = harvest.totals.violations[-1]
                tell(f"\nseed {outcome.seed}: {outcome.violations[0]}\n    again: {failed.repeat}\n")
        totals = harvest.totals
        spent = time.monotonic() - began
        tell(
            f"\r{totals.simulated_hours:,} h · {totals.faults:,} faults · {len(totals.violations)} broken ·"
            f" {float(totals.simulated_hours) * 3_600 / spent:,.0f} simulated hours an hour "
        )
    tell("\n")
    return harvest.all()


def next_seed(table: Path, profile: str) -> int:
    """Where the last row of the profile ended."""
    seed = FIRST_SEED
    for line in table.read_text().splitlines() if table.exists() else ():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 4 and cells[2] == profile:
            seed = max(seed, int(cells[3]) + int(cells[4].replace(",", "")))
    return seed


def add_row(table: Path, totals: Totals, commit: str, day: str) -> None:
    """One more row."""
    broken = ", ".join(str(failed.seed) for failed in totals.violations) or "none"
    row = (
        f"| {day} | {commit} | {totals.profile} | {totals.first_seed} | {int(totals.simulated_hours):,} |"
        f" {totals.faults:,} | {broken} | {totals.digest} |\n"
    )
    text = table.read_text() if table.exists() else HEAD
    table.write_text(text + row)


def tell(text: str) -> None:
    """Progress, at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
