"""The values that readers are shown."""

from __future__ import annotations

import msgspec

from tests.service.story import CLOSING, FUNDING, OPENING, model_of


def test_views_can_be_encoded() -> None:
    """Every answer is JSON-ready, decimals as text."""
    model = model_of(OPENING, [FUNDING], CLOSING)
    answers = [model.state(), model.ledger(), model.trades(), model.trade("t-1"), model.orders(), model.positions()]
    assert b"25002" in msgspec.json.encode(answers)
