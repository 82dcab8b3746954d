"""What the mirror asks of a venue beside its market: the candles of the past, and its contracts as they change."""

import json

import pytest

from holdfast.paper.market.intervals import INTERVALS
from holdfast.paper.market.market import Past
from holdfast.paper.sources.mirror import CONTRACTS_EVERY_MS
from holdfast.paper.sources.mirror_past import MOST_SYMBOLS_WITH_ALL
from tests.paper.mirrored import Stage, row_of


def rows(*opens_ms: int) -> bytes:
    """Candles as REST answers them (protocol notes B.1)."""
    tail = ["1", "2", "0.5", "1.5", "10", 0, "15", 4, "6", "9", "0"]
    return json.dumps([[open_ms, *tail] for open_ms in opens_ms]).encode()


def test_the_candles_of_the_past_come_before_the_book():
    """A bot that asks for 500 finds the venue's; those that do not lie on our grid are left alone."""
    stage = Stage()
    stage.candles = None
    stage.answers = False
    stage.start()
    asked: dict[str, str] = {}
    while any(ask.kind == "klines" for ask in stage.asked):
        asked[stage.asked[0].interval] = stage.asked[0].target
        off_the_grid = stage.asked[0].interval == "3d"
        stage.answer(body=rows(60_000 if off_the_grid else 0))
        stage.run(100)
    assert list(asked) == [name for name in INTERVALS if name != "1s"]
    assert asked["1m"] == "/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1500"
    assert asked["1M"] == "/fapi/v1/klines?symbol=BTCUSDT&interval=1M&limit=500"
    stage.told()
    (past,) = [event for event in stage.events if isinstance(event, Past)]
    assert set(past.candles) == set(asked) - {"3d", "1w"}, "weeks begin on Mondays, and the epoch on a Thursday"
    assert past.candles["1m"][0].taker_quote == 9
    assert not stage.mirror.live
    stage.answer()
    assert stage.mirror.live


def test_a_venue_that_does_not_tell_its_past_has_a_made_up_one():
    """It is said, and holds up nothing."""
    stage = Stage()
    stage.candles = None
    stage.answers = False
    stage.start()
    stage.answer(404, b"no such page")
    assert stage.mirror.notes == ["BTCUSDT: its candles of the past are made up: HTTP 404 no such page"]
    while stage.asked:
        stage.answer(body=rows(0))
    stage.run(200)
    stage.answer()
    assert stage.mirror.live
    stage.told()
    assert not [event for event in stage.events if isinstance(event, Past)]
    assert len(stage.mirror.notes) == 1


def test_of_many_symbols_only_minutes_are_asked_for():
    """All intervals of a hundred would be minutes of the venue's limit."""
    stage = Stage(*[f"A{number}USDT" for number in range(MOST_SYMBOLS_WITH_ALL + 1)], weight=100_000)
    stage.candles = None
    stage.start()
    stage.run(2_000)
    assert stage.mirror.live


def listed(*rows: dict[str, object]) -> bytes:
    """An exchangeInfo."""
    return json.dumps({"symbols": rows}).encode()


def test_contracts_are_followed():
    """Every ten minutes: a changed filter or status is told, with a line for people; a broken row is not."""
    stage = Stage("BTCUSDT", "ETHUSDT").start()
    stage.told()
    assert [event.symbol for event in stage.listed] == ["BTCUSDT", "ETHUSDT"]
    stage.answers = False
    stage.now_ms += CONTRACTS_EVERY_MS
    changed = row_of("BTCUSDT") | {"status": "SETTLING"}
    for rows in ((changed, row_of("ETHUSDT") | {"filters": []}), (changed,), (changed, row_of("NEWUSDT"))):
        stage.mirror.tick(stage.now_ms)
        stage.work()
        (place,) = [place for place, ask in enumerate(stage.asked) if ask.kind == "contracts"]
        stage.asked.insert(0, stage.asked.pop(place))
        assert stage.asked[0].target == "/fapi/v1/exchangeInfo"
        stage.answer(body=listed(*rows))
        stage.now_ms += CONTRACTS_EVERY_MS
    stage.told()
    assert [(event.symbol, event.row["status"]) for event in stage.listed[2:]] == [("BTCUSDT", "SETTLING")]
    assert stage.mirror.notes == ["BTCUSDT: the venue changed status"]


@pytest.mark.parametrize("answer", [(200, b"<html>"), (200, b"{}"), (200, b'{"symbols":[1]}'), (503, b"busy")])
def test_contracts_that_cannot_be_read_stay_as_they_were(answer: tuple[int, bytes]):
    """And are asked for again when it is time."""
    stage = Stage().start()
    stage.answers = False
    for _ in range(2):
        stage.now_ms += CONTRACTS_EVERY_MS
        stage.mirror.tick(stage.now_ms)
        stage.work()
        stage.asked.sort(key=lambda ask: ask.kind)
        assert stage.asked[0].kind == "contracts"
        stage.answer(*answer)
        stage.asked.clear()
    stage.told()
    assert len(stage.listed) == 1
