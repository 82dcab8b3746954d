"""Intents at the door; what is remembered of them is in test_rules_15.py, what may pass in test_risk.py."""

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Place
from holdfast.model.intent import content_hash
from holdfast.model.settings import SourcePolicy
from tests.core.bench import SYMBOL, Bench


def test_an_acceptance_leaves_the_numbers_it_saw():
    """Mark, touch, cap, stop, quantity: `explain` shows them."""
    bench = Bench().open_trade()
    facts = bench.of(ev.IntentAccepted)[0].facts
    assert {"mark", "bid", "ask", "cap", "stop", "quantity", "equity"} <= set(facts)


def test_a_denial_is_published_with_facts_and_counterfactual():
    """The sentence, the numbers, what would have passed."""
    bench = Bench()
    bench.intent(quantity="0.00001")
    result = bench.result()
    assert (result.status, result.code) == ("denied", "QUANTITY_ZERO")
    assert result.reason
    assert result.counterfactual


@pytest.mark.parametrize(("fields", "code"), [
    ({"source": "stranger"}, "SOURCE_NOT_ALLOWED"),
    ({"symbol": "NOSUCHUSDT"}, "UNKNOWN_SYMBOL"),
    ({"expires_at": 1_750_000_000_000}, "EXPIRED"),
])  # fmt: skip
def test_a_close_is_denied_only_for_who_and_what(fields, code):
    """No limit, breaker, lock or state stands in its way."""
    bench = Bench(any_source=False, sources=(SourcePolicy(name="test"),))
    bench.intent("c1", "close", side=None, **fields)
    assert bench.result("c1").code == code
    assert bench.done(Place) == []


def test_a_close_may_bind_to_one_side():
    """The side that is open."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side="long")
    bench.advance(2_000)
    assert bench.result("c1").status == "closed"


def test_the_hash_decides_what_is_the_same_content():
    """1.0 and 1 are the same number: the same answer, not a denial."""
    bench = Bench().open_trade()
    intent = bench.of(ev.IntentAccepted)[0].intent
    written = type(intent)(**{**{n: getattr(intent, n) for n in intent.__struct_fields__},
                              "size": type(intent.size)(quantity=intent.size.quantity.quantize(intent.size.quantity
                                                                                              / 1000))})  # fmt: skip
    assert content_hash(written) == content_hash(intent)
    step = bench.give(inp.IntentReceived, intent=written, content_hash=content_hash(written))
    assert step == ([], [])


def test_an_intent_waits_for_nobody():
    """Judged in the step in which it comes: accepted and sent, or denied and published."""
    bench = Bench()
    step = bench.intent()
    assert [type(event) for event in step.events[:2]] == [ev.RulesSeen, ev.IntentAccepted]
    assert any(isinstance(effect, Place) for effect in step.effects)
    step = bench.intent("i2")
    assert [type(event) for event in step.events] == [ev.IntentDenied, ev.ResultPublished]


def test_two_closes_share_one_loop_and_each_gets_its_result():
    """The symbol is closed once."""
    bench = Bench().open_trade()
    bench.hold_reads.clear()
    bench.intent("c1", "close", side=None)
    bench.intent("c2", "close", side=None)
    bench.advance(3_000)
    assert [bench.result(name).status for name in ("c1", "c2")] == ["closed", "closed"]
    assert SYMBOL not in bench.state.closing
