"""The table of codes."""

import re
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from holdfast.paper import errors
from holdfast.paper.error_texts import OWN_WORDS, QUOTED, QUOTED_IN_PART
from holdfast.paper.errors import (
    BANNED,
    MESSAGES,
    UNAVAILABLE_503,
    UNKNOWN_503,
    VenueError,
    missing,
    needs_either,
    unwanted,
)
from holdfast.paper.facts import VenueFacts


@pytest.mark.parametrize(
    ("code", "status"), [(-2019, 400), (-2015, 401), (-1003, 429), (-1007, 408), (-1008, 503), (-5000, 404)]
)
def test_the_status_of_a_code(code: int, status: int) -> None:
    """400 unless the code has another."""
    assert VenueError(code, message="x").status == status


def test_details_fill_the_text() -> None:
    """Names of parameters and limits."""
    assert missing("price").message == "Mandatory parameter 'price' was not sent, was empty/null, or malformed."
    assert unwanted("price").message == "Parameter 'price' sent when not required."
    assert "'a' or 'b'" in needs_either("a", "b").message


def test_a_code_without_a_text_is_a_mistake_of_ours() -> None:
    """A missing key is the error."""
    assert -1 not in MESSAGES
    with pytest.raises(KeyError):
        VenueError(-1)


QUOTED_TEXTS: list[tuple[int, tuple[object, ...], str]] = [
    (-1001, (), "Internal error; unable to process your request. Please try again."),
    (
        -1008,
        (),
        "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again.",
    ),
    (-1102, ("quantity",), "Mandatory parameter 'quantity' was not sent, was empty/null, or malformed."),
    (-1106, ("timeinforce",), "Parameter 'timeinforce' sent when not required."),
    (-1111, (), "Precision is over the maximum defined for this asset."),
    (-1120, (), "Invalid interval."),
    (-1121, (), "Invalid symbol."),
    (-1130, ("limit",), "Data sent for parameter 'limit' is not valid."),
    (-2011, (), "Unknown order sent."),
    (-2013, (), "Order does not exist."),
    (-2015, (), "Invalid API-key, IP, or permissions for action."),
    (-2019, (), "Margin is insufficient."),
    (-4021, ("7",), "7 is not valid depth limit"),
    (-4120, (), "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."),
    (-4164, ("50",), "Order's notional must be no smaller than 50 (unless you choose reduce only)"),
    (-4166, (), "Search window is restricted to recent 2 days only."),
]
"""Every text that the protocol notes quote for a code, as it is on the wire."""

QUOTED_WORDS: list[tuple[int, str]] = [
    (-1006, "Execution status unknown."),
    (-1007, "Send status unknown; execution status unknown."),
    (-4117, "top order is triggering"),
    (-4130, "with GTE and closePosition"),
    (-5000, "Path %s, Method %s is invalid"),
]


@pytest.mark.parametrize(("code", "details", "text"), QUOTED_TEXTS)
def test_h_quoted_texts_are_word_for_word(code: int, details: tuple[object, ...], text: str) -> None:
    """Protocol notes H (and A.6, B.1, C.1, C.5, D.1, G.1): a client may look for these."""
    assert VenueError(code, *details).message == text


@pytest.mark.parametrize(("code", "words"), QUOTED_WORDS)
def test_h_texts_quoted_in_part_have_the_words(code: int, words: str) -> None:
    """Protocol notes H.1, D.6, and what was seen of -4130."""
    assert words in QUOTED_IN_PART[code]


def test_h_every_text_says_whether_it_is_quoted() -> None:
    """The tables of the code and of this test name the same codes; none is in two tables."""
    assert list(QUOTED) == [code for code, _, _ in QUOTED_TEXTS]
    assert list(QUOTED_IN_PART) == [code for code, _ in QUOTED_WORDS]
    assert len(MESSAGES) == len(QUOTED) + len(QUOTED_IN_PART) + len(OWN_WORDS)


def test_a6_texts_without_a_code_are_word_for_word() -> None:
    """Protocol notes A.6, A.7, C.4: the 503 messages, the ban, and the id that is missing."""
    assert UNKNOWN_503 == "Unknown error, please check your request or try again later."
    assert UNAVAILABLE_503 == "Service Unavailable."
    assert BANNED % 1790000000321 == (
        "Way too many requests; IP banned until 1790000000321. Please use the websocket for live updates to avoid bans."
    )
    text = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
    assert needs_either("origClientOrderId", "orderId").message == text


def test_h_every_code_that_is_raised_has_a_text() -> None:
    """Protocol notes H: a refusal without one would be a crash; switches name codes too."""
    sources = sorted(Path(errors.__file__).parent.rglob("*.py"))
    raised = {int(code) for path in sources for code in re.findall(r"VenueError\((-\d+)", path.read_text("utf-8"))}
    hints = get_type_hints(VenueFacts).values()
    named = {str(value) for hint in hints if get_origin(hint) is Literal for value in get_args(hint)}
    switched = {int(value) for value in named if re.fullmatch(r"-\d+", value)}
    assert len(raised) > 50
    assert sorted((raised | switched) - MESSAGES.keys()) == []
