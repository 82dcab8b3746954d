"""The table as a whole: documented, in range, found by name."""

import pytest

from holdfast.config.keys import Kind, parse
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
