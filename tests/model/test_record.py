"""The version of the journal's format."""

import msgspec
import pytest

from holdfast.model import events as ev
from holdfast.model.record import FORMAT, Event


def test_a_start_names_the_format_it_writes():
    """Readers look there before they trust what follows."""
    assert ev.EngineStarted.__struct_defaults__[-1] == FORMAT


def test_every_record_has_the_venue_time():
    """Nothing happened at no time."""
    assert Event.__struct_fields__[0] == "at_ms"
    with pytest.raises(msgspec.ValidationError, match="at_ms"):
        ev.decode(b'{"event":"flatten_ended","symbol":"BTCUSDT","subject":"s"}')
