"""Fills of the accounts are public trades: streams, reads, candles, tickers and the last price know them."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given

from tests.paper.desk import SECOND, Desk
from tests.paper.market.test_display import STEPS, Life, heard, limit, other_order, pair
from tests.paper.watched import read


def tape(desk: Desk) -> list[tuple[str, str, bool]]:
    """Price, quantity and direction of the public trades, oldest first."""
    rows = read(desk, "trades", symbol="BTCUSDT")
    return [(row["price"], row["qty"], row["isBuyerMaker"]) for row in rows]


def fills(desk: Desk) -> list[Any]:
    """The account's own trades."""
    rows: list[Any] = desk.call("GET", "/fapi/v1/userTrades", symbol="BTCUSDT").body
    return rows


def test_a_taker_prints_a_trade_with_the_id_of_its_fill() -> None:
    """The aggressor bought, so the buyer is not the maker (protocol notes B.1, F.2)."""
    desk = pair("btcusdt@trade")
    desk.order(quantity="0.010")
    [frame] = heard(desk, "btcusdt@trade")
    [fill] = fills(desk)
    assert (frame["t"], frame["p"], frame["q"], frame["m"]) == (fill["id"], "80000.10", "0.010", False)
    assert tape(desk) == [("80000.10", "0.010", False)]


@pytest.mark.parametrize(("side", "taker"), [("BUY", "SELL"), ("SELL", "BUY")])
def test_two_accounts_print_one_trade(side: str, taker: str) -> None:
    """Maker and taker share it; `m` says whether the buyer was waiting (protocol notes F.2)."""
    desk = pair()
    desk.book("80000.0", "80010.0")
    limit(desk, side, "80005.0", "0.010")
    assert other_order(desk, side=taker, price="80005.0", quantity="0.010") == 200
    assert tape(desk) == [("80005.00", "0.010", side == "BUY")]


def test_one_aggregate_for_each_price_of_a_taker() -> None:
    """Two makers and the market at one price are one aggTrade, the next price another (protocol notes F.1)."""
    desk = pair()
    desk.levels({"80000.0": "1"}, {"80001.0": "0.010", "80002.0": "1"})
    limit(desk, "SELL", "80001.0", "0.020")
    limit(desk, "SELL", "80001.0", "0.030")
    assert other_order(desk, side="BUY", price="80002.0", quantity="0.100") == 200
    rows = read(desk, "aggTrades", symbol="BTCUSDT")
    assert [(row["p"], row["q"], row["l"] - row["f"]) for row in rows] == [
        ("80001.00", "0.060", 2),
        ("80002.00", "0.040", 0),
    ]


def test_ids_go_on_from_the_market_s_and_the_market_s_from_ours() -> None:
    """Nobody can tell by an id whose trade it was (protocol notes B.1)."""
    desk = pair()
    desk.trade("80000.1", "1", seller_aggressive=False)
    first = desk.update_id
    desk.order(quantity="0.010")
    desk.update_id = first
    desk.trade("80000.1", "1", seller_aggressive=False)
    assert [row["id"] for row in read(desk, "trades", symbol="BTCUSDT")] == [first, first + 1, first + 2]


def test_before_the_market_s_first_trade_ids_rise_too() -> None:
    """A recording may begin with small numbers after we have traded (protocol notes B.1)."""
    desk = pair()
    desk.order(quantity="0.010")
    for _ in range(2):
        desk.trade("80000.1", "1", seller_aggressive=False)
    ids = [row["id"] for row in read(desk, "trades", symbol="BTCUSDT")]
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]


def test_what_a_resting_order_got_of_a_stranger_s_trade_is_told_out_of_it() -> None:
    """The seller sold 3: our bid got 1 of it, so 1 and 2 are told, and the volume is 3 (protocol notes B.1)."""
    desk = pair()
    desk.book("80000.0", "80010.0")
    limit(desk, "BUY", "80005.0", "1.000")
    desk.trade("80005.0", "3", seller_aggressive=True)
    assert tape(desk) == [("80005.00", "1.000", True), ("80005.00", "2.000", True)]


