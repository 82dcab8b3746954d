"""What the coverage watch's rounds do; its rules are in test_rules_12.py."""

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import AlgoStatus
from holdfast.model.reasons import TradePhase
from tests.core.bench import SYMBOL, Bench
from tests.core.gate_samples import D
from tests.core.replies import silence, unknown


def round_of(bench: Bench, **more: object) -> None:
    """A good round that sees nothing at all."""
    fields = {"ok": True, "asked_ms": bench.now, "symbols": (SYMBOL,), "positions": (bench.venue.position(SYMBOL),)}
    bench.give(inp.CoverageChecked, **{**fields, **more})


def test_a_good_round_is_the_watchs_heartbeat():
    """Also with nothing to look at."""
    bench = Bench()
    bench.advance(700)
    round_of(bench, symbols=(), positions=())
    assert bench.engine.around.watch_ms == bench.now


def test_a_round_about_other_symbols_says_nothing_about_ours():
    """Only the symbols it looked at are judged."""
    bench = Bench(symbols=("BTCUSDT", "ETHUSDT")).open_trade()
    bench.advance(1_000)
    round_of(bench, symbols=("ETHUSDT",), positions=())
    assert len(bench.places(Role.STOP)) == 1


def test_a_suspected_stop_is_not_sent_twice_while_its_answer_is_out():
    """One repeat per suspicion."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    bench.script(Role.STOP, silence(), silence())
    round_of(bench)
    round_of(bench)
    assert len(bench.places(Role.STOP)) == 2


def test_a_list_without_a_stop_whose_repeat_is_out_is_followed_up():
    """Random day 706632: the repeat was taken and vanished at once; the list that knew it came before its answer."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    bench.script(Role.STOP, silence())
    round_of(bench)
    round_of(bench)
    repeat = bench.places(Role.STOP)[-1].order.spec.client_id
    assert {f"young:{repeat}", f"unseen:{repeat}"} <= set(bench.engine.around.timers)


def test_a_flatten_is_not_disturbed_by_a_missing_stop():
    """While the position is being closed nothing is armed."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    bench.script(Role.CLOSE, unknown())
    bench.intent("c1", "close", side=None)
    round_of(bench)
    assert len(bench.places(Role.STOP)) == 1


def test_a_row_that_is_missing_is_a_position_of_0():
    """positionRisk leaves flat symbols out."""
    bench = Bench().open_trade()
    bench.venue.amounts[SYMBOL] -= bench.venue.amounts[SYMBOL]
    bench.advance(20_000)
    assert bench.of(ev.PositionSeen)[-1].amount == 0


def test_an_algo_that_the_watch_shows_is_evidence():
    """The reply and the stream were lost; the list shows the stop armed."""
    bench = Bench()
    bench.silent_stream = True
    bench.script(Role.STOP, silence(landed=True))
    bench.silent_stream = False
    bench.intent()
    assert not bench.orders(Role.STOP)[0].armed
    bench.advance(100)
    bench.coverage()
    assert bench.stop().armed
    assert bench.result().status == "protected"


def test_rules_12_a_stop_of_which_a_start_hears_nothing_is_placed_again():
    """A person cancelled it while no process lived, and every question about stops failed for seconds."""
    bench = Bench().open_trade()
    bench.algo(bench.stop().client_id, AlgoStatus.CANCELLED, streamed=False)
    bench.failing_reads, bench.watch = {ReadKind.ALGO, ReadKind.OPEN_ALGOS}, False
    bench.restart()
    bench.advance(900)
    assert len(bench.places(Role.STOP)) == 2
    assert bench.stop().armed


def test_rules_12_a_stop_that_no_round_can_look_for_is_placed_again():
    """It vanished without a word, and the lists of the watch came too late for a minute."""
    bench = Bench().open_trade()
    bench.advance(1_000)
    bench.watch = False
    bench.algo(bench.stop().client_id, AlgoStatus.EXPIRED, streamed=False)
    round_of(bench, ok=False, symbols=(), positions=())
    bench.advance(900)
    assert len(bench.places(Role.STOP)) == 2
    assert len(bench.of(ev.StopLost)) == 1


def test_rules_12_a_position_is_covered_although_no_list_of_stops_came():
    """The fill was told by nobody else, and the stop waited for it."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    bench.advance(2_000)
    bench.fill(bench.orders(Role.ENTRY)[0].client_id, streamed=False)
    round_of(bench, ok=False, symbols=())
    assert len(bench.places(Role.STOP)) == 1


def test_rules_12_a_stop_that_cannot_be_asked_for_still_covers():
    """Lists and placing failed alike: that says nothing of the stop, so its position is not closed for it."""
    bench = Bench().open_trade()
    bench.watch = False
    bench.script(Role.STOP, *[unknown()] * 50)
    round_of(bench, ok=False, symbols=(), positions=())
    bench.advance(5_000)
    assert bench.places(Role.CLOSE) == []
    assert bench.trade.phase is TradePhase.OPEN


def test_a_stop_that_a_start_is_shown_is_not_placed_again():
    """Only silence is a reason."""
    bench = Bench().open_trade()
    bench.restart()
    bench.advance(5_000)
    assert len(bench.places(Role.STOP)) == 1


def test_a_stop_that_vanished_is_replaced_although_an_earlier_one_is_still_unknown():
    """The first was never answered, the second covered and vanished young: what became of the first may stay open."""
    bench = Bench()
    bench.script(Role.STOP, *[unknown()] * 7)
    bench.intent()
    bench.advance(650)
    first, second = bench.orders(Role.STOP)
    assert first.unknown
    assert second.armed
    del bench.venue.algos[second.client_id]
    sent = len(bench.places(Role.STOP))
    bench.give(inp.LinkChanged, link="user_stream", up=False)
    bench.give(inp.LinkChanged, link="user_stream", up=True)
    assert [place.order.spec.client_id for place in bench.places(Role.STOP)[sent:]] == [second.client_id]
    assert bench.trade.phase is TradePhase.OPEN
