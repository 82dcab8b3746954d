"""Asking the venue what is: a round that cannot be completed is finished, not begun again and again."""

from collections import Counter

from holdfast.model.effects import Lane, Read, ReadKind
from tests.core.bench import Bench


def asked(bench: Bench) -> Counter[ReadKind]:
    """How often each kind of read was asked so far."""
    return Counter(read.kind for read in bench.done(Read))


def test_only_what_is_missing_is_asked_again() -> None:
    """A refused read costs its own weight every second, not that of the whole account's lists (RULES 12)."""
    bench = Bench(start=False)
    bench.failing_reads = {ReadKind.MODES}
    bench.boot_up()
    before = asked(bench)
    bench.advance(3_100)
    assert not bench.engine.around.reconciled
    bench.failing_reads.clear()
    bench.advance(1_100)
    assert bench.engine.around.reconciled
    more = asked(bench) - before
    assert (more[ReadKind.MODES], more[ReadKind.OPEN_ALGOS], more[ReadKind.OPEN_ORDERS]) == (4, 0, 0)


def test_executions_of_live_trades_are_read_with_the_right_of_protection() -> None:
    """Until they are known a stop may stand on a flat symbol, or be placed there again; a full window is no reason."""
    bench = Bench().open_trade()
    bench.restart()
    begun = bench.now
    lanes = {read.lane for at, read in bench.effects if at == begun and _is_round_of_trades(read)}
    assert lanes == {Lane.PROTECT}


def _is_round_of_trades(effect: object) -> bool:
    return isinstance(effect, Read) and effect.kind is ReadKind.TRADES and effect.purpose.startswith("reconcile")
