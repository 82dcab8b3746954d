"""RULES 9: commanded and effective state, halts, the two steps of a resume, the daily loss."""

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Cancel, ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import AlgoStatus, OrderStatus
from holdfast.model.reasons import TradingState
from holdfast.model.settings import Limits
from holdfast.model.venue_facts import VenueFacts
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import instrument, silence, unknown

D = Decimal
LIMITS = Limits(daily_loss=D("40"), daily_loss_pct=None)


def resting(**more: object) -> Bench:
    """A limit entry below the market."""
    bench = Bench(**more)  # type: ignore[arg-type]
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    return bench


def resume(bench: Bench) -> None:
    """Both steps."""
    bench.command("resume_prepare")
    bench.command("resume_confirm", token=bench.of(ev.ResumePrepared)[-1].token)


def test_rules_9_boots_halted_unless_told_otherwise():
    """Fail closed: the first start takes the configuration's word."""
    bench = Bench(boot=TradingState.HALTED)
    assert bench.state.effective is TradingState.HALTED
    bench.intent()
    assert bench.result().code == "NOT_ACTIVE"


def test_rules_9_the_commanded_state_is_persisted_and_latched():
    """A restart changes nothing about it, whatever the configuration says."""
    bench = Bench()
    bench.command("halt", reason="lunch")
    bench.restart()
    assert bench.state.commanded is TradingState.HALTED
    assert (bench.state.commanded_by, bench.state.commanded_reason) == ("operator", "lunch")


@pytest.mark.parametrize("what", ["halt", "reduce"])
def test_rules_9_leaving_active_cancels_every_working_entry_in_the_same_step(what):
    """By command; their stops stay until the cancel is proved."""
    bench = resting(facts=VenueFacts(stop_without_position="yes"))
    bench.script(Role.CANCEL, unknown())
    step = bench.command(what)
    assert [effect.role for effect in step.effects if isinstance(effect, Cancel)] == [Role.ENTRY]
    assert bench.cancels(Role.STOP) == []
    bench.advance(3_000)
    assert bench.entry().status is OrderStatus.CANCELLED
    assert bench.venue.open_algos() == ()


def test_rules_9_halted_still_covers_what_fills():
    """The cancel comes too late: the fill is covered, or closed, all the same."""
    bench = resting()
    bench.script(Role.CANCEL, unknown(), unknown())
    bench.command("halt")
    bench.fill(bench.entry().client_id, "0.06")
    bench.advance(5_000)
    assert bench.stop().armed or bench.venue.amounts[SYMBOL] == 0


def test_rules_9_halted_still_repairs_a_stop():
    """Whatever only reduces risk runs by itself."""
    bench = Bench().open_trade()
    bench.command("halt")
    bench.algo(bench.stop().client_id, AlgoStatus.CANCELLED)
    assert bench.stop().armed


def test_rules_9_halted_keeps_stops_and_targets():
    """A halt closes nothing."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    bench.command("halt")
    bench.advance(10_000)
    assert bench.done(Cancel) == []
    assert bench.trade.phase == "open"


def test_rules_9_positions_found_at_boot_are_covered_while_still_halted():
    """Cover does not wait for an operator."""
    bench = Bench()
    bench.script(Role.ENTRY, silence(landed=True))
    bench.silent_stream = True
    bench.intent()
    bench.command("halt")
    bench.restart(after_ms=50)
    assert bench.state.effective is TradingState.HALTED
    assert bench.stop().armed


@pytest.mark.parametrize(("cause", "state"), [
    ({"link": "user_stream", "up": False}, TradingState.REDUCING),
    ({"ok": False}, TradingState.HALTED),
    ({"ok": True, "offset_ms": 400}, TradingState.REDUCING),
])  # fmt: skip
def test_rules_9_health_pulls_the_effective_state_down_and_clears_by_itself(cause, state):
    """min(commanded, health): nothing is latched."""
    bench = Bench()
    kind = inp.LinkChanged if "link" in cause else inp.ClockChecked
    bench.give(kind, **cause)
    assert bench.state.effective is state
    assert bench.state.commanded is TradingState.ACTIVE
    bench.give(kind, **({**cause, "up": True} if "link" in cause else {"ok": True}))
    bench.advance(1_500)
    assert bench.state.effective is TradingState.ACTIVE


def test_rules_9_a_watch_that_falls_silent_halts():
    """The coverage watch's heartbeat is part of health."""
    bench = Bench().open_trade()
    bench.watch = False
    bench.advance(17_000)
    assert bench.state.effective is TradingState.HALTED
    assert "COVERAGE_WATCH_STALE" in {event.code.value for event in bench.of(ev.AlarmRaised)}
    bench.watch = True
    bench.advance(6_000)
    assert bench.state.effective is TradingState.ACTIVE


def test_rules_9_resume_is_two_steps():
    """Prepare says what would be resumed and hands out the token; confirm needs it."""
    bench = Bench()
    bench.command("halt")
    bench.command("resume_confirm", token="")
    bench.command("resume_confirm", token="guess")
    assert bench.state.commanded is TradingState.HALTED
    resume(bench)
    assert bench.state.effective is TradingState.ACTIVE
    assert bench.of(ev.ResumePrepared)[0].summary["from"] == "halted"


def test_rules_9_a_resume_token_expires_and_works_once():
    """Two minutes; a halt in between makes it void."""
    bench = Bench()
    bench.command("halt")
    bench.command("resume_prepare")
    token = bench.of(ev.ResumePrepared)[-1].token
    bench.command("halt")
    bench.command("resume_confirm", token=token)
    assert bench.state.commanded is TradingState.HALTED
    bench.command("resume_prepare")
    bench.advance(121_000)
    bench.command("resume_confirm", token=bench.of(ev.ResumePrepared)[-1].token)
    assert bench.state.commanded is TradingState.HALTED


