"""The venue of a day: its switches, and the texts that name them."""

from __future__ import annotations

import random

import pytest

from holdfast.paper.config import VenueFacts
from holdfast.sim.venue_facts import NOT_MET
from tests.random_days.venue import ALL, FACTS, draw, switches, with_more


@pytest.mark.parametrize("name", VenueFacts.__struct_fields__)
def test_rules_14_every_switch_is_drawn_or_listed_with_a_reason(name: str) -> None:
    """The simulator's reasons hold for days too; a few more switches are drawn all the same."""
    assert name in ALL or NOT_MET[name]


@pytest.mark.parametrize("seed", range(40))
def test_a_drawn_variant_can_be_typed_again(seed: int) -> None:
    """With what the seed adds to it."""
    variant = draw(random.Random(seed), "needs-position, many")
    whole = with_more(variant, seed)
    assert switches(whole).items() >= switches(variant).items()


@pytest.mark.parametrize("variant", FACTS)
def test_a_named_variant_is_one_of_the_exchange(variant: str) -> None:
    """Each of its switches has that value there."""
    assert VenueFacts(**switches(variant))


def test_what_no_exchange_has_is_an_error() -> None:
    """It is not taken for the default."""
    with pytest.raises(ValueError, match="income_delay_ms=3"):
        switches("income_delay_ms=3")
