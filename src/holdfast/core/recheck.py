"""Judging a journal again: every verdict from its own record, every entry from its verdict (I13, I18).

The fold gives the state before each record; the newest start gives the settings, the newest `RulesSeen` the rules, and
the verdict itself what was seen. The gate that decided is asked once more and must say the same, byte for byte. What
a journal of an earlier format does not tell is counted as not checked, never as right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from holdfast.core import sending, verdicts
from holdfast.core.authority import reduces
from holdfast.core.basis import Basis
from holdfast.core.budgets import Windows
from holdfast.core.context import Context
from holdfast.core.evolve import evolve
from holdfast.core.feasibility import contradictions
from holdfast.core.risk import SettingsNeeded
from holdfast.core.state import EngineState, TradeState
from holdfast.core.state_hash import state_hash, state_shape
from holdfast.core.surroundings import Surroundings
from holdfast.model import events as ev
from holdfast.model.ids import Role
from holdfast.model.intent import content_hash
from holdfast.model.reasons import TradePhase
from holdfast.model.seen import Seen
from holdfast.model.settings import EngineSettings

WITH_SEEN: Final = 2
"""The first format whose verdicts carry what they saw."""

UNREPEATABLE: Final = (AssertionError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError)
"""How a judgement or a fold ends whose record was never written by an engine: its invariants do not hold."""


class Difference(NamedTuple):
    """One value that is not what the records before it lead to."""

    invariant: str
    field: str
    recorded: str
    recomputed: str


class Unchecked(NamedTuple):
    """Something that this record does not let anybody check, and why."""

    what: str
    reason: str


Finding = Difference | Unchecked


class _Grant(NamedTuple):
    """A verdict that lets one entry go, in the same moment."""

    trade_id: str
    at_ms: int


class Recheck:
    """Takes a journal's events in order. `counts` says how much was judged again, by what it was."""

    def __init__(self) -> None:
        self.state = EngineState()
        self.counts = {"verdicts": 0, "orders": 0, "starts": 0}
        self.versions: dict[str, None] = {}
        """The programs that wrote the journal, in order."""
        self._settings: EngineSettings | None = None
        self._format = 0
        self._grants: dict[str, _Grant] = {}
        self._needed: dict[str, SettingsNeeded] = {}
        """Symbol → the settings that its newest verdict asked for."""

    def take(self, event: ev.AnyEvent) -> list[Finding]:
        """Judge one record again, then fold it. Raises one of `UNREPEATABLE` where it cannot be folded."""
        judge = _JUDGES.get(type(event))
        found = list(judge(self, event)) if judge is not None else []
        evolve(self.state, event)
        return found

    def state_hash(self) -> str:
        """Of the state that was folded so far."""
        return state_hash(self.state)

    def compare_state(self, recorded: str, field: str = "state_hash") -> list[Finding]:
        """Whether the state that was folded so far has this hash (I18)."""
        folded = state_hash(self.state)
        return [] if folded == recorded else [Difference("I18", field, recorded, folded)]

    # One generator for each kind of record that decides or commands.

    def started(self, event: ev.EngineStarted) -> Iterator[Finding]:
        """The state that a process began with, and the settings of all that follows."""
        self._format, self._settings = event.format, event.settings
        self.versions[event.version] = None
        if event.format < WITH_SEEN:
            yield Unchecked("state at a start", f"a start of format {event.format} does not tell its hash")
            return
        if event.settings is None:
            yield Difference("I13", "settings", "missing", f"present since format {WITH_SEEN}")
        else:
            told = (event.settings.account, event.settings.venue, event.settings.facts)
            if told != (event.account, event.venue, event.facts):
                yield Difference("I13", "settings", _shown(told), _shown((event.account, event.venue, event.facts)))
        if event.state_shape != state_shape():
            yield Unchecked("state at a start", f"version {event.version} kept a state of another shape")
            return
        self.counts["starts"] += 1
        yield from self.compare_state(event.state_hash)

    def accepted(self, event: ev.IntentAccepted) -> Iterator[Finding]:
        """An intent that was let pass: once, and for the reasons that its record gives."""
        intent = event.intent
        if intent.id in self.state.intents:
            yield Difference("I13", "intent.id", f"{intent.id} is judged", "the answer to it stands since before")
            return
        if self._format < WITH_SEEN:
            yield self._too_old("verdict")
            return
        yield from self._content(event.content_hash, content_hash(intent))

        def again() -> verdicts.Verdict:
            basis = self._basis(intent.symbol, event.at_ms, event.seen)
            if intent.action != "open":
                return verdicts.on_close(basis, intent, event.content_hash)
            verdict, needed = verdicts.on_open(basis, intent, event.content_hash)
            self._expect(verdict, needed)
            return verdict

        yield from self._judged_alike(event, again)

    def _expect(self, verdict: verdicts.Verdict, needed: SettingsNeeded | None) -> None:
        """What must follow from a fresh verdict: a change of settings, or the entry itself."""
        if isinstance(verdict, ev.IntentDenied) or verdict.plan is None:
            return
        self._needed.pop(verdict.plan.symbol, None)
        if needed is not None:
            self._needed[verdict.plan.symbol] = needed
        else:
            self._grants[verdict.verdict] = _Grant(verdict.plan.trade_id, verdict.at_ms)

    def denied(self, event: ev.IntentDenied) -> Iterator[Finding]:
        """An intent that was refused: under the same view it is refused again, with the same numbers."""
        if self._format < WITH_SEEN:
            yield self._too_old("verdict")
            return
        intent, known = event.intent, self.state.intents.get(event.intent_id)
        if intent is None:
            yield Difference("I13", "intent", "missing", f"present since format {WITH_SEEN}")
            return
        yield from self._content(event.content_hash, content_hash(intent))
        if known is not None and known.content_hash == event.content_hash:
            yield Difference("I13", "code", event.code.value, "no verdict: the answer to this content stands")
            return

        def again() -> verdicts.Verdict:
            if known is not None:
                return verdicts.on_repeat(event.at_ms, intent, event.content_hash, known.content_hash)
            basis = self._basis(intent.symbol, event.at_ms, event.seen)
            if intent.action == "open":
                return verdicts.on_open(basis, intent, event.content_hash)[0]
            return verdicts.on_close(basis, intent, event.content_hash)

        yield from self._judged_alike(event, again)

    def rejudged(self, event: ev.EntryRejudged) -> Iterator[Finding]:
        """A second look at an entry that was not sent at once."""
        trade = self.state.trades.get(event.trade_id)
        if trade is None or trade.entry_dead or trade.phase not in (TradePhase.ACCEPTED, TradePhase.ENTERING):
            yield Difference("I13", "trade_id", event.trade_id, "no trade with an entry to send")
            return
        self._needed.pop(trade.symbol, None)

        def again() -> ev.EntryRejudged:
            verdict = verdicts.on_entry_again(self._basis(trade.symbol, event.at_ms, event.seen), trade)
            if verdict.code is None:
                self._grants[verdict.verdict] = _Grant(verdict.trade_id, verdict.at_ms)
            return verdict

        yield from self._judged_alike(event, again)

    def planned(self, event: ev.OrderPlanned) -> Iterator[Finding]:
        """An order: an entry as its verdict has planned it, anything else unable to add to a position."""
        self.counts["orders"] += 1
        if event.spec.role is not Role.ENTRY:
            rule = sending.REDUCING_RULES[event.spec.role]
            if event.verdict != rule:
                yield Difference("I13", "verdict", event.verdict, rule)
            if not reduces(event.spec):
                yield Difference("I13", "spec", _shown(event.spec), "an order that can only reduce")
            return
        trade = self.state.trades.get(event.trade_id)
        if trade is None or not event.verdict or event.verdict != trade.verdict:
            yield Difference("I13", "verdict", event.verdict, "" if trade is None else trade.verdict)
            return
        if self._format < WITH_SEEN:
            yield self._too_old("entry")
            return
        grant = self._grants.pop(event.verdict, None)
        if grant is None or grant != (event.trade_id, event.at_ms):
            when = "no verdict that is still to be used" if grant is None else f"the verdict was of {grant.at_ms}"
            yield Difference("I13", "verdict", f"{event.verdict} at {event.at_ms}", when)
        yield from self._as_planned(event, trade)

    def _as_planned(self, event: ev.OrderPlanned, trade: TradeState) -> Iterator[Finding]:
        settings = self._settings
        if settings is None:
            return
        ctx = Context(self.state, Surroundings(windows=Windows()), settings, "", event.at_ms)
        spec, n = sending.entry_spec(ctx, trade)
        again = msgspec.structs.replace(
            event,
            spec=spec,
            n=n,
            subject=sending.subject_of(trade),
            timestamp_ms=event.at_ms,
            recv_window_ms=settings.entry_recv_window_ms,
            preauthorised=False,
        )
        yield from _compared(event, again)

    def send_due(self, event: ev.OrderSendDue) -> Iterator[Finding]:
        """Only what reduces is ever sent again (RULES 2)."""
        order = self.state.order(event.client_id)
        if order is not None and order.role not in (Role.STOP, Role.CLOSE):
            yield Difference("I13", "client_id", event.client_id, f"{order.role.value}: never sent again")

    def setting(self, event: ev.SettingPlanned) -> Iterator[Finding]:
        """A change of leverage or margin type is what the verdict before it asked for (RULES 13)."""
        if self._format < WITH_SEEN:
            yield self._too_old("change of settings")
            return
        needed = self._needed.pop(event.symbol, SettingsNeeded(None, None))
        for field, asked, wanted in (
            ("leverage", event.leverage, needed.leverage),
            ("margin_type", event.margin_type, needed.margin_type),
        ):
            if asked != wanted:
                yield Difference("I13", field, _shown(asked), _shown(wanted))

    # What they share.

    def _too_old(self, what: str) -> Unchecked:
        return Unchecked(what, f"format {self._format} does not tell what was seen")

    def _basis(self, symbol: str, now_ms: int, seen: Seen | None) -> Basis:
        settings, rules = self._settings, self.state.rules.get(symbol)
        assert settings is not None, "invariant: a start with its settings stands before every verdict"
        assert seen is not None, "invariant: a verdict says what it saw"
        assert rules is not None or not seen.rules, "invariant: the rules of a symbol stand before its first verdict"
        instrument = rules if seen.rules else None
        found = contradictions(settings, instrument) if instrument is not None else ()
        return Basis(self.state, settings, now_ms, symbol, instrument, found, seen)

    def _content(self, recorded: str, recomputed: str) -> Iterator[Finding]:
        if recorded != recomputed:
            yield Difference("I13", "content_hash", recorded, recomputed)

    def _judged_alike(self, event: ev.Event, again: Callable[[], ev.Event]) -> Iterator[Finding]:
        self.counts["verdicts"] += 1
        try:
            verdict = again()
        except UNREPEATABLE as error:
            yield Difference("I13", "verdict", ev.kind_of(event), f"cannot be judged: {error}")
            return
        yield from _compared(event, verdict)


