"""RULES 3: unknown entries are resolved by asking, and never by sending."""

from collections import Counter
from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.orders import OrderSpec, OrderStatus, OrderType, Side
from holdfast.model.reports import Channel, PositionReport
from tests.core.bench import START_MS, SYMBOL, Bench
from tests.core.replies import silence, unknown

WINDOW_MS = 1_500 + 5_000
"""recvWindow of an entry, and the grace after it."""


def lost(*, landed: bool = False, **more: object) -> Bench:
    """An entry whose outcome nobody told."""
    bench = Bench(**more)  # type: ignore[arg-type]
    bench.script(Role.ENTRY, unknown(landed=landed))
    return bench


def resolution(bench: Bench) -> list[tuple[int, str]]:
    """When and how unknown outcomes ended."""
    return [(event.at_ms - START_MS, event.resolution) for event in bench.of(ev.UnknownResolved)]


def test_rules_3_never_placed_is_not_concluded_before_the_window_and_its_grace():
    """Server time past timestamp + recvWindow + 5 s, however often the venue says no before."""
    bench = lost()
    bench.intent()
    bench.advance(WINDOW_MS - 1)
    assert bench.result() is None
    bench.advance(3_000)
    assert bench.result().status == "never_placed"


def test_rules_3_never_placed_needs_three_absences_on_both_endpoints():
    """Counted in the journal: order and allOrders, at least a second apart."""
    bench = lost()
    bench.intent()
    bench.advance(WINDOW_MS + 3_000)
    noted = bench.of(ev.AbsenceNoted)
    for endpoint in ("order", "all_orders"):
        asked = [event.asked_ms for event in noted if event.endpoint == endpoint]
        spaced = [asked[0]]
        for at in asked:
            if at - spaced[-1] >= 1_000:
                spaced.append(at)
        assert len(spaced) >= 3


def lists_asked(bench: Bench) -> Counter[ReadKind]:
    """The long lists that were asked for in resolving an outcome."""
    lists = (ReadKind.ALL_ORDERS, ReadKind.TRADES)
    reads = [read for read in bench.done(Read) if read.purpose.startswith("resolve:")]
    return Counter(read.kind for read in reads if read.kind in lists)


def test_rules_12_a_proof_asks_for_the_long_lists_no_more_often_than_it_needs() -> None:
    """They weigh five each. One absence on them is noted early, two at the end; the executions are asked for with the
    first of them and once more when they count."""
    bench = lost()
    bench.intent()
    bench.advance(WINDOW_MS + 3_000)
    assert bench.result().status == "never_placed"
    assert lists_asked(bench) == {ReadKind.ALL_ORDERS: 3, ReadKind.TRADES: 2}


def test_rules_12_nothing_is_asked_for_a_proof_that_cannot_count() -> None:
    """While the user stream is down: every absence would have to be shown again when it is back (RULES 3)."""
    bench = lost()
    bench.intent()
    bench.advance(2_000)
    bench.give(inp.LinkChanged, link="user_stream", up=False)
    before = lists_asked(bench)
    bench.advance(20_000)
    assert lists_asked(bench) == before
    bench.give(inp.LinkChanged, link="user_stream", up=True)
    bench.advance(4_000)
    assert bench.result().status == "never_placed"


@pytest.mark.parametrize("kind", [ReadKind.ORDER, ReadKind.ALL_ORDERS, ReadKind.TRADES, ReadKind.POSITIONS])
def test_rules_3_could_not_ask_is_never_nothing_there(kind):
    """While one of the reads fails it stays unknown, however long."""
    bench = lost()
    bench.failing_reads = {kind}
    bench.intent()
    bench.advance(50_000)
    assert bench.entry().unknown
    assert bench.result() is None
    bench.failing_reads.clear()
    bench.advance(10_000)
    assert bench.result().status == "never_placed"


def test_rules_3_never_placed_waits_while_the_user_stream_is_down():
    """The stream healthy since the send, or the same reads complete again after it came back."""
    bench = lost()
    bench.intent()
    bench.give(inp.LinkChanged, link="user_stream", up=False)
    bench.advance(20_000)
    assert bench.entry().unknown
    bench.give(inp.LinkChanged, link="user_stream", up=True)
    bench.advance(1_900)
    assert bench.entry().unknown
    bench.advance(2_000)
    assert bench.result().status == "never_placed"


def test_rules_3_never_placed_waits_while_the_position_is_not_explained():
    """The venue shows a position that our books do not: that is no absence."""
    bench = lost()
    bench.venue.amounts[SYMBOL] = Decimal("0.1")
    bench.hold_reads = {ReadKind.TRADES}
    bench.intent()
    bench.advance(30_000)
    assert bench.entry().status is not OrderStatus.NEVER_PLACED


