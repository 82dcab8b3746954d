"""The market's past and state as bots read them through ccxt."""

import pytest

S = "BTC/USDT:USDT"


async def test_ticker(exchange):
    """24 h statistics."""
    assert (await exchange.fetch_ticker(S))["last"] > 0


async def test_ticker_of_every_symbol(exchange):
    """Under ccxt's own names."""
    assert S in await exchange.fetch_tickers()


async def test_candles(exchange):
    """Rows of six, in the order of their times."""
    rows = await exchange.fetch_ohlcv(S, "1m", limit=50)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert len(rows[0]) == 6


@pytest.mark.parametrize("kind", ["mark", "index"])
async def test_candles_of_mark_and_index(exchange, kind):
    """The other price series."""
    assert await exchange.fetch_ohlcv(S, "1m", limit=5, params={"price": kind})


async def test_trades(exchange):
    """Public trades."""
    assert isinstance(await exchange.fetch_trades(S, limit=10), list)


async def test_funding(exchange):
    """The next payment, and the past ones."""
    assert (await exchange.fetch_funding_rate(S))["markPrice"] > 0
    assert isinstance(await exchange.fetch_funding_rate_history(S), list)


async def test_open_interest(exchange):
    """Open interest of a symbol."""
    assert (await exchange.fetch_open_interest(S))["symbol"] == S
