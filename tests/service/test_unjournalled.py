"""RULES 8, one row per effect: what leaves when the journal cannot be written."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.model.effects import Authorised, Cancel, ChangeSetting, Lane, Place, Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.inputs import PlaceAnswered, SettingAnswered
from holdfast.model.orders import OrderSpec, OrderType, Side
from holdfast.model.reasons import Outcome
from holdfast.service.engine_port import VenueEffect
from holdfast.service.unjournalled import UNJOURNALLED, held_back, may_leave


def place(role: Role, lane: Lane, timestamp_ms: int | None) -> Place:
    """An order of a role."""
    spec = OrderSpec(
        client_id="hf-x1-a", role=role, symbol="A", side=Side.SELL, type=OrderType.MARKET, quantity=Decimal(1)
    )
    return Place(order=Authorised(spec, "v"), lane=lane, timestamp_ms=timestamp_ms)


TABLE: list[tuple[str, VenueEffect, bool]] = [
    ("entry", place(Role.ENTRY, Lane.ENTRY, 5), False),
    ("target", place(Role.TARGET, Lane.PROTECT, 5), False),
    ("stop", place(Role.STOP, Lane.PROTECT, None), True),
    ("close", place(Role.CLOSE, Lane.PROTECT, None), True),
    ("cancel", Cancel(client_id="c", symbol="A", role=Role.ENTRY, algo=False), True),
    ("read", Read(kind=ReadKind.POSITIONS, purpose="p"), True),
    ("setting", ChangeSetting(symbol="A", purpose="p", leverage=2), False),
]


@pytest.mark.parametrize(("name", "effect", "leaves"), TABLE, ids=[row[0] for row in TABLE])
def test_rules_8_what_leaves_without_a_record(name: str, effect: VenueEffect, leaves: bool) -> None:
    """Only what reduces risk, or asks."""
    assert may_leave(effect) is leaves


def test_an_order_that_stayed_is_answered_as_proved_not_sent() -> None:
    """By us, so that nobody looks for a venue code."""
    answer = held_back(place(Role.ENTRY, Lane.ENTRY, 5))
    assert isinstance(answer, PlaceAnswered)
    assert (answer.client_id, answer.sent_ms) == ("hf-x1-a", 5)
    assert (answer.outcome.outcome, answer.outcome.local) == (Outcome.REJECTED, UNJOURNALLED)


def test_a_setting_that_stayed_is_answered_by_its_purpose() -> None:
    """The trade that waits for it learns that it did not happen."""
    answer = held_back(ChangeSetting(symbol="A", purpose="t-1", leverage=2))
    assert isinstance(answer, SettingAnswered)
    assert (answer.symbol, answer.purpose) == ("A", "t-1")


def test_what_always_leaves_is_never_held_back() -> None:
    """A cancel."""
    with pytest.raises(AssertionError, match="never held back"):
        held_back(Cancel(client_id="c", symbol="A", role=Role.ENTRY, algo=False))
