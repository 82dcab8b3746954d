"""After a gap of the user stream everything is read again (fault B1)."""

from __future__ import annotations

import msgspec
import pytest

from holdfast.verify.records import ConnectionLine, Start
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


@pytest.mark.parametrize(("waited_ms", "broken"), [(10_000, []), (20_000, ["I24"])])
@pytest.mark.parametrize("code", [-1003, -1015])
def test_rules_15_what_the_venue_puts_off_waits_for_the_turn_of_the_window(code, waited_ms, broken):
    """A refusal for weight holds every read back until the minute is over; one for orders holds none."""
    story = begun()
    story.wait(60_000 - story.ms % 60_000 + 30_000)
    connected(story, 7, up=False)
    story.reply(story.request("algoOrder.cancel", clientAlgoId="hf-s1-of-a-trade"), status=429, code=code)
    connected(story.wait(1_000), 8, up=True)
    story.wait(29_000 + waited_ms).read("GET /fapi/v1/openOrders")
    assert story.verdict().broken() == (["I24"] if code == -1015 else broken)


@pytest.mark.parametrize(("before_ms", "broken"), [(5, []), (5_000, ["I24"])])
def test_rules_15_a_refusal_in_the_last_moment_of_a_window_may_be_heard_in_the_next(before_ms, broken):
    """By the engine's clock, or because the answer travelled: then it waits for that one's turn."""
    story = begun()
    story.wait(60_000 - story.ms % 60_000 - before_ms)
    story.reply(story.request("algoOrder.cancel", clientAlgoId="hf-s1-of-a-trade"), status=429, code=-1003)
    story.wait(before_ms + 1_000)
    connected(story, 7, up=False)
    connected(story.wait(1_000), 8, up=True)
    story.wait(50_000).read("GET /fapi/v1/openOrders")
    assert story.verdict().broken() == broken


def spent(story: Story, weight: int) -> None:
    """Requests of ours that weigh so much."""
    story.request("GET /fapi/v3/positionRisk", weight=weight)


@pytest.mark.parametrize(("weight", "waited_ms", "broken"), [
    (1_650, 10_000, []), (1_650, 20_000, ["I24"]), (1_600, 10_000, ["I24"]),
])  # fmt: skip
def test_rules_12_a_round_waits_for_its_own_budget_until_the_minute_turns(weight, waited_ms, broken):
    """What may wait uses 70 % of 2,400: where that leaves no room for the list, it is due from the turn on."""
    story = begun()
    story.lines[0] = msgspec.structs.replace(story.lines[0], limits={"weight_per_minute": 2_400})
    assert isinstance(story.lines[0], Start)
    story.wait(60_000 - story.ms % 60_000 + 30_000)
    connected(story, 7, up=False)
    spent(story, weight)
    connected(story.wait(1_000), 8, up=True)
    story.wait(29_000 + waited_ms).read("GET /fapi/v1/openOrders")
    assert story.verdict().broken() == broken


def test_a_new_process_was_not_put_off():
    """What its predecessor was told holds nothing back; its own round is due."""
    story = begun()
    story.wait(60_000 - story.ms % 60_000 + 20_000)
    story.reply(story.request("algoOrder.cancel", clientAlgoId="hf-s1-of-a-trade"), status=429, code=-1003)
    story.die()
    connected(story, 7, up=False)
    story.wait(100).start_engine(2)
    connected(story, 8, up=True)
    connected(story.wait(1_000), 8, up=False)
    connected(story.wait(1_000), 9, up=True)
    story.wait(20_000).read("GET /fapi/v1/time")
    assert story.verdict().broken() == ["I24"]
