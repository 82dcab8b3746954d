"""Injected faults: what is armed, and which request or event each one meets.

A fault is armed by the control verb `fault` and waits for a match. `count` says how often it fires
(default 1; 0 disarms every fault of the verb; -1 means until disarmed). The verbs are those of the
fault vocabulary; the tables below say what each needs. `algo.stuck` lasts `ms`, or for ever without it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from holdfast.paper.orders import Algo

REQUEST_VERBS = (
    "503-unknown",
    "503-unavailable",
    "-1007",
    "-1008",
    "throttle",
    "resp.drop",
    "reset",
    "req.drop",
    "delay",
    "late",
    "dup",
    "status",
    "code",
)
STREAM_VERBS = ("ws.silence", "ws.drop", "ws.dup", "ws.delay", "ws.reorder")
ALGO_VERBS = ("algo.stuck", "algo.reject", "algo.vanish")
IMMEDIATE_VERBS = ("ws.close", "query.lag", "lk.expire", "lk.delete")
VERBS = (*REQUEST_VERBS, *STREAM_VERBS, *ALGO_VERBS, *IMMEDIATE_VERBS)


class Match(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a fault waits for; an empty field matches everything.

    `method` is an operation ("order.place", whatever the door), a REST method with its path
    ("POST /fapi/v1/order") or a WS API method.
    """

    method: str = ""
    client_id_prefix: str = ""
    account: str = ""
    symbol: str = ""
    via: str = ""


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One armed fault."""

    verb: str
    match: Match = msgspec.field(default_factory=Match)
    count: int = 1
    executed: bool = False
    ms: int = 0
    status: int = 502
    code: int = 0
    msg: str = ""
    body: str = ""
    content_type: str = "text/html"
    kinds: list[str] = msgspec.field(default_factory=list)
    reason: str = ""
    until_us: int = 0
    everything: bool = False
    """For -1008: also what the real venue exempts (orders that only reduce)."""


class RequestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a request fault is matched against."""

    via: str
    method: str
    operation: str
    account: str
    client_id: str
    symbol: str
    reducing: bool
    """Whether the real venue exempts it from overload protection: not a placement, or one that only reduces."""


class FaultBox:
    """Everything armed, in the order it was armed."""

    def __init__(self) -> None:
        """Start with nothing armed."""
        self.requests: list[Fault] = []
        self.streams: list[Fault] = []
        self.algos: list[Fault] = []
        self.lags: list[Fault] = []

    def arm(self, fault: Fault, now_us: int) -> None:
        """Arm a fault of the request, stream or algo tables; `count` 0 disarms the verb."""
        for verbs, armed in (
            (REQUEST_VERBS, self.requests),
            (STREAM_VERBS, self.streams),
            (ALGO_VERBS, self.algos),
        ):
            if fault.verb not in verbs:
                continue
            if fault.count == 0:
                armed[:] = [other for other in armed if other.verb != fault.verb]
                return
            if fault.ms and fault.verb == "ws.silence":
                fault.until_us = now_us + fault.ms * 1000
                fault.count = -1
            armed.append(fault)

    def clear(self) -> None:
        """Disarm everything."""
        self.requests.clear()
        self.streams.clear()
        self.algos.clear()
        self.lags.clear()

    def lag(self, fault: Fault) -> None:
        """Hide young orders from the questions that a fault matches, from now on; `ms` or `count` 0 ends that."""
        every = fault.match == Match()
        self.lags[:] = [other for other in self.lags if not every and other.match != fault.match]
        if fault.ms and fault.count:
            self.lags.append(fault)

    def lag_us(self, facts: RequestFacts) -> int:
        """How young the orders are that a question does not see."""
        return max((fault.ms * 1000 for fault in self.lags if _meets(fault, facts)), default=0)

    @property
    def query_lag_us(self) -> int:
        """The longest lag of any question."""
        return max((fault.ms * 1000 for fault in self.lags), default=0)

    def for_request(self, facts: RequestFacts) -> Fault | None:
        """The first armed fault that a request meets; it is used up by one."""
        for fault in self.requests:
            if _meets(fault, facts):
                _use(self.requests, fault)
                return fault
        return None

    def for_event(self, kind: str, account: str, now_us: int) -> Fault | None:
        """The first armed fault that a user event to be sent meets."""
        self._forget_ended(now_us)
        for fault in self.streams:
            if (not fault.kinds or kind in fault.kinds) and fault.match.account in ("", account):
                _use(self.streams, fault)
                return fault
        return None

    def for_frame(self, kind: str, now_us: int) -> Fault | None:
        """The first armed fault that a market frame meets: only one that names its kind."""
        self._forget_ended(now_us)
        for fault in self.streams:
            if kind in fault.kinds:
                _use(self.streams, fault)
                return fault
        return None

    def _forget_ended(self, now_us: int) -> None:
        self.streams[:] = [fault for fault in self.streams if not fault.until_us or now_us < fault.until_us]

    def for_algo(self, verb: str, algo: Algo) -> Fault | None:
        """The first armed fault of a verb that a conditional order meets."""
        for fault in self.algos:
            if fault.verb == verb and algo_meets(fault.match, algo):
                _use(self.algos, fault)
                return fault
        return None

    def armed(self) -> list[dict[str, Any]]:
        """What is armed, for the control verb `state`."""
        rows: list[dict[str, Any]] = msgspec.to_builtins([*self.requests, *self.streams, *self.algos, *self.lags])
        return rows


def algo_meets(match: Match, algo: Algo) -> bool:
    """Whether a conditional order is one a fault waits for."""
    return (
        algo.client_id.startswith(match.client_id_prefix)
        and match.account in ("", algo.account)
        and match.symbol in ("", algo.symbol)
    )


def _meets(fault: Fault, facts: RequestFacts) -> bool:
    match = fault.match
    if match.method and match.method not in (facts.operation, facts.method):
        return False
    if match.via and match.via != facts.via:
        return False
    if match.account and match.account != facts.account:
        return False
    if match.symbol and match.symbol != facts.symbol:
        return False
    if not facts.client_id.startswith(match.client_id_prefix):
        return False
    return not (fault.verb == "-1008" and facts.reducing and not fault.everything)


def _use(armed: list[Fault], fault: Fault) -> None:
    if fault.count > 0:
        fault.count -= 1
        if fault.count == 0:
            armed.remove(fault)
