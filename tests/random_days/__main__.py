"""`python -m tests.random_days --seeds 1000 --first 0`: live random days and say which went wrong."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.random_days.day import Day
from tests.random_days.venue import FACTS, USUAL, switches
from tests.random_days.world import START_US


def main() -> int:
    """Exit code 1 when any day went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    known = f"a name ({'; '.join(FACTS)}) or switches, as in 'gte_gtc=-1115, event_before_ack=True'"
    parser.add_argument("--facts", help=f"one variant of the venue, {known}; else each day draws its own")
    parser.add_argument("--show", type=int, metavar="SEED", help="tell one day: journal and venue log by time")
    asked = parser.parse_args()
    try:
        switches(asked.facts or "default")
    except ValueError as error:
        parser.error(str(error))
    if asked.show is not None:
        return show(Day(asked.show, asked.facts))
    began, totals, bad = time.monotonic(), Counter[str](), 0
    for seed in range(asked.first, asked.first + asked.seeds):
        day = Day(seed, asked.facts)
        found = day.live()
        totals.update(faults=day.world.faults, kills=day.world.kills, intents=len(day.sent))
        totals.update(f"{name}={value}" for name, value in switches(day.facts).items() if value != USUAL[name])
        if found:
            bad += 1
            tell(f"seed {seed} ({day.facts}; {', '.join(day.trouble)})")
            for line in found[:6]:
                tell(f"    {line}")
    counts = ", ".join(f"{name} {count}" for name, count in sorted(totals.items()))
    tell(f"{asked.seeds} days in {time.monotonic() - began:.0f} s, {bad} went wrong; {counts}")
    return 1 if bad else 0


def show(day: Day) -> int:
    """Both records of one day, merged by time, then what is wrong."""
    found = day.live()
    rows = [(event.at_ms - START_US // 1_000, "J", seq, repr(event)) for seq, event in enumerate(day.world.journal, 1)]
    for line in day.world.desk.log:
        told = {key: value for key, value in line.items() if key not in ("n", "us", "account", "position_side")}
        rows.append(((line["us"] - START_US) // 1_000, "V", line["n"], repr(told)))
    for at_ms, whose, number, text in sorted(rows):
        tell(f"{at_ms:>9} {whose}{number:<5} {text}")
    tell(f"{day.facts}; {day.trouble}; humans {day.humans}; commands {day.commands}; kills {day.world.kills}")
    for text in found:
        tell(text)
    return 1 if found else 0


def tell(text: str) -> None:
    """One line to whoever asked."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
