"""The switches of the venue: each is drawn with all its values, or a reason says why nothing of a run can meet it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from holdfast.paper.config import VenueFacts
from holdfast.sim.profiles import draw
from holdfast.sim.venue_facts import FACTS, MORE_FACTS, NOT_MET, draw_more

DRAWN = FACTS | MORE_FACTS


@pytest.mark.parametrize("name", VenueFacts.__struct_fields__)
def test_every_switch_is_drawn_or_listed_with_a_reason(name: str) -> None:
    """Whoever adds one decides in which table it stands."""
    assert [name in FACTS, name in MORE_FACTS, bool(NOT_MET.get(name))].count(True) == 1


@pytest.mark.parametrize("name", [*DRAWN, *NOT_MET])
def test_every_fact_is_one_of_the_exchange(name: str) -> None:
    """By its name."""
    assert name in VenueFacts.__struct_fields__


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in DRAWN.items() for value in values])
def test_every_value_is_one_of_the_exchange(name: str, value: object) -> None:
    """It is taken as it stands."""
    assert getattr(msgspec.convert({name: value}, VenueFacts), name) == value


@pytest.mark.parametrize("name", DRAWN)
def test_the_first_value_of_a_fact_is_the_exchanges_default(name: str) -> None:
    """A drawn default is left out, so this must be it."""
    assert DRAWN[name][0] == getattr(VenueFacts(), name)


@pytest.mark.parametrize("name", DRAWN)
def test_no_value_of_a_fact_is_left_out(name: str) -> None:
    """Of a number some are enough."""
    hint: Any = get_type_hints(VenueFacts)[name]
    values = get_args(hint) if get_origin(hint) is Literal else (False, True) if hint is bool else DRAWN[name]
    assert set(DRAWN[name]) == set(values)


def test_every_other_value_of_every_fact_is_drawn() -> None:
    """Within a few hundred seeds."""
    drawn = {item for seed in range(400) for item in draw(seed, "realistic", Decimal(0)).facts.items()}
    assert drawn == {(name, value) for name, values in DRAWN.items() for value in values[1:]}


def test_about_half_of_the_seeds_leave_the_newer_switches_alone() -> None:
    """What was found before they were drawn is still looked for."""
    untouched = sum(not draw_more(seed) for seed in range(200))
    assert 80 <= untouched <= 140


def test_a_seed_draws_the_same_switches() -> None:
    """Whatever was drawn before."""
    assert [draw_more(seed) for seed in range(20)] == [draw_more(seed) for seed in range(20)]
