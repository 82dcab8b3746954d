"""Values to responses."""

from decimal import Decimal

from holdfast.api.answers import json_answer


def test_decimals_leave_as_text() -> None:
    """No reader can lose a digit to a float."""
    answer = json_answer({"price": Decimal("0.10")}, 202, {"Location": "/x"})
    assert answer.body == b'{"price":"0.10"}'
    assert (answer.status_code, answer.headers["location"]) == (202, "/x")
    assert answer.media_type == "application/json"
