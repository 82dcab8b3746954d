"""RULES 2, role × outcome: what the engine does in each cell."""

from decimal import Decimal

import pytest

from holdfast.model import events as ev
from holdfast.model.effects import Cancel, ChangeSetting, Place, Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import AlgoStatus, OrderStatus
from holdfast.model.venue_facts import VenueFacts
from tests.core.bench import Bench
from tests.core.replies import confirmed, rejected, silence, throttled, unknown

ARMS_WITH = VenueFacts(stop_without_position="yes")
TARGETS = [("50500", "0.5"), ("51000", "0.5")]


# Row entry.


def test_rules_2_entry_confirmed_is_covered_and_published():
    """Evidence is taken; the intent ends protected."""
    bench = Bench()
    bench.intent()
    assert bench.result().status == "protected"
    assert bench.stop().status is AlgoStatus.ARMED


def test_rules_2_entry_rejected_ends_the_trade():
    """A proved rejection: published with the venue's code, nothing else is sent, the trade closes."""
    bench = Bench()
    bench.script(Role.ENTRY, rejected(-2019, "Margin is insufficient."))
    bench.intent()
    result = bench.result()
    assert (result.status, result.code, result.reason) == ("rejected", "-2019", "Margin is insufficient.")
    bench.advance(10_000)
    assert len(bench.places(Role.ENTRY)) == 1
    assert bench.places(Role.STOP) == []
    assert [closed.exit_reason for closed in bench.closed] != []


def test_rules_2_entry_rejected_removes_its_armed_stop_and_proves_it():
    """Where the stop was armed with the entry it is cancelled; the trade closes only on proof."""
    bench = Bench(facts=ARMS_WITH)
    bench.script(Role.ENTRY, rejected(-2019))
    bench.script(Role.CANCEL, confirmed(streamed=False))
    bench.hold_reads = {ReadKind.ALGO}
    bench.intent()
    assert [cancel.role for cancel in bench.done(Cancel)] == [Role.STOP]
    assert bench.closed == []
    bench.advance(300)
    bench.hold_reads.clear()
    bench.release_reads()
    bench.advance(2_000)
    assert bench.venue.open_algos() == ()
    assert len(bench.closed) == 1


@pytest.mark.parametrize("reply", [rejected(-1021), rejected(-5028), rejected(0, "Service Unavailable.", status=503)])
def test_rules_2_entry_that_was_not_looked_at_is_tried_once_more_as_n_2(reply):
    """−1021, −5028 and 503 `Service Unavailable.` prove that the venue did not look at it."""
    bench = Bench()
    bench.script(Role.ENTRY, reply)
    bench.intent()
    bench.advance(100)
    ids = [place.order.spec.client_id for place in bench.places(Role.ENTRY)]
    assert [client_id[:5] for client_id in ids] == ["hf-e1", "hf-e2"]
    assert bench.result().status == "protected"


def test_rules_2_entry_is_tried_again_only_once():
    """The second refusal of the same kind ends the trade."""
    bench = Bench()
    bench.script(Role.ENTRY, rejected(-1021), rejected(-1021))
    bench.intent()
    bench.advance(5_000)
    assert len(bench.places(Role.ENTRY)) == 2
    assert bench.result().status == "rejected"


def test_rules_2_entry_is_not_tried_again_after_its_time_to_live():
    """A second try that would come too late is none."""
    bench = Bench()
    bench.script(Role.ENTRY, throttled(2_000))
    bench.intent(entry=Entry(ttl_ms=1_000))
    bench.advance(10_000)
    assert len(bench.places(Role.ENTRY)) == 1
    assert bench.result().status == "rejected"


def test_rules_2_entry_is_tried_again_only_through_the_gate():
    """A halt between the two tries stops the second."""
    bench = Bench()
    bench.script(Role.ENTRY, rejected(-1021))
    bench.intent()
    bench.command("halt")
    bench.advance(1_000)
    assert len(bench.places(Role.ENTRY)) == 1
    assert (bench.result().status, bench.result().code) == ("rejected", "NOT_ACTIVE")


