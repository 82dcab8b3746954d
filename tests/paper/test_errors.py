"""The table of codes."""

import pytest

from holdfast.paper.errors import MESSAGES, VenueError, missing, needs_either, unwanted


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
