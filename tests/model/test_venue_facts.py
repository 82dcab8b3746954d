"""Venue facts: unproved is the careful branch (RULES 14)."""

import msgspec
import pytest

from holdfast.model.venue_facts import VenueFacts


def test_every_fact_is_unproved_until_it_is_set():
    """None is taken for granted."""
    assert VenueFacts().unset() == list(VenueFacts.__struct_fields__)


@pytest.mark.parametrize(("value", "arms"), [("yes", True), ("no", False), ("unproved", False)])
def test_only_yes_arms_the_stop_with_the_entry(value, arms):
    """Both `no` and `unproved` mean `after`."""
    assert VenueFacts(stop_without_position=value).arms_with_entry is arms


def test_a_fact_that_nobody_knows_is_refused():
    """A typing error in a configuration must not pass for a fact."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"stop_without_postion": "yes"}, VenueFacts)


def test_a_value_that_is_none_of_the_three_is_refused():
    """yes, no, unproved."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"stop_without_position": "maybe"}, VenueFacts)
