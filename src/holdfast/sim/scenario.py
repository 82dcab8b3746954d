"""A scenario: everything that will happen in one simulated run, as data. It is drawn from a seed, or read from a file.

What is drawn while it runs (latencies, which of several orders a human cancels) comes from seeds that stand in it, so a
scenario is one run, and a part of its acts left out is another run that can be compared with it.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from holdfast.sim.acts import ACTS
from holdfast.sim.lives import Strike
from holdfast.sim.roads import Climate

FORMAT: Final = "holdfast-scenario-1"
START_US: Final = 1_790_000_000_000_000
"""2026-09-21 14:13:20 UTC, so that a run does not depend on today's date."""

Foreign = Literal["halt", "adopt", "ignore"]


class ScenarioError(ValueError):
    """A file that is no scenario of this program: says where, and what would pass."""


class Act(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something that happens at a time. `do` names a row of `sim.acts.ACTS`; `seed` is what it draws from."""

    at_ms: int
    do: str
    seed: int = 0


class Policies(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the engine is configured where a run may differ."""

    on_foreign: Foreign = "halt"
    late_entry: Literal["flatten", "adopt"] = "flatten"
    on_daily_loss: Literal["keep", "flatten"] = "keep"
    daily_loss: Decimal = Decimal(1_000)
    default_leverage: int = 20
    believes_stop_first: bool = False
    """Whether the configuration says that the venue takes a stop before the position exists (RULES 14)."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One run. Times in milliseconds from its beginning; `seed` 0 and profile "" for one written by hand."""

    format: str = FORMAT
    seed: int = 0
    profile: str = ""
    duration_ms: int
    begin_us: int = START_US
    loop_seed: int | None = None
    """What chooses among callbacks that are ready together; None keeps their order."""
    market_seed: int = 1
    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT")
    facts: dict[str, Any] = {}
    """Switches of the paper exchange that differ from its defaults (RULES 14)."""
    policies: Policies = Policies()
    climate: Climate = Climate()
    weather_seed: int = 1
    sync_ms: tuple[int, ...] = (1,)
    drift_ppm: int = 0
    strikes: tuple[Strike, ...] = ()
    acts: tuple[Act, ...] = ()


def encode(scenario: Scenario) -> bytes:
    """The scenario as a file that a person can read."""
    # The format is a default, which is left out; but a file must say what it is.
    body = msgspec.json.encode({"format": scenario.format, **msgspec.to_builtins(scenario)})
    return msgspec.json.format(body, indent=1) + b"\n"


class _Header(msgspec.Struct):
    """What every scenario file says of itself."""

    format: str


def load(path: Path) -> Scenario:
    """Read a scenario file. Raises `ScenarioError`, or `OSError`."""
    body = path.read_bytes()
    try:
        said = msgspec.json.decode(body, type=_Header).format
        if said != FORMAT:
            raise ScenarioError(f"{path}: format is {said!r}; would pass: {FORMAT!r}")
        scenario = msgspec.json.decode(body, type=Scenario)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise ScenarioError(
            f"{path}: no scenario: {error}; would pass: a file that `holdfast sim` has written"
        ) from None
    for number, act in enumerate(scenario.acts, start=1):
        if act.do not in ACTS:
            raise ScenarioError(f"{path}: act {number} is {act.do!r}; would pass: one of {', '.join(ACTS)}")
    return scenario
