"""What the coverage watch finds, and what is done about it (RULES 12)."""

from __future__ import annotations

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.ids import Role
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import silence


def watched() -> Bench:
    """A protected trade, a second later."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    return bench


def vanish(bench: Bench) -> None:
    """The venue loses the stop without a word."""
    bench.venue.algos.pop(bench.stop().client_id)


def test_a_listed_stop_needs_nothing():
    """No repeat, no loss."""
    bench = watched()
    bench.coverage()
    assert len(bench.places(Role.STOP)) == 1
    assert bench.of(ev.StopLost) == []


def test_an_absent_stop_is_placed_again_under_its_own_id():
    """The same stop, not another one."""
    bench = watched()
    vanish(bench)
    bench.coverage()
    ids = [place.order.spec.client_id for place in bench.places(Role.STOP)]
    assert ids == [ids[0]] * 2


def test_an_accepted_re_placement_counts_as_a_loss():
    """Then, and only then."""
    bench = watched()
    vanish(bench)
    bench.coverage()
    assert [event.symbol for event in bench.of(ev.StopLost)] == [SYMBOL]
    assert bench.trade.phase == "open"


def test_a_stop_in_doubt_is_no_cover():
    """Until it is confirmed the deadline runs."""
    bench = watched()
    bench.engine.around.suspected[bench.stop().client_id] = bench.now
    bench.script(Role.STOP, silence())
    bench.give(inp.TimerFired, key=f"look:{SYMBOL}")
    assert bench.trade.phase == "protecting"


def test_a_round_that_failed_is_no_heartbeat():
    """Its lists mean nothing."""
    bench = watched()
    beat = bench.engine.around.watch_ms
    bench.give(inp.CoverageChecked, ok=False, asked_ms=bench.now)
    assert bench.engine.around.watch_ms == beat
