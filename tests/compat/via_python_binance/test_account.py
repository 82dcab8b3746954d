"""The account's settings and reports through python-binance."""

import pytest
from binance.exceptions import BinanceAPIException

S = "BTCUSDT"


def test_leverage(client):
    """The reply repeats what was set."""
    assert client.futures_change_leverage(symbol=S, leverage=7)["leverage"] == 7


def test_margin_type(client):
    """There and back; a change to what already is has its code."""
    assert client.futures_change_margin_type(symbol=S, marginType="ISOLATED")["code"] == 200
    with pytest.raises(BinanceAPIException) as refused:
        client.futures_change_margin_type(symbol=S, marginType="ISOLATED")
    assert refused.value.code == -4046
    assert client.futures_change_margin_type(symbol=S, marginType="CROSSED")["code"] == 200


def test_hedge_mode(client):
    """Two sides of one symbol at once."""
    client.futures_change_position_mode(dualSidePosition="true")
    assert client.futures_get_position_mode()["dualSidePosition"] is True
    for side, position in (("BUY", "LONG"), ("SELL", "SHORT")):
        client.futures_create_order(symbol=S, side=side, positionSide=position, type="MARKET", quantity="0.010")
    rows = {row["positionSide"]: row["positionAmt"] for row in client.futures_position_information(symbol=S)}
    assert float(rows["LONG"]) == 0.010
    assert float(rows["SHORT"]) == -0.010


def test_leverage_brackets(client):
    """The tiers of a symbol."""
    [row] = client.futures_leverage_bracket(symbol=S)
    assert row["brackets"][0]["initialLeverage"] > 1


def test_commission_rate(client):
    """The fees of the account."""
    assert float(client.futures_commission_rate(symbol=S)["takerCommissionRate"]) > 0


def test_trades_and_income_follow_a_fill(client):
    """A market order leaves a trade, and its fee in the income history."""
    order = client.futures_create_order(symbol=S, side="BUY", type="MARKET", quantity="0.010")
    trades = client.futures_account_trades(symbol=S, orderId=order["orderId"])
    assert sum(float(row["qty"]) for row in trades) == pytest.approx(0.010)
    fees = client.futures_income_history(symbol=S, incomeType="COMMISSION")
    assert float(fees[-1]["income"]) < 0


@pytest.mark.parametrize("read", ["futures_account_config", "futures_get_multi_assets_mode"])
def test_settings_are_objects(client, read):
    """The account's settings."""
    assert isinstance(getattr(client, read)(), dict)


def test_symbol_config(client):
    """Leverage and margin type of a symbol."""
    client.futures_change_leverage(symbol=S, leverage=9)
    [row] = client.futures_symbol_config(symbol=S)
    assert row["leverage"] == 9


def test_isolated_margin_is_added(client):
    """Margin of an isolated position, and the record of the change."""
    client.futures_change_margin_type(symbol="ETHUSDT", marginType="ISOLATED")
    client.futures_create_order(symbol="ETHUSDT", side="BUY", type="MARKET", quantity="0.100")
    assert client.futures_change_position_margin(symbol="ETHUSDT", amount="5", type=1)["code"] == 200
    assert client.futures_position_margin_history(symbol="ETHUSDT")
