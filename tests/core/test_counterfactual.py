"""What would have passed, as a change that a program can apply."""

from decimal import Decimal

import pytest

from holdfast.core.counterfactual import OUTSIDE, apply_counterfactual, is_change, merge
from holdfast.model.intent import Distance, Entry, Intent, IntentError, Size, Target
from tests.core.gate_samples import intent, limit_entry

D = Decimal

TWO_TARGETS = intent(take_profits=(Target(pct=D(2), fraction=D("0.5")), Target(price=D(90_000), fraction=D("0.5"))))


def applied(key: str, value: str, base: Intent | None = None) -> Intent:
    """One change."""
    return apply_counterfactual(base or intent(), {key: value})


@pytest.mark.parametrize(
    ("key", "value", "read", "expected"),
    [
        ("expires_at", "1763700010000", lambda i: i.expires_at, 1_763_700_010_000),
        ("leverage", "3", lambda i: i.leverage, 3),
        ("size.quantity", "0.004", lambda i: i.size, Size(quantity=D("0.004"))),
        ("stop_loss.price", "79000.1", lambda i: i.stop_loss, Distance(price=D("79000.1"))),
        ("stop_loss.pct", "1", lambda i: i.stop_loss, Distance(pct=D(1))),
        ("entry.max_slippage_bps", "12.5", lambda i: i.entry, Entry(max_slippage_bps=D("12.5"))),
        ("entry.plain", "false", lambda i: i.entry.plain, False),
        ("take_profits[0].price", "81000", lambda i: i.take_profits[0], Target(price=D(81_000))),
    ],
)
def test_each_field_can_be_changed(key, value, read, expected):
    """Every key that the gate proposes has a setter."""
    assert read(applied(key, value)) == expected


def test_a_limit_entry_takes_a_price_and_a_time_in_force():
    """Fields of limit entries."""
    base = intent(entry=limit_entry("79000"))
    assert applied("entry.price", "78000.5", base).entry.price == D("78000.5")
    assert applied("entry.time_in_force", "IOC", base).entry.time_in_force == "IOC"


def test_a_target_keeps_its_fraction_and_its_neighbours():
    """Only the named target changes, and only its price."""
    changed = applied("take_profits[1].price", "85000", TWO_TARGETS).take_profits
    assert changed == (TWO_TARGETS.take_profits[0], Target(price=D(85_000), fraction=D("0.5")))


def test_several_changes_apply_together():
    """A counterfactual may need more than one field."""
    changed = apply_counterfactual(intent(), {"stop_loss.price": "79500", "size.quantity": "0.01", "leverage": "2"})
    assert changed.stop_loss == Distance(price=D(79_500))
    assert (changed.size, changed.leverage) == (Size(quantity=D("0.01")), 2)


def test_nothing_else_changes():
    """The id stays: it is the caller who decides under which id the changed intent is sent."""
    changed = applied("leverage", "3")
    assert (changed.id, changed.symbol, changed.side, changed.size) == ("intent-1", "BTCUSDT", "long", intent().size)


@pytest.mark.parametrize("key", [*OUTSIDE, "symbol", "size.risk_pct", "take_profits[0].pct", ""])
def test_keys_that_are_no_intent_fields_are_refused(key):
    """Such a counterfactual has to be waited for, not applied."""
    with pytest.raises(KeyError):
        applied(key, "1")


def test_the_result_must_be_a_valid_intent():
    """A proposal that breaks the intent's own rules would be a mistake of the gate."""
    with pytest.raises(IntentError, match=r"size\.quantity"):
        applied("size.quantity", "-1")


@pytest.mark.parametrize(
    ("counterfactual", "expected"),
    [
        ({}, False),
        ({"leverage": "3"}, True),
        ({"leverage": "3", "size.quantity": "1"}, True),
        ({"wait_until_ms": "5"}, False),
        ({"state": "active"}, False),
        ({"configuration": "symbols: add X"}, False),
        ({"leverage": "3", "state": "active"}, False),
    ],
)
def test_is_change(counterfactual, expected):
    """A promise only if every key is a field of the intent."""
    assert is_change(counterfactual) is expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({}, {"leverage": "3"}, {"leverage": "3"}),
        ({"leverage": "3"}, {"leverage": "2"}, {"leverage": "2"}),
        ({"stop_loss.pct": "1"}, {"stop_loss.price": "7"}, {"stop_loss.price": "7"}),
        ({"size.quantity": "2", "leverage": "3"}, {"size.quantity": "1"}, {"leverage": "3", "size.quantity": "1"}),
        ({"entry.plain": "false"}, {"entry.price": "5"}, {"entry.plain": "false", "entry.price": "5"}),
    ],
)
def test_merge(first, second, expected):
    """The later change wins; one measure of a stop replaces the other."""
    assert merge(first, second) == expected


def test_merge_leaves_its_arguments_alone():
    """Pure."""
    first = {"stop_loss.pct": "1"}
    merge(first, {"stop_loss.price": "7"})
    assert first == {"stop_loss.pct": "1"}
