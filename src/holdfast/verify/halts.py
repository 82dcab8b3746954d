"""I15: halt means halt. While the commanded state is not active no entry is planned, sent or left working (RULES 9)."""

from __future__ import annotations

from holdfast.model.ids import Role, role_of
from holdfast.model.reasons import TradingState
from holdfast.verify.base import Check, LineHandlers, MomentHandlers, Scene
from holdfast.verify.evidence import WRITES, Verb, cancelled_id_of, client_id_of, trouble_of
from holdfast.verify.journal_view import Moment, MomentKind
from holdfast.verify.liveness import Liveness
from holdfast.verify.measures import milliseconds
from holdfast.verify.obligation import DEAD, THROTTLED, Obligation, Refusal
from holdfast.verify.records import OrderLine, Reply, Request
from holdfast.verify.venue_state import VenueOrder


class Halts(Check):
    """Follows the commanded state through the journal and looks for entries where there may be none."""

    def __init__(self, scene: Scene, liveness: Liveness) -> None:
        super().__init__(scene)
        self.liveness = liveness
        liveness.listeners.append(self._on_live)
        self._since: Moment | None = None
        """The command that left `active`, while it holds."""
        self._working: dict[tuple[str, int], tuple[VenueOrder, Obligation]] = {}
        self._cancels: dict[int, str] = {}
        """Cancels by their number in the log, and which order each was for: its client id, or the venue's."""
        self._refusals: dict[str, Refusal] = {}
        """How the last cancel of an order was turned away, for what begins after it."""
        self._throttle = Refusal()
        """The last throttle of any cancel: weight is counted for the address, so it holds back those of entries too."""
        self._late: dict[str, tuple[int, Moment]] = {}
        """Entries that arrived after trading was left: the number of the request, and the command."""

    def after(self) -> LineHandlers:
        """Entries that arrive, and entries that still work."""
        return {Request: self._on_request, Reply: self._on_reply, OrderLine: self._on_order}

    def moments(self) -> MomentHandlers:
        """Commands, and entries planned after them, in the journal's own order."""
        return {MomentKind.COMMANDED: self._on_commanded, MomentKind.ENTRY_PENDING: self._on_planned}

    def finish(self) -> None:
        """Entries that still work are measured up to the end."""
        for key in list(self._working):
            self._end(key, self.state.us)

    def _on_commanded(self, moment: Moment) -> None:
        if moment.subject == TradingState.ACTIVE.value:
            for key in list(self._working):
                self._end(key, moment.us)
            self._since = None
            return
        if self._since is None:
            self._since = moment
            self.found.counts["halts"] += 1
            for order in self.state.all_open():
                if isinstance(order, VenueOrder):
                    self._watch(order, moment.us)

    def _on_planned(self, moment: Moment) -> None:
        if self._since is not None:
            self.found.violated(
                "I15",
                f"entry {moment.client_id} was planned while trading was {self._since.subject}",
                seqs=(self._since.seq, moment.seq),
            )

    def _on_request(self, line: Request) -> None:
        verb = WRITES.get(line.method)
        if verb in (Verb.CANCEL, Verb.CANCEL_ALGO):
            named = cancelled_id_of(line) or line.params.get("orderId", "")
            self._cancels[line.n] = named
            self._refusals.pop(named, None)
            for order, duty in self._working.values():
                if named in _names(order):
                    duty.act(line.us)
        elif verb is Verb.PLACE and self._since is not None and role_of(client_id_of(line)) is Role.ENTRY:
            self._on_entry(line, self._since)

    def _on_reply(self, line: Reply) -> None:
        """A cancel that the venue turned away for its rate limits waits (RULES 2); that time has a class of its own."""
        named = self._cancels.pop(line.req, None)
        if named is None:
            return
        trouble = trouble_of(line)
        if trouble == THROTTLED:
            self._throttle.note(line.us, trouble)
        elif self._throttle.known_by(line.us - self.options.lag_ms * 1_000):
            self._throttle.note(line.us, "")  # What left after it was heard was let through: the window has turned.
        if not trouble:
            return
        self._refusals.setdefault(named, Refusal()).note(line.us, trouble)
        for order, duty in self._working.values():
            if named in _names(order) or trouble == THROTTLED:
                duty.refuse(trouble)

    def _on_entry(self, line: Request, since: Moment) -> None:
        client_id = client_id_of(line)
        planned = self.journal.planned.get(client_id)
        if planned is not None and planned.seq > since.seq:
            # Its record stands after the halt's. Was it planned while the halt held, that is found in the journal's own
            # order; else after a resume that the venue's clock, a little behind ours, has not reached yet.
            return
        window_ms = planned.event.recv_window_ms if planned is not None else 0
        if line.us > since.us + (window_ms + self.options.clock_error_ms) * 1_000:
            self._late[client_id] = (line.n, since)

    def _judge_late(self, line: OrderLine) -> None:
        """What the network held up arrives late and is turned away (RULES 8): only an acceptance breaks the promise."""
        asked_n, since = self._late[line.client_id]
        self.found.violated(
            "I15",
            f"entry {line.client_id} was accepted {(line.us - since.us) // 1_000} ms after trading was {since.subject}",
            seqs=[since.seq],
            ns=(asked_n, line.n),
        )

    def _on_order(self, line: OrderLine) -> None:
        key = (line.symbol, line.order_id)
        order = self.state.orders[key]
        if order.accepted_n == line.n and line.client_id in self._late:
            self._judge_late(line)
        if not order.is_open:
            if key in self._working:
                self._end(key, line.us)
        elif self._since is not None:
            self._watch(order, line.us)

    def _watch(self, order: VenueOrder, us: int) -> None:
        if order.role is Role.ENTRY and order.key not in self._working:
            refused = [self._refusals[name].at(us) for name in _names(order) if name in self._refusals]
            refused = [each for each in (*refused, self._throttle.at(us)) if each]
            duty = Obligation(us, order.last_n, live=self.liveness.live, informed=True, refused="".join(refused[:1]))
            self._working[order.key] = (order, duty)

    def _end(self, key: tuple[str, int], us: int) -> None:
        order, duty = self._working.pop(key)
        duty.end(us, DEAD)
        if duty.informed_us > (self.options.orphan_ms + self.options.lag_ms) * 1_000:
            self.found.violated(
                "I15",
                f"entry {order.client_id} went on working for {milliseconds(duty.informed_us)} ms without a cancel"
                " although trading was not active",
                seqs=[self._since.seq] if self._since is not None else [],
                ns=(order.accepted_n, order.last_n),
            )

    def _on_live(self, us: int, *, live: bool, absence: str) -> None:
        for _, duty in self._working.values():
            duty.turn(us, live=live, absence=absence)


def _names(order: VenueOrder) -> tuple[str, str]:
    """What a cancel may call an order."""
    return order.client_id, str(order.order_id)
