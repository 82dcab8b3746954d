"""Money on the venue: eight decimals, cut."""

from decimal import Decimal

import pytest

from holdfast.paper.money import money


def test_an_amount_is_cut_toward_zero() -> None:
    """12.314277 × 0.0065 is shown as 0.08004280, and a loss is cut the same way."""
    assert money.text(Decimal("12.314277") * Decimal("0.0065")) == "0.08004280"
    assert money.cut(Decimal("-0.000000019")) == Decimal("-0.00000001")


def test_an_average_keeps_sixteen_decimals() -> None:
    """A third has sixteen threes, so that an entry times a large size keeps its cents."""
    assert money.average(Decimal(1), Decimal(3)) == Decimal("0.3333333333333333")


def test_trim_keeps_whole_numbers_whole() -> None:
    """Zeros go after the point only."""
    assert [money.trim(Decimal(text)) for text in ("80000.10", "100", "0.00", "1E+2")] == ["80000.1", "100", "0", "100"]


@pytest.mark.parametrize("amount", ["-0", "-0.000000001", "-0E-30", "0"])
def test_nothing_is_shown_without_a_sign(amount: str) -> None:
    """A short position at its own price has no profit, and not minus none."""
    assert money.text(Decimal(amount)) == "0.00000000"
    assert money.trim(money.cut(Decimal(amount))) == "0"
