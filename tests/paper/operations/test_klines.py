"""Candles over REST."""

from decimal import Decimal

from tests.paper.desk import Desk
from tests.paper.watched import MINUTE_MS, MINUTE_OPEN_MS, NOW_MS, read, traded


def test_a_candle_counts_what_traded_in_its_minute() -> None:
    """Protocol notes B.1: twelve slots, the taker's among them."""
    rows = read(traded(), "klines", symbol="BTCUSDT", interval="1m", limit=1)
    open_ms = MINUTE_OPEN_MS + 60_000
    price = "80000.00"
    quote = "20000.000"
    assert rows == [[open_ms, price, price, price, price, "0.250", open_ms + 59_999, rows[0][7], 1, "0.000", "0", "0"]]
    assert Decimal(rows[0][7]) == Decimal(quote)


def test_a_bot_gets_its_500_candles_before_the_first_trade() -> None:
    """Contiguous, ending now, on ticks: enough to warm up indicators."""
    desk = Desk()
    for interval, step_ms in (("1m", MINUTE_MS), ("1h", 60 * MINUTE_MS)):
        rows = read(desk, "klines", symbol="BTCUSDT", interval=interval)
        assert len(rows) == 500
        assert [row[0] for row in rows] == [rows[0][0] + number * step_ms for number in range(500)]
        assert rows[-1][0] <= NOW_MS < rows[-1][6]
        assert all(Decimal(row[5]) > 0 for row in rows[:-1])


def test_windows_of_candles() -> None:
    """From a start the first ones; up to an end the last ones; both ends included."""
    desk = traded()
    start = MINUTE_OPEN_MS - 10 * MINUTE_MS

    def opens(**window: int) -> list[int]:
        rows = read(desk, "klines", symbol="BTCUSDT", interval="1m", **window)
        return [(row[0] - start) // MINUTE_MS for row in rows]

    assert opens(startTime=start, limit=3) == [0, 1, 2]
    assert opens(startTime=start, endTime=start + MINUTE_MS) == [0, 1]
    assert opens(endTime=start, limit=2) == [-1, 0]


def test_seconds_exist_for_continuous_contracts() -> None:
    """Protocol notes A.8."""
    rows = read(traded(), "continuousKlines", pair="BTCUSDT", contractType="PERPETUAL", interval="1s", limit=2)
    assert [row[0] for row in rows] == [NOW_MS + 60_000, NOW_MS + 61_000]
    assert read(traded(), "continuousKlines", pair="BTCUSDT", contractType="NEXT_QUARTER", interval="1m") == []


def test_mark_index_and_premium_have_candles() -> None:
    """Index and mark are apart here, so the premium shows it."""
    desk = Desk()
    desk.mark("80080")
    rows = read(desk, "markPriceKlines", symbol="BTCUSDT", interval="1m", limit=1)
    assert (rows[0][2], rows[0][4], rows[0][5]) == ("80080.00000000", "80080.00000000", "0")
    assert read(desk, "indexPriceKlines", pair="BTCUSDT", interval="1m", limit=1)[0][4] == "80080.00000000"
    assert read(desk, "premiumIndexKlines", symbol="BTCUSDT", interval="1m", limit=1)[0][4] == "0.00000000"
