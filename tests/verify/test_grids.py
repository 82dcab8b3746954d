"""Rules that change under the engine: when it can know them (I16)."""

from __future__ import annotations

import pytest

from holdfast.model.reasons import Outcome
from holdfast.verify.grids import TAUGHT_US, Grids
from holdfast.verify.records import ControlLine, Reply, Request
from tests.verify.builders import SYMBOL, Story, open_trade
from tests.verify.test_conduct import target

SECOND_US = 1_000_000


def changed(us: int) -> Grids:
    """One that saw a contract change."""
    grids = Grids(lag_us=SECOND_US)
    grids.controlled(ControlLine(n=1, us=us, what="symbol", symbol=SYMBOL, set={}))
    return grids


def read(grids: Grids, asked_us: int, answered_us: int, status: int = 200) -> None:
    """The rules are asked for, and answered."""
    grids.asked(Request(n=2, us=asked_us, via="rest", method="GET /fapi/v1/exchangeInfo"))
    grids.answered(Reply(n=3, us=answered_us, req=2, status=status))


@pytest.mark.parametrize(("planned_s", "old"), [(4, True), (30, True)])
def test_until_somebody_asks_every_order_follows_the_old_rules(planned_s, old):
    """Also one that was planned after the change: nothing has told of it."""
    assert changed(10 * SECOND_US).is_old(SYMBOL, planned_s * SECOND_US, 31 * SECOND_US) is old


def test_a_refusal_teaches():
    """So much later the rules are known, read or not."""
    grids = changed(10 * SECOND_US)
    assert grids.is_old(SYMBOL, 30 * SECOND_US, 30 * SECOND_US)
    assert grids.is_old(SYMBOL, 30 * SECOND_US + TAUGHT_US, 90 * SECOND_US)
    assert not grids.is_old(SYMBOL, 30 * SECOND_US + TAUGHT_US + 1, 90 * SECOND_US)


@pytest.mark.parametrize(("asked_s", "status", "old"), [(11, 200, False), (9, 200, True), (11, 503, True)])
def test_rules_that_were_read_after_the_change_are_known(asked_s, status, old):
    """A question from before it, or one that failed, tells nothing."""
    grids = changed(10 * SECOND_US)
    read(grids, asked_s * SECOND_US, 12 * SECOND_US, status)
    assert grids.is_old(SYMBOL, 20 * SECOND_US, 20 * SECOND_US) is old
    assert grids.is_old(SYMBOL, 12 * SECOND_US, 20 * SECOND_US)


def test_a_contract_that_was_never_changed_has_no_old_rules():
    """Nor has another one."""
    assert not changed(10 * SECOND_US).is_old("ETHUSDT", 0, 20 * SECOND_US)


def refused(story: Story) -> list[str]:
    """A take profit of the open trade is refused for its form."""
    story.plan(target("2"))
    story.reply(story.send(target("2")), status=400, code=-4014)
    story.answer(target("2").client_id, Outcome.REJECTED, code=-4014)
    return story.verdict().broken()


def test_i16_an_order_of_a_trade_from_before_the_change_is_nobodys_fault():
    """Its prices were on the grid when it was planned."""
    story, _ = open_trade()
    story.line(ControlLine, what="symbol", symbol=SYMBOL, set={"filters": {}})
    assert refused(story) == []


def test_i16_an_order_of_a_trade_from_after_the_change_was_known_is_a_fault():
    """The rules were read before it."""
    story = Story().begin()
    story.line(ControlLine, what="symbol", symbol=SYMBOL, set={"filters": {}})
    story.wait(100).read("GET /fapi/v1/exchangeInfo")
    story.wait(5_000)
    story.accept()
    story.fill_entry()
    story.arm_stop()
    assert refused(story) == ["I16"]
