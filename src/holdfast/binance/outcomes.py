"""How a request ended: one total function over (transport result, status, code, message) (RULES 1).

A write is `rejected` only on proof: a parsed body with a code of the closed list, or 503 with exactly
"Service Unavailable.". Whatever else arrives, or does not arrive, is `unknown`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, NamedTuple

from holdfast.binance.codes import DONE, EXISTS, PROVEN_REJECTIONS, THROTTLES
from holdfast.model.reasons import Outcome
from holdfast.model.reports import AlgoReport, OrderReport, RequestOutcome

SERVICE_UNAVAILABLE: Final = "Service Unavailable."
"""The one 503 text that proves that nothing was executed (protocol notes A.6, 503 B)."""

UNKNOWN_TEXTS: Final = (
    "unknown error",
    "execution status unknown",
    "send status unknown",
    "internal error; unable to process",
)
"""Texts of 503 A, 503 C, −1006 and −1007. They have been seen under other codes, so the text beats the code."""

_BAN_TEXT: Final = re.compile(r"banned until (\d{13})")
_LIMIT_TEXT: Final = re.compile(r"per (\d*)\s*(second|minute)", re.IGNORECASE)
_UNIT_MS: Final = {"second": 1_000, "minute": 60_000}
_MESSAGE_CHARACTERS: Final = 240
_LONGEST_BAN_MS: Final = 3 * 86_400_000
"""Bans grow from two minutes to three days (protocol notes A.7); a later date in the text is not believed."""


class Op(StrEnum):
    """What kind of request it was: it decides what a code means."""

    PLACE_ONCE = "place_once"
    """An entry or a partial exit: never sent again."""
    PLACE_AGAIN = "place_again"
    """A stop or a full close: late or doubled it only reduces."""
    CANCEL = "cancel"
    SETTING = "setting"
    READ = "read"


class Answer(NamedTuple):
    """What came back. `status` 0: no complete answer. `sent` False only when provably no byte left.

    `parsed` means that the body was what the venue promises for this status: the expected result for 200, an error
    object otherwise. `retry_after_ms` is the header's, 0 when absent.
    """

    status: int
    code: int = 0
    message: str = ""
    parsed: bool = False
    sent: bool = True
    retry_after_ms: int = 0


def classify(
    op: Op, answer: Answer, now_ms: int, order: OrderReport | None = None, algo: AlgoReport | None = None
) -> RequestOutcome:
    """The outcome of a request (RULES 1). Total: every answer has one, and nothing raises.

    `order` and `algo` are what a parsed result said; they go along with a confirmation only.
    """
    message = answer.message[:_MESSAGE_CHARACTERS]
    if not answer.sent:
        # Nothing left, so nothing happened. What may be sent again is left `unknown`, whose reaction is "again".
        kind = Outcome.REJECTED if op is Op.PLACE_ONCE else Outcome.UNKNOWN
        return RequestOutcome(outcome=kind, message=message, local="unsent")
    kind = _kind(op, answer)
    if kind is Outcome.CONFIRMED:
        return RequestOutcome(
            outcome=kind, code=answer.code, message=message, status=answer.status, order=order, algo=algo
        )
    until_ms = throttled_until(answer, now_ms) if kind is Outcome.THROTTLED else 0
    # The core tells this proof by its status, so a code that came along must not hide it.
    code = 0 if kind is Outcome.REJECTED and _is_service_unavailable(answer) else answer.code
    return RequestOutcome(outcome=kind, code=code, message=message, status=answer.status, until_ms=until_ms)


def _kind(op: Op, answer: Answer) -> Outcome:
    if not answer.parsed:
        return Outcome.UNKNOWN
    if answer.status == 200:
        return Outcome.CONFIRMED
    if any(text in answer.message.lower() for text in UNKNOWN_TEXTS):
        return Outcome.UNKNOWN
    if _is_service_unavailable(answer):
        return Outcome.REJECTED
    if not 400 <= answer.status < 500 or answer.status == 408:
        return Outcome.UNKNOWN
    return _kind_of_code(op, answer.code)


def _kind_of_code(op: Op, code: int) -> Outcome:
    if code in THROTTLES:
        return Outcome.THROTTLED
    if op is Op.SETTING and code in DONE:
        return Outcome.CONFIRMED
    if op in (Op.PLACE_ONCE, Op.PLACE_AGAIN) and code in EXISTS:
        return Outcome.REJECTED
    if code in PROVEN_REJECTIONS:
        return Outcome.REJECTED
    return Outcome.UNKNOWN


def _is_service_unavailable(answer: Answer) -> bool:
    return answer.status == 503 and answer.message == SERVICE_UNAVAILABLE


def throttled_until(answer: Answer, now_ms: int) -> int:
    """When a throttled request may go again: the ban's end, Retry-After, or the turn of the window it names."""
    ban = _BAN_TEXT.search(answer.message)
    if ban:
        return min(int(ban.group(1)), now_ms + _LONGEST_BAN_MS)
    if answer.retry_after_ms:
        return now_ms + answer.retry_after_ms
    named = _LIMIT_TEXT.search(answer.message)
    if named:
        length = int(named.group(1) or 1) * _UNIT_MS[named.group(2).lower()]
    else:
        # Weight is counted per clock minute; order counts turn every ten seconds at the earliest (notes A.7).
        length = 60_000 if answer.code == -1003 else 10_000
    length = max(length, 1_000)
    return (now_ms // length + 1) * length


def is_ban(answer: Answer) -> bool:
    """Whether the address is banned: nothing at all may be sent before `throttled_until`."""
    return answer.code == -1003 and (answer.status == 418 or bool(_BAN_TEXT.search(answer.message)))