def test_rules_3_no_other_entry_on_the_symbol_meanwhile():
    """Denied, with the reason, until the outcome is known; afterwards it may."""
    bench = lost()
    bench.intent("i1")
    bench.intent("i2")
    assert bench.result("i2").status == "denied"
    bench.advance(20_000)
    bench.intent("i3")
    assert bench.result("i3").status == "protected"


def test_rules_3_alarm_from_60_s():
    """A human hears of it after a minute, not before."""
    bench = lost()
    bench.failing_reads = {ReadKind.ORDER}
    bench.intent()
    bench.advance(59_000)
    assert "UNKNOWN_ENTRY" not in {event.code.value for event in bench.of(ev.AlarmRaised)}
    bench.advance(3_000)
    assert "UNKNOWN_ENTRY" in {event.code.value for event in bench.of(ev.AlarmRaised)}


def test_rules_3_an_unknown_entry_never_becomes_rejected():
    """It may stay unknown for ever."""
    bench = lost()
    bench.failing_reads = {ReadKind.ORDER}
    bench.intent()
    bench.advance(120_000)
    assert bench.entry().unknown
    assert bench.result() is None


@pytest.mark.parametrize("channel", ["query", "list", "stream", "fill", "position"])
def test_rules_3_any_positive_evidence_confirms(channel):
    """One word on one channel is enough to begin cover."""
    bench = lost(landed=True)
    bench.failing_reads = {ReadKind.ORDER, ReadKind.ALL_ORDERS, ReadKind.OPEN_ORDERS, ReadKind.TRADES}
    bench.watch = False
    bench.intent()
    assert bench.entry().unknown
    assert bench.places(Role.STOP) == []
    held = bench.venue.orders[bench.entry().client_id][-1]
    if channel == "query":
        bench.failing_reads.discard(ReadKind.ORDER)
    elif channel == "list":
        bench.failing_reads.discard(ReadKind.ALL_ORDERS)
    elif channel == "stream":
        bench.tell_order(held)
    elif channel == "fill":
        bench.give(inp.FillSeen, fill=bench.venue.trades[-1])
    else:
        bench.now += 1
        bench.give(inp.AccountSeen, reason="ORDER", positions=(bench.venue.position(SYMBOL),))
    bench.advance(2_500)
    assert bench.stop().armed
    assert bench.places(Role.STOP)[0].preauthorised


def surface(bench: Bench) -> None:
    """The hidden entry fills after all."""
    held = bench.venue.orders[bench.entry().client_id][-1]
    bench.venue.hidden.clear()
    held.status = OrderStatus.WORKING
    bench.fill(held.client_id)


def gone(**settings: object) -> Bench:
    """The engine after it concluded `never_placed` about an entry that exists in secret."""
    bench = lost(landed=False, **settings)
    bench.intent()
    bench.advance(15_000)
    assert bench.result().status == "never_placed"
    bench.venue.take(bench.entry().spec, bench.now)
    return bench


def test_rules_3_late_entry_is_flattened_within_1_s_of_evidence():
    """`late_entry = flatten`: its fills get their own trade, which is closed at once."""
    bench = gone()
    at = bench.now - START_MS
    surface(bench)
    assert bench.place_times(Role.CLOSE)[0] - at <= 1_000
    bench.advance(5_000)
    assert bench.venue.amounts[SYMBOL] == 0
    assert len(bench.closed) == 2
    assert bench.closed[1].intent_id == ""
    assert bench.closed[1].fills == 2


def test_rules_3_late_entry_leaves_the_published_result_and_names_the_intent():
    """Nothing published is rewritten; a `late_entry` event names the intent."""
    bench = gone()
    surface(bench)
    bench.advance(5_000)
    assert [event.intent_id for event in bench.of(ev.LateEntryFound)] == ["i1"]
    assert bench.result().status == "never_placed"
    assert "LATE_ENTRY" in {event.code.value for event in bench.of(ev.AlarmRaised)}


def test_rules_3_late_entry_is_adopted_by_configuration():
    """`late_entry = adopt`: the stop of its plan protects it."""
    bench = gone(late_entry="adopt")
    surface(bench)
    bench.advance(5_000)
    assert bench.places(Role.CLOSE) == []
    assert bench.trade.phase == "open"
    assert bench.stop().armed
    assert str(bench.stop().spec.trigger_price) == "49500.0"


def test_rules_3_a_late_entry_that_only_rests_is_cancelled():
    """It surfaces as a working order: its cancel goes out at once."""
    bench = gone()
    held = bench.venue.orders[bench.entry().client_id][-1]
    bench.tell_order(held)
    assert len(bench.cancels(Role.ENTRY)) == 1
    bench.advance(5_000)
    assert held.status is OrderStatus.CANCELLED
    assert bench.state.live_trades == {}


