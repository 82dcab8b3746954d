"""RULES 4: one trade per symbol, foreign quantities, the quarantine of a symbol."""

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import Side
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import rejected, stranger_order, unknown

D = Decimal


def stranger(bench: Bench, side: Side, quantity: str, *, client_id: str = "web_1", streamed: bool = True) -> None:
    """Somebody trades on the account by hand."""
    bench.venue.take(stranger_order(client_id, quantity, side), bench.now)
    bench.fill(client_id, streamed=streamed)


def test_rules_4_same_direction_is_denied_with_the_counterfactual():
    """POSITION_EXISTS; what would pass is named."""
    bench = Bench().open_trade()
    bench.intent("i2")
    denied = bench.result("i2")
    assert (denied.status, denied.code) == ("denied", "POSITION_EXISTS")
    assert denied.counterfactual


def test_rules_4_other_direction_is_denied():
    """OPPOSITE_POSITION."""
    bench = Bench().open_trade()
    bench.intent("i2", side="short")
    assert bench.result("i2").code == "OPPOSITE_POSITION"


def test_rules_4_an_accepted_trade_counts_from_its_acceptance():
    """While leverage is being set nothing is open, and yet the symbol is taken."""
    bench = Bench()
    bench.hold_reads = {ReadKind.SYMBOL_CONFIG}
    bench.intent("i1", leverage=7)
    bench.intent("i2")
    assert bench.result("i2").code in ("SYMBOL_SETTINGS", "POSITION_EXISTS")


def test_rules_4_other_symbols_are_free():
    """One trade per symbol, not per account."""
    bench = Bench(symbols=("BTCUSDT", "ETHUSDT")).open_trade()
    bench.open_trade(intent_id="i2", symbol="ETHUSDT", side="short")
    assert sorted(bench.state.live_trades) == ["BTCUSDT", "ETHUSDT"]


def test_rules_4_quarantine_after_a_close():
    """SYMBOL_SETTLING with the ids, until timestamp + recvWindow + 5 s of the last reducing order."""
    bench = Bench().open_trade()
    closed_at = bench.now
    bench.intent("c1", "close", side=None)
    bench.advance(3_000)
    bench.intent("i2")
    denied = bench.result("i2")
    assert denied.code == "SYMBOL_SETTLING"
    assert denied.counterfactual == {"wait_until_ms": str(closed_at + 10_000)}
    bench.advance(8_000)
    bench.intent("i3")
    assert bench.result("i3").status == "protected"


def test_rules_4_quarantine_holds_over_a_restart():
    """It is in the journal."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(2_000)
    bench.restart(after_ms=100)
    bench.intent("i2")
    assert bench.result("i2").code == "SYMBOL_SETTLING"
    bench.advance(10_000)
    bench.intent("i3")
    assert bench.result("i3").status == "protected"


def test_rules_4_quarantine_does_not_end_while_an_order_of_it_is_unknown():
    """Time alone is not enough: a close whose outcome nobody knows may still act."""
    bench = Bench()
    bench.failing_reads = {ReadKind.ORDER, ReadKind.ALL_ORDERS}
    bench.venue.amounts[SYMBOL] = D("0.1")
    bench.script(Role.CLOSE, unknown())
    bench.intent("c1", "close", side=None)
    bench.advance(20_000)
    assert bench.result("c1").status == "closed"
    bench.intent("i2")
    assert bench.result("i2").code == "SYMBOL_SETTLING"
    bench.failing_reads.clear()
    bench.advance(20_000)
    bench.intent("i3")
    assert bench.result("i3").status == "protected"


def test_rules_4_an_operator_releases_a_quarantine_by_name():
    """`release SYMBOL`."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(2_000)
    bench.command("release", symbol=SYMBOL)
    assert bench.of(ev.QuarantineLifted)[-1].by == "operator"
    bench.intent("i2")
    assert bench.result("i2").status == "protected"


def test_rules_4_no_quarantine_after_an_entry_that_never_reached_the_market():
    """Only its refused entry was sent: nothing can act late."""
    bench = Bench()
    bench.script(Role.ENTRY, rejected(-2019))
    bench.intent("i1")
    bench.intent("i2")
    assert bench.result("i2").status == "protected"


def test_rules_4_no_entry_while_a_flatten_runs():
    """A loop without a trade would close the new position."""
    bench = Bench()
    bench.hold_reads = {ReadKind.POSITIONS}
    bench.intent("c1", "close", side=None)
    bench.intent("i2")
    assert bench.result("i2").code == "SYMBOL_SETTLING"


def test_rules_4_foreign_quantity_halts_the_symbol():
    """`halt`: no entries there, an alarm, everything else goes on."""
    bench = Bench(symbols=("BTCUSDT", "ETHUSDT"))
    stranger(bench, Side.BUY, "0.2")
    bench.advance(100)
    assert bench.state.foreign == {SYMBOL: D("0.2")}
    assert "FOREIGN_POSITION" in {event.code.value for event in bench.of(ev.AlarmRaised)}
    bench.intent("i1")
    assert bench.result("i1").code == "FOREIGN_POSITION"
    bench.open_trade(intent_id="i2", symbol="ETHUSDT")


