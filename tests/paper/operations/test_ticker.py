"""Prices over REST."""

from decimal import Decimal

from tests.paper.watched import read, traded


def test_the_day_ticker_agrees_with_the_candles() -> None:
    """Its window is 24 hours and the minute that runs; the sums are those of the minutes in it."""
    desk = traded()
    day = read(desk, "ticker/24hr", symbol="BTCUSDT")
    rows = read(desk, "klines", symbol="BTCUSDT", interval="1m", startTime=day["openTime"], limit=1500)
    assert Decimal(day["volume"]) == sum(Decimal(row[5]) for row in rows)
    assert Decimal(day["quoteVolume"]) == sum(Decimal(row[7]) for row in rows)
    assert day["count"] == sum(row[8] for row in rows)
    assert (day["openPrice"], day["lastPrice"], day["lastQty"]) == (rows[0][1], "80000.00", "0.250")
    assert Decimal(day["priceChange"]) == Decimal(day["lastPrice"]) - Decimal(day["openPrice"])
    assert 86_400_000 <= day["closeTime"] - day["openTime"] < 86_460_000


def test_the_day_of_all_symbols_leaves_out_what_does_not_trade() -> None:
    """Protocol notes B.1, measured: only TRADING contracts."""
    desk = traded()
    desk.control("symbol", symbol="BTCUSDT", status="SETTLING")
    assert read(desk, "ticker/24hr") == []
    assert read(desk, "ticker/24hr", symbol="BTCUSDT")["symbol"] == "BTCUSDT"


def test_our_own_positions_are_part_of_the_open_interest() -> None:
    """What is made up stays; what our accounts hold is added."""
    desk = traded()
    before = Decimal(read(desk, "openInterest", symbol="BTCUSDT")["openInterest"])
    desk.order(quantity="0.500")
    assert Decimal(read(desk, "openInterest", symbol="BTCUSDT")["openInterest"]) == before + Decimal("0.5")
