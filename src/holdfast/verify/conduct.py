"""What an entry leaves behind: its remainder, its time to live, its targets, and orders that the venue cannot read
(RULES 2, 5, 10, 11; I16)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from holdfast.model import events as ev
from holdfast.model.ids import Role, is_ours, role_of
from holdfast.model.num import ZERO, text
from holdfast.model.orders import OrderSpec, TimeInForce
from holdfast.model.reasons import Outcome, TradePhase, TradingState
from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.evidence import WRITES, Verb, client_id_of
from holdfast.verify.grids import Grids
from holdfast.verify.journal_view import Planned
from holdfast.verify.liveness import spans
from holdfast.verify.records import ControlLine, OrderLine, Reply, Request, Start

ATTEMPTS: Final = 4
"""A take profit is planned once and derived anew three times at most (RULES 2)."""

BAD_FORM: Final = frozenset(
    {-1100, -1101, -1102, -1103, -1104, -1105, -1106, -1111, -1116, -1117, -1118, -4003, -4014, -4015, -4023, -4137}
)
"""Refusals that no market, balance or clock explains: the order itself was wrong (protocol notes H)."""

NOT_REQUIRED: Final = -1106

RESTING: Final = (TimeInForce.GTD, TimeInForce.GTX, TimeInForce.GTC)
"""Entries that do not end by themselves."""

CLOCK_JUMP_MS: Final = 1_000
"""How far the engine's clock may jump when it is set right."""

EXIT_PHASES: Final = (TradePhase.EXITING, TradePhase.FLATTENING)


