"""RULES 2 as a table: one test per cell of role × outcome, and one per code that has a reaction of its own."""

from itertools import product

import pytest

from holdfast.core.responses import BY_CODE, DEFAULTS, SERVICE_UNAVAILABLE, Reaction, code_of, reaction_to
from holdfast.model.ids import Role
from holdfast.model.reasons import Outcome
from holdfast.model.reports import RequestOutcome

R = Reaction
CELLS = {
    (Role.ENTRY, Outcome.CONFIRMED): R.TAKE_EVIDENCE,
    (Role.ENTRY, Outcome.REJECTED): R.END_TRADE,
    (Role.ENTRY, Outcome.THROTTLED): R.RETRY_ENTRY_AFTER_WINDOW,
    (Role.ENTRY, Outcome.UNKNOWN): R.RESOLVE_NEVER_RESEND,
    (Role.STOP, Outcome.CONFIRMED): R.TAKE_EVIDENCE,
    (Role.STOP, Outcome.REJECTED): R.STOP_OTHER_FORM,
    (Role.STOP, Outcome.THROTTLED): R.STOP_IN_RESERVE,
    (Role.STOP, Outcome.UNKNOWN): R.STOP_SAME_AGAIN,
    (Role.TARGET, Outcome.CONFIRMED): R.TAKE_EVIDENCE,
    (Role.TARGET, Outcome.REJECTED): R.REDERIVE_EXIT,
    (Role.TARGET, Outcome.THROTTLED): R.WAIT_WINDOW,
    (Role.TARGET, Outcome.UNKNOWN): R.RESOLVE_NEVER_RESEND,
    (Role.EXIT, Outcome.CONFIRMED): R.TAKE_EVIDENCE,
    (Role.EXIT, Outcome.REJECTED): R.REDERIVE_EXIT,
    (Role.EXIT, Outcome.THROTTLED): R.WAIT_WINDOW,
    (Role.EXIT, Outcome.UNKNOWN): R.RESOLVE_NEVER_RESEND,
    (Role.CLOSE, Outcome.CONFIRMED): R.TAKE_EVIDENCE,
    (Role.CLOSE, Outcome.REJECTED): R.FLATTEN_STEP,
    (Role.CLOSE, Outcome.THROTTLED): R.FLATTEN_STEP,
    (Role.CLOSE, Outcome.UNKNOWN): R.FLATTEN_STEP,
    (Role.CANCEL, Outcome.CONFIRMED): R.QUERY,
    (Role.CANCEL, Outcome.REJECTED): R.QUERY,
    (Role.CANCEL, Outcome.THROTTLED): R.WAIT_WINDOW,
    (Role.CANCEL, Outcome.UNKNOWN): R.REPEAT_AND_QUERY,
    (Role.SETTING, Outcome.CONFIRMED): R.SETTING_READ_BACK,
    (Role.SETTING, Outcome.REJECTED): R.SETTING_READ_BACK,
    (Role.SETTING, Outcome.THROTTLED): R.WAIT_WINDOW,
    (Role.SETTING, Outcome.UNKNOWN): R.SETTING_READ_BACK,
}
CODES = {
    (Role.ENTRY, -1021): R.RETRY_ENTRY_ONCE,
    (Role.ENTRY, -5028): R.RETRY_ENTRY_ONCE,
    (Role.STOP, -4509): R.STOP_AGAIN_SOON,
    (Role.STOP, -2022): R.STOP_AGAIN_SOON,
    (Role.STOP, -4130): R.STOP_COMPARE,
    (Role.STOP, -4116): R.STOP_COMPARE,
    (Role.STOP, -4115): R.STOP_COMPARE,
    (Role.STOP, -2021): R.FLATTEN_NOW,
    (Role.STOP, -1021): R.STOP_SAME_AGAIN,
    (Role.STOP, -5028): R.STOP_SAME_AGAIN,
    (Role.CLOSE, -2022): R.FLATTEN_FREE_TARGETS,
    (Role.CLOSE, -4118): R.FLATTEN_FREE_TARGETS,
    (Role.CLOSE, -4131): R.FLATTEN_BY_LIMIT,
    (Role.SETTING, -4046): R.SETTING_DONE,
    (Role.SETTING, -4059): R.SETTING_DONE,
    (Role.SETTING, -4171): R.SETTING_DONE,
}


def ended(outcome: Outcome, code: int = 0, status: int = 400, local: str = "") -> RequestOutcome:
    """The end of a request."""
    return RequestOutcome(outcome=outcome, code=code, status=status, local=local)


@pytest.mark.parametrize(("role", "outcome"), list(product(Role, Outcome)), ids=lambda value: value.value)
def test_rules_2_cell(role, outcome):
    """The column's default reaction of every role."""
    assert reaction_to(role, ended(outcome)) is CELLS[role, outcome]


@pytest.mark.parametrize(("role", "code"), list(CODES), ids=str)
def test_rules_2_code_of_its_own(role, code):
    """A proved rejection with a code that RULES 2 names beats the column's default."""
    assert reaction_to(role, ended(Outcome.REJECTED, code)) is CODES[role, code]


@pytest.mark.parametrize(("role", "code"), list(BY_CODE), ids=str)
def test_rules_2_no_code_turns_unknown_into_something_else(role, code):
    """Whatever code an unproved answer carries, it proves nothing (RULES 1)."""
    assert reaction_to(role, ended(Outcome.UNKNOWN, code)) is DEFAULTS[role, Outcome.UNKNOWN]


@pytest.mark.parametrize("role", [Role.ENTRY, Role.TARGET, Role.EXIT])
@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.UNKNOWN])
@pytest.mark.parametrize("code", [-4115, -4116])
def test_rules_1_a_duplicate_id_is_evidence_and_never_a_rejection(role, outcome, code):
    """It proves that something of that id exists: read it (fault A14)."""
    assert reaction_to(role, ended(outcome, code)) is R.RESOLVE_NEVER_RESEND


@pytest.mark.parametrize("role", [Role.ENTRY, Role.STOP])
def test_rules_1_service_unavailable_is_a_proved_rejection_without_a_code(role):
    """503 `Service Unavailable.` was classed as rejected; the venue did not look at the request."""
    expected = {Role.ENTRY: R.RETRY_ENTRY_ONCE, Role.STOP: R.STOP_SAME_AGAIN}[role]
    outcome = ended(Outcome.REJECTED, 0, 503)
    assert code_of(outcome) == SERVICE_UNAVAILABLE
    assert reaction_to(role, outcome) is expected


def test_rules_8_an_entry_dropped_unsent_is_no_service_unavailable():
    """A refusal of our own ("late") is not the venue's 503, whatever status stands beside it."""
    assert reaction_to(Role.ENTRY, ended(Outcome.REJECTED, 0, 503, "late")) is R.END_TRADE


def test_an_unknown_entry_has_no_reaction_that_sends():
    """The one promise above all: once (RULES 2)."""
    sends = {R.RETRY_ENTRY_ONCE, R.RETRY_ENTRY_AFTER_WINDOW, R.REDERIVE_EXIT, R.STOP_SAME_AGAIN}
    for code in range(-6000, 0):
        assert reaction_to(Role.ENTRY, ended(Outcome.UNKNOWN, code)) not in sends
