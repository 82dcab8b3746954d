"""`holdfast sim`: the engine through simulated hours full of faults, from seeds."""

from __future__ import annotations

import os
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from holdfast.cli.shell import OK, REFUSED, UNREACHABLE, USAGE, Failure, Json, print_json, whole, wrong

if TYPE_CHECKING:
    from rich.console import Console

    from holdfast.sim.scenario import Scenario
    from holdfast.wiring.sim_farm import Failed, Order, Totals
    from holdfast.wiring.simulation import Outcome

MOST_HOURS: Final = 240
MOST_SEEDS: Final = 10_000_000
SHOWN: Final = 6
"""Violations of one run that are printed."""


def sim(
    *,
    profile: Annotated[str, Parameter(help="calm, realistic or hell: how much goes wrong.")] = "realistic",
    seeds: Annotated[int, Parameter(converter=whole, help="How many runs, each from a seed of its own.")] = 10,
    first_seed: Annotated[int, Parameter(converter=whole, help="The first seed; the others follow.")] = 1,
    hours: Annotated[str, Parameter(help="Simulated hours of each run.")] = "1",
    jobs: Annotated[
        int | None, Parameter(converter=whole, help="Processes side by side. Default: one per core.")
    ] = None,
    scenario: Annotated[Path | None, Parameter(help="Live through a kept scenario file instead.")] = None,
    shrink: Annotated[
        bool, Parameter(negative="--no-shrink", help="Cut the first failing run down to a small scenario file.")
    ] = True,
    folder: Annotated[Path, Parameter(help="Where a cut-down scenario is written.")] = Path("."),
    json: Json = False,
) -> int:
    """Live through simulated hours and judge every one: the real engine, a paper exchange, one seed for all chance.

    The network delays, loses and cuts, the venue refuses and goes silent, the disk fails, clocks jump, people trade and
    cancel on the account, and the process is killed in the middle of what it does and started again. The independent
    checker judges the records of each run. One seed is one run, bit for bit; its digest says so. Exit code 1 when a
    promise was broken.

    For example:

    - `holdfast sim --seeds 100 --profile realistic`
    - `holdfast sim --first-seed 4711 --seeds 1 --hours 6 --profile hell`
    - `holdfast sim --scenario scenario-realistic-4711.json`
    """
    from rich.console import Console

    # With --json standard output belongs to the one object; progress is for people and goes beside it.
    console = Console(file=sys.stderr if json else sys.stdout, highlight=False)
    if scenario is not None:
        return _replay(scenario, console, json=json)
    order = _order(profile, seeds, first_seed, hours, jobs)
    totals = _farm(order, console)
    if totals.violations and shrink:
        _shrink_first(order, totals, folder, console)
    if json:
        from holdfast.wiring.sim_farm import as_json

        print_json(as_json(totals))
    else:
        _print(totals, console)
    return REFUSED if totals.violations else OK


def _order(profile: str, seeds: int, first_seed: int, hours: str, jobs: int | None) -> Order:
    from holdfast.sim.profiles import PROFILES
    from holdfast.wiring.sim_farm import Order

    if profile not in PROFILES:
        known = ", ".join(f"{name} ({row.summary})" for name, row in PROFILES.items())
        raise wrong("--profile", f"is one of {known}, was {profile!r}", "--profile realistic")
    if not 1 <= seeds <= MOST_SEEDS:
        raise wrong("--seeds", f"must be 1 to {MOST_SEEDS}, was {seeds}", "--seeds 10")
    if first_seed < 0:
        raise wrong("--first-seed", f"must be 0 or more, was {first_seed}", "--first-seed 1")
    if jobs is not None and not 1 <= jobs <= 1_024:
        raise wrong("--jobs", f"must be 1 to 1024, was {jobs}", "--jobs 2")
    return Order(
        profile=profile,
        seeds=seeds,
        first_seed=first_seed,
        hours=_hours(hours),
        jobs=min(jobs or os.cpu_count() or 1, seeds),
    )


