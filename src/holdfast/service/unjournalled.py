"""What still leaves when the journal cannot be written (RULES 8), and which records of that time the disk has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol, TypeVar

from holdfast.model.chain import JournalUnusable, link
from holdfast.model.effects import ChangeSetting, Lane, Place
from holdfast.model.inputs import PlaceAnswered, SettingAnswered
from holdfast.model.reasons import Outcome
from holdfast.model.reports import RequestOutcome
from holdfast.ports import Head, JournalEntry
from holdfast.service.engine_port import VenueEffect

UNJOURNALLED: Final = "unjournalled"
"""What `RequestOutcome.local` says of an effect that stayed because the journal failed."""


def may_leave(effect: VenueEffect) -> bool:
    """Whether an effect may leave although its record is not on the disk: cover, full closes, cancels and questions.

    Entries and partial exits carry the timestamp of their record; without a record they stay (RULES 8).
    """
    if isinstance(effect, Place):
        return effect.timestamp_ms is None and effect.lane is not Lane.ENTRY
    return not isinstance(effect, ChangeSetting)


def held_back(effect: VenueEffect) -> PlaceAnswered | SettingAnswered:
    """The answer to an effect that stayed: proved not sent."""
    outcome = RequestOutcome(outcome=Outcome.REJECTED, local=UNJOURNALLED, message="the journal cannot be written")
    match effect:
        case Place():
            return PlaceAnswered(
                now_ms=0,
                client_id=effect.order.spec.client_id,
                outcome=outcome,
                sent_ms=effect.timestamp_ms or 0,
                recv_window_ms=effect.recv_window_ms,
            )
        case ChangeSetting():
            return SettingAnswered(now_ms=0, symbol=effect.symbol, purpose=effect.purpose, outcome=outcome)
        case _:
            raise AssertionError("invariant: cancels and reads are never held back")


class Records(Protocol):
    """A batch of records that was handed to the journal together."""

    @property
    def entries(self) -> Sequence[JournalEntry]:
        """Its records."""

    @property
    def at_us(self) -> int:
        """Their time."""


Batch = TypeVar("Batch", bound=Records)


def already_there(durable: Head, found: Head, lost: Iterable[Batch]) -> list[tuple[Head, Batch]]:
    """The first of the lost batches that are on the disk after all, each with the head behind it.

    `durable` is the last record that was called durable, `found` the last that the disk has. A failed batch may have
    arrived; everything else means that this is not the journal that was written, and raises `JournalUnusable`.
    """
    head, there = durable, []
    for batch in lost:
        if head.seq >= found.seq:
            break
        for kind, body in batch.entries:
            seq = head.seq + 1
            head = Head(seq, link(head.hash, seq, batch.at_us, kind, body))
        there.append((head, batch))
    if head != found:
        raise JournalUnusable(
            f"the disk has records up to {found.seq} that are not those that were written up to {durable.seq}; would "
            "pass: a restart with the journal as it was written, or with a copy of it"
        )
    return there
