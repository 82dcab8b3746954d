"""The order path: one signed order from memory to its parsed reply, Holdfast's gateway beside a bare client and peers.

All contestants face the same stub, which answers at once, on another core. They take turns, so that whatever else the
machine does hits all of them; what counts is the ratio of one round, and the median of the rounds.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import NamedTuple

from benchmarks.children import Child, python
from benchmarks.cores import plan
from benchmarks.results import CannotRun, Cell, Goal, Result
from benchmarks.settings import Settings
from benchmarks.stats import Measured, measured

NAME = "order_path"
TITLE = "Order path: a signed order from memory to its parsed reply (WebSocket API)"
PEERS_VARIABLE = "HOLDFAST_PEERS_PYTHON"
READY_S = 60.0
ROUND_S = 120.0


class Contestant(NamedTuple):
    """A client: what it is called, the module that runs it, and whether it lives in the peers' environment."""

    title: str
    module: str
    peer: bool = True


FLOOR = Contestant("bare picows client (the floor)", "floor", peer=False)
OURS = Contestant("Holdfast gateway", "holdfast_gateway", peer=False)
CONTESTANTS = (
    FLOOR,
    OURS,
    Contestant("NautilusTrader 1.221.0, raw WebSocket client", "nautilus"),
    Contestant("python-binance 1.0.37", "python_binance"),
    Contestant("Binance SDK 18.0.1", "official_sdk"),
    Contestant("ccxt pro 4.5.90", "ccxt_pro"),
)

Rounds = dict[Contestant, list[dict[str, float]]]


def run(settings: Settings) -> Result:
    """Let all contestants take turns and compare them."""
    result = Result(name=NAME, title=TITLE)
    rounds, orders, warm_up = (5, 200, 50) if settings.quick else (25, 500, 100)
    figures = _take_turns(result, rounds, {"orders": orders, "warm_up": warm_up})
    if not figures.get(FLOOR) or not figures.get(OURS):
        return result
    for contestant, taken in figures.items():
        if taken:
            result.rows.append(_row(contestant, taken, figures))
    result.goals = _goals(figures)
    result.notes.append(f"{rounds} rounds of {orders} orders each, one order in flight; median of the rounds (range)")
    return result


def _take_turns(result: Result, rounds: int, request: dict[str, int]) -> Rounds:
    cores = plan()
    figures: Rounds = {}
    with contextlib.ExitStack() as stack:
        stub = stack.enter_context(Child(python("benchmarks.stub"), core=cores.server))
        url = str(stub.read(READY_S)["url"])
        running: dict[Contestant, Child] = {}
        for contestant in CONTESTANTS:
            try:
                child = Child(_command(contestant, url), core=cores.client)
                running[contestant] = stack.enter_context(child)
                child.read(READY_S)
                figures[contestant] = []
            except CannotRun as error:
                running.pop(contestant, None)
                result.problems.append(f"{contestant.title}: {error}")
        for _ in range(rounds):
            for contestant, child in list(running.items()):
                try:
                    figures[contestant].append(child.ask(request, ROUND_S))
                except CannotRun as error:
                    del running[contestant], figures[contestant]
                    result.problems.append(f"{contestant.title}: {error}")
    return figures


def _command(contestant: Contestant, url: str) -> list[str]:
    interpreter = sys.executable
    if contestant.peer:
        interpreter = os.environ.get(PEERS_VARIABLE, "")
        if not interpreter:
            raise CannotRun(f"{PEERS_VARIABLE} names no interpreter; `make bench` sets it")
    return python(f"benchmarks.clients.{contestant.module}", url, interpreter=interpreter)


def _ratios(contestant: Contestant, other: Contestant, figures: Rounds) -> Measured:
    """The ratio of the medians, round by round."""
    pairs = zip(figures[contestant], figures[other], strict=False)
    return measured([mine["p50"] / theirs["p50"] for mine, theirs in pairs])


def _row(contestant: Contestant, taken: list[dict[str, float]], figures: Rounds) -> dict[str, Cell]:
    return {
        "client": contestant.title,
        "p50 µs": measured([figure["p50"] for figure in taken]),
        "p95 µs": measured([figure["p95"] for figure in taken]),
        "p99 µs": measured([figure["p99"] for figure in taken]),
        "CPU µs/order": measured([figure["cpu"] for figure in taken]),
        "× floor": _ratios(contestant, FLOOR, figures),
        "× Holdfast": _ratios(contestant, OURS, figures),
    }


def _goals(figures: Rounds) -> list[Goal]:
    goals = [Goal(what="gateway ÷ floor, p50", reached=_ratios(OURS, FLOOR, figures).mid, unit="×", at_most=1.25)]
    for contestant, taken in figures.items():
        if contestant.peer and taken:
            ratio = _ratios(OURS, contestant, figures).mid
            goals.append(Goal(what=f"gateway ÷ {contestant.title}, p50", reached=ratio, unit="×", at_most=1.0))
    return goals
