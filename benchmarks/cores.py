"""Client and server on separate cores, where the system lets a process choose (Linux)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
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


@contextlib.contextmanager
def keep_to(core: int | None) -> Iterator[None]:
    """Keep this process on one core for a while."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
