"""The memory of one market."""

from decimal import Decimal

import pytest

from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.history import History
from holdfast.paper.market.market import PublicTrade
from holdfast.paper.market.symbols import parse_row
from tests.paper.desk import SECOND, Desk

_SYMBOL = parse_row(default_exchange_info()["symbols"][0])
_T = 1_790_000_000_000


def _history(*rows: tuple[int, str, str, bool]) -> History:
    history = History(_SYMBOL, 0)
    for number, (at_ms, price, qty, maker) in enumerate(rows, start=1):
        ms = _T + at_ms
        event = PublicTrade(
            symbol="BTCUSDT", trade_id=number, price=Decimal(price), qty=Decimal(qty), buyer_maker=maker, T=ms, E=ms
        )
        history.on_trade(event)
    return history


@pytest.mark.parametrize(
    ("second", "joined"),
    [
        ((99, "5", "2", True), True),
        ((100, "5", "2", True), False),
        ((50, "6", "2", True), False),
        ((50, "5", "2", False), False),
    ],
)
def test_trades_join_within_100_ms_at_one_price_and_side(second: tuple[int, str, str, bool], joined: bool) -> None:
    """Protocol notes B.1, aggTrades."""
    history = _history((0, "5", "1", True), second)
    assert len(history.aggregates) == (1 if joined else 2)
    assert sum(row.qty for row in history.aggregates) == 3
    assert [row.number for row in history.aggregates] == list(range(1, len(history.aggregates) + 1))


def test_takers_are_told_from_makers() -> None:
    """Only what an aggressive buyer took counts as taken."""
    history = _history((0, "5", "1", True), (200, "6", "2", False))
    bar = history.contract.bars("1m")[-1]
    assert (bar.volume, bar.quote, bar.taker, bar.taker_quote, bar.count) == (3, 17, 2, 12, 2)


def test_a_day_holds_24_hours_and_the_minute_that_runs() -> None:
    """What is older has left it; the made-up past counts as long as it is young enough."""
    history = _history((0, "5", "1", True))
    later = _T + 86_400_000 + 61_000
    assert history.day(later) is not None
    day = history.day(later)
    assert day is not None
    assert (day.total.volume, day.total.close, day.open_ms % 60_000) == (0, 5, 0)
    assert later - day.open_ms < 86_400_000 + 60_000


def test_a_day_grows_within_its_minute() -> None:
    """The sum of closed minutes is kept, the open one is added each time."""
    history = _history((0, "5", "1", True))
    before = history.day(_T)
    event = PublicTrade(symbol="X", trade_id=9, price=Decimal(6), qty=Decimal(2), buyer_maker=False, T=_T, E=_T)
    history.on_trade(event)
    after = history.day(_T)
    assert before is not None
    assert after is not None
    assert after.total.volume - before.total.volume == 2
    assert (after.last_qty, after.total.last_id) == (2, 9)


def test_nothing_is_known_before_the_first_price() -> None:
    """No candle, no day."""
    history = History(_SYMBOL, 0)
    assert history.day(_T) is None
    assert history.candle("1m", _T) is None


def test_markets_that_keep_no_history_begin_one_when_asked() -> None:
    """The simulator saves the work; a client still gets candles."""
    desk = Desk(market_history=False)
    desk.trade("80000.1", "1", seller_aggressive=False)
    assert desk.venue.exchange.market("BTCUSDT").history is None
    desk.raw("GET", "/fapi/v1/klines?symbol=BTCUSDT&interval=1m")
    desk.wait(SECOND)
    desk.trade("80000.2", "1", seller_aggressive=False)
    assert len(desk.raw("GET", "/fapi/v1/klines?symbol=BTCUSDT&interval=1m").body) == 500
