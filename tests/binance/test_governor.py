"""The rate governor: windows, reserves, bans, and the venue's own counters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.binance.governor import Governor
from holdfast.binance.payloads import RateLimitPayload
from holdfast.model.effects import Lane
from holdfast.model.reports import RateWindow

MINUTE_START_MS = 1_790_000_040_000
NOW_MS = MINUTE_START_MS + 15_000
"""15 s into a minute, 5 s into a window of ten seconds."""


def limit(kind: str, interval: str, number: int, limit: int, count: int = 0) -> RateLimitPayload:
    """A row of a `rateLimits` block."""
    return RateLimitPayload(rate_limit_type=kind, interval=interval, interval_num=number, limit=limit, count=count)


def test_a_fresh_window_admits() -> None:
    """Nothing used, nothing to wait for."""
    assert Governor().admit(Lane.QUERY, 40, NOW_MS) == 0


def test_reads_leave_thirty_percent() -> None:
    """70 % of 2 400 is 1 680; the next read waits for the turn of the minute."""
    governor = Governor()
    governor.spend(1_680, NOW_MS)
    assert governor.admit(Lane.QUERY, 1, NOW_MS) == 45_000
    assert governor.admit(Lane.CANCEL, 1, NOW_MS) == 0


def test_the_reserve_is_not_endless() -> None:
    """Even protection does not pass the limit itself: that would be a ban."""
    governor = Governor()
    governor.spend(2_400, NOW_MS)
    assert governor.admit(Lane.CANCEL, 1, NOW_MS) == 45_000


def test_rules_12_looking_leaves_the_last_tenth_to_acting() -> None:
    """A stop can be cancelled when the lists that protection reads have used up their part."""
    governor = Governor()
    governor.spend(2_150, NOW_MS)
    assert governor.admit(Lane.PROTECT, 40, NOW_MS) == 45_000
    assert governor.admit(Lane.CANCEL, 5, NOW_MS) == 0
    governor.spend(20, NOW_MS)
    assert governor.admit(Lane.CANCEL, 5, NOW_MS) == 45_000
    assert governor.admit(Lane.CANCEL, 1, NOW_MS) == governor.admit(Lane.PROTECT, 0, NOW_MS, orders=1) == 0


def test_a_window_turns_with_the_utc_minute() -> None:
    """Not a sliding window (protocol notes 0.3 no. 15)."""
    governor = Governor()
    governor.spend(2_400, NOW_MS)
    assert governor.admit(Lane.QUERY, 1, MINUTE_START_MS + 60_000) == 0


def test_rules_12_entries_leave_order_counts_for_protection() -> None:
    """70 % of 300 in ten seconds; the stop still goes."""
    governor = Governor()
    governor.spend(0, NOW_MS, orders=210)
    assert governor.admit(Lane.ENTRY, 0, NOW_MS, orders=1) == 5_000
    assert governor.admit(Lane.PROTECT, 0, NOW_MS, orders=1) == 0


def test_both_order_windows_count() -> None:
    """The minute is full although the ten seconds are fresh."""
    governor = Governor()
    for tick in range(5):
        governor.spend(0, MINUTE_START_MS + tick * 10_000, orders=240)
    assert governor.admit(Lane.PROTECT, 0, MINUTE_START_MS + 50_000, orders=1) == 10_000


def test_the_venue_corrects_upwards_only() -> None:
    """Others share the address; our own requests under way are not in its count yet."""
    governor = Governor()
    governor.spend(100, NOW_MS)
    governor.seen_headers({"x-mbx-used-weight-1m": "1700"}, NOW_MS)
    governor.seen_headers({"x-mbx-used-weight-1m": "3"}, NOW_MS)
    assert governor.weight_used(NOW_MS) == 1_700


@pytest.mark.parametrize("text", ["", "x", "-5", "1.5", "٣"])
def test_a_header_that_is_no_count_is_left_alone(text: str) -> None:
    """Rubbish in a header does not stop trading."""
    governor = Governor()
    governor.seen_headers({"x-mbx-used-weight-1m": text}, NOW_MS)
    assert governor.weight_used(NOW_MS) == 0


def test_order_counts_come_from_headers_and_blocks() -> None:
    """Both forms, and they say whether they did."""
    governor = Governor()
    assert governor.seen_headers({"x-mbx-order-count-10s": "7"}, NOW_MS)
    assert not governor.seen_headers({"x-mbx-used-weight-1m": "7"}, NOW_MS)
    assert governor.seen_limits([limit("ORDERS", "MINUTE", 1, 1_200, 9)], NOW_MS)
    assert governor.windows(NOW_MS) == (
        RateWindow(interval_ms=10_000, count=7, limit=300),
        RateWindow(interval_ms=60_000, count=9, limit=1_200),
    )


def test_limits_are_the_venues() -> None:
    """The test network grants 6 000; a shrunken limit is obeyed at once."""
    governor = Governor()
    governor.seen_limits([limit("REQUEST_WEIGHT", "MINUTE", 1, 6_000), limit("ORDERS", "FORTNIGHT", 1, 1)], NOW_MS)
    assert governor.weight_limit == 6_000
    governor.seen_windows([RateWindow(interval_ms=10_000, count=0, limit=2)], NOW_MS)
    assert governor.admit(Lane.ENTRY, 0, NOW_MS, orders=2) > 0


def test_a_ban_stops_everything() -> None:
    """Until the venue's own time, protection included."""
    governor = Governor()
    governor.throttled(Lane.QUERY, -1003, NOW_MS + 120_000, banned=True)
    assert [governor.admit(lane, 0, NOW_MS) for lane in Lane] == [120_000] * len(Lane)
    assert governor.admit(Lane.PROTECT, 0, NOW_MS + 120_000) == 0


