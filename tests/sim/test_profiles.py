"""What is drawn from a seed: always the same, as much as the tables say, and only what exists."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from holdfast.sim.acts import ACTS
from holdfast.sim.profiles import FIRST_MS, HOUR_MS, PROFILES, draw
from holdfast.sim.scenario import START_US, encode

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "from tests.sim.test_profiles import digest; print(digest())"
HOUR, FUNDING_EVERY_US = Decimal(1), 8 * 3_600 * 1_000_000


def digest() -> str:
    """A hash of a few scenarios."""
    drawn = b"".join(encode(draw(seed, profile, HOUR)) for profile in PROFILES for seed in range(3))
    return hashlib.sha256(drawn).hexdigest()


def counted(seed: int, profile: str) -> Counter[str]:
    """How often each act is in an hour."""
    return Counter(act.do for act in draw(seed, profile, HOUR).acts)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_seed_is_one_scenario(profile: str) -> None:
    """Whatever was drawn before."""
    first = draw(5, profile, HOUR)
    draw(6, profile, HOUR)
    assert draw(5, profile, HOUR) == first


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_a_seed_is_one_scenario_in_fresh_processes(hash_seed: str) -> None:
    """Nothing hangs on the hash seed of the interpreter."""
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == digest()


def test_seeds_are_different_scenarios() -> None:
    """And say which one they are."""
    drawn = [draw(seed, "realistic", HOUR) for seed in range(10)]
    assert [scenario.seed for scenario in drawn] == list(range(10))
    assert len({encode(scenario) for scenario in drawn}) == 10


@pytest.mark.parametrize("seed", range(10))
def test_a_realistic_hour_has_enough_in_it(seed: int) -> None:
    """60 intents, 20 faults and 2 restarts at the least."""
    acts = counted(seed, "realistic")
    assert acts["intent"] >= 60
    assert sum(count for name, count in acts.items() if ACTS[name].fault) >= 20
    assert acts["kill"] + acts["doom"] >= 2


def test_hell_has_more_of_everything() -> None:
    """Every fault of the realistic hour comes more often."""
    usual, hell = PROFILES["realistic"].an_hour, PROFILES["hell"].an_hour
    assert [name for name in usual if ACTS[name].fault and hell[name] <= usual[name]] == []


def test_a_calm_hour_has_no_faults_but_a_repeated_intent() -> None:
    """And every switch of the venue stands where it usually does."""
    scenario = draw(3, "calm", HOUR)
    assert {act.do for act in scenario.acts if ACTS[act.do].fault} == {"repeat"}
    assert (scenario.facts, scenario.drift_ppm, scenario.strikes) == ({}, 0, ())


@pytest.mark.parametrize("name", ACTS)
def test_every_act_is_drawn_by_some_profile(name: str) -> None:
    """An act that nothing plays tests nothing."""
    assert any(profile.an_hour.get(name) for profile in PROFILES.values())


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_names_acts_that_exist(profile: str) -> None:
    """By their names in the table."""
    assert [name for name in PROFILES[profile].an_hour if name not in ACTS] == []


@pytest.mark.parametrize("profile", PROFILES)
def test_an_hour_has_what_the_table_says(profile: str) -> None:
    """Exactly; the seed decides only when."""
    assert counted(1, profile) == Counter(PROFILES[profile].an_hour)


def test_part_of_an_hour_has_its_part_on_average() -> None:
    """What comes once an hour comes in about a quarter of the quarters."""
    with_a_kill = [seed for seed in range(200) if any(a.do == "kill" for a in draw(seed, "realistic", HOUR / 4).acts)]
    assert 25 <= len(with_a_kill) <= 75


@pytest.mark.parametrize("profile", PROFILES)
def test_acts_come_in_order_and_after_the_start(profile: str) -> None:
    """The engine starts undisturbed, and nothing happens after the end."""
    times = [act.at_ms for act in draw(2, profile, HOUR).acts]
    assert times == sorted(times)
    assert FIRST_MS <= times[0] <= times[-1] < HOUR_MS


def test_a_profile_that_is_none_is_an_error() -> None:
    """It is not taken for another."""
    with pytest.raises(KeyError):
        draw(1, "mild", HOUR)


def test_some_hours_have_a_funding_in_them() -> None:
    """Twenty minutes after their beginning; the others have none."""
    begins = {draw(seed, "realistic", HOUR).begin_us for seed in range(30)}
    ahead_us = {begin: -begin % FUNDING_EVERY_US for begin in begins}
    assert sorted(ahead_us.values())[0] == 20 * 60 * 1_000_000
    assert len(ahead_us) == 2
    assert ahead_us[START_US] > 3_600 * 1_000_000
