"""Digests of simulated runs, a line per seed: `python -m tests.seeds.digests FIRST COUNT [HOURS [PROFILE]]`."""

from __future__ import annotations

import sys
from decimal import Decimal

from holdfast.sim.profiles import draw
from holdfast.wiring.simulation import digest, played, written


def of_seed(seed: int, hours: Decimal = Decimal("0.1"), profile: str = "hell") -> str:
    """One run's digest. The judgement is left out: it comes after the run, and changes nothing in it."""
    world = played(draw(seed, profile, hours)).world
    return digest(world, written(world))


def main(words: list[str]) -> None:
    """Print `seed digest` for each."""
    first, count = int(words[0]), int(words[1])
    hours = Decimal(words[2]) if len(words) > 2 else Decimal("0.1")
    profile = words[3] if len(words) > 3 else "hell"
    for seed in range(first, first + count):
        sys.stdout.write(f"{seed} {of_seed(seed, hours, profile)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
