"""I25: what can wait leaves the reserve alone, and waits when the venue says so."""

from __future__ import annotations

import pytest

from holdfast.model import events as ev
from holdfast.verify import Window
from holdfast.verify.records import ConnectionLine, ControlLine, Start
from tests.verify.builders import Story, close_spec, entry_spec, is_a, open_trade, stop_spec, whole_trade

LIMITS = {"weight_per_minute": 100, "orders_per_10_seconds": 10, "orders_per_minute": 20}
LATER_MS = 60_000
"""Beyond the start of the process, in which it may read what it likes."""


def limited(story: Story, **limits: int | None) -> Story:
    """The log states its limits."""
    start = story.lines[0]
    assert isinstance(start, Start)
    story.lines[0] = Start(
        n=start.n, us=start.us, format=1, engine=start.engine, account=start.account, balance=start.balance,
        limits={**LIMITS, **limits},
    )  # fmt: skip
    return story


def idle(**limits: int | None) -> Story:
    """A process that started a while ago, in a new minute."""
    story = limited(Story().begin(), **limits)
    story.wait(LATER_MS * 2 - story.ms % LATER_MS + 5_000)
    return story


def read(story: Story, method: str, weight: int, times: int = 1, *, sent_ms: int = 0, **fields: str) -> int:
    """Reads that were answered."""
    n = 0
    for _ in range(times):
        stamp = {"timestamp": str(story.ms + sent_ms)} if sent_ms else {}
        n = story.request(f"GET /fapi/v1/{method}", via="rest", conn=None, weight=weight, **stamp, **fields)
        story.reply(n)
    return n


def test_reads_within_their_share_are_fine():
    """70 of 100."""
    story = idle()
    read(story, "income", 35, times=2)
    report = story.verdict()
    assert report.violations == []
    assert report.counts["peak_weight_per_minute"] == 70


def test_what_can_wait_must_leave_the_reserve():
    """71 of 100, found once in its window, with the request that did it."""
    story = idle()
    read(story, "income", 35, times=2)
    n = read(story, "commissionRate", 1)
    read(story, "commissionRate", 1)
    (found,) = story.verdict().violations
    assert (found.invariant, found.ns) == ("I25", (n,))
    assert "71 of 100" in found.sentence


@pytest.mark.parametrize("method", ["positionRisk", "openAlgoOrders", "openOrders", "time"])
def test_looking_for_cover_may_use_the_reserve(method):
    """Only who looks knows whether there is an emergency."""
    story = idle()
    read(story, "income", 35, times=2)
    read(story, method, 20)
    assert story.verdict().violations == []


def test_trades_are_protection_only_while_something_is_open():
    """The same read waits when nothing is exposed."""
    story, _ = open_trade()
    limited(story).wait(LATER_MS)
    story.ms += LATER_MS - story.ms % LATER_MS
    read(story, "userTrades", 80, symbol="BTCUSDT")
    assert story.verdict().violations == []
    story = idle()
    read(story, "userTrades", 80, symbol="BTCUSDT")
    assert story.verdict().broken() == ["I25"]


def test_rules_5_a_trade_that_is_not_proved_closed_is_exposure():
    """Its stop has just closed the position: whose executions these were is asked at once, whatever was put off."""
    story, stop = open_trade()
    limited(story).wait(LATER_MS)
    refused(story, "GET /fapi/v1/income")
    story.wait(5_000).stop_out(stop)
    read(story, "order", 1, orderId="1002", symbol="BTCUSDT")
    assert "I25" not in story.verdict().broken()
    story.closed()
    read(story, "order", 1, orderId="1002", symbol="BTCUSDT")
    assert "I25" not in story.verdict().broken(), "it left before the end was known"
    read(story.wait(2_000), "order", 1, orderId="1002", symbol="BTCUSDT")
    assert "I25" in story.verdict().broken()


def test_a_flatten_is_exposure_until_its_end():
    """It reads what it must prove."""
    story = idle()
    refused(story, "GET /fapi/v1/income")
    story.event(ev.FlattenStarted, symbol="BTCUSDT", subject="f", trade_id="", reason="test")
    read(story.wait(2_000), "userTrades", 5, symbol="BTCUSDT")
    assert "I25" not in story.verdict().broken()
    story.event(ev.FlattenEnded, symbol="BTCUSDT", subject="f")
    read(story.wait(2_000), "userTrades", 5, symbol="BTCUSDT")
    assert "I25" in story.verdict().broken()