def test_rules_2_entry_throttled_waits_for_the_window():
    """As rejected, once more after `until`, inside its time to live."""
    bench = Bench()
    bench.script(Role.ENTRY, throttled(700))
    bench.intent()
    bench.advance(699)
    assert bench.place_times(Role.ENTRY) == [0]
    bench.advance(1)
    assert bench.place_times(Role.ENTRY) == [0, 700]
    assert bench.result().status == "protected"


@pytest.mark.parametrize("landed", [True, False])
def test_rules_2_entry_unknown_is_never_resent(landed):
    """Not in a minute, not on another n, not after a restart; it is asked for instead."""
    bench = Bench()
    bench.script(Role.ENTRY, unknown(landed=landed))
    bench.intent()
    assert bench.entry().unknown or landed
    assert any(read.purpose.startswith("resolve:") for read in bench.done(Read))
    bench.advance(30_000)
    bench.restart()
    bench.advance(30_000)
    assert len(bench.places(Role.ENTRY)) == 1
    assert bench.result().status == ("protected" if landed else "never_placed")


def test_rules_2_entry_unknown_counts_as_filled_in_every_limit():
    """Its quantity stands in the exposure of other symbols' verdicts, and no other entry goes on its symbol."""
    bench = Bench(symbols=("BTCUSDT", "ETHUSDT"))
    bench.failing_reads = {ReadKind.ORDER, ReadKind.ALL_ORDERS}
    bench.script(Role.ENTRY, unknown())
    bench.intent("i1")
    bench.intent("i2")
    assert bench.result("i2").code == "POSITION_EXISTS"
    bench.intent("i3", symbol="ETHUSDT")
    accepted = [event for event in bench.of(ev.IntentAccepted) if event.intent.id == "i3"]
    assert accepted[0].facts["gross_before"] == "5000.000"


def test_rules_2_entry_unknown_keeps_its_armed_stop():
    """The stop that was armed with it stays until the outcome is known."""
    bench = Bench(facts=ARMS_WITH)
    bench.failing_reads = {ReadKind.ORDER, ReadKind.ALL_ORDERS}
    bench.script(Role.ENTRY, unknown())
    bench.intent()
    bench.advance(20_000)
    assert bench.cancels(Role.STOP) == []
    assert len(bench.venue.open_algos()) == 1


# Row stop.


def test_rules_2_stop_confirmed_covers():
    """Armed by the reply alone, whatever the stream does."""
    bench = Bench()
    bench.script(Role.STOP, confirmed(streamed=False))
    bench.intent()
    assert bench.stop().armed
    assert bench.trade.phase == "open"


def test_rules_2_stop_4509_goes_again_after_50_100_200_ms_and_in_the_other_form_at_600_ms():
    """The position is not visible to the algo service yet; then the quantity + reduce-only form."""
    bench = Bench()
    bench.script(Role.STOP, *[rejected(-4509)] * 4)
    bench.intent()
    bench.advance(900)
    assert bench.place_times(Role.STOP) == [0, 50, 150, 350, 600]
    last = bench.places(Role.STOP)[-1].order.spec
    assert (last.close_position, str(last.quantity), last.reduce_only) == (False, "0.100", True)
    assert bench.result().status == "protected"


def test_rules_2_stop_rejected_otherwise_takes_the_other_form_once_and_then_flattens():
    """Any other code: quantity form; refused as well: flatten."""
    bench = Bench()
    bench.script(Role.STOP, rejected(-1111), rejected(-1111))
    bench.intent()
    assert [place.order.spec.close_position for place in bench.places(Role.STOP)] == [True, False]
    bench.advance(2_000)
    assert bench.result().status == "flattened"
    assert bench.venue.amounts["BTCUSDT"] == 0


def test_rules_2_stop_2021_flattens_now():
    """The price is through the stop: in the same step."""
    bench = Bench()
    bench.script(Role.STOP, rejected(-2021, "Order would immediately trigger."))
    bench.intent()
    assert bench.place_times(Role.CLOSE) == [0]
    bench.advance(2_000)
    assert bench.result().status == "flattened"


