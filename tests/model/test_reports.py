"""What identifies an execution and a money movement."""

from decimal import Decimal

import pytest

from holdfast.model.orders import Side
from holdfast.model.reports import Channel, Fill, IncomeRow


def fill(**changes: object) -> Fill:
    """One execution."""
    fields = {"channel": Channel.STREAM, "symbol": "BTCUSDT", "order_id": 1, "trade_id": 2, "side": Side.BUY,
              "price": Decimal(1), "quantity": Decimal(1), "fee": None, "fee_asset": "", "realized": Decimal(0),
              "maker": False}  # fmt: skip
    return Fill(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"symbol": "ETHUSDT"}, {"order_id": 9}, {"trade_id": 9}])
def test_a_fill_is_identified_by_symbol_order_and_trade(change):
    """Each of the three makes it another one (RULES 15)."""
    assert fill(**change).key != fill().key


@pytest.mark.parametrize("change", [{"channel": Channel.QUERY}, {"fee": Decimal("0.1")}, {"client_id": "x"},
                                    {"venue_ms": 5}])  # fmt: skip
def test_what_a_channel_adds_does_not_make_it_another_fill(change):
    """The same execution, told by another channel."""
    assert fill(**change).key == fill().key


def test_an_income_row_is_identified_by_more_than_its_id():
    """tranId is unique per type only."""
    row = IncomeRow(type="FUNDING_FEE", tran_id=1, asset="USDT", amount=Decimal(1), symbol="BTCUSDT")
    other = IncomeRow(type="COMMISSION", tran_id=1, asset="USDT", amount=Decimal(1), symbol="BTCUSDT")
    bnb = IncomeRow(type="FUNDING_FEE", tran_id=1, asset="BNB", amount=Decimal(1), symbol="BTCUSDT")
    assert len({row.key, other.key, bnb.key}) == 3
