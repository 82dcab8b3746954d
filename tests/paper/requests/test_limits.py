"""Rate limits are counted per window of the clock."""

import pytest

from holdfast.paper.config import RateLimits
from holdfast.paper.errors import VenueError
from holdfast.paper.requests.limits import Limits
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


def test_who_goes_on_after_refusals_is_banned_for_longer_each_time() -> None:
    """Protocol notes A.6, A.7: 429 with -1003, then 418 with the time the ban ends; every path is struck."""
    desk = Desk(limits=RateLimits(weight_per_minute=2, refusals_before_ban=2))
    statuses = [desk.raw("GET", "/fapi/v1/ping").status for _ in range(6)]
    assert statuses == [200, 200, 429, 429, 418, 418]
    until_ms = desk.now_us // 1000 + 120_000
    asked = "Please use the websocket for live updates to avoid bans."
    told = f"Way too many requests; IP banned until {until_ms}. {asked}"
    assert desk.raw("GET", "/fapi/v1/ping").body == {"code": -1003, "msg": told}
    assert desk.raw("GET", "/fapi/v9/moon").status == 418
    desk.wait(120_000_000)
    statuses = [desk.raw("GET", "/fapi/v1/ping").status for _ in range(5)]
    assert statuses == [200, 200, 429, 429, 418]
    assert str(desk.now_us // 1000 + 240_000) in desk.raw("GET", "/fapi/v1/ping").body["msg"]


def test_a_ban_strikes_the_ws_api_too() -> None:
    """Protocol notes G.1: both doors share all counters."""
    desk = Desk(limits=RateLimits(weight_per_minute=5, refusals_before_ban=0))
    assert desk.venue.ws_open(9, "/ws-fapi/v1", desk.now_us)
    assert desk.raw("GET", "/fapi/v1/ping").status == 418
    desk.venue.ws_text(9, '{"id":1,"method":"ticker.price"}', desk.now_us)
    desk.venue.ws_text(9, '{"id":2,"method":"moon"}', desk.now_us)
    assert [(reply["status"], reply["error"]["code"]) for reply in desk.sent(9)] == [(418, -1003), (418, -1003)]


def test_retry_after_is_a_switch() -> None:
    """Protocol notes M.7: seconds until the window turns or the ban ends; no header by default."""
    limits = RateLimits(weight_per_minute=0, orders_per_10_seconds=0, refusals_before_ban=1)
    assert "Retry-After" not in Desk(limits=limits).raw("GET", "/fapi/v1/ping").headers
    desk = Desk({"retry_after": True}, limits=limits)
    left_s = 60 - desk.now_us // 1_000_000 % 60
    assert desk.raw("GET", "/fapi/v1/ping").headers["Retry-After"] == str(left_s)
    assert desk.raw("GET", "/fapi/v1/ping").headers["Retry-After"] == "120"
    desk = Desk({"retry_after": True}, limits=RateLimits(orders_per_10_seconds=0))
    reply = desk.order()
    assert (reply.status, reply.code) == (429, -1015)
    assert int(reply.headers["Retry-After"]) == 10 - desk.now_us // 1_000_000 % 10
    assert desk.venue.ws_open(9, "/ws-fapi/v1", desk.now_us)
    desk.venue.exchange.limits.ban(1_000_000, desk.now_us)
    desk.venue.ws_text(9, '{"id":1,"method":"ticker.price"}', desk.now_us)
    assert desk.sent(9)[0]["error"]["data"]["retryAfter"] == desk.now_us // 1000 + 1000


def test_the_order_counters_are_shown_with_placements_only() -> None:
    """Protocol notes A.7: successful placements carry them, reads and rejections do not."""
    desk = Desk()
    assert "X-MBX-ORDER-COUNT-10S" in desk.order().headers
    assert "X-MBX-ORDER-COUNT-10S" not in desk.order(symbol="NOPE").headers
    assert "X-MBX-ORDER-COUNT-10S" not in desk.call("GET", "/fapi/v3/balance").headers


def test_a_pool_of_its_own_counts_nothing_else() -> None:
    """Protocol notes A.7: 500 requests in five minutes for funding."""
    limits = Limits(RateLimits())
    for _ in range(500):
        limits.charge_pool("funding", 0)
    with pytest.raises(VenueError) as refused:
        limits.charge_pool("funding", 0)
    assert (refused.value.code, limits.weight.count) == (-1003, 0)
    limits.charge_pool("funding", 300_000_000)
