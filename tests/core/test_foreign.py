"""Books against the venue's positions; the policies are in test_rules_4.py."""

from decimal import Decimal

import pytest

from holdfast.core import foreign, reconcile, view
from holdfast.core.basis import gather
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoSpec, AlgoStatus, AlgoType, Side
from holdfast.model.reports import Channel, Fill, PositionReport
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import stranger_order, unknown

D = Decimal


def row(amount: str) -> PositionReport:
    """A position row."""
    return PositionReport(symbol=SYMBOL, amount=D(amount), entry_price=D("50000"))


def test_a_row_that_agrees_says_nothing():
    """No event, no read."""
    bench = Bench().open_trade()
    ctx = bench.context()
    foreign.see_position(ctx, row("0.100"), bench.now)
    assert (ctx.events, ctx.effects) == ([], [])


def test_an_older_row_is_dropped():
    """Answers overtake each other."""
    bench = Bench()
    ctx = bench.context()
    foreign.see_position(ctx, row("0"), bench.now)
    foreign.see_position(ctx, row("5"), bench.now - 1)
    assert ctx.around.venue_positions[SYMBOL][0].amount == 0
    assert ctx.events == []


def test_a_difference_is_looked_into_before_it_is_called_foreign():
    """Executions first; they explain it, and nothing is declared."""
    bench = Bench()
    bench.silent_stream = True
    bench.intent()
    bench.advance(5_000)
    assert bench.of(ev.ForeignSeen) == []
    assert bench.trade.entry_filled == D("0.100")


def test_an_execution_whose_owner_is_still_asked_for_keeps_the_question_open():
    """Not foreign while the order cannot be read."""
    bench = Bench().open_trade()
    bench.failing_reads = {ReadKind.ORDER}
    held = bench.venue.take(stranger_order("web_1", "0.2"), bench.now)
    bench.venue.fill(held, D("0.2"), D("50000"), bench.now)
    bench.advance(20_000)
    assert bench.of(ev.ForeignSeen) == []
    bench.failing_reads.clear()
    bench.advance(10_000)
    assert bench.state.foreign == {SYMBOL: D("0.2")}


def test_i26_an_execution_is_booked_as_soon_as_its_order_is_known():
    """It waited for the executions to be read once more; a position read in between gave it up (random day 20758)."""
    bench = Bench().open_trade()
    bench.failing_reads = {ReadKind.ORDER}
    held = bench.venue.take(stranger_order("web_1", "0.2"), bench.now)
    bench.venue.fill(held, D("0.2"), D("50000"), bench.now)
    bench.advance(20_000)
    bench.failing_reads = {ReadKind.TRADES}
    bench.advance(10_000)
    assert [event.cause for event in bench.of(ev.FillBooked)] == ["OURS", "EXTERNAL"]
    assert bench.of(ev.PositionSeen) == []


def test_rules_5_a_strangers_sale_waits_for_his_purchase_before_it():
    """The sale's order was known, the purchase's was not: the sale was booked as our exit, and our stop was cancelled
    under an open position (random day 60817)."""
    bench = Bench().open_trade()
    bench.silent_stream = True
    bench.failing_reads = {ReadKind.ORDER}
    for name, side in (("web_1", Side.BUY), ("web_2", Side.SELL)):
        held = bench.venue.take(stranger_order(name, "0.1", side), bench.now)
        bench.venue.record(bench.venue.fill(held, D("0.1"), D("50000"), bench.now))
    bench.tell_order(held)
    bench.restart()
    bench.tell_order(held)
    bench.advance(10_000)
    assert bench.trade.exit_filled == 0
    assert bench.cancels(Role.STOP) == []
    bench.failing_reads.clear()
    bench.advance(10_000)
    assert [event.trade_id for event in bench.of(ev.FillBooked)][1:] == ["", ""]
    assert bench.trade.live


