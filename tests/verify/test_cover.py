"""I3: naked and uncovered time, for every class of RULES 15."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.model.num import ZERO
from holdfast.verify import Window
from holdfast.verify.records import AlgoLine, FaultLine, PositionLine, PushLine, TradeLine
from tests.verify.builders import ACCOUNT, SYMBOL, D, Story, close_spec, drop, is_a, open_trade, stop_spec


def naked_entry() -> Story:
    """An entry has filled, evidence was pushed, and nothing covers it."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.fill_entry()
    return story


def test_rules_15_a_stop_within_the_bound_is_fine():
    """999 ms from evidence to the request."""
    story = naked_entry()
    story.wait(998).arm_stop()
    report = story.verdict()
    assert report.violations == []
    assert report.measures["naked_ms"]["max"] == Decimal(999)


def test_rules_15_a_position_uncovered_for_longer_is_found():
    """1.2 s without any covering or closing request."""
    story = naked_entry()
    story.wait(1_200).arm_stop()
    report = story.verdict()
    assert report.broken() == ["I3"]
    assert report.violations[0].ns
    assert report.measures["uncovered_ms"]["max"] == Decimal(1_201)


@pytest.mark.parametrize(("symbol", "broken"), [("ETHUSDT", []), (SYMBOL, ["I3"])])
def test_rules_15_a_position_told_on_another_symbol_is_no_evidence(symbol, broken):
    """The fill's own events were lost; an ACCOUNT_UPDATE tells of the positions that it names."""
    story = naked_entry()
    drop(story.lines, is_a(PushLine))
    story.wait(1).push("ACCOUNT_UPDATE", symbol=symbol)
    story.wait(3_000).arm_stop()
    assert story.verdict().broken() == broken


@pytest.mark.parametrize("told", [False, True])
def test_rules_15_the_end_of_one_stop_tells_nothing_of_another(told):
    """The second had vanished unheard when somebody cancelled the first: for the engine, it still covered."""
    story, first = open_trade()
    second = story.arm_stop(n=2, quantity="2")
    story.wait(1_000).algo(second, "EXPIRED")
    if told:
        story.push("ALGO_UPDATE", second.client_id)
    story.algo(first, "CANCELED")
    story.push("ALGO_UPDATE", first.client_id)
    story.wait(3_000).arm_stop(n=3)
    assert ("I3" in story.verdict().broken()) is told


@pytest.mark.parametrize(("before", "broken"), [(0, ["I3"]), (1, [])])
def test_rules_15_what_the_venue_held_back_is_no_evidence_of_what_came_after_it(before, broken):
    """A stop vanished, and then the word of its birth arrived."""
    story, stop = open_trade()
    story.wait(1_000).algo(stop, "EXPIRED")
    told = {"e": "ALGO_UPDATE", "symbol": SYMBOL, "client_id": stop.client_id, "of": len(story.lines) - before}
    story.wait(100).line(PushLine, conn=1, account=ACCOUNT, **told)
    story.wait(3_000).arm_stop(n=2)
    assert story.verdict().broken() == broken


@pytest.mark.parametrize("told", [False, True])
def test_rules_15_what_a_stop_left_uncovered_needs_evidence_of_its_own(told):
    """It covers what the engine knew; more had filled meanwhile, and nobody had told of it."""
    story = Story().begin()
    story.wait(1_000).accept()
    entry = story.fill_entry(quantity="1")
    story.wait(500).trade(entry, story.next_order, "1", "100")
    if not told:
        drop(story.lines, is_a(PushLine))
    story.wait(100).arm_stop(quantity="1")
    story.wait(3_000).arm_stop(n=2)
    assert ("I3" in story.verdict().broken()) is told


def test_rules_15_requests_that_arrive_break_the_nakedness():
    """Uncovered goes on, naked begins anew with every covering or closing request."""
    story = naked_entry()
    story.plan(close_spec())
    for _ in range(4):
        story.wait(800).reply(story.send(close_spec()), status=400, code=-1001)
    story.arm_stop()
    report = story.verdict()
    assert report.violations == []
    assert report.measures["naked_ms"]["max"] == Decimal(800)
    assert report.measures["uncovered_ms"]["max"] == Decimal(3_201)


def test_an_uncovered_position_at_the_end_is_measured_up_to_the_end():
    """The record ends, the nakedness does not."""
    story = naked_entry()
    story.wait(1_500).read("GET /fapi/v1/time")
    assert story.verdict().broken() == ["I3"]


