"""I22: no stale decisions. A verdict that lets an entry pass cites its data; their ages and the clock keep their bounds
(RULES 5, 9, 12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from holdfast.model import events as ev
from holdfast.model.num import text
from holdfast.model.seen import Seen
from holdfast.model.settings import EngineSettings
from holdfast.verify.base import Check
from holdfast.verify.verdicts import Passed, passed

WATCH_ROUNDS: Final = 3
"""Rounds of the coverage watch that may be missing before entries stop."""


class Freshness(Check):
    """Reads verdicts only; the venue's log is not needed."""

    def finish(self) -> None:
        """The whole journal, in its order."""
        verdicts = {verdict.seq: verdict for verdict in passed(self.journal)}
        exposed_ms: dict[str, int] = {}
        unsaid = 0
        for seq, event in self.journal.story:
            if isinstance(event, ev.FillBooked) and event.trade_id:
                exposed_ms.setdefault(event.trade_id, event.at_ms)
            elif isinstance(event, ev.TradeClosed):
                exposed_ms.pop(event.result.trade_id, None)
            elif seq in verdicts:
                unsaid += self._judge(verdicts[seq], min(exposed_ms.values(), default=event.at_ms))
        if unsaid:
            self.found.not_checked(f"I22 for {unsaid} verdicts", "their journal format does not state what they saw")

    def _judge(self, verdict: Passed, exposed_ms: int) -> bool:
        """Answers whether it could not be judged."""
        if verdict.seen is None or verdict.settings is None:
            if verdict.cites:
                self._violated(verdict, "cites no data")
            return not verdict.cites
        self.found.counts["verdicts_with_data"] += 1
        for problem in self._problems(verdict, verdict.seen, verdict.settings, verdict.at_ms - exposed_ms):
            self._violated(verdict, problem)
        return False

    def _violated(self, verdict: Passed, problem: str) -> None:
        self.found.violated("I22", f"the verdict on intent {verdict.plan.intent_id} {problem}", seqs=[verdict.seq])

    def _problems(self, verdict: Passed, seen: Seen, settings: EngineSettings, exposed_for_ms: int) -> Iterator[str]:
        yield from _of_prices(seen, settings)
        yield from _of_health(seen, settings)
        if seen.account_age_ms is None:
            yield "rests on a balance that was never read"
        elif seen.account_age_ms > settings.limits.max_account_age_ms:
            most = settings.limits.max_account_age_ms
            yield f"rests on a balance {seen.account_age_ms} ms old; at most {most} ms"
        interval_ms = settings.coverage_idle_interval_ms
        if exposed_for_ms > settings.coverage_interval_ms * WATCH_ROUNDS:
            interval_ms = settings.coverage_interval_ms
        if seen.watch_age_ms is None or seen.watch_age_ms > interval_ms * WATCH_ROUNDS:
            age = "none" if seen.watch_age_ms is None else f"one {seen.watch_age_ms} ms old"
            yield f"rests on a report of the coverage watch, at most {interval_ms * WATCH_ROUNDS} ms old; it had {age}"
        if verdict.first and seen.mark != verdict.plan.mark:
            cited = "none" if seen.mark is None else text(seen.mark)
            yield f"plans with the mark {text(verdict.plan.mark)} and cites {cited}"


def _of_prices(seen: Seen, settings: EngineSettings) -> Iterator[str]:
    limits = settings.limits
    if not seen.rules or seen.unusable is not None:
        yield f"rests on rules of the symbol that were {seen.unusable or 'not known'}"
    if seen.mark is None or seen.mark <= 0:
        yield "rests on no mark price"
    elif not 0 <= seen.mark_age_ms <= limits.max_mark_age_ms:
        yield f"rests on a mark price {seen.mark_age_ms} ms old; at most {limits.max_mark_age_ms} ms"
    if seen.bid is None or seen.ask is None or not 0 < seen.bid <= seen.ask:
        yield "rests on no best bid and ask"
    elif not 0 <= seen.touch_age_ms <= limits.max_touch_age_ms:
        yield f"rests on a best bid and ask {seen.touch_age_ms} ms old; at most {limits.max_touch_age_ms} ms"


def _of_health(seen: Seen, settings: EngineSettings) -> Iterator[str]:
    most = settings.max_clock_offset_ms
    if not seen.clock_ok or seen.clock_offset_ms is None:
        yield "rests on a clock whose offset to the venue was not known"
    elif abs(seen.clock_offset_ms) > most:
        yield f"rests on a clock {seen.clock_offset_ms} ms off the venue's; at most {most} ms"
    for fine, what in (
        (seen.stream_ok, "without its user stream"),
        (seen.journal_ok, "although the journal could not be written"),
        (seen.reconciled, "before the process was reconciled"),
    ):
        if not fine:
            yield f"was given {what}"