def test_a_difference_that_changes_is_looked_into_anew():
    """Something happened since the executions were read: what it was may not vanish in the venue's word."""
    bench = Bench()
    ctx = bench.context()
    asked = bench.now
    ctx.around.explained_read[SYMBOL] = asked + 5_000
    foreign.see_position(ctx, row("0.2"), asked)
    foreign.see_position(ctx, row("0.3"), asked + 2_500)
    assert ctx.events == []
    ctx.around.explained_read[SYMBOL] = asked + 5_000
    foreign.see_position(ctx, row("0.3"), asked + 5_000)
    assert [event.amount for event in ctx.events if isinstance(event, ev.PositionSeen)] == [D("0.3")]


def test_a_difference_during_which_something_executed_is_looked_into_anew():
    """As large as the first by chance: each reading met one execution on its way, and our own part was called netted,
    its stop cancelled under what was still open (random day 90011)."""
    bench = Bench()
    ctx = bench.context()
    asked = bench.now
    ctx.around.explained_read[SYMBOL] = asked + 9_000
    foreign.see_position(ctx, row("0.2"), asked)
    ctx.around.executed_ms[SYMBOL] = asked + 1_000
    foreign.see_position(ctx, row("0.2"), asked + 2_500)
    assert ctx.events == []
    foreign.see_position(ctx, row("0.2"), asked + 5_000)
    assert [event.amount for event in ctx.events if isinstance(event, ev.PositionSeen)] == [D("0.2")]


@pytest.mark.parametrize(("since_ms", "told"), [(0, True), (60_000, False)])
def test_i26_a_read_that_began_too_late_explains_no_difference(since_ms, told):
    """A flatten read the last minute; what somebody had done before it vanished in the venue's word, and was
    attributed to nobody (simulated hour 540046)."""
    bench = Bench()
    bench.advance(90_000)
    ctx, asked = bench.context(), bench.now
    foreign.see_position(ctx, row("0.2"), asked)
    began = ctx.state.began_ms - foreign.CLOCK_MS
    read = Read(kind=ReadKind.TRADES, purpose=f"trades:{SYMBOL}", symbol=SYMBOL, since_ms=began + since_ms)
    reconcile.answered(ctx, inp.ReadAnswered(now_ms=asked + 100, read=read, ok=True, asked_ms=asked + 100))
    foreign.see_position(ctx, row("0.2"), asked + 5_000)
    assert any(isinstance(event, ev.PositionSeen) for event in ctx.events) is told


def shows(bench: Bench, asked_for: str, amount: str, asked_ms: int | None = None) -> None:
    """An answer about one symbol that shows `SYMBOL` as well."""
    read = Read(kind=ReadKind.POSITIONS, purpose=f"flatten:{asked_for}", symbol=asked_for)
    asked_ms = bench.now if asked_ms is None else asked_ms
    bench.step(inp.ReadAnswered(now_ms=bench.now, read=read, ok=True, asked_ms=asked_ms, positions=(row(amount),)))


def test_rules_15_what_a_read_shows_of_another_symbol_is_evidence():
    """The entry's answer and all its events are lost and the order is not listed yet: the position is covered as soon
    as any read shows it, and not when the watch comes round."""
    bench = Bench(symbols=(SYMBOL, "ETHUSDT"))
    bench.silent_stream = True
    bench.failing_reads = {ReadKind.ORDER, ReadKind.ALL_ORDERS, ReadKind.TRADES, ReadKind.POSITIONS}
    bench.script(Role.ENTRY, unknown(landed=True, streamed=False))
    bench.intent()
    bench.advance(300)
    assert bench.places(Role.STOP) == []
    shows(bench, "ETHUSDT", "0.100")
    assert len(bench.places(Role.STOP)) == 1


def test_a_difference_into_which_somebody_looks_already_is_not_asked_about_again():
    """Four reads a second may show it; its executions are read once, and then by its own timer."""
    bench = Bench(symbols=(SYMBOL, "ETHUSDT"))
    bench.hold_reads = {ReadKind.TRADES}
    for _ in range(5):
        shows(bench, "ETHUSDT", "0.2")
        bench.advance(100)
    assert len(bench.held_reads) == 1
    shows(bench, "ETHUSDT", "0.3")
    assert len(bench.held_reads) == 2


