"""I2: what arrives has its record, equal and earlier; with the few exceptions that RULES name."""

from __future__ import annotations

import msgspec
import pytest

from holdfast.binance import requests
from holdfast.model import events as ev
from holdfast.model.ids import KILL_PREFIX
from holdfast.verify.commands import differences, expected
from holdfast.verify.records import Request
from tests.verify.builders import (
    Story,
    change,
    close_spec,
    drop,
    entry_spec,
    is_a,
    last_index,
    open_trade,
    params_of,
    stop_spec,
    whole_trade,
)


def bend(story: Story, method: str, **params: str) -> None:
    """Change parameters of the last request of a method."""
    index = last_index(story.lines, is_a(Request, method=method))
    request = story.lines[index]
    story.lines[index] = msgspec.structs.replace(request, params=request.params | params)


def test_an_order_without_a_request_is_found():
    """The venue makes no orders of its own in our name; somebody took the request out of the log."""
    story = whole_trade()
    drop(story.lines, is_a(Request, method="algoOrder.place"))
    assert [v.sentence.partition(" is ")[2] for v in story.verdict().violations] == [
        "at the venue, and the log has no request for it"
    ]


SPECS = [entry_spec(), stop_spec(), stop_spec(quantity="1.5"), close_spec()]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.client_id[:5])
def test_the_engines_own_encoder_says_what_the_record_says(spec):
    """The gateway's parameters and the checker's reading of the record agree, written apart."""
    sent = {name: str(value) for name, value in requests.place(spec).params.items()}
    assert differences(expected(spec), sent) == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"quantity": "3"}, "quantity is 3, recorded 2"),
        ({"price": "101.1"}, "price"),
        ({"side": "SELL"}, "side"),
        ({"symbol": "ETHUSDT"}, "symbol"),
        ({"timeInForce": "GTC"}, "timeInForce"),
        ({"quantity": "a few"}, "quantity"),
        ({"reduceOnly": "true"}, "reduceOnly=true is not recorded"),
        ({"closePosition": "true"}, "closePosition=true is not recorded"),
        ({"stopPrice": "1"}, "stopPrice=1 is not recorded"),
    ],
)
def test_every_parameter_must_be_the_recorded_one(changed, named):
    """Whatever says what the order is, stands in the record."""
    found = differences(expected(entry_spec()), params_of(entry_spec()) | changed)
    assert len(found) == 1
    assert found[0].startswith(named)


def test_equal_numbers_written_differently_are_equal():
    """2 and 2.000 are the same quantity."""
    assert differences(expected(entry_spec()), params_of(entry_spec()) | {"quantity": "2.000"}) == []


def test_a_missing_parameter_is_named():
    """A close that lost its reduce-only flag could open."""
    params = params_of(close_spec())
    del params["reduceOnly"]
    assert differences(expected(close_spec()), params) == ["reduceOnly is missing, recorded true"]


def test_a_request_without_record_is_found():
    """The engine's prefix, and nothing in the journal."""
    story = whole_trade()
    story.wait(10).send(entry_spec("i9"))
    report = story.verdict()
    assert report.broken() == ["I2"]
    assert "no command record" in report.violations[0].sentence


def test_a_request_that_says_otherwise_is_found():
    """The finding names both records."""
    story = whole_trade()
    bend(story, "algoOrder.place", triggerPrice="96")
    violation = story.verdict().violations[0]
    assert violation.invariant == "I2"
    assert violation.seqs
    assert violation.ns


def test_a_request_before_its_record_is_found():
    """Persist, then act; beyond what the clock may be off."""
    story = whole_trade()
    change(story.events, is_a(ev.OrderPlanned, n=1), at_ms=story.ms)
    assert "before its record" in story.verdict().violations[0].sentence


def test_rules_8_an_entry_carries_the_timestamp_of_its_record():
    """A re-stamped entry could act late."""
    story = whole_trade()
    bend(story, "order.place", timestamp=str(story.ms))
    assert "signed with" in story.verdict().violations[0].sentence


def test_rules_8_an_entry_carries_the_short_window():
    """The long window is for what only reduces."""
    story = whole_trade()
    bend(story, "order.place", recvWindow="5000")
    assert "recvWindow" in story.verdict().violations[0].sentence


def test_an_order_that_went_through_the_wrong_door_is_found():
    """A conditional order sent as a plain one."""
    story = whole_trade()
    index = last_index(story.lines, is_a(Request, method="algoOrder.place"))
    story.lines[index] = msgspec.structs.replace(story.lines[index], method="order.place")
    assert "sent as order.place" in story.verdict().violations[0].sentence


def test_a_preauthorised_close_takes_its_size_from_the_evidence():
    """Its record was written with the entry, before anybody knew what would fill."""
    story, _ = open_trade()
    spec = close_spec(quantity="1")
    story.plan(spec, preauthorised=True)
    story.send(spec, quantity="2")
    assert story.verdict().violations == []
    story.send(spec, side="BUY")
    assert story.verdict().broken() == ["I2"]


def test_a_cancel_without_record_is_found():
    """Cancels are commands too."""
    story, stop = open_trade()
    story.request("algoOrder.cancel", clientAlgoId=stop.client_id)
    story.event(ev.Reconciled)
    story.wait(1_000).event(ev.Reconciled)
    assert story.verdict().broken() == ["I2"]