def _hours(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not (found.is_finite() and Decimal("0.01") <= found <= MOST_HOURS):
        raise wrong("--hours", f"must be 0.01 to {MOST_HOURS}, was {text[:40]!r}", "--hours 1")
    return found


def _farm(order: Order, console: Console) -> Totals:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from holdfast.wiring.sim_farm import Harvest, run

    harvest = Harvest(order.profile, order.first_seed, order.hours)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(f"Simulating · {order.profile}", total=order.seeds)
        for outcome in run(order):
            harvest.add(outcome)
            if not outcome.clean:
                progress.console.print(f"seed {outcome.seed} broke something: {outcome.violations[0]}", markup=False)
            broken = len(harvest.totals.violations)
            progress.update(bar, advance=1, description=f"Simulating · {order.profile} · {broken} broken")
    return harvest.all()


def _shrink_first(order: Order, totals: Totals, folder: Path, console: Console) -> None:
    """The first failing run, as a small file that repeats it."""
    from holdfast.sim.profiles import draw

    failed = totals.violations[0]
    totals.violations[0] = _cut_down(draw(failed.seed, order.profile, order.hours), failed, folder, console)


def _cut_down(scenario: Scenario, failed: Failed, folder: Path, console: Console) -> Failed:
    import msgspec

    from holdfast.wiring.sim_farm import cut_down, keep

    with console.status(f"Cutting down seed {failed.seed} …"):
        small = cut_down(scenario, failed.violations)
    try:
        path = keep(small, folder)
    except OSError as error:
        raise Failure(f"--folder: {folder} cannot be written ({error.strerror or error})", UNREACHABLE) from None
    return msgspec.structs.replace(failed, scenario=str(path))


def _replay(path: Path, console: Console, *, json: bool) -> int:
    from holdfast.sim.scenario import ScenarioError, load
    from holdfast.wiring.simulation import simulate

    try:
        scenario = load(path)
    except ScenarioError as error:
        raise Failure(f"--scenario: {error}", USAGE) from None
    except OSError as error:
        raise Failure(f"--scenario: {path} cannot be read ({error.strerror or error})", UNREACHABLE) from None
    with console.status(f"Living through {path.name} …"):
        outcome = simulate(scenario)
    if json:
        print_json(outcome)
    else:
        _print_outcome(outcome, console)
    return OK if outcome.clean else REFUSED


def _print_outcome(outcome: Outcome, console: Console) -> None:
    minutes = outcome.simulated_hours * 60
    console.print(f"{minutes:.1f} simulated minutes, {sum(outcome.faults.values())} faults, digest {outcome.digest}")
    _print_violations(outcome.violations, console)


def _print(totals: Totals, console: Console) -> None:
    from rich.table import Table

    hours, seconds = totals.simulated_hours, totals.seconds
    trades = totals.counts.get("trades_opened", 0)
    console.print(
        f"{hours.normalize():f} simulated hours in {seconds} s · {totals.faults:,} faults · {trades:,} trades ·"
        f" {totals.counts.get('lives', 0):,} processes · digest {totals.digest}",
        soft_wrap=True,
    )
    table = Table("what went wrong on purpose", "times", box=None, padding=(0, 2), pad_edge=False)
    table.columns[1].justify = "right"
    for verb, count in totals.by_verb.items():
        table.add_row(verb, f"{count:,}")
    console.print(table)
    if not totals.violations:
        console.print("No violations: every promise was kept.")
    for failed in totals.violations:
        console.print(f"\nseed {failed.seed} broke {len(failed.violations)}:")
        _print_violations(failed.violations, console)
        console.print(f"  again: {failed.repeat}", markup=False, soft_wrap=True)
        if failed.scenario:
            console.print(f"  small: holdfast sim --scenario {failed.scenario}", markup=False, soft_wrap=True)


def _print_violations(violations: list[str], console: Console) -> None:
    if not violations:
        console.print("No violations: every promise was kept.")
    for violation in violations[:SHOWN]:
        console.print(f"  {violation}", markup=False, soft_wrap=True)
    if len(violations) > SHOWN:
        console.print(f"  … and {len(violations) - SHOWN} more")
