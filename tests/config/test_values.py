"""What a loaded configuration carries."""

import traceback

import pytest

from holdfast.config.values import ENDPOINTS, ConfigError, Problem, Secret
from holdfast.model.settings import Venue


def test_every_venue_has_its_own_addresses() -> None:
    """No two venues share one, so paper can never be live by a slip."""
    for field in ("rest", "ws_api", "streams"):
        addresses = [getattr(ENDPOINTS[venue], field) for venue in Venue]
        assert len(set(addresses)) == len(Venue)
        assert not any(address.endswith("/") for address in addresses)


@pytest.mark.parametrize("venue", [Venue.DEMO, Venue.LIVE])
def test_real_venues_are_encrypted(venue: Venue) -> None:
    """TLS on every address."""
    endpoints = ENDPOINTS[venue]
    assert endpoints.rest.startswith("https://")
    assert endpoints.ws_api.startswith("wss://")
    assert endpoints.streams.startswith("wss://")


def test_an_error_lists_every_problem() -> None:
    """Two lines each: where, key and rule; then what would pass."""
    problems = [Problem(where="f", key=f"a.{n}", rule="must", passes="1") for n in range(3)]
    assert str(ConfigError(problems)).splitlines() == [
        line for n in range(3) for line in (f"f: a.{n}: must", "    would pass: 1")
    ]


def test_a_traceback_does_not_show_a_secret() -> None:
    """Not even with the values of a frame."""
    secret = Secret("".join(("hidden", "-text")))
    try:
        raise ValueError(secret)
    except ValueError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        assert "hidden-text" not in "".join(shown.format())
