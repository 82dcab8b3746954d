"""The journal alone: how long a durable append takes with 1, 8 and 64 of them under way."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.results import Cell, Result
from benchmarks.settings import Settings
from benchmarks.stats import measured, percentile
from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.ports import JournalEntry

NAME = "journal"
TITLE = "Journal: durable append to SQLite (write-ahead log, full synchronisation, one writer thread)"
IN_FLIGHT = (1, 8, 64)
_RECORDS = {
    "intent_accepted": (1_050,),
    "order_planned": (484, 456, 462),
    "order_send_due": (122,),
    "phase_changed": (126,),
}
BATCH = tuple(JournalEntry(kind, bytes(size)) for kind, sizes in _RECORDS.items() for size in sizes)
"""A batch of the shape that an opening intent leaves: its plan, its entry, its stop, and a flatten in reserve."""


def run(settings: Settings) -> Result:
    """Append batches at three depths, each repetition on a fresh file in the system's folder for such files."""
    result = Result(name=NAME, title=TITLE)
    repetitions, appends = (2, 200) if settings.quick else (5, 2_000)
    taken: dict[int, list[dict[str, float]]] = {depth: [] for depth in IN_FLIGHT}
    for _ in range(repetitions):
        for depth in IN_FLIGHT:
            with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
                taken[depth].append(_once(Path(folder), depth, appends * (4 if depth > 1 else 1)))
    for depth, figures in taken.items():
        result.rows.append(_row(depth, figures))
    size = sum(len(entry.body) for entry in BATCH)
    result.notes.append(
        f"batches of {len(BATCH)} records, {size} bytes; back to back, which is when a disk is quickest: after some "
        "idle milliseconds a synchronisation costs about twice as much (intent_path measures that)"
    )
    return result


def _row(depth: int, figures: list[dict[str, float]]) -> dict[str, Cell]:
    return {
        "in flight": depth,
        "p50 µs": measured([figure["p50"] for figure in figures]),
        "p99 µs": measured([figure["p99"] for figure in figures]),
        "batches/s": measured([figure["rate"] for figure in figures]),
    }


def _once(folder: Path, depth: int, appends: int) -> dict[str, float]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(SqliteJournal(folder / "journal.sqlite"), depth, appends))


async def _measure(journal: SqliteJournal, depth: int, appends: int) -> dict[str, float]:
    for _ in range(50):
        await journal.append(BATCH, 1)
    gc.collect()
    took: list[int] = []

    async def one_after_the_other(count: int) -> None:
        for _ in range(count):
            started = time.perf_counter_ns()
            await journal.append(BATCH, time.time_ns() // 1_000)
            took.append(time.perf_counter_ns() - started)

    started = time.perf_counter_ns()
    await asyncio.gather(*(one_after_the_other(appends // depth) for _ in range(depth)))
    seconds = (time.perf_counter_ns() - started) / 1e9
    journal.close()
    return {"p50": percentile(took, 50) / 1_000, "p99": percentile(took, 99) / 1_000, "rate": len(took) / seconds}
