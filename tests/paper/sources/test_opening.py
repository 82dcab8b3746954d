"""Names of markets, and what the first line of a file says."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.paper.market.market import BookTop, DepthSnapshot, Mark
from holdfast.paper.sources.klines import HEADER
from holdfast.paper.sources.opening import made_up, of_lines, parse_synthetic, usual_symbols
from holdfast.paper.sources.source import Grid, MarketFileError

KNOWN = {
    name: Grid(symbol=name, tick=Decimal("0.1"), step=Decimal("0.001"))
    for name in ("AAVEUSDT", "BTCUSDT", "ETHUSDT", "XRPUSDT")
}
FRAME = (
    b'1700000000000000 {"stream":"x","data":{"e":"bookTicker","u":7,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"2",'
    b'"T":1700000000000,"E":1700000000000}}\n'
)
CANDLE = b"1746372780000,100,101,99,100,5\n"


def test_file_names_are_no_synthetic_names() -> None:
    """Everything without the prefix is a file."""
    assert parse_synthetic("btcusdt_20230405.dat.gz") is None


def test_seed_alone_takes_the_usual_symbols() -> None:
    """The short form."""
    name = parse_synthetic("synthetic:42")
    assert name is not None
    assert (name.seed, name.symbols, name.start_prices) == (42, (), {})


def test_symbols_and_start_prices_are_chosen_in_the_name() -> None:
    """The long form."""
    name = parse_synthetic("synthetic:1:BTCUSDT=28155.1,ETHUSDT")
    assert name is not None
    assert name.symbols == ("BTCUSDT", "ETHUSDT")
    assert name.start_prices == {"BTCUSDT": Decimal("28155.1")}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("synthetic:", "whole number"),
        ("synthetic:abc", "whole number"),
        ("synthetic:-1", "whole number"),
        ("synthetic:1:BTCUSDT=x", "a start price is a number"),
        ("synthetic:1:BTCUSDT=NaN", "a start price is a number"),
        ("synthetic:1:BTCUSDT=0", "above 0"),
    ],
)
def test_broken_names_are_refused(name: str, rule: str) -> None:
    """With the rule they break."""
    with pytest.raises(MarketFileError, match=rule):
        parse_synthetic(name)


def test_usual_symbols_are_the_well_known_ones() -> None:
    """A thousand symbols would only slow a demo."""
    assert usual_symbols(KNOWN) == ["BTCUSDT", "ETHUSDT", "XRPUSDT"]
    assert usual_symbols({"AAVEUSDT": KNOWN["AAVEUSDT"]}) == ["AAVEUSDT"]


def test_made_up_market_keeps_the_grids_of_the_exchange() -> None:
    """And the chosen start."""
    name = parse_synthetic("synthetic:1:BTCUSDT=28155.17")
    assert name is not None
    first = next(made_up(name, KNOWN, start_us=1_000_000).events())[1]
    assert isinstance(first, DepthSnapshot)
    assert first.asks[0][0] == Decimal("28155.1")


def test_unknown_symbol_of_a_name_is_refused() -> None:
    """The exchange must have it."""
    name = parse_synthetic("synthetic:1:NOPEUSDT")
    assert name is not None
    with pytest.raises(MarketFileError, match="NOPEUSDT"):
        made_up(name, KNOWN, start_us=0)


def test_frames_are_recognised_by_their_first_line() -> None:
    """Empty lines before it do not matter; a recording without marks gets some."""
    events = [event for _, event in of_lines([b"\n", FRAME, FRAME], "any.dat", KNOWN)]
    assert [type(event) for event in events] == [BookTop, Mark, BookTop]


def test_klines_are_recognised_by_their_header_and_named_by_their_file() -> None:
    """The symbol stands before the first underscore."""
    _, event = next(of_lines([HEADER.encode() + b"\n", CANDLE], "ethusdt_1m_2025.csv.zst", KNOWN))
    assert event.symbol == "ETHUSDT"


@pytest.mark.parametrize(
    ("lines", "file_name", "rule"),
    [
        ([], "x", "a market file holds"),
        ([b"\n", b"\n"], "x", "a market file holds"),
        ([b"%PDF-1.7\n"], "x", "a market file holds"),
        ([b"\x00\x01\x02"], "x", "a market file holds"),
        ([b'{"symbol":"BTCUSDT"}\n'], "x", "a market file holds"),
        ([b"2025-01-01,5,5,5\n"], "x", "a line is"),
        ([FRAME.replace(b"BTCUSDT", b"NOPEUSDT")], "x", "NOPEUSDT"),
        ([HEADER.encode(), CANDLE], "klines.csv", "KLINES"),
        ([HEADER.encode() + b"\n"], "BTCUSDT_1m.csv", "at least one kline"),
    ],
)
def test_file_that_is_no_market_is_refused_at_once(lines: list[bytes], file_name: str, rule: str) -> None:
    """Before the first event is asked for."""
    with pytest.raises(MarketFileError, match=rule):
        of_lines(lines, file_name, KNOWN)
