"""Role × outcome (RULES 2) as data: what the engine does about the end of a request.

The table names reactions; the modules that carry them out are `entry`, `protection`, `exits`, `flatten` and
`unknowns`. One test per cell.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from holdfast.model.ids import Role
from holdfast.model.reasons import Outcome
from holdfast.model.reports import DUPLICATE_ID_CODES, RequestOutcome


class Reaction(StrEnum):
    """What to do next."""

    TAKE_EVIDENCE = "take_evidence"
    END_TRADE = "end_trade"
    RETRY_ENTRY_ONCE = "retry_entry_once"
    RETRY_ENTRY_AFTER_WINDOW = "retry_entry_after_window"
    RESOLVE_NEVER_RESEND = "resolve_never_resend"
    STOP_AGAIN_SOON = "stop_again_soon"
    STOP_COMPARE = "stop_compare"
    STOP_OTHER_FORM = "stop_other_form"
    STOP_SAME_AGAIN = "stop_same_again"
    STOP_IN_RESERVE = "stop_in_reserve"
    FLATTEN_NOW = "flatten_now"
    REDERIVE_EXIT = "rederive_exit"
    WAIT_WINDOW = "wait_window"
    FLATTEN_STEP = "flatten_step"
    FLATTEN_FREE_TARGETS = "flatten_free_targets"
    FLATTEN_BY_LIMIT = "flatten_by_limit"
    QUERY = "query"
    REPEAT_AND_QUERY = "repeat_and_query"
    SETTING_DONE = "setting_done"
    SETTING_READ_BACK = "setting_read_back"


SERVICE_UNAVAILABLE: Final = -503
"""Pseudo-code for HTTP 503 whose message is exactly "Service Unavailable.": a proved rejection without a code."""

DEFAULTS: Final[dict[tuple[Role, Outcome], Reaction]] = {
    (Role.ENTRY, Outcome.CONFIRMED): Reaction.TAKE_EVIDENCE,
    (Role.ENTRY, Outcome.REJECTED): Reaction.END_TRADE,
    (Role.ENTRY, Outcome.THROTTLED): Reaction.RETRY_ENTRY_AFTER_WINDOW,
    (Role.ENTRY, Outcome.UNKNOWN): Reaction.RESOLVE_NEVER_RESEND,
    (Role.STOP, Outcome.CONFIRMED): Reaction.TAKE_EVIDENCE,
    (Role.STOP, Outcome.REJECTED): Reaction.STOP_OTHER_FORM,
    (Role.STOP, Outcome.THROTTLED): Reaction.STOP_IN_RESERVE,
    (Role.STOP, Outcome.UNKNOWN): Reaction.STOP_SAME_AGAIN,
    (Role.TARGET, Outcome.CONFIRMED): Reaction.TAKE_EVIDENCE,
    (Role.TARGET, Outcome.REJECTED): Reaction.REDERIVE_EXIT,
    (Role.TARGET, Outcome.THROTTLED): Reaction.WAIT_WINDOW,
    (Role.TARGET, Outcome.UNKNOWN): Reaction.RESOLVE_NEVER_RESEND,
    (Role.EXIT, Outcome.CONFIRMED): Reaction.TAKE_EVIDENCE,
    (Role.EXIT, Outcome.REJECTED): Reaction.REDERIVE_EXIT,
    (Role.EXIT, Outcome.THROTTLED): Reaction.WAIT_WINDOW,
    (Role.EXIT, Outcome.UNKNOWN): Reaction.RESOLVE_NEVER_RESEND,
    (Role.CLOSE, Outcome.CONFIRMED): Reaction.TAKE_EVIDENCE,
    (Role.CLOSE, Outcome.REJECTED): Reaction.FLATTEN_STEP,
    (Role.CLOSE, Outcome.THROTTLED): Reaction.FLATTEN_STEP,
    (Role.CLOSE, Outcome.UNKNOWN): Reaction.FLATTEN_STEP,
    (Role.CANCEL, Outcome.CONFIRMED): Reaction.QUERY,
    (Role.CANCEL, Outcome.REJECTED): Reaction.QUERY,
    (Role.CANCEL, Outcome.THROTTLED): Reaction.WAIT_WINDOW,
    (Role.CANCEL, Outcome.UNKNOWN): Reaction.REPEAT_AND_QUERY,
    (Role.SETTING, Outcome.CONFIRMED): Reaction.SETTING_READ_BACK,
    (Role.SETTING, Outcome.REJECTED): Reaction.SETTING_READ_BACK,
    (Role.SETTING, Outcome.THROTTLED): Reaction.WAIT_WINDOW,
    (Role.SETTING, Outcome.UNKNOWN): Reaction.SETTING_READ_BACK,
}

BY_CODE: Final[dict[tuple[Role, int], Reaction]] = {
    # An entry may be tried once more only when the venue proved that it did not even look at it.
    (Role.ENTRY, -1021): Reaction.RETRY_ENTRY_ONCE,
    (Role.ENTRY, -5028): Reaction.RETRY_ENTRY_ONCE,
    (Role.ENTRY, SERVICE_UNAVAILABLE): Reaction.RETRY_ENTRY_ONCE,
    # The position is not visible to the algo service yet.
    (Role.STOP, -4509): Reaction.STOP_AGAIN_SOON,
    (Role.STOP, -2022): Reaction.STOP_AGAIN_SOON,
    # The venue never looked at it: the same stop goes again.
    (Role.STOP, -1021): Reaction.STOP_SAME_AGAIN,
    (Role.STOP, -5028): Reaction.STOP_SAME_AGAIN,
    (Role.STOP, SERVICE_UNAVAILABLE): Reaction.STOP_SAME_AGAIN,
    (Role.STOP, -4130): Reaction.STOP_COMPARE,
    (Role.STOP, -4116): Reaction.STOP_COMPARE,
    (Role.STOP, -4115): Reaction.STOP_COMPARE,
    (Role.STOP, -2021): Reaction.FLATTEN_NOW,
    (Role.STOP, -4142): Reaction.FLATTEN_NOW,
    (Role.CLOSE, -2022): Reaction.FLATTEN_FREE_TARGETS,
    (Role.CLOSE, -4118): Reaction.FLATTEN_FREE_TARGETS,
    (Role.CLOSE, -4131): Reaction.FLATTEN_BY_LIMIT,
    (Role.CLOSE, -2020): Reaction.FLATTEN_BY_LIMIT,
    (Role.SETTING, -4046): Reaction.SETTING_DONE,
    (Role.SETTING, -4059): Reaction.SETTING_DONE,
    (Role.SETTING, -4171): Reaction.SETTING_DONE,
}


def code_of(outcome: RequestOutcome) -> int:
    """The venue's code, or the pseudo-code of a rejection that carries none."""
    if outcome.code == 0 and outcome.status == 503 and outcome.outcome is Outcome.REJECTED and not outcome.local:
        return SERVICE_UNAVAILABLE
    return outcome.code


def reaction_to(role: Role, outcome: RequestOutcome) -> Reaction:
    """The reaction of RULES 2 to the end of a request. A code of its own beats the column's default.

    A duplicate id (−4115, −4116) proves that an order of that id exists, whatever the column: it is evidence to read.
    """
    code = code_of(outcome)
    if outcome.outcome is not Outcome.UNKNOWN and (role, code) in BY_CODE:
        return BY_CODE[(role, code)]
    if code in DUPLICATE_ID_CODES and role in (Role.ENTRY, Role.TARGET, Role.EXIT):
        return Reaction.RESOLVE_NEVER_RESEND
    return DEFAULTS[(role, outcome.outcome)]
