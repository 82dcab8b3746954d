"""What still leaves when the journal cannot be written (RULES 8)."""

from __future__ import annotations

from typing import Final

from holdfast.model.effects import ChangeSetting, Lane, Place
from holdfast.model.inputs import PlaceAnswered, SettingAnswered
from holdfast.model.reasons import Outcome
from holdfast.model.reports import RequestOutcome
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
