"""The switches for what nobody could verify: each with a default, and every answer of each shown by a test."""

from holdfast.paper.facts import VenueFacts


def test_rules_14_every_fact_has_a_default() -> None:
    """And the two that matter most are the likeliest answers."""
    facts = VenueFacts()
    assert (facts.stop_without_position, facts.second_close_position) == ("accept", "-4130")
