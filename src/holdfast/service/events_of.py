"""From a record of the journal to the event in it: the one place where another version's records are refused."""

from __future__ import annotations

from typing import Protocol

import msgspec

from holdfast.model.chain import RecordUnusable
from holdfast.model.events import FORMAT, AnyEvent, EngineStarted, decode


class Row(Protocol):
    """What is needed of a record."""

    @property
    def seq(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def body(self) -> bytes: ...


def event_of(record: Row) -> AnyEvent:
    """The event of a record. Raises `RecordUnusable` for one that this program does not know."""
    try:
        event = decode(record.body)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise RecordUnusable(record.seq, record.kind, f"is not an event this program knows: {error}") from None
    if type(event) is EngineStarted and event.format > FORMAT:
        raise RecordUnusable(
            record.seq,
            record.kind,
            f"begins a part from another version: {event.version} wrote format {event.format}, this program reads "
            f"formats up to {FORMAT}",
        )
    return event


def does_not_follow(record: Row, error: Exception) -> RecordUnusable:
    """What to raise when folding the event of a record ended in one of `UNREPEATABLE`: no engine would have written it
    there."""
    reason = str(error) or type(error).__name__
    return RecordUnusable(record.seq, record.kind, f"does not follow from what stands before it: {reason}")
