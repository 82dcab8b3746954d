"""Every log line and metric of an engine, as named functions (so that each exists once and can be found).

An `Observer` fits the observer ports of the runner, the outbox, the service and the drivers of the venue, and listens
to the outbox itself. What happened to money stands in the journal; the log tells a human where to look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from holdfast.model import events as ev
from holdfast.model.reasons import Outcome, ResultStatus, TradePhase, TradingState
from holdfast.ports import CLOSED_BY_US
from holdfast.service.engine_port import VenueEffect
from holdfast.service.metrics import Metrics
from holdfast.service.outbox import Published
from holdfast.service.readmodel import ReadModel
from holdfast.service.recovery import Recovered
from holdfast.service.sentences import sentence_of

LOUD: Final[dict[type, str]] = {
    ev.EngineStarted: "info",
    ev.IntentAccepted: "info",
    ev.IntentDenied: "info",
    ev.TradeClosed: "info",
    ev.TradeAdopted: "warning",
    ev.FlattenStarted: "info",
    ev.FlattenEnded: "info",
    ev.UnknownOpened: "warning",
    ev.UnknownResolved: "info",
    ev.StopLost: "error",
    ev.ForeignSeen: "warning",
    ev.TradeNetted: "warning",
    ev.LateEntryFound: "error",
    ev.SymbolHalted: "error",
    ev.QuarantineLifted: "info",
    ev.DailyLossLatched: "error",
    ev.AlarmRaised: "error",
    ev.AlarmCleared: "info",
    ev.CutAdopted: "warning",
    ev.ResultCorrected: "warning",
}
"""Level of the log line for each kind of event; kinds neither here nor in `_WEIGHED` stay in the journal only."""


class Observer:
    """Reports for one account. `logger` comes from `log.make_logger`; venue and account are bound here, once."""

    def __init__(self, *, venue: str, account: str, version: str, logger: Any, metrics: Metrics) -> None:
        self.metrics = metrics
        self.log = logger.bind(venue=venue, account=account)
        self._who = (venue, account)
        self._crowded = False
        self._compared = False
        self._open_since: dict[str, int] = {}
        self._alarms: dict[str, dict[str, None]] = {}
        metrics.build.labels(*self._who, version).set(1)
        metrics.journal_ok.labels(*self._who).set(1)
        self._append_seconds = metrics.append_seconds.labels(*self._who)
        self._journal_seq = metrics.journal_seq.labels(*self._who)
        self._fills = metrics.fills.labels(*self._who)
        # Names and outcomes are closed sets, and every order comes by here.
        self._requests = cache(metrics.requests.labels)
        self._request_seconds = cache(metrics.request_seconds.labels)

    def record(self, record: Published) -> None:
        """One durable event: count it, and say it if it is worth a line. Register it with `outbox.listen`."""
        event = record.event
        self._journal_seq.set(record.seq)
        counter = _COUNTERS.get(type(event))
        if counter is not None:
            counter(self, event)
        level = LOUD.get(type(event))
        weigh = _WEIGHED.get(type(event))
        if weigh is not None:
            level = weigh(self, event)
        if level is not None:
            getattr(self.log, level)(record.kind, seq=record.seq, text=sentence_of(event))

    def weigh_answer(self, event: ev.OrderAnswered) -> str | None:
        """What the venue did not confirm deserves a look."""
        return None if event.outcome is Outcome.CONFIRMED else "warning"

    def weigh_result(self, event: ev.ResultPublished) -> str:
        """A denial was said a line before, with its numbers."""
        return "debug" if event.result.status is ResultStatus.DENIED else "info"

    def weigh_commanded(self, event: ev.StateCommanded) -> str:
        """To trade is normal, and to begin as configured; everything else was somebody's decision."""
        return "info" if event.state is TradingState.ACTIVE or event.by == "configuration" else "warning"

    def weigh_effective(self, event: ev.EffectiveChanged) -> str:
        """What holds trading down is worth a warning, unless it was commanded or the engine only just starts."""
        commanded = all(reason.startswith("commanded ") for reason in event.reasons)
        return "info" if commanded or not self._compared else "warning"

    def weigh_reconciled(self, _: ev.Reconciled) -> str:
        """The start is over when the engine has compared itself with the venue."""
        self._compared = True
        return "info"

    def recovered(self, found: Recovered, model: ReadModel, duration_ms: int) -> None:
        """The journal is folded: metrics start from what it says, not from zero."""
        seq = found.head.seq
        self._journal_seq.set(seq)
        state = model.state()
        for gauge, value in ((self.metrics.commanded, state.commanded), (self.metrics.effective, state.effective)):
            if value:
                gauge.labels(*self._who).set(TradingState(value).rank)
        for alarm in model.alarms():
            self._set_alarm(alarm.code, alarm.subject, True)
        self.log.info(
            "recovered", seq=seq, snapshot_seq=found.snapshot_seq, folded=found.events_folded, duration_ms=duration_ms
        )

    def snapshot_failed(self, error: str) -> None:
        """A snapshot could not be written; the journal itself says more."""
        self.log.warning("snapshot_failed", error=error)

    def inbox_crowded(self, waiting: int) -> None:
        """More evidence waits than is healthy; one line per thousand inputs, not one each."""
        self.metrics.inbox_crowded.labels(*self._who).inc()
        if waiting % 1_000 == 0 or not self._crowded:
            self.log.warning("inbox_crowded", waiting=waiting)
        self._crowded = True

    def journal_failed(self, error: str) -> None:
        """The journal cannot be written any more: no entry leaves (RULES 8)."""
        self.metrics.journal_ok.labels(*self._who).set(0)
        self.log.critical("journal_failed", error=error, text="no entries; cover and closes go on; see the guide")

    def journal_recovered(self, events: int) -> None:
        """The journal is written again, and so are the events that existed in memory only."""
        self.metrics.journal_ok.labels(*self._who).set(1)
        self.log.warning("journal_recovered", events=events, text="written again, with what had been in memory only")

    def left_unjournalled(self, effect: VenueEffect, allowed: bool) -> None:
        """An effect left, or was held back, without a durable record."""
        self.metrics.unjournalled.labels(*self._who, "yes" if allowed else "no").inc()
        self.log.error("unjournalled_effect", sent=allowed, effect=_effect_name(effect))

    def events_unjournalled(self, events: Sequence[ev.AnyEvent]) -> None:
        """Events that exist in memory and in this log only."""
        for event in events:
            self.log.error("unjournalled_event", kind=ev.kind_of(event), text=sentence_of(event))

    def engine_failed(self, error: BaseException) -> None:
        """The engine raised: it is stopped, and the process should end."""
        self.log.critical("engine_failed", error=error)

    def appended(self, events: int, duration_us: int) -> None:
        """A batch became durable."""
        self._append_seconds.observe(duration_us / 1_000_000)

    def listener_failed(self, listener: str, seq: int, error: Exception) -> None:
        """A reader of events raised; trading goes on without it."""
        self.metrics.reader_failures.labels(*self._who, listener).inc()
        self.log.error("reader_failed", reader=listener, seq=seq, error=error)

    def part_started(self, part: str) -> None:
        """A part of the service works; what it is connected to is said by its link."""
        self.log.debug("part_started", part=part)

    def part_stopped(self, part: str, error: str) -> None:
        """A part of the service has ended."""
        if error:
            self.log.error("part_stopped", part=part, error=error)
        else:
            self.log.debug("part_stopped", part=part)

    def task_died(self, task: str, error: BaseException | None) -> None:
        """A task that should run for ever has ended: entries are halted."""
        self.metrics.tasks_died.labels(*self._who, task).inc()
        self.log.critical("task_died", task=task, error=error if error is not None else "it returned")

    def request_ended(self, name: str, outcome: str, code: int, duration_us: int) -> None:
        """An order, cancel or setting has its outcome. The order's own record is in the journal."""
        self._requests(*self._who, name, outcome).inc()
        self._request_seconds(*self._who, name).observe(duration_us / 1_000_000)
        if outcome == Outcome.UNKNOWN.value:
            self.log.warning("request_unknown", request=name, code=code, duration_us=duration_us)

    def code_unlisted(self, name: str, code: int, message: str) -> None:
        """The venue used a code that no table knows; it was taken as unknown."""
        self.metrics.unlisted_codes.labels(*self._who, str(code)).inc()
        self.log.error("code_unlisted", request=name, code=code, text=message)

    def reply_unreadable(self, name: str, detail: str) -> None:
        """An answer was not what the venue promises."""
        self.metrics.unreadable.labels(*self._who, name).inc()
        self.log.error("reply_unreadable", request=name, text=detail[:500])

    def reply_late(self, name: str) -> None:
        """An answer came after its request had been given up as unknown."""
        self.metrics.late_replies.labels(*self._who, name).inc()
        self.log.warning("reply_late", request=name)

    def read_repeated(self, name: str, reason: str) -> None:
        """A read is tried again."""
        self.metrics.reads_repeated.labels(*self._who, name).inc()
        self.log.info("read_repeated", request=name, reason=reason)

    def link_changed(self, link: str, up: bool, reason: str) -> None:
        """A connection to the venue opened or ended."""
        self.metrics.link_up.labels(*self._who, link).set(int(up))
        if up:
            self.log.info("link_up", link=link, reason=reason)
        elif reason == CLOSED_BY_US:
            self.log.info("link_down", link=link, reason=reason)
        else:
            self.log.warning("link_down", link=link, reason=reason)

    def frame_ignored(self, link: str, kind: str) -> None:
        """A stream sent something that the engine does not use."""
        self.metrics.frames_ignored.labels(*self._who, link, kind).inc()

    def frame_unreadable(self, link: str, kind: str, detail: str) -> None:
        """A stream sent something that the engine lives by and cannot read."""
        self.metrics.unreadable.labels(*self._who, link).inc()
        self.log.error("frame_unreadable", link=link, kind=kind, text=detail[:500])

    def stream_silent(self, name: str) -> None:
        """A stream that should speak does not."""
        self.metrics.silent_streams.labels(*self._who, name).inc()
        self.log.warning("stream_silent", stream=name)

    def clock_measured(self, ok: bool, offset_ms: int, error_ms: int) -> None:
        """The venue's time was measured, or could not be."""
        if not ok:
            self.log.warning("clock_unmeasured")
            return
        self.metrics.clock_offset.labels(*self._who).set(offset_ms / 1_000)
        self.metrics.clock_error.labels(*self._who).set(error_ms / 1_000)

    def clock_jumped(self, jump_ms: int) -> None:
        """The machine's wall clock moved against its monotonic one."""
        self.log.warning("clock_jumped", jump_ms=jump_ms)

    def count_accepted(self, _: ev.IntentAccepted) -> None:
        """An intent passed the gate."""
        self.metrics.intents.labels(*self._who, "accepted", "").inc()

    def count_denied(self, event: ev.IntentDenied) -> None:
        """An intent was refused."""
        self.metrics.intents.labels(*self._who, "denied", event.code.value).inc()

    def count_result(self, event: ev.ResultPublished) -> None:
        """An intent has its terminal result."""
        self.metrics.results.labels(*self._who, event.result.status.value).inc()

    def count_fill(self, _: ev.FillBooked) -> None:
        """An execution is booked."""
        self._fills.inc()

    def count_closed(self, _: ev.TradeClosed) -> None:
        """A trade is proved closed."""
        self.metrics.trades_closed.labels(*self._who).inc()

    def count_unknown(self, event: ev.UnknownOpened | ev.UnknownResolved) -> None:
        """An outcome became unknown, or known."""
        if isinstance(event, ev.UnknownOpened):
            self.metrics.unknown_opened.labels(*self._who).inc()
        else:
            self.metrics.unknown_resolved.labels(*self._who, event.resolution).inc()

    def count_stop_lost(self, _: ev.StopLost) -> None:
        """A live stop is gone."""
        self.metrics.stops_lost.labels(*self._who).inc()

    def count_alarm(self, event: ev.AlarmRaised | ev.AlarmCleared) -> None:
        """An alarm stands, or is over."""
        self._set_alarm(event.code.value, event.subject, isinstance(event, ev.AlarmRaised))

    def count_commanded(self, event: ev.StateCommanded) -> None:
        """The commanded trading state."""
        self.metrics.commanded.labels(*self._who).set(TradingState(event.state).rank)

    def count_effective(self, event: ev.EffectiveChanged) -> None:
        """The effective trading state."""
        self.metrics.effective.labels(*self._who).set(TradingState(event.state).rank)

    def count_phase(self, event: ev.PhaseChanged) -> None:
        """Naked time: from the first evidence of a fill to confirmed cover."""
        if event.phase is TradePhase.PROTECTING:
            self._open_since.setdefault(event.trade_id, event.at_ms)
            return
        since = self._open_since.pop(event.trade_id, None)
        if since is not None and event.phase is TradePhase.OPEN:
            self.metrics.naked_seconds.labels(*self._who).observe((event.at_ms - since) / 1_000)

    def _set_alarm(self, code: str, subject: str, stands: bool) -> None:
        subjects = self._alarms.setdefault(code, {})
        if stands:
            subjects[subject] = None
        else:
            subjects.pop(subject, None)
        self.metrics.alarms.labels(*self._who, code).set(len(subjects))