def test_a_stop_for_a_part_does_not_cover():
    """Full size or nothing."""
    story = naked_entry()
    story.arm_stop(quantity="1.9")
    story.wait(1_500).read("GET /fapi/v1/time")
    assert story.verdict().broken() == ["I3"]


def test_stops_add_up():
    """Two halves cover the whole."""
    story = naked_entry()
    story.arm_stop(quantity="1")
    story.arm_stop(n=2, quantity="1")
    story.wait(1_500).read("GET /fapi/v1/time")
    assert story.verdict().violations == []


def test_a_stop_of_somebody_else_is_not_ours():
    """What we did not place we cannot keep."""
    story = naked_entry()
    story.line(
        AlgoLine, account=ACCOUNT, symbol=SYMBOL, algo_id=1, client_id="web_1", side="SELL", type="STOP_MARKET",
        trigger=D(95), status="NEW", close_position=True,
    )  # fmt: skip
    story.wait(1_500).read("GET /fapi/v1/time")
    assert story.verdict().broken() == ["I3"]


def test_a_take_profit_covers_nothing():
    """Only stops protect."""
    assert not_covering("TAKE_PROFIT_MARKET", "SELL")


def test_a_stop_on_the_wrong_side_covers_nothing():
    """A buy stop does not close a long."""
    assert not_covering("STOP_MARKET", "BUY")


def not_covering(kind: str, side: str) -> bool:
    """Whether an algo of that shape leaves the position naked."""
    story = naked_entry()
    story.arm_stop()
    armed = story.lines.pop(max(i for i, line in enumerate(story.lines) if isinstance(line, AlgoLine)))
    assert isinstance(armed, AlgoLine)
    story.line(
        AlgoLine, account=ACCOUNT, symbol=SYMBOL, algo_id=9, client_id=armed.client_id, side=side, type=kind,
        trigger=D(95), status="NEW", close_position=True,
    )  # fmt: skip
    story.wait(1_500).read("GET /fapi/v1/time")
    return "I3" in story.verdict().broken()


def test_rules_5_a_triggering_stop_covers_for_two_seconds():
    """Then the watchdog must have acted."""
    story, stop = open_trade()
    story.algo(stop, "TRIGGERING")
    story.push("ALGO_UPDATE", stop.client_id)
    story.wait(2_900)
    story.plan(close_spec())
    story.send(close_spec())
    assert story.verdict().violations == []
    story.wait(1_200).read("GET /fapi/v1/time")
    assert story.verdict().broken() == ["I3"]


def test_a_lost_stop_starts_the_clock():
    """An expired stop covers nothing from then on."""
    story, stop = open_trade()
    story.algo(stop, "EXPIRED")
    story.push("ALGO_UPDATE", stop.client_id)
    story.wait(1_100).read("GET /fapi/v1/time")
    assert story.verdict().broken() == ["I3"]


def test_rules_15_a_silent_loss_has_its_own_bound():
    """Without evidence the watch has five seconds; with it, one."""
    story, stop = open_trade()
    story.algo(stop, "EXPIRED")
    story.wait(4_900).read("GET /fapi/v1/openAlgoOrders", symbol=SYMBOL)
    story.wait(500).arm_stop(n=2)
    assert story.verdict().violations == []


def test_rules_12_a_silent_loss_that_nobody_looks_for_is_found():
    """A live engine that does not look breaks its promise too."""
    story, stop = open_trade()
    story.algo(stop, "EXPIRED")
    story.wait(6_500).arm_stop(n=2)
    assert story.verdict().broken() == ["I3"]


@pytest.mark.parametrize(("asked", "broken"), [({}, ["I3"]), ({"clientAlgoId": "hf-s1-of-another-symbol"}, [])])
def test_a_question_about_one_stop_tells_nothing_of_another(asked, broken):
    """Conditional orders are asked for without a symbol; an answer about a stranger is no evidence."""
    story, stop = open_trade()
    story.algo(stop, "EXPIRED")
    story.read("GET /fapi/v1/algoOrder", **(asked or {"clientAlgoId": stop.client_id}))
    story.wait(3_000).arm_stop(n=2)
    assert story.verdict().broken() == broken


