"""RULES 16, `kill`: what the engine makes of what the kill switch did beside it."""

from decimal import Decimal

from holdfast.model import events as ev
from holdfast.model.effects import Cancel
from holdfast.model.ids import KILL_PREFIX, Role
from holdfast.model.orders import AlgoStatus, OrderSpec, OrderType, Side
from tests.core.bench import SYMBOL, Bench

D = Decimal


def kill(bench: Bench) -> None:
    """The switch closes the position and removes every order, behind the engine's back."""
    spec = OrderSpec(client_id=f"{KILL_PREFIX}c1-x", role=Role.CLOSE, symbol=SYMBOL, side=Side.SELL,
                     type=OrderType.MARKET, quantity=abs(bench.venue.amounts[SYMBOL]), reduce_only=True)  # fmt: skip
    bench.venue.take(spec, bench.now)
    bench.fill(spec.client_id)
    for client_id, rows in bench.venue.algos.items():
        if rows[-1].status is AlgoStatus.ARMED:
            bench.algo(client_id, AlgoStatus.CANCELLED)


def test_rules_16_its_fills_are_attributed_to_the_operator():
    """Booked on the trade that they closed."""
    bench = Bench().open_trade()
    kill(bench)
    assert bench.of(ev.FillBooked)[-1].cause == "OPERATOR"
    bench.advance(3_000)
    assert bench.closed[0].exit_reason == "external"


def test_rules_16_the_engine_neither_adopts_nor_re_arms():
    """The stop it removed stays removed; no order follows; it is no second engine."""
    bench = Bench().open_trade()
    sent = len(bench.places(Role.STOP))
    kill(bench)
    bench.advance(10_000)
    assert len(bench.places(Role.STOP)) == sent
    assert bench.state.effective == "active"
    assert bench.state.foreign == {}


def test_rules_16_its_open_orders_are_not_cancelled_and_not_counted():
    """They are the operator's."""
    bench = Bench()
    spec = OrderSpec(client_id=f"{KILL_PREFIX}x1-x", role=Role.CLOSE, symbol=SYMBOL, side=Side.SELL,
                     type=OrderType.LIMIT, quantity=D("0.1"), price=D("60000"), reduce_only=True)  # fmt: skip
    bench.venue.take(spec, bench.now)
    bench.restart()
    bench.advance(10_000)
    assert bench.done(Cancel) == []
    assert bench.engine.around.foreign_orders == {}
