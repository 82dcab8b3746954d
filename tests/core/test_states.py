"""Trading state: commanded, effective, and what pulls it down (RULES 9)."""

from __future__ import annotations

import pytest

from holdfast.core.states import HEALTH
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.reasons import TradingState
from tests.core.bench import Bench


def test_a_fresh_engine_is_halted_until_it_has_compared_itself():
    """Fail-closed at boot."""
    bench = Bench(start=False)
    assert bench.state.effective == "halted"
    bench.boot_up()
    assert bench.state.effective == "active"


@pytest.mark.parametrize("commanded", list(TradingState))
def test_effective_is_never_above_commanded(commanded):
    """min(commanded, health)."""
    bench = Bench(boot=commanded)
    assert bench.state.effective.rank <= commanded.rank


@pytest.mark.parametrize(
    ("message", "finding"),
    [
        ((inp.LinkChanged, {"link": "user_stream", "up": False}), "user stream is down"),
        ((inp.ClockChecked, {"ok": False}), "clock unknown"),
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
    assert bench.state.effective is HEALTH[finding][0]


def test_health_clears_by_itself():
    """The commanded state is latched, health is not."""
    bench = Bench()
    bench.give(inp.ClockChecked, ok=False)
    bench.give(inp.ClockChecked, ok=True)
    assert bench.state.effective == "active"
    assert bench.state.commanded == "active"


def test_a_change_is_journalled_once():
    """No record without a change."""
    bench = Bench()
    before = len(bench.of(ev.EffectiveChanged))
    bench.give(inp.ClockChecked, ok=False)
    bench.give(inp.ClockChecked, ok=False)
    assert len(bench.of(ev.EffectiveChanged)) == before + 1


def test_shutdown_is_no_command_but_cancels_working_entries():
    """The next start goes on as commanded; nobody would cover what fills meanwhile (RULES 10)."""
    bench = Bench()
    bench.fills_entries = False
    bench.intent(entry=Entry(type="limit", price=bench.marks["BTCUSDT"] - 100, ttl_ms=60_000))
    bench.command("shutdown")
    assert bench.state.commanded == "active"
    assert len(bench.cancels(Role.ENTRY)) == 1


def test_resume_needs_the_token_of_its_preparation():
    """A wrong token changes nothing."""
    bench = Bench()
    bench.command("halt", reason="drill")
    bench.command("resume_prepare", reason="over")
    bench.command("resume_confirm", token="guess", reason="over")
    assert bench.state.commanded == "halted"
    bench.command("resume_confirm", token=bench.of(ev.ResumePrepared)[-1].token, reason="over")
    assert bench.state.commanded == "active"


def test_a_token_expires():
    """Two minutes later the picture may be another one."""
    bench = Bench()
    bench.command("halt", reason="drill")
    bench.command("resume_prepare", reason="over")
    bench.advance(121_000)
    bench.command("resume_confirm", token=bench.of(ev.ResumePrepared)[-1].token, reason="over")
    assert bench.state.commanded == "halted"
