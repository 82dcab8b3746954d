"""Judging again: what an engine wrote passes, and what it would not have written is named."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.recheck import UNREPEATABLE, Difference, Recheck, Unchecked
from holdfast.model import events as ev
from holdfast.model.ids import Role
from holdfast.model.orders import TimeInForce
from holdfast.model.reasons import DenyCode
from tests.core.bench import Bench
from tests.core.replies import throttled, unknown

OPEN, DENIED, SETTINGS, RETRIED, REPEATED, CLOSE = "open", "denied", "settings", "retried", "repeated", "close"
"""Which part of the day below an intent stands for."""


@cache
def day() -> tuple[ev.AnyEvent, ...]:
    """The journal of a day with every kind of verdict in it, and a restart."""
    bench = Bench(symbols=("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"))
    bench.intent(OPEN, targets=(("51000", "0.5"),))
    bench.intent(DENIED, stop="50100", symbol="ETHUSDT")
    bench.intent(REPEATED, symbol="SOLUSDT", stop="50100")
    bench.intent(REPEATED, symbol="SOLUSDT", stop="50200")
    bench.intent(SETTINGS, symbol="ETHUSDT", leverage=7, side="short")
    bench.advance(700)
    bench.script(Role.ENTRY, throttled(2_000))
    bench.intent(RETRIED, symbol="SOLUSDT")
    bench.advance(5_000)
    bench.restart()
    bench.advance(2_000)
    bench.script(Role.ENTRY, unknown())
    bench.intent("unknown", symbol="XRPUSDT")
    bench.advance(3_000)
    bench.intent(CLOSE, "close", side=None)
    bench.advance(4_000)
    bench.check_end()
    return tuple(bench.events)


def judge(events: Any) -> tuple[list[tuple[int, Difference]], list[Unchecked]]:
    """Differences with the record at which each was found, and what was not checked."""
    recheck, differences, unchecked = Recheck(), [], []
    for seq, event in enumerate(events, start=1):
        for found in recheck.take(event):
            if isinstance(found, Difference):
                differences.append((seq, found))
            else:
                unchecked.append(found)
    return differences, unchecked


def place(kind: type, **wanted: Any) -> int:
    """Where in the day the first record of a kind stands with these values."""
    for index, event in enumerate(day()):
        fits = isinstance(event, kind) and all(value_at(event, path) == value for path, value in wanted.items())
        if fits:
            return index
    raise LookupError((kind, wanted))


def value_at(event: Any, path: str) -> Any:
    """A value inside a record: `intent__id` is event.intent.id."""
    for name in path.split("__"):
        event = getattr(event, name)
    return event


def with_change(index: int, **changes: Any) -> list[ev.AnyEvent]:
    """The day with one record changed."""
    events = list(day())
    events[index] = msgspec.structs.replace(events[index], **changes)
    return events


def named(events: list[ev.AnyEvent]) -> list[tuple[int, str]]:
    """Where something differs, and in which field."""
    return [(seq, found.field) for seq, found in judge(events)[0]]


def test_a_day_of_an_engine_passes():
    """Every kind of verdict is in it, and nothing is left unchecked."""
    recheck = Recheck()
    assert [found for event in day() for found in recheck.take(event)] == []
    assert recheck.counts["verdicts"] == 10
    assert recheck.counts["starts"] == 2
    kinds = {type(event) for event in day()}
    assert {ev.RulesSeen, ev.IntentAccepted, ev.IntentDenied, ev.EntryRejudged, ev.SettingPlanned} <= kinds
    assert {look.verdict[-2:] for look in day() if isinstance(look, ev.EntryRejudged)} == {"-2"}


def test_i18_the_state_at_each_start_is_the_folded_one():
    """A record that vanished shows at the next start, whatever it was."""
    alarm = place(ev.PhaseChanged)
    events = [event for index, event in enumerate(day()) if index != alarm]
    assert "state_hash" in {field for _, field in named(events)}


def test_i18_a_state_of_another_shape_is_not_compared():
    """It has another hash, and neither is wrong."""
    differences, unchecked = judge(with_change(place(ev.EngineStarted), state_shape="f" * 16))
    assert differences == []
    assert [found.what for found in unchecked] == ["state at a start"]


def test_a_number_that_the_gate_saw_cannot_be_changed():
    """The facts and the plan rest on it."""
    index = place(ev.IntentAccepted, intent__id=OPEN)
    seen = day()[index].seen
    events = with_change(index, seen=msgspec.structs.replace(seen, ask=seen.ask + 1))
    found = named(events)
    assert (index + 1, "facts.ask") in found
    assert (index + 1, "plan.cap_price") in found


def test_a_plan_cannot_be_changed():
    """Not by one digit; and the entry that was planned from it shows it a second time."""
    index = place(ev.IntentAccepted, intent__id=OPEN)
    plan = day()[index].plan
    events = with_change(index, plan=msgspec.structs.replace(plan, quantity=plan.quantity * 2))
    assert (index + 1, "plan.quantity") in named(events)


def test_a_denial_whose_reason_is_gone_is_named():
    """The gate would have let it pass."""
    index = place(ev.IntentDenied, intent_id=DENIED)
    (wrong,) = [found for seq, found in judge(with_change(index, code=DenyCode.NOT_ACTIVE))[0] if seq == index + 1]
    assert (wrong.invariant, wrong.field, wrong.recorded) == ("I13", "code", "NOT_ACTIVE")


def test_settings_that_were_not_in_force_are_named():
    """Another limit, another verdict."""
    index = place(ev.EngineStarted)
    settings = day()[index].settings
    limits = msgspec.structs.replace(settings.limits, max_order_notional=settings.limits.max_order_notional / 1_000)
    differences = named(with_change(index, settings=msgspec.structs.replace(settings, limits=limits)))
    assert (place(ev.IntentAccepted, intent__id=OPEN) + 1, "event") in differences


def test_settings_of_another_account_are_named():
    """A start tells the account twice, and must mean one."""
    index = place(ev.EngineStarted)
    settings = msgspec.structs.replace(day()[index].settings, account="other")
    assert (index + 1, "settings") in named(with_change(index, settings=settings))


def test_rules_that_were_not_in_force_are_named():
    """Another tick, another price."""
    index = place(ev.RulesSeen)
    rules = day()[index].rules
    events = with_change(index, rules=msgspec.structs.replace(rules, tick_size=rules.tick_size * 50))
    assert place(ev.IntentAccepted, intent__id=OPEN) + 1 in {seq for seq, _ in named(events)}


def test_rules_that_are_missing_are_named():
    """A verdict cannot rest on rules that nobody has written down."""
    index = place(ev.RulesSeen)
    found = judge([*day()[:index], *day()[index + 1 :]])[0]
    assert (index + 1, "verdict") in [(seq, one.field) for seq, one in found]
    assert "rules of a symbol" in found[0][1].recomputed


@pytest.mark.parametrize(
    "index",
    [place(ev.IntentAccepted, intent__id=OPEN), place(ev.IntentDenied, intent_id=DENIED), place(ev.EntryRejudged)],
)
def test_a_verdict_that_does_not_say_what_it_saw_is_named(index):
    """To leave it out would be a way past the check."""
    wrong = next(found for seq, found in judge(with_change(index, seen=None))[0] if seq == index + 1)
    assert wrong.recomputed == "cannot be judged: invariant: a verdict says what it saw"


def test_a_denial_that_does_not_say_of_what_is_named():
    """As above."""
    index = place(ev.IntentDenied, intent_id=DENIED)
    assert (index + 1, "intent") in named(with_change(index, intent=None))


def test_rules_2_an_entry_needs_a_verdict_of_its_own():
    """The second try of an entry may not rest on the first verdict."""
    again = [
        i for i, e in enumerate(day()) if isinstance(e, ev.OrderPlanned) and e.spec.role is Role.ENTRY and e.n == 2
    ]
    (index,) = again
    first = day()[index].verdict.removesuffix("-2")
    assert (index + 1, "verdict") in named(with_change(index, verdict=first))


def test_an_entry_is_what_its_plan_says():
    """Quantity, price, side, and the time it is signed with."""
    index = place(ev.OrderPlanned, spec__role=Role.ENTRY)
    event = day()[index]
    for field, value in (("quantity", event.spec.quantity * 2), ("time_in_force", TimeInForce.GTC)):
        spec = msgspec.structs.replace(event.spec, **{field: value})
        assert (index + 1, f"spec.{field}") in named(with_change(index, spec=spec))
    assert (index + 1, "timestamp_ms") in named(with_change(index, timestamp_ms=event.at_ms + 1))
    assert (index + 1, "recv_window_ms") in named(with_change(index, recv_window_ms=60_000))


def test_an_entry_leaves_in_the_moment_of_its_verdict():
    """Later, what the verdict saw is old (I22)."""
    index = place(ev.OrderPlanned, spec__role=Role.ENTRY)
    late = day()[index].at_ms + 1
    assert (index + 1, "verdict") in named(with_change(index, at_ms=late, timestamp_ms=late))


def test_an_order_without_a_verdict_only_reduces():
    """Whatever reason it gives."""
    index = place(ev.OrderPlanned, spec__role=Role.CLOSE)
    event = day()[index]
    assert (index + 1, "verdict") in named(with_change(index, verdict="because"))
    spec = msgspec.structs.replace(event.spec, reduce_only=False)
    assert (index + 1, "spec") in named(with_change(index, spec=spec))


def test_rules_2_an_entry_that_is_sent_again_is_named():
    """Only stops and closes are."""
    index = place(ev.OrderPlanned, spec__role=Role.ENTRY)
    again = ev.OrderSendDue(at_ms=day()[index].at_ms, client_id=day()[index].spec.client_id, timestamp_ms=0)
    assert list(Recheck.send_due(folded(index + 1), again)) == [
        Difference("I13", "client_id", again.client_id, "entry: never sent again")
    ]


def folded(count: int) -> Recheck:
    """What a check knows after so many records of the day."""
    recheck = Recheck()
    for event in day()[:count]:
        recheck.take(event)
    return recheck


def test_rules_13_a_change_of_settings_is_what_the_verdict_asked_for():
    """No other leverage."""
    index = place(ev.SettingPlanned)
    assert (index + 1, "leverage") in named(with_change(index, leverage=125))
    twice = [*day()[: index + 1], day()[index]]
    assert (index + 2, "leverage") in named(twice)


def test_an_intent_is_judged_once():
    """A second acceptance under a used id is named before anything else."""
    index = place(ev.IntentAccepted, intent__id=OPEN)
    found = list(folded(index + 1).accepted(day()[index]))
    assert [one.field for one in found] == ["intent.id"]


def test_a_denial_under_a_used_id_needs_other_content():
    """The answer to the same content is the one that stands."""
    index = place(ev.IntentDenied, code=DenyCode.OTHER_CONTENT)
    first = place(ev.IntentDenied, intent_id=REPEATED)
    assert (index + 1, "code") in named(with_change(index, content_hash=day()[first].content_hash))
    assert (index + 1, "facts.first_hash") in named(with_change(index, facts={"first_hash": "0"}))
    assert (first + 1, "verdict") in named([*day()[:first], day()[index]])


def test_a_second_look_at_nothing_is_named():
    """A trade that does not wait to enter is not looked at."""
    index = place(ev.EntryRejudged)
    look = msgspec.structs.replace(day()[index], trade_id="nobody")
    assert [found.field for found in folded(index).rejudged(look)] == ["trade_id"]


def old(events: tuple[ev.AnyEvent, ...]) -> list[ev.AnyEvent]:
    """The day as format 1 would have written it."""
    new = {"seen", "intent", "settings", "state_hash", "state_shape"}
    kept: list[ev.AnyEvent] = []
    for event in events:
        if isinstance(event, ev.RulesSeen | ev.EntryRejudged):
            continue
        if isinstance(event, ev.EngineStarted | ev.IntentAccepted | ev.IntentDenied):
            told = {name: getattr(event, name) for name in event.__struct_fields__ if name not in new}
            told |= {"intent": event.intent} if isinstance(event, ev.IntentAccepted) else {}
            told |= {"format": 1} if isinstance(event, ev.EngineStarted) else {}
            event = type(event)(**told)  # type: ignore[arg-type]
        if isinstance(event, ev.OrderPlanned) and event.spec.role is Role.ENTRY:
            event = msgspec.structs.replace(event, verdict=event.verdict.removesuffix("-2"))
        kept.append(event)
    return kept


def test_i18_a_journal_of_format_1_folds_and_is_not_called_checked():
    """E12: nothing differs, and what could not be judged is said."""
    differences, unchecked = judge(old(day()))
    assert differences == []
    assert {found.what for found in unchecked} == {"state at a start", "verdict", "entry", "change of settings"}


TAMPERED = [
    index
    for index, event in enumerate(day())
    if isinstance(event, ev.IntentAccepted | ev.IntentDenied | ev.EntryRejudged)
    or (isinstance(event, ev.OrderPlanned) and event.spec.role is Role.ENTRY)
]
LEFT_ALONE = ("at_ms", "seen", "event")
"""What need not show by itself: the moment, where nothing was young enough for it to matter, and what was seen, where
the verdict would have been the same. The hash chain shows these."""


def leaves(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a record."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None
    if inner is None:
        return [path]
    return [found for key, value in inner if path or key not in LEFT_ALONE for found in leaves(value, (*path, key))]


def other(value: Any) -> Any:
    """A value that is not this one, of the same kind."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + 1
    return f"{value}1" if "." in value else f"1{value}"


@given(st.data())
def test_i13_no_value_of_a_verdict_or_an_entry_can_be_changed_unseen(data):
    """Any value, anywhere: it differs, or it is no record any more."""
    index = data.draw(st.sampled_from(TAMPERED))
    record = msgspec.json.decode(ev.encode(day()[index]))
    path = data.draw(st.sampled_from(leaves(record)))
    inside = record
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = other(inside[path[-1]])
    try:
        changed = ev.decode(msgspec.json.encode(record))
    except msgspec.ValidationError:
        return  # No reader takes it.
    recheck = folded(index)
    try:
        found = recheck.take(changed)
    except UNREPEATABLE:
        return  # It does not fold: the check ends there and says so.
    assert found, path
