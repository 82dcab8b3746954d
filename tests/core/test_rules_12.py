"""RULES 12: the coverage watch's findings, and the budgets."""

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Place
from holdfast.model.ids import Role
from holdfast.model.orders import AlgoStatus
from holdfast.model.reports import Channel, RateWindow
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import confirmed, rejected, silence, unknown

D = Decimal


def vanish(bench: Bench) -> None:
    """The stop is gone at the venue, and nobody says so."""
    bench.algo(bench.stop().client_id, AlgoStatus.CANCELLED, streamed=False)


def lost(bench: Bench) -> list[str]:
    """What the engine counted as lost stops."""
    return [event.evidence for event in bench.of(ev.StopLost)]


def test_rules_12_absence_is_a_suspicion_and_the_same_stop_is_placed_again():
    """Same id, same body; only its acceptance counts as a loss."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    vanish(bench)
    bench.coverage()
    first, again = bench.places(Role.STOP)
    assert first.order.spec == again.order.spec
    assert lost(bench) == ["re-placement was accepted"]
    assert len(bench.venue.open_algos()) == 1


@pytest.mark.parametrize("channel", ["stream", "list"])
def test_rules_12_a_re_placement_counts_as_a_loss_whichever_channel_tells_of_it(channel):
    """ALGO_UPDATE overtakes the answer, or the answer never comes and the next list shows it: one loss, one repeat."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    vanish(bench)
    bench.script(Role.STOP, silence(landed=True))
    bench.coverage()
    assert lost(bench) == []
    bench.now += 1
    if channel == "stream":
        bench.tell_algo(bench.venue.algos[bench.stop().client_id][-1])
    else:
        bench.coverage()
    assert lost(bench) == ["re-placement was accepted"]
    assert len(bench.places(Role.STOP)) == 2
    assert bench.trade.phase == "open"


@pytest.mark.parametrize("code", [-4130, -4116, -4115])
def test_rules_12_a_stop_that_was_only_hidden_is_covered_and_no_loss(code):
    """The list was wrong: the venue says that it exists."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    bench.venue.hidden.add(bench.stop().client_id)
    bench.script(Role.STOP, rejected(code))
    bench.coverage()
    assert lost(bench) == []
    assert bench.trade.phase == "open"
    bench.venue.hidden.clear()
    bench.advance(10_000)
    assert lost(bench) == []
    assert bench.venue.amounts[SYMBOL] == D("0.100")


@pytest.mark.parametrize("age_ms", [1_000, 20_000])
@pytest.mark.parametrize("code", [-4130, -4116, -4115])
def test_rules_12_a_stop_whose_name_is_used_up_is_replaced_by_another(code, age_ms):
    """It vanished, and the venue takes no id twice: it says for ever that something exists, and nothing stands."""
    bench = Bench().open_trade()
    first = bench.stop().client_id
    bench.advance(age_ms)
    vanish(bench)
    bench.script(Role.STOP, rejected(code))
    bench.coverage()
    bench.advance(2_000)
    bench.script(Role.STOP, *[rejected(code)] * 3)
    bench.advance(10_000)
    standing = [held.spec.client_id for algos in bench.venue.algos.values() for held in algos if held.status == "armed"]
    assert [client_id for client_id in standing if client_id != first]
    assert bench.places(Role.CLOSE) == []
    assert len(bench.places(Role.STOP)) < 16


def test_rules_12_also_a_quantity_stop_whose_name_is_used_up_is_replaced_at_once():
    """It stood alone, because the other form had been refused; the list asked after the refusal decides."""
    bench = Bench()
    bench.script(Role.STOP, rejected(-4045))
    bench.open_trade()
    assert not bench.stop().spec.close_position
    bench.advance(20_000)
    vanish(bench)
    bench.script(Role.STOP, rejected(-4116))
    bench.coverage()
    bench.advance(1)
    assert len(bench.venue.open_algos()) == 1


def test_rules_12_a_failed_round_proves_nothing():
    """Nothing was read: no heartbeat, no finding."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    vanish(bench)
    beat = bench.engine.around.watch_ms
    bench.give(inp.CoverageChecked, ok=False, asked_ms=bench.now)
    assert len(bench.places(Role.STOP)) == 1
    assert bench.engine.around.watch_ms == beat


