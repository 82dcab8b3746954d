"""RULES 9: the daily loss since UTC midnight and over 24 hours, transfers excluded."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.losses import (
    DAY_MS,
    TRANSFERS,
    LossBreach,
    Losses,
    breached,
    counts,
    day_of,
    loss_limit,
    measure,
    midnight_ms,
    recent,
)
from holdfast.model.settings import Limits

D = Decimal
MIDNIGHT_MS = 1_763_683_200_000
NOON_MS = MIDNIGHT_MS + 12 * 3_600_000


def losses(*money, unrealized="0", at_midnight=None, now_ms=NOON_MS) -> Losses:
    """Measure with amounts as text."""
    return measure(
        now_ms=now_ms,
        asset="USDT",
        money=[(at_ms, asset, D(amount)) for at_ms, asset, amount in money],
        unrealized=D(unrealized),
        unrealized_at_midnight=None if at_midnight is None else D(at_midnight),
    )


def limits(absolute=None, pct=None) -> Limits:
    """Loss limits only."""
    return Limits(daily_loss=None if absolute is None else D(absolute), daily_loss_pct=None if pct is None else D(pct))


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2199, 12, 31)))  # noqa: DTZ001
def test_day_of_agrees_with_the_calendar(moment):
    """Our day arithmetic is the calendar's."""
    aware = moment.replace(tzinfo=UTC)
    now_ms = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert day_of(now_ms) == aware.date().isoformat()


@pytest.mark.parametrize(
    ("now_ms", "expected"),
    [(MIDNIGHT_MS, MIDNIGHT_MS), (MIDNIGHT_MS + 1, MIDNIGHT_MS), (MIDNIGHT_MS - 1, MIDNIGHT_MS - DAY_MS)],
)
def test_midnight(now_ms, expected):
    """Midnight belongs to the day that it begins."""
    assert midnight_ms(now_ms) == expected


def test_rules_9_profit_fees_and_funding_add_up():
    """−100 profit, −2 fee, +0.5 funding: a loss of 101.5."""
    rows = [(NOON_MS - 3, "USDT", "-100"), (NOON_MS - 2, "USDT", "-2"), (NOON_MS - 1, "USDT", "0.5")]
    assert losses(*rows) == Losses(D("101.5"), D("101.5"))


@pytest.mark.parametrize(
    ("at_ms", "today", "rolling"),
    [
        pytest.param(MIDNIGHT_MS, 10, 10, id="at midnight"),
        pytest.param(MIDNIGHT_MS - 1, 0, 10, id="yesterday evening"),
        pytest.param(NOON_MS - DAY_MS + 1, 0, 10, id="just inside 24 h"),
        pytest.param(NOON_MS - DAY_MS, 0, 0, id="24 h ago"),
        pytest.param(NOON_MS, 10, 10, id="now"),
        pytest.param(NOON_MS + 1, 0, 0, id="not yet"),
    ],
)
def test_rules_9_windows(at_ms, today, rolling):
    """Each row falls into the windows that contain its time."""
    assert losses((at_ms, "USDT", "-10")) == Losses(D(today), D(rolling))


def test_other_assets_are_not_added():
    """A fee in BNB is not a sum of USDT."""
    assert losses((NOON_MS, "BNB", "-3")).today == 0


@pytest.mark.parametrize(
    ("unrealized", "at_midnight", "today", "rolling"),
    [
        pytest.param("-50", None, 50, 50, id="open loss of unknown age counts in full"),
        pytest.param("50", None, 0, 0, id="open gain of unknown age counts for nothing"),
        pytest.param("-50", "-50", 0, 50, id="loss carried over midnight is yesterday's"),
        pytest.param("20", "50", 30, 0, id="a gain given back is a loss of today"),
        pytest.param("50", "20", -30, 0, id="a gain of today offsets"),
    ],
)
def test_rules_9_unrealized(unrealized, at_midnight, today, rolling):
    """Open profit counts by its change where its start is known, carefully where not."""
    assert losses(unrealized=unrealized, at_midnight=at_midnight) == Losses(D(today), D(rolling))


@pytest.mark.parametrize(
    ("configured", "base", "expected"),
    [
        (limits(), "1000", None),
        (limits(absolute="100"), "1000", "100"),
        (limits(pct="5"), "1000", "50"),
        (limits(absolute="100", pct="5"), "1000", "50"),
        (limits(absolute="100", pct="50"), "1000", "100"),
        (limits(absolute="100", pct="5"), None, "100"),
        (limits(pct="5"), None, None),
    ],
)
def test_the_smaller_limit_holds(configured, base, expected):
    """Absolute and percent limits: whichever is reached first."""
    found = loss_limit(configured, None if base is None else D(base))
    assert found == (None if expected is None else D(expected))


@pytest.mark.parametrize(
    ("today", "rolling", "expected"),
    [
        ("99.99", "99.99", None),
        ("100", "0", LossBreach(D(100), D(100), "today")),
        ("0", "100", LossBreach(D(100), D(100), "24h")),
        ("150", "200", LossBreach(D(150), D(100), "today")),
        ("-500", "-500", None),
    ],
)
def test_rules_9_a_limit_is_breached_when_reached(today, rolling, expected):
    """Exactly the limit is a breach; either window is enough."""
    assert breached(Losses(D(today), D(rolling)), limits(absolute="100"), None) == expected


def test_no_limit_is_never_breached():
    """Without a configured limit there is nothing to reach."""
    assert breached(Losses(D(10**9), D(10**9)), limits(), D(1)) is None


def test_a_gain_does_not_breach_a_limit_of_zero():
    """An empty account has a percent limit of 0; only a loss reaches it."""
    assert breached(Losses(D(0), D(0)), limits(pct="5"), D(0)) is None
    assert breached(Losses(D("0.01"), D(0)), limits(pct="5"), D(0)) is not None


def test_recent_keeps_what_a_window_can_reach():
    """Rows older than 24 hours are dropped, the others keep their order."""
    rows = [(NOON_MS, "USDT", D(1)), (NOON_MS - DAY_MS, "USDT", D(2)), (NOON_MS - DAY_MS + 1, "USDT", D(3))]
    assert recent(rows, NOON_MS) == [rows[0], rows[2]]


@pytest.mark.parametrize("income_type", sorted(TRANSFERS))
def test_rules_9_transfers_are_excluded(income_type):
    """Money that only moves is neither a gain nor a loss."""
    assert not counts(income_type)


@pytest.mark.parametrize(
    "income_type", ["REALIZED_PNL", "COMMISSION", "FUNDING_FEE", "INSURANCE_CLEAR", "SOMETHING_NEW"]
)
def test_everything_else_counts(income_type):
    """A type that we do not know counts, so that a new kind of fee is not overlooked."""
    assert counts(income_type)


@given(st.lists(st.tuples(st.integers(NOON_MS - 2 * DAY_MS, NOON_MS), st.decimals(-1000, 1000, places=8)), max_size=20))
def test_dropping_old_rows_changes_nothing(rows):
    """Pruning and measuring commute."""
    money = [(at_ms, "USDT", amount) for at_ms, amount in rows]
    pruned = recent(money, NOON_MS)
    whole = measure(now_ms=NOON_MS, asset="USDT", money=money, unrealized=D(0), unrealized_at_midnight=None)
    assert measure(now_ms=NOON_MS, asset="USDT", money=pruned, unrealized=D(0), unrealized_at_midnight=None) == whole
