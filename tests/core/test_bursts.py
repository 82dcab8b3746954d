"""Evidence of one burst, in every order: the state is the same at the end (RULES 3)."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.model import inputs as inp
from holdfast.model.effects import Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import AlgoStatus, OrderStatus
from holdfast.model.reasons import Outcome
from holdfast.model.reports import Channel, RequestOutcome
from tests.core import bursts
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import silence, without_fee

D = Decimal


def outline(bench: Bench) -> dict[str, object]:
    """What must not depend on the order of arrival: everything but the journal's own order and its count."""
    state = bench.state
    trade = bench.trade
    return {
        "plain": {c: (o.status, o.pending, o.order_id, o.executed, o.filled, o.filled_value)
                  for c, o in sorted(state.plain.items())},
        "algos": {c: (o.status, o.pending, o.algo_id, o.child_id, o.child_status, o.filled)
                  for c, o in sorted(state.algos.items())},
        "fills": {key: (f.client_id, f.complete, f.quantity) for key, f in sorted(state.fills.items())},
        "positions": {symbol: amount for symbol, amount in state.positions.items() if amount},
        "foreign": dict(state.foreign),
        "trade": (trade.phase, trade.entry_filled, trade.entry_value, trade.exit_filled, dict(trade.fees),
                  dict(trade.gross), trade.incomplete_fills, trade.fills),
        "results": sorted((i, r.result.status.value) for i, r in state.intents.items() if r.result),
        "alarms": sorted(state.alarms),
    }  # fmt: skip


def entry_burst() -> tuple[Bench, list[inp.AnyInput]]:
    """An entry is out; the six words about its fill are held back."""
    bench = Bench()
    bench.silent_stream = True
    bench.script(Role.ENTRY, silence(landed=True))
    bench.fills_entries = True
    bench.watch = False
    bench.hold_reads = {ReadKind.TRADES}
    bench.intent()
    held = bench.venue.orders[bench.entry().client_id][-1]
    fill = bench.venue.trades[-1]
    filled = bench.venue.report(held, Channel.STREAM)
    working = type(filled)(**{**{n: getattr(filled, n) for n in filled.__struct_fields__},
                              "status": OrderStatus.WORKING, "executed": D(0)})  # fmt: skip
    reply = RequestOutcome(outcome=Outcome.CONFIRMED, status=200, order=working)
    query = Read(kind=ReadKind.ORDER, purpose=f"state:{held.client_id}", symbol=SYMBOL, client_id=held.client_id)
    asked = bench.venue.report(held, Channel.QUERY)
    words: list[inp.AnyInput] = [
        inp.PlaceAnswered(now_ms=0, client_id=held.client_id, outcome=reply, sent_ms=bench.now, recv_window_ms=1_500),
        inp.OrderSeen(now_ms=0, report=working),
        inp.FillSeen(now_ms=0, fill=without_fee(fill)),
        inp.OrderSeen(now_ms=0, report=filled, fill=fill),
        inp.AccountSeen(now_ms=0, reason="ORDER", balances=bench.venue.balances(),
                        positions=(bench.venue.position(SYMBOL),)),
        inp.ReadAnswered(now_ms=0, read=query, ok=True, asked_ms=bench.now, orders=(asked,)),
    ]  # fmt: skip
    return bench, words


def tell(bench: Bench, words: list[inp.AnyInput], gaps: list[int] | None = None) -> None:
    """One word after the other, and then some quiet."""
    for index, word in enumerate(words):
        bench.advance(gaps[index] if gaps else 1)
        bench.step(type(word)(**{**{n: getattr(word, n) for n in word.__struct_fields__}, "now_ms": bench.now}))
    bench.hold_reads.clear()
    bench.release_reads()
    bench.silent_stream = False
    bench.advance(3_000)
    bench.check_end()


def expected(burst: object) -> dict[str, object]:
    """The outline after the usual order."""
    bench, words = burst()  # type: ignore[operator]
    tell(bench, words)
    return outline(bench)