def test_rules_4_foreign_quantity_that_is_gone_frees_the_symbol():
    """Closed by hand: the alarm clears."""
    bench = Bench()
    stranger(bench, Side.BUY, "0.2")
    bench.advance(100)
    stranger(bench, Side.SELL, "0.2", client_id="web_2")
    bench.advance(100)
    assert bench.state.foreign == {}
    assert bench.of(ev.AlarmCleared)[-1].code.value == "FOREIGN_POSITION"
    bench.open_trade()


def test_rules_4_foreign_quantity_that_nobody_told_of_is_found_by_the_watch():
    """Only the position shows it: asked for twice, with the executions read in between."""
    bench = Bench()
    bench.venue.amounts[SYMBOL] = D("0.2")
    bench.restart()
    assert bench.state.foreign == {}
    bench.intent("i1")
    assert bench.result("i1").code == "FOREIGN_POSITION"
    bench.advance(5_000)
    assert bench.state.foreign == {SYMBOL: D("0.2")}


def test_rules_4_a_difference_is_not_foreign_while_executions_cannot_be_read():
    """Could not ask is never nothing there."""
    bench = Bench()
    bench.failing_reads = {ReadKind.TRADES}
    bench.venue.amounts[SYMBOL] = D("0.2")
    bench.restart()
    bench.advance(20_000)
    assert bench.of(ev.ForeignSeen) == []
    bench.failing_reads.clear()
    bench.advance(5_000)
    assert bench.state.foreign == {SYMBOL: D("0.2")}


@pytest.mark.parametrize(("policy", "side", "cancelled"), [
    ("halt", Side.BUY, True), ("halt", Side.SELL, True), ("adopt", Side.BUY, True), ("ignore", Side.SELL, True),
    ("ignore", Side.BUY, False)])  # fmt: skip
def test_rules_4_a_working_entry_ends_when_a_stranger_is_known(policy, side, cancelled):
    """No entry on the symbol: one that rests in the book would open against him half a minute later."""
    bench = Bench(on_foreign=policy, adopt_stop_pct=D(2) if policy == "adopt" else None)
    bench.intent(entry=Entry(type="limit", price=D("49900"), ttl_ms=60_000), stop="49000")
    stranger(bench, side, "0.2")
    bench.advance(3_000)
    assert (bench.cancels(Role.ENTRY) != []) is cancelled
    assert (bench.result() is not None and bench.result().status == "expired") is cancelled


def test_rules_4_a_strangers_addition_does_not_count_as_our_fill():
    """Our trade stays as large as it was; its stop stays; the symbol is halted for entries."""
    bench = Bench().open_trade()
    stranger(bench, Side.BUY, "0.2")
    bench.advance(1_000)
    assert bench.trade.entry_filled == D("0.100")
    assert bench.state.foreign == {SYMBOL: D("0.2")}
    assert bench.cancels(Role.STOP) == []


def test_rules_4_a_stranger_who_closes_our_position_ends_the_trade():
    """By hand in the venue's app: booked as the trade's exit, attributed, the stop removed."""
    bench = Bench().open_trade()
    stranger(bench, Side.SELL, "0.1")
    bench.advance(3_000)
    assert [event.cause for event in bench.of(ev.FillBooked)] == ["OURS", "EXTERNAL"]
    assert bench.closed[0].exit_reason == "external"
    assert bench.venue.open_algos() == ()


def test_rules_4_a_stranger_who_takes_his_own_part_back_leaves_ours():
    """He had added 0.2 and sells 0.2: our trade is as large as before."""
    bench = Bench().open_trade()
    stranger(bench, Side.BUY, "0.2")
    bench.advance(1_000)
    stranger(bench, Side.SELL, "0.2", client_id="web_2")
    bench.advance(1_000)
    assert bench.trade.exit_filled == 0
    assert bench.state.foreign == {}
    assert bench.trade.phase == "open"


def test_rules_4_the_trade_closes_beside_a_foreign_quantity():
    """Our part is closed by its target; what is left is not ours and is not touched."""
    bench = Bench().open_trade(targets=[("50500", "1")])
    stranger(bench, Side.BUY, "0.2")
    bench.advance(1_000)
    bench.market(mark="50500")
    bench.fill(bench.places(Role.TARGET)[0].order.spec.client_id)
    bench.advance(5_000)
    assert len(bench.closed) == 1
    assert bench.places(Role.CLOSE) == []
    assert bench.venue.amounts[SYMBOL] == D("0.2")
    assert bench.venue.open_algos() == ()


def test_rules_4_adopt_makes_the_position_a_trade_with_a_stop():
    """`adopt`: the whole of it, with a stop at `adopt.stop_pct`."""
    bench = Bench(on_foreign="adopt", adopt_stop_pct=D("2"))
    stranger(bench, Side.SELL, "0.3")
    bench.advance(2_000)
    assert bench.trade.plan.direction == "short"
    assert str(bench.stop().spec.trigger_price) == "51000.0"
    assert bench.stop().armed
    assert bench.trade.phase == "open"
    assert bench.state.foreign == {}


