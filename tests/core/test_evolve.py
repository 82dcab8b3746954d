"""The fold: it records, it never decides, and the same events give the same state."""

from typing import get_args

import pytest

from holdfast.core.engine import Engine
from holdfast.core.evolve import _HANDLERS, evolve
from holdfast.core.state import EngineState
from holdfast.model import events as ev
from holdfast.model.reasons import TradingState
from tests.core.bench import START_MS, Bench

DAY_MS = 86_400_000


@pytest.mark.parametrize("kind", get_args(ev.AnyEvent))
def test_every_event_has_a_handler(kind):
    """A missing one would stop a restart."""
    assert kind in _HANDLERS


def test_the_fold_counts_its_events():
    """The count stands in the resume token's seed."""
    state = EngineState()
    evolve(state, ev.SymbolHalted(at_ms=1, symbol="X", reason="r"))
    assert state.events == 1


def test_folding_the_journal_gives_the_state_the_engine_had():
    """Through the bytes, from nothing."""
    bench = Bench().open_trade(targets=[("50500", "0.5")])
    bench.intent("c1", "close", side=None)
    bench.advance(12_000)
    bench.check_end()


def test_a_snapshot_gives_the_same_state_and_the_same_future():
    """Loaded, then one more event: equal to the engine that never stopped."""
    bench = Bench().open_trade()
    loaded = Engine(bench.settings, "test")
    loaded.load(bench.engine.dump())
    event = ev.SymbolHalted(at_ms=bench.now, symbol="X", reason="r")
    loaded.apply(event)
    bench.engine.apply(event)
    assert loaded.state_hash() == bench.engine.state_hash()


def test_the_hash_does_not_depend_on_the_order_in_which_dicts_were_filled():
    """Equal states have equal hashes."""
    hashes = set()
    for symbols in (("A", "B"), ("B", "A")):
        engine = Engine(Bench(start=False).settings, "test")
        for symbol in symbols:
            engine.apply(ev.SymbolHalted(at_ms=1, symbol=symbol, reason="r"))
        hashes.add(engine.state_hash())
    assert len(hashes) == 1


def test_a_closed_trade_is_forgotten_two_days_later_and_its_intent_never():
    """Past every window in which the venue could still speak of it."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(12_000)
    state = bench.state
    evolve(state, ev.DayStarted(at_ms=START_MS + DAY_MS, day="d", equity=bench.venue.wallet))
    assert len(state.trades) == 1
    evolve(state, ev.DayStarted(at_ms=START_MS + 3 * DAY_MS, day="e", equity=bench.venue.wallet))
    assert (state.trades, state.plain, state.algos, state.fills, state.by_order_id) == ({}, {}, {}, {}, {})
    assert sorted(state.intents) == ["c1", "i1"]


def test_a_second_live_trade_on_a_symbol_breaks_an_invariant():
    """RULES 4, at the last line of defence."""
    bench = Bench().open_trade()
    accepted = bench.of(ev.IntentAccepted)[0]
    with pytest.raises(AssertionError, match="invariant: one live trade per symbol"):
        evolve(bench.state, accepted)


def test_a_second_result_breaks_an_invariant():
    """RULES 15."""
    bench = Bench().open_trade()
    with pytest.raises(AssertionError, match="invariant: one terminal result per intent"):
        evolve(bench.state, bench.of(ev.ResultPublished)[0])


def test_a_second_closing_record_breaks_an_invariant():
    """One `trade.closed` per trade."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(5_000)
    with pytest.raises(AssertionError, match="invariant: one closing record per trade"):
        evolve(bench.state, bench.of(ev.TradeClosed)[0])


def test_a_command_makes_a_resume_token_void():
    """Whatever was prepared is prepared anew."""
    state = EngineState()
    evolve(state, ev.ResumePrepared(at_ms=1, token="t", by="o", expires_ms=9))
    evolve(state, ev.StateCommanded(at_ms=2, state=TradingState.HALTED, by="o", reason="r"))
    assert state.resume_token == ""


def test_a_release_by_a_human_frees_more_than_time_does():
    """Halts and refusals of the symbol go with it; time lifts only the quarantine."""
    for by, halted in (("time", {"X": "r"}), ("operator", {})):
        state = EngineState()
        evolve(state, ev.SymbolHalted(at_ms=1, symbol="X", reason="r"))
        evolve(state, ev.QuarantineSet(at_ms=1, symbol="X", until_ms=9, client_ids=()))
        evolve(state, ev.QuarantineLifted(at_ms=2, symbol="X", by=by))
        assert (state.quarantines, state.halted_symbols) == ({}, halted)
