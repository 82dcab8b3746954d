"""The exchange's state, rebuilt from its lines."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.model.num import ZERO
from holdfast.verify.records import AlgoLine, OrderLine, TradeLine
from holdfast.verify.venue_state import VenueAlgo, VenueState
from tests.verify.builders import ACCOUNT, SYMBOL, D, open_trade, stop_spec

OURS, THEIRS = stop_spec().client_id, "web_1"
LEG = (SYMBOL, "BOTH")


def trade(side: str, quantity: str, client_id: str, n: int = 1) -> TradeLine:
    """An execution."""
    return TradeLine(
        n=n, us=n, account=ACCOUNT, symbol=SYMBOL, order_id=1, client_id=client_id, trade_id=n, side=side, price=D(1),
        qty=D(quantity), fee=ZERO, fee_asset="USDT", realized=ZERO, maker=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("trades", "ours"),
    [
        ([("BUY", "2", OURS)], "2"),
        ([("BUY", "2", THEIRS)], "0"),
        ([("BUY", "2", OURS), ("BUY", "1", THEIRS)], "2"),
        ([("BUY", "2", OURS), ("SELL", "0.5", THEIRS)], "1.5"),
        ([("BUY", "2", OURS), ("BUY", "1", THEIRS), ("SELL", "1", THEIRS)], "2"),
        ([("BUY", "2", OURS), ("SELL", "3", THEIRS)], "0"),
        ([("SELL", "2", OURS), ("BUY", "2", OURS)], "0"),
        ([("SELL", "1", THEIRS), ("SELL", "3", OURS), ("BUY", "2", "adl_autoclose")], "-1"),
        ([("SELL", "1", THEIRS), ("SELL", "3", OURS), ("BUY", "3.5", "adl_autoclose")], "0"),
        ([("SELL", "1", THEIRS), ("BUY", "0.5", "autoclose-1")], "0"),
    ],
)
def test_our_part_of_a_position(trades, ours):
    """What we opened, less what anybody closed of it."""
    state = VenueState()
    for n, (side, quantity, client_id) in enumerate(trades, start=1):
        state.take_trade(trade(side, quantity, client_id, n))
    assert state.leg(LEG).ours == Decimal(ours)


def test_open_orders_leave_the_list_when_they_end():
    """By leg, ours and others'."""
    story, stop = open_trade()
    state = VenueState()
    for line in story.lines:
        if isinstance(line, OrderLine):
            state.take_order(line)
        elif isinstance(line, AlgoLine):
            state.take_algo(line)
    assert [order.client_id for order in state.open_on(LEG)] == [stop.client_id]
    assert state.open_stops(LEG) == state.all_open()
    assert state.accepted(stop.client_id)
    assert not state.accepted("hf-unknown")


@pytest.mark.parametrize(
    ("changed", "amount", "covered"),
    [
        ({"close_position": True}, "3", "3"),
        ({"close_position": True}, "-3", "0"),
        ({"reduce_only": True, "qty": D(2)}, "3", "2"),
        ({"reduce_only": True, "qty": D(5)}, "3", "3"),
        ({"qty": D(5)}, "3", "0"),
        ({"close_position": True, "type": "TAKE_PROFIT_MARKET"}, "3", "0"),
        ({"close_position": True, "side": "BUY"}, "-3", "3"),
    ],
)
def test_what_a_stop_covers(changed, amount, covered):
    """A stop on the exit side, for everything or for its reduce-only quantity."""
    fields = {"side": "SELL", "type": "STOP_MARKET", "qty": ZERO} | changed
    line = AlgoLine(
        n=1, us=1, account=ACCOUNT, symbol=SYMBOL, algo_id=1, client_id=OURS, trigger=D(95), status="NEW", **fields
    )
    assert VenueAlgo(line).covers(D(amount)) == D(covered)
