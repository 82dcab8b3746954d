"""`holdfast demo` over a recorded day, as fast as it goes: wall-clock seconds and memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from benchmarks.children import ROOT, environment
from benchmarks.results import CannotRun, Goal, Result, Skipped
from benchmarks.settings import Settings
from benchmarks.stats import measured

NAME = "demo"
TITLE = "Demo: a recorded day of BTCUSDT as fast as it goes"
RECORDING = ROOT.parent / "shared" / "data" / "ticks" / "hftbacktest" / "btcusdt_20230405.dat.gz"
LONGEST_S = 300.0


def run(settings: Settings) -> Result:
    """Run the demo as a user does. Raises `Skipped` without the recording, which is too large to be committed."""
    if not RECORDING.is_file():
        raise Skipped("there is no recording at ../shared/data/ticks/hftbacktest/btcusdt_20230405.dat.gz")
    result = Result(name=NAME, title=TITLE)
    reports = [_once() for _ in range(1 if settings.quick else 3)]
    seconds = measured([float(report["wall_seconds"]) for report in reports])
    memory = measured([float(report["rss_mb"]) for report in reports])
    last = reports[-1]
    result.rows = [
        {"what": "wall-clock seconds, start of the process to its end", "value": seconds},
        {"what": "largest resident memory, MB", "value": memory},
        {"what": "frames", "value": int(last["frames"])},
        {"what": "intents", "value": int(last["intents"])},
        {"what": "trades", "value": int(last["trades"])},
        {"what": "violations found by the checker", "value": int(last["violations"])},
    ]
    result.goals = [
        Goal(what="demo --speed max", reached=seconds.mid, unit="s", at_most=20),
        Goal(what="largest resident memory", reached=memory.high, unit="MB", at_most=250),
    ]
    return result


def _once() -> dict[str, Any]:
    command = [sys.executable, "-m", "holdfast", "demo", "--market", str(RECORDING), "--speed", "max", "--json"]
    started = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, check=False, timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        raise CannotRun(f"the demo did not end within {LONGEST_S:g} s") from None
    seconds = time.monotonic() - started
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CannotRun(
            f"the demo ended with {done.returncode}: {said[-1][:300] if said else 'nothing said'}"
        ) from None
    return {**report, "wall_seconds": seconds}
