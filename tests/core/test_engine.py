"""The engine as a whole: every input has its handler, every timer its name, and random bad days end well."""

import ast
import inspect
from decimal import Decimal
from pathlib import Path
from typing import get_args

import msgspec
import pytest

import holdfast.core
from holdfast.core import engine as module
from holdfast.core import reconcile
from holdfast.core.engine import _HANDLERS, _TIMERS, Engine
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Read, ReadKind, SetTimer
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.reports import BalanceReport
from tests.core.bench import Bench
from tests.core.chaos import Day
from tests.core.replies import rejected, silence

CORE = Path(inspect.getfile(holdfast.core)).parent


def keys_in_calls(names: tuple[str, ...], argument: int) -> set[str]:
    """What stands before the first colon of a text argument of such calls, anywhere in the core."""
    found = set()
    for path in sorted(CORE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
            if name in names and len(node.args) > argument:
                text = ast.unparse(node.args[argument]).lstrip("f").strip("'\"")
                if not text.startswith(("key", "purpose")):
                    found.add(text.split(":")[0].split("{")[0])
    return found


@pytest.mark.parametrize("kind", get_args(inp.AnyInput))
def test_every_input_has_a_handler(kind):
    """One that is missing would stop the engine when it first comes."""
    assert kind in _HANDLERS


def test_every_timer_that_is_set_has_a_name_and_every_name_is_set():
    """Whatever the core asks to be woken for, it knows when it wakes."""
    assert keys_in_calls(("timer", "timer_once"), 0) == set(_TIMERS)


def test_every_purpose_that_is_asked_with_is_known_when_the_answer_comes():
    """A read whose answer nobody expects would stop the engine."""
    asked = keys_in_calls(("read",), 1) | keys_in_calls(("query",), 2)
    assert asked - set(reconcile._PURPOSES) <= {"tag"}


def test_an_unknown_purpose_breaks_an_invariant():
    """It can only come from another version."""
    bench = Bench()
    read = Read(kind="account", purpose="mystery:")
    with pytest.raises(AssertionError, match="invariant: every read has a purpose"):
        bench.give(inp.ReadAnswered, read=read, ok=True, asked_ms=bench.now)


@pytest.mark.parametrize("ok", [True, False])
@pytest.mark.parametrize("purpose", sorted(reconcile._PURPOSES))
def test_every_purpose_takes_an_answer_about_nothing(purpose, ok):
    """Whatever it was asked for may be gone by the time of the answer."""
    bench = Bench()
    read = Read(kind="order", purpose=f"{purpose}:gone")
    bench.give(inp.ReadAnswered, read=read, ok=ok, asked_ms=bench.now, absent=True)
    bench.check_end()


@pytest.mark.parametrize("key", sorted(_TIMERS))
def test_every_timer_may_fire_for_what_is_gone(key):
    """A timer of a trade that closed in the same moment."""
    bench = Bench()
    bench.give(inp.TimerFired, key=f"{key}:gone")
    bench.check_end()


def test_the_engine_is_silent_about_prices():
    """A mark alone journals nothing and asks for nothing."""
    bench = Bench()
    step = bench.give(inp.MarketSeen, symbol="BTCUSDT", mark=bench.marks["BTCUSDT"])
    assert step == ([], [])


def test_a_snapshot_of_another_version_is_refused():
    """Better no start than a wrong one."""
    with pytest.raises(msgspec.ValidationError):
        Engine(Bench(start=False).settings, "test").load(b'{"intents": 5}')


def test_a_restart_waits_for_nothing_before_it_looks():
    """The first step after `Started` already asks for positions, stops and what is living, in that order."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    before = len(bench.effects)
    bench.restart()
    reads = [effect.kind.value for _, effect in bench.effects[before:] if isinstance(effect, Read)]
    assert reads[:3] == ["positions", "open_algos", "order"]


def test_a_restart_with_nothing_open_sets_its_clocks():
    """Losses, account, limits, health."""
    bench = Bench()
    timers = {effect.key for effect in bench.done(SetTimer)}
    assert {"losses", "account", "limits", "health"} <= timers


def test_the_fold_alone_decides_nothing():
    """`apply` has no effects: a replay sends no order."""
    bench = Bench().open_trade()
    replay = Engine(bench.settings, "test")
    assert [replay.apply(ev.decode(body)) for body in bench.journal] == [None] * len(bench.journal)
    assert replay.around.timers == {}


def test_two_engines_with_the_same_inputs_make_the_same_journal():
    """No clock, no chance, no order of a set (I13)."""
    journals = []
    for _ in range(2):
        day = Day(5)
        day.run(30)
        journals.append(day.bench.journal)
    assert journals[0] == journals[1]


def test_a_lost_answer_of_a_stop_is_noticed_by_the_clock():
    """Health looks for requests that nobody answers."""
    bench = Bench()
    from holdfast.model.ids import Role

    bench.script(Role.TARGET, silence())
    bench.open_trade(targets=[("50500", "1")])
    bench.advance(7_000)
    assert [event.reason for event in bench.of(ev.UnknownOpened)] == ["no answer came back"]


@pytest.mark.parametrize("seed", range(40))
def test_a_random_bad_day_ends_with_every_promise_kept(seed):
    """Lost answers, a silent stream, crashes, moving prices: once, covered, to the cent (see chaos.py)."""
    Day(seed).run()


def test_the_module_names_what_it_offers():
    """The contract of the shell."""
    assert {"step", "apply", "state_hash", "dump", "load", "exposed_symbols"} <= set(dir(module.Engine))


def test_one_fresh_mark_is_enough_to_be_priced():
    """A price of exactly the greatest age still counts (P3); without any, nothing could enter."""
    bench = Bench()
    most = bench.settings.limits.max_mark_age_ms
    assert bench.engine.priced(bench.now + most)
    assert not bench.engine.priced(bench.now + most + 1)
    assert not Bench(start=False).engine.priced(bench.now)


def test_a_pushed_wallet_moves_what_is_free_with_it():
    """ACCOUNT_UPDATE tells the wallet only; until the account is read again, free margin follows it."""
    bench = Bench()
    pushed = BalanceReport(asset="USDT", wallet=bench.venue.wallet - 300)
    bench.give(inp.AccountSeen, reason="ORDER", balances=(pushed,))
    assert bench.state.balances["USDT"].available == bench.venue.wallet - 300


def test_a_wallet_whose_free_part_was_never_read_stays_unknown():
    """Not all of it, and not 0."""
    bench = Bench()
    bench.give(inp.AccountSeen, reason="DEPOSIT", balances=(BalanceReport(asset="BNB", wallet=bench.venue.wallet),))
    assert bench.state.balances["BNB"].available is None


def test_i18_a_start_records_its_settings_and_the_state_it_began_with():
    """The first start begins with nothing, a later one with the fold of all records before it."""
    bench = Bench().open_trade()
    bench.restart()
    first, second = bench.of(ev.EngineStarted)
    assert (first.settings, first.format) == (bench.settings, ev.FORMAT)
    assert first.state_hash == Engine(bench.settings, "test").state_hash()
    before = Engine(bench.settings, "test")
    for event in bench.events[: bench.events.index(second)]:
        before.apply(event)
    assert second.state_hash == before.state_hash()
    assert second.state_shape == first.state_shape != ""


@pytest.mark.parametrize("events_behind", [0, 1])
def test_what_a_restart_has_hashed_is_hashed_again_only_if_something_came_behind_it(events_behind, monkeypatch):
    """A snapshot of years takes its time; after an orderly end nothing stands behind it."""
    bench = Bench().open_trade()
    engine = Engine(bench.settings, "test")
    engine.load(bench.engine.dump())
    loaded = engine.state_hash()
    for _ in range(events_behind):
        engine.apply(ev.Reconciled(at_ms=bench.now))
    hashed = []
    monkeypatch.setattr(module, "state_hash", lambda state: hashed.append(state) or "anew")
    started = inp.Started(now_ms=bench.now, version="t", config_hash="c", key_fingerprint="k", boot_state=bench.boot)
    (start,) = [event for event in engine.step(started).events if isinstance(event, ev.EngineStarted)]
    assert len(hashed) == events_behind
    assert start.state_hash == ("anew" if events_behind else loaded)


@pytest.mark.parametrize("code", [-2011, -4117])
def test_rules_2_a_cancel_that_meets_nothing_is_not_repeated_five_times_a_second(code):
    """Its order cannot be read for a while; what was left of the request window belongs to others."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=Decimal("49900"), ttl_ms=60_000), stop="49000")
    bench.script(Role.CANCEL, *[rejected(code)] * 50)
    bench.failing_reads = {ReadKind.ORDER}
    bench.command("halt")
    bench.advance(5_100)
    assert 5 <= len(bench.cancels(Role.ENTRY)) <= 7
    bench.failing_reads = set()
    bench.scripts.clear()
    bench.advance(1_000)
    assert not bench.entry().live