def test_rules_4_an_adopted_trade_is_accounted_for():
    """Its base counts as its quantity; its close is published once."""
    bench = Bench(on_foreign="adopt", adopt_stop_pct=D("2"))
    stranger(bench, Side.SELL, "0.3")
    bench.advance(2_000)
    bench.intent("c1", "close", side=None)
    bench.advance(5_000)
    assert bench.result("c1").status == "closed"
    assert (bench.closed[0].quantity, bench.closed[0].intent_id) == (D("0.3"), "")
    assert bench.venue.amounts[SYMBOL] == 0


def test_rules_4_ignore_covers_our_part_by_quantity():
    """`ignore`: no closePosition order, which would close what is not ours."""
    bench = Bench(on_foreign="ignore")
    stranger(bench, Side.BUY, "0.2")
    bench.advance(1_000)
    bench.intent()
    stop = bench.stop()
    assert (stop.spec.close_position, stop.spec.quantity, stop.spec.reduce_only) == (False, D("0.100"), True)
    assert bench.result().status == "protected"


def test_rules_4_ignore_swaps_the_stop_when_the_position_becomes_shared():
    """The quantity stop is confirmed first, then the closePosition stop is cancelled."""
    bench = Bench(on_foreign="ignore").open_trade()
    stranger(bench, Side.BUY, "0.2")
    bench.advance(2_000)
    assert [(a.close_position, a.quantity) for a in bench.venue.open_algos()] == [(False, D("0.100"))]
    assert bench.of(ev.StopLost) == []


def test_rules_4_ignore_closes_our_part_only():
    """The rest stays as it was."""
    bench = Bench(on_foreign="ignore")
    stranger(bench, Side.BUY, "0.2")
    bench.advance(1_000)
    bench.open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(5_000)
    assert bench.venue.amounts[SYMBOL] == D("0.2")
    assert bench.result("c1").status == "closed"


@pytest.mark.parametrize(("client_id", "cause"), [("autoclose-1", "LIQUIDATION"), ("adl_autoclose", "ADL"),
                                                  ("settlement_autoclose-1", "SETTLEMENT")])  # fmt: skip
def test_rules_4_what_the_venue_closes_by_force_is_attributed_and_halts_the_symbol(client_id, cause):
    """Liquidation, deleveraging, settlement: booked, alarmed, no new entry before an operator looked."""
    bench = Bench().open_trade()
    stranger(bench, Side.SELL, "0.1", client_id=client_id)
    bench.advance(12_000)
    assert bench.of(ev.FillBooked)[-1].cause == cause
    assert "LIQUIDATION" in {event.code.value for event in bench.of(ev.AlarmRaised)}
    assert len(bench.closed) == 1
    bench.intent("i2")
    assert bench.result("i2").code == "SYMBOL_HALTED"


def test_rules_4_the_kill_switchs_orders_are_the_operators():
    """RULES 16: its own prefix, never adopted, attributed OPERATOR."""
    bench = Bench().open_trade()
    stranger(bench, Side.SELL, "0.1", client_id="hfk-c1-x")
    bench.advance(3_000)
    assert bench.of(ev.FillBooked)[-1].cause == "OPERATOR"
    assert bench.state.effective == "active"
    assert len(bench.closed) == 1


def test_rules_4_an_old_close_that_fills_late_is_the_live_trades_exit():
    """Whatever takes from the position takes from its trade, and the rest is flattened."""
    bench = Bench()
    bench.venue.amounts[SYMBOL] = D("0.05")
    bench.failing_reads = {ReadKind.ORDER, ReadKind.ALL_ORDERS}
    bench.script(Role.CLOSE, unknown(landed=True))
    bench.fills_closes = False
    bench.intent("c1", "close", side=None)
    bench.venue.amounts[SYMBOL] = D("0")
    bench.advance(5_000)
    bench.command("release", symbol=SYMBOL)
    bench.fills_closes = True
    bench.open_trade()
    bench.now += 10
    old = bench.orders(Role.CLOSE)[0].client_id
    bench.fill(old, "0.05")
    bench.advance(5_000)
    assert bench.venue.amounts[SYMBOL] == 0
    assert bench.closed[0].fills == 3
    bench.give(inp.LinkChanged, link="market_stream", up=True)
    bench.check_end()


def test_rules_4_a_flatten_that_closes_a_strangers_side_is_no_entry_of_ours():
    """He turned the position around; the symbol is flattened, and our trade keeps its own books."""
    bench = Bench().open_trade()
    stranger(bench, Side.SELL, "0.3", streamed=False)
    bench.intent("c1", "close", side=None)
    bench.advance(10_000)
    assert bench.venue.amounts[SYMBOL] == 0
    assert bench.trade.entry_filled == D("0.100")
    assert len(bench.closed) == 1
