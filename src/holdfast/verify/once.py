"""I1: an intent enters the market at most once. I11: unknown stays unknown, rejected never appears (RULES 2, 3)."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from holdfast.model.ids import Role, is_ours, role_of
from holdfast.model.num import ZERO, text
from holdfast.model.reasons import Outcome
from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.evidence import WRITES, Verb, client_id_of
from holdfast.verify.journal_view import Planned
from holdfast.verify.records import PushLine, Request
from holdfast.verify.venue_state import VenueOrder

SOMETHING_EXISTS: Final = frozenset({-4115, -4116, -4130})
"""Refusals that prove an order of that id, or of that kind, to be there already (RULES 1)."""

NEVER_AGAIN: Final = frozenset({Role.ENTRY, Role.TARGET, Role.EXIT})
"""Roles whose request must not be sent twice under one id (RULES 2)."""


class Once(Check):
    """Entries per intent, and requests per client id."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._requests: dict[str, list[int]] = {}
        self._first_word: dict[str, tuple[int, int]] = {}
        self._watched = {c for c, end in self.journal.resolved.items() if end.resolution == "never_placed"}

    def before(self) -> LineHandlers:
        """Requests are counted; pushes are evidence of what was thought absent."""
        return {Request: self._on_request, PushLine: self._on_push}

    def finish(self) -> None:
        """All orders are known."""
        self._check_entries()
        self._check_retries()
        for client_id, requests in self._requests.items():
            if role_of(client_id) in NEVER_AGAIN and len(requests) > 1:
                role = str(role_of(client_id)).lower()
                self.found.violated(
                    "I1",
                    f"the {role} {client_id} was sent {len(requests)} times; it must never be sent again",
                    ns=requests,
                )
        self._check_rejected()
        for client_id in sorted(self._watched):
            self._check_never_placed(client_id)

    def _on_request(self, line: Request) -> None:
        if WRITES.get(line.method) in (Verb.PLACE, Verb.PLACE_ALGO):
            client_id = client_id_of(line)
            if is_ours(client_id):
                self._requests.setdefault(client_id, []).append(line.n)

    def _on_push(self, line: PushLine) -> None:
        if line.client_id in self._watched:
            self._first_word.setdefault(line.client_id, (line.us, line.n))

    def _check_entries(self) -> None:
        """Entries that the venue accepted, grouped by the intent they serve."""
        entries: dict[str, list[VenueOrder]] = {}
        for order in self.state.orders.values():
            if order.role is Role.ENTRY:
                entries.setdefault(str(order.tag), []).append(order)
        plans = self.journal.tag_plans()
        for tag, orders in entries.items():
            self.found.counts["entries_accepted"] += len(orders)
            ns = [order.accepted_n for order in orders]
            plan = plans.get(tag)
            name = plan.intent_id if plan is not None else f"with tag {tag}"
            if len(orders) > 1:
                self.found.violated("I1", f"intent {name} entered the market {len(orders)} times", ns=ns)
            executed = sum((order.traded for order in orders), ZERO)
            if plan is not None and executed > plan.quantity:
                self.found.violated(
                    "I1", f"intent {name} executed {text(executed)}, planned were {text(plan.quantity)}", ns=ns
                )

    def _check_retries(self) -> None:
        """A second entry is planned only after the venue proved that it refused the first."""
        by_subject: dict[str, list[Planned]] = {}
        for planned in self.journal.planned.values():
            if planned.event.spec.role is Role.ENTRY:
                by_subject.setdefault(planned.event.subject, []).append(planned)
        for subject, attempts in by_subject.items():
            for earlier, later in pairwise(attempts):
                answers = self.journal.answers.get(earlier.event.spec.client_id, [])
                refused = [
                    a for a in answers if a.event.outcome in (Outcome.REJECTED, Outcome.THROTTLED) and a.seq < later.seq
                ]
                if not refused or len(answers) != len(refused):
                    self.found.violated(
                        "I1",
                        f"intent {subject} planned entry {later.event.n} although entry {earlier.event.n}"
                        " was not proved refused",
                        seqs=(earlier.seq, later.seq),
                    )

    def _check_rejected(self) -> None:
        """What the journal calls rejected must not be at the venue; what it calls unsent must not have arrived."""
        for client_id, answers in self.journal.answers.items():
            requests = self._requests.get(client_id, [])
            proved = [
                a for a in answers if a.event.outcome is Outcome.REJECTED and a.event.code not in SOMETHING_EXISTS
            ]
            if not proved or len(proved) < len(answers):
                continue
            sent = [a for a in proved if not a.event.local]
            if len(requests) > len(sent) and role_of(client_id) in NEVER_AGAIN:
                self.found.violated(
                    "I11",
                    f"{client_id} is journalled as not sent, but it arrived",
                    seqs=[a.seq for a in proved],
                    ns=requests,
                )
            elif not requests and role_of(client_id) not in NEVER_AGAIN:
                continue  # An export has no requests, and these may be sent again under one id (RULES 2).
            elif self.state.accepted(client_id) and len(requests) <= len(sent):
                self.found.violated(
                    "I11",
                    f"{client_id} is journalled as rejected, but the venue accepted it",
                    seqs=[a.seq for a in proved],
                    ns=self._accepted_ns(client_id),
                )

    def _check_never_placed(self, client_id: str) -> None:
        resolution = self.journal.resolved[client_id]
        late = self.journal.late.get(client_id)
        if role_of(client_id) is not Role.ENTRY or not self.state.accepted(client_id):
            if late is not None and not self.state.accepted(client_id):
                self.found.violated(
                    "I11", f"a late entry {client_id} was found that the venue never had", seqs=[late[0]]
                )
            return
        self.found.counts["late_entries"] += 1
        ns = self._accepted_ns(client_id)
        word = self._first_word.get(client_id)
        allowed_us = (self.options.late_entry_ms + self.options.clock_error_ms) * 1_000
        if late is None:
            due_us = word[0] + allowed_us if word is not None else self.journal.last_us
            if self.options.complete or due_us < self.journal.last_us:
                self.found.violated(
                    "I11",
                    f"{client_id} was shown never placed and surfaced, without a late-entry event",
                    seqs=[resolution.seq],
                    ns=ns,
                )
        elif word is not None and late[1] > max(word[0], resolution.us) + allowed_us:
            self.found.violated(
                "I11",
                f"{client_id} surfaced, and the late-entry event came {(late[1] - word[0]) // 1_000} ms after the first"
                f" evidence; at most {self.options.late_entry_ms} ms",
                seqs=[resolution.seq, late[0]],
                ns=[word[1], *ns],
            )

    def _accepted_ns(self, client_id: str) -> list[int]:
        orders = [self.state.orders[key].accepted_n for key in self.state.by_client.get(client_id, ())]
        return orders + [self.state.algos[ident].accepted_n for ident in self.state.algos_by_client.get(client_id, ())]
