"""A process that appends to a journal of its own at the pace of the intents: what the disk alone takes at that pace."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import msgspec
import uvloop

from benchmarks.journal import BATCH
from holdfast.adapters.store_sqlite import SqliteJournal


def main() -> None:
    """Answer each line {"appends": n, "pause_ms": m} with the microseconds of each append."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        journal = SqliteJournal(Path(sys.argv[1]))
        runner.run(_append(journal, 50, 0))
        _say({"ready": True})
        for line in sys.stdin:
            request = msgspec.json.decode(line)
            _say({"us": runner.run(_append(journal, request["appends"], request["pause_ms"]))})
        journal.close()


async def _append(journal: SqliteJournal, appends: int, pause_ms: int) -> list[float]:
    took: list[float] = []
    for _ in range(appends):
        await asyncio.sleep(pause_ms / 1_000)
        started = time.perf_counter_ns()
        await journal.append(BATCH, time.time_ns() // 1_000)
        took.append((time.perf_counter_ns() - started) / 1_000)
    return took


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
