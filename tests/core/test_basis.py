"""What a verdict rests on is complete: the records alone give the same picture."""

from decimal import Decimal

import msgspec
import pytest

from holdfast.core import view
from holdfast.core.basis import Basis, gather
from holdfast.core.feasibility import contradictions
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.reports import PositionReport
from holdfast.model.seen import Seen
from tests.core.bench import Bench
from tests.core.replies import SYMBOL, throttled

D = Decimal
encoder = msgspec.json.Encoder(decimal_format="string")


def through_the_journal(basis: Basis) -> Basis:
    """The basis as a reader of the journal has it: only what the state and the verdict's record tell."""
    seen = msgspec.json.decode(encoder.encode(basis.seen), type=Seen)
    rules = basis.state.rules.get(basis.symbol) if seen.rules else None
    found = contradictions(basis.settings, rules) if rules is not None else ()
    return basis._replace(instrument=rules, contradictions=found, seen=seen)


def idle() -> Bench:
    """Nothing is open."""
    return Bench()


def unknown_account() -> Bench:
    """Nothing was told yet."""
    return Bench(start=False)


def with_trade() -> Bench:
    """Open, covered, and read since."""
    bench = Bench(symbols=(SYMBOL, "ETHUSDT")).open_trade()
    bench.advance(12_345)
    return bench


def with_resting_entry() -> Bench:
    """An entry works, and a position row shows what no fill has told."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D(49_900)))
    bench.advance(100)
    row = PositionReport(symbol=SYMBOL, amount=D("0.04"), entry_price=D(49_900))
    bench.engine.around.venue_positions[SYMBOL] = (row, bench.now)
    return bench


def with_retry() -> Bench:
    """An entry waits to be sent once more."""
    bench = Bench()
    bench.script(Role.ENTRY, throttled(9_000))
    bench.intent()
    return bench


def with_stranger() -> Bench:
    """Somebody else's position, without a price."""
    bench = Bench(symbols=(SYMBOL, "ETHUSDT"))
    bench.state.foreign["XRPUSDT"] = D(5)
    return bench


BENCHES = [idle, unknown_account, with_trade, with_resting_entry, with_retry, with_stranger]


@pytest.mark.parametrize("symbol", [SYMBOL, "ETHUSDT", "NOSUCH"])
@pytest.mark.parametrize("made", BENCHES, ids=lambda made: made.__name__)
def test_the_records_alone_give_the_same_picture(made, symbol):
    """I13: whoever has the journal sees what the gate saw, to the last field."""
    basis = gather(made().context(), symbol)
    assert view.of_symbol(through_the_journal(basis), "test") == view.of_symbol(basis, "test")


def test_rules_are_journalled_before_the_first_verdict_that_uses_them():
    """And no more while they stay the same."""
    bench = Bench()
    bench.intent()
    bench.intent("i2")
    assert [event.rules for event in bench.of(ev.RulesSeen)] == [bench.instruments[SYMBOL]]


def test_rules_that_changed_are_journalled_again():
    """Equal rules that were read anew have not changed."""
    bench = Bench()
    bench.intent()
    same = msgspec.structs.replace(bench.instruments[SYMBOL])
    bench.give(inp.InstrumentsLoaded, instruments=(same,))
    bench.intent("i2")
    other = msgspec.structs.replace(same, tick_size=D("0.5"))
    bench.give(inp.InstrumentsLoaded, instruments=(other,))
    bench.intent("i3")
    assert [event.rules for event in bench.of(ev.RulesSeen)] == [same, other]
    assert bench.state.rules == {SYMBOL: other}


def test_a_restart_does_not_journal_the_same_rules_again():
    """The fold remembers them."""
    bench = Bench().open_trade()
    bench.restart()
    bench.intent("i2")
    assert len(bench.of(ev.RulesSeen)) == 1


def test_a_symbol_nobody_knows_has_no_rules():
    """The verdict says so; there is nothing to journal."""
    bench = Bench()
    bench.marks["NOSUCH"] = D(1)
    bench.intent(symbol="NOSUCH", stop="0.9")
    (denied,) = bench.of(ev.IntentDenied)
    assert denied.seen is not None
    assert denied.seen.rules is False
    assert bench.of(ev.RulesSeen) == []