def test_what_a_read_shows_of_another_symbol_may_be_older_than_our_books():
    """It left before the last execution that we heard of."""
    bench = Bench(symbols=(SYMBOL, "ETHUSDT")).open_trade()
    bench.hold_reads = {ReadKind.TRADES}
    heard_ms = bench.engine.around.executed_ms[SYMBOL]
    shows(bench, "ETHUSDT", "0", heard_ms)
    assert (bench.held_reads, SYMBOL in bench.engine.around.mismatch) == ([], False)


def test_the_venues_word_becomes_our_books():
    """PositionSeen names both."""
    bench = Bench()
    bench.venue.amounts[SYMBOL] = D("0.2")
    bench.restart()
    bench.advance(5_000)
    seen = bench.of(ev.PositionSeen)[-1]
    assert (seen.amount, seen.ours) == (D("0.2"), D(0))
    assert bench.state.positions[SYMBOL] == D("0.2")


def test_an_execution_that_comes_after_all_corrects_the_finding():
    """It was declared foreign; then its execution arrives, and the books still end at the venue's word."""
    bench = Bench()
    bench.venue.amounts[SYMBOL] = D("0.2")
    bench.restart()
    bench.advance(5_000)
    held = bench.venue.take(stranger_order("web_1", "0.1", Side.SELL), bench.now)
    bench.fill(held.client_id)
    bench.advance(8_000)
    assert bench.state.positions[SYMBOL] == bench.venue.amounts[SYMBOL] == D("0.1")
    assert bench.state.foreign == {SYMBOL: D("0.1")}


def test_nothing_is_adopted_without_a_price():
    """No mark and no entry price: no stop could be worked out."""
    bench = Bench(on_foreign="adopt", adopt_stop_pct=D("2"))
    bench.engine.around.markets.clear()
    ctx = bench.context()
    foreign.adopt(ctx, PositionReport(symbol=SYMBOL, amount=D("1"), entry_price=D(0)))
    assert ctx.events == []


def test_executions_that_are_owed_on_both_sides_are_not_foreign():
    """Entry and close both filled, neither is booked yet: books and venue say 0, and nobody else was here."""
    bench = Bench()
    bench.failing_reads = {ReadKind.TRADES}
    bench.silent_stream = True
    bench.intent()
    bench.tell_order(bench.venue.orders[bench.entry().client_id][-1])
    bench.intent("c1", "close", side=None)
    bench.advance(8_000)
    assert bench.venue.amounts[SYMBOL] == 0
    assert bench.of(ev.ForeignSeen) == []


def stranger_stop(client_id: str = "web_1") -> AlgoSpec:
    """A stop that somebody places by hand."""
    return AlgoSpec(client_id=client_id, role=Role.STOP, symbol=SYMBOL, side=Side.SELL, type=AlgoType.STOP_MARKET,
                    trigger_price=D("40000"), quantity=D("0.1"), reduce_only=True)  # fmt: skip


def test_a_strangers_conditional_order_takes_a_slot_while_it_waits():
    """The venue counts everybody's (P15); its end frees the slot."""
    bench = Bench()
    held = bench.venue.take_algo(stranger_stop(), bench.now)
    bench.tell(inp.AlgoSeen(now_ms=0, report=bench.venue.algo_report(held, Channel.STREAM)))
    picture = view.of_symbol(gather(bench.context(), SYMBOL), "test")
    assert (picture.conditionals_used, picture.symbol_in_use) == (1, True)
    held.status = AlgoStatus.CANCELLED
    bench.tell(inp.AlgoSeen(now_ms=0, report=bench.venue.algo_report(held, Channel.STREAM)))
    assert view.of_symbol(gather(bench.context(), SYMBOL), "test").conditionals_used == 0


def test_the_whole_list_forgets_conditional_orders_that_ended_untold():
    """While one of a stranger's waits, the list is read again with the account."""
    bench = Bench()
    held = bench.venue.take_algo(stranger_stop(), bench.now)
    bench.tell(inp.AlgoSeen(now_ms=0, report=bench.venue.algo_report(held, Channel.STREAM)))
    held.status = AlgoStatus.CANCELLED
    bench.advance(31_000)
    assert bench.engine.around.foreign_algos == {}