@pytest.mark.parametrize("code", [-4130, -4116, -4115])
def test_rules_2_stop_that_exists_already_is_read_and_adopted(code):
    """Something exists: it is ours, with our trigger, so it is adopted."""
    bench = Bench()
    bench.script(Role.STOP, unknown(landed=True), rejected(code))
    bench.intent()
    assert bench.stop().armed
    assert bench.result().status == "protected"
    assert len(bench.venue.open_algos()) == 1


def test_rules_2_stop_refused_for_a_foreign_one_goes_beside_it_in_the_other_form():
    """−4130 because of somebody else's closePosition stop: ours stands beside it."""
    bench = Bench()
    bench.script(Role.STOP, rejected(-4130))
    bench.intent()
    bench.advance(500)
    assert bench.places(Role.STOP)[-1].order.spec.close_position is False
    assert bench.result().status == "protected"


def test_rules_2_stop_throttled_uses_the_reserve_and_the_deadline_keeps_running():
    """Tried again within the second; still without a stop then, it is flattened."""
    bench = Bench()
    bench.script(Role.STOP, *[throttled(100)] * 20)
    bench.intent()
    bench.advance(999)
    assert len(bench.places(Role.STOP)) > 1
    assert bench.places(Role.CLOSE) == []
    bench.advance(1)
    assert bench.place_times(Role.CLOSE) == [1_000]


def test_rules_2_stop_throttled_holds_the_state_at_reducing():
    """RULES 12: −1015 on cover pulls the effective state down until the window turns."""
    bench = Bench()
    bench.script(Role.STOP, throttled(200))
    bench.intent()
    assert bench.state.effective == "reducing"
    bench.advance(2_000)
    assert bench.state.effective == "active"


def test_rules_2_stop_unknown_goes_again_at_once_under_the_same_id():
    """Same body, same clientAlgoId; the resolution runs beside it."""
    bench = Bench()
    bench.script(Role.STOP, unknown())
    bench.intent()
    first, second = bench.places(Role.STOP)
    assert first.order.spec == second.order.spec
    assert bench.place_times(Role.STOP) == [0, 0]
    assert bench.result().status == "protected"


def test_rules_2_stop_unknown_is_sent_again_at_a_restart():
    """Every restart sends it once more while nothing proves it."""
    bench = Bench()
    bench.script(Role.STOP, silence())
    bench.intent()
    bench.restart(after_ms=10)
    ids = [place.order.spec.client_id for place in bench.places(Role.STOP)]
    assert len(ids) >= 2
    assert len(set(ids)) == 1
    bench.advance(3_000)
    assert bench.result().status == "protected"


def test_rules_2_stop_unknown_for_ever_does_not_storm():
    """At most a few sends a second while the venue never answers; the deadline flattens."""
    bench = Bench()
    bench.failing_reads = {ReadKind.ALGO, ReadKind.OPEN_ALGOS}
    bench.script(Role.STOP, *[unknown()] * 50)
    bench.intent()
    bench.advance(5_000)
    assert len(bench.places(Role.STOP)) < 20
    assert bench.result().status == "flattened"


# Row partial exit.


def test_rules_2_partial_exit_confirmed_rests():
    """Two targets for a filled trade, each reduce-only."""
    bench = Bench().open_trade(targets=TARGETS)
    assert [(str(p.order.spec.price), str(p.order.spec.quantity)) for p in bench.places(Role.TARGET)] == [
        ("50500.0", "0.050"), ("51000.0", "0.050")]  # fmt: skip
    assert all(place.order.spec.reduce_only for place in bench.places(Role.TARGET))


def test_rules_2_partial_exit_rejected_is_derived_anew_and_then_alarmed():
    """n+1 with what the position then allows; a request that nothing has changed is made three times at most (I25)."""
    bench = Bench()
    bench.script(Role.TARGET, *[rejected(-2022)] * 9)
    bench.intent(targets=[("50500", "1")])
    bench.advance(30_000)
    ids = [place.order.spec.client_id[:5] for place in bench.places(Role.TARGET)]
    assert ids == ["hf-t1", "hf-t2", "hf-t3"]
    assert "TARGET_FAILED" in {event.code.value for event in bench.of(ev.AlarmRaised)}
    assert bench.trade.phase == "open"


