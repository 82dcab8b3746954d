"""How the control door refuses: the field, the rule, and what would pass."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from holdfast.paper.control import refusals
from holdfast.paper.control.refusals import ControlError
from tests.paper.desk import Desk


@pytest.mark.parametrize(
    ("read", "rule"),
    [
        (lambda request: refusals.decimal_of(request, "x"), "decimal"),
        (lambda request: refusals.whole_of(request, "x", least=1), "whole number of 1 or more"),
        (lambda request: refusals.flag_of(request, "x"), "true or false"),
        (lambda request: refusals.one_of(request, "x", ("a", "b")), "one of a, b"),
        (lambda request: refusals.market_of(Desk().venue.exchange, {"symbol": request["x"]}), "Invalid symbol"),
        (lambda request: refusals.account_of(Desk().venue.exchange, {"account": request["x"]}), "unknown account"),
    ],
)
def test_a_bad_value_is_refused_with_one_that_passes(read: Callable[[dict[str, Any]], object], rule: str) -> None:
    """Whatever kind it should be."""
    with pytest.raises(ControlError, match=rule) as caught:
        read({"x": "?"})
    assert "would pass" in str(caught.value)


def test_good_values_are_taken() -> None:
    """Decimals as text, whole numbers and decimals."""
    assert [refusals.decimal_of({"x": value}, "x") for value in ("1.5", 2, Decimal("0.1"))] == [
        Decimal("1.5"),
        2,
        Decimal("0.1"),
    ]
    assert refusals.whole_of({}, "x", least=0, default=3) == 3


def test_a_misspelt_field_is_refused() -> None:
    """It would be silently without effect."""
    with pytest.raises(ControlError, match="known: symbol"):
        refusals.known_fields({"symbl": 1}, "symbol")
