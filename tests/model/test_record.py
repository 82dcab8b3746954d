"""The version of the journal's format."""

import msgspec
import pytest

from holdfast.model import events as ev
from holdfast.model.record import FORMAT, Event


def test_a_start_without_a_format_is_of_the_first():
    """It left the number out, as every default is left out of a record; so the default may never change."""
    assert ev.EngineStarted.__struct_defaults__[-1] == 1
    assert FORMAT > 1


def test_every_record_has_the_venue_time():
    """Nothing happened at no time."""
    assert Event.__struct_fields__[0] == "at_ms"
    with pytest.raises(msgspec.ValidationError, match="at_ms"):
        ev.decode(b'{"event":"flatten_ended","symbol":"BTCUSDT","subject":"s"}')
