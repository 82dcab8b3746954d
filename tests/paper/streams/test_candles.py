"""Streams of candles and of the last 24 hours."""

from decimal import Decimal
from typing import Any

import pytest

from tests.paper.desk import SECOND, START_US, Desk

MINUTE = 60 * SECOND
MINUTE_START_US = START_US + (-START_US) % MINUTE

NUMBERS = {"t", "T", "f", "L", "n"}


def listening(*names: str) -> Desk:
    """A desk with market streams subscribed, at the start of a minute, after one trade at 80,000."""
    desk = Desk()
    desk.wait(MINUTE_START_US - START_US)
    desk.trade("80000.0", "1", seller_aggressive=False)
    desk.venue.ws_open(1, f"/market/ws/{'/'.join(names)}", desk.now_us)
    return desk


def of_kind(desk: Desk, kind: str) -> list[Any]:
    """The frames of one kind."""
    return [frame for frame in desk.sent() if frame["e"] == kind]


def test_an_open_candle_is_told_at_most_every_250_ms() -> None:
    """With every key in its type, and without `st` (protocol notes F.1, F.2)."""
    desk = listening("btcusdt@kline_1m")
    for price in ("80010.0", "79990.0", "80005.0"):
        desk.trade(price, "0.5", seller_aggressive=True)
    desk.wait(SECOND)
    [frame] = of_kind(desk, "kline")
    candle = frame["k"]
    assert set(frame) == {"e", "E", "s", "k"}
    assert " ".join(candle) == "t T s i f L o c h l v n x q V Q B"
    for key, value in candle.items():
        assert type(value) is (int if key in NUMBERS else bool if key == "x" else str), key
    shown = [candle[key] for key in ("o", "h", "l", "c", "v", "V", "n", "x", "i")]
    assert shown == ["80000.00", "80010.00", "79990.00", "80005.00", "2.500", "1.000", 4, False, "1m"]
    assert (candle["t"], candle["T"]) == (MINUTE_START_US // 1000, MINUTE_START_US // 1000 + 59_999)


def test_every_candle_closes_traded_or_not() -> None:
    """Once, with `x` true: bots wait for it (protocol notes F.2)."""
    desk = listening("btcusdt@kline_1m")
    for _ in range(180):
        desk.wait(SECOND)
    closed = [frame["k"] for frame in of_kind(desk, "kline") if frame["k"]["x"]]
    assert [candle["t"] for candle in closed] == [MINUTE_START_US // 1000 + 60_000 * n for n in range(3)]
    assert [candle["v"] for candle in closed] == ["1.000", "0.000", "0.000"]
    assert [candle["c"] for candle in closed] == ["80000.00"] * 3
    assert [(candle["f"], candle["L"], candle["n"]) for candle in closed[1:]] == [(-1, -1, 0)] * 2


def test_a_closed_candle_is_what_a_read_answers() -> None:
    """Streams and reads share one memory."""
    desk = listening("btcusdt@kline_1m")
    for second in range(60):
        desk.trade(f"{80000 + second % 7}.0", "0.25", seller_aggressive=bool(second % 2))
        desk.wait(SECOND)
    closed = [frame["k"] for frame in of_kind(desk, "kline") if frame["k"]["x"]]
    [row] = desk.raw("GET", f"/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1&startTime={closed[0]['t']}").body
    told = [closed[0][key] for key in ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q")]
    assert [Decimal(value) for value in row[:11]] == [Decimal(value) for value in told]


def test_a_continuous_candle_names_pair_and_contract_type() -> None:
    """In lower case in the stream's name (protocol notes F.1)."""
    desk = listening("btcusdt_perpetual@continuousKline_1s")
    desk.trade("80010.0", "0.5", seller_aggressive=True)
    desk.wait(SECOND)
    frames = of_kind(desk, "continuous_kline")
    assert (frames[0]["ps"], frames[0]["ct"], frames[0]["k"]["i"]) == ("BTCUSDT", "PERPETUAL", "1s")
    assert "s" not in frames[0]
    assert "s" not in frames[0]["k"]


@pytest.mark.parametrize("name", ["btcusdt@kline_1s", "btcusdt@kline_7m", "btcusdt@kline_1M ", "btcusdt@kline_"])
def test_other_intervals_are_silent(name: str) -> None:
    """As every unknown name (protocol notes F.1)."""
    desk = listening(name)
    desk.trade("80010.0", "0.5", seller_aggressive=True)
    desk.wait(10 * SECOND)
    assert desk.sent() == []


def test_the_mini_ticker_comes_every_two_seconds_after_trades() -> None:
    """Eleven keys (protocol notes F.1, F.2)."""
    desk = listening("btcusdt@miniTicker")
    for _ in range(6):
        desk.trade("80010.0", "0.5", seller_aggressive=True)
        desk.wait(SECOND)
    frames = of_kind(desk, "24hrMiniTicker")
    assert len(frames) == 3
    assert " ".join(frames[0]) == "e E s ps c o h l v q st"
    desk.wait(10 * SECOND)
    assert len(of_kind(desk, "24hrMiniTicker")) <= 1
    desk.wait(10 * SECOND)
    assert desk.sent() == []


def test_the_ticker_has_every_key_in_its_type() -> None:
    """Ids, times and counters are numbers (protocol notes F.2)."""
    desk = listening("btcusdt@ticker")
    desk.trade("80010.0", "0.5", seller_aggressive=True)
    desk.wait(2 * SECOND)
    [frame] = of_kind(desk, "24hrTicker")
    assert " ".join(frame) == "e E s ps p P w c Q o h l v q O C F L n st"
    numbers = {"E", "O", "C", "F", "L", "n", "st"}
    assert all(type(value) is (int if key in numbers else str) for key, value in frame.items())
    assert (frame["c"], frame["Q"]) == ("80010.00", "0.500")
    change = Decimal(frame["c"]) - Decimal(frame["o"])
    assert Decimal(frame["p"]) == change
    assert Decimal(frame["P"]) == round(change * 100 / Decimal(frame["o"]), 3)


@pytest.mark.parametrize(("name", "kind"), [("!ticker@arr", "24hrTicker"), ("!miniTicker@arr", "24hrMiniTicker")])
def test_arrays_of_tickers_hold_what_has_traded(name: str, kind: str) -> None:
    """Every second, only the rows that have changed (protocol notes F.1)."""
    desk = listening(name)
    desk.trade("80010.0", "0.5", seller_aggressive=True)
    desk.trade("3000.00", "0.5", seller_aggressive=True, symbol="ETHUSDT")
    desk.wait(SECOND)
    desk.trade("3000.00", "0.5", seller_aggressive=True, symbol="ETHUSDT")
    desk.wait(SECOND)
    desk.wait(SECOND)
    frames = desk.sent()
    assert [[row["s"] for row in frame] for frame in frames] == [["BTCUSDT", "ETHUSDT"], ["ETHUSDT"]]
    assert {row["e"] for frame in frames for row in frame} == {kind}
