"""From record to event: what is refused, and that the record is named."""

import pytest

from holdfast.model import events as ev
from holdfast.model.chain import RecordUnusable
from holdfast.model.settings import Venue
from holdfast.model.venue_facts import VenueFacts
from holdfast.ports import JournalRecord
from holdfast.service.events_of import does_not_follow, event_of

START = ev.EngineStarted(
    at_ms=1, version="9.0", config_hash="c", venue=Venue.PAPER, account="a", key_fingerprint="k", facts=VenueFacts()
)


def record(body: bytes, kind: str = "engine_started") -> JournalRecord:
    """The seventh record of a journal."""
    return JournalRecord(7, 1, kind, body, "")


def test_an_event_comes_out_as_it_went_in():
    """Nothing is added and nothing lost."""
    assert event_of(record(ev.encode(START))) == START


@pytest.mark.parametrize("body", [b"{", b'{"event":"from_tomorrow","at_ms":1}', b'{"event":"engine_started"}', b"\xff"])
def test_what_is_no_event_of_ours_is_refused(body):
    """By name of the record."""
    with pytest.raises(RecordUnusable, match="record 7") as caught:
        event_of(record(body))
    assert caught.value.seq == 7


def test_a_start_of_a_later_format_is_refused():
    """Its other records might be misread without anybody noticing."""
    body = ev.encode(START).replace(b'"key_fingerprint":"k"', b'"key_fingerprint":"k","format":99')
    with pytest.raises(RecordUnusable, match=r"record 7 .* from another version: 9\.0 wrote format 99"):
        event_of(record(body))


@pytest.mark.parametrize(
    ("error", "said"), [(AssertionError("invariant: x"), "invariant: x"), (KeyError(), "KeyError")]
)
def test_a_record_that_does_not_fold_is_named(error, said):
    """With what its reader said, or at least the kind of failure."""
    assert f"does not follow from what stands before it: {said}" in str(does_not_follow(record(b"{}"), error))
