"""Tickers and candles as the official SDK streams them."""

import pytest

from tests.compat.via_sdk.hearing import heard, take


@pytest.mark.parametrize(
    "stream, more, event",
    [
        ("kline_candlestick_streams", {"interval": "1m"}, "kline"),
        ("individual_symbol_ticker_streams", {}, "24hrTicker"),
        ("individual_symbol_mini_ticker_stream", {}, "24hrMiniTicker"),
    ],
)
async def test_a_stream(streams, stream, more, event):
    """The event reaches the handler of its subscription, parsed by the SDK's model."""
    handle = await getattr(streams, stream)(symbol="btcusdt", **more)
    assert (await take(heard(handle))).e == event
    await handle.unsubscribe()
