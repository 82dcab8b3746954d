"""Trading state, module level: tokens, summaries, losses; the rules are in test_rules_9.py."""

from decimal import Decimal

import pytest

from holdfast.core import states
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Cancel
from holdfast.model.ids import Role
from holdfast.model.reasons import AlarmCode, TradingState
from holdfast.model.settings import Limits
from tests.core.bench import START_MS, Bench
from tests.core.replies import rejected

D = Decimal
DAY_MS = 86_400_000


def test_a_healthy_engine_has_no_findings():
    """Nothing holds it down."""
    assert states.health(Bench().context()) == []


def test_every_finding_of_the_table_can_be_found():
    """An entry that nothing leads to would be a dead promise."""
    bench = Bench()
    around = bench.engine.around
    around.reconciled = around.journal_ok = around.user_stream = around.clock_ok = False
    around.key_refused = True
    around.watch_ms, around.hedge_mode, around.gap = 0, True, True
    around.clock_offset_ms, around.throttled_until_ms = 5_000, bench.now + 1
    around.unexplained["hf-e1-x"] = None
    assert states.health(bench.context()) == list(states.HEALTH)


def test_the_reasons_stand_beside_the_state():
    """An operator sees why."""
    bench = Bench()
    bench.give(inp.LinkChanged, link="user_stream", up=False)
    assert bench.of(ev.EffectiveChanged)[-1].reasons == ("user stream is down",)


def test_a_state_that_does_not_change_is_not_recorded_again():
    """Every step looks at it."""
    bench = Bench()
    before = len(bench.of(ev.EffectiveChanged))
    bench.advance(30_000)
    assert len(bench.of(ev.EffectiveChanged)) == before


@pytest.mark.parametrize(("token", "later", "refusal"), [
    ("wrong", 0, "the token is not the one of the last prepare"),
    ("right", 121_000, "the token has expired; prepare again"),
    ("right", 0, None),
])  # fmt: skip
def test_why_a_resume_is_refused(token, later, refusal):
    """In words."""
    bench = Bench()
    bench.command("halt")
    bench.command("resume_prepare")
    bench.now += later
    given = bench.of(ev.ResumePrepared)[-1].token if token == "right" else token
    assert states.resume_refusal(bench.context(), given) == refusal


def test_the_summary_names_what_would_be_resumed():
    """Live trades, foreign positions, alarms, health, the loss."""
    bench = Bench().open_trade()
    bench.command("halt", reason="lunch")
    bench.command("resume_prepare")
    summary = bench.of(ev.ResumePrepared)[-1].summary
    assert (summary["from"], summary["because"], summary["live_trades"]) == ("halted", "lunch", "1")
    assert (summary["health"], summary["daily_loss"], summary["foreign_positions"]) == (
        "good", "within the limit", "none")  # fmt: skip


def test_the_day_begins_with_the_equity_at_midnight():
    """Or with what is first seen after it."""
    bench = Bench()
    bench.advance(6_000)
    first = bench.of(ev.DayStarted)[0]
    assert (first.day, first.equity) == ("2025-06-15", D("10000"))
    bench.now += DAY_MS - (START_MS % DAY_MS)
    bench.advance(7_000)
    assert [event.day for event in bench.of(ev.DayStarted)] == ["2025-06-15", "2025-06-16"]


def test_a_percent_limit_is_of_the_days_first_equity():
    """1 % of 10 000: an open loss of 150 reaches it."""
    bench = Bench(limits=Limits(daily_loss=None, daily_loss_pct=D("1"), max_order_notional=D("100000")))
    bench.advance(6_000)
    bench.open_trade(quantity="0.3")
    bench.market(mark="49520")
    bench.advance(2_000)
    assert bench.of(ev.DailyLossLatched)[0].limit == D("100")
    assert bench.state.commanded is TradingState.REDUCING


def test_a_loss_is_latched_once():
    """However long it lasts."""
    bench = Bench(limits=Limits(daily_loss=D("40"), daily_loss_pct=None))
    bench.open_trade()
    bench.market(mark="49520")
    bench.advance(30_000)
    assert len(bench.of(ev.DailyLossLatched)) == 1