class Conduct(Check):
    """Plays the journal in its order, and reads the venue's refusals."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._entries: dict[str, list[str]] = {}
        """Trade → its entries that may still fill, by the journal."""
        self._planned_entries: set[str] = set()
        self._targets: dict[str, list[Planned]] = {}
        self._filled: dict[str, Decimal] = {}
        """Trade → what its entries filled."""
        self._done: dict[str, Decimal] = {}
        """Client id of an order that has ended → what it executed."""
        self._executed: dict[str, Decimal] = {}
        self._ended_us: dict[str, int] = {}
        """Client id of an entry → when the journal knew that it had ended."""
        self._gone_us: dict[str, int] = {}
        """Client id of an order → when it ended at the venue."""
        self._cancelled: set[str] = set()
        self._exited: dict[str, tuple[int, int]] = {}
        """Trade whose exit began → (seq, ms), to be judged when that step is over."""
        self._stopped: tuple[int, int] | None = None
        """(seq, ms) of a command that left active, to be judged when that step is over."""
        self._protecting: dict[str, tuple[int, int]] = {}
        """Trade that has no confirmed cover → (seq, ms) since when, for the process that looks at it."""
        self._deadline_ms = 0
        self._ends: dict[tuple[str, int], int] = {}
        """Order at the venue → seq of the report that ended it."""
        self._placing: dict[int, str] = {}
        self._of_the_venue: set[int] = set()
        """Refusals of a stop's form that are this venue's peculiarity."""
        self._grids = Grids(self.options.lag_ms * 1_000)

    def after(self) -> LineHandlers:
        """Placing requests and their answers, and the ends of entries."""
        return {
            Start: self._on_start,
            Request: self._on_request,
            Reply: self._on_reply,
            OrderLine: self._on_order,
            ControlLine: self._grids.controlled,
        }

    def finish(self) -> None:
        """The whole journal in its order."""
        for seq, event in self.journal.story:
            self._judge_exits(event.at_ms)
            if not isinstance(event, ev.EngineStarted):
                self._judge_cover(event.at_ms)
            self._play(seq, event)
            self._note_end(event)
        self._judge_exits(None)
        self._check_times_to_live()

    def _on_order(self, line: OrderLine) -> None:
        # A process that died may have cancelled it without a record: the venue knows.
        if not self.state.orders[(line.symbol, line.order_id)].is_open:
            self._gone_us.setdefault(line.client_id, line.us)

    def _on_start(self, line: Start) -> None:
        """A venue whose algo service takes no `reduceOnly` at all refuses the second form of a stop, which is asked for
        all the same: that it does so is proved nowhere (RULES 2, 14)."""
        if line.facts.get("algo_reduce_only") == str(NOT_REQUIRED):
            self._of_the_venue = {NOT_REQUIRED}

    def _on_request(self, line: Request) -> None:
        self._grids.asked(line)
        if WRITES.get(line.method) in (Verb.PLACE, Verb.PLACE_ALGO) and is_ours(client_id_of(line)):
            self._placing[line.n] = client_id_of(line)

    def _on_reply(self, line: Reply) -> None:
        self._grids.answered(line)
        client_id = self._placing.pop(line.req, None)
        if client_id is None or line.fault is not None or line.code not in BAD_FORM:
            return
        if line.code in self._of_the_venue and role_of(client_id) is Role.STOP:
            return
        if not self._is_of_old_rules(client_id, line.us):
            self.found.violated(
                "I16",
                f"{client_id} was refused for its form: {line.code} {line.msg or ''}".rstrip(),
                ns=(line.req, line.n),
            )

    def _is_of_old_rules(self, client_id: str, us: int) -> bool:
        """Whether the trade of an order was planned before the contract's rules changed: its prices stay its own."""
        planned = self.journal.planned.get(client_id)
        if planned is None:
            return False
        trade_id, began_ms = planned.event.trade_id, planned.event.at_ms
        if trade_id:
            orders = self.journal.planned.values()
            began_ms = min(order.event.at_ms for order in orders if order.event.trade_id == trade_id)
        return self._grids.is_old(planned.event.spec.symbol, began_ms * 1_000, us)

    def _play(self, seq: int, event: ev.AnyEvent) -> None:
        match event:
            case ev.OrderPlanned():
                self._on_planned(seq, event)
            case ev.OrderAnswered() if event.outcome in (Outcome.REJECTED, Outcome.THROTTLED):
                self._done.setdefault(event.client_id, ZERO)
            case ev.UnknownResolved() if event.resolution != "confirmed":
                self._done.setdefault(event.client_id, ZERO)
            case ev.OrderUpdated():
                self._check_order_of_reports(seq, event)
                name, executed = event.report.client_id, event.report.executed
                self._executed[name] = max(executed, self._executed.get(name, ZERO))
                if event.report.status.terminal:
                    self._done[name] = self._executed[name]
            case ev.CancelPlanned():
                self._cancelled.add(event.client_id)
            case ev.FillBooked() if event.trade_id and event.cause == "OURS":
                self._on_fill(seq, event)
            case ev.FillBooked() if not event.trade_id:
                self._on_strangers_fill(event.fill.symbol)
            case ev.EngineStarted():
                self._deadline_ms = event.settings.protect_deadline_ms if event.settings is not None else 0
                # A new process begins to count when it looks; the old one's time died with it.
                self._protecting.clear()
            case ev.StateCommanded() if event.state is not TradingState.ACTIVE:
                self._stopped = self._stopped or (seq, event.at_ms)
            case ev.PhaseChanged():
                self._on_phase(seq, event)
            case _:
                pass

    def _on_planned(self, seq: int, event: ev.OrderPlanned) -> None:
        if event.spec.role is Role.ENTRY:
            self._entries.setdefault(event.trade_id, []).append(event.spec.client_id)
            self._planned_entries.add(event.spec.client_id)
            return
        if event.spec.role is Role.TARGET:
            self._on_target(seq, event)
        plan = self.journal.plans.get(event.trade_id)
        if (
            plan is not None
            and event.spec.role is not Role.CLOSE
            and event.spec.side is not plan[1].direction.exit_side
        ):
            self.found.violated(
                "I4",
                f"the {event.spec.role.value} {event.spec.client_id} is on the side of the entry of its trade",
                seqs=[plan[0], seq],
            )

    def _on_fill(self, seq: int, event: ev.FillBooked) -> None:
        trade_id, quantity = event.trade_id, event.fill.quantity
        if event.role is Role.ENTRY:
            self._filled[trade_id] = self._filled.get(trade_id, ZERO) + quantity
            name = event.client_id
            self._executed[name] = max(self._executed.get(name, ZERO), self._filled[trade_id])
        else:
            self._exited.setdefault(trade_id, (seq, event.at_ms))

    def _on_strangers_fill(self, symbol: str) -> None:
        """What a position showed while nothing of an entry was told was somebody else's: there is nothing to cover. If
        something of ours is open all the same, the venue's own record judges that (I3)."""
        for trade_id in list(self._protecting):
            plan = self.journal.plans.get(trade_id)
            held = self._filled.get(trade_id) or self.journal.bases.get(trade_id)
            told = held or any(self._executed.get(name) for name in self._entries.get(trade_id, ()))
            if plan is not None and plan[1].symbol == symbol and not told:
                del self._protecting[trade_id]

    def _on_phase(self, seq: int, event: ev.PhaseChanged) -> None:
        self._protecting.pop(event.trade_id, None)
        if event.phase is TradePhase.PROTECTING:
            self._protecting[event.trade_id] = (seq, event.at_ms)
        elif event.phase in EXIT_PHASES:
            self._exited.setdefault(event.trade_id, (seq, event.at_ms))

    def _judge_cover(self, now_ms: int) -> None:
        """What cannot be covered in time is flattened, however often it is tried (RULES 5, DESIGN §4). A process that
        stood still could not, and acts when it goes on."""
        most_ms = self._deadline_ms + self.options.lag_ms + CLOCK_JUMP_MS
        for trade_id, (seq, since_ms) in list(self._protecting.items()):
            if not self._deadline_ms or now_ms - since_ms <= most_ms:
                continue
            if self._lived_us(since_ms * 1_000, now_ms * 1_000) > most_ms * 1_000:
                del self._protecting[trade_id]
                self.found.violated(
                    "RULES 5",
                    f"trade {trade_id} was neither covered nor flattened for {now_ms - since_ms} ms;"
                    f" at most {self._deadline_ms} ms",
                    seqs=[seq],
                )

    def _check_order_of_reports(self, seq: int, event: ev.OrderUpdated) -> None:
        """Nothing works after it has ended: an older word must not win (I10)."""
        key, report = (event.report.symbol, event.report.order_id), event.report
        if report.status.terminal:
            self._ends.setdefault(key, seq)
        elif key in self._ends:
            self.found.violated(
                "I10",
                f"order {report.client_id} is taken for {report.status.value} after it had ended",
                seqs=[self._ends[key], seq],
            )

    # The entry's remainder.

    def _note_end(self, event: ev.AnyEvent) -> None:
        """Whether this record is the first that ends an entry."""
        report = getattr(event, "report", None)
        name = report.client_id if report is not None else getattr(event, "client_id", "")
        if name not in self._ended_us and name in self._planned_entries and self._ended(name):
            self._ended_us[name] = event.at_ms * 1_000

    def _judge_exits(self, now_ms: int | None) -> None:
        """The cancel of the remainder goes out in the step in which the exit began (RULES 5), or trading ceased to be
        active (RULES 9)."""
        if self._stopped is not None and (now_ms is None or now_ms > self._stopped[1]):
            seq, self._stopped = self._stopped[0], None
            for client_id in [name for names in self._entries.values() for name in names]:
                if not self._ended(client_id) and client_id not in self._cancelled:
                    self.found.violated(
                        "RULES 9",
                        f"trading is no longer active, and entry {client_id} was not cancelled with it",
                        seqs=[self.journal.planned[client_id].seq, seq],
                    )
        for trade_id, (seq, began_ms) in list(self._exited.items()):
            if now_ms is not None and now_ms <= began_ms:
                continue
            del self._exited[trade_id]
            for client_id in self._entries.pop(trade_id, ()):
                if not self._ended(client_id) and client_id not in self._cancelled:
                    self.found.violated(
                        "RULES 5",
                        f"the exit of trade {trade_id} began, and its entry {client_id} was not cancelled with it",
                        seqs=[self.journal.planned[client_id].seq, seq],
                    )

    def _ended(self, client_id: str) -> bool:
        spec = self.journal.planned[client_id].event.spec
        whole = isinstance(spec, OrderSpec) and self._executed.get(client_id, ZERO) >= spec.quantity
        return client_id in self._done or whole

    def _check_times_to_live(self) -> None:
        """A process that lives when an entry's time is over cancels it (RULES 10)."""
        for client_id, planned in self.journal.planned.items():
            plan = self.journal.plans.get(planned.event.trade_id)
            if plan is None or not _rests(planned):
                continue
            due_us = plan[1].deadline_ms * 1_000 + (self.options.lag_ms + self.options.clock_error_ms) * 1_000
            known_us = self._ended_us.get(client_id, self.journal.last_us)
            ended_us = min([known_us, self._gone_us.get(client_id, known_us), *self._asked_us(client_id)])
            lived_us = self._lived_us(due_us, ended_us)
            if ended_us > due_us and lived_us > self.options.orphan_ms * 1_000:
                self.found.violated(
                    "RULES 10",
                    f"entry {client_id} was left working for {lived_us // 1_000} ms after its time to live",
                    seqs=[planned.seq],
                )

    def _asked_us(self, client_id: str) -> list[int]:
        return [us for _, us in self.journal.cancels.get(client_id, ())]

    def _lived_us(self, since_us: int, until_us: int) -> int:
        """The longest time in which one process lived, and was not stopped, between two points."""
        starts, ends = [us for _, us in self.journal.starts], self.journal.process_ends
        ran = [(since_us, until_us)]
        if self.options.live is not None:
            ran = [(start_us, end_us) for start_us, end_us, _ in spans(self.options)]
        lives = [
            (max(start, since_us, began_us), min(end, until_us, ended_us))
            for start, end in zip(starts, ends, strict=True)
            for began_us, ended_us in ran
        ]
        return max((end - start for start, end in lives), default=0)

    # Targets.

    def _on_target(self, seq: int, event: ev.OrderPlanned) -> None:
        """Take profits never add up to more than the entry filled; unknown ones count (RULES 2, 11)."""
        assert isinstance(event.spec, OrderSpec), "invariant: a take profit is a plain order"
        targets = self._targets.setdefault(event.trade_id, [])
        targets.append(Planned(seq, event))
        total = sum((self._still(target) for target in targets), ZERO)
        held = self._filled.get(event.trade_id, ZERO) + self.journal.bases.get(event.trade_id, ZERO)
        if total > held:
            self.found.violated(
                "RULES 11",
                f"the take profits of trade {event.trade_id} add up to {text(total)}, its entry filled {text(held)}",
                seqs=[target.seq for target in targets],
            )
        tries = [target.seq for target in targets if _price(target) == event.spec.price]
        if len(tries) > ATTEMPTS:
            self.found.violated(
                "RULES 2", f"a take profit of trade {event.trade_id} was tried {len(tries)} times", seqs=tries
            )

    def _still(self, target: Planned) -> Decimal:
        spec = target.event.spec
        ended = self._done.get(spec.client_id)
        return (spec.quantity or ZERO) if ended is None else ended


def _rests(planned: Planned) -> bool:
    spec = planned.event.spec
    return spec.role is Role.ENTRY and isinstance(spec, OrderSpec) and spec.time_in_force in RESTING


def _price(target: Planned) -> Decimal | None:
    spec = target.event.spec
    return spec.price if isinstance(spec, OrderSpec) else None
