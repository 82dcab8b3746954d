"""After a gap of the user stream everything is read again (fault B1)."""

from __future__ import annotations

import pytest

from holdfast.verify.records import ConnectionLine
from tests.verify.builders import ACCOUNT, Story

PATH = "/private/ws/key"


def connected(story: Story, conn: int, *, up: bool) -> None:
    """A private connection opens or closes."""
    story.line(ConnectionLine, conn=conn, path=PATH, ev="open" if up else "close", account=ACCOUNT)


def begun() -> Story:
    """An engine with its user stream."""
    story = Story().begin()
    connected(story, 7, up=True)
    story.wait(60_000)
    return story


@pytest.mark.parametrize(("asked", "broken"), [(True, []), (False, ["I24"])])
def test_a_stream_that_came_back_is_followed_by_a_round(asked, broken):
    """The list of all open orders stands for it: nothing else asks for that."""
    story = begun()
    connected(story, 7, up=False)
    connected(story.wait(1_000), 8, up=True)
    if asked:
        story.wait(2_000).read("GET /fapi/v1/openOrders")
    story.wait(20_000).read("GET /fapi/v1/time")
    assert story.verdict().broken() == broken


def test_a_connection_that_takes_over_leaves_no_gap():
    """The old one closes when the new one is up."""
    story = begun()
    connected(story, 8, up=True)
    connected(story, 7, up=False)
    story.wait(20_000).read("GET /fapi/v1/time")
    assert story.verdict().violations == []


def test_the_open_orders_of_one_symbol_are_no_round():
    """They tell of nothing else."""
    story = begun()
    connected(story, 7, up=False)
    connected(story.wait(1_000), 8, up=True)
    story.wait(2_000).read("GET /fapi/v1/openOrders", symbol="BTCUSDT")
    story.wait(20_000).read("GET /fapi/v1/time")
    assert story.verdict().broken() == ["I24"]
