"""Each thing that happens has one line and one number."""

from __future__ import annotations

import inspect
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from holdfast.model import events as ev
from holdfast.model.effects import Authorised, Cancel, Place
from holdfast.model.ids import Role
from holdfast.model.orders import OrderSpec, OrderType, Side
from holdfast.model.reasons import AlarmCode, Outcome, ResultStatus, TradingState
from holdfast.ports import CLOSED_BY_US, Head
from holdfast.service.lifecycle import LifecycleObserver
from holdfast.service.log import make_logger
from holdfast.service.metrics import Metrics
from holdfast.service.observe import Observer
from holdfast.service.outbox import OutboxObserver
from holdfast.service.readmodel import ReadModel
from holdfast.service.recovery import Recovered
from holdfast.service.runner import RunnerObserver
from holdfast.service.venue_observer import VenueObserver
from tests.service.story import CLOSING, DENIED, OPENING, T0, published
from tests.service.test_log import Fixed, Lines


class Watched:
    """An observer with its lines and numbers."""

    def __init__(self) -> None:
        self.lines = Lines()
        self.metrics = Metrics()
        logger = make_logger("debug", clock=Fixed(), writer=self.lines)
        self.observer = Observer(venue="paper", account="main", version="1.0", logger=logger, metrics=self.metrics)

    def see(self, *events: ev.AnyEvent) -> Watched:
        """Let it see durable events."""
        for record in published(list(events)):
            self.observer.record(record)
        return self

    def value(self, metric: str, /, **labels: str) -> float | None:
        """One number."""
        return self.metrics.registry.get_sample_value(
            f"holdfast_{metric}", {"venue": "paper", "account": "main", **labels}
        )


@pytest.mark.parametrize("port", [RunnerObserver, OutboxObserver, LifecycleObserver, VenueObserver])
def test_it_fits_every_observer_port(port: type) -> None:
    """Names and parameters of all their functions."""
    for name, wanted in inspect.getmembers(port, inspect.isfunction):
        if not name.startswith("_"):
            ours = inspect.signature(getattr(Observer, name))
            assert list(ours.parameters) == list(inspect.signature(wanted).parameters)


def test_venue_and_account_stand_in_every_line() -> None:
    """Paper and live are never confused."""
    watched = Watched().see(*OPENING, DENIED, *CLOSING)
    assert watched.lines.written
    assert {(line["venue"], line["account"]) for line in watched.lines.written} == {("paper", "main")}


def test_a_trade_is_told_in_few_lines() -> None:
    """What a human wants to follow; the rest is in the journal."""
    watched = Watched().see(*OPENING, *CLOSING)
    assert [line["event"] for line in watched.lines.written] == [
        "engine_started",
        "state_commanded",
        "intent_accepted",
        "result_published",
        "flatten_started",
        "flatten_ended",
        "trade_closed",
    ]


def test_the_numbers_of_a_trade() -> None:
    """Verdicts, results, fills, closings, naked time, states, head."""
    watched = Watched().see(*OPENING, DENIED, *CLOSING)
    assert watched.value("intents_total", verdict="accepted", code="") == 1
    assert watched.value("intents_total", verdict="denied", code="POSITION_EXISTS") == 1
    assert watched.value("results_total", status="protected") == 1
    assert watched.value("fills_total") == 3
    assert watched.value("trades_closed_total") == 1
    assert watched.value("naked_seconds_sum") == pytest.approx(0.02)
    assert watched.value("commanded_state") == 2
    assert watched.value("journal_seq") == len(OPENING) + 1 + len(CLOSING)


def test_an_order_that_was_not_confirmed_is_a_warning() -> None:
    """With the venue's words."""
    answer = ev.OrderAnswered(
        at_ms=T0, client_id="hf-e1-a", outcome=Outcome.REJECTED, sent_ms=T0, recv_window_ms=1, code=-2019, message="no"
    )
    (line,) = Watched().see(answer).lines.written
    assert (line["level"], line["text"]) == ("warning", "placing hf-e1-a: rejected (code -2019; no)")


def commanded(state: TradingState, by: str) -> ev.StateCommanded:
    """A command, or the first start."""
    return ev.StateCommanded(at_ms=T0, state=state, by=by, reason="")


def effective(state: TradingState, *reasons: str) -> ev.EffectiveChanged:
    """The state that holds, and what holds it down."""
    return ev.EffectiveChanged(at_ms=T0, state=state, reasons=reasons)


COMPARED = ev.Reconciled(at_ms=T0, findings={})
DENIAL = next(event for event in OPENING if isinstance(event, ev.ResultPublished)).result
DENIAL = msgspec.structs.replace(DENIAL, status=ResultStatus.DENIED)


@pytest.mark.parametrize(
    ("events", "level"),
    [
        ([commanded(TradingState.ACTIVE, "configuration")], "info"),
        ([commanded(TradingState.HALTED, "configuration")], "info"),
        ([commanded(TradingState.ACTIVE, "cli:me")], "info"),
        ([commanded(TradingState.HALTED, "cli:me")], "warning"),
        ([commanded(TradingState.REDUCING, "daily_loss")], "warning"),
        ([effective(TradingState.HALTED, "not reconciled", "user stream is down")], "info"),
        ([COMPARED, effective(TradingState.ACTIVE)], "info"),
        ([COMPARED, effective(TradingState.HALTED, "commanded halted")], "info"),
        ([COMPARED, effective(TradingState.REDUCING, "user stream is down")], "warning"),
        ([COMPARED, effective(TradingState.HALTED, "commanded halted", "not reconciled")], "warning"),
        ([ev.ResultPublished(at_ms=T0, result=DENIAL)], "debug"),
    ],
)
def test_what_is_normal_is_no_warning(events: list[ev.AnyEvent], level: str) -> None:
    """A start, a command that was given, trading that goes on: a warning is kept for what somebody should look at."""
    assert Watched().see(*events).lines.written[-1]["level"] == level


