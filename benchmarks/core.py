"""The deciding core alone: inputs a second on one core, and the price of the risk gate."""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from decimal import Decimal

from benchmarks.results import CannotRun, Cell, Goal, Result
from benchmarks.script import Script
from benchmarks.settings import Settings
from benchmarks.stats import Measured, measured, percentile
from holdfast.core.risk import Accepted, judge
from holdfast.model.inputs import AnyInput, MarketSeen
from tests.core import gate_samples

NAME = "core"
TITLE = "Core: decide and evolve on one core, without journal and without network"
EXPOSURES = 20
"""Other positions that the gate adds up."""


def run(settings: Settings) -> Result:
    """Replay the scripted day on fresh engines, and judge one intent many times."""
    result = Result(name=NAME, title=TITLE)
    rounds, repetitions, judged = (10, 3, 500) if settings.quick else (40, 7, 5_000)
    script = Script(rounds)
    market = [isinstance(message, MarketSeen) for message in script.inputs]
    runs = [_replay(script) for _ in range(repetitions)]
    everything = measured([len(took) / sum(took) * 1e9 for took in runs])
    trading = measured([_rate(took, market, keep=False) for took in runs])
    result.rows = [
        _row("inputs/s, trading only (no market data)", "1/s", trading),
        _row("inputs/s, market data only", "1/s", measured([_rate(took, market, keep=True) for took in runs])),
        _row("inputs/s, the day as it came", "1/s", everything),
        *_by_kind(script.inputs, runs),
    ]
    gate = measured([_judge(judged) for _ in range(repetitions)])
    result.rows.append(_row(f"risk gate, one verdict with {EXPOSURES} other positions", "µs", gate))
    result.goals = [
        Goal(what="inputs decided and evolved, trading only", reached=trading.mid, unit="1/s", at_least=20_000),
        Goal(what="risk gate, p50", reached=gate.mid, unit="µs", at_most=20),
    ]
    result.notes.append(
        f"{len(script.inputs)} inputs on 10 symbols, {script.trades} trades from intent to close; "
        f"{sum(market)} of the inputs are prices; {repetitions} repetitions, median (range)"
    )
    return result


def _row(what: str, unit: str, value: Measured) -> dict[str, Cell]:
    return {"what": what, "unit": unit, "value": value}


def _replay(script: Script) -> list[int]:
    """Nanoseconds of each step. Raises `CannotRun` if the day did not come out as it did before."""
    engine = script.engine()
    clock = time.perf_counter_ns
    gc.collect()
    took: list[int] = []
    for message in script.inputs:
        started = clock()
        engine.step(message)
        took.append(clock() - started)
    if engine.state_hash() != script.state_hash:
        raise CannotRun("the same inputs led to another state: nothing measured here is worth anything")
    return took


def _rate(took: list[int], market: list[bool], *, keep: bool) -> float:
    kept = [each for each, is_market in zip(took, market, strict=True) if is_market is keep]
    return len(kept) / sum(kept) * 1e9


def _by_kind(inputs: list[AnyInput], runs: list[list[int]]) -> list[dict[str, Cell]]:
    kinds: dict[str, list[float]] = defaultdict(list)
    for took in runs:
        for message, each in zip(inputs, took, strict=True):
            kinds[type(message).__name__].append(each / 1_000)
    often = [name for name, values in kinds.items() if len(values) > len(runs) * 10]
    rows = []
    for name in sorted(often, key=lambda each: -percentile(kinds[each], 50)):
        values = kinds[name]
        spread = Measured(percentile(values, 50), percentile(values, 5), percentile(values, 95))
        rows.append(_row(f"one {name}, median (5 % to 95 %)", "µs", spread))
    return rows


def _judge(times: int) -> float:
    """Median microseconds of one verdict on a percent-risk intent with targets."""
    others = tuple(
        gate_samples.exposure(symbol=f"COIN{n}USDT", notional=Decimal(1_000), initial_margin=Decimal(50))
        for n in range(EXPOSURES)
    )
    limits = {"max_trades": 100, "max_account_leverage": Decimal(50)}
    view = gate_samples.view(exposures=others, live_trades=EXPOSURES, settings=gate_samples.settings(**limits))
    intent = gate_samples.intent()
    if not isinstance(verdict := judge(intent, view), Accepted):
        raise CannotRun(f"the gate denies what is to be measured: {verdict}")
    took: list[int] = []
    for _ in range(times):
        started = time.perf_counter_ns()
        judge(intent, view)
        took.append(time.perf_counter_ns() - started)
    return percentile(took, 50) / 1_000