def test_a_stranger_s_trade_that_was_ours_alone_is_told_once() -> None:
    """Under one id, and the next one follows without a hole (protocol notes B.1)."""
    desk = pair()
    desk.trade("80000.1", "1", seller_aggressive=False)
    desk.book("80000.0", "80010.0")
    limit(desk, "BUY", "80005.0", "1.000")
    desk.update_id = 500
    desk.trade("80005.0", "0.4", seller_aggressive=True)
    desk.trade("80000.0", "0.4", seller_aggressive=True)
    assert tape(desk)[1:] == [
        ("80005.00", "0.400", True),
        ("80005.00", "0.600", True),
        ("80000.00", "0.400", True),
    ]
    ids = [row["id"] for row in read(desk, "trades", symbol="BTCUSDT")]
    assert all(later > earlier for earlier, later in pairwise(ids))


def test_candles_tickers_and_the_last_price_know_our_trades() -> None:
    """Protocol notes B.1, F.2."""
    desk = pair()
    desk.trade("80000.0", "1", seller_aggressive=True)
    desk.wait(61 * SECOND)
    desk.order(quantity="0.500")
    assert read(desk, "ticker/price", symbol="BTCUSDT")["price"] == "80000.10"
    day = read(desk, "ticker/24hr", symbol="BTCUSDT")
    assert (day["lastPrice"], day["lastQty"]) == ("80000.10", "0.500")
    candle = read(desk, "klines", symbol="BTCUSDT", interval="1m", limit=1)[0]
    assert (candle[4], candle[5], candle[9]) == ("80000.10", "0.500", "0.500")


def test_c1_a_trade_with_an_rpi_order_says_so() -> None:
    """`isRPITrade` true, and `nq` without it (protocol notes C.1, F.2)."""
    desk = pair()
    desk.book("80000.0", "80010.0")
    limit(desk, "BUY", "80005.0", "1.000", timeInForce="RPI")
    desk.trade("80005.0", "1", seller_aggressive=True)
    assert [row["isRPITrade"] for row in read(desk, "trades", symbol="BTCUSDT")] == [True]
    assert [(row["q"], row["nq"]) for row in read(desk, "aggTrades", symbol="BTCUSDT")] == [("1.000", "0.000")]


def test_a_market_without_trades_has_the_middle_as_last_price_again_once_it_moves() -> None:
    """Otherwise the first fill of ours would be its last price for ever (protocol notes D.4)."""
    desk = pair()
    desk.order(quantity="0.010")
    assert read(desk, "ticker/price", symbol="BTCUSDT")["price"] == "80000.10"
    desk.book("81000.0", "81000.2")
    assert read(desk, "ticker/price", symbol="BTCUSDT")["price"] == "81000.10"


def test_deleveraging_and_settlement_are_no_market_trades() -> None:
    """The venue closes a position itself: nothing was traded in the book (protocol notes F.2, `X`)."""
    desk = pair()
    desk.order(quantity="0.010")
    desk.control("adl", account="paper", symbol="BTCUSDT")
    assert len(fills(desk)) == 2
    assert len(tape(desk)) == 1


@given(STEPS)
def test_the_tape_holds_every_fill_once_and_the_market_s_trades_less_ours(steps: list[Any]) -> None:
    """Law: each fill is one public trade of its id, price and quantity; ids rise; nothing is printed besides."""
    life = Life()
    strangers = Decimal(0)
    for step in steps:
        life.take(step)
        strangers += Decimal(step[2]) / 10 if step[0] == "trade" else 0
    exchange = life.desk.venue.exchange
    own = {
        trade.trade_id: (trade.price, trade.qty)
        for account in exchange.accounts.values()
        for trade in account.trades.get("BTCUSDT", ())
    }
    rows = list(exchange.history(exchange.markets["BTCUSDT"]).trades)
    ids = [row.trade_id for row in rows]
    assert ids == sorted(set(ids))
    printed = {row.trade_id: (row.price, row.qty) for row in rows}
    assert {trade_id: printed.get(trade_id) for trade_id in own} == own
    theirs = sum((row.qty for row in rows if row.trade_id not in own), Decimal(0))
    assert theirs <= strangers
    assert sum((row.qty for row in rows), Decimal(0)) >= strangers