@pytest.mark.parametrize(("asked", "broken"), [(0, []), (1, ["I3"])])
def test_a_question_about_one_stop_tells_nothing_of_another_of_the_same_position(asked, broken):
    """The first had been cancelled, and was asked for; the second, which covered, had vanished unheard."""
    story, first = open_trade()
    second = story.arm_stop(n=2, quantity="2")
    story.algo(first, "CANCELED")
    story.push("ALGO_UPDATE", first.client_id)
    story.wait(1_000).algo(second, "EXPIRED")
    story.read("GET /fapi/v1/algoOrder", clientAlgoId=(first, second)[asked].client_id)
    story.wait(3_000).arm_stop(n=3)
    assert story.verdict().broken() == broken


def test_a_reply_that_a_fault_swallowed_is_no_evidence():
    """Nobody saw it."""
    story, stop = open_trade()
    story.algo(stop, "EXPIRED")
    story.reply(story.request("GET /fapi/v1/openAlgoOrders", via="rest", symbol=SYMBOL), fault="resp.drop")
    story.wait(3_000).arm_stop(n=2)
    assert story.verdict().violations == []


def test_rules_15_the_time_of_a_dead_engine_is_its_own_class():
    """Killed between fill and stop; the next process covers in time."""
    story = naked_entry()
    story.wait(100).die()
    story.wait(8_000).start_engine(conn=2)
    story.wait(500).arm_stop()
    report = story.verdict()
    assert report.violations == []
    assert report.measures["classes"]["dead"]["max"] == Decimal(8_000)
    assert report.measures["uncovered_ms"]["max"] == Decimal(8_601)


def test_rules_15_a_new_process_has_one_second_from_its_first_look():
    """It saw the position; then the clock runs."""
    story = naked_entry()
    story.wait(100).die()
    story.wait(8_000).start_engine(conn=2)
    story.wait(1_200).arm_stop()
    assert story.verdict().broken() == ["I3"]


@pytest.mark.parametrize(("status", "code", "kind"), [(429, -1015, "throttled"), (401, -2015, "key_refused")])
def test_rules_15_what_the_venue_turns_away_is_its_own_class(status, code, kind):
    """Throttled or refused: counted, never silently excluded."""
    story = naked_entry()
    story.plan(close_spec())
    story.reply(story.send(close_spec()), status=status, code=code)
    story.wait(4_000).arm_stop()
    report = story.verdict()
    assert report.violations == []
    assert report.measures["classes"][kind]["max"] == Decimal(4_001)


def test_rules_15_a_stop_that_vanished_is_not_told_by_a_position_after_a_cut():
    """The same process came back to the venue: it knows the position, and believes in its stop until a list says no."""
    story, stop = open_trade()
    start_us = story.lines[0].us
    story.wait(1_000).algo(stop, "EXPIRED")
    cut_us = (story.ms + 100) * 1_000
    story.wait(500).read("GET /fapi/v3/positionRisk")
    story.wait(3_000).read("GET /fapi/v1/openAlgoOrders", symbol=SYMBOL)
    story.wait(900).arm_stop(n=2)
    story.close("2", "99")
    options = {
        "live": (Window(start_us=start_us),),
        "unreachable": (Window(start_us=cut_us, end_us=cut_us + 200_000),),
    }
    assert story.verdict(**options).broken() == []


def test_rules_15_a_request_that_never_arrived_is_its_own_class():
    """The engine tried; the network did not carry it."""
    story = naked_entry()
    story.plan(stop_spec(), preauthorised=True)
    story.line(FaultLine, verb="req.drop", client_id=stop_spec().client_id)
    story.wait(3_000).algo(stop_spec(), "NEW")
    assert story.verdict().measures["classes"]["unreachable"]["max"] == Decimal(3_000)


def test_foreign_quantity_is_not_ours_to_cover():
    """What others hold is said, not judged."""
    story = Story().begin()
    line = {"account": ACCOUNT, "symbol": SYMBOL}
    story.line(
        TradeLine, **line, order_id=1, client_id="web_1", trade_id=1, side="BUY", price=D(1), qty=D(1), fee=ZERO,
        fee_asset="USDT", realized=ZERO, maker=False,
    )  # fmt: skip
    story.line(PositionLine, **line, amt=D(1))
    story.wait(5_000).read("GET /fapi/v1/time")
    assert story.verdict().violations == []


def test_the_time_from_the_first_close_request_to_flat_is_published():
    """RULES 15 asks for it beside the rest."""
    story, stop = open_trade()
    spec = story.close("2", "99", fills=False)
    story.wait(300).close("2", "99", n=2)
    story.cancel_stop(stop)
    report = story.verdict()
    assert report.violations == []
    assert report.measures["close_to_flat_ms"]["max"] == Decimal(301)
    assert spec.reduce_only


