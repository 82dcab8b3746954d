"""What readers see follows from the journal alone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model.reasons import AlarmCode, TradingState
from holdfast.model.reports import BalanceReport
from holdfast.service.readmodel import ReadModel
from tests.service import story
from tests.service.story import (
    CLOSING,
    OPENING,
    STOP,
    T0,
    journal_of,
    model_of,
    published,
)


def test_trades_come_newest_first_and_live_only_on_request() -> None:
    """The limit counts."""
    model = model_of(OPENING, CLOSING)
    assert [trade.trade_id for trade in model.trades()] == ["t-1"]
    assert model.trades(live_only=True) == []
    assert model.trades(limit=0) == []


def test_orders_shows_only_what_may_still_act() -> None:
    """The entry is filled, the stop is armed; afterwards nothing."""
    assert [order.client_id for order in model_of(OPENING).orders()] == [STOP]
    assert model_of(OPENING, CLOSING).orders() == []


def test_positions_show_what_covers_them() -> None:
    """Covered by the armed stop."""
    (position,) = model_of(OPENING).positions()
    assert (position.amount, position.cover, position.stops) == (Decimal("0.5"), "covered", (STOP,))
    assert position.stop_price == Decimal(24_000)


@pytest.mark.parametrize(("length", "cover"), [(7, "uncovered"), (15, "covered")])
def test_a_position_without_an_armed_stop_is_uncovered(length: int, cover: str) -> None:
    """Between fill and confirmation."""
    assert model_of(OPENING[:length]).positions()[0].cover == cover


def test_a_position_that_is_flattened_or_foreign_says_so() -> None:
    """Not "uncovered": other words for other things."""
    assert model_of(OPENING, CLOSING[:1]).positions()[0].cover == "flattening"
    seen = ev.PositionSeen(
        at_ms=T0, symbol="ETHUSDT", amount=Decimal(-2), entry_price=Decimal(1), ours=Decimal(0), asked_ms=T0
    )
    assert [(p.symbol, p.cover) for p in model_of([seen]).positions()] == [("ETHUSDT", "foreign")]


def test_the_state_shows_both_trading_states_and_the_reasons() -> None:
    """Commanded is an order, effective a fact."""
    effective = ev.EffectiveChanged(at_ms=T0 + 1, state=TradingState.REDUCING, reasons=("STREAM_STALE",))
    balance = ev.BalanceSeen(at_ms=T0, balances=(BalanceReport(asset="USDT", wallet=Decimal(7)),), reason="read")
    state = model_of(OPENING, [effective, balance]).state()
    assert (state.commanded, state.effective, state.reasons) == ("active", "reducing", ("STREAM_STALE",))
    assert (state.venue, state.account, state.balances) == ("paper", "main", {"USDT": Decimal(7)})
    assert state.seq == len(OPENING) + 2


def test_alarms_stand_until_they_are_cleared() -> None:
    """By code and subject."""
    raised = ev.AlarmRaised(at_ms=T0, code=AlarmCode.UNPROTECTED, subject="BTCUSDT", text="look")
    cleared = ev.AlarmCleared(at_ms=T0, code=AlarmCode.UNPROTECTED, subject="BTCUSDT")
    assert [(alarm.code, alarm.text) for alarm in model_of([raised]).alarms()] == [("UNPROTECTED", "look")]
    assert model_of([raised, cleared]).alarms() == []


async def test_results_are_read_back_in_order() -> None:
    """Each with the head that proves it; behind the given number only."""
    events = [*OPENING, *CLOSING]
    journal, model = await journal_of(events), model_of(events)
    rows = model.results(journal)
    assert [row.kind for row in rows] == ["result_published", "trade_closed"]
    assert rows[1].trade == story.CLOSED.result
    assert (rows[1].seq, rows[1].hash) == journal.head
    assert model.results(journal, after_seq=rows[0].seq) == rows[1:]
    assert model.results(journal, limit=1) == rows[:1]


def test_a_dumped_model_goes_on_alike() -> None:
    """Half the story, a restart, the other half: equal to the whole."""
    whole = model_of(OPENING, CLOSING)
    half, again = model_of(OPENING), ReadModel()
    again.load(half.dump())
    for record in published([*OPENING, *CLOSING])[len(OPENING) :]:
        again.fold(record)
    assert again.dump() == whole.dump()


def test_a_missing_record_is_noticed() -> None:
    """A gap would make every sum wrong."""
    records = published(OPENING)
    model = ReadModel()
    model.fold(records[0])
    with pytest.raises(AssertionError, match="misses no record"):
        model.fold(records[2])