def _effect_name(effect: VenueEffect) -> str:
    order = getattr(effect, "order", None)
    subject = order.spec.client_id if order is not None else getattr(effect, "client_id", "")
    return f"{type(effect).__name__.lower()} {subject}".rstrip()


_WEIGHED: Final[dict[type, Callable[[Observer, Any], str | None]]] = {
    ev.OrderAnswered: Observer.weigh_answer,
    ev.ResultPublished: Observer.weigh_result,
    ev.StateCommanded: Observer.weigh_commanded,
    ev.EffectiveChanged: Observer.weigh_effective,
    ev.Reconciled: Observer.weigh_reconciled,
}
"""Kinds whose level depends on what they say."""

_COUNTERS: Final[dict[type, Callable[[Observer, Any], None]]] = {
    ev.IntentAccepted: Observer.count_accepted,
    ev.IntentDenied: Observer.count_denied,
    ev.ResultPublished: Observer.count_result,
    ev.FillBooked: Observer.count_fill,
    ev.TradeClosed: Observer.count_closed,
    ev.UnknownOpened: Observer.count_unknown,
    ev.UnknownResolved: Observer.count_unknown,
    ev.StopLost: Observer.count_stop_lost,
    ev.AlarmRaised: Observer.count_alarm,
    ev.AlarmCleared: Observer.count_alarm,
    ev.StateCommanded: Observer.count_commanded,
    ev.EffectiveChanged: Observer.count_effective,
    ev.PhaseChanged: Observer.count_phase,
}