def alarm(subject: str) -> ev.AlarmRaised:
    """Some alarm."""
    return ev.AlarmRaised(at_ms=T0, code=AlarmCode.UNPROTECTED, subject=subject, text="look")


def test_standing_alarms_are_counted_per_code() -> None:
    """Raised twice is one alarm; cleared is none."""
    cleared = ev.AlarmCleared(at_ms=T0, code=AlarmCode.UNPROTECTED, subject="A")
    watched = Watched().see(alarm("A"), alarm("A"), alarm("B"), cleared)
    assert watched.value("alarms", code="UNPROTECTED") == 1
    assert watched.lines.written[0]["level"] == "error"


def test_after_a_restart_the_numbers_start_from_the_journal() -> None:
    """Alarms and states that stood before still stand."""
    model = ReadModel()
    for record in published([*OPENING, alarm("A")]):
        model.fold(record)
    watched = Watched()
    watched.observer.recovered(Recovered(Head(model.seq, model.hash), 0, model.seq), model, 12)
    assert watched.value("alarms", code="UNPROTECTED") == 1
    assert watched.value("commanded_state") == 2
    assert watched.value("journal_seq") == len(OPENING) + 1


def test_a_failed_journal_is_critical() -> None:
    """And the number goes to 0."""
    watched = Watched()
    assert watched.value("journal_ok") == 1
    watched.observer.journal_failed("disk full")
    assert watched.value("journal_ok") == 0
    assert watched.lines.written[0]["level"] == "critical"


def test_unjournalled_effects_and_events_are_named() -> None:
    """The log is their only record."""
    spec = OrderSpec(
        client_id="hf-c1-a", role=Role.CLOSE, symbol="A", side=Side.SELL, type=OrderType.MARKET, quantity=Decimal(1)
    )
    watched = Watched()
    watched.observer.left_unjournalled(Place(order=Authorised(spec, "v")), True)
    watched.observer.left_unjournalled(Cancel(client_id="hf-s1-a", symbol="A", role=Role.STOP, algo=True), False)
    watched.observer.events_unjournalled([DENIED])
    assert [line.get("effect") for line in watched.lines.written] == ["place hf-c1-a", "cancel hf-s1-a", None]
    assert "POSITION_EXISTS" in watched.lines.written[2]["text"]
    assert watched.value("unjournalled_effects_total", sent="yes") == 1


def test_a_crowded_inbox_is_said_now_and_then() -> None:
    """Not once per input."""
    watched = Watched()
    for waiting in range(10_001, 12_002):
        watched.observer.inbox_crowded(waiting)
    assert len(watched.lines.written) == 3
    assert watched.value("inbox_crowded_total") == 2_001


REPORTS: list[tuple[str, tuple[Any, ...], str]] = [
    ("engine_failed", (ValueError("x"),), "critical"),
    ("listener_failed", ("read model", 7, ValueError("x")), "error"),
    ("part_started", ("gateway",), "debug"),
    ("part_stopped", ("gateway", ""), "debug"),
    ("part_stopped", ("gateway", "hung"), "error"),
    ("task_died", ("watch", None), "critical"),
    ("request_ended", ("order.place", "unknown", 0, 900), "warning"),
    ("code_unlisted", ("order.place", -9999, "?"), "error"),
    ("reply_unreadable", ("time", "not JSON"), "error"),
    ("reply_late", ("order.place",), "warning"),
    ("read_repeated", ("/fapi/v3/balance", "503"), "info"),
    ("link_changed", ("user_stream", True, ""), "info"),
    ("link_changed", ("user_stream", False, "lost"), "warning"),
    ("link_changed", ("user_stream", False, CLOSED_BY_US), "info"),
    ("frame_unreadable", ("user_stream", "ORDER_TRADE_UPDATE", "x"), "error"),
    ("stream_silent", ("user_stream",), "warning"),
    ("clock_measured", (False, 0, 0), "warning"),
    ("clock_jumped", (5_000,), "warning"),
    ("snapshot_failed", ("disk full",), "warning"),
]


@pytest.mark.parametrize(("name", "arguments", "level"), REPORTS)
def test_each_report_is_one_line_of_its_level(name: str, arguments: tuple[Any, ...], level: str) -> None:
    """No report is silent, none is two lines."""
    watched = Watched()
    getattr(watched.observer, name)(*arguments)
    assert [line["level"] for line in watched.lines.written] == [level]


def test_frequent_reports_are_numbers_only() -> None:
    """A line per frame or per confirmed request would bury the others."""
    watched = Watched()
    watched.observer.frame_ignored("market", "aggTrade")
    watched.observer.request_ended("order.place", "confirmed", 0, 1_500)
    watched.observer.clock_measured(True, -20, 3)
    watched.observer.appended(3, 300)
    assert watched.lines.written == []
    assert watched.value("frames_ignored_total", link="market", kind="aggTrade") == 1
    assert watched.value("request_seconds_sum", name="order.place") == pytest.approx(0.0015)
    assert watched.value("clock_offset_seconds") == pytest.approx(-0.02)
    assert watched.value("journal_append_seconds_count") == 1


def test_lines_can_be_parsed_whatever_the_event() -> None:
    """Odd characters included."""
    odd = msgspec.structs.replace(alarm("A"), text='quote " and line\nbreak')
    assert 'quote " and line\nbreak' in Watched().see(odd).lines.written[0]["text"]
