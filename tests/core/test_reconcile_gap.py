"""After a gap of the user stream: what is read, and that nothing is missed by not reading more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from holdfast.core.income import LATE_MS
from holdfast.model.effects import Lane, Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.inputs import LinkChanged
from holdfast.model.intent import Entry
from holdfast.model.orders import AlgoStatus, Side
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import stranger_order

OTHER = "ETHUSDT"
TARGETS = [("50500", "1")]


def two_trades() -> Bench:
    """Each on a symbol of its own, with a stop and a target."""
    bench = Bench(symbols=(SYMBOL, OTHER))
    for symbol in (SYMBOL, OTHER):
        bench.open_trade(intent_id=symbol, symbol=symbol, targets=TARGETS)
    bench.advance(2_000)
    bench.watch = False  # It would find much of this as well, some seconds later.
    return bench


@contextmanager
def gap(bench: Bench) -> Iterator[None]:
    """The user stream is away, and back at the end."""
    bench.give(LinkChanged, link="user_stream", up=False)
    yield
    bench.give(LinkChanged, link="user_stream", up=True)


def since(bench: Bench, before: int, kind: ReadKind) -> list[Read]:
    """The reads of a kind after the first `before`."""
    return [read for read in bench.done(Read)[before:] if read.kind is kind]


def by_hand(bench: Bench, name: str, side: Side, quantity: str = "0.1") -> None:
    """Somebody trades, and no event tells of it."""
    bench.venue.take(stranger_order(name, quantity, side), bench.now)
    bench.venue.record(bench.fill(name, streamed=False))


def stop_out(bench: Bench) -> None:
    """The stop triggers and fills, and no event tells of it."""
    name = bench.orders(Role.STOP)[-1].client_id
    bench.algo(name, AlgoStatus.TRIGGERING, streamed=False)
    bench.venue.trigger(name, bench.now)
    bench.venue.record(bench.fill(name, streamed=False))
    bench.algo(name, AlgoStatus.FINISHED, streamed=False)


def take_profit(bench: Bench, part: str = "0.1") -> None:
    """The target fills."""
    bench.venue.record(bench.fill(bench.orders(Role.TARGET)[0].client_id, part, streamed=False))


def stop_out_and_back(bench: Bench) -> None:
    """The stop fills, and somebody buys as much again: the position is as it was."""
    stop_out(bench)
    by_hand(bench, "web_1", Side.BUY)


def take_profit_and_back(bench: Bench) -> None:
    """A part of the target fills, and somebody buys it back."""
    take_profit(bench, "0.04")
    by_hand(bench, "web_1", Side.BUY, "0.04")


def there_and_back(bench: Bench) -> None:
    """Somebody buys and sells beside our trade."""
    by_hand(bench, "web_1", Side.BUY)
    by_hand(bench, "web_2", Side.SELL)


def reduced_by_hand(bench: Bench) -> None:
    """Somebody sells a part of it."""
    by_hand(bench, "web_1", Side.SELL, "0.03")


UNHEARD = (stop_out, take_profit, stop_out_and_back, take_profit_and_back, there_and_back, reduced_by_hand)
SILENT_RECORD = (stop_out, take_profit, stop_out_and_back, take_profit_and_back, reduced_by_hand)
"""What is found although the income record does not tell it."""


def booked(bench: Bench) -> dict[int, Decimal]:
    """The executions in our books, by the venue's number."""
    return {int(key.split(":")[2]): fill.quantity for key, fill in bench.state.fills.items()}


def executed(bench: Bench) -> dict[int, Decimal]:
    """The executions of the venue."""
    return {fill.trade_id: fill.quantity for fill in bench.venue.trades}


def test_rules_12_after_a_gap_in_which_nothing_happened_no_executions_are_read() -> None:
    """They can be had of one symbol at a time only; the lists tell that nothing happened. Stops are in one of them."""
    bench = two_trades()
    before = len(bench.done(Read))
    with gap(bench):
        pass
    assert not bench.engine.around.gap
    assert since(bench, before, ReadKind.TRADES) == since(bench, before, ReadKind.ALGO) == []
    assert {read.client_id[:5] for read in since(bench, before, ReadKind.ORDER)} == {"hf-t1"}