def test_a_start_may_use_the_reserve():
    """A process must learn what is open, whatever the one before it used."""
    story = limited(Story().begin())
    read(story, "income", 90)
    assert story.verdict().violations == []


def test_each_window_starts_anew():
    """Aligned to the clock, as the venue counts."""
    story = idle()
    read(story, "income", 60)
    story.wait(LATER_MS)
    read(story, "income", 60)
    assert story.verdict().violations == []


def test_what_crosses_a_turn_is_in_neither_window():
    """The engine counted it in the window in which it left."""
    story = idle()
    story.ms -= story.ms % LATER_MS
    read(story, "income", 60, sent_ms=-300)
    read(story, "commissionRate", 60)
    assert story.verdict().violations == []


@pytest.mark.parametrize(("spec", "broken"), [(entry_spec(), ["I25"]), (stop_spec(), [])])
def test_orders_are_counted_and_cover_is_exempt(spec, broken):
    """The eighth of ten in ten seconds."""
    story = idle()
    story.accept()
    story.plan(spec)
    story.line(ControlLine, what="limits", set={"orders_per_10_seconds": 1})
    story.wait(120_000)
    story.ms += 10_000 - story.ms % 10_000 + 5_000
    story.send(spec, orders=1)
    found = [v.invariant for v in story.verdict().violations if v.invariant == "I25"]
    assert found == broken


def test_a_lowered_limit_is_judged_when_it_must_be_known():
    """It is read once a minute."""
    story = idle()
    story.line(ControlLine, what="limits", set={"weight_per_minute": 50})
    read(story, "income", 60)
    assert story.verdict().violations == []
    story.wait(LATER_MS)
    read(story, "income", 60)
    assert story.verdict().broken() == ["I25"]


def test_a_lifted_limit_limits_nothing():
    """None."""
    story = idle(weight_per_minute=None)
    read(story, "income", 5_000)
    assert story.verdict().violations == []


def test_a_log_without_limits_is_not_judged():
    """And says so."""
    left_out = {entry.what: entry.reason for entry in whole_trade().verdict().not_checked}
    assert left_out["I25 request rates"] == "the venue log states no limits"


def refused(story: Story, method: str, *, status: int = 429, code: int = -1003, **fields: object) -> None:
    """A request that the venue puts off."""
    n = story.request(method, via="rest", conn=None, weight=1)
    story.reply(n, status=status, code=code, **fields)


def test_what_was_put_off_waits_for_the_turn():
    """The next read comes in the same minute, two seconds later."""
    story = idle()
    refused(story, "GET /fapi/v1/income")
    read(story.wait(500), "income", 1)
    assert story.verdict().violations == [], "it was under way already"
    read(story.wait(1_500), "income", 1)
    (found,) = story.verdict().violations
    assert found.invariant == "I25"
    assert "put it off" in found.sentence
    assert len(found.ns) == 2


def test_after_the_turn_it_may_come():
    """The window has turned."""
    story = idle()
    refused(story, "GET /fapi/v1/income")
    read(story.wait(LATER_MS), "income", 1)
    assert story.verdict().violations == []


def test_a_full_order_window_puts_off_orders_only():
    """-1015 names the ten seconds."""
    story = idle()
    refused(
        story, "POST /fapi/v1/order", code=-1015, msg="Too many new orders; current limit is 10 orders per 10 SECOND."
    )
    read(story.wait(2_000), "income", 1)
    assert story.verdict().violations == []


def test_a_ban_puts_off_everything():
    """Until the time that it names."""
    story = idle()
    refused(
        story,
        "GET /fapi/v1/income",
        fault="code",
        msg=f"Way too many requests; IP(1.1.1.1) banned until {story.ms + 90_000}.",
    )
    read(story.wait(80_000), "positionRisk", 1)
    assert story.verdict().broken() == ["I25"]


def test_a_refusal_that_nobody_saw_puts_off_nothing():
    """The reply was swallowed."""
    story = idle()
    refused(story, "GET /fapi/v1/income", fault="resp.drop")
    read(story.wait(2_000), "income", 1)
    assert story.verdict().violations == []


