"""What readers see follows from the journal alone."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from holdfast.model import events as ev
from holdfast.model.orders import AlgoStatus, OrderStatus, Side
from holdfast.model.reasons import AlarmCode, DenyCode, Outcome, TradingState
from holdfast.model.reports import BalanceReport, IncomeRow
from holdfast.service import read_state
from holdfast.service.readmodel import ReadModel
from tests.service import story
from tests.service.story import CLOSING, DENIED, ENTRY, FUNDING, OPENING, STOP, T0, fill, journal_of, published


def model_of(*parts: list[ev.AnyEvent]) -> ReadModel:
    """A model that has folded these events."""
    model = ReadModel()
    for record in published([event for part in parts for event in part]):
        model.fold(record)
    return model


def test_an_intent_shows_its_verdict_and_its_result() -> None:
    """Accepted, then protected, with the head of its record."""
    intent = model_of(OPENING).intent("i-1")
    assert intent is not None
    assert (intent.status, intent.trade_id, intent.seq) == ("protected", "t-1", 3)
    assert intent.result == story.PROTECTED.result
    assert len(intent.hash) == 64


def test_a_denied_intent_shows_the_numbers_and_what_would_pass() -> None:
    """Code, sentence, facts, counterfactual."""
    intent = model_of(OPENING, [DENIED]).intent("i-2")
    assert intent is not None
    assert (intent.status, intent.code) == ("denied", "POSITION_EXISTS")
    assert intent.reason
    assert (intent.facts, intent.counterfactual) == ({"open": "0.5"}, {"when": "after t-1"})


def test_other_content_under_a_used_id_leaves_the_first_record() -> None:
    """And is counted."""
    other = msgspec.structs.replace(DENIED, intent_id="i-1", code=DenyCode.OTHER_CONTENT)
    model = model_of(OPENING, [other])
    intent = model.intent("i-1")
    assert intent is not None
    assert intent.status == "protected"
    assert model.state().counts.denials == {"OTHER_CONTENT": 1}


def test_an_open_trade_shows_entry_cover_and_naked_time() -> None:
    """Average entry from the fills; naked from the first fill to the armed stop."""
    detail = model_of(OPENING).trade("t-1")
    assert detail is not None
    trade = detail.trade
    assert (trade.phase, trade.live, trade.open_quantity) == ("open", True, Decimal("0.5"))
    assert trade.entry_price == Decimal("25002")
    assert trade.naked_ms == 20
    assert trade.fees == {"USDT": Decimal(2)}
    assert [order.client_id for order in detail.orders] == [ENTRY, STOP]


def test_a_closed_trade_shows_its_result() -> None:
    """The published closing record, and sums that agree with it."""
    detail = model_of(OPENING, CLOSING).trade("t-1")
    assert detail is not None
    trade = detail.trade
    assert (trade.phase, trade.live) == ("closed", False)
    assert trade.result == story.CLOSED.result
    assert (trade.gross, trade.fees) == (story.CLOSED.result.gross, story.CLOSED.result.fees)
    assert len(trade.fills) == 3


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


def test_a_planned_stop_is_not_live_before_it_is_sent() -> None:
    """Pre-authorised for later."""
    orders = model_of(OPENING[:6]).orders()
    assert [(order.client_id, order.status) for order in orders] == [(ENTRY, "sent")]


def test_a_triggered_stop_is_live_while_its_child_is() -> None:
    """An algo order and its child are two objects (RULES 6)."""
    child = story.order_report(STOP, OrderStatus.PARTLY_FILLED, "0.1", 500)
    model = model_of(OPENING, [story.algo_report(AlgoStatus.FINISHED, 500), child])
    assert [(order.child_id, order.child_status) for order in model.orders()] == [(500, "partly_filled")]


def test_a_rejected_order_says_why() -> None:
    """The venue's code and words."""
    answer = ev.OrderAnswered(
        at_ms=T0 + 2, client_id=ENTRY, outcome=Outcome.REJECTED, sent_ms=T0, recv_window_ms=1, code=-2019, message="no"
    )
    order = model_of(OPENING[:4], [answer]).order(ENTRY)
    assert order is not None
    assert (order.status, order.code, order.message) == ("rejected", -2019, "no")


