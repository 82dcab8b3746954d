"""The hash chain of the journal."""

import hashlib

import pytest

from holdfast.model.chain import ChainBroken, JournalUnusable, RecordUnusable, check_link, link

GENESIS = "0" * 64


def test_the_link_is_stable() -> None:
    """Every journal ever written depends on exactly these bytes."""
    expected = hashlib.sha256(GENESIS.encode() + b"\n1\n1700000000000000\nfill_booked\n{}").hexdigest()
    assert link(GENESIS, 1, 1_700_000_000_000_000, "fill_booked", b"{}") == expected


def test_a_right_link_passes() -> None:
    """The next record with its own hash."""
    check_link(0, GENESIS, 1, 5, "kind", b"body", link(GENESIS, 1, 5, "kind", b"body"))


@pytest.mark.parametrize(
    "change", [{"at_us": 6}, {"kind": "other"}, {"body": b"bodY"}, {"previous": "1" * 64}], ids=str
)
def test_any_change_breaks_the_link(change: dict[str, object]) -> None:
    """Time, kind, body and the record before are all covered."""
    fields: dict[str, object] = {"previous_seq": 0, "previous": GENESIS, "seq": 1, "at_us": 5, "kind": "kind"}
    fields |= {"body": b"body", "stated": link(GENESIS, 1, 5, "kind", b"body")} | change
    with pytest.raises(ChainBroken, match="record 1: its content"):
        check_link(**fields)  # type: ignore[arg-type]


def test_a_gap_names_the_first_missing_record() -> None:
    """Record 3 after record 1: number 2 is missing."""
    with pytest.raises(ChainBroken, match="record 2 is missing") as caught:
        check_link(1, GENESIS, 3, 5, "kind", b"", link(GENESIS, 3, 5, "kind", b""))
    assert caught.value.seq == 2


def test_an_unusable_record_is_named():
    """By number and kind, so that its reader finds it."""
    error = RecordUnusable(7, "fill_booked", "is none")
    assert (str(error), error.seq) == ("record 7 (fill_booked) of the journal is none", 7)
    assert isinstance(error, JournalUnusable)
