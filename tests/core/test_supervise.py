"""One look at a symbol, whatever brought the engine there."""

from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role
from holdfast.model.orders import Side
from tests.core.bench import Bench
from tests.core.replies import silence, stranger_order


def test_an_entry_that_fills_while_its_close_is_wanted_is_closed_at_once() -> None:
    """A close arrives while the entry's answer is out; what then fills is naked, so it does not wait for a turn."""
    bench = Bench()
    bench.script(Role.ENTRY, silence(landed=True))
    bench.fills_entries = False
    bench.intent()
    bench.advance(50)
    bench.intent("c1", "close", side=None)
    assert bench.places(Role.CLOSE) == []
    bench.advance(100)
    bench.fill(bench.entry().client_id)
    assert bench.place_times(Role.CLOSE) == [150]
    bench.advance(3_000)
    assert [result.status for result in (bench.result(), bench.result("c1")) if result] == ["flattened", "closed"]


def test_rules_4_a_strangers_execution_denies_an_entry_before_a_position_read_confirms_it() -> None:
    """The stream tells it within milliseconds; the read that calls it foreign takes a round trip longer."""
    bench = Bench()
    bench.hold_reads = {ReadKind.POSITIONS}
    bench.venue.take(stranger_order("web_1", "0.05", Side.SELL), bench.now)
    bench.fill("web_1")
    bench.intent()
    result = bench.result()
    assert result is not None
    assert (result.status, result.code) == ("denied", "FOREIGN_POSITION")
