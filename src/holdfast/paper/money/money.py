"""Money on the venue has eight decimals, cut off, not rounded (protocol notes I.1)."""

from __future__ import annotations

import decimal
from decimal import Decimal

CENT = Decimal("0.00000001")
"""The smallest amount of money."""
_NOTHING = Decimal(0)
_FINE = Decimal("0.0000000000000001")
_CUT = decimal.Context(prec=40, rounding=decimal.ROUND_DOWN)
_CUT.traps[decimal.InvalidOperation] = True
_CUT.traps[decimal.FloatOperation] = True
_CUT.traps[decimal.Inexact] = False
_CUT.traps[decimal.Rounded] = False
_HALF_EVEN = decimal.Context(prec=40, rounding=decimal.ROUND_HALF_EVEN)
_HALF_EVEN.traps[decimal.InvalidOperation] = True
_HALF_EVEN.traps[decimal.FloatOperation] = True
_HALF_EVEN.traps[decimal.DivisionByZero] = True


def cut(amount: Decimal) -> Decimal:
    """Cut an amount to eight decimals, toward zero."""
    return _CUT.quantize(amount, CENT)


def text(amount: Decimal) -> str:
    """An amount with exactly eight decimals; nothing has no sign."""
    return format(_CUT.add(_CUT.quantize(amount, CENT), _NOTHING), "f")


def average(total: Decimal, quantity: Decimal) -> Decimal:
    """A mean price to sixteen decimals, half to even: fine enough that an entry times a size keeps its cents."""
    return _HALF_EVEN.quantize(_HALF_EVEN.divide(total, quantity), _FINE)


def trim(value: Decimal) -> str:
    """A number without needless zeros; nothing has no sign."""
    if not value:
        return "0"
    shown = format(value, "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
