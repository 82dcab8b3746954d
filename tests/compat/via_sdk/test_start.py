"""What bots built on the official SDK read before they trade, and the account's settings."""

import time

import pytest
from binance_common.errors import BadRequestError

S = "BTCUSDT"


def test_ping(rest):
    """The address answers."""
    assert rest.test_connectivity().status == 200


def test_the_clock_is_the_machines(rest):
    """So that the SDK's time stamps are taken."""
    assert abs(rest.check_server_time().data().server_time - time.time() * 1000) < 5_000


def test_exchange_info_fits_the_model(rest):
    """The typed model keeps the filters of a symbol."""
    [row] = [row for row in rest.exchange_information().data().symbols if row.symbol == S]
    assert {"LOT_SIZE", "PRICE_FILTER", "MIN_NOTIONAL"} <= {one.filter_type for one in row.filters}


def test_rate_limits_are_read_from_the_headers(rest):
    """The SDK shows the weight that was used."""
    assert [limit.count for limit in rest.exchange_information().rate_limits if limit.rateLimitType == "REQUEST_WEIGHT"]


@pytest.mark.parametrize("read", ["futures_account_balance_v2", "futures_account_balance_v3"])
def test_balances(rest, read):
    """Both versions."""
    [row] = [row for row in getattr(rest, read)().data() if row.asset == "USDT"]
    assert float(row.balance) > 9_000


@pytest.mark.parametrize("read", ["account_information_v2", "account_information_v3"])
def test_account(rest, read):
    """Both versions."""
    assert float(getattr(rest, read)().data().total_wallet_balance) > 9_000


def test_order_book(rest):
    """The best bid is below the best ask."""
    book = rest.order_book(symbol=S, limit=20).data()
    assert float(book.bids[0][0]) < float(book.asks[0][0])


@pytest.mark.parametrize(
    "read",
    [
        "mark_price",
        "symbol_price_ticker",
        "symbol_price_ticker_v2",
        "symbol_order_book_ticker",
        "notional_and_leverage_brackets",
        "user_commission_rate",
        "symbol_configuration",
        "get_income_history",
    ],
)
def test_a_read_of_one_symbol(rest, read):
    """It answers, and the answer fits the SDK's model."""
    reply = getattr(rest, read)(symbol=S)
    assert reply.status == 200
    assert reply.data() is not None


@pytest.mark.parametrize(
    "read",
    [
        "futures_account_configuration",
        "get_current_multi_assets_mode",
        "query_user_rate_limit",
    ],
)
def test_a_read_of_the_account(rest, read):
    """It answers, and the answer fits the SDK's model."""
    assert getattr(rest, read)().data() is not None


def test_leverage(rest):
    """The reply repeats what was set."""
    assert rest.change_initial_leverage(symbol=S, leverage=6).data().leverage == 6


def test_margin_type(rest):
    """There and back; a change to what already is has its code."""
    rest.change_margin_type(symbol=S, margin_type="ISOLATED")
    with pytest.raises(BadRequestError) as refused:
        rest.change_margin_type(symbol=S, margin_type="ISOLATED")
    assert refused.value.status_code == -4046
    rest.change_margin_type(symbol=S, margin_type="CROSSED")


def test_hedge_mode(rest):
    """Two sides of one symbol at once."""
    rest.change_position_mode(dual_side_position="true")
    assert rest.get_current_position_mode().data().dual_side_position is True
    for side, position in (("BUY", "LONG"), ("SELL", "SHORT")):
        rest.new_order(symbol=S, side=side, position_side=position, type="MARKET", quantity=0.01)
    sizes = {row.position_side: float(row.position_amt) for row in rest.position_information_v3(symbol=S).data()}
    assert sizes == {"LONG": 0.01, "SHORT": -0.01}
