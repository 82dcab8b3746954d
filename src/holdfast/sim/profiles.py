"""What a simulated hour holds: three profiles, as tables, and how a scenario is drawn from one."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Final

import msgspec

from holdfast.sim import venue_facts
from holdfast.sim.acts import ACTS
from holdfast.sim.roads import Climate
from holdfast.sim.scenario import START_US, Act, Policies, Scenario

HOUR_MS: Final = 3_600_000
FIRST_MS: Final = 8_000
"""The engine gets so long to start undisturbed; later starts get nothing."""

FUNDING_US: Final = 5_200 * 1_000_000
"""From the usual beginning, 14:13:20 UTC, to twenty minutes before the next funding at 16:00."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """How often each act happens in an hour, and what network, disk and clock are like.

    What is new stands at the end of the table: then a seed's other acts stay what they were.
    """

    summary: str
    an_hour: dict[str, int]
    climates: tuple[Climate, ...] = (Climate(),)
    sync_ms: tuple[tuple[int, ...], ...] = ((1,),)
    drifts_ppm: tuple[int, ...] = (0,)
    draws_facts: bool = True


TRADING: Final = {"intent": 66, "close": 10, "repeat": 4}

PROFILES: Final[dict[str, Profile]] = {
    "calm": Profile(summary="trading without faults", an_hour=TRADING, draws_facts=False),
    "realistic": Profile(
        summary="what a bad week has, in every hour",
        an_hour={
            **TRADING,
            "venue.write": 10,
            "venue.read": 3,
            "venue.stream": 4,
            "venue.stop": 2,
            "venue.query": 1,
            "market.gap": 2,
            "human.trade": 1,
            "human.cancel": 1,
            "command": 1,
            "resume": 2,
            "net.hold": 1,
            "net.break": 2,
            "net.lose": 2,
            "net.slow": 1,
            "net.double": 1,
            "net.overtake": 1,
            "disk.slow": 1,
            "disk.break": 1,
            "clock.jump": 1,
            "kill": 1,
            "doom": 2,
            "pause": 1,
            "venue.odd": 3,
            "venue.contract": 2,
            "venue.account": 1,
            "venue.force": 1,
            "venue.end": 1,
        },
        climates=(
            Climate(),
            Climate(latency_us=2_000, jitter_us=1_000),
            Climate(latency_us=5_000, jitter_us=20_000, spike_every=50, spike_us=150_000),
        ),
        sync_ms=((1,), (1, 2), (1, 1, 1, 30)),
        drifts_ppm=(0, 20, -50),
    ),
    "hell": Profile(
        summary="everything, all the time",
        an_hour={
            "intent": 150,
            "close": 20,
            "repeat": 20,
            "venue.write": 60,
            "venue.read": 25,
            "venue.stream": 25,
            "venue.stop": 10,
            "venue.query": 6,
            "market.gap": 10,
            "human.trade": 5,
            "human.cancel": 5,
            "command": 6,
            "resume": 10,
            "net.hold": 6,
            "net.break": 15,
            "net.lose": 12,
            "net.slow": 6,
            "net.double": 4,
            "net.overtake": 6,
            "disk.slow": 4,
            "disk.break": 4,
            "clock.jump": 4,
            "kill": 8,
            "doom": 12,
            "pause": 6,
            "venue.odd": 15,
            "venue.contract": 8,
            "venue.account": 4,
            "venue.force": 4,
            "venue.end": 2,
        },
        climates=(
            Climate(latency_us=2_000, jitter_us=1_000),
            Climate(latency_us=5_000, jitter_us=50_000, spike_every=20, spike_us=400_000),
            Climate(latency_us=40_000, jitter_us=60_000, spike_every=30, spike_us=700_000),
        ),
        sync_ms=((1,), (1, 5, 30), (1, 1, 1, 400)),
        drifts_ppm=(0, 100, -300),
    ),
}


def draw(seed: int, profile: str, hours: Decimal) -> Scenario:
    """The scenario of a seed. Raises `KeyError` for an unknown profile."""
    table, rng = PROFILES[profile], random.Random(seed)
    duration_ms = int(hours * HOUR_MS)
    facts = {**venue_facts.draw(rng), **venue_facts.draw_more(seed)} if table.draws_facts else {}
    return Scenario(
        seed=seed,
        profile=profile,
        duration_ms=duration_ms,
        begin_us=START_US + rng.choice((0, 0, FUNDING_US)),
        loop_seed=rng.randrange(1 << 32),
        market_seed=rng.randrange(1 << 32),
        facts=facts,
        policies=_policies(rng) if table.draws_facts else Policies(),
        climate=rng.choice(table.climates),
        weather_seed=rng.randrange(1 << 32),
        sync_ms=rng.choice(table.sync_ms),
        drift_ppm=rng.choice(table.drifts_ppm),
        acts=_acts(rng, table, duration_ms),
    )


def _policies(rng: random.Random) -> Policies:
    return Policies(
        on_foreign=rng.choice(("halt", "halt", "adopt", "ignore")),
        late_entry=rng.choice(("flatten", "adopt")),
        on_daily_loss=rng.choice(("keep", "flatten")),
        daily_loss=Decimal(rng.choice((60, 1_000, 1_000, 1_000))),
        default_leverage=rng.choice((5, 20, 20)),
        believes_stop_first=rng.random() < 0.5,
    )


def _acts(rng: random.Random, table: Profile, duration_ms: int) -> tuple[Act, ...]:
    """Each act as often as the table says, an hour's worth per hour, at times drawn evenly."""
    acts: list[Act] = []
    for name, an_hour in table.an_hour.items():
        assert name in ACTS, f"invariant: a profile names acts that exist ({name})"
        whole, rest = divmod(an_hour * duration_ms, HOUR_MS)
        for _ in range(whole + (rng.randrange(HOUR_MS) < rest)):
            at_ms = rng.randrange(FIRST_MS, max(duration_ms, FIRST_MS + 1))
            acts.append(Act(at_ms=at_ms, do=name, seed=rng.randrange(1 << 32)))
    return tuple(sorted(acts, key=lambda act: act.at_ms))