def test_a_command_to_flatten_one_symbol_leaves_the_others():
    """By name."""
    bench = Bench(symbols=("BTCUSDT", "ETHUSDT")).open_trade()
    bench.open_trade(intent_id="i2", symbol="ETHUSDT")
    bench.command("flatten", symbol="ETHUSDT")
    bench.advance(3_000)
    assert list(bench.state.live_trades) == ["BTCUSDT"]


def test_a_halt_without_working_entries_cancels_nothing():
    """Stops and targets stay."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    bench.command("halt")
    assert bench.done(Cancel) == []


@pytest.mark.parametrize(
    ("message", "finding"),
    [
        ((inp.LinkChanged, {"link": "user_stream", "up": False}), "user stream is down"),
        ((inp.ClockChecked, {"ok": False}), "clock unknown"),
        ((inp.CoverageChecked, {"ok": False, "asked_ms": 0, "code": -2015}), "the venue refuses the key"),
        ((inp.ClockChecked, {"ok": True, "offset_ms": 400}), "clock offset too large"),
        ((inp.JournalChanged, {"ok": False, "error": "EIO"}), "journal cannot be written"),
        ((inp.AccountConfigSeen, {"multi_assets": True}), "account mode differs"),
    ],
)
def test_each_finding_pulls_down_as_far_as_its_row_says(message, finding):
    """And names itself as the reason."""
    bench = Bench()
    kind, fields = message
    bench.give(kind, **fields)
    assert finding in bench.state.effective_reasons
    assert bench.state.effective is states.HEALTH[finding][0]


@pytest.mark.parametrize("commanded", list(TradingState))
def test_effective_is_never_above_commanded(commanded):
    """min(commanded, health)."""
    bench = Bench(boot=commanded)
    assert bench.state.effective.rank <= commanded.rank


def test_a_refused_key_halts_until_a_signed_read_is_answered():
    """Fault A13: deleted, moved to another address, or short of a permission; a human is told until it is mended."""
    bench = Bench().open_trade()
    bench.script(Role.CLOSE, rejected(-2015, "Invalid API-key, IP, or permissions for action."))
    bench.intent("c1", "flatten", side=None)
    assert bench.of(ev.AlarmRaised)[-1].code is AlarmCode.KEY_REFUSED
    bench.coverage()
    assert bench.state.effective is TradingState.ACTIVE
    assert bench.of(ev.AlarmCleared)[-1].code is AlarmCode.KEY_REFUSED


@pytest.mark.parametrize(("after_ms", "alarms"), [(9_000, []), (11_000, [AlarmCode.STREAM_STALE])])
def test_a_stream_that_is_still_opening_wakes_nobody(after_ms, alarms):
    """Every start begins without one; ten seconds later it is news."""
    bench = Bench(start=False)
    bench.give(inp.InstrumentsLoaded, instruments=tuple(bench.instruments.values()))
    bench.give(inp.ClockChecked, ok=True)
    bench.give(inp.Started, version="t", config_hash="c", key_fingerprint="k", boot_state=TradingState.ACTIVE)
    bench.coverage()
    bench.advance(after_ms)
    assert [event.code for event in bench.of(ev.AlarmRaised)] == alarms


def test_an_open_profit_at_midnight_is_no_profit_of_the_day():
    """The day is measured from what was open when it began: 40 of the open gain are lost again."""
    bench = Bench(limits=Limits(daily_loss=D("30"), daily_loss_pct=None))
    bench.open_trade()
    bench.market(mark="50400")
    bench.now += DAY_MS - (START_MS % DAY_MS)
    bench.advance(7_000)
    assert bench.of(ev.DayStarted)[-1].unrealized == D("40")
    assert bench.of(ev.DailyLossLatched) == []
    bench.market(mark="50050")
    bench.advance(2_000)
    assert bench.of(ev.DailyLossLatched)[0].window == "today"
