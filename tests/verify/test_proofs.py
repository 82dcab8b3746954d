"""Conclusions need their proof: a rejection, an absence, a position of 0 (RULES 1, 3, 5, 7)."""

from __future__ import annotations

import pytest

from holdfast.model import events as ev
from holdfast.model.reasons import Outcome, ResultStatus
from tests.verify.builders import SYMBOL, Story, drop, entry_spec, is_a, open_trade, whole_trade


def answered(outcome: Outcome, code: int, status: int) -> list[str]:
    """The rules that the end of an entry's request breaks."""
    story = Story().begin().wait(1_000)
    story.accept()
    story.plan(entry_spec())
    story.reply(story.send(entry_spec()), status=status or 500, code=code)
    story.answer(entry_spec().client_id, outcome, code=code, status=status)
    return story.verdict().broken()


@pytest.mark.parametrize("code", [-1000, -1001, -1006, -1007, -1008, -1010, -1016, -2011, -2013, -4083])
def test_rules_1_a_code_that_proves_nothing_is_no_rejection(code):
    """It stays unknown."""
    assert answered(Outcome.REJECTED, code, 400) == ["RULES 1"]
    assert answered(Outcome.UNKNOWN, code, 400) == []


@pytest.mark.parametrize(
    ("outcome", "code", "status", "broken"),
    [
        (Outcome.REJECTED, 0, 0, ["RULES 1"]),
        (Outcome.REJECTED, 0, 502, ["RULES 1"]),
        (Outcome.REJECTED, 0, 503, []),
        (Outcome.REJECTED, -2019, 400, []),
        (Outcome.THROTTLED, 0, 429, ["RULES 1"]),
        (Outcome.THROTTLED, -1015, 429, []),
    ],
)
def test_rules_1_what_proves_a_refusal(outcome, code, status, broken):
    """A listed code, or the one status that has none."""
    assert answered(outcome, code, status) == broken


def absent() -> Story:
    """An entry with the whole proof that it was never placed."""
    story = Story().begin().wait(1_000)
    story.accept()
    name = entry_spec().client_id
    story.plan(entry_spec())
    story.send(entry_spec())
    story.answer(name, Outcome.UNKNOWN)
    story.event(ev.UnknownOpened, client_id=name, reason="timeout")
    story.absences(name)
    story.event(ev.UnknownResolved, client_id=name, resolution="never_placed", evidence="absences")
    story.result(ResultStatus.NEVER_PLACED, filled="0")
    return story


def test_rules_3_the_whole_proof_is_enough():
    """Three absences on the order and on the list, and books that agree."""
    assert absent().verdict().violations == []


@pytest.mark.parametrize("endpoint", ["order", "all_orders", "trades", "position"])
def test_rules_3_never_placed_needs_every_part_of_its_proof(endpoint):
    """One part less is none."""
    story = absent()
    for _ in range(3 if endpoint in ("trades", "position") else 1):
        drop(story.events, is_a(ev.AbsenceNoted, endpoint=endpoint))
    assert story.verdict().broken() == ["RULES 3"]


def flattened(reads: int) -> Story:
    """A position that was closed, and shown so many times to be gone."""
    story, stop = open_trade()
    trade_id = story.plans["i1"].trade_id
    story.event(ev.FlattenStarted, symbol=SYMBOL, subject="i1", trade_id=trade_id, reason="test")
    story.close("2", "99")
    for _ in range(reads):
        story.wait(250).read("GET /fapi/v3/positionRisk", symbol=SYMBOL)
    story.event(ev.FlattenEnded, symbol=SYMBOL, subject="i1")
    story.cancel_stop(stop)
    story.wait(10).closed()
    return story


@pytest.mark.parametrize(("reads", "broken"), [(0, ["RULES 7"]), (1, ["RULES 7"]), (2, [])])
def test_rules_7_a_flatten_ends_when_zero_was_shown_twice(reads, broken):
    """After its last close."""
    assert flattened(reads).verdict().broken() == broken


def test_rules_5_a_trade_is_closed_when_the_venue_showed_its_position():
    """After the last order of the trade."""
    story = whole_trade()
    reads = [line for line in story.lines if getattr(line, "method", "") == "GET /fapi/v3/positionRisk"]
    story.lines = [line for line in story.lines if line is not reads[-1] and getattr(line, "req", 0) != reads[-1].n]
    assert story.verdict().broken() == ["RULES 5"]
