"""RULES 12: an entry must leave room for its protection in every ORDERS window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core import budgets
from holdfast.core.budgets import Windows, entry_fits, entry_needs, limits_known
from holdfast.model.reports import RateWindow

TEN_S, MINUTE = 10_000, 60_000
START_MS = 1_763_700_000_000
"""A multiple of both windows."""


def rate(count: int, limit: int | None = 300, interval_ms: int = TEN_S) -> RateWindow:
    """One window's report."""
    return RateWindow(interval_ms=interval_ms, count=count, limit=limit)


def told(*, limit: int = 300) -> Windows:
    """Windows whose limits are known."""
    windows = Windows()
    windows.see((rate(0, limit), rate(0, 1200, MINUTE)), START_MS)
    return windows


def counts(windows: Windows, now_ms: int = START_MS) -> list[int]:
    """Used orders, shortest window first."""
    return [window.count for window in windows.current(now_ms)]


def test_nothing_is_known_before_the_venue_has_spoken():
    """Without a report there is no window, and the gate denies for missing data."""
    assert Windows().current(START_MS) == ()
    assert not limits_known(Windows().current(START_MS))


def test_windows_are_listed_shortest_first():
    """The order of reports does not matter."""
    windows = Windows()
    windows.see((rate(0, 1200, MINUTE), rate(0)), START_MS)
    assert [window.interval_ms for window in windows.current(START_MS)] == [TEN_S, MINUTE]


def test_own_sends_count_in_every_window():
    """An order costs one in each window."""
    windows = told()
    windows.note_send(START_MS)
    windows.note_send(START_MS, 2)
    assert counts(windows) == [3, 3]


def test_a_window_turns_at_its_utc_boundary():
    """Protocol notes A.7: the counter falls at :00, and each window by its own length."""
    windows = told()
    windows.note_send(START_MS + 9_999, 5)
    assert counts(windows, START_MS + 9_999) == [5, 5]
    assert counts(windows, START_MS + 10_000) == [0, 5]
    assert counts(windows, START_MS + 60_000) == [0, 0]


def test_a_clock_that_goes_back_does_not_free_room():
    """Time going back never empties a bucket."""
    windows = told()
    windows.note_send(START_MS + 10_000, 5)
    assert counts(windows, START_MS) == [5, 5]


def test_orders_of_other_programs_are_learned_from_reports():
    """The venue's count above our own is somebody else's, and stays beside ours."""
    windows = told()
    windows.note_send(START_MS, 2)
    windows.see((rate(9),), START_MS)
    windows.note_send(START_MS)
    assert counts(windows)[0] == 10


def test_a_report_that_includes_our_orders_does_not_count_them_twice():
    """Report equal to our own sends: nobody else."""
    windows = told()
    windows.note_send(START_MS, 4)
    windows.see((rate(4),), START_MS)
    assert counts(windows)[0] == 4


def test_orders_in_flight_are_not_taken_for_included():
    """What is still on its way cannot be in the count, so the rest is somebody else's."""
    windows = told()
    windows.note_send(START_MS, 4)
    windows.see((rate(10),), START_MS, in_flight=4)
    assert counts(windows)[0] == 14


def test_an_older_report_frees_nothing():
    """A late header with a low count is older than what we know."""
    windows = told()
    windows.see((rate(50),), START_MS)
    windows.see((rate(3),), START_MS)
    assert counts(windows)[0] == 50


def test_a_report_without_a_limit_keeps_the_known_one():
    """Headers carry counts only; the limits came from rateLimit/order."""
    windows = told(limit=77)
    windows.see((rate(3, None),), START_MS)
    assert windows.current(START_MS)[0].limit == 77


def test_a_lowered_limit_is_taken():
    """The venue may change the account's limits at any time."""
    windows = told(limit=300)
    windows.see((rate(0, 100),), START_MS)
    assert windows.current(START_MS)[0].limit == 100


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ((), False),
        ((rate(0, None),), False),
        ((rate(0), rate(0, None, MINUTE)), False),
        ((rate(0),), True),
        ((rate(0), rate(0, 1200, MINUTE)), True),
    ],
)
def test_limits_known(rates, expected):
    """RULES 5: an unknown limit is missing data, not the absence of a limit."""
    assert limits_known(rates) is expected