@pytest.mark.parametrize("happens", UNHEARD)
def test_rules_15_what_happened_in_a_gap_is_booked(happens: Callable[[Bench], None]) -> None:
    """By the executions of its symbol and of no other, and at once."""
    bench = two_trades()
    before = len(bench.done(Read))
    with gap(bench):
        happens(bench)
    bench.advance(500)
    assert booked(bench) == executed(bench)
    assert {read.symbol for read in since(bench, before, ReadKind.TRADES)} == {SYMBOL}


@pytest.mark.parametrize("happens", SILENT_RECORD)
def test_rules_15_what_happened_in_a_gap_is_booked_though_the_income_record_lags(
    happens: Callable[[Bench], None],
) -> None:
    """The position differs, or an order of ours was executed further."""
    bench = two_trades()
    with gap(bench):
        happens(bench)
        bench.venue.incomes.clear()
    bench.advance(500)
    assert booked(bench) == executed(bench)


def test_rules_15_what_a_stranger_did_and_undid_is_booked_when_the_record_has_it() -> None:
    """It leaves no other trace, and its rows may come late; so the record is read once more."""
    bench = two_trades()
    with gap(bench):
        there_and_back(bench)
        late, bench.venue.incomes = bench.venue.incomes, []
    assert booked(bench) != executed(bench)
    bench.advance(5_000)
    bench.venue.incomes += late
    bench.advance(LATE_MS)
    assert booked(bench) == executed(bench)


def test_rules_15_an_entry_that_filled_and_was_stopped_out_in_a_gap_is_booked() -> None:
    """Nothing was open before and nothing is open after: the entry itself tells it."""
    bench = Bench()
    bench.watch = False
    bench.intent(entry=Entry(type="limit", price=Decimal("49900"), ttl_ms=600_000), stop="49000")
    with gap(bench):
        bench.fill(bench.entry().client_id, streamed=False)
        bench.venue.take(stranger_order("web_1", "0.1", Side.SELL), bench.now)
        bench.fill("web_1", streamed=False)
    bench.advance(500)
    assert booked(bench) == executed(bench)


def test_the_round_waits_for_the_executions_that_it_needs() -> None:
    """Until they are booked nothing new is let in. They are asked for with the right of protection: they decide which
    stop covers and which is left over, and a full window is no reason."""
    bench = two_trades()
    bench.hold_reads = {ReadKind.TRADES}
    with gap(bench):
        take_profit(bench)
    assert bench.engine.around.gap
    assert {read.lane for read in bench.held_reads} == {Lane.PROTECT}
    asked = [read.since_ms or 0 for read in bench.held_reads if read.purpose.startswith("reconcile")]
    assert [since_ms < bench.state.trade_of(SYMBOL).accepted_ms for since_ms in asked] == [True]
    bench.hold_reads.clear()
    bench.release_reads()
    assert not bench.engine.around.gap


def test_executions_that_the_venue_does_not_tell_yet_do_not_hold_up_the_round() -> None:
    """They are asked for once in it; whoever owes them asks on."""
    bench = two_trades()
    with gap(bench):
        take_profit(bench)
        hidden, bench.venue.trades = bench.venue.trades, []
    assert not bench.engine.around.gap
    bench.venue.trades = hidden
    bench.advance(3_000)
    assert booked(bench) == executed(bench)


def test_rules_5_an_entry_that_the_list_of_open_orders_lacks_is_asked_for_at_once():
    """It filled on the way of the list, after the question for it had been answered, and no event told of it: its stop
    waited until the entry's time to live was over (random day 930502)."""
    bench = Bench()
    bench.watch = False
    bench.intent(entry=Entry(type="limit", price=Decimal("49900"), ttl_ms=60_000), stop="49000")
    bench.advance(1_000)
    bench.hold_reads = {ReadKind.OPEN_ORDERS, ReadKind.POSITIONS, ReadKind.TRADES}
    with gap(bench):
        bench.advance(10)
    bench.advance(200)
    name = bench.entry().client_id
    bench.venue.record(bench.fill(name, streamed=False))
    bench.held_reads = [read for read in bench.held_reads if read.kind is ReadKind.OPEN_ORDERS]
    bench.release_reads()
    bench.advance(100)
    assert [effect.order.spec.role for effect in bench.places(Role.STOP)] == [Role.STOP]
