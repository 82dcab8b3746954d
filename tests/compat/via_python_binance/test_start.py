"""What bots built on python-binance read before they trade."""

import time

S = "BTCUSDT"


def test_the_client_starts(client):
    """Its constructor has pinged the Spot address by now; the futures address answers too."""
    assert client.futures_ping() == {}


def test_the_clock_is_the_machines(client):
    """So that the client's time stamps are taken."""
    assert abs(client.futures_time()["serverTime"] - time.time() * 1000) < 5_000


def test_exchange_info_has_the_filters(client):
    """Steps and minimums of a symbol are where bots look for them."""
    rows = {row["symbol"]: row for row in client.futures_exchange_info()["symbols"]}
    filters = {row["filterType"]: row for row in rows[S]["filters"]}
    assert float(filters["LOT_SIZE"]["stepSize"]) > 0
    assert float(filters["PRICE_FILTER"]["tickSize"]) > 0


def test_balances(client):
    """The account has the USDT it was given."""
    [row] = [row for row in client.futures_account_balance() if row["asset"] == "USDT"]
    assert float(row["balance"]) > 9_000


def test_account(client):
    """The account's totals and its assets."""
    account = client.futures_account()
    assert float(account["totalWalletBalance"]) > 9_000
    assert {"assets", "positions", "canTrade"} <= set(account)


def test_order_book_is_sorted(client):
    """The best bid is below the best ask."""
    book = client.futures_order_book(symbol=S, limit=20)
    assert float(book["bids"][0][0]) < float(book["asks"][0][0])


def test_mark_price(client):
    """Mark price and funding of a symbol."""
    assert float(client.futures_mark_price(symbol=S)["markPrice"]) > 0


def test_price_of_every_symbol(client):
    """Without a symbol it is a list."""
    assert S in [row["symbol"] for row in client.futures_symbol_ticker()]


def test_best_bid_and_ask(client):
    """The book ticker."""
    row = client.futures_orderbook_ticker(symbol=S)
    assert float(row["bidPrice"]) < float(row["askPrice"])
