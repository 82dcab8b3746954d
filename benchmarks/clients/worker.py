"""A contestant as a process: connect, say so, then place so many orders one after the other for each line read.

Only the standard library is used here, because this file runs in the peers' environment too.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import importlib.util
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from benchmarks.stats import percentile

Place = Callable[[int], Awaitable[None]]
"""Places the n-th order and returns when its reply is parsed and checked."""


class Contestant(NamedTuple):
    """A connected client. `prepare` makes ready in memory what an order is made of, before the clock runs."""

    place: Place
    prepare: Callable[[int, int], None] | None = None


Connect = Callable[[str], Awaitable[Contestant]]
"""Opens the client against the stub's address."""


def main(connect: Connect) -> None:
    """Run one contestant until standard input ends. The address is the only argument."""
    factory: Any = None
    if importlib.util.find_spec("uvloop"):
        factory = importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_serve(connect, sys.argv[1]))


async def _serve(connect: Connect, url: str) -> None:
    contestant = await connect(url)
    _say({"ready": True})
    loop = asyncio.get_running_loop()
    placed = 0
    # In a thread, so that the loop goes on answering pings while the others have their turn.
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        warm_up, orders = int(request["warm_up"]), int(request["orders"])
        if contestant.prepare is not None:
            contestant.prepare(placed, warm_up + orders)
        _say(await _measure(contestant.place, placed, warm_up, orders))
        placed += warm_up + orders


async def _measure(place: Place, placed: int, warm_up: int, orders: int) -> dict[str, float]:
    for n in range(placed, placed + warm_up):
        await place(n)
    gc.collect()
    took: list[int] = []
    cpu = time.process_time_ns()
    for n in range(placed + warm_up, placed + warm_up + orders):
        started = time.perf_counter_ns()
        await place(n)
        took.append(time.perf_counter_ns() - started)
    cpu = time.process_time_ns() - cpu
    return {
        "p50": percentile(took, 50) / 1_000,
        "p95": percentile(took, 95) / 1_000,
        "p99": percentile(took, 99) / 1_000,
        "cpu": cpu / orders / 1_000,
    }


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()
