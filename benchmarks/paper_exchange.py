"""The paper exchange: orders a second through both doors, recorded frames a second, cost by what rests, memory.

Server and client have a core each. Every order is a market order that fills: margin is checked, three events go to one
user stream, and the venue log is written.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import time
from itertools import islice
from pathlib import Path

from benchmarks.children import ROOT, Child, python
from benchmarks.cores import plan
from benchmarks.paper_orders import Desk
from benchmarks.results import CannotRun, Goal, Result
from benchmarks.settings import Settings
from benchmarks.stats import Measured, measured
from holdfast.paper.sources.feed import read_frames

NAME = "paper_exchange"
TITLE = "Paper exchange: orders and frames a second of one core, cost by what rests, memory"
RECORDING = ROOT.parent / "shared" / "data" / "ticks" / "hftbacktest" / "btcusdt_20240808.gz"
READY_S = 60.0
ROUND_S = 300.0
MEMORY_S = 1_800.0
DOORS = {"http": ("HTTP", 3_000), "ws_api": ("WS API", 5_000)}


def run(settings: Settings) -> Result:
    """All of it."""
    result = Result(name=NAME, title=TITLE)
    rounds, orders = (3, 3_000) if settings.quick else (7, 20_000)
    _orders_a_second(result, rounds, orders)
    _frames_a_second(result, 50_000 if settings.quick else 400_000)
    _cost_by_what_rests(result, 1_000 if settings.quick else 5_000)
    _memory(result, 50_000 if settings.quick else 1_000_000)
    result.notes.append(
        f"{rounds} rounds of {orders} market orders, each filled, with 3 events on one user stream and the log on; "
        "`of one core` is by the server's CPU time, the other figure by the clock"
    )
    return result


def _orders_a_second(result: Result, rounds: int, orders: int) -> None:
    cores = plan()
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-") as folder:
        command = python("benchmarks.paper_venue", "--venue-log", str(Path(folder) / "venue.jsonl"))
        with Child(command, core=cores.server) as venue:
            where = venue.read(READY_S)
            with Child(python("benchmarks.paper_client", json.dumps(where)), core=cores.client) as client:
                client.read(READY_S)
                for door, (title, goal) in DOORS.items():
                    client.ask({"door": door, "orders": orders // 5}, ROUND_S)
                    by_clock, by_cpu = _rounds(venue, client, door, rounds, orders)
                    result.rows.append({"what": f"orders/s over {title}, by the clock", "value": by_clock})
                    result.rows.append({"what": f"orders/s over {title}, of one core", "value": by_cpu})
                    result.goals.append(
                        Goal(what=f"orders over {title}", reached=by_cpu.mid, unit="1/s", at_least=goal)
                    )


def _rounds(venue: Child, client: Child, door: str, rounds: int, orders: int) -> tuple[Measured, Measured]:
    by_clock: list[float] = []
    by_cpu: list[float] = []
    for _ in range(rounds):
        cpu = _cpu_seconds(venue.process.pid)
        answer = client.ask({"door": door, "orders": orders}, ROUND_S)
        by_cpu.append(orders / max(_cpu_seconds(venue.process.pid) - cpu, 0.01))
        by_clock.append(orders / float(answer["seconds"]))
        if answer["refused"] or answer["events"] != 3 * orders:
            raise CannotRun(f"{answer['refused']} orders were refused, {answer['events']} events came")
    return measured(by_clock), measured(by_cpu)


def _cpu_seconds(pid: int) -> float:
    """What a process has used so far. Raises `CannotRun` where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError as error:
        raise CannotRun(f"the CPU time of the server cannot be read: {error.strerror}") from None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _frames_a_second(result: Result, frames: int) -> None:
    """From recorded lines to book, trades and marks, with conditional orders waiting."""
    if not RECORDING.is_file():
        result.notes.append("no recording at ../shared/data/ticks/hftbacktest/btcusdt_20240808.gz: no frames a second")
        return
    with gzip.open(RECORDING, "rb") as file:
        lines = [line.rstrip(b"\n") for line in islice(file, frames)]
    speeds: list[float] = []
    for _ in range(3):
        desk = Desk()
        desk.wait_for_triggers(10)
        began = time.process_time()
        for at_us, event in read_frames(lines):
            desk.venue.market(event, at_us)
        speeds.append(len(lines) / (time.process_time() - began))
        desk.venue.drain()
    speed = measured(speeds)
    result.rows.append({"what": "recorded frames/s into book and triggers", "value": speed})
    result.goals.append(Goal(what="recorded frames", reached=speed.mid, unit="1/s", at_least=40_000))


def _cost_by_what_rests(result: Result, orders: int) -> None:
    costs: dict[tuple[int, int], Measured] = {}
    for resting, accounts in ((1, 1), (10, 1), (100, 1), (1_000, 1), (1, 500)):
        desk = Desk(accounts)
        desk.rest(resting)
        desk.place(orders // 5, account=0)
        cost = measured([desk.place(orders, account=None if accounts > 1 else 0) for _ in range(3)])
        costs[resting, accounts] = cost
        what = f"CPU µs an order: {resting} resting a side, {accounts} account{'s' * (accounts > 1)}"
        result.rows.append({"what": what, "value": cost})
    floor = costs[1, 1].mid
    slowest = max(cost.mid for cost in costs.values())
    result.goals.append(Goal(what="cost, fullest ÷ emptiest", reached=slowest / floor, unit="×", at_most=1.5))


def _memory(result: Result, orders: int) -> None:
    with Child(python("benchmarks.paper_memory", str(orders))) as child:
        answer = child.read(MEMORY_S)
    result.rows.append({"what": f"MB after {orders} orders", "value": float(answer["after_mb"])})
    result.rows.append({"what": "CPU µs an order, the last 10 000 of them", "value": float(answer["last_us"])})
    result.goals.append(Goal(what="memory", reached=float(answer["after_mb"]), unit="MB", at_most=1_000))
