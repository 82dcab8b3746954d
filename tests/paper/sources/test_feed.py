"""Recorded frames into market events: kinds, time, and what makes a file none of ours."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from holdfast.paper.market.market import BookTop, DepthDiff, DepthSnapshot, Mark, PublicTrade
from holdfast.paper.sources.feed import FrameReader, read_frames
from holdfast.paper.sources.source import MarketFileError

TICKS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "ticks" / "hftbacktest"

AT_MS = 1_700_000_000_000


def line(data: str, *, received: str = f"{AT_MS}000", stream: str = "x") -> bytes:
    """A recorded line around one wrapped frame."""
    return f'{received} {{"stream":"{stream}","data":{data}}}\n'.encode()


def top(event_ms: int = AT_MS, *, received: str = f"{AT_MS}000", bid: str = "100.0") -> bytes:
    """A best bid and ask."""
    best = f'"u":7,"s":"BTCUSDT","b":"{bid}","B":"1","a":"100.1","A":"2"'
    return line(f'{{"e":"bookTicker",{best},"T":{event_ms},"E":{event_ms}}}', received=received)


def times(lines: list[bytes]) -> list[int]:
    """The times the reader gives."""
    return [at for at, _ in read_frames(lines)]


BOOK = '"bids":[["100.0","3"]],"asks":[["100.1","4"]]'
SNAPSHOT = f'{AT_MS}000 {{"lastUpdateId":9,"E":{AT_MS},"T":{AT_MS},{BOOK}}}\n'.encode()


def test_book_ticker_becomes_a_book_top() -> None:
    """Numbers keep every digit of the text."""
    assert list(read_frames([top()])) == [
        (
            AT_MS * 1000,
            BookTop(
                symbol="BTCUSDT",
                bid=Decimal("100.0"),
                bid_qty=Decimal(1),
                ask=Decimal("100.1"),
                ask_qty=Decimal(2),
                u=7,
                T=AT_MS,
                E=AT_MS,
            ),
        )
    ]


def test_depth_update_becomes_a_depth_diff() -> None:
    """Quantity 0 is kept: it removes the level."""
    data = f'{{"e":"depthUpdate","E":{AT_MS},"T":{AT_MS},"s":"BTCUSDT","U":1,"u":3,"pu":0,"b":[["99","0.000"]],"a":[]}}'
    ((_, event),) = read_frames([line(data)])
    assert isinstance(event, DepthDiff)
    assert (event.U, event.u, event.pu, event.bids, event.asks) == (1, 3, 0, [(Decimal(99), Decimal(0))], [])


@pytest.mark.parametrize(("kind", "key"), [("trade", "t"), ("aggTrade", "a")])
def test_trades_become_public_trades(kind: str, key: str) -> None:
    """Single and aggregate trades both move the last price."""
    data = f'{{"e":"{kind}","E":{AT_MS},"T":{AT_MS},"s":"BTCUSDT","{key}":5,"p":"100.1","q":"0.006","m":true}}'
    ((_, event),) = read_frames([line(data)])
    assert isinstance(event, PublicTrade)
    assert (event.trade_id, event.price, event.qty, event.buyer_maker) == (5, Decimal("100.1"), Decimal("0.006"), True)


@pytest.mark.parametrize(("rate", "expected"), [("0.00002760", "0.00002760"), ("", "0")])
def test_mark_price_becomes_a_mark(rate: str, expected: str) -> None:
    """T of a mark frame is its next funding; a contract without funding sends an empty rate."""
    prices = f'"p":"100.05","P":"1","i":"100.2","r":"{rate}"'
    frame = line(f'{{"e":"markPriceUpdate","E":{AT_MS},"s":"BTCUSDT",{prices},"T":{AT_MS + 5}}}')
    ((_, event),) = read_frames([frame])
    assert isinstance(event, Mark)
    assert (event.mark, event.index, event.rate, event.next_funding_ms) == (
        Decimal("100.05"),
        Decimal("100.2"),
        Decimal(expected),
        AT_MS + 5,
    )


def test_bare_frames_are_read_too() -> None:
    """A recording of a raw stream has no wrapper."""
    wrapped = top()
    bare = wrapped.replace(b'{"stream":"x","data":', b"").replace(b"}}", b"}")
    assert list(read_frames([bare])) == list(read_frames([wrapped]))


def test_snapshot_takes_the_symbol_of_the_recording() -> None:
    """The REST answer names no symbol."""
    event = list(read_frames([top(), SNAPSHOT]))[1][1]
    assert isinstance(event, DepthSnapshot)
    assert (event.symbol, event.u, event.asks) == ("BTCUSDT", 9, [(Decimal("100.1"), Decimal(4))])


def test_snapshot_before_any_frame_waits_for_its_symbol() -> None:
    """It still comes first."""
    events = [event for _, event in read_frames([SNAPSHOT, top()])]
    assert [type(event) for event in events] == [DepthSnapshot, BookTop]


def test_snapshot_in_a_recording_of_two_symbols_is_refused() -> None:
    """Nobody can tell whose book it is."""
    with pytest.raises(MarketFileError, match=r"line 3: .*only one"):
        list(read_frames([top(), top().replace(b"BTCUSDT", b"ETHUSDT"), SNAPSHOT]))


@pytest.mark.parametrize("received", [f"{AT_MS}", f"{AT_MS}000", f"{AT_MS}000000"])
def test_receive_times_come_in_three_units(received: str) -> None:
    """Milli-, micro- and nanoseconds are told apart by their digits."""
    assert times([top(1, received=received)]) == [AT_MS * 1000]


def test_time_is_the_venues_not_the_receivers() -> None:
    """A receive clock that runs 1.4 s behind does not matter."""
    assert times([top(AT_MS + 1400)]) == [(AT_MS + 1400) * 1000]


def test_time_never_falls() -> None:
    """Streams overtake each other; time stands still for the one that was overtaken."""
    assert times([top(AT_MS), top(AT_MS - 276), top(AT_MS + 1)]) == [AT_MS * 1000, AT_MS * 1000, (AT_MS + 1) * 1000]


def test_absurd_event_time_falls_back_to_the_corrected_receive_time() -> None:
    """The last known difference between both clocks still holds."""
    lines = [top(AT_MS + 1400), top(5, received=f"{AT_MS + 10}000")]
    assert times(lines) == [(AT_MS + 1400) * 1000, (AT_MS + 1410) * 1000]


def test_absurd_event_time_does_not_reach_the_streams() -> None:
    """The event itself carries the time that was given to it."""
    ((_, event),) = read_frames([top(5)])
    assert event.E == AT_MS


@pytest.mark.parametrize(
    "passed",
    [
        line('{"e":"kline","E":1,"s":"BTCUSDT","k":{}}'),
        line('{"e":"forceOrder","E":1,"o":{"s":"BTCUSDT"}}'),
        line('[{"e":"markPriceUpdate","E":1}]'),
        f'{AT_MS}000 {{"result":null,"id":1}}\n'.encode(),
        b"\n",
    ],
)
def test_lines_without_meaning_to_a_market_are_passed_over(passed: bytes) -> None:
    """Other kinds, subscription answers and empty lines are no error."""
    assert len(list(read_frames([passed, top()]))) == 1


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (b"open_time_ms,open,high\n", "a line is"),
        (b'{"e":"bookTicker"}\n', "a line is"),
        (b"12 {}\n", "13, 16 or 19 digits"),
        (b"x700000000000000 {}\n", "13, 16 or 19 digits"),
        (f"{AT_MS}000 not json\n".encode(), "malformed"),
        (f"{AT_MS}000 {{}}\n".encode(), "stream frame or a depth snapshot"),
        (f'{AT_MS}000 {{"stream":"x","da'.encode(), "truncated"),
        (top(bid="NaN"), "prices"),
        (top(bid="-1"), "above 0"),
        (top(bid="1e309"), "above 0"),
        (top(bid="abc"), "Invalid decimal"),
        (top().replace(b'"s":"BTCUSDT",', b""), "missing required field `s`"),
        (top().replace(b'"u":7', b'"u":"7"'), "Expected `int`"),
        (line(f'{{"e":"trade","E":{AT_MS},"T":1,"s":"A","t":5,"p":"1","q":"0","m":true}}'), "above 0"),
        (line('{"e":"depthUpdate","E":1,"T":1,"s":"A","U":1,"u":3,"pu":0,"b":[["1","-1"]],"a":[]}'), "a level needs"),
        (line('{"e":"markPriceUpdate","E":1,"s":"A","p":"1","i":"1","r":"9","T":1}'), "funding rate"),
        (b"\x00\xff\x1f\x8b\n", "a line is"),
    ],
)
def test_broken_line_is_named_with_its_number_and_rule(bad: bytes, rule: str) -> None:
    """The operator learns where and why."""
    with pytest.raises(MarketFileError, match=rule) as caught:
        list(read_frames([top(), bad]))
    assert caught.value.line == 2


def test_file_without_one_market_frame_is_refused() -> None:
    """A recording of other streams only is no market."""
    with pytest.raises(MarketFileError, match="holds a market frame"):
        list(read_frames([line('{"e":"kline","E":1}')]))


def test_empty_file_is_refused() -> None:
    """An empty file is no market either."""
    with pytest.raises(MarketFileError, match="0 lines"):
        list(read_frames([]))


def test_reader_holds_nothing_back() -> None:
    """Each line's events come out with that line: a recording is never collected."""
    reader = FrameReader()
    assert [len(reader.read(frame)) for frame in (top(), top(), top())] == [1, 1, 1]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("btcusdt_20230405.dat.gz", {BookTop: 37440, DepthDiff: 11788, PublicTrade: 10738, Mark: 415}),
        ("ethusdt_20240808.gz", {BookTop: 53992, DepthDiff: 6586, PublicTrade: 14076, DepthSnapshot: 1}),
    ],
)
def test_real_recordings_are_read_completely(name: str, counts: dict[type, int]) -> None:
    """Every frame of a real recording becomes an event, in rising time."""
    path = TICKS / name
    if not path.exists():
        pytest.skip(f"recorded ticks are not here: {name}")
    found: dict[type, int] = {}
    last_us = 0
    with gzip.open(path) as lines:
        for at_us, event in read_frames(lines):
            assert at_us >= last_us
            last_us = at_us
            found[type(event)] = found.get(type(event), 0) + 1
    assert found == counts
