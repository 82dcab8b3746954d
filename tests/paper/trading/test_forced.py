"""The orders by which the venue closes a position (protocol notes C.7, E.3)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.paper.trading.forced import Cause, closing_order
from tests.paper.trading.test_liquidation import thin_desk


@pytest.mark.parametrize(
    ("cause", "name"),
    [("LIQUIDATION", "autoclose-"), ("ADL", "adl_autoclose"), ("SETTLEMENT", "settlement_autoclose-")],
)
def test_the_client_id_tells_the_cause(cause: Cause, name: str) -> None:
    """Auto-deleveraging has one name for all; the others have digits behind theirs."""
    exchange = thin_desk().venue.exchange
    account = exchange.accounts["paper"]
    leg = account.leg("BTCUSDT", "BOTH")
    order = closing_order(account, exchange.markets["BTCUSDT"], leg, cause, price=Decimal(1))
    assert order.client_id.startswith(name)
    assert (order.client_id == name) == (cause == "ADL")
    assert (order.side, order.tif, order.qty) == ("SELL" if leg.amt > 0 else "BUY", "IOC", abs(leg.amt))