def test_rules_15_a_fill_tells_nothing_of_a_stop_that_is_silently_gone():
    """The stop was armed with the entry and vanished unseen: the fill alone does not show it."""
    story = Story().begin()
    story.wait(1_000).accept()
    stop = story.arm_stop()
    story.wait(1_000).algo(stop, "EXPIRED")
    story.fill_entry()
    story.wait(3_000).read("GET /fapi/v1/openAlgoOrders", symbol=SYMBOL)
    story.wait(900).arm_stop(n=2)
    assert story.verdict().violations == []


def test_rules_15_a_refusal_reaches_what_becomes_naked_after_it():
    """The close was throttled while a stop still covered; then the stop was lost."""
    story, stop = open_trade()
    story.plan(close_spec())
    story.reply(story.send(close_spec()), status=429, code=-1003)
    story.wait(1_000).algo(stop, "EXPIRED")
    story.push("ALGO_UPDATE", stop.client_id)
    story.wait(40_000).arm_stop(n=2)  # In the next minute: until then everything is refused.
    assert story.verdict().violations == []


@pytest.mark.parametrize(
    ("pause_ms", "status", "broken"), [(100, 400, []), (2_000, 400, []), (100, 200, []), (2_000, 200, ["I3"])]
)
def test_rules_15_a_throttled_close_waits_although_a_stop_was_answered_meanwhile(pause_ms, status, broken):
    """The stop had been on its way, whatever became of it. One that is sent later and taken ends the wait."""
    story, stop = open_trade()
    story.algo(stop, "EXPIRED")
    story.push("ALGO_UPDATE", stop.client_id)
    story.plan(close_spec())
    story.reply(story.send(close_spec()), status=429, code=-1015)
    again = story.wait(pause_ms).send(stop_spec())
    story.reply(again, status=status, code=-2021 if status == 400 else 0)
    story.wait(5_000).send(close_spec())
    assert story.verdict().broken() == broken


def test_rules_15_a_stop_throttled_before_its_entry_filled_is_waited_for():
    """It left with the entry; what the venue turned away then holds the next one back until the window turns."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.plan(stop_spec(), preauthorised=True)
    story.reply(story.send(stop_spec()), status=429, code=-1003)
    story.fill_entry()
    story.wait(40_000).arm_stop(n=2)
    assert story.verdict().violations == []


@pytest.mark.parametrize(("pause_ms", "broken"), [(100, []), (2_000, ["I3"])])
def test_rules_15_a_stop_that_failed_on_its_way_does_not_end_a_throttle_either(pause_ms, broken):
    """Simulated hour 1000498: the stop crossed the throttle of a question; its repeat had to wait for the turn."""
    story = Story().begin()
    story.wait(1_000).accept()
    story.reply(story.request("GET /fapi/v1/openAlgoOrders", via="rest", conn=None), status=429, code=-1003)
    story.fill_entry()
    story.plan(stop_spec())
    story.wait(pause_ms).reply(story.send(stop_spec()), status=503)
    story.wait(30_000).close("2", "99")
    assert story.verdict().broken() == broken


@pytest.mark.parametrize(("pause_ms", "broken"), [(4_000, []), (7_000, ["I3"])])
def test_rules_12_an_event_that_reached_nobody_is_no_evidence(pause_ms, broken):
    """The way of user events was cut: then the watch must find out, within its five seconds."""
    story = naked_entry()
    deaf = Window(start_us=(story.ms - 100) * 1_000, end_us=(story.ms + 60_000) * 1_000)
    story.wait(pause_ms).arm_stop()
    assert story.verdict(deaf=(deaf,)).broken() == broken


def test_rules_15_a_stop_that_was_on_its_way_does_not_end_a_throttle():
    """A question was refused for weight while the stop travelled; the stop failed, and its close waits for the turn."""
    story = naked_entry()
    story.plan(stop_spec(n=2), n=2)
    sent = story.send(stop_spec(n=2))
    story.reply(story.request("GET /fapi/v1/algoOrder", via="rest", conn=None), status=429, code=-1003)
    stop = story.arm_stop()
    story.wait(2_500).reply(sent)
    story.wait(5_000).algo(stop, "EXPIRED")
    story.push("ALGO_UPDATE", stop.client_id)
    story.wait(30_000).close("2", "99")
    assert story.verdict().violations == []
