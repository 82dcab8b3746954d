"""Rarely used flags of the account as the official SDK reads them."""

import pytest


@pytest.mark.parametrize(
    "read",
    ["position_adl_quantile_estimation", "get_bnb_burn_status", "futures_trading_quantitative_rules_indicators"],
)
def test_a_flag(rest, read):
    """It answers, and the answer fits the SDK's model."""
    assert getattr(rest, read)().data() is not None


def test_isolated_margin_is_added(rest):
    """Margin of an isolated position, and the record of the change."""
    symbol = "ETHUSDT"
    rest.change_margin_type(symbol=symbol, margin_type="ISOLATED")
    rest.new_order(symbol=symbol, side="BUY", type="MARKET", quantity=0.1)
    added = rest.modify_isolated_position_margin(symbol=symbol, amount=5, type="1").data()
    assert float(added.amount) == 5
    assert rest.get_position_margin_change_history(symbol=symbol).data()
