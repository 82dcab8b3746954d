"""Each kind of record in one sentence, for `explain` and for the log."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from holdfast.model import events as ev
from holdfast.model.ids import Role
from holdfast.model.num import text
from holdfast.model.orders import AlgoSpec
from holdfast.model.reasons import DENY_SENTENCES

ZEROS_AT_END: Final = re.compile(r"-?\d+\.\d*0")


def sentence_of(event: ev.AnyEvent) -> str:
    """What happened, in words."""
    return _SENTENCES[type(event)](event)


def channel_of(event: ev.AnyEvent) -> str:
    """Where the evidence came from: reply, stream, query or list; "" for what we decided ourselves."""
    match event:
        case ev.OrderUpdated() | ev.AlgoUpdated():
            return event.report.channel.value
        case ev.FillBooked():
            return event.fill.channel.value
        case ev.OrderAnswered() | ev.CancelAnswered():
            return "reply"
        case ev.AbsenceNoted():
            return "query"
        case ev.UnknownResolved():
            return event.evidence
        case _:
            return ""


def _number(value: Decimal | None) -> str:
    return text(value) if value is not None else "-"


def _pairs(facts: dict[str, str]) -> str:
    """Facts in a row; the sentence among them is told apart, and what is empty says nothing."""
    return ", ".join(f"{name} {_short(value)}" for name, value in facts.items() if value and name != "sentence")


def _short(value: str) -> str:
    """A number without the zeros that say nothing: 64983, where the venue wrote 64983.00000000."""
    return value.rstrip("0").rstrip(".") if ZEROS_AT_END.fullmatch(value) else value


def _needed(counterfactual: dict[str, str]) -> str:
    """What would pass; a state of things needs no label."""
    return ", ".join(value if name == "state" else f"{name} {_short(value)}" for name, value in counterfactual.items())


def _accepted(event: ev.IntentAccepted) -> str:
    plan, whose = event.plan, f"accepted {event.intent.id} of {event.intent.source}"
    if plan is None:
        return f"{whose}: {event.intent.action} {event.intent.symbol}"
    return (
        f"{whose}: {plan.direction.value} {_number(plan.quantity)} {plan.symbol}, at worst {_number(plan.cap_price)}, "
        f"stop {_number(plan.stop_price)} ({_pairs(event.facts)})"
    )


def _denied(event: ev.IntentDenied) -> str:
    would = f"; would pass: {_needed(event.counterfactual)}" if event.counterfactual else ""
    facts = f" ({shown})" if (shown := _pairs(event.facts)) else ""
    what = f"{event.intent_id} of {event.source}: {event.action} {event.symbol}"
    return f"denied {what}: {event.code.value}, {DENY_SENTENCES[event.code]}{facts}{would}"


def _rejudged(event: ev.EntryRejudged) -> str:
    if event.code is None:
        return f"the entry of trade {event.trade_id} may still go: {event.verdict}"
    facts = f" ({shown})" if (shown := _pairs(event.facts)) else ""
    return (
        f"the entry of trade {event.trade_id} may no longer go: {event.code.value}, {DENY_SENTENCES[event.code]}{facts}"
    )


def _planned(event: ev.OrderPlanned) -> str:
    spec = event.spec
    if isinstance(spec, AlgoSpec):
        size = "whole position" if spec.close_position else _number(spec.quantity)
        what = f"{spec.type.value} {spec.side.value} {size}, trigger {_number(spec.trigger_price)}"
    else:
        price = f" at {_number(spec.price)}" if spec.price is not None else ""
        limit = f" {spec.time_in_force.value}" if spec.time_in_force is not None else ""
        what = f"{spec.type.value} {spec.side.value} {_number(spec.quantity)}{price}{limit}"
    # The flatten that goes into the journal beside an entry is a precaution: most are never sent.
    done = "prepared for an emergency" if event.preauthorised and spec.role is Role.CLOSE else "planned"
    later = "; needs no further write to the disk" if event.preauthorised else ""
    return f"{spec.role.value} {done}: {what} as {spec.client_id} ({event.verdict}){later}"


def _send_due(event: ev.OrderSendDue) -> str:
    again = f", time {event.again + 1}" if event.again else ""
    return f"{event.client_id} handed to the gateway{again}"


def _venue_words(code: int, message: str, local: str) -> str:
    words = [f"by us: {local}"] if local else []
    words += [f"code {code}"] if code else []
    words += [message] if message else []
    return f" ({'; '.join(words)})" if words else ""


def _answered(event: ev.OrderAnswered) -> str:
    return f"placing {event.client_id}: {event.outcome.value}{_venue_words(event.code, event.message, event.local)}"


def _cancel_answered(event: ev.CancelAnswered) -> str:
    return f"cancelling {event.client_id}: {event.outcome.value}{_venue_words(event.code, event.message, '')}"


def _order_updated(event: ev.OrderUpdated) -> str:
    report = event.report
    done = f"{_number(report.executed)} of {_number(report.quantity)} executed"
    why = f" ({report.reason})" if report.reason else ""
    return f"{report.client_id} is {report.status.value} at the venue as order {report.order_id}, {done}{why}"


def _algo_updated(event: ev.AlgoUpdated) -> str:
    report = event.report
    child = f", its order is {report.order_id}" if report.order_id is not None else ""
    why = f" ({report.reason})" if report.reason else ""
    return f"{report.client_id} is {report.status.value} at the venue as algo {report.algo_id}{child}{why}"


def _fill(event: ev.FillBooked) -> str:
    fill = event.fill
    whose = "" if event.cause == "OURS" else f", caused by {event.cause}"
    fee = f"fee {_number(fill.fee)} {fill.fee_asset}" if fill.fee is not None else "fee not known yet"
    return (
        f"fill {fill.trade_id} of order {fill.order_id}: {fill.side.value} {_number(fill.quantity)} {fill.symbol} at "
        f"{_number(fill.price)}, {fee}, realised {_number(fill.realized)}{whose}"
    )


def _result(event: ev.ResultPublished) -> str:
    result = event.result
    filled = f", filled {_number(result.filled)}" if result.filled else ""
    why = ": ".join(word for word in (result.code, result.reason) if word)
    return f"result of {result.intent_id}: {result.status.value}{filled}" + (f" ({why})" if why else "")


def _closed(event: ev.TradeClosed) -> str:
    result = event.result
    net = ", ".join(f"{_number(amount)} {asset}" for asset, amount in result.net.items()) or "nothing"
    shared = f", {_number(result.foreign_quantity)} of it with somebody else's" if result.foreign_quantity else ""
    what = f"{result.direction.value} {result.symbol}, {result.exit_reason}"
    return f"trade {result.trade_id} closed ({what}): net {net}, {result.fills} fills{shared}"


def _position(event: ev.PositionSeen) -> str:
    return f"the venue shows {_number(event.amount)} {event.symbol}, our fills say {_number(event.ours)}"


def _started(event: ev.EngineStarted) -> str:
    return f"engine {event.version} took account {event.account} at {event.venue.value} (key {event.key_fingerprint})"


def _income(event: ev.IncomeBooked) -> str:
    row = event.row
    return f"{row.type} {_number(row.amount)} {row.asset} {row.symbol}".rstrip()


def _flatten_started(event: ev.FlattenStarted) -> str:
    return f"flattening {event.symbol} until the venue shows 0 twice: {event.reason}"


def _late(event: ev.LateEntryFound) -> str:
    return f"entry {event.client_id} surfaced after it was shown never placed: {event.policy}"


def _effective(event: ev.EffectiveChanged) -> str:
    return f"effective state is {event.state.value}" + (f": {', '.join(event.reasons)}" if event.reasons else "")


def _reconciled(event: ev.Reconciled) -> str:
    found = _pairs({name: str(count) for name, count in event.findings.items()})
    return f"compared with the venue: {found or 'equal'}"


def _adopted(event: ev.TradeAdopted) -> str:
    plan = event.plan
    return f"{_number(plan.quantity)} {plan.symbol} became trade {plan.trade_id} ({event.cause})"


_SENTENCES: Final[dict[type, Callable[[Any], str]]] = {
    ev.EngineStarted: _started,
    ev.IntentAccepted: _accepted,
    ev.IntentDenied: _denied,
    ev.OrderPlanned: _planned,
    ev.OrderSendDue: _send_due,
    ev.OrderAnswered: _answered,
    ev.CancelPlanned: lambda e: f"cancelling {e.client_id}: {e.reason}",
    ev.CancelAnswered: _cancel_answered,
    ev.OrderUpdated: _order_updated,
    ev.AlgoUpdated: _algo_updated,
    ev.FillBooked: _fill,
    ev.FillCompleted: lambda e: (
        f"fill {e.trade_id} of order {e.order_id} completed: fee {_number(e.fee)} {e.fee_asset}, "
        f"realised {_number(e.realized)}"
    ),
    ev.UnknownOpened: lambda e: f"nobody knows whether {e.client_id} was placed ({e.reason}): never sent again, asked",
    ev.AbsenceNoted: lambda e: f"{e.endpoint} does not show {e.client_id}; that alone proves nothing",
    ev.UnknownResolved: lambda e: f"{e.client_id} is resolved: {e.resolution}, by {e.evidence}",
    ev.PhaseChanged: lambda e: f"trade {e.trade_id} is {e.phase.value}" + (f" ({e.reason})" if e.reason else ""),
    ev.EntryRejudged: _rejudged,
    ev.RulesSeen: lambda e: f"rules of {e.rules.symbol}, version {e.rules.version}, as verdicts use them from now on",
    ev.TradeAdopted: _adopted,
    ev.FlattenStarted: _flatten_started,
    ev.FlattenEnded: lambda e: f"{e.symbol} is flat: the venue showed 0 twice",
    ev.QuarantineSet: lambda e: f"no entry on {e.symbol} before {e.until_ms} nor while its earlier orders live",
    ev.QuarantineLifted: lambda e: f"{e.symbol} may be entered again, by {e.by}",
    ev.SettingPlanned: lambda e: f"setting {e.symbol}: leverage {e.leverage or '-'}, margin {e.margin_type or '-'}",
    ev.SettingRead: lambda e: f"{e.symbol} has leverage {e.leverage}, margin {e.margin_type}",
    ev.PositionSeen: _position,
    ev.ForeignSeen: lambda e: f"{_number(e.amount)} {e.symbol} is not explained by our journal: {e.policy}",
    ev.StopLost: lambda e: f"stop {e.client_id} of {e.symbol} is proved gone ({e.evidence})",
    ev.SymbolHalted: lambda e: f"{e.symbol} is halted until it is released: {e.reason}",
    ev.IncomeBooked: _income,
    ev.BalanceSeen: lambda e: "balances: " + ", ".join(f"{_number(b.wallet)} {b.asset}" for b in e.balances),
    ev.DayStarted: lambda e: f"day {e.day} starts with equity {_number(e.equity)}",
    ev.DailyLossLatched: lambda e: f"daily loss {_number(e.loss)} reached its limit {_number(e.limit)} ({e.window})",
    ev.StateCommanded: lambda e: f"commanded {e.state.value} by {e.by}: {e.reason}",
    ev.ResumePrepared: lambda e: f"resume prepared by {e.by}, to be confirmed before {e.expires_ms}",
    ev.EffectiveChanged: _effective,
    ev.Reconciled: _reconciled,
    ev.LateEntryFound: _late,
    ev.AlarmRaised: lambda e: f"alarm {e.code.value} on {e.subject}: {e.text}",
    ev.AlarmCleared: lambda e: f"alarm {e.code.value} on {e.subject} is over",
    ev.ResultPublished: _result,
    ev.TradeClosed: _closed,
    ev.TradeNetted: lambda e: (
        f"{_number(e.quantity)} {e.symbol} stood against somebody else's: of both nothing is left"
    ),
    ev.CutAdopted: lambda e: f"{e.by} accepted {len(e.client_ids)} orders that the journal lacks: {e.reason}",
    ev.ResultCorrected: lambda e: f"a published result of trade {e.trade_id} is corrected: {e.reason}",
}
