"""The mirror: what it asks of a venue, what it tells the exchange, and when it says that it does not know."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.paper.market.market import DepthDiff, DepthSnapshot, Mark, Outage, PublicTrade
from holdfast.paper.sources import mirror_links
from holdfast.paper.sources.feed import read_frames
from holdfast.paper.sources.mirror import OWED_MS, QUIET_MS, STALE_AFTER_MS, SYMBOLS_A_CONNECTION
from tests.paper.mirrored import Stage


def kinds(events: list[object]) -> list[str]:
    """The types of events, in order."""
    return [type(event).__name__ for event in events]


def test_each_stream_is_asked_for_on_its_route():
    """Protocol notes F.1: depth and best prices are public, trades and marks are market."""
    stage = Stage("BTCUSDT", "ETHUSDT").start()
    names = {stage.open[link]: names for link, names in stage.subscribed.items()}
    assert names == {
        "public": ["btcusdt@depth@100ms", "btcusdt@bookTicker", "ethusdt@depth@100ms", "ethusdt@bookTicker"],
        "market": ["btcusdt@aggTrade", "btcusdt@markPrice@1s", "ethusdt@aggTrade", "ethusdt@markPrice@1s"],
    }


def test_many_symbols_take_several_connections():
    """Protocol notes F.5: 200 names in one SUBSCRIBE are fine."""
    symbols = [f"A{number}USDT" for number in range(SYMBOLS_A_CONNECTION + 1)]
    stage = Stage(*symbols, weight=100_000).start()
    assert sorted(len(names) for names in stage.subscribed.values()) == [2, 2, 200, 200]
    stage.run(5_000)
    assert stage.mirror.live


def test_a_market_begins_with_its_book_and_its_mark():
    """First the book, then that it is live, then the mark, on which stops and liquidations look."""
    stage = Stage()
    stage.start()
    assert kinds(stage.events + stage.told()) == ["Outage", "DepthSnapshot", "Outage", "Mark"]
    assert stage.outages() == ["the mirror begins", ""]
    assert stage.mirror.live


def test_without_a_mark_there_is_no_market():
    """A stop could not trigger, and a risk not be judged."""
    stage = Stage()
    stage.marks = False
    stage.start()
    stage.run(5_000)
    assert stage.asked == []
    assert stage.outages() == ["the mirror begins"]
    stage.mark()
    stage.run(100)
    assert stage.mirror.live


def test_events_of_a_live_market_are_told():
    """In the order in which they come."""
    stage = Stage().start()
    stage.told()
    stage.diff(100, 102, ["79999.0", "3"])
    stage.top(102)
    stage.trade(5)
    stage.mark()
    assert kinds(stage.told()) == ["DepthDiff", "BookTop", "PublicTrade", "Mark"]


def test_what_waited_for_the_snapshot_comes_after_it():
    """Protocol notes F.3."""
    stage = Stage()
    stage.answers = False
    stage.start()
    stage.diff(98, 99)
    stage.diff(99, 103, ["79999.0", "3"])
    stage.answer()
    told = stage.told()
    assert kinds(told) == ["DepthSnapshot", "DepthDiff", "Outage", "Mark"]
    assert isinstance(told[1], DepthDiff)
    assert told[1].u == 103


def test_a_snapshot_that_is_too_old_is_asked_for_again():
    """Protocol notes F.3, step 4."""
    stage = Stage()
    stage.answers = False
    stage.start()
    stage.diff(110, 111)
    stage.answer()
    assert not stage.mirror.live
    stage.book["lastUpdateId"] = 111
    stage.run(300)
    assert len(stage.asked) == 1
    stage.answer()
    assert stage.mirror.live


def test_a_gap_makes_the_market_stale_until_a_new_book():
    """Protocol notes F.3, step 5; nothing of the half-known market is told meanwhile."""
    stage = Stage().start()
    stage.answers = False
    stage.diff(100, 102)
    stage.told()
    stage.diff(103, 105)
    assert not stage.mirror.live
    stage.top(106)
    stage.trade(5)
    stage.mark()
    assert kinds(stage.told()) == ["Outage"]
    stage.run(100)
    stage.book["lastUpdateId"] = 106
    stage.answer()
    assert kinds(stage.told()) == ["DepthSnapshot", "Outage", "Mark"]
    assert stage.outages()[2:] == ["depth events are missing: after 102 came one that follows 103", ""]


def test_other_symbols_do_not_notice():
    """A gap concerns one book."""
    stage = Stage("BTCUSDT", "ETHUSDT").start()
    stage.told()
    stage.answers = False
    stage.diff(100, 102)
    stage.diff(103, 105)
    stage.diff(100, 101, symbol="ethusdt")
    assert [event.symbol for event in stage.told()] == ["BTCUSDT", "BTCUSDT", "ETHUSDT"]


def test_a_lost_connection_makes_the_market_stale_at_once():
    """What happens meanwhile is not known; the next connection brings a new book."""
    stage = Stage().start()
    stage.net = False
    stage.close(stage.links("public")[0])
    assert stage.outages()[-1] == "the connection to its book: the connection was lost"
    stage.run(2_000)
    assert not stage.mirror.live
    stage.net = True
    stage.run(5_000)
    assert stage.mirror.live


def test_a_venue_whose_numbers_begin_anew_is_followed():
    """A restarted venue has lower update ids, lower trade ids and perhaps an earlier clock."""
    stage = Stage().start()
    stage.top(101)
    stage.trade(1_000)
    stage.marks = False
    stage.close(stage.links("public")[0])
    stage.book["lastUpdateId"] = 5
    stage.run(3_000)
    stage.told()
    stage.diff(5, 6)
    stage.top(6)
    stage.trade(1)
    stage.mark(E=stage.now_ms - 60_000)
    assert kinds(stage.told()) == ["DepthDiff", "BookTop", "PublicTrade", "Mark"]


def test_a_snapshot_that_comes_after_the_connection_went_is_not_used():
    """Who would tell what happened since?"""
    stage = Stage()
    stage.answers = False
    stage.start()
    stage.net = False
    stage.close(stage.links("public")[0])
    stage.answer()
    assert not stage.mirror.live


def test_connections_that_ended_leave_nothing_behind():
    """A mirror runs for months."""
    stage = Stage().start()
    for _ in range(20):
        stage.close(stage.links("public")[0])
        stage.diff(100, 101)
        stage.run(70_000)
        stage.diff(100, 101)
    assert len(stage.mirror._links) == 2
    assert len(stage.mirror._symbols["BTCUSDT"].book._chains) == 1


def test_losing_trades_and_marks_for_a_moment_is_no_outage():
    """A mark may be ten seconds old."""
    stage = Stage().start()
    stage.close(stage.links("market")[0])
    stage.run(3_000)
    assert stage.outages() == ["the mirror begins", ""]
    assert len(stage.links("market")) == 1


def test_a_mark_that_stays_away_makes_the_market_stale():
    """And the silent connection is replaced."""
    stage = Stage().start()
    stage.run(60_000)
    stage.marks = False
    stage.diff(100, 101)
    stage.run(STALE_AFTER_MS + 200)
    assert stage.outages()[-1] == "it had no mark price for 10 s"
    stage.marks = True
    stage.run(5_000)
    assert stage.mirror.live
    assert len(stage.subscribed) == 3


def test_a_quiet_book_is_confirmed_by_its_best_prices():
    """It costs a question every three seconds, and no snapshot."""
    stage = Stage().start()
    stage.answers = False
    asked: list[str] = []
    for _ in range(300):
        stage.run(100)
        asked += [ask.target for ask in stage.asked]
        while stage.asked:
            stage.answer()
    assert stage.outages() == ["the mirror begins", ""]
    assert set(asked) == {"/fapi/v1/ticker/bookTicker?symbol=BTCUSDT"}
    assert 30_000 // QUIET_MS - 3 <= len(asked) <= 30_000 // QUIET_MS


def test_a_book_that_nobody_confirms_is_stale():
    """Quiet, and REST does not answer either: within ten seconds the market is not played on any more."""
    stage = Stage().start()
    stage.answers = False
    stage.run(STALE_AFTER_MS - 1_200)
    assert stage.mirror.live
    stage.run(1_500)
    assert stage.outages()[-1] == "its book was neither told nor confirmed for 10 s"


def test_streams_that_are_open_and_silent_are_found():
    """Protocol notes L.3: an acknowledged subscription proves nothing. The prices moved, and nobody told."""
    stage = Stage().start()
    stage.run(60_000)
    stage.tops = ("80010.0", "2", "80010.1", "2", 200)
    stage.run(3 * QUIET_MS)
    assert "its streams are silent while its prices move" in stage.outages()
    stage.book["lastUpdateId"] = 200
    stage.run(3 * QUIET_MS)
    assert len(stage.subscribed) == 3, "the connection was replaced"


def test_a_newer_id_with_the_same_prices_is_no_doubt():
    """Nobody says that update ids stand still while a book does."""
    stage = Stage().start()
    stage.tops = ("80000.0", "2", "80000.1", "2", 99_999)
    stage.run(30_000)
    assert stage.outages() == ["the mirror begins", ""]


def test_a_depth_stream_that_falls_silent_alone_is_found():
    """Best prices move on, and their depth events do not follow."""
    stage = Stage().start()
    for number in range(OWED_MS // 100 + 1):
        stage.top(101 + number)
        stage.run(100)
    stage.run(200)
    assert stage.outages()[-2:] == ["its depth events do not follow its best prices", ""]


def test_depth_events_that_follow_their_best_prices_are_enough():
    """Best prices are told at once, depth every 100 ms: in a busy market it is always behind."""
    stage = Stage().start()
    for number in range(100):
        stage.top(102 + number)
        stage.run(100)
        stage.diff(100 + number if number else 100, 101 + number)
    assert stage.outages() == ["the mirror begins", ""]


def test_the_roll_of_a_day_has_no_hole(monkeypatch: pytest.MonkeyPatch):
    """Both connections tell everything for a while; the exchange hears it once. The day has five seconds here."""
    monkeypatch.setattr(mirror_links, "ROLL_AFTER_MS", 5_000)
    monkeypatch.setattr(mirror_links, "ROLL_EVERY_MS", 5_000)
    stage = Stage().start()
    opened, both, last = dict(stage.open), 0, 100
    stage.told()
    stage.events.clear()
    for number in range(90):
        stage.run(100)
        both += len(stage.links("public")) == 2
        stage.diff(last, last + 1)
        stage.trade(number)
        last += 1
    stage.told()
    diffs = [event.u for event in stage.events if isinstance(event, DepthDiff)]
    trades = [event.trade_id for event in stage.events if isinstance(event, PublicTrade)]
    marks = [event.E for event in stage.events if isinstance(event, Mark)]
    assert both >= mirror_links.OVERLAP_MS // 100
    assert not set(opened) & set(stage.open), "the old connections are closed"
    assert diffs == list(range(101, 191))
    assert trades == list(range(90))
    assert len(marks) == len(set(marks)) == 9
    assert not [event for event in stage.events if isinstance(event, Outage)]


def test_a_throttled_snapshot_is_asked_for_when_the_venue_said():
    """The reason says when, for people."""
    stage = Stage()
    stage.answers = False
    stage.start()
    stage.answer(429, b'{"code":-1003,"msg":"Too many requests"}', **{"retry-after": "20"})
    (reason,) = stage.outages()[1:]
    assert reason.startswith("no depth snapshot: HTTP 429 ")
    assert reason.endswith("asked for again in 29 s"), "the minute has 29 s left, which is longer than 20"
    stage.run(28_500)
    assert stage.asked == []
    stage.run(500)
    assert len(stage.asked) == 1


def test_a_refused_subscription_is_tried_on_another_connection():
    """Protocol notes F.4: an error instead of a result."""
    stage = Stage().start()
    link = stage.links("public")[0]
    stage.hear(link, {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": 1})
    assert link not in stage.open
    stage.run(2_000)
    assert stage.mirror.live


@pytest.mark.parametrize(
    "message",
    [b"", b"{", b"[]", b"null", b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade"}}', b'{"stream":1}', b"\xff"],
)
def test_a_frame_that_cannot_be_read_is_counted(message: bytes):
    """It ends nothing; a hole that it leaves in a book shows in the next event."""
    stage = Stage().start()
    stage.mirror.frame(stage.now_ms * 1000, stage.links("market")[0], message)
    assert stage.mirror.unreadable <= 1
    assert stage.mirror.live


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"<html>", b'{"lastUpdateId":1,"bids":[["x","1"]],"asks":[],"E":1,"T":1}']
)
def test_a_snapshot_that_cannot_be_read_is_asked_for_again(body: bytes):
    """After a while, and the reason is told."""
    stage = Stage()
    stage.answers = False
    stage.start()
    stage.answer(200, body)
    assert stage.outages()[-1] == "its depth snapshot cannot be read"
    stage.run(STALE_AFTER_MS + 100)
    stage.answer()
    assert stage.mirror.live


def test_a_venue_clock_that_is_ahead_counts_as_now():
    """Tomorrow's candle is not opened today."""
    stage = Stage().start()
    stage.told()
    stage.mark(E=stage.now_ms + 5_000)
    (event,) = stage.told()
    assert stage.now_ms == event.E