ENTRY_ORDERS = list(permutations(range(6)))


@pytest.mark.parametrize("first", range(6))
def test_a_fill_burst_in_all_720_orders_ends_in_the_same_state(first):
    """Reply, NEW, TRADE_LITE, TRADE, ACCOUNT_UPDATE, query answer."""
    wanted = expected(entry_burst)
    assert wanted["results"] == [("i1", "protected")]
    for order in ENTRY_ORDERS[first * 120 : (first + 1) * 120]:
        bench, words = entry_burst()
        tell(bench, [words[index] for index in order])
        assert outline(bench) == wanted, order


@settings(max_examples=60)
@given(st.permutations(range(6)), st.lists(st.integers(0, 5), max_size=4), st.lists(st.integers(0, 300), min_size=10,
                                                                                   max_size=10))  # fmt: skip
def test_words_told_twice_and_late_change_nothing(order, again, gaps):
    """Repeats and pauses of up to 300 ms."""
    bench, words = entry_burst()
    tell(bench, [words[index] for index in [*order, *again]], gaps)
    assert outline(bench) == expected(entry_burst)


def stop_burst() -> tuple[Bench, list[inp.AnyInput]]:
    """A stop goes off; the six words about it are held back."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49500")
    bench.fill(bench.entry().client_id)
    bench.advance(10)
    bench.watch = False
    stop_id = bench.stop().client_id
    algo = bench.venue.algos[stop_id][-1]
    algo.status = AlgoStatus.TRIGGERING
    triggering = bench.venue.algo_report(algo, Channel.STREAM)
    child = bench.venue.trigger(stop_id, bench.now)
    triggered, new = bench.venue.algo_report(algo, Channel.STREAM), bench.venue.report(child, Channel.STREAM)
    fill = bench.venue.fill(child, D("0.1"), D("49490"), bench.now)
    algo.status = AlgoStatus.FINISHED
    words: list[inp.AnyInput] = [
        inp.AlgoSeen(now_ms=0, report=triggering),
        inp.AlgoSeen(now_ms=0, report=triggered),
        inp.OrderSeen(now_ms=0, report=new),
        inp.FillSeen(now_ms=0, fill=without_fee(fill)),
        inp.OrderSeen(now_ms=0, report=bench.venue.report(child, Channel.STREAM), fill=fill),
        inp.AlgoSeen(now_ms=0, report=bench.venue.algo_report(algo, Channel.STREAM)),
    ]
    return bench, words


@pytest.mark.parametrize("first", range(6))
def test_a_stop_burst_in_all_720_orders_closes_the_trade_alike(first):
    """TRIGGERING, TRIGGERED, child NEW, TRADE_LITE, child TRADE, FINISHED; no close order in any of them."""
    wanted = expected(stop_burst)
    for order in ENTRY_ORDERS[first * 120 : (first + 1) * 120]:
        bench, words = stop_burst()
        tell(bench, [words[index] for index in order])
        assert outline(bench) == wanted, order
        assert bench.places(Role.CLOSE) == []
        assert len(bench.closed) == 1


@pytest.mark.parametrize("name", bursts.SCENES)
def test_every_order_of_a_burst_ends_in_the_same_state(name):
    """The same hash of the state (bookkeeping aside), the same results, the same cover: up to 720 orders of each."""
    scene, ends = bursts.SCENES[name]
    wanted = None
    for order in permutations(range(len(scene().caught))):
        bench = scene()
        bursts.tell(bench, [bench.caught[index] for index in order])
        found = bursts.digest(bench), bursts.ending(bench)
        wanted = wanted or found
        assert found == wanted, order
        assert found[1] == ends


def test_the_scenes_are_as_many_and_as_long_as_promised():
    """Twelve or more, some of six words."""
    lengths = [len(scene().caught) for scene, _ in bursts.SCENES.values()]
    assert len(lengths) >= 12
    assert lengths.count(6) >= 3
