"""Kills and stalls of the engine under a stream of intents, and what the two records say afterwards.

    python -m tests.acceptance.kills --kills 60 --seed 1
    python -m tests.acceptance.kills --kills 20 --stalls 20 --seed 2 --folder records
    python -m tests.acceptance.kills --kills 16 --limits venue --seed 3
    python -m tests.acceptance.kills --kills 20 --stalls 8 --proxy --faults --seed 4

With `--limits venue` the exchange keeps production's rate limits and a life lasts 10 to 20 seconds, as under a service
manager that starts again what died; otherwise the limits are lifted and a life lasts up to 4 seconds.
With `--proxy` the engine reaches the exchange through a bad network: delays, cuts, resets after n bytes of a request or
an answer, answers that get lost, silence, connections that are refused. While the network is in trouble the engine is
not live, as it can neither hear nor act; everything else is judged as always.
A seed draws the moments, the intents and the venue facts of each life; the machine's own timing does the rest, so a
seed names a kind of run and not one run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from holdfast import verify
from tests.acceptance import audit, markets, weather
from tests.acceptance.audit import Window
from tests.acceptance.stand import Stand
from tests.acceptance.traffic import BRISK_GAP_S, IDLE_GAP_S, Source
from tests.waiting import eventually, time_passes, within

READY_S = 100.0
"""A start that finds the minute's weight used up is ready when the next minute has begun."""
QUIET_S = 120.0
SHORT_LIFE_S = (0.3, 4.0)
LONG_LIFE_S = (10.0, 20.0)
STALLS_S = ((0.5, 4.0), (0.5, 4.0), (4.0, 12.0))
"""The machine stands still for a moment, and now and then for longer than any request waits."""
NETWORK_GAP_S = 1.5
"""So long the network is well between two troubles, on average."""
LIMITS = ("weight_per_minute", "orders_per_minute", "orders_per_10_seconds")
YES = 'stop_without_position = "yes"'
FACTS = (
    (YES, {"stop_without_position": "accept"}),
    ("", {"stop_without_position": "accept"}),
    ("", {"stop_without_position": "-4509"}),
    ("", {"stop_without_position": "accept-then-REJECTED"}),
    (YES, {"stop_without_position": "-4509"}),
    (YES, {"stop_without_position": "accept-then-REJECTED"}),
    (YES, {"second_close_position": "accept"}),
    ("", {"second_close_position": "-4130", "stop_without_position": "accept"}),
)
"""What the engine believes of the venue, and how the venue then behaves: every promise holds under every pair."""


