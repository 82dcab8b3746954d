"""What single keys accept and refuse."""

from decimal import Decimal

import pytest

from holdfast.config.keys import BadValue, Kind, parse, written
from holdfast.config.table import SECTIONS, TABLE, lookup, suggestion


@pytest.mark.parametrize("name", TABLE)
def test_every_key_is_documented(name: str) -> None:
    """Each key says why it exists, and numbers of time or money say their unit."""
    key = TABLE[name]
    assert len(key.why) > 20
    assert key.why.endswith(".")
    assert key.section in SECTIONS
    assert key.unit or key.kind not in {Kind.DECIMAL} or key.name == "http.port"


@pytest.mark.parametrize("name", TABLE)
def test_every_default_lies_in_its_range(name: str) -> None:
    """A default that its own key would refuse is a contradiction."""
    key = TABLE[name]
    if key.default is None:
        assert key.optional
        return
    value = list(key.default) if isinstance(key.default, tuple) else key.default
    assert parse(key, getattr(value, "value", value), from_text=False) == key.default


@pytest.mark.parametrize("name", [name for name, key in TABLE.items() if key.kind in {Kind.INTEGER, Kind.DECIMAL}])
def test_every_number_has_a_lower_bound(name: str) -> None:
    """No limit accepts a negative number by accident; a fee may be a rebate."""
    assert TABLE[name].low is not None


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


def test_star_keys_are_found_by_any_source_name() -> None:
    """The keys of a source are known under its own name, and the star itself is no name."""
    assert lookup("sources.alpha.symbols") is TABLE["sources.*.symbols"]
    assert lookup("sources.*.symbols") is TABLE["sources.*.symbols"]
    assert lookup("sources.alpha.nonsense") is None
    assert lookup("limits.*") is None


@pytest.mark.parametrize(
    "name, hint",
    [
        ("limits.max_trade", "limits.max_trades"),
        ("account.max_trades", "limits.max_trades"),
        ("limitz.x", "[limits]"),
        ("coverage.zzz", "interval_ms"),
        ("zzz", "sections"),
    ],
)
def test_a_misspelt_name_gets_a_suggestion(name: str, hint: str) -> None:
    """The error names what may have been meant."""
    assert hint in suggestion(name)


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
