"""What the command line chose, for all benchmarks."""

from __future__ import annotations

from typing import NamedTuple


class Settings(NamedTuple):
    """`quick` takes fewer and shorter repetitions: to see that everything runs, not to publish."""

    quick: bool = False
