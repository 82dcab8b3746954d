"""The tables of codes: no code stands in two of them, and each says what it means."""

from itertools import combinations

import pytest

from holdfast.binance import codes

TABLES = {
    "proven": codes.PROVEN_REJECTIONS,
    "throttles": codes.THROTTLES,
    "exists": codes.EXISTS,
    "done": codes.DONE,
    "evidence": codes.EVIDENCE,
    "unknown": codes.UNKNOWN_CODES,
}


@pytest.mark.parametrize(("one", "other"), list(combinations(TABLES, 2)))
def test_a_code_means_one_thing(one: str, other: str) -> None:
    """Two tables that claim the same code would make the outcome depend on who is asked first."""
    assert not set(TABLES[one]) & set(TABLES[other])


def test_every_proof_has_a_class_and_a_source() -> None:
    """The class letters of protocol notes H; R for what RULES itself names."""
    assert {proof.group for proof in codes.PROVEN_REJECTIONS.values()} == set("FKCPR")
    assert all(proof.source.startswith(("protocol notes", "RULES")) for proof in codes.PROVEN_REJECTIONS.values())


def test_rules_1_the_unknown_ones_are_never_proofs() -> None:
    """The codes that RULES 1 names as unknown."""
    named = {-1000, -1001, -1006, -1007, -1008, -1010, -1016, -4083}
    assert named <= set(codes.UNKNOWN_CODES)


def test_a_refused_timestamp_is_a_proof_too() -> None:
    """It asks for a resync besides."""
    assert set(codes.PROVEN_REJECTIONS) >= codes.RESYNC_CLOCK
