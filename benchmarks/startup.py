"""How long `holdfast run` takes from its start to the first signed read that the exchange receives (RULES 15)."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.children import Child, python
from benchmarks.cores import plan
from benchmarks.engine import READY_S, Engine, venue_lines
from benchmarks.results import CannotRun, Goal, Result
from benchmarks.settings import Settings
from benchmarks.stats import measured

NAME = "startup"
TITLE = "Start: `holdfast run` to its first signed read, and to ready"
SYMBOLS = 5


def run(settings: Settings) -> Result:
    """Start engines one after the other; the first finds no journal, the others find one."""
    result = Result(name=NAME, title=TITLE)
    cores = plan()
    starts = 3 if settings.quick else 8
    signed: list[float] = []
    ready: list[float] = []
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as name:
        folder = Path(name)
        log = folder / "venue.jsonl"
        command = python("benchmarks.exchange", "--symbols", str(SYMBOLS), "--venue-log", str(log))
        with Child(command, core=cores.client) as exchange:
            engine = Engine(folder, exchange.read(READY_S), SYMBOLS, core=cores.server)
            for _ in range(starts):
                with engine:
                    engine.wait_ready()
                    ready.append(time.time_ns() / 1e9 - engine.started_us / 1e6)
                signed.append((_first_signed_us(log, engine.started_us) - engine.started_us) / 1e6)
    result.rows = [
        {"what": "first signed read received by the exchange, s", "s": measured(signed)},
        {"what": "ready for opening intents, s", "s": measured(ready)},
    ]
    result.goals = [Goal(what="first signed read", reached=max(signed), unit="s (slowest)", at_most=2.0)]
    result.notes.append(f"{starts} starts, the first without a journal; median (range)")
    return result


def _first_signed_us(log: Path, after_us: int) -> int:
    for line in venue_lines(log):
        if line.k == "req" and line.us >= after_us and "timestamp" in line.params:
            return line.us
    raise CannotRun("the exchange received no signed read")