@pytest.mark.parametrize(
    ("targets", "positions", "owed", "expected"),
    [(0, 0, 0, 4), (1, 0, 0, 5), (10, 0, 0, 14), (0, 7, 0, 11), (2, 3, 5, 14)],
)
def test_rules_12_needs_of_an_entry(targets, positions, owed, expected):
    """Entry, stop, one replacement, a flatten; targets; a flatten per position; what is owed."""
    assert entry_needs(targets=targets, open_positions=positions, owed=owed) == expected


@pytest.mark.parametrize(
    ("used", "needed", "fits"), [(0, 300, True), (295, 5, True), (296, 5, False), (300, 1, False), (0, 301, False)]
)
def test_rules_12_an_entry_fits_up_to_the_limit(used, needed, fits):
    """The limit itself may be reached, not passed."""
    assert (entry_fits((rate(used),), needed, START_MS) is None) is fits


def test_rules_12_both_windows_are_asked():
    """Room in the short window does not help when the long one is full."""
    short = entry_fits((rate(0), rate(1199, 1200, MINUTE)), 5, START_MS)
    assert short is not None
    assert short.window.interval_ms == MINUTE


@pytest.mark.parametrize(
    ("now_ms", "wait_until_ms"),
    [
        (START_MS, START_MS + 10_000),
        (START_MS + 1, START_MS + 10_000),
        (START_MS + 9_999, START_MS + 10_000),
        (START_MS + 10_000, START_MS + 20_000),
    ],
)
def test_a_shortfall_says_when_the_window_turns(now_ms, wait_until_ms):
    """The counterfactual is the next boundary."""
    short = entry_fits((rate(300),), 5, now_ms)
    assert short is not None
    assert short.wait_until_ms == wait_until_ms


def test_an_empty_bucket_of_exactly_the_needed_size_is_worth_waiting_for():
    """Five needed, five in a bucket, one used."""
    short = entry_fits((rate(1, 5),), 5, START_MS)
    assert short is not None
    assert short.wait_until_ms == START_MS + 10_000


def test_waiting_does_not_help_when_no_bucket_is_large_enough():
    """More orders needed than the window ever holds."""
    short = entry_fits((rate(0, 4),), 5, START_MS)
    assert short is not None
    assert short.wait_until_ms is None


@given(st.lists(st.tuples(st.integers(0, 30_000), st.integers(1, 5)), max_size=30))
def test_used_is_never_below_our_own_sends_of_the_bucket(sends):
    """Whatever the order of sends, a window shows at least what we sent in its current bucket."""
    windows = told()
    for offset_ms, orders in sends:
        windows.note_send(START_MS + offset_ms, orders)
    latest = max((offset_ms for offset_ms, _ in sends), default=0)
    bucket = latest // TEN_S
    own = sum(orders for offset_ms, orders in sends if offset_ms // TEN_S == bucket)
    assert counts(windows, START_MS + latest)[0] >= own


@given(st.lists(st.integers(0, 400), min_size=1, max_size=20), st.integers(0, 20))
def test_used_covers_every_report(reports, sent):
    """A count that the venue has told is never forgotten within its bucket."""
    windows = told()
    windows.note_send(START_MS, sent)
    for count in reports:
        windows.see((rate(count),), START_MS)
    assert counts(windows)[0] >= max(*reports, sent)


@pytest.mark.parametrize(
    ("limit", "trades", "allowed"),
    [(2_400, 0, 1_920), (2_400, 20, 1_120), (2_400, 21, 1_080), (2_400, 99, 1_080), (None, 0, None)],
)
def test_rules_12_the_more_is_open_the_earlier_weight_keeps_an_entry_out(limit, trades, allowed):
    """A restart and the end of every trade must fit into the minute; 45 % keep no entry out."""
    assert budgets.weight_allowed(RateWindow(interval_ms=60_000, count=0, limit=limit), trades) == allowed


def test_a_count_of_an_earlier_window_says_nothing():
    """The venue began to count anew."""
    told = RateWindow(interval_ms=60_000, count=2_000, limit=2_400)
    assert budgets.of_this_window(told, 119_999, 119_999) is told
    assert budgets.of_this_window(told, 119_999, 120_000) is None
    assert budgets.of_this_window(None, 0, 0) is None
