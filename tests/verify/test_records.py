"""Lines of the venue log, decoded strictly enough to trust them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.verify import VerifyError
from holdfast.verify.records import IncomeLine, MarketLine, PositionLine, Request, TradeLine, decode_line

TRADE = (
    b'{"n":7,"us":5,"k":"trade","account":"main","symbol":"BTCUSDT","order_id":1,"client_id":"a","trade_id":2,'
    b'"side":"SELL","position_side":"BOTH","price":"100.10","qty":"0.300","quote":"30.03","fee":"0.01501500",'
    b'"fee_asset":"USDT","realized":"-1.5","maker":false}'
)


def test_money_keeps_every_digit():
    """Decimals come from the text."""
    line = decode_line(TRADE, 7)
    assert isinstance(line, TradeLine)
    assert str(line.fee) == "0.01501500"
    assert line.signed == Decimal("-0.300")
    assert line.key == ("BTCUSDT", 1, 2)


def test_fields_that_nobody_reads_are_passed_over():
    """The log may grow."""
    line = decode_line(b'{"n":1,"us":5,"k":"position","account":"a","symbol":"X","amt":"-1","entry":"2","new":[1]}', 1)
    assert isinstance(line, PositionLine)
    assert line.amt == -1


def test_a_request_keeps_its_parameters_as_text():
    """As received, whatever they say."""
    line = decode_line(b'{"n":1,"us":5,"k":"req","via":"rest","method":"GET /x","account":"","params":{"a":"1.0"}}', 1)
    assert isinstance(line, Request)
    assert line.params == {"a": "1.0"}


def test_income_is_keyed_as_the_ledger_keys_it():
    """tranId is unique per type only."""
    line = decode_line(b'{"n":1,"us":5,"k":"income","account":"a","tran_id":3,"type":"T","asset":"U","amount":"1"}', 1)
    assert isinstance(line, IncomeLine)
    assert line.key == ("T", 3, "", "U")


def test_a_mirrored_market_that_falls_out_of_step_is_a_line():
    """Logs of a mirror are judged like any other."""
    line = decode_line(b'{"n":1,"us":5,"k":"market","symbol":"BTCUSDT","stale":"no mark price"}', 1)
    assert line == MarketLine(n=1, us=5, symbol="BTCUSDT", stale="no mark price")


@pytest.mark.parametrize(
    "line", [b"", b"{}", b'{"n":1}', b'{"k":"trade","n":1,"us":1}', b'{"k":"moon","n":1,"us":1}', b"\xff\xfe", b"[1]"]
)
def test_what_is_no_line_is_named(line):
    """The number where it should have been."""
    with pytest.raises(VerifyError, match="venue log n 12: not a line"):
        decode_line(line, 12)


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "snan", "inf", "nan12"])
def test_what_is_no_number_is_refused(text):
    """Nothing can be compared with it, or added up."""
    line = (
        b'{"k":"income","n":7,"us":1,"account":"a","tran_id":1,"type":"X","asset":"USDT","amount":"%s"}' % text.encode()
    )
    with pytest.raises(VerifyError, match=r"venue log n 7: .* is no number"):
        decode_line(line, 7)


@pytest.mark.parametrize(
    ("stamp", "signed"), [("17", 17), ("", 0), ("soon", 0), ("-5", 0), ("\u00b2", 0), ("9" * 16, 0)]
)
def test_a_stamp_that_no_clock_shows_is_none(stamp, signed):
    """A client may send anything."""
    assert Request(n=1, us=1, via="rest", method="GET /x", params={"timestamp": stamp}).signed_ms == signed
    assert Request(n=1, us=1, via="rest", method="GET /x").signed_ms == 0
