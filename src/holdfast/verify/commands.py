"""I2: every request of ours has a command record, written before it left, with equal parameters (RULES 8).

Orders of the stand-alone kill switch need no record (RULES 16). What only reduces risk may leave while the journal
cannot be written; such requests are counted and named as not checked, because afterwards nothing can prove the reason.
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal
from typing import Final

from holdfast.model.events import OrderPlanned
from holdfast.model.ids import Role, is_kill, is_ours, role_of
from holdfast.model.num import NumberError, parse, text
from holdfast.model.orders import AlgoSpec, PositionSide, Spec
from holdfast.verify.base import Check, LineHandlers, Scene
from holdfast.verify.evidence import WRITES, Verb, cancelled_id_of, client_id_of
from holdfast.verify.journal_view import Planned
from holdfast.verify.records import AlgoLine, ControlLine, OrderLine, Request

BOUNDED: Final = frozenset({Role.ENTRY, Role.TARGET, Role.EXIT})
"""Roles that are signed with the timestamp of their own record (RULES 8)."""

TRANSPORT: Final = frozenset(
    {"timestamp", "recvWindow", "newOrderRespType", "selfTradePreventionMode", "returnRateLimits", "algoType"}
)
"""Parameters that say how, not what. Everything else must be explained by the record."""

DEFAULTS: Final[dict[str, frozenset[str]]] = {
    "positionSide": frozenset({"BOTH"}),
    "reduceOnly": frozenset({"false"}),
    "closePosition": frozenset({"false"}),
    "priceProtect": frozenset({"false"}),
    "timeInForce": frozenset({"GTC", "GTE_GTC"}),
}
"""Values that a request may state although its record leaves them out."""

ADAPTABLE: Final = frozenset({"quantity", "price"})
"""What a pre-authorised order may take from the evidence (its record says so)."""

Wanted = dict[str, str | Decimal]


def expected(spec: Spec) -> Wanted:
    """The parameters that say what the order is, by the protocol's names. Independent of the engine's encoder."""
    wanted: Wanted = {"symbol": spec.symbol, "side": spec.side.value, "type": spec.type.value}
    if spec.position_side is not PositionSide.BOTH:
        wanted["positionSide"] = spec.position_side.value
    if spec.quantity is not None:
        wanted["quantity"] = spec.quantity
    if spec.reduce_only:
        wanted["reduceOnly"] = "true"
    if isinstance(spec, AlgoSpec):
        wanted["clientAlgoId"] = spec.client_id
        wanted["triggerPrice"] = spec.trigger_price
        wanted["workingType"] = spec.working_type.value
        if spec.close_position:
            wanted["closePosition"] = "true"
        return wanted
    wanted["newClientOrderId"] = spec.client_id
    if spec.price is not None:
        wanted["price"] = spec.price
    if spec.time_in_force is not None:
        wanted["timeInForce"] = spec.time_in_force.value
    if spec.good_till_ms is not None:
        wanted["goodTillDate"] = str(spec.good_till_ms)
    return wanted


def differences(wanted: Wanted, params: dict[str, str], *, adaptable: frozenset[str] = frozenset()) -> list[str]:
    """What a request says otherwise than its record, one short sentence each."""
    found = []
    for name, value in wanted.items():
        stated = params.get(name)
        if name not in adaptable and not _equal(value, stated):
            shown = text(value) if isinstance(value, Decimal) else value
            found.append(f"{name} is {stated if stated is not None else 'missing'}, recorded {shown}")
    for name, stated in params.items():
        if name in wanted or name in TRANSPORT or stated.lower() in {v.lower() for v in DEFAULTS.get(name, ())}:
            continue
        found.append(f"{name}={stated} is not recorded")
    return found


def _equal(value: str | Decimal, stated: str | None) -> bool:
    if stated is None:
        return False
    if isinstance(value, str):
        return value.lower() == stated.lower()
    try:
        return parse(stated) == value
    except NumberError:
        return False


class Commands(Check):
    """Compares each request of ours with its record."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._unjournalled: list[int] = []
        self._asked: set[str] = set()
        self._starts = [us for _, us in scene.journal.starts]

    def before(self) -> LineHandlers:
        """Every request is looked at, and that nothing of ours appears without one."""
        return {
            Request: self._on_request,
            ControlLine: self._on_control,
            OrderLine: self._on_order,
            AlgoLine: self._on_algo,
        }

    def finish(self) -> None:
        """Name what was let through."""
        self.found.counts["unjournalled"] = len(self._unjournalled)
        if self._unjournalled:
            self.found.not_checked(
                f"I2 for {len(self._unjournalled)} reducing requests (venue log n {_some(self._unjournalled)})",
                "they left when the journal wrote nothing more; RULES 8 allows that only if it could not be written",
            )

    def _on_request(self, line: Request) -> None:
        verb = WRITES.get(line.method)
        if line.method in ("DELETE /fapi/v1/listenKey", "userDataStream.stop"):
            self.found.violated("RULES 16", "the user stream's key was deleted; nobody may ever do that", ns=[line.n])
        elif verb in (Verb.PLACE, Verb.PLACE_ALGO):
            self._on_place(line, algo=verb is Verb.PLACE_ALGO)
        elif verb in (Verb.CANCEL, Verb.CANCEL_ALGO):
            self._on_cancel(line)
        elif verb is Verb.OTHER_WRITE and any("hf-" in value for value in line.params.values()):
            self.found.violated("I2", f"{line.method} touches an order of ours; no record can explain it", ns=[line.n])

    def _on_control(self, line: ControlLine) -> None:
        """A person may use any name, also one like ours."""
        self._asked.update(line.params.get(name, "") for name in ("newClientOrderId", "clientAlgoId"))

    def _on_order(self, line: OrderLine) -> None:
        # What a conditional order spawned was not asked for by itself.
        spawned = line.algo_id is not None or line.client_id in self.state.algos_by_client
        if not spawned and (line.symbol, line.order_id) not in self.state.orders:
            self._appeared(line)

    def _on_algo(self, line: AlgoLine) -> None:
        if line.algo_id not in self.state.algos:
            self._appeared(line)

    def _appeared(self, line: OrderLine | AlgoLine) -> None:
        if is_ours(line.client_id) and line.client_id not in self._asked:
            self.found.violated(
                "I2", f"{line.client_id} is at the venue, and the log has no request for it", ns=[line.n]
            )

    def _on_place(self, line: Request, *, algo: bool) -> None:
        client_id = client_id_of(line)
        self._asked.add(client_id)
        if is_kill(client_id):
            self.found.counts["kill_orders"] += 1
        if not is_ours(client_id):
            return
        self.found.counts["requests"] += 1
        planned = self.journal.planned.get(client_id)
        if planned is None or self._is_of_a_dead_process(line, planned):
            self._missing(line, client_id, "order")
            return
        problems = differences(
            expected(planned.event.spec),
            line.params,
            adaptable=ADAPTABLE if planned.event.preauthorised else frozenset(),
        )
        if isinstance(planned.event.spec, AlgoSpec) != algo:
            problems.append(f"it was sent as {line.method}")
        problems += self._time_problems(line, planned)
        if problems:
            self.found.violated("I2", f"{client_id}: {'; '.join(problems)}", seqs=[planned.seq], ns=[line.n])

    def _is_of_a_dead_process(self, line: Request, planned: Planned) -> bool:
        """Whether the record is a later process's, which could not know that the name had been used unjournalled."""
        if planned.event.spec.role not in (Role.STOP, Role.CLOSE):
            return False
        early_us = planned.event.at_ms * 1_000 - line.us
        return early_us > self.options.clock_error_ms * 1_000 and self._journal_was_silent(_left_us(line))

    def _time_problems(self, line: Request, planned: Planned) -> list[str]:
        event = planned.event
        problems = []
        early_us = event.at_ms * 1_000 - line.us
        if early_us > self.options.clock_error_ms * 1_000:
            problems.append(f"it arrived {early_us // 1_000} ms before its record")
        if event.spec.role in BOUNDED:
            problems += self._signature_problems(line, event)
        return problems

    def _signature_problems(self, line: Request, event: OrderPlanned) -> list[str]:
        problems = []
        allowed = self.journal.timestamps[event.spec.client_id]
        if line.params.get("timestamp") not in {str(ms) for ms in allowed}:
            problems.append(f"signed with {line.params.get('timestamp')}, recorded {event.timestamp_ms}")
        if line.params.get("recvWindow") != str(event.recv_window_ms):
            problems.append(f"recvWindow is {line.params.get('recvWindow')}, recorded {event.recv_window_ms}")
        return problems

    def _on_cancel(self, line: Request) -> None:
        client_id = cancelled_id_of(line)
        if not is_ours(client_id):
            # The kill switch cancels by venue ids, without a record (RULES 16); the engine names its own client ids.
            self.found.counts["foreign_cancels"] += 1
            return
        self.found.counts["cancel_requests"] += 1
        records = self.journal.cancels.get(client_id)
        if not records:
            self._missing(line, client_id, "cancel")
            return
        early_us = records[0][1] - line.us
        if early_us > self.options.clock_error_ms * 1_000:
            if self._journal_was_silent(_left_us(line)):
                # It left pre-authorised and its record died with the process; the next one planned its own.
                self._unjournalled.append(line.n)
                return
            self.found.violated(
                "I2",
                f"the cancel of {client_id} arrived {early_us // 1_000} ms before its record",
                seqs=[records[0][0]],
                ns=[line.n],
            )

    def _missing(self, line: Request, client_id: str, what: str) -> None:
        reducing = what == "cancel" or role_of(client_id) in (Role.STOP, Role.CLOSE)
        if reducing and self._journal_was_silent(_left_us(line)):
            self._unjournalled.append(line.n)
            return
        self.found.violated("I2", f"the {what} {client_id} has no command record", ns=[line.n])

    def _journal_was_silent(self, us: int) -> bool:
        """Whether a process that may have run at `us`, by clocks that differ a little, wrote nothing more after it."""
        slack_us = self.options.clock_error_ms * 1_000
        if self._starts and us + slack_us < self._starts[0]:
            return True  # Of a process that could never write anything.
        earliest = max(bisect_right(self._starts, us - slack_us) - 1, 0)
        latest = bisect_right(self._starts, us + slack_us)
        return any(end_us <= us + slack_us for end_us in self.journal.process_ends[earliest:latest])


def _left_us(line: Request) -> int:
    """When a request left, by its own stamp: it may have travelled on while its process died and the next one wrote."""
    return min(line.us, line.signed_ms * 1_000 or line.us)


def _some(numbers: list[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:5])
    return shown if len(numbers) <= 5 else f"{shown}, …"
