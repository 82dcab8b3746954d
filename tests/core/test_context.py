"""The working set of one step: what is emitted is folded, what is wished is asked of the shell."""

from holdfast.model import events as ev
from holdfast.model.effects import ClearTimer, Lane, Read, ReadKind, SetTimer
from holdfast.model.reasons import AlarmCode
from tests.core.bench import Bench


def test_an_emitted_event_is_folded_at_once():
    """Later decisions of the same step see it."""
    ctx = Bench().context()
    ctx.emit(ev.SymbolHalted(at_ms=ctx.now_ms, symbol="BTCUSDT", reason="test"))
    assert ctx.state.halted_symbols == {"BTCUSDT": "test"}
    assert [type(event) for event in ctx.events] == [ev.SymbolHalted]


def test_a_timer_replaces_the_one_of_its_key():
    """The shell keeps one per key."""
    ctx = Bench().context()
    ctx.timer("look:X", 10)
    ctx.timer("look:X", 20)
    assert ctx.around.timers["look:X"] == 20
    assert [effect.at_ms for effect in ctx.effects if isinstance(effect, SetTimer)] == [10, 20]


def test_of_two_wishes_under_one_key_the_earlier_one_stays():
    """Whoever still waits when it fires wishes again."""
    ctx = Bench().context()
    ctx.timer_once("look:X", 20)
    ctx.timer_once("look:X", 30)
    assert ctx.around.timers["look:X"] == 20
    ctx.timer_once("look:X", 10)
    assert ctx.around.timers["look:X"] == 10


def test_clearing_a_timer_that_does_not_run_asks_for_nothing():
    """No effect for nothing."""
    ctx = Bench().context()
    ctx.clear_timer("look:X")
    assert ctx.effects == []
    ctx.timer("look:X", 10)
    ctx.clear_timer("look:X")
    assert isinstance(ctx.effects[-1], ClearTimer)


def test_a_read_carries_its_purpose():
    """The answer comes back with it."""
    ctx = Bench().context()
    ctx.read(ReadKind.TRADES, "trades:X", symbol="X", since_ms=5)
    assert ctx.effects == [Read(kind=ReadKind.TRADES, purpose="trades:X", symbol="X", since_ms=5)]


def test_an_alarm_is_raised_once_until_it_clears():
    """Per code and subject."""
    ctx = Bench().context()
    ctx.alarm(AlarmCode.STOP_LOST, "X", "gone")
    ctx.alarm(AlarmCode.STOP_LOST, "X", "gone again")
    ctx.alarm(AlarmCode.STOP_LOST, "Y", "gone")
    ctx.clear_alarm(AlarmCode.STOP_LOST, "X")
    ctx.clear_alarm(AlarmCode.STOP_LOST, "X")
    ctx.alarm(AlarmCode.STOP_LOST, "X", "gone")
    assert [type(event).__name__ for event in ctx.events] == [
        "AlarmRaised", "AlarmRaised", "AlarmCleared", "AlarmRaised"]  # fmt: skip


def test_a_phase_that_is_already_there_is_not_recorded_again():
    """Looking twice changes nothing."""
    bench = Bench().open_trade()
    ctx = bench.context()
    ctx.phase(bench.trade, bench.trade.phase)
    assert ctx.events == []


def test_rules_12_what_is_open_is_asked_from_what_is_reserved_for_protection():
    """A full window of reads must not keep us from seeing that a position is gone; elsewhere it may."""
    ctx = Bench().open_trade().context()
    for symbol in ("BTCUSDT", "ETHUSDT"):
        for kind in (ReadKind.TRADES, ReadKind.ORDER, ReadKind.POSITIONS, ReadKind.SYMBOL_CONFIG):
            ctx.read(kind, "trades:x", symbol=symbol)
    lanes = [effect.lane for effect in ctx.effects if isinstance(effect, Read)]
    assert lanes == [*[Lane.PROTECT] * 3, *[Lane.QUERY] * 5]