def test_rules_3_the_id_is_watched_for_24_hours():
    """Its orders are remembered that long after its trade closed."""
    bench = gone()
    bench.now += 24 * 3_600_000
    bench.advance(6_000)
    surface(bench)
    assert [event.intent_id for event in bench.of(ev.LateEntryFound)] == ["i1"]


def test_rules_3_a_position_row_that_is_older_than_the_last_fill_is_no_evidence():
    """A stale row must not make a closed trade look open."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    assert len(bench.closed) == 1
    row = PositionReport(symbol=SYMBOL, amount=Decimal("0.1"), entry_price=Decimal("50000"))
    bench.give(inp.AccountSeen, reason="ORDER", positions=(row,))
    assert bench.state.live_trades == {}


def test_rules_3_executions_of_strangers_are_asked_for_and_then_stand_no_more_in_the_way():
    """userTrades joined to known ids: a foreign execution is looked up, attributed, and then known."""
    bench = lost()
    stranger = OrderSpec(client_id="web_1", role=Role.ENTRY, symbol=SYMBOL, side=Side.BUY, type=OrderType.MARKET,
                         quantity=Decimal("0.2"))  # fmt: skip
    bench.intent()
    bench.venue.fill(bench.venue.take(stranger, bench.now), Decimal("0.2"), Decimal("50000"), bench.now + 1)
    bench.advance(20_000)
    assert list(bench.engine.around.foreign_ids.values()) == ["web_1"]
    assert bench.result().status == "never_placed"
    assert bench.state.foreign == {SYMBOL: Decimal("0.2")}


def test_rules_3_evidence_names_its_channel():
    """For the operator who asks why."""
    bench = lost(landed=True)
    bench.intent()
    assert [event.evidence for event in bench.of(ev.UnknownResolved)] == [Channel.QUERY.value]


@pytest.mark.parametrize("answers", [[], [silence()], [unknown()]], ids=["confirmed", "lost", "unknown"])
def test_rules_3_a_late_entry_that_rests_on_a_symbol_in_use_is_cancelled(answers):
    """Another trade lives by now. It is closed, and the loop ends only when the late entry can fill no more."""
    bench = gone()
    late = bench.venue.orders[bench.entry().client_id][-1]
    bench.open_trade(intent_id="i2")
    bench.script(Role.CANCEL, *answers)
    bench.tell_order(late)
    assert bench.cancels(Role.ENTRY)[0].client_id == late.client_id
    bench.advance(20_000)
    assert late.status is OrderStatus.CANCELLED
    assert bench.venue.amounts[SYMBOL] == 0
    assert bench.state.live_trades == {}


def test_rules_3_a_late_entry_that_fills_while_the_symbol_is_flattened_is_closed_too():
    """Its cancel was still on the way when the other trade was closed."""
    bench = gone()
    late = bench.venue.orders[bench.entry().client_id][-1]
    bench.open_trade(intent_id="i2")
    bench.script(Role.CANCEL, silence(), silence())
    bench.tell_order(late)
    bench.advance(900)
    bench.fill(late.client_id)
    bench.advance(20_000)
    assert bench.venue.amounts[SYMBOL] == 0
    assert bench.state.live_trades == {}


@pytest.mark.parametrize("policy", ["flatten", "adopt"])
def test_rules_7_a_late_entry_that_surfaces_under_a_flatten_is_killed_by_it(policy):
    """The loop ran before the entry was known; it closes whatever surfaces from earlier entries, and ends."""
    bench = gone(late_entry=policy)
    late = bench.venue.orders[bench.entry().client_id][-1]
    bench.intent("c1", "flatten", side=None)
    bench.tell_order(late)
    bench.advance(10_000)
    assert late.status is OrderStatus.CANCELLED
    assert bench.result("c1") is not None
    assert bench.state.flattens == {}


def test_rules_4_the_close_of_a_late_entry_keeps_the_symbol_in_quarantine():
    """It was sent by a flatten that began before the late entry got a trade of its own."""
    bench = gone()
    late = bench.venue.orders[bench.entry().client_id][-1]
    bench.intent("c1", "flatten", side=None)
    bench.fill(late.client_id)
    bench.advance(4_000)
    assert bench.state.live_trades == {}
    close = bench.orders(Role.CLOSE)[-1]
    assert close.status is OrderStatus.FILLED
    assert close.client_id in bench.state.quarantines[SYMBOL].client_ids
    bench.intent("i2")
    assert bench.result("i2").code == "SYMBOL_SETTLING"