def test_rules_2_partial_exit_throttled_waits():
    """Nothing goes before the window turns."""
    bench = Bench()
    bench.script(Role.TARGET, throttled(3_000))
    bench.intent(targets=[("50500", "1")])
    bench.advance(2_900)
    assert bench.place_times(Role.TARGET) == [0]
    bench.advance(200)
    assert bench.place_times(Role.TARGET) == [0, 3_000]


def test_rules_2_partial_exit_unknown_is_never_resent_and_counts_as_live():
    """While it is unknown nothing takes its place and the stop covers the whole."""
    bench = Bench()
    bench.failing_reads = {ReadKind.ORDER, ReadKind.ALL_ORDERS}
    bench.script(Role.TARGET, unknown())
    bench.intent(targets=[("50500", "1")])
    bench.advance(30_000)
    assert len(bench.places(Role.TARGET)) == 1
    assert bench.stop().spec.close_position
    assert bench.stop().armed


def test_rules_2_partial_exit_shown_never_placed_is_derived_anew():
    """A new n from the venue's position and the trade's target size."""
    bench = Bench()
    bench.script(Role.TARGET, unknown())
    bench.intent(targets=[("50500", "1")])
    bench.advance(30_000)
    assert [place.order.spec.client_id[:5] for place in bench.places(Role.TARGET)] == ["hf-t1", "hf-t2"]
    assert bench.orders(Role.TARGET)[0].status is OrderStatus.NEVER_PLACED


# Row full close.


def test_rules_2_full_close_confirmed_ends_when_the_venue_shows_0():
    """One order is enough; the trade closes on proof."""
    bench = Bench().open_trade()
    bench.intent("c1", "close", side=None)
    bench.advance(5_000)
    assert len(bench.places(Role.CLOSE)) == 1
    assert bench.result("c1").status == "closed"


@pytest.mark.parametrize("code", [-2022, -4118])
def test_rules_2_full_close_rejected_frees_our_targets_never_the_stop(code):
    """Our own reduce-only targets may hold the quantity: they go, the stop stays, and the close is repeated."""
    bench = Bench().open_trade(targets=TARGETS)
    bench.script(Role.CLOSE, rejected(code))
    bench.intent("c1", "close", side=None)
    assert len(bench.cancels(Role.TARGET)) == 2
    assert bench.cancels(Role.STOP) == []
    bench.advance(5_000)
    assert bench.result("c1").status == "closed"


def test_rules_2_full_close_4131_goes_by_limit_at_the_band_edge():
    """MARKET may not touch the market: LIMIT IOC reduce-only at the edge of the band, 250 ms later."""
    bench = Bench().open_trade()
    bench.script(Role.CLOSE, rejected(-4131))
    bench.intent("c1", "close", side=None)
    bench.advance(260)
    spec = bench.places(Role.CLOSE)[-1].order.spec
    assert (spec.type, str(spec.price), spec.time_in_force, spec.reduce_only) == ("LIMIT", "47500.0", "IOC", True)


def test_rules_2_full_close_throttled_goes_again_the_instant_the_window_turns():
    """Out of the reserve, without waiting for the next turn of the loop."""
    bench = Bench().open_trade()
    bench.script(Role.CLOSE, throttled(137))
    bench.intent("c1", "close", side=None)
    bench.advance(1_000)
    assert bench.place_times(Role.CLOSE) == [0, 137]


def test_rules_2_full_close_unknown_goes_again_with_a_new_n_every_500_ms():
    """Size re-read each time, until the venue shows 0."""
    bench = Bench().open_trade()
    bench.script(Role.CLOSE, unknown(), unknown())
    bench.intent("c1", "close", side=None)
    bench.advance(1_100)
    ids = [place.order.spec.client_id[:5] for place in bench.places(Role.CLOSE)]
    assert ids == ["hf-c1", "hf-c2", "hf-c3"]
    assert bench.place_times(Role.CLOSE) == [0, 500, 1_000]
    bench.advance(30_000)
    assert bench.result("c1").status == "closed"
    assert bench.venue.amounts["BTCUSDT"] == 0


