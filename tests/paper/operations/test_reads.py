"""What the public reads share."""

import pytest

from holdfast.paper.errors import VenueError
from holdfast.paper.operations.reads import Times, asked_limit, limit, times
from holdfast.paper.params import Params


@pytest.mark.parametrize(("text", "expected"), [("", 500), ("1", 1), ("1500", 1500)])
def test_a_limit_has_a_default(text: str, expected: int) -> None:
    """Both ends are included."""
    assert limit(Params({"limit": text}), default=500, most=1500) == expected


@pytest.mark.parametrize(("text", "code"), [("0", -1130), ("-1", -1130), ("1501", -1130), ("many", -1102)])
def test_a_limit_out_of_range_is_refused(text: str, code: int) -> None:
    """Protocol notes B.1, measured for klines."""
    with pytest.raises(VenueError) as refused:
        limit(Params({"limit": text}), default=500, most=1500)
    assert refused.value.code == code


def test_a_malformed_limit_weighs_like_none() -> None:
    """Its weight is needed before its refusal."""
    assert asked_limit(Params({"limit": "many"})) is None


def test_a_window_may_be_open_at_both_ends() -> None:
    """What was not sent is None."""
    assert times(Params({})) == Times(None, None)
    assert times(Params({"startTime": "5", "endTime": "5"})) == Times(5, 5)


@pytest.mark.parametrize(
    ("start", "end", "code"), [("6", "5", -1023), ("-1", "", -1130), ("", "100000000000000", -1130), ("x", "", -1102)]
)
def test_an_impossible_window_is_refused(start: str, end: str, code: int) -> None:
    """Years beyond the calendar would break months."""
    with pytest.raises(VenueError) as refused:
        times(Params({"startTime": start, "endTime": end}))
    assert refused.value.code == code
