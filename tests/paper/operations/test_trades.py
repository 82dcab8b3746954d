"""Trades over REST."""

from tests.paper.watched import NOW_MS, read, traded


def test_aggregates_by_id_time_and_number() -> None:
    """Protocol notes B.1: fromId, a window, or the latest."""
    desk = traded()
    both = read(desk, "aggTrades", symbol="BTCUSDT")
    assert [(row["a"], row["q"], row["l"] - row["f"], row["m"]) for row in both] == [
        (1, "1.500", 1, False),
        (2, "0.250", 0, True),
    ]
    assert read(desk, "aggTrades", symbol="BTCUSDT", fromId=2) == both[1:]
    assert read(desk, "aggTrades", symbol="BTCUSDT", startTime=NOW_MS, endTime=NOW_MS) == both[:1]
    assert read(desk, "aggTrades", symbol="BTCUSDT", limit=1) == both[1:]
    assert read(desk, "aggTrades", symbol="BTCUSDT", startTime=NOW_MS, endTime=NOW_MS + 7_200_000) == both


def test_old_trades_are_found_by_id() -> None:
    """The id itself is included."""
    desk = traded()
    rows = read(desk, "trades", symbol="BTCUSDT")
    assert [row["isBuyerMaker"] for row in rows] == [False, False, True]
    assert read(desk, "historicalTrades", symbol="BTCUSDT", fromId=rows[1]["id"], limit=1) == rows[1:2]