# Row cancel.


def resting() -> Bench:
    """A limit entry that rests below the market."""
    bench = Bench()
    bench.intent(entry=Entry(type="limit", price=Decimal("49900"), ttl_ms=60_000), stop="49000")
    return bench


def test_rules_2_cancel_confirmed_is_believed_only_with_evidence():
    """The reply's order state, the stream or a query proves it; here the query."""
    bench = resting()
    bench.script(Role.CANCEL, confirmed(streamed=False))
    bench.command("halt")
    assert bench.entry().status is OrderStatus.CANCELLED
    assert bench.result().status == "expired"


def test_rules_2_cancel_rejected_is_evidence_to_look_into():
    """−2011 proves nothing by itself: the order is asked for, and the cancel repeated while it lives."""
    bench = resting()
    bench.script(Role.CANCEL, rejected(-2011))
    bench.command("halt")
    assert bench.entry().live
    bench.advance(250)
    assert any(read.purpose.startswith("cancel:") for read in bench.done(Read))
    assert len(bench.cancels(Role.ENTRY)) == 2
    assert bench.entry().status is OrderStatus.CANCELLED


def test_rules_2_cancel_throttled_waits():
    """Not before the window turns."""
    bench = resting()
    bench.script(Role.CANCEL, throttled(800))
    bench.command("halt")
    bench.advance(799)
    assert len(bench.cancels(Role.ENTRY)) == 1
    bench.advance(1)
    assert len(bench.cancels(Role.ENTRY)) == 2


def test_rules_2_cancel_unknown_is_repeated_and_queried():
    """Until the order is proved gone."""
    bench = resting()
    bench.script(Role.CANCEL, unknown(), unknown())
    bench.command("halt")
    bench.advance(3_000)
    assert len(bench.cancels(Role.ENTRY)) == 3
    assert bench.entry().status is OrderStatus.CANCELLED


def test_rules_2_cancel_in_flight_at_a_crash_is_repeated():
    """Nobody will answer it any more."""
    bench = resting()
    bench.script(Role.CANCEL, silence())
    bench.command("halt")
    bench.restart()
    bench.advance(2_000)
    assert bench.entry().status is OrderStatus.CANCELLED


# Row setting.


@pytest.mark.parametrize("reply", [confirmed(), rejected(-4046), rejected(-4059), rejected(-4171),
                                   unknown(landed=True)])  # fmt: skip
def test_rules_2_setting_is_read_back_before_the_entry(reply):
    """However the change ended, what counts is what the venue then shows."""
    bench = Bench()
    bench.script(Role.SETTING, reply)
    if not reply.landed:
        bench.venue.configs["BTCUSDT"] = type(bench.venue.configs["BTCUSDT"])(
            symbol="BTCUSDT", leverage=7, margin_type="CROSSED")  # fmt: skip
    bench.intent(leverage=7)
    assert len(bench.done(ChangeSetting)) == 1
    kinds = [type(effect) for _, effect in bench.effects if isinstance(effect, ChangeSetting | Place)]
    assert kinds[:2] == [ChangeSetting, Place]
    assert bench.result().status == "protected"


@pytest.mark.parametrize("reply", [rejected(-4028), unknown()])
def test_rules_2_setting_that_is_not_shown_denies_the_entry(reply):
    """Nothing was sent, so nothing is lost."""
    bench = Bench()
    bench.script(Role.SETTING, reply)
    bench.intent(leverage=7)
    bench.advance(5_000)
    assert bench.places(Role.ENTRY) == []
    assert (bench.result().status, bench.result().code) == ("rejected", "SYMBOL_SETTINGS")


def test_rules_2_setting_throttled_waits_and_is_sent_again():
    """The window turns within the time that an entry may wait."""
    bench = Bench()
    bench.script(Role.SETTING, throttled(300))
    bench.intent(leverage=7)
    bench.advance(1_000)
    assert len(bench.done(ChangeSetting)) == 2
    assert bench.result().status == "protected"
