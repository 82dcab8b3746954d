"""Errors as RFC 9457 problems."""

import msgspec
import pytest

from holdfast.api.problems import TITLES, Refused, answer, malformed, on_failure, problem


@pytest.mark.parametrize("kind", TITLES)
def test_every_kind_has_status_title_and_type(kind: str) -> None:
    """And leaves as problem+json."""
    status, title = TITLES[kind]
    response = answer(problem(kind, "because"))
    value = msgspec.json.decode(response.body)
    assert response.status_code == status >= 400
    assert response.media_type == "application/problem+json"
    expected = {"type": f"urn:holdfast:problem:{kind}", "title": title, "status": status, "detail": "because"}
    assert value == expected


def test_a_malformed_request_names_three_things() -> None:
    """Field, rule, and what would pass."""
    value = malformed("size", "needs one", "1")
    assert (value.field, value.rule, value.passes) == ("size", "needs one", "1")
    assert value.detail == "size: needs one; would pass: 1"


def test_a_refusal_carries_its_headers() -> None:
    """For Retry-After and Allow."""
    assert Refused(problem("busy", "x"), {"Retry-After": "1"}).headers == {"Retry-After": "1"}


async def test_a_fault_of_ours_does_not_show_its_text() -> None:
    """It may hold anything."""
    response = await on_failure(None, ValueError("secret-key"))  # type: ignore[arg-type]
    assert response.status_code == 500
    assert b"ValueError" in response.body
    assert b"secret-key" not in response.body
