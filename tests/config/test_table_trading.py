"""The trading keys agree with the model they fill, and promises can only be tightened."""

from decimal import Decimal

import pytest

from holdfast.config.table import TABLE
from holdfast.config.table_trading import FACT_KEYS, LIMIT_KEYS
from holdfast.model.settings import Limits
from holdfast.model.venue_facts import VenueFacts


def test_every_limit_of_the_model_has_its_key() -> None:
    """In the model's own order."""
    assert [key.field for key in LIMIT_KEYS] == list(Limits.__struct_fields__)


def test_every_venue_fact_has_its_key_and_starts_unproved() -> None:
    """RULES 14: the careful branch is the default."""
    assert [key.field for key in FACT_KEYS] == list(VenueFacts.__struct_fields__)
    assert {key.default for key in FACT_KEYS} == {"unproved"}


@pytest.mark.parametrize("name", ["timing.protect_deadline_ms", "coverage.interval_ms"])
def test_a_promise_cannot_be_loosened(name: str) -> None:
    """RULES 5 and 12: one second to cover, five to look; configuration may only shorten them."""
    assert TABLE[name].high == Decimal(TABLE[name].default)
