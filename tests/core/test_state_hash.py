"""Equal states have equal hashes, and a hash says of which shape it is."""

from decimal import Decimal

from holdfast.core.state import EngineState
from holdfast.core.state_hash import _without_prose, state_hash, state_shape


def test_the_order_in_which_a_state_was_built_does_not_matter():
    """Two engines that learned the same in another order are equal."""
    one = EngineState(positions={"A": Decimal(1), "B": Decimal(2)})
    other = EngineState(positions={"B": Decimal(2), "A": Decimal(1)})
    assert state_hash(one) == state_hash(other)


def test_any_difference_shows():
    """One digit is enough."""
    assert state_hash(EngineState(events=1)) != state_hash(EngineState(events=2))


def test_the_shape_is_named_and_stable():
    """Sixteen hexadecimal digits, the same at every call."""
    assert len(state_shape()) == 16
    assert state_shape() == state_shape()


def test_what_a_docstring_says_changes_no_shape():
    """Only fields and types do."""
    told = {"a": {"description": "x", "type": "string"}, "b": [{"title": "y"}]}
    assert _without_prose(told) == {"a": {"type": "string"}, "b": [{}]}
