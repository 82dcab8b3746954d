"""The order machine: life cycle × request in flight, as transition tables (DESIGN §4).

Evidence of the venue may arrive late, twice or out of order, so every status answers every signal of evidence: the
table says what stays and what moves. Signals of our own (send, refusal) are only legal where the table has them; a
missing key is the error, and an illegal signal changes nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from holdfast.model.orders import AlgoStatus, OrderStatus, Pending


class IllegalTransition(Exception):
    """A signal of our own that the table does not know in this status."""


class Signal(StrEnum):
    """What can happen to a plain order. SEND, REFUSED and ABSENT are our conclusions; the rest is venue evidence."""

    SEND = "send"
    REFUSED = "refused"
    ABSENT = "absent"
    WORKING = "working"
    PARTIAL = "partial"
    FILLED = "filled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


_S = OrderStatus
_OPEN_EVIDENCE: Final[dict[Signal, OrderStatus]] = {
    Signal.WORKING: _S.WORKING,
    Signal.PARTIAL: _S.PARTLY_FILLED,
    Signal.FILLED: _S.FILLED,
    Signal.CANCELLED: _S.CANCELLED,
    Signal.EXPIRED: _S.EXPIRED,
}

ORDER_TABLE: Final[dict[OrderStatus, dict[Signal, OrderStatus]]] = {
    _S.PLANNED: {Signal.SEND: _S.SENT, Signal.REFUSED: _S.REJECTED, Signal.ABSENT: _S.NEVER_PLACED, **_OPEN_EVIDENCE},
    _S.SENT: {Signal.SEND: _S.SENT, Signal.REFUSED: _S.REJECTED, Signal.ABSENT: _S.NEVER_PLACED, **_OPEN_EVIDENCE},
    _S.WORKING: _OPEN_EVIDENCE,
    _S.PARTLY_FILLED: {**_OPEN_EVIDENCE, Signal.WORKING: _S.PARTLY_FILLED},
    _S.FILLED: dict.fromkeys(_OPEN_EVIDENCE, _S.FILLED),
    # A fill that was matched before the cancel may be told after it: the end is corrected, never undone.
    _S.CANCELLED: {**dict.fromkeys(_OPEN_EVIDENCE, _S.CANCELLED), Signal.FILLED: _S.FILLED},
    _S.EXPIRED: {**dict.fromkeys(_OPEN_EVIDENCE, _S.EXPIRED), Signal.FILLED: _S.FILLED},
    # What we took for refused or never placed has surfaced: the venue's word beats our conclusion (RULES 3).
    _S.REJECTED: _OPEN_EVIDENCE,
    _S.NEVER_PLACED: _OPEN_EVIDENCE,
}

SIGNAL_OF_STATUS: Final[dict[OrderStatus, Signal]] = {
    _S.WORKING: Signal.WORKING,
    _S.PARTLY_FILLED: Signal.PARTIAL,
    _S.FILLED: Signal.FILLED,
    _S.CANCELLED: Signal.CANCELLED,
    _S.EXPIRED: Signal.EXPIRED,
    _S.REJECTED: Signal.REFUSED,
}


def advance(status: OrderStatus, signal: Signal) -> OrderStatus:
    """The status after a signal. Raises `IllegalTransition` where the table has no key."""
    try:
        return ORDER_TABLE[status][signal]
    except KeyError:
        raise IllegalTransition(f"order {status.value} does not know {signal.value}") from None


class AlgoSignal(StrEnum):
    """What can happen to an algo order (RULES 6)."""

    SEND = "send"
    REFUSED = "refused"
    ABSENT = "absent"
    ARMED = "armed"
    TRIGGERING = "triggering"
    TRIGGERED = "triggered"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"


_A = AlgoStatus
_ALGO_EVIDENCE: Final[dict[AlgoSignal, AlgoStatus]] = {
    AlgoSignal.ARMED: _A.ARMED,
    AlgoSignal.TRIGGERING: _A.TRIGGERING,
    AlgoSignal.TRIGGERED: _A.TRIGGERED,
    AlgoSignal.FINISHED: _A.FINISHED,
    AlgoSignal.CANCELLED: _A.CANCELLED,
    AlgoSignal.EXPIRED: _A.EXPIRED,
    AlgoSignal.FAILED: _A.REJECTED,
}
_ALGO_OURS: Final[dict[AlgoSignal, AlgoStatus]] = {
    AlgoSignal.SEND: _A.SENT,
    AlgoSignal.REFUSED: _A.REJECTED,
    AlgoSignal.ABSENT: _A.NEVER_PLACED,
}
_FROM_TRIGGERING: Final = {**_ALGO_EVIDENCE, AlgoSignal.ARMED: _A.TRIGGERING}
_FROM_TRIGGERED: Final = {**_FROM_TRIGGERING, AlgoSignal.ARMED: _A.TRIGGERED, AlgoSignal.TRIGGERING: _A.TRIGGERED}


def _ended(status: AlgoStatus) -> dict[AlgoSignal, AlgoStatus]:
    # A stop is placed again under the same id after it ended (RULES 2), so only a send or a fresh ARMED revives it.
    stays = dict.fromkeys(_ALGO_EVIDENCE, status)
    return {**stays, AlgoSignal.SEND: _A.SENT, AlgoSignal.FINISHED: _A.FINISHED}


ALGO_TABLE: Final[dict[AlgoStatus, dict[AlgoSignal, AlgoStatus]]] = {
    _A.PLANNED: {**_ALGO_OURS, **_ALGO_EVIDENCE},
    _A.SENT: {**_ALGO_OURS, **_ALGO_EVIDENCE},
    # A repeat of the same stop may be refused as a duplicate while the first is armed: that changes nothing here.
    _A.ARMED: {**_ALGO_EVIDENCE, AlgoSignal.SEND: _A.ARMED},
    _A.TRIGGERING: _FROM_TRIGGERING,
    _A.TRIGGERED: _FROM_TRIGGERED,
    _A.FINISHED: dict.fromkeys(_ALGO_EVIDENCE, _A.FINISHED),
    _A.CANCELLED: _ended(_A.CANCELLED),
    _A.EXPIRED: _ended(_A.EXPIRED),
    _A.REJECTED: {**_ended(_A.REJECTED), **{s: t for s, t in _ALGO_EVIDENCE.items() if s is not AlgoSignal.FAILED}},
    _A.NEVER_PLACED: {**_ALGO_EVIDENCE, AlgoSignal.SEND: _A.SENT},
}

SIGNAL_OF_ALGO: Final[dict[AlgoStatus, AlgoSignal]] = {
    _A.ARMED: AlgoSignal.ARMED,
    _A.TRIGGERING: AlgoSignal.TRIGGERING,
    _A.TRIGGERED: AlgoSignal.TRIGGERED,
    _A.FINISHED: AlgoSignal.FINISHED,
    _A.CANCELLED: AlgoSignal.CANCELLED,
    _A.EXPIRED: AlgoSignal.EXPIRED,
    _A.REJECTED: AlgoSignal.FAILED,
}


def advance_algo(status: AlgoStatus, signal: AlgoSignal) -> AlgoStatus:
    """The status of an algo order after a signal. Raises `IllegalTransition` where the table has no key."""
    try:
        return ALGO_TABLE[status][signal]
    except KeyError:
        raise IllegalTransition(f"algo order {status.value} does not know {signal.value}") from None


class Request(StrEnum):
    """What moves the second axis, the request in flight."""

    PLACE = "place"
    PLACE_SETTLED = "place_settled"
    PLACE_UNKNOWN = "place_unknown"
    CANCEL = "cancel"
    CANCEL_SETTLED = "cancel_settled"
    CANCEL_UNKNOWN = "cancel_unknown"
    EVIDENCE = "evidence"


_P = Pending
PENDING_TABLE: Final[dict[Pending, dict[Request, Pending]]] = {
    _P.NONE: {
        Request.PLACE: _P.PLACE,
        Request.PLACE_SETTLED: _P.NONE,
        Request.PLACE_UNKNOWN: _P.NONE,
        Request.CANCEL: _P.CANCEL,
        Request.CANCEL_SETTLED: _P.NONE,
        Request.CANCEL_UNKNOWN: _P.CANCEL_UNKNOWN,
        Request.EVIDENCE: _P.NONE,
    },
    _P.PLACE: {
        Request.PLACE: _P.PLACE,
        Request.PLACE_SETTLED: _P.NONE,
        Request.PLACE_UNKNOWN: _P.PLACE_UNKNOWN,
        # A cancel sent after the place on the same channel settles both: what it finds is what there is.
        Request.CANCEL: _P.PLACE,
        Request.CANCEL_SETTLED: _P.PLACE,
        Request.CANCEL_UNKNOWN: _P.PLACE,
        Request.EVIDENCE: _P.NONE,
    },
    _P.PLACE_UNKNOWN: {
        Request.PLACE: _P.PLACE,
        Request.PLACE_SETTLED: _P.NONE,
        Request.PLACE_UNKNOWN: _P.PLACE_UNKNOWN,
        Request.CANCEL: _P.PLACE_UNKNOWN,
        Request.CANCEL_SETTLED: _P.PLACE_UNKNOWN,
        Request.CANCEL_UNKNOWN: _P.PLACE_UNKNOWN,
        Request.EVIDENCE: _P.NONE,
    },
    _P.CANCEL: {
        Request.PLACE: _P.PLACE,
        Request.PLACE_SETTLED: _P.CANCEL,
        Request.PLACE_UNKNOWN: _P.CANCEL,
        Request.CANCEL: _P.CANCEL,
        Request.CANCEL_SETTLED: _P.NONE,
        Request.CANCEL_UNKNOWN: _P.CANCEL_UNKNOWN,
        Request.EVIDENCE: _P.CANCEL,
    },
    _P.CANCEL_UNKNOWN: {
        Request.PLACE: _P.PLACE,
        Request.PLACE_SETTLED: _P.CANCEL_UNKNOWN,
        Request.PLACE_UNKNOWN: _P.CANCEL_UNKNOWN,
        Request.CANCEL: _P.CANCEL,
        Request.CANCEL_SETTLED: _P.NONE,
        Request.CANCEL_UNKNOWN: _P.CANCEL_UNKNOWN,
        Request.EVIDENCE: _P.CANCEL_UNKNOWN,
    },
}


def advance_pending(pending: Pending, request: Request) -> Pending:
    """The request axis after a request was sent, answered, lost, or overtaken by evidence."""
    return PENDING_TABLE[pending][request]
