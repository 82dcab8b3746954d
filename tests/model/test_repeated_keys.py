"""Keys that stand twice in one JSON object."""

import pytest

from holdfast.model.repeated_keys import RepeatedKey, refuse_repeated_keys


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"id": "a", "id": "a"}', "id"),
        (b'{"size": {"quantity": "1", "quantity": "10"}}', "quantity"),
        (b'{"take_profits": [{"pct": "1"}, {"pct": "1", "pct": "2"}]}', "pct"),
        (b'{"side": "long", "\\u0073ide": "short"}', "side"),
    ],
)
def test_a_key_that_stands_twice_in_one_object_is_refused(body, key):
    """Also under another spelling, and however deep."""
    with pytest.raises(RepeatedKey) as caught:
        refuse_repeated_keys(body)
    assert str(caught.value) == key


@pytest.mark.parametrize(
    "body", [b"{}", b'{"a": {"id": 1}, "b": {"id": 1}}', b'[{"id": 1}, {"id": 1e999}]', b"1" * 5_000]
)
def test_the_same_key_in_different_objects_is_fine(body):
    """And numbers are somebody else's business."""
    refuse_repeated_keys(body)
