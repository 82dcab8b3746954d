"""The trade machine: which phase may follow which; a closed trade stays closed."""

from itertools import pairwise, product

import pytest

from holdfast.core.trade_machine import TRADE_TABLE, may_follow
from holdfast.model import events as ev
from holdfast.model.reasons import TradePhase
from tests.core.bench import Bench

P = TradePhase

LEGAL = {
    (P.ACCEPTED, P.ENTERING), (P.ACCEPTED, P.EXITING), (P.ACCEPTED, P.CLOSED), (P.ACCEPTED, P.FLATTENING),
    (P.ENTERING, P.PROTECTING), (P.ENTERING, P.EXITING), (P.ENTERING, P.FLATTENING), (P.ENTERING, P.CLOSED),
    (P.PROTECTING, P.OPEN), (P.PROTECTING, P.EXITING), (P.PROTECTING, P.FLATTENING),
    (P.OPEN, P.PROTECTING), (P.OPEN, P.EXITING), (P.OPEN, P.FLATTENING),
    (P.EXITING, P.FLATTENING), (P.EXITING, P.CLOSED),
    (P.FLATTENING, P.EXITING), (P.FLATTENING, P.CLOSED),
}  # fmt: skip


@pytest.mark.parametrize(("phase", "successor"), list(product(TradePhase, TradePhase)))
def test_the_full_table(phase, successor):
    """Every phase × every phase."""
    assert may_follow(phase, successor) is ((phase, successor) in LEGAL)


def test_nothing_follows_closed():
    """What surfaces later becomes a trade of its own (RULES 3)."""
    assert TRADE_TABLE[P.CLOSED] == ()


def test_every_live_phase_leads_to_closed():
    """No phase is a dead end."""
    for phase in TradePhase:
        seen, ahead = set(), [phase]
        while ahead:
            here = ahead.pop()
            ahead += [there for there in TRADE_TABLE[here] if there not in seen]
            seen.add(here)
        assert P.CLOSED in seen


def test_an_illegal_phase_is_refused_and_changes_nothing():
    """The context checks the table before it records anything."""
    bench = Bench().open_trade()
    events = bench.state.events
    ctx = bench.context()
    with pytest.raises(AssertionError, match="invariant: a trade keeps to its table"):
        ctx.phase(bench.trade, TradePhase.ENTERING)
    assert bench.trade.phase is TradePhase.OPEN
    assert bench.state.events == events


def test_a_whole_life_keeps_to_the_table():
    """Entry, protection, stop, close: each recorded step is a legal one."""
    bench = Bench().open_trade()
    bench.market(mark="49500")
    bench.trigger(bench.stop().client_id)
    bench.advance(3_000)
    phases = [P.ACCEPTED, *(event.phase for event in bench.of(ev.PhaseChanged)), P.CLOSED]
    assert all(step in LEGAL for step in pairwise(phases))
    assert bench.closed[0].exit_reason == "stop"
