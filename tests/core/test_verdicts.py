"""The record of a verdict carries all that a second judgement needs."""

from decimal import Decimal

import pytest

from holdfast.core import verdicts
from holdfast.core.basis import gather
from holdfast.model import events as ev
from holdfast.model.ids import Role
from holdfast.model.intent import content_hash
from holdfast.model.reasons import DenyCode
from tests.core.bench import Bench
from tests.core.replies import SYMBOL, throttled

D = Decimal


def test_an_acceptance_carries_what_it_saw():
    """Prices with their ages."""
    bench = Bench()
    bench.advance(300)
    bench.intent()
    (accepted,) = bench.of(ev.IntentAccepted)
    seen = accepted.seen
    assert seen is not None
    assert (seen.mark, seen.mark_age_ms, seen.rules, seen.reconciled) == (D(50_000), 300, True, True)


def test_a_denial_carries_the_intent_and_what_it_saw():
    """Without the intent nobody could judge it again."""
    bench = Bench()
    bench.intent(stop="50100")
    (denied,) = bench.of(ev.IntentDenied)
    assert denied.intent is not None
    assert denied.intent.id == denied.intent_id
    assert denied.seen is not None


def test_the_state_does_not_keep_what_only_the_journal_needs():
    """A million denials are remembered for ever; their market data need not be."""
    bench = Bench()
    bench.intent(stop="50100")
    kept = bench.state.intents["i1"].denied
    assert (kept.intent, kept.seen) == (None, None)


def test_other_content_under_a_used_id_is_denied_without_a_look():
    """Nothing but the two hashes counts."""
    bench = Bench()
    bench.intent()
    bench.intent(quantity="0.2")
    (denied,) = bench.of(ev.IntentDenied)
    assert (denied.code, denied.seen, denied.intent.id) == (DenyCode.OTHER_CONTENT, None, "i1")


def test_a_close_is_a_verdict_too():
    """Its name says why no limit stood in its way."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    closing = bench.of(ev.IntentAccepted)[-1]
    assert (closing.verdict, closing.facts, closing.plan) == (verdicts.REDUCES, {"was_open": "true"}, None)
    assert closing.seen is not None


def test_rules_13_the_second_look_after_settings_is_a_verdict_of_its_own():
    """The entry names the look that let it go, not the first one."""
    bench = Bench()
    bench.intent(leverage=7)
    (again,) = bench.of(ev.EntryRejudged)
    assert (again.verdict, again.code) == (f"v-{again.trade_id}-2", None)
    assert bench.order(bench.entry().client_id).verdict == again.verdict
    assert again.seen is not None
    assert again.seen.symbol_config.leverage == 7


def test_rules_2_the_second_look_before_a_retry_may_refuse():
    """The record says why, and no entry names it."""
    bench = Bench()
    bench.script(Role.ENTRY, throttled(2_000))
    bench.intent()
    bench.market(mark="49000")
    bench.advance(3_000)
    (look,) = bench.of(ev.EntryRejudged)
    assert look.code is DenyCode.PRICE_COLLAR
    assert len([e for e in bench.of(ev.OrderPlanned) if e.spec.role is Role.ENTRY]) == 1
    assert bench.result().code == "PRICE_COLLAR"


def test_a_look_is_named_after_those_before_it():
    """No two verdicts share a name."""
    bench = Bench()
    bench.intent()
    trade = bench.trade
    names = []
    for looks in range(3):
        trade.looks = looks
        names.append(verdicts.on_entry_again(gather(bench.context(), SYMBOL), trade).verdict)
    assert names == [f"v-{trade.plan.trade_id}-{n}" for n in (2, 3, 4)]


@pytest.mark.parametrize("action", ["open", "close"])
def test_the_same_basis_gives_the_same_record(action):
    """Byte for byte (I13)."""
    bench = Bench()
    bench.intent("i1", action, **({} if action == "open" else {"side": None}))
    twin = Bench()
    intent = bench.of(ev.IntentAccepted)[0].intent
    basis = gather(twin.context(), SYMBOL)
    again = (
        verdicts.on_open(basis, intent, content_hash(intent))[0]
        if action == "open"
        else verdicts.on_close(basis, intent, content_hash(intent))
    )
    assert ev.encode(again) == ev.encode(bench.of(ev.IntentAccepted)[0])