def test_rules_12_what_was_read_of_an_incomplete_round_counts():
    """Another symbol's list failed: no heartbeat, but the stop that this one's does not show is placed again."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    vanish(bench)
    beat = bench.engine.around.watch_ms
    bench.give(inp.CoverageChecked, ok=False, asked_ms=bench.now, symbols=(SYMBOL,),
               positions=(bench.venue.position(SYMBOL),))  # fmt: skip
    assert len(bench.places(Role.STOP)) == 2
    assert bench.engine.around.watch_ms == beat


def test_rules_12_a_stop_confirmed_after_the_list_was_asked_is_not_suspected():
    """The list may be older than the stop."""
    bench = Bench().open_trade()
    bench.give(inp.CoverageChecked, ok=True, asked_ms=bench.now - 10, symbols=(SYMBOL,),
               positions=(bench.venue.position(SYMBOL),))  # fmt: skip
    assert len(bench.places(Role.STOP)) == 1


def test_rules_12_the_third_lost_stop_in_an_hour_flattens_and_halts_the_symbol():
    """Something takes them away: no more trying."""
    bench = Bench().open_trade()
    for _ in range(3):
        bench.advance(1_000)
        vanish(bench)
        bench.coverage()
    assert len(lost(bench)) == 3
    bench.advance(15_000)
    assert bench.venue.amounts[SYMBOL] == 0
    bench.intent("i2")
    assert bench.result("i2").code == "SYMBOL_HALTED"


def test_rules_12_losses_of_an_hour_ago_do_not_count():
    """Twice long ago, once now: placed again."""
    bench = Bench().open_trade()
    for _ in range(2):
        bench.advance(1_000)
        vanish(bench)
        bench.coverage()
    bench.now += 3_600_000
    bench.advance(2_000)
    vanish(bench)
    bench.coverage()
    assert bench.of(ev.SymbolHalted) == []
    assert bench.stop().armed


def test_rules_12_the_watch_finds_a_position_that_the_stream_did_not_tell():
    """Its row is evidence: cover begins at once, the executions are fetched."""
    bench = Bench()
    bench.silent_stream = True
    bench.script(Role.ENTRY, confirmed(streamed=False))
    bench.intent()
    assert bench.places(Role.STOP) == []
    bench.advance(5_000)
    assert bench.stop().armed
    bench.advance(2_000)
    assert bench.result().status == "protected"


def test_rules_12_the_watch_sends_nothing_by_itself_when_all_is_well():
    """An hour of it: no order."""
    bench = Bench().open_trade()
    sent = len(bench.done(Place))
    bench.advance(60_000)
    assert len(bench.done(Place)) == sent


@pytest.mark.parametrize(("used", "accepted"), [(295, True), (297, False)])
def test_rules_12_an_entry_needs_room_for_its_protection(used, accepted):
    """Entry, stop, one replacement and a flatten must still fit into both windows: 4 of 300."""
    bench = Bench()
    bench.now += 9_000 - bench.now % 10_000
    bench.market()
    bench.give(inp.RatesSeen, windows=(RateWindow(interval_ms=10_000, count=used, limit=300),))
    bench.intent()
    if accepted:
        assert bench.result().status == "protected"
    else:
        assert bench.result().code == "RATE_BUDGET"


@pytest.mark.parametrize(("used", "later_ms", "accepted"), [(1_900, 0, True), (1_950, 0, False), (1_950, 60_000, True)])
def test_rules_12_an_entry_needs_weight_for_what_follows_it(used, later_ms, accepted):
    """With the minute's weight used up nobody could see whether it is covered; the next minute is a new one."""
    bench = Bench()
    bench.now += 9_000 - bench.now % 60_000
    bench.give(inp.RatesSeen, windows=(), weight=RateWindow(interval_ms=60_000, count=used, limit=2_400))
    bench.advance(later_ms)
    bench.market()
    bench.intent()
    assert (bench.result().status if accepted else bench.result().code) == ("protected" if accepted else "RATE_BUDGET")


def test_rules_12_the_limits_are_asked_every_minute():
    """`GET rateLimit/order` at start and every minute."""
    bench = Bench()
    bench.advance(121_000)
    asked = [read for read in bench.done(object) if getattr(read, "purpose", "").startswith(("limits:", "reconcile"))
             and read.kind.value == "order_limits"]  # fmt: skip
    assert len(asked) >= 3


def test_rules_12_exposed_symbols_are_what_the_watch_must_look_at():
    """A position, a working entry, an unknown one; nothing else."""
    bench = Bench(symbols=("BTCUSDT", "ETHUSDT"))
    assert bench.engine.exposed_symbols() == []
    bench.open_trade()
    assert bench.engine.exposed_symbols() == [SYMBOL]


def test_rules_12_one_loss_that_is_told_three_times_counts_once():
    """The stream, a query and a list speak of the same end; the re-placement of the stop is still on its way."""
    bench = Bench().open_trade()
    bench.script(Role.STOP, *[silence(landed=True)] * 3)
    held = bench.venue.algos[bench.stop().client_id][-1]
    bench.algo(held.spec.client_id, AlgoStatus.CANCELLED)
    for channel in (Channel.STREAM, Channel.QUERY, Channel.QUERY):
        bench.give(inp.AlgoSeen, report=bench.venue.algo_report(held, channel))
    assert lost(bench) == ["terminal ALGO_UPDATE"]
    assert bench.places(Role.CLOSE) == []


def test_rules_3_a_query_that_shows_an_earlier_life_says_that_the_repeat_is_not_there():
    """A stop was placed again under its name, nobody answered, and the trade ended: what the venue shows under the
    name ended long ago, and proves that the repeat did not arrive only in time."""
    bench = Bench().open_trade()
    bench.script(Role.STOP, unknown(), *[silence()] * 20)
    bench.algo(bench.stop().client_id, AlgoStatus.CANCELLED)
    bench.intent("c1", "close", side=None)
    bench.advance(4_000)
    assert bench.closed == []
    bench.advance(20_000)
    assert len(bench.closed) == 1
    assert bench.stop().settled
