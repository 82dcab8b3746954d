"""Intents at the door: remembered for ever, judged once, answered alike (DESIGN §4 "Once")."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model.effects import Place
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.settings import SourcePolicy
from tests.core.bench import SYMBOL, Bench


def test_a_repeat_leaves_no_trace():
    """The same id and content: nothing is journalled, nothing is sent."""
    bench = Bench().open_trade()
    step = bench.intent()
    assert step.events == []
    assert not any(isinstance(effect, Place) for effect in step.effects)


def test_other_content_is_denied_and_the_first_stands():
    """The first intent's record and result stay as they are."""
    bench = Bench().open_trade()
    bench.intent(quantity="0.2")
    assert bench.of(ev.IntentDenied)[-1].code == "OTHER_CONTENT"
    assert bench.state.intents["i1"].denied is None
    assert bench.result().status == "protected"


def test_a_denied_id_is_used_up():
    """Its repeat is the same denial; mending it needs a new id."""
    bench = Bench()
    bench.intent(stop="51000")
    bench.intent(stop="49000")
    assert [event.code for event in bench.of(ev.IntentDenied)] == ["STOP_WRONG_SIDE", "OTHER_CONTENT"]
    assert bench.state.live_trades == {}


def test_a_close_runs_while_halted():
    """What only reduces risk runs in every state (RULES 9)."""
    bench = Bench().open_trade()
    bench.command("halt", reason="drill")
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert bench.result("c1").status == "closed"


def test_a_close_of_the_other_side_finds_nothing():
    """A long is not closed by a close of shorts."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side="short")
    assert bench.result("c1").status == "nothing_open"
    assert bench.trade.phase == "open"


def test_a_close_kills_the_working_entry():
    """Close and flatten bind to the symbol, entries included (RULES 7)."""
    bench = Bench()
    bench.fills_entries = False
    bench.intent(entry=Entry(type="limit", price=Decimal("49900"), ttl_ms=60_000), stop="49000")
    bench.intent("c1", "close", side=None)
    assert len(bench.cancels(Role.ENTRY)) == 1
    bench.advance(5_000)
    assert bench.result("c1").status == "closed"


def test_a_close_of_a_foreign_position_closes_it():
    """Whoever opened it: the symbol is flat afterwards."""
    bench = Bench()
    bench.venue.amounts[SYMBOL] = Decimal("0.2")
    bench.intent("c1", "flatten", side=None)
    bench.advance(5_000)
    assert bench.venue.amounts[SYMBOL] == 0
    assert bench.result("c1").status == "closed"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"symbol": "NOSUCH"}, "UNKNOWN_SYMBOL"),
        ({"expires_at": 1}, "EXPIRED"),
        ({"source": "stranger"}, "SOURCE_NOT_ALLOWED"),
    ],
)
def test_what_a_close_is_refused_for(fields, code):
    """Only these; no limit and no state stands in its way."""
    bench = Bench(any_source=False, sources=(SourcePolicy(name="test"),))
    bench.intent("c1", "close", side=None, **fields)
    assert bench.of(ev.IntentDenied)[-1].code == code
