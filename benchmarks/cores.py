"""Client and server on separate cores, where the system lets a process choose (Linux)."""

from __future__ import annotations

import os
from typing import NamedTuple


class Cores(NamedTuple):
    """Which core the served side and which the asking side keeps to; None where it cannot be chosen."""

    server: int | None
    client: int | None


def plan() -> Cores:
    """The first two cores this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        return Cores(None, None)
    return Cores(allowed[0], allowed[1])


def pin(core: int | None) -> None:
    """Keep this process and its threads on one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})