def test_what_is_recorded_plays_the_same_book():
    """The lines are those of a recording: `--market FILE` tells what the mirror told."""
    stage = Stage("BTCUSDT", "ETHUSDT")
    stage.answers = False
    stage.start()
    stage.diff(99, 101, ["79999.0", "3"])
    while stage.asked:
        stage.answer()
    stage.diff(101, 104, ["79998.0", "4"])
    stage.trade(5)
    stage.mark()
    stage.diff(107, 110, ["1.0", "4"])
    lived = [event for event in stage.told() if not isinstance(event, Outage)]
    played = [event for _, event in read_frames(stage.lines)]
    marks_at_begin = [event for event in lived if isinstance(event, Mark)][:2]
    assert played == [event for event in lived if not any(event is mark for mark in marks_at_begin)]


ACTS = st.one_of(
    st.tuples(st.just("diff"), st.integers(0, 3)),
    st.tuples(st.sampled_from(["top", "trade", "gap", "drop", "cut", "refuse", "silence", "speak"])),
    st.tuples(st.just("pass"), st.sampled_from([100, 900, 4_000])),
)


@given(st.lists(ACTS, max_size=40))
def test_a_live_market_is_never_older_than_its_bound(acts: list[tuple[str, ...]]):
    """Whatever breaks, the exchange is told in time, hears nothing while stale, and each market begins with a book."""
    stage, last = Stage().start(), 100
    for what, *numbers in acts:
        if what == "diff":
            stage.diff(last, last + 1 + int(numbers[0]))
            last += 1 + int(numbers[0])
        elif what == "gap":
            last += 5
        elif what == "top":
            stage.top(last)
        elif what == "trade":
            stage.trade(last)
        elif what == "drop" and stage.open:
            stage.close(next(iter(stage.open)))
        elif what == "cut":
            stage.net = not stage.net
        elif what == "refuse":
            stage.answers = not stage.answers
        elif what in ("silence", "speak"):
            stage.marks = what == "speak"
        elif what == "pass":
            stage.run(int(numbers[0]))
        stage.book["lastUpdateId"] = last
        watched = stage.mirror._symbols["BTCUSDT"]
        if watched.live:
            assert stage.now_ms - watched.mark_ms <= STALE_AFTER_MS + 100
            assert stage.now_ms - watched.heard_ms <= STALE_AFTER_MS + 100
    stage.told()
    live = False
    for before, event in zip([None, *stage.events], stage.events, strict=False):
        if isinstance(event, Outage):
            assert event.reason or isinstance(before, DepthSnapshot | DepthDiff)
            live = not event.reason
        else:
            assert live or isinstance(event, DepthSnapshot | DepthDiff)
    stage.net = stage.answers = stage.marks = True
    while stage.asked:
        stage.mirror.unanswered(stage.now_ms, stage.asked.pop(0).number, "cut")
    stage.run(70_000)
    assert stage.mirror.live, "it recovers by itself"


def test_the_first_touch_is_that_of_the_book():
    """Until best prices are told, those of the snapshot are what REST has to agree with."""
    stage = Stage().start()
    touch = stage.mirror._symbols["BTCUSDT"].touch
    assert touch == (Decimal("80000.0"), Decimal(2), Decimal("80000.1"), Decimal(2))
