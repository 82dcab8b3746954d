"""The market's past and state as bots read them through python-binance."""

import time

import pytest

S = "BTCUSDT"


@pytest.mark.parametrize("interval", ["1m", "1h"])
def test_klines(client, interval):
    """A hundred rows of twelve columns, in the order of their times."""
    rows = client.futures_klines(symbol=S, interval=interval, limit=100)
    assert [len(row) for row in rows] == [12] * len(rows)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert rows


def test_historical_klines(client):
    """The client's own loop over pages comes to an end."""
    assert client.futures_historical_klines(S, "1m", int(time.time() * 1000) - 600_000)


def test_funding_rate(client):
    """A list, perhaps an empty one on a young exchange."""
    assert isinstance(client.futures_funding_rate(symbol=S), list)


def test_ticker_of_a_day(client):
    """24 h statistics."""
    assert float(client.futures_ticker(symbol=S)["lastPrice"]) > 0


def test_recent_trades(client):
    """Public trades, once there were some."""
    assert isinstance(client.futures_recent_trades(symbol=S, limit=10), list)


def test_aggregate_trades(client):
    """Aggregated public trades."""
    assert isinstance(client.futures_aggregate_trades(symbol=S, limit=10), list)


def test_open_interest(client):
    """Open interest of a symbol."""
    assert client.futures_open_interest(symbol=S)["symbol"] == S
