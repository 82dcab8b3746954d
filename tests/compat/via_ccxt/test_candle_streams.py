"""Tickers and candles as ccxt pro watches them."""

from tests.compat.via_ccxt.watching import watched

S = "BTC/USDT:USDT"


async def test_ticker(exchange):
    """The ticker as it changes."""
    assert (await watched(lambda: exchange.watch_ticker(S), bool))["last"] > 0


async def test_candles(exchange):
    """The candle of the running minute."""
    assert (await watched(lambda: exchange.watch_ohlcv(S, "1m"), bool))[-1][4] > 0
