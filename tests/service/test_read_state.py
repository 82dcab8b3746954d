"""What the read model keeps, and what it leaves to the journal."""

from __future__ import annotations

import msgspec
import pytest

from holdfast.service import read_state
from tests.service import story
from tests.service.story import CLOSING, ENTRY, OPENING, model_of


def test_old_closed_trades_are_dropped_with_their_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded; the journal keeps them."""
    monkeypatch.setattr(read_state, "TRADES_KEPT", 1)
    plan = msgspec.structs.replace(story.PLAN, trade_id="t-2", intent_id="i-3")
    second = msgspec.structs.replace(story.ACCEPTED, intent=msgspec.structs.replace(story.INTENT, id="i-3"), plan=plan)
    model = model_of(OPENING, CLOSING, [second])
    assert model.trade("t-1") is None
    assert model.order(ENTRY) is None
    assert model.trade("t-2") is not None


def test_a_live_trade_is_never_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the bound."""
    monkeypatch.setattr(read_state, "TRADES_KEPT", 0)
    assert model_of(OPENING).trade("t-1") is not None
