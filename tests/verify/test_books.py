"""The engine's own books against themselves: positions and average prices."""

from __future__ import annotations

import msgspec
import pytest

from holdfast.model import events as ev
from tests.verify.builders import SYMBOL, D, change, is_a, open_trade, whole_trade


@pytest.mark.parametrize(("ours", "broken"), [("2", []), ("0", ["I6"])])
def test_a_position_that_is_called_ours_is_the_sum_of_the_fills(ours, broken):
    """I6: also where the venue's word heals it a moment later."""
    story, _ = open_trade()
    story.event(ev.PositionSeen, symbol=SYMBOL, amount=D(2), entry_price=D(100), ours=D(ours), asked_ms=story.ms)
    assert story.verdict().broken() == broken


def test_the_venues_word_becomes_the_books():
    """What it explains once is not asked for again."""
    story, _ = open_trade()
    for ours, amount in (("2", "3"), ("3", "2")):
        story.event(
            ev.PositionSeen, symbol=SYMBOL, amount=D(amount), entry_price=D(100), ours=D(ours), asked_ms=story.ms
        )
    assert story.verdict().violations == []


@pytest.mark.parametrize(
    ("changed", "broken"),
    [
        ({"entry_price": D(100), "exit_price": D(94)}, []),
        ({"entry_price": D(101)}, ["I7"]),
        ({"exit_price": D(93)}, ["I7"]),
    ],
)
def test_a_published_average_is_the_mean_of_the_fills(changed, broken):
    """I7, of the entry and of the exit."""
    story = whole_trade()
    result = msgspec.structs.replace(story.events[-1].result, **changed)  # type: ignore[attr-defined]
    change(story.events, is_a(ev.TradeClosed), result=result)
    assert story.verdict().broken() == broken