def test_an_unknown_order_is_shown_until_it_is_resolved() -> None:
    """And counted, for the demo's summary."""
    opened = ev.UnknownOpened(at_ms=T0 + 2, client_id=ENTRY, reason="timeout")
    model = model_of(OPENING[:4], [opened])
    assert model.state().unknown_orders == 1
    resolved = ev.UnknownResolved(at_ms=T0 + 9, client_id=ENTRY, resolution="never_placed", evidence="complete")
    model = model_of(OPENING[:4], [opened, resolved])
    assert (model.state().unknown_orders, model.state().counts.unknown_resolved) == (0, 1)
    assert model.orders() == []


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


def test_the_ledger_adds_fills_fees_and_funding() -> None:
    """In all, per day, per source; net = gross - fees + funding."""
    ledger = model_of(OPENING, [FUNDING], CLOSING).ledger()
    assert ledger.total.net == {"USDT": Decimal(50) - 3 - Decimal("0.25")}
    assert ledger.sources["alpha"].net == ledger.total.net
    assert ledger.days["2023-11-14"].net == ledger.total.net
    assert ledger.total.fills == 3


def test_income_rows_that_repeat_fills_are_not_counted_twice() -> None:
    """REALIZED_PNL and COMMISSION are listed, not added."""
    rows: list[ev.AnyEvent] = [
        ev.IncomeBooked(at_ms=T0, row=IncomeRow(type=kind, tran_id=2, asset="USDT", amount=Decimal(9), venue_ms=T0))
        for kind in ("REALIZED_PNL", "COMMISSION", "TRANSFER")
    ]
    ledger = model_of(rows).ledger()
    assert ledger.total.net == {}
    assert ledger.total.transfers == {"USDT": Decimal(9)}
    assert [row.type for row in ledger.movements] == ["TRANSFER", "COMMISSION", "REALIZED_PNL"]


def test_a_fill_without_its_fee_moves_money_when_it_is_completed() -> None:
    """TRADE_LITE first, the fee later; the execution is counted once."""
    early = fill(10, ENTRY, Side.BUY, "25000", "0.5", fee=None)
    before = model_of(OPENING[:6], [early])
    assert before.ledger().total.fees == {}
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
    after = model_of(OPENING[:6], [early, late])
    assert after.ledger().total.fees == {"BNB": Decimal(3)}
    assert after.ledger().total.fills == 1
    detail = after.trade("t-1")
    assert detail is not None
    assert detail.trade.fills[0].fee == Decimal(3)


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


def test_an_operators_release_lifts_quarantine_and_halt_of_a_symbol() -> None:
    """Time lifts the quarantine only."""
    set_: list[ev.AnyEvent] = [
        ev.QuarantineSet(at_ms=T0, symbol="A", until_ms=T0 + 5, client_ids=()),
        ev.SymbolHalted(at_ms=T0, symbol="A", reason="lost stops"),
    ]
    by_time = model_of(set_, [ev.QuarantineLifted(at_ms=T0, symbol="A", by="time")]).state()
    assert (by_time.quarantines, by_time.halted_symbols) == ({}, {"A": "lost stops"})
    by_hand = model_of(set_, [ev.QuarantineLifted(at_ms=T0, symbol="A", by="me")]).state()
    assert by_hand.halted_symbols == {}


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


def test_views_can_be_encoded() -> None:
    """Every answer is JSON-ready, decimals as text."""
    model = model_of(OPENING, [FUNDING], CLOSING)
    answers = [model.state(), model.ledger(), model.trades(), model.trade("t-1"), model.orders(), model.positions()]
    assert b"25002" in msgspec.json.encode(answers)