@dataclass(kw_only=True)
class Figures:
    """What a run came to."""

    seed: int
    kills: int = 0
    stalls: int = 0
    intents: int = 0
    accepted: int = 0
    redelivered: int = 0
    entries: int = 0
    fills: int = 0
    trades: int = 0
    naked_ms_p99: float = 0.0
    naked_ms_max: float = 0.0
    uncovered_ms_max: float = 0.0
    seconds: float = 0.0
    processes: int = 0
    live_seconds: float = 0.0
    """How long an engine was live and the network well: the time in which the bounds of RULES 15 hold."""
    network: dict[str, int] = field(default_factory=dict)
    """How often each kind of trouble was made in the network."""
    classes: dict[str, Any] = field(default_factory=dict)
    """Naked time by class (RULES 15)."""
    problems: list[str] = field(default_factory=list)
    violations: list[dict[str, Any]] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every promise was kept."""
        return not self.problems and not self.violations


class Trial:
    """One run: lives of an engine, each ended by a kill, and a last one that may wind down."""

    def __init__(self, stand: Stand, seed: int, *, faults: bool = False, limits: str = "lifted") -> None:
        """Nothing starts before `run`. With `faults` requests, answers and events go astray as well.

        `limits` is "lifted", for many short lives, or "venue", for longer ones under production's rate limits.
        """
        self.stand = stand
        self.random = random.Random(seed)
        self.source = Source(f"http://127.0.0.1:{stand.port}", seed)
        self.figures = Figures(seed=seed)
        self.faults = faults
        self.lifted = limits == "lifted"
        self.stalls_s = STALLS_S
        self.windows: list[Window] = []
        """When an engine ran."""
        self._since_us = 0

    async def run(self, kills: int, stalls: int) -> Figures:
        """Kill `kills` times, stall `stalls` times on the way, wind down, and judge."""
        began = time.monotonic()
        if self.lifted:
            # A life of three seconds makes twenty starts a minute, which no production limit foresees.
            self.stand.control(do="limits", set=dict.fromkeys(LIMITS))
        ends = self._shuffled(kills, stalls)
        sending = asyncio.create_task(self.source.run())
        stormy = [asyncio.create_task(weather.move_prices(self.stand, self.random))]
        if self.faults:
            stormy.append(asyncio.create_task(weather.lead_astray(self.stand, self.random)))
        proxy = self.stand.proxy
        if proxy is not None:
            proxy.begin_weather(random.Random(self.random.random()), NETWORK_GAP_S)
        for end in ends:
            await self._live_once(end)
            for task in (sending, *stormy):
                assert not task.done(), task.exception()
            if proxy is not None:
                proxy.raise_what_failed()
        self._start(FACTS[0])
        await self._until_ready()
        await time_passes(2.0)
        self.source.stop()
        await sending
        for task in stormy:
            task.cancel()
        weather.calm(self.stand)
        if proxy is not None:
            proxy.end_weather()
        await self._wind_down()
        self._note_end()
        self.stand.finish()
        self._judge()
        self.figures.seconds = round(time.monotonic() - began, 1)
        return self.figures

    def _shuffled(self, kills: int, stalls: int) -> list[str]:
        """How each life ends: while it starts, while it works, and just after it said yes to an intent."""
        ends = [("boot", "run", "hit", "run", "hit")[index % 5] for index in range(kills)]
        for index in self.random.sample(range(len(ends)), min(stalls, len(ends))):
            ends[index] = "stall"
        self.random.shuffle(ends)
        return ends

    def _start(self, facts: tuple[str, dict[str, str]]) -> None:
        believed, true = facts
        self.stand.configure(believed)
        self.stand.control(do="facts", set=true)
        self._since_us = _now_us()
        self.source.mean_gap_s = IDLE_GAP_S
        self.stand.start(ready=False)

    async def _live_once(self, end: str) -> None:
        """Start, let it work, and kill it."""
        self._start(self.random.choice(FACTS))
        assert self.stand.engine is not None
        if end == "boot":
            await time_passes(self.random.uniform(0.2, 1.5))
        else:
            await self._until_ready()
            await time_passes(self.random.uniform(*(SHORT_LIFE_S if self.lifted else LONG_LIFE_S)))
        if end == "hit" or (end == "stall" and self.random.random() < 0.5):
            await self._next_yes()
        if end == "stall":
            await self._stall()
        engine = self.stand.engine
        assert engine.alive, f"it ended by itself with {engine.exit_code}:\n{engine.said[-4000:]}"
        engine.kill()
        self.figures.kills += 1
        self._note_end()

    async def _next_yes(self) -> None:
        """Wait for the next acceptance and a few milliseconds: entry, stop and fills are on their way just then."""
        self.source.said_yes.clear()
        try:
            await asyncio.wait_for(self.source.said_yes.wait(), 5)
        except TimeoutError:
            return  # Nothing was accepted; the kill comes all the same.
        await time_passes(self.random.uniform(0.0, 0.012))

    async def _stall(self) -> None:
        """The machine stands still for a moment: time stamps grow old, nothing that opens may leave afterwards."""
        engine = self.stand.engine
        assert engine is not None
        engine.pause()
        self._note_end()
        await time_passes(self.random.uniform(*self.random.choice(self.stalls_s)))
        self._since_us = _now_us()
        engine.go_on()
        self.figures.stalls += 1
        await time_passes(self.random.uniform(0.5, 3.0))

    def _note_end(self) -> None:
        self.windows.append(Window(self._since_us, _now_us()))

    async def _until_ready(self) -> None:
        engine = self.stand.engine
        assert engine is not None

        async def ready() -> None:
            while (await asyncio.to_thread(self.stand.get, "/health/ready")).status != 200:
                assert engine.alive, f"it ended by itself with {engine.exit_code}:\n{engine.said[-4000:]}"
                await time_passes(0.02)

        async with within(READY_S, "the engine's readiness"):
            await ready()
        self.source.mean_gap_s = BRISK_GAP_S

    async def _wind_down(self) -> None:
        """Close everything and wait until every trade is closed and every accepted intent has its result."""
        await asyncio.to_thread(self.stand.post, "/v1/commands/flatten", {"all": True, "reason": "the run ends"})
        await eventually(lambda: not self.stand.live_trades(), within_s=QUIET_S, what="every trade closed")
        waiting = dict(self.source.accepted)

        def all_told() -> bool:
            for name in [name for name in waiting if self.stand.result(name)]:
                del waiting[name]
            return not waiting

        await eventually(all_told, within_s=QUIET_S, what=f"results of {sorted(waiting)[:5]}")

    def _judge(self) -> None:
        """By the exchange's log, by the journal, and by `holdfast verify`."""
        found, stand = self.figures, self.stand
        lines, events = audit.venue_lines(stand.venue_log), list(audit.journal_events(stand.journal))
        accepted = list(self.source.accepted)
        found.intents, found.accepted = len(self.source.sent), len(accepted)
        found.redelivered = sum(sent.deliveries - 1 for sent in self.source.sent.values())
        found.entries, found.fills = audit.entries_taken(lines), audit.fills_of_ours(lines)
        closed = audit.trades_closed(events)
        found.trades = len(closed)
        found.problems += [f"entered twice: {twice}" for twice in audit.entered_twice(lines)]
        found.problems += [f"executed late: {late}" for late in audit.late_entries(lines)]
        found.problems += audit.wrong_results(events, accepted)
        found.problems += [f"trade {name} closed {count} times" for name, count in closed.items() if count != 1]
        found.problems += [f"answered differently: {text}" for text in self.source.contradictions]
        report = self._verified(lines) if found.stalls or stand.proxy else stand.verify()
        found.violations = report["violations"]
        if "measures" in report:
            naked, uncovered = report["measures"]["naked_ms"], report["measures"]["uncovered_ms"]
            found.naked_ms_p99, found.naked_ms_max = float(naked["p99"]), float(naked["max"])
            found.uncovered_ms_max = float(uncovered["max"])
            found.processes = report["counts"]["processes"]
            found.classes = report["measures"]["classes"]
        if found.naked_ms_max > 1_000 and not (self.faults or stand.proxy):
            found.problems.append(f"naked for {found.naked_ms_max} ms while an engine was live")

    def _verified(self, lines: list[dict[str, Any]]) -> dict[str, Any]:
        """The checker, told when the engine was live: one that was stopped or cut off is not, and only we know."""
        live, troubles = audit.live_from(lines, self.windows), []
        if self.stand.proxy is not None:
            troubles = self.stand.proxy.troubles()
            self.figures.network = dict(sorted(self.stand.proxy.happened.items()))
        told = {"live": live, "unreachable": troubles}  # So that the records can be judged again.
        (self.stand.folder / "windows.json").write_text(json.dumps(told))
        self.figures.live_seconds = round(audit.seconds_of(audit.without(live, troubles)), 1)
        options = verify.Options(
            complete=True,
            live=tuple(verify.Window(start_us=w.start_us, end_us=w.end_us) for w in live),
            unreachable=tuple(verify.Window(start_us=w.start_us, end_us=w.end_us) for w in troubles),
            acknowledged=tuple(self.source.accepted),
        )
        report = verify.main_verify(self.stand.journal, self.stand.venue_log, options=options)
        decoded = msgspec.json.decode(verify.as_json(report))
        assert isinstance(decoded, dict)
        return decoded


