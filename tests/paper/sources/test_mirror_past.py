"""Candles of the time before a mirror: read, put on our grid, and added to by what trades now."""

from decimal import Decimal

import pytest

from holdfast.paper.market.candles import Span, candles
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.history import History
from holdfast.paper.market.intervals import INTERVALS
from holdfast.paper.market.market import PublicTrade
from holdfast.paper.market.symbols import load_symbols
from holdfast.paper.sources.mirror_past import PastCandles, limit_of, weight_of

MINUTE, HOUR = 60_000, 3_600_000
START = 497_000 * HOUR
SYMBOL = load_symbols(default_exchange_info())[0]["BTCUSDT"]


def row(open_ms: int, volume: str = "10") -> str:
    """A candle as REST answers it."""
    return f'[{open_ms},"100","120","90","110","{volume}",{open_ms + 1},"1000",7,"6","600","0"]'


def body(*rows: str) -> bytes:
    """An answer."""
    return f"[{','.join(rows)}]".encode()


def loaded(**answers: bytes) -> History:
    """A market that begins with these candles."""
    past = PastCandles(minutes_only=False)
    for name in INTERVALS:
        if name != "1s":
            past.take(name, answers.get(f"of_{name}", b"[]"))
    assert past.done
    history = History(SYMBOL, 0)
    history.load(past.candles)
    return history


def trade(history: History, at_ms: int, price: str, qty: str = "1") -> None:
    """Strangers trade."""
    history.on_trade(
        PublicTrade(
            symbol="BTCUSDT", trade_id=1, price=Decimal(price), qty=Decimal(qty), buyer_maker=False, T=at_ms, E=at_ms
        )
    )


def shown(history: History, name: str, now_ms: int) -> list[tuple[int, Decimal, Decimal, Decimal]]:
    """Open time, high, close and volume of the last candles of an interval."""
    assert history.past is not None
    bars = candles(history.contract, name, Span(limit=10), now_ms=now_ms, before=history.past)
    return [(bar.open_ms, bar.high, bar.close, bar.volume) for bar in bars]


def test_what_trades_now_is_added_to_the_open_candles():
    """The open minute is told in the open hour too; it counts once there."""
    open_ms = START + 5 * MINUTE
    history = loaded(
        of_1m=body(row(open_ms - MINUTE, "3"), row(open_ms, "4")), of_1h=body(row(START - HOUR, "50"), row(START, "20"))
    )
    trade(history, open_ms + 30_000, "130", "1")
    now_ms = open_ms + 40_000
    high, close = Decimal(120), Decimal(130)
    minutes = [(open_ms - MINUTE, high, Decimal(110), Decimal(3)), (open_ms, close, close, Decimal(5))]
    assert shown(history, "1m", now_ms) == minutes
    hours = [(START - HOUR, high, Decimal(110), Decimal(50)), (START, close, close, Decimal(21))]
    assert shown(history, "1h", now_ms) == hours
    trade(history, open_ms + MINUTE, "125", "2")
    trade(history, open_ms + 2 * MINUTE, "125", "2")
    assert shown(history, "1h", open_ms + 2 * MINUTE)[-1] == (START, close, Decimal(125), Decimal(25))
    assert shown(history, "1m", open_ms + 2 * MINUTE)[1] == minutes[1]


def test_nothing_is_made_up_before_what_is_known():
    """Older candles than those that were told do not exist; intervals that were not told are made up as ever."""
    history = loaded(of_1m=body(row(START, "3")))
    trade(history, START + 1_000, "110")
    assert [bar[0] for bar in shown(history, "1m", START + 2_000)] == [START]
    assert len(shown(history, "1d", START + 2_000)) == 10


def test_a_market_that_remembers_takes_no_other_past():
    """An exchange that was taken up again has its own."""
    history = History(SYMBOL, 0)
    trade(history, START, "100")
    before = shown(history, "1m", START)
    past = PastCandles(minutes_only=True)
    past.take("1m", body(row(START - MINUTE)))
    history.load(past.candles)
    assert shown(history, "1m", START) == before


@pytest.mark.parametrize("answer", [b"", b"{}", b"[]", b"[[1]]", body(row(START + 1))])
def test_an_answer_that_is_none_leaves_the_past_unknown(answer: bytes):
    """So does one whose candles do not open where ours do."""
    past = PastCandles(minutes_only=True)
    past.take("1m", answer)
    assert past.done
    assert past.candles == {}


def test_giving_up_forgets_what_came():
    """Half a past would not fit together; answers that are still on their way change nothing."""
    past = PastCandles(minutes_only=False)
    past.take("1m", body(row(START)))
    past.give_up()
    past.take("1h", body(row(START)))
    assert (past.done, past.missing, past.candles) == (True, [], {})


def test_what_the_questions_cost():
    """Protocol notes B.1: 2 up to 500 candles, 10 above 1,000."""
    assert {name: (limit_of(name), weight_of(name)) for name in ("1m", "3m", "1M")} == {
        "1m": (1500, 10),
        "3m": (500, 2),
        "1M": (500, 2),
    }
