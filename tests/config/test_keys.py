"""What single keys accept and refuse."""

from decimal import Decimal

import pytest

from holdfast.config.keys import BadValue, parse, written
from holdfast.config.table import TABLE

NUMBERS = [
    ("limits.max_trades", 5, False, 5),
    ("limits.max_trades", "5", True, 5),
    ("limits.daily_loss", "250.5", False, Decimal("250.5")),
    ("limits.daily_loss", 250, False, Decimal(250)),
    ("limits.daily_loss", Decimal("250.50"), False, Decimal("250.50")),
    ("limits.daily_loss", "off", False, None),
    ("limits.price_collar_hard", "true", True, True),
    ("symbols.allow", "BTCUSDT, ETHUSDT", True, ("BTCUSDT", "ETHUSDT")),
    ("symbols.allow", ["BTCUSDT"], False, ("BTCUSDT",)),
    ("venue.name", "demo", False, "demo"),
]


@pytest.mark.parametrize("name, value, from_text, expected", NUMBERS)
def test_values_that_pass(name: str, value: object, from_text: bool, expected: object) -> None:
    """Numbers are exact, and the environment's texts mean the same as the file's values."""
    assert parse(TABLE[name], value, from_text=from_text) == expected


REFUSED = [
    ("limits.max_trades", "5", False, "without quotes"),
    ("limits.max_trades", True, False, "whole number"),
    ("limits.max_trades", 0, False, "≥ 1"),
    ("limits.max_trades", 1001, False, "≤ 1000"),
    ("limits.max_trades", "many", True, "whole number"),
    ("limits.max_order_notional", "off", False, "not a decimal number"),
    ("limits.max_order_notional", Decimal("NaN"), False, "not a finite number"),
    ("limits.max_order_notional", Decimal("Infinity"), False, "not a finite number"),
    ("limits.max_order_notional", Decimal("1e309"), False, "too many digits"),
    ("limits.max_order_notional", False, False, "decimal number"),
    ("limits.price_collar_hard", 1, False, "true or false"),
    ("limits.price_collar_hard", "yes", True, "true or false"),
    ("venue.name", "Live", False, "one of paper, demo, live"),
    ("venue.api_key", 5, False, "text in quotes"),
    ("symbols.allow", "BTCUSDT", False, "list of texts"),
    ("symbols.allow", [1], False, "list of texts"),
]


@pytest.mark.parametrize("name, value, from_text, rule", REFUSED)
def test_values_that_are_refused(name: str, value: object, from_text: bool, rule: str) -> None:
    """Each refusal names the rule and a value that would pass, and that value does pass."""
    with pytest.raises(BadValue, match=rule) as caught:
        parse(TABLE[name], value, from_text=from_text)
    assert caught.value.passes


def test_a_long_value_is_cut_in_the_message() -> None:
    """A megabyte pasted into a key does not become a megabyte of error."""
    with pytest.raises(BadValue) as caught:
        parse(TABLE["venue.name"], "x" * 1_000_000, from_text=False)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "value, text",
    [
        (None, '"off"'),
        (True, "true"),
        (5, "5"),
        (Decimal("0.00001"), '"0.00001"'),
        (("a", "b"), '["a", "b"]'),
        ('a"b', '"a\\"b"'),
    ],
)
def test_values_are_shown_as_they_are_written(value: object, text: str) -> None:
    """What `holdfast config` shows can be pasted back."""
    assert written(value) == text
