"""Unknown outcomes: asked about until there is evidence or the whole proof of absence (RULES 3)."""

from __future__ import annotations

import pytest

from holdfast.core import unknowns
from holdfast.model import events as ev
from holdfast.model.effects import Read, ReadKind
from holdfast.model.ids import Role
from tests.core.bench import Bench
from tests.core.replies import unknown


def lost(*, landed: bool = False) -> Bench:
    """An entry without an answer."""
    bench = Bench()
    bench.script(Role.ENTRY, unknown(landed=landed))
    bench.fills_entries = landed
    bench.intent()
    bench.advance(4_000)
    return bench


def test_it_is_opened_once():
    """However often it is asked about."""
    bench = lost()
    bench.advance(3_000)
    assert len(bench.of(ev.UnknownOpened)) == 1


def test_a_round_asks_the_order_the_list_the_executions_and_the_position():
    """All four belong to the proof."""
    bench = lost()
    purpose = f"resolve:{bench.entry().client_id}"
    asked = {read.kind for read in bench.done(Read) if read.purpose == purpose}
    assert asked == {ReadKind.ORDER, ReadKind.ALL_ORDERS, ReadKind.TRADES, ReadKind.POSITIONS}


def test_absence_before_the_window_is_over_proves_nothing():
    """Timestamp + recvWindow + 5 s."""
    bench = lost()
    assert not unknowns.proved_absent(bench.context(), bench.entry())
    assert bench.result() is None


def test_the_whole_proof_ends_as_never_placed():
    """And the result says so."""
    bench = lost()
    bench.advance(10_000)
    assert bench.of(ev.UnknownResolved)[-1].resolution == "never_placed"
    assert bench.result().status == "never_placed"


def test_positive_evidence_ends_it_at_once():
    """Whatever channel it comes from."""
    bench = lost(landed=True)
    bench.advance(3_000)
    assert [event.resolution for event in bench.of(ev.UnknownResolved)] == ["confirmed"]
    assert bench.result().status == "protected"


@pytest.mark.parametrize(
    ("times", "enough"),
    [([0, 1_000, 2_000], True), ([0, 500, 1_000], False), ([0, 2_000], False), ([0, 900, 1_000, 2_000], True)],
)
def test_three_absences_at_least_a_second_apart(times, enough):
    """Closer ones are one look."""
    assert unknowns._spaced([10_000 + at for at in times], 10_000, 10_000) is enough


def test_absences_before_the_stream_came_back_do_not_count():
    """The same reads must be complete again after a gap."""
    assert not unknowns._spaced([1_000, 2_000, 3_000], 2_500, 0)