def test_a_cancel_before_its_record_is_found():
    """As for orders."""
    story, stop = open_trade()
    story.request("algoOrder.cancel", clientAlgoId=stop.client_id)
    story.wait(1_000).event(ev.CancelPlanned, client_id=stop.client_id, reason="late")
    assert story.verdict().broken() == ["I2"]


def test_rules_8_cover_may_leave_while_the_journal_is_silent():
    """What only reduces goes out when nothing more can be written: counted, and said, not passed."""
    story, _ = open_trade()
    story.wait(1_000).send(close_spec())
    report = story.verdict()
    assert report.violations == []
    assert report.counts["unjournalled"] == 1
    assert any(entry.what.startswith("I2 for 1 reducing") for entry in report.not_checked)


def test_rules_8_a_preauthorised_cancel_may_die_with_its_record():
    """The process was killed before the disk had it; the cancel that the next one plans is no excuse needed."""
    story, stop = open_trade()
    story.wait(1_000).close("2", "99")
    story.wait(1_000).request("algoOrder.cancel", clientAlgoId=stop.client_id)
    story.die()
    story.wait(3_000).start_engine(2)
    story.cancel_stop(stop)
    report = story.verdict()
    assert "I2" not in report.broken()
    assert report.counts["unjournalled"] == 1


def test_rules_8_a_name_used_unjournalled_may_be_used_again():
    """The next process could not know of it; its own record says something else, and is no record of the first."""
    story, stop = open_trade()
    story.wait(1_000).send(close_spec(quantity="1"))
    story.die()
    story.wait(3_000).start_engine(2)
    story.close("2", "99")
    story.cancel_stop(stop)
    report = story.verdict()
    assert "I2" not in report.broken()
    assert report.counts["unjournalled"] == 1


def test_rules_8_a_quick_restart_does_not_end_the_silence_before_it():
    """The next process started within the clocks' difference; what it wrote says nothing of the one before."""
    story, stop = open_trade()
    story.wait(1_000).close("2", "99")
    story.wait(1_000).request("algoOrder.cancel", clientAlgoId=stop.client_id)
    story.die()
    story.wait(100).start_engine(2)
    story.wait(1_000).event(ev.Reconciled)
    report = story.verdict()
    assert "I2" not in report.broken()
    assert report.counts["unjournalled"] == 1


def test_rules_8_a_request_is_of_the_process_that_stamped_it():
    """It travelled for a second; the next process had begun to write when it arrived."""
    story, stop = open_trade()
    story.wait(1_000).close("2", "99")
    left_ms = story.ms
    story.die()
    story.wait(300).start_engine(2)
    story.wait(700).request("algoOrder.cancel", clientAlgoId=stop.client_id, timestamp=str(left_ms))
    story.wait(1_000).event(ev.Reconciled)
    report = story.verdict()
    assert "I2" not in report.broken()
    assert report.counts["unjournalled"] == 1


def test_a_cancel_well_before_its_record_is_found():
    """The process went on writing, so it could have written this first."""
    story, stop = open_trade()
    story.wait(1_000).close("2", "99")
    story.wait(1_000).request("algoOrder.cancel", clientAlgoId=stop.client_id)
    story.wait(1_000).cancel_stop(stop)
    assert "I2" in story.verdict().broken()


def test_rules_8_an_entry_never_leaves_unjournalled():
    """Silence of the journal excuses no entry."""
    story, _ = open_trade()
    story.wait(1_000).send(entry_spec("i2"))
    assert story.verdict().broken() == ["I2"]


def test_cover_without_record_from_a_writing_process_is_found():
    """The same process wrote later, so it could have written this."""
    story, _ = open_trade()
    story.wait(1_000).send(close_spec())
    story.wait(1_000).event(ev.Reconciled)
    assert story.verdict().broken() == ["I2"]


def test_rules_16_the_kill_switch_needs_no_record():
    """Its prefix is its own, and it cancels by venue ids."""
    story = whole_trade()
    params = params_of(close_spec()) | {"newClientOrderId": KILL_PREFIX + "1-1"}
    story.request("POST /fapi/v1/order", via="rest", conn=None, **params)
    story.request("DELETE /fapi/v1/order", via="rest", conn=None, symbol="BTCUSDT", orderId="1001")
    report = story.verdict()
    assert report.violations == []
    assert report.counts["kill_orders"] == 1


def test_rules_16_nobody_deletes_the_listen_key():
    """It would silence every process of the account."""
    story = whole_trade()
    story.request("DELETE /fapi/v1/listenKey", via="rest", conn=None)
    assert story.verdict().broken() == ["RULES 16"]


def test_an_amended_order_of_ours_is_found():
    """The engine never amends; no record could explain it."""
    story = whole_trade()
    story.request("PUT /fapi/v1/order", via="rest", conn=None, origClientOrderId=entry_spec().client_id)
    assert story.verdict().broken() == ["I2"]


def test_a_dropped_record_is_found():
    """Without the plan the request stands alone."""
    story = whole_trade()
    drop(story.events, is_a(ev.OrderPlanned, spec=entry_spec()))
    assert "I2" in story.verdict().broken()