def netted_trade(theirs: str) -> Bench:
    """Ours is 0.1 long; a stranger's short was there first, and the venue has one position."""
    bench = Bench()
    bench.silent_stream = True
    held = bench.venue.take(stranger_order("web_1", theirs, Side.SELL), bench.now)
    bench.venue.fill(held, D(theirs), D("50000"), bench.now)
    bench.silent_stream = False
    bench.intent()
    bench.advance(8_000)
    return bench


def test_rules_4_a_pushed_position_is_looked_into_although_an_older_read_showed_the_same():
    """Random day 704208: our entry met a stranger's quantity, and what was read before it had been 0 as well."""
    bench = Bench()
    bench.watch = False
    bench.advance(1_000)
    bench.engine.around.venue_positions[SYMBOL] = (row("0"), bench.now)
    bench.open_trade()
    bench.venue.amounts[SYMBOL] = D(0)
    bench.give(inp.AccountSeen, reason="ORDER", positions=(row("0"),))
    reads = len(bench.done(Read))
    bench.advance(1_600)
    assert any(read.kind is ReadKind.POSITIONS for read in bench.done(Read)[reads:])


@pytest.mark.parametrize("theirs, left", [("0.04", "0.060"), ("0.1", None), ("0.3", None)])
def test_rules_4_what_stood_against_a_stranger_is_recorded_once(theirs, left):
    """Of both nothing is left; what remains of ours goes on, and of his is foreign."""
    bench = netted_trade(theirs)
    assert [event.quantity for event in bench.of(ev.TradeNetted)] == [min(D(theirs), D("0.1"))]
    assert bench.state.foreign.get(SYMBOL, D(0)) == min(D(0), D("0.1") - D(theirs))
    live = bench.state.trade_of(SYMBOL)
    assert (live.left if live is not None else None) == (D(left) if left is not None else None)
    if live is None:
        assert bench.closed[0].foreign_quantity == D("0.1")


def test_nothing_is_netted_by_a_row_that_our_books_do_not_share():
    """An execution is missing on one side: what it was decides whose part is gone."""
    bench = Bench().open_trade()
    ctx = bench.context()
    ctx.state.positions[SYMBOL] = D("0.05")
    foreign.see_position(ctx, row("0.02"), bench.now + 1)
    assert not foreign.net(ctx, bench.trade)
    assert [event for event in ctx.events if isinstance(event, ev.TradeNetted)] == []


def closing(quantity: str) -> Fill:
    """An execution of a close of ours."""
    return Fill(channel=Channel.STREAM, symbol=SYMBOL, order_id=9, trade_id=9, side=Side.SELL, price=D("50000"),
                quantity=D(quantity), fee=D(1), fee_asset="USDT", realized=D(0), maker=False)  # fmt: skip


@pytest.mark.parametrize(
    "quantity, position, share",
    [
        ("0.1", "0.3", None),  # All of it is ours.
        ("0.15", "0.15", D("0.1")),  # 0.05 of it are his, as the books know.
        ("0.15", "0.1", None),  # Nobody is known to hold the rest: an execution of ours may be missing.
    ],
)
def test_rules_7_a_close_takes_ours_first(quantity, position, share):
    """What is beyond our part is somebody else's if the booked executions say that he holds it."""
    bench = Bench().open_trade()
    ctx = bench.context()
    ctx.state.positions[SYMBOL] = D(position)
    assert foreign.own_share(ctx, bench.trade, closing(quantity)) == share


def test_what_an_entry_is_known_to_have_executed_is_ours():
    """Its fill is still to be told, and the close is larger than what is booked."""
    bench = Bench().open_trade()
    ctx = bench.context()
    ctx.state.positions[SYMBOL] = D("0.3")
    ctx.state.plain[bench.entry().client_id].executed += D("0.05")
    assert foreign.own_share(ctx, bench.trade, closing("0.15")) is None
