"""What must have been true when an entry was planned, by the journal's own order (RULES 2, 3, 4, 9, 12).

The gate is not run again here. Each record that forbids entries is remembered until another one ends it; an entry that
is planned in between breaks the rule, whatever the gate thought.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from holdfast.model import events as ev
from holdfast.model.ids import Role
from holdfast.model.num import text
from holdfast.model.reasons import TradingState
from holdfast.verify.base import Check, Scene
from holdfast.verify.journal_view import Planned

ATTEMPTS: Final = 2
"""An entry may be tried once more, and only after proof that the venue did not look at it (RULES 2)."""
GRACE_MS: Final = 5_000
"""How long after its window a request of ours may still act (RULES 4)."""


class Admission(Check):
    """Plays the journal from the first record to the last."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._effective = TradingState.HALTED
        self._reconciled = False
        self._started = 0
        self._prepared: ev.ResumePrepared | None = None
        self._commanded = False
        self._halted: dict[str, int] = {}
        """Symbol → seq of the record that halted it."""
        self._foreign: dict[str, tuple[int, ev.ForeignSeen]] = {}
        self._unknown: dict[str, tuple[int, str]] = {}
        """Client id of an entry with an unknown outcome → (seq, symbol)."""
        self._entries: dict[str, list[Planned]] = {}
        """Intent → the entries planned for it."""
        self._acting: dict[str, dict[str, tuple[int, int]]] = {}
        """Symbol → client id of an order that reduces → (seq, ms until which it may still act)."""
        self._handlers: dict[type, Callable[[int, Any], None]] = {
            ev.EngineStarted: self._on_started,
            ev.Reconciled: self._on_reconciled,
            ev.EffectiveChanged: self._on_effective,
            ev.StateCommanded: self._on_commanded,
            ev.ResumePrepared: self._on_prepared,
            ev.SymbolHalted: self._on_halted,
            ev.QuarantineLifted: self._on_lifted,
            ev.ForeignSeen: self._on_foreign,
            ev.OrderPlanned: self._on_planned,
            ev.OrderSendDue: self._on_send_due,
            ev.OrderAnswered: self._on_answered,
            ev.OrderUpdated: self._on_updated,
            ev.UnknownOpened: self._on_unknown,
            ev.UnknownResolved: self._on_resolved,
        }

    def finish(self) -> None:
        """The whole journal in its order."""
        for seq, event in self.journal.story:
            handler = self._handlers.get(type(event))
            if handler is not None:
                handler(seq, event)

    # What forbids entries, and what ends that.

    def _on_started(self, seq: int, event: ev.EngineStarted) -> None:
        self._reconciled, self._started = False, seq

    def _on_reconciled(self, seq: int, event: ev.Reconciled) -> None:
        self._reconciled = True

    def _on_effective(self, seq: int, event: ev.EffectiveChanged) -> None:
        self._effective = event.state

    def _on_prepared(self, seq: int, event: ev.ResumePrepared) -> None:
        self._prepared = event

    def _on_commanded(self, seq: int, event: ev.StateCommanded) -> None:
        """Going back to active needs the second step of two, in time; only the first start may begin so (RULES 9)."""
        prepared = self._prepared
        if event.state is TradingState.ACTIVE and self._commanded:
            if prepared is None or event.at_ms > prepared.expires_ms:
                self.found.violated(
                    "RULES 9",
                    f"trading was resumed by {event.by} without a prepared resume that still held",
                    seqs=[seq],
                )
        self._commanded, self._prepared = True, None

    def _on_halted(self, seq: int, event: ev.SymbolHalted) -> None:
        self._halted[event.symbol] = seq

    def _on_lifted(self, seq: int, event: ev.QuarantineLifted) -> None:
        if event.by != "time":
            self._halted.pop(event.symbol, None)
            self._acting.pop(event.symbol, None)

    def _on_foreign(self, seq: int, event: ev.ForeignSeen) -> None:
        if event.amount and event.policy in ("halt", "adopt"):
            self._foreign[event.symbol] = (seq, event)
        else:
            self._foreign.pop(event.symbol, None)

    def _on_unknown(self, seq: int, event: ev.UnknownOpened) -> None:
        planned = self.journal.planned.get(event.client_id)
        if planned is not None and planned.event.spec.role is Role.ENTRY:
            self._unknown[event.client_id] = (seq, planned.event.spec.symbol)

    def _on_resolved(self, seq: int, event: ev.UnknownResolved) -> None:
        self._unknown.pop(event.client_id, None)

    def _on_updated(self, seq: int, event: ev.OrderUpdated) -> None:
        self._unknown.pop(event.report.client_id, None)

    def _on_answered(self, seq: int, event: ev.OrderAnswered) -> None:
        self._acts(seq, event.client_id, event.sent_ms)

    def _on_send_due(self, seq: int, event: ev.OrderSendDue) -> None:
        self._acts(seq, event.client_id, event.timestamp_ms)

    def _acts(self, seq: int, client_id: str, sent_ms: int) -> None:
        planned = self.journal.planned.get(client_id)
        if planned is None or planned.event.spec.role is Role.ENTRY:
            return
        event = planned.event
        acting = self._acting.setdefault(event.spec.symbol, {})
        until_ms = sent_ms + event.recv_window_ms + GRACE_MS
        acting[client_id] = (seq, max(until_ms, acting.get(client_id, (0, 0))[1]))

    # The entry itself.

    def _on_planned(self, seq: int, event: ev.OrderPlanned) -> None:
        if event.spec.role is not Role.ENTRY:
            if not event.preauthorised:
                self._acts(seq, event.spec.client_id, event.timestamp_ms)
            return
        for forbid in (self._state, self._symbol, self._settling, self._attempts):
            forbid(seq, event)

    def _state(self, seq: int, event: ev.OrderPlanned) -> None:
        name = event.spec.client_id
        if not self._reconciled:
            self.found.violated(
                "RULES 9", f"entry {name} was planned before its process was reconciled", seqs=(self._started, seq)
            )
        elif self._effective is not TradingState.ACTIVE:
            self.found.violated(
                "RULES 9", f"entry {name} was planned while the effective state was {self._effective.value}", seqs=[seq]
            )

    def _symbol(self, seq: int, event: ev.OrderPlanned) -> None:
        name, symbol = event.spec.client_id, event.spec.symbol
        halted, foreign = self._halted.get(symbol), self._foreign.get(symbol)
        if halted is not None:
            self.found.violated(
                "RULES 12", f"entry {name} was planned on {symbol}, which is halted", seqs=(halted, seq)
            )
        if foreign is not None:
            self.found.violated(
                "RULES 4",
                f"entry {name} was planned although {text(foreign[1].amount)} {symbol} is somebody else's",
                seqs=(foreign[0], seq),
            )
        for other, (opened, where) in self._unknown.items():
            if where == symbol:
                self.found.violated(
                    "RULES 3", f"entry {name} was planned while the outcome of {other} is unknown", seqs=(opened, seq)
                )

    def _settling(self, seq: int, event: ev.OrderPlanned) -> None:
        """No order of an earlier trade may still act when the next one enters (RULES 4, quarantine)."""
        for client_id, (sent, until_ms) in list(self._acting.get(event.spec.symbol, {}).items()):
            if until_ms <= event.at_ms:
                del self._acting[event.spec.symbol][client_id]
            elif self.journal.trade_of(client_id) != event.trade_id:
                self.found.violated(
                    "RULES 4",
                    f"entry {event.spec.client_id} was planned {until_ms - event.at_ms} ms before {client_id}, which"
                    " was sent earlier on the symbol, can no longer act",
                    seqs=(sent, seq),
                )

    def _attempts(self, seq: int, event: ev.OrderPlanned) -> None:
        tries = self._entries.setdefault(event.subject, [])
        tries.append(Planned(seq, event))
        if len(tries) > ATTEMPTS:
            self.found.violated(
                "RULES 2",
                f"intent {event.subject} was tried {len(tries)} times; an entry is tried once more at most",
                seqs=[planned.seq for planned in tries],
            )
