"""Rate limits are counted per window of the clock."""

import pytest

from holdfast.paper.config import RateLimits
from holdfast.paper.errors import VenueError
from holdfast.paper.limits import Limits
from tests.paper.desk import Desk

MINUTE = 60_000_000


def test_the_weight_window_follows_the_clock_minute() -> None:
    """The counter falls at the turn of the minute, not a minute after the first request."""
    limits = Limits(RateLimits(weight_per_minute=10))
    limits.charge_weight(10, MINUTE - 1)
    limits.charge_weight(10, MINUTE)
    with pytest.raises(VenueError) as refusal:
        limits.charge_weight(1, MINUTE + 1)
    assert (refusal.value.code, refusal.value.status) == (-1003, 429)


@pytest.mark.parametrize("limits", [RateLimits(orders_per_10_seconds=2), RateLimits(orders_per_minute=2)])
def test_orders_beyond_either_window_are_refused(limits: RateLimits) -> None:
    """The third order is refused with -1015 and status 429; headers count what was sent."""
    desk = Desk(limits=limits)
    assert [desk.order().status for _ in range(2)] == [200, 200]
    refused = desk.order()
    assert (refused.status, refused.code) == (429, -1015)


def test_order_counts_stand_in_the_headers_of_placements_only() -> None:
    """A read carries the weight; a placement carries both order counts as well."""
    desk = Desk(limits=RateLimits())
    placed = desk.order().headers
    assert (placed["X-MBX-ORDER-COUNT-10S"], placed["X-MBX-ORDER-COUNT-1M"]) == ("1", "1")
    read = desk.call("GET", "/fapi/v3/balance").headers
    assert read["X-MBX-USED-WEIGHT-1M"] == "5"
    assert "X-MBX-ORDER-COUNT-1M" not in read


def test_a_refused_request_costs_its_weight() -> None:
    """An unknown symbol is refused, and its weight counts all the same."""
    desk = Desk(limits=RateLimits())
    assert desk.raw("GET", "/fapi/v1/ticker/bookTicker?symbol=NOPE").code == -1121
    assert desk.raw("GET", "/fapi/v1/ping").headers["X-MBX-USED-WEIGHT-1M"] == "3"


def test_lifted_limits_are_shown_as_huge() -> None:
    """A client that reads limits from exchangeInfo sees numbers in any case."""
    rows = Limits(RateLimits(weight_per_minute=None)).rows()
    assert rows[0]["limit"] == 1_000_000_000
