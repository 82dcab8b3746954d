"""Targets, and the winding up of a trade to its proved close (RULES 5, 11)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.core import exits
from holdfast.model import events as ev
from holdfast.model.effects import Read, ReadKind
from holdfast.model.ids import Role
from tests.core.bench import Bench
from tests.core.replies import rejected


def test_targets_are_limits_that_only_reduce():
    """They lie on the book and can never open."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    spec = bench.places(Role.TARGET)[0].order.spec
    assert (spec.type, spec.reduce_only) == ("LIMIT", True)
    assert (spec.price, spec.quantity) == (Decimal("50500"), Decimal("0.100"))


def test_the_last_target_takes_the_rest():
    """Three thirds of 0.100 are 0.033, 0.033 and 0.034."""
    third = "0.3333333333"
    targets = [("50500", third), ("50600", third), ("50700", "0.3333333334")]
    bench = Bench().open_trade(targets=targets)
    sizes = [place.order.spec.quantity for place in bench.places(Role.TARGET)]
    assert sizes == [Decimal("0.033"), Decimal("0.033"), Decimal("0.034")]


@pytest.mark.parametrize("began", [False, True])
def test_an_exit_has_begun_with_the_first_fill_of_one(began):
    """Then the entry remainder is dead."""
    bench = Bench().open_trade(targets=[("50500", "0.5")])
    if began:
        bench.fill(bench.orders(Role.TARGET)[0].client_id)
    assert exits.exit_began(bench.context(), bench.trade) is began


def test_a_target_that_fills_everything_closes_the_trade():
    """Its stop is cancelled, the venue shows 0, and the reason is "target"."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    bench.fill(bench.orders(Role.TARGET)[0].client_id)
    bench.advance(3_000)
    assert [result.exit_reason for result in bench.closed] == ["target"]
    assert len(bench.cancels(Role.STOP)) == 1


def test_the_trade_closes_only_after_the_venue_showed_nothing():
    """A read that left after the last order of ours."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    asked = [at for at, effect in bench.effects if isinstance(effect, Read) and effect.kind is ReadKind.POSITIONS]
    assert asked[-1] <= bench.of(ev.TradeClosed)[0].at_ms


def test_a_refused_entry_needs_no_look_at_the_position():
    """It was proved that nothing reached the market."""
    bench = Bench()
    bench.script(Role.ENTRY, rejected(-2019))
    before = len(bench.done(Read))
    bench.intent()
    assert [result.fills for result in bench.closed] == [0]
    assert len(bench.done(Read)) == before


def test_net_is_gross_less_fees():
    """To the last digit."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    result = bench.closed[0]
    assert result.net["USDT"] == result.gross["USDT"] - result.fees["USDT"]
