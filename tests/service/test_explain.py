"""Any id leads to the whole story, and to nothing else."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from holdfast.model import events as ev
from holdfast.service.explain import Explanation, explain
from tests.service import story
from tests.service.story import CLOSE, CLOSING, DENIED, ENTRY, FUNDING, OPENING, STOP, T0, journal_of

OTHER = msgspec.structs.replace(
    story.ACCEPTED,
    intent=msgspec.structs.replace(story.INTENT, id="i-3", symbol="ETHUSDT"),
    plan=msgspec.structs.replace(story.PLAN, trade_id="t-3", intent_id="i-3", symbol="ETHUSDT"),
)
BALANCE = ev.BalanceSeen(at_ms=T0, balances=(), reason="read")
EVENTS: list[ev.AnyEvent] = [*OPENING, DENIED, BALANCE, OTHER, FUNDING, *CLOSING]


async def story_of(any_id: str) -> Explanation | None:
    """Explain an id in the journal of all events."""
    journal = await journal_of(EVENTS)
    return explain(journal.read, any_id)


@pytest.mark.parametrize("any_id", ["i-1", "t-1", ENTRY, STOP, CLOSE, "100", "300", "900"])
async def test_every_id_of_a_trade_leads_to_the_same_story(any_id: str) -> None:
    """Intent, trade, our order ids, the venue's order and algo ids."""
    told = await story_of(any_id)
    assert told is not None
    assert (told.intents, told.trades, told.orders) == (("i-1",), ("t-1",), (ENTRY, STOP, CLOSE))
    assert (told.venue_orders, told.venue_algos) == ((100, 300), (900,))
    assert len(told.lines) == len(OPENING) - 2 + 1 + len(CLOSING)


async def test_the_story_comes_in_causal_order_with_its_channels() -> None:
    """From acceptance to closing; what we decided has no channel."""
    told = await story_of("i-1")
    assert told is not None
    assert [line.seq for line in told.lines] == sorted(line.seq for line in told.lines)
    assert (told.lines[0].kind, told.lines[-1].kind) == ("intent_accepted", "trade_closed")
    channels = {line.kind: line.channel for line in told.lines}
    assert channels["fill_booked"] == "stream"
    assert channels["algo_updated"] == "reply"
    assert channels["order_planned"] == ""


async def test_the_story_ends_with_the_head_that_proves_it() -> None:
    """Sequence and hash of its last record."""
    journal = await journal_of(EVENTS)
    told = explain(journal.read, "t-1")
    assert told is not None
    assert (told.seq, told.hash) == journal.head


async def test_a_denied_intent_is_one_line_with_the_numbers() -> None:
    """And what would have passed."""
    told = await story_of("i-2")
    assert told is not None
    assert [line.text for line in told.lines] == [
        "denied i-2 of beta: open BTCUSDT: POSITION_EXISTS, a trade in this direction is already live on the symbol "
        "(open 0.5); would pass: when after t-1"
    ]


async def test_another_trade_is_not_mixed_in() -> None:
    """Nor ids that only look alike."""
    told = await story_of("i-3")
    assert told is not None
    assert told.trades == ("t-3",)
    assert len(told.lines) == 1


@pytest.mark.parametrize("any_id", ["i-", "nobody", "25000", ""])
async def test_an_unknown_id_has_no_story(any_id: str) -> None:
    """Text that occurs in records without being an id does not count."""
    assert await story_of(any_id) is None


async def test_the_same_number_on_another_symbol_is_another_order() -> None:
    """The venue's numbers are unique per symbol only."""
    report = story.order_report(ENTRY, story.OrderStatus.FILLED, "1").report
    other = msgspec.structs.replace(report, symbol="ETHUSDT", client_id="hf-e1-zzz")
    journal = await journal_of([*EVENTS, ev.OrderUpdated(at_ms=T0, report=other)])
    told = explain(journal.read, "i-1")
    assert told is not None
    assert "hf-e1-zzz" not in told.orders


async def test_a_fee_that_came_late_belongs_to_its_order() -> None:
    """It names the venue's order only."""
    late = ev.FillCompleted(
        at_ms=T0 + 99,
        symbol="BTCUSDT",
        order_id=100,
        trade_id=10,
        fee=Decimal(3),
        fee_asset="BNB",
        realized=Decimal(0),
        maker=True,
    )
    journal = await journal_of([*EVENTS, late])
    told = explain(journal.read, "i-1")
    assert told is not None
    assert told.lines[-1].kind == "fill_completed"


async def test_a_fill_is_told_with_its_money() -> None:
    """Price, quantity, fee and asset."""
    told = await story_of("i-1")
    assert told is not None
    fills = [line.text for line in told.lines if line.kind == "fill_booked"]
    assert fills[0] == "fill 10 of order 100: BUY 0.2 BTCUSDT at 24990, fee 1 USDT, realised 0"