def test_a_refusal_on_a_connection_that_broke_off_puts_off_nothing():
    """It may have been under way still; whoever heard it goes on to hear from that connection."""
    story = idle()
    n = story.request("order.place", weight=1, newClientOrderId="x")
    story.reply(n, status=429, code=-1003)
    story.line(ConnectionLine, conn=2, path="/ws-fapi/v1", ev="logon", account="main")
    story.line(ConnectionLine, conn=1, path="/ws-fapi/v1", ev="close")
    read(story.wait(3_000), "income", 1)
    assert "I25" not in story.verdict().broken()


def test_rules_15_a_refusal_that_the_network_swallowed_puts_off_nothing():
    """By the word of whoever knows the network."""
    story = idle()
    refused(story, "GET /fapi/v1/income")
    lost = Window(start_us=story.ms * 1_000, end_us=story.ms * 1_000)
    read(story.wait(3_000), "income", 1)
    live = (Window(start_us=0),)
    assert story.verdict(live=live).broken() == ["I25"]
    assert story.verdict(live=live, unreachable=(lost,)).violations == []


def test_a_new_process_was_not_told():
    """What the one before it heard died with it."""
    story = idle()
    refused(story, "GET /fapi/v1/income")
    story.wait(10).die()
    story.start_engine(conn=2)
    read(story.wait(2_000), "income", 1)
    assert story.verdict().violations == []
    assert sum(is_a(ev.EngineStarted)(event) for event in story.events) == 2


def test_what_a_process_asks_before_it_writes_its_start_is_its_own():
    """The rules of the symbols come first; the one before it was told to wait, and died."""
    story = idle()
    refused(story, "GET /fapi/v1/income")
    story.wait(3_000).die()
    read(story.wait(1_000), "exchangeInfo", 1)
    read(story.wait(20), "leverageBracket", 1)
    story.wait(500).start_engine(conn=2)
    assert story.verdict().violations == []


def test_what_was_not_heard_is_read_with_the_reserve():
    """The stream was down: whether something happened, only reads tell."""
    story = idle()
    story.line(ConnectionLine, conn=9, path="/private/ws", ev="open")
    read(story, "userTrades", 80, symbol="BTCUSDT")
    assert story.verdict().violations == []


@pytest.mark.parametrize(("spec", "broken"), [(entry_spec(), ["I25"]), (stop_spec(), []), (close_spec(), [])])
def test_what_became_of_a_cover_or_a_close_is_asked_with_the_reserve(spec, broken):
    """Until it is known, nobody knows whether something is open."""
    story = idle()
    read(story, "order", 80, origClientOrderId=spec.client_id)
    assert story.verdict().broken() == broken


def test_how_an_exposure_ended_is_learned_with_the_reserve():
    """The position was closed a moment ago: the engine has yet to hear of it."""
    story, stop = open_trade()
    limited(story).wait(LATER_MS)
    story.stop_out(stop)
    read(story, "userTrades", 80, symbol="BTCUSDT")
    assert story.verdict().violations == []


def test_a_refusal_just_after_a_turn_may_be_of_the_window_before():
    """By a clock that is a tenth of a second behind; what it put off has turned already."""
    story = idle()
    story.ms += LATER_MS - story.ms % 60_000 + 20
    refused(story, "GET /fapi/v1/income")
    read(story.wait(5_000), "income", 1)
    assert story.verdict().violations == []


def test_what_left_later_is_not_held_against_a_request_that_was_held_back():
    """A network let two go in the other order: when the first left, the share was not used up."""
    story = idle()
    first_ms = story.ms
    story.wait(2_000)
    read(story, "positionRisk", 71, sent_ms=-1_000)
    read(story, "commissionRate", 1, sent_ms=first_ms - story.ms)
    assert story.verdict().violations == []
    read(story, "commissionRate", 1, sent_ms=-1)
    assert story.verdict().broken() == ["I25"]


def test_of_two_that_left_in_one_millisecond_either_may_be_the_first():
    """A read for cover may use what the other had to leave; two that can wait share the seventy percent."""
    story = idle()
    read(story, "positionRisk", 71)
    read(story, "commissionRate", 1)
    assert story.verdict().violations == []
    story.wait(61_000)
    read(story, "commissionRate", 70)
    read(story, "commissionRate", 1)
    assert story.verdict().broken() == ["I25"]