def _compared(recorded: ev.Event, recomputed: ev.Event) -> Iterator[Difference]:
    """Where two records differ, field by field; what they agree on byte for byte costs two encodings."""
    if ev.encode(recorded) == ev.encode(recomputed):
        return
    one, other = _leaves(recorded), _leaves(recomputed)
    named = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    for name in named:
        yield Difference("I13", name, one.get(name, "nothing"), other.get(name, "nothing"))
    if not named:
        yield Difference("I13", "order of fields", ", ".join(one), ", ".join(other))


def _leaves(event: ev.Event) -> dict[str, str]:
    """Each value of a record under its path, as text."""
    found: dict[str, str] = {}

    def walk(path: str, node: Any) -> None:
        inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None
        if inner is None:
            found[path] = _shown(node)
            return
        for key, value in inner:
            walk(f"{path}.{key}" if path else str(key), value)

    walk("", msgspec.json.decode(ev.encode(event)))
    return found


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


_JUDGES: Final[dict[type, Callable[[Recheck, Any], Iterator[Finding]]]] = {
    ev.EngineStarted: Recheck.started,
    ev.IntentAccepted: Recheck.accepted,
    ev.IntentDenied: Recheck.denied,
    ev.EntryRejudged: Recheck.rejudged,
    ev.OrderPlanned: Recheck.planned,
    ev.OrderSendDue: Recheck.send_due,
    ev.SettingPlanned: Recheck.setting,
}