def lose(bench: Bench) -> None:
    """A trade that loses 50 and more: 0.1 from 50 000 to 49 500, and its fees."""
    bench.open_trade()
    bench.market(mark="49500")
    bench.trigger(bench.stop().client_id)
    bench.advance(3_000)


def test_rules_9_the_daily_loss_is_latched():
    """Effective reducing, alarmed, and still so after a restart."""
    bench = Bench(limits=LIMITS)
    lose(bench)
    assert bench.of(ev.DailyLossLatched)[0].limit == D("40")
    assert bench.state.commanded is TradingState.REDUCING
    bench.restart()
    bench.advance(12_000)
    bench.intent("i2")
    assert bench.result("i2").status == "denied"
    assert "DAILY_LOSS" in {event.code.value for event in bench.of(ev.AlarmRaised)}


def test_rules_9_an_open_loss_counts():
    """Realised + unrealised; positions keep stop and targets."""
    bench = Bench(limits=LIMITS)
    bench.open_trade()
    bench.market(mark="49550")
    bench.advance(1_500)
    assert len(bench.of(ev.DailyLossLatched)) == 1
    assert bench.trade.phase == "open"
    assert bench.cancels(Role.STOP) == []


def in_usdc(**more: object) -> Bench:
    """An account that trades a symbol margined in USDC."""
    bench = Bench(start=False, limits=LIMITS, **more)  # type: ignore[arg-type]
    bench.venue.asset = "USDC"
    bench.instruments[SYMBOL] = instrument(quote_asset="USDC", margin_asset="USDC")
    bench.boot_up()
    return bench


def test_rules_9_the_daily_loss_is_measured_in_the_accounts_margin_asset():
    """With USDC as well, once it is named; the same loss, the same latch."""
    bench = in_usdc(margin_asset="USDC")
    lose(bench)
    assert bench.of(ev.DailyLossLatched)[0].limit == D("40")


def test_rules_9_a_symbol_whose_losses_would_not_count_is_not_entered():
    """A loss in USDC is no part of a sum in USDT, so that no limit would ever stop it."""
    bench = in_usdc()
    bench.intent()
    denied = bench.of(ev.IntentDenied)[0]
    assert denied.code == "SYMBOL_NOT_ALLOWED"
    assert denied.facts["margin_asset"] == "USDC"
    assert denied.facts["account_margin_asset"] == "USDT"
    assert denied.counterfactual == {"configuration": 'account.margin_asset = "USDC"; this account takes USDT only'}


def test_rules_9_a_day_that_began_with_nothing_begins_again_with_the_first_money():
    """Otherwise a limit in percent would be none until midnight."""
    bench = Bench(start=False, limits=Limits(daily_loss=None, daily_loss_pct=D("1")))
    bench.venue.wallet = D(0)
    bench.boot_up()
    bench.advance(10_000)
    bench.venue.wallet = D("4000")
    bench.give(inp.AccountSeen, reason="DEPOSIT", balances=bench.venue.balances())
    bench.advance(10_000)
    assert [event.equity for event in bench.of(ev.DayStarted)] == [D(0), D("4000")]
    lose(bench)
    assert bench.of(ev.DailyLossLatched)[0].limit == D("40")


def test_rules_9_positions_are_flattened_only_by_configuration():
    """`on_daily_loss = flatten`."""
    bench = Bench(limits=LIMITS, on_daily_loss="flatten")
    bench.open_trade()
    bench.market(mark="49550")
    bench.advance(5_000)
    assert bench.venue.amounts[SYMBOL] == 0


def test_rules_9_resume_is_refused_while_the_limit_is_breached():
    """Unless the limit is raised by name, which is a new configuration."""
    bench = Bench(limits=LIMITS)
    lose(bench)
    resume(bench)
    assert bench.state.commanded is TradingState.REDUCING
    bench.now += 24 * 3_600_000
    bench.advance(10_000)
    resume(bench)
    assert bench.state.commanded is TradingState.ACTIVE


def test_rules_9_transfers_are_no_loss():
    """Money taken out is not lost."""
    bench = Bench(limits=LIMITS)
    bench.venue.wallet -= D("5000")
    bench.give(inp.AccountSeen, reason="WITHDRAW", balances=bench.venue.balances())
    bench.advance(10_000)
    assert bench.of(ev.DailyLossLatched) == []


def test_rules_9_a_gap_holds_the_state_down_until_everything_was_read_again():
    """A stream that came back may have missed anything."""
    bench = Bench()
    bench.give(inp.LinkChanged, link="user_stream", up=False)
    bench.hold_reads = {ReadKind.POSITIONS}
    bench.give(inp.LinkChanged, link="user_stream", up=True)
    assert bench.state.effective is TradingState.REDUCING
    bench.hold_reads.clear()
    bench.release_reads()
    assert bench.state.effective is TradingState.ACTIVE


def test_rules_9_a_journal_that_can_be_written_again_halts_no_longer():
    """The state and its alarm go with their cause; the stop stayed all the time, and the next intent is taken."""
    bench = Bench(symbols=(SYMBOL, "ETHUSDT")).open_trade()
    bench.give(inp.JournalChanged, ok=False, error="disk full")
    assert bench.state.effective is TradingState.HALTED
    bench.give(inp.JournalChanged, ok=True)
    assert bench.state.effective is TradingState.ACTIVE
    assert bench.state.alarms == {}
    assert bench.stop().armed
    bench.intent("i2", symbol="ETHUSDT")
    assert bench.state.intents["i2"].denied is None
