"""The market's past and state as bots read them through the official SDK."""

import pytest

S = "BTCUSDT"


def test_klines(rest):
    """Rows of twelve columns."""
    assert {len(row) for row in rest.kline_candlestick_data(symbol=S, interval="1m", limit=10).data()} == {12}


@pytest.mark.parametrize(
    "read",
    [
        "ticker24hr_price_change_statistics",
        "recent_trades_list",
        "compressed_aggregate_trades_list",
        "get_funding_rate_history",
        "open_interest",
    ],
)
def test_a_read_of_one_symbol(rest, read):
    """It answers, and the answer fits the SDK's model."""
    assert getattr(rest, read)(symbol=S).data() is not None


def test_funding_intervals(rest):
    """What differs from the usual eight hours."""
    assert isinstance(rest.get_funding_rate_info().data(), list)