def test_a_full_window_spares_protection() -> None:
    """429 on a read stops reads and entries; the stop goes until it is refused itself (RULES 12)."""
    governor = Governor()
    governor.throttled(Lane.QUERY, -1003, NOW_MS + 45_000, banned=False)
    assert governor.admit(Lane.ENTRY, 0, NOW_MS, orders=1) == 45_000
    assert governor.admit(Lane.PROTECT, 0, NOW_MS, orders=1) == 0
    governor.throttled(Lane.PROTECT, -1003, NOW_MS + 45_000, banned=False)
    assert governor.admit(Lane.PROTECT, 0, NOW_MS, orders=1) == 45_000


def test_too_many_orders_does_not_stop_reads() -> None:
    """−1015 is about orders alone."""
    governor = Governor()
    governor.throttled(Lane.ENTRY, -1015, NOW_MS + 5_000, banned=False)
    assert governor.admit(Lane.ENTRY, 0, NOW_MS, orders=1) == 5_000
    assert governor.admit(Lane.QUERY, 5, NOW_MS) == 0


@given(st.lists(st.tuples(st.sampled_from(list(Lane)), st.integers(0, 40), st.integers(0, 3_000)), max_size=200))
def test_rules_12_a_third_of_weight_is_always_kept(steps: list[tuple[Lane, int, int]]) -> None:
    """However reads come, they alone never use more than 70 % of a minute."""
    governor, now_ms = Governor(), NOW_MS
    for _, weight, pause_ms in steps:
        now_ms += pause_ms
        if governor.admit(Lane.QUERY, weight, now_ms) == 0:
            governor.spend(weight, now_ms)
        assert governor.weight_used(now_ms) <= 1_680
        assert governor.admit(Lane.PROTECT, 1, now_ms, orders=1) == 0


def test_the_weight_of_the_minute_can_be_told() -> None:
    """What is used of what is granted; the next minute begins with nothing."""
    governor = Governor()
    governor.spend(40, NOW_MS)
    assert governor.weight_window(NOW_MS) == RateWindow(interval_ms=60_000, count=40, limit=2_400)
    assert governor.weight_window(NOW_MS + 60_000).count == 0
