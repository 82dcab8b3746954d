"""Parameters of a request."""

from decimal import Decimal

import msgspec
import pytest

from holdfast.paper.errors import VenueError
from holdfast.paper.params import Params, from_raw


def test_names_match_in_any_case() -> None:
    """Clients disagree about capitals."""
    params = Params({"timeInForce": "GTC"})
    assert params.get("TIMEINFORCE") == params.need("timeinforce") == "GTC"


def test_key_and_signature_are_not_logged() -> None:
    """Secrets stay out of the venue log."""
    assert Params({"apiKey": "k", "signature": "s", "symbol": "X"}).logged() == {"symbol": "X"}


@pytest.mark.parametrize("text", ["", "x", "1.5", "１", "9" * 21, "--1"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    """An empty one counts as not sent."""
    params = Params({"n": text})
    if not text:
        assert params.integer("n") is None
        return
    with pytest.raises(VenueError) as refusal:
        params.integer("n")
    assert refusal.value.code == -1102


def test_json_values_keep_their_digits() -> None:
    """Numbers are never turned into floats."""
    raw = msgspec.json.decode(
        b'{"q":0.10000000000000000001,"b":true,"s":"a\\u00e9","n":null,"i":5}', type=dict[str, msgspec.Raw]
    )
    named = from_raw(raw)
    assert named == {"q": "0.10000000000000000001", "b": "true", "s": "aé", "i": "5"}
    assert Params(named).decimal("q") == Decimal("0.10000000000000000001")


@pytest.mark.parametrize(("text", "value"), [("true", True), ("TRUE", True), ("false", False), ("", False)])
def test_flags(text: str, value: bool) -> None:
    """True, false, or not sent."""
    assert Params({"f": text}).flag("f") is value
