"""Addresses and the table of endpoints."""

import pytest

from holdfast.binance import endpoints as ep
from holdfast.binance.endpoints import Address, Endpoint
from holdfast.model.settings import Venue

TABLE = [value for value in vars(ep).values() if isinstance(value, Endpoint)]


def test_an_address_is_host_and_path() -> None:
    """What `holdfast paper` prints becomes a place to connect to."""
    assert Address.of("ws://127.0.0.1:8080/ws-fapi/v1/") == ("ws://127.0.0.1:8080", "/ws-fapi/v1")


@pytest.mark.parametrize("url", ["", "127.0.0.1:80", "/path", "https://"])
def test_half_an_address_is_refused(url: str) -> None:
    """No guessing of schemes or hosts."""
    with pytest.raises(ValueError, match="absolute"):
        Address.of(url)


def test_live_and_demo_share_no_host() -> None:
    """Demo orders must never reach the live venue, nor the other way round."""
    hosts = [{a.origin for a in ep.KNOWN[venue] if a is not None} for venue in (Venue.LIVE, Venue.DEMO)]
    assert not hosts[0] & hosts[1]
    assert Venue.PAPER not in ep.KNOWN


def test_only_live_has_a_wallet_host() -> None:
    """Key restrictions can be read on live only (P37)."""
    assert ep.KNOWN[Venue.LIVE].wallet is not None
    assert ep.KNOWN[Venue.DEMO].wallet is None


def test_nobody_ever_deletes_a_listen_key() -> None:
    """RULES 16: one DELETE closes the stream of every process on the account."""
    assert not [e for e in TABLE if e.path.endswith("listenKey") and e.method == "DELETE"]


def test_amending_is_not_offered() -> None:
    """RULES 1: nothing re-sends or changes an order in place."""
    assert not [e for e in TABLE if e.method == "PUT" and "listenKey" not in e.path]


def test_only_placements_count_as_orders() -> None:
    """Protocol notes A.7: cancels cost weight and no order count."""
    assert sorted(e.ws_method for e in TABLE if e.orders) == ["algoOrder.place", "order.place"]