def run(
    folder: Path,
    *,
    seed: int,
    kills: int,
    stalls: int = 0,
    faults: bool = False,
    limits: str = "lifted",
    proxied: bool = False,
    stalls_s: tuple[tuple[float, float], ...] = STALLS_S,
) -> Figures:
    """One trial in a folder, which keeps journal, venue log and what both processes said."""
    with Stand(folder, market=markets.moving_market(seed), proxied=proxied) as stand:
        trial = Trial(stand, seed, faults=faults, limits=limits)
        trial.stalls_s = stalls_s
        return asyncio.run(trial.run(kills, stalls))


def _now_us() -> int:
    return time.time_ns() // 1_000


def main(arguments: list[str]) -> int:
    """Run from the command line; prints the figures as JSON and answers 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.acceptance.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=60, help="how often the engine is killed")
    parser.add_argument("--stalls", type=int, default=0, help="how many of these kills follow a stall of 0.5 to 12 s")
    parser.add_argument("--faults", action="store_true", help="requests, answers and events go astray as well")
    parser.add_argument("--proxy", action="store_true", help="the network delays, cuts, resets, swallows and refuses")
    parser.add_argument(
        "--limits",
        choices=("lifted", "venue"),
        default="lifted",
        help="rate limits of the exchange: lifted, with lives of up to 4 s, or the venue's own (weight 2400 a minute, "
        "orders 1200 a minute and 300 in 10 s), with lives of 10 to 20 s (default: lifted)",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep the records here; without it they are thrown away")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="holdfast-kills-") as temporary:
        folder = chosen.folder if chosen.folder is not None else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        figures = run(
            folder,
            seed=chosen.seed,
            kills=chosen.kills,
            stalls=chosen.stalls,
            faults=chosen.faults,
            limits=chosen.limits,
            proxied=chosen.proxy,
        )
    sys.stdout.write(json.dumps(asdict(figures), indent=2) + "\n")
    return 0 if figures.clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
