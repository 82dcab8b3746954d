"""The hash chain: whole, cut, changed, and told by a published head (I19)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.verify import VerifyError
from holdfast.verify.chain import checked, hash_of
from holdfast.verify.records import JournalRow
from tests.verify.builders import rows, whole_trade

ROWS = rows(whole_trade().events)


def broken_at(journal: list[JournalRow], head: tuple[int, str] | None = None) -> str:
    """The record that the check names."""
    with pytest.raises(VerifyError) as caught:
        list(checked(journal, head))
    return caught.value.record


def test_a_whole_chain_passes_unchanged():
    """Every row comes out as it went in, and the two implementations of the link agree."""
    assert list(checked(ROWS)) == ROWS
    assert hash_of("0" * 64, ROWS[0]) == ROWS[0].hash


@given(st.data())
def test_any_changed_byte_of_a_body_is_named(data):
    """Flipping one bit of one byte breaks the chain at that very record."""
    index = data.draw(st.integers(0, len(ROWS) - 1))
    row = ROWS[index]
    at = data.draw(st.integers(0, len(row.body) - 1))
    body = bytearray(row.body)
    body[at] ^= 1 << data.draw(st.integers(0, 7))
    assert broken_at([*ROWS[:index], row._replace(body=bytes(body)), *ROWS[index + 1 :]]) == f"journal seq {row.seq}"


@given(st.integers(0, len(ROWS) - 1), st.sampled_from(["at_us", "kind", "hash"]))
def test_any_changed_field_is_named(index, field):
    """Time, kind and hash are covered as the body is."""
    row = ROWS[index]
    changed = row._replace(**{field: {"at_us": row.at_us + 1, "kind": row.kind + "x", "hash": "f" * 64}[field]})
    assert broken_at([*ROWS[:index], changed, *ROWS[index + 1 :]]) == f"journal seq {row.seq}"


@given(st.integers(0, len(ROWS) - 2))
def test_swapped_records_are_named(index):
    """Two neighbours in the other order are a gap at the first of them."""
    swapped = [*ROWS[:index], ROWS[index + 1], ROWS[index], *ROWS[index + 2 :]]
    assert broken_at(swapped) == f"journal seq {index + 1}"


def test_a_record_cut_out_of_the_middle_is_named():
    """A hole shows by its number."""
    assert broken_at([*ROWS[:3], *ROWS[4:]]) == "journal seq 4"


def test_a_forged_chain_behind_a_published_head_is_named():
    """Rewriting everything from the start gives a whole chain, but not the published hash."""
    assert broken_at(ROWS, (5, "a" * 64)) == "journal seq 5"


def test_rules_8_a_cut_end_is_told_by_the_head_only():
    """A journal that ends early is whole in itself; the published head shows the cut."""
    assert list(checked(ROWS[:-2])) == ROWS[:-2]
    assert broken_at(ROWS[:-2], (ROWS[-1].seq, ROWS[-1].hash)) == f"journal seq {ROWS[-1].seq}"


def test_a_true_head_passes():
    """The head of any moment of the past is still there."""
    assert list(checked(ROWS, (4, ROWS[3].hash))) == ROWS
