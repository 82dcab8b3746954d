"""Intents, trades and fills as readers see them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from holdfast.model import events as ev
from holdfast.model.orders import Side
from holdfast.model.reasons import DenyCode
from tests.service import story
from tests.service.story import CLOSING, DENIED, ENTRY, OPENING, STOP, T0, fill, model_of


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


def test_what_was_netted_away_is_not_held() -> None:
    """It stood against somebody else's opposite quantity (RULES 4)."""
    netted = ev.TradeNetted(at_ms=T0 + 100, trade_id="t-1", symbol="BTCUSDT", quantity=Decimal("0.2"))
    unknown = msgspec.structs.replace(netted, trade_id="t-9")
    detail = model_of(OPENING, [netted, unknown]).trade("t-1")
    assert detail is not None
    assert (detail.trade.netted, detail.trade.open_quantity) == (Decimal("0.2"), Decimal("0.3"))
