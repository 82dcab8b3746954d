"""Tickers and candles as python-binance streams them."""

import pytest

from tests.compat.via_python_binance.taking import take

S = "BTCUSDT"


@pytest.mark.parametrize(
    "stream, event",
    [
        ("btcusdt@kline_1m", "kline"),
        ("btcusdt@ticker", "24hrTicker"),
        ("btcusdt@miniTicker", "24hrMiniTicker"),
    ],
)
async def test_a_stream(sockets, stream, event):
    """The event comes in the combined frame, under the name it was asked by."""
    async with sockets.futures_multiplex_socket([stream]) as socket:
        message = await take(socket, lambda frame: "data" in frame)
    assert (message["stream"], message["data"]["e"]) == (stream, event)


async def test_kline_socket(sockets):
    """The client's own kline socket asks for the continuous contract."""
    async with sockets.kline_futures_socket(S) as socket:
        message = await take(socket, lambda frame: "k" in frame.get("data", frame))
    assert message.get("data", message)["e"] == "continuous_kline"
