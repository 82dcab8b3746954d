"""Streams of mark prices."""

import copy

import pytest

from holdfast.paper.config import PaperConfig
from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from tests.paper.desk import SECOND, START_US, Desk


def listening(name: str) -> Desk:
    """A desk with one market stream subscribed, at the start of a second."""
    desk = Desk()
    desk.venue.ws_open(1, f"/market/ws/{name}", desk.now_us)
    return desk


@pytest.mark.parametrize(("name", "frames"), [("btcusdt@markPrice@1s", 6), ("btcusdt@markPrice", 2)])
def test_marks_keep_their_pace(name: str, frames: int) -> None:
    """Every second, or every third (protocol notes F.1)."""
    desk = listening(name)
    for _ in range(6):
        desk.mark("80010")
        desk.wait(SECOND)
    heard = desk.sent()
    assert len(heard) == frames
    assert (heard[0]["p"], heard[0]["e"]) == ("80010.00000000", "markPriceUpdate")


@pytest.mark.parametrize(("name", "frames"), [("!markPrice@arr@1s", 6), ("!markPrice@arr", 2)])
def test_all_marks_come_as_an_array(name: str, frames: int) -> None:
    """Only markets that have a mark (protocol notes F.1)."""
    desk = listening(name)
    desk.mark("3000", symbol="ETHUSDT")
    desk.wait(6 * SECOND)
    for _ in range(6):
        desk.wait(SECOND)
    heard = desk.sent()
    assert len(heard) >= frames
    assert [row["s"] for row in heard[0]] == ["BTCUSDT", "ETHUSDT"]


def test_traditional_assets_come_in_a_frame_of_their_own() -> None:
    """Two arrays a tick (protocol notes F.1)."""
    info = copy.deepcopy(default_exchange_info())
    row = next(row for row in info["symbols"] if row["symbol"] == "ETHUSDT")
    row["contractType"] = "TRADIFI_PERPETUAL"
    desk = Desk()
    desk.venue = PaperVenue(PaperConfig(), info, START_US, desk.log.append)  # type: ignore[arg-type]
    desk.mark("80000")
    desk.mark("3000", symbol="ETHUSDT")
    desk.venue.ws_open(1, "/market/ws/!markPrice@arr@1s", desk.now_us)
    desk.wait(SECOND)
    assert [[row["s"] for row in frame] for frame in desk.sent()] == [["BTCUSDT"], ["ETHUSDT"]]
