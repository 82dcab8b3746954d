"""RULES 14, venue facts: every promise holds under every value."""

import pytest

from holdfast.model import events as ev
from holdfast.model.effects import Place
from holdfast.model.ids import Role
from holdfast.model.venue_facts import VenueFacts
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import rejected

FACTS = ("unproved", "yes", "no")


@pytest.mark.parametrize("stop_without_position", FACTS)
@pytest.mark.parametrize("one_close_position", [True, False])
def test_rules_14_a_trade_is_protected_and_closed_whatever_the_venue_does(stop_without_position, one_close_position):
    """Arming `with` or `after`, a second closePosition stop refused or not."""
    bench = Bench(facts=VenueFacts(stop_without_position=stop_without_position))
    bench.one_close_position = one_close_position
    bench.open_trade(targets=[("50500", "1")])
    bench.market(mark="49500")
    bench.trigger(bench.stop().client_id)
    bench.advance(5_000)
    assert bench.venue.amounts[SYMBOL] == 0
    assert len(bench.closed) == 1
    assert bench.venue.open_algos() == ()


@pytest.mark.parametrize(("fact", "first"), [("yes", Role.STOP), ("unproved", Role.ENTRY), ("no", Role.ENTRY)])
def test_rules_14_only_a_proved_fact_arms_with_the_entry(fact, first):
    """Unproved means `after`."""
    bench = Bench(facts=VenueFacts(stop_without_position=fact)).open_trade()
    assert bench.done(Place)[0].order.spec.role is first


def test_rules_14_the_facts_are_journalled_at_every_start():
    """A replay decides as the engine did."""
    facts = VenueFacts(stop_without_position="yes", countdown_touches_algos="no")
    bench = Bench(facts=facts)
    assert [event.facts for event in bench.of(ev.EngineStarted)] == [facts]


def test_rules_14_a_fact_that_was_wrong_still_ends_protected():
    """Configured `yes`, and the venue says −4509: the stop follows the fill."""
    bench = Bench(facts=VenueFacts(stop_without_position="yes"))
    bench.script(Role.STOP, rejected(-4509))
    bench.intent()
    bench.advance(200)
    assert bench.result().status == "protected"


def test_rules_14_unset_facts_are_named():
    """`live` refuses to start until each is set by name."""
    assert VenueFacts(stop_without_position="no").unset() == [
        "second_close_position", "gte_gtc_on_algo", "bands_on_triggers", "cancel_all_touches_algos",
        "countdown_touches_algos", "recv_window_at_algo", "oversize_reduce_only", "client_id_reusable"]  # fmt: skip
