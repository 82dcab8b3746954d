"""Numbers: money, prices and quantities are `Decimal`, from the wire string on.

This is the only place that rounds or divides. Rounding to a step is done with integer floor
division (exact), never with `quantize` on a context whose traps may be missing: decimal traps are
not inherited by threads or by callbacks that threads schedule, so every operation that could round
names its own context.
"""

from __future__ import annotations

import decimal
from decimal import Decimal

ZERO = Decimal(0)
ONE = Decimal(1)
BPS = Decimal(10_000)
PERCENT = Decimal(100)

# New threads start from `DefaultContext`; set it before any thread of ours exists.
for _context in (decimal.DefaultContext, decimal.getcontext()):
    _context.prec = 40
    _context.traps[decimal.FloatOperation] = True
    _context.traps[decimal.InvalidOperation] = True
    _context.traps[decimal.DivisionByZero] = True
    _context.traps[decimal.Overflow] = True

DIVISION = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, traps=list(decimal.DefaultContext.traps))
DIVISION.traps[decimal.Inexact] = False
DIVISION.traps[decimal.Rounded] = False
DIVISION.traps[decimal.Subnormal] = False
DIVISION.traps[decimal.Underflow] = False
DIVISION.traps[decimal.Clamped] = False
for _signal in (decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.FloatOperation):
    DIVISION.traps[_signal] = True


class NumberError(ValueError):
    """A text is not a plain finite decimal number within our bounds."""


def parse(text: str) -> Decimal:
    """Turn a wire string into an exact number.

    Accepts plain and exponent notation with at most 30 digits and a magnitude below 1e20; refuses
    NaN, infinities and anything else with `NumberError`, so that a hostile "1e309" never reaches
    arithmetic.
    """
    try:
        # `Decimal` also reads "1_000", " 1" and the digits of other scripts, which no venue writes.
        if "_" in text or not text.isascii() or text.strip() != text:
            raise ValueError
        value = Decimal(text)
    except (decimal.InvalidOperation, AttributeError, TypeError, ValueError):
        raise NumberError(f"not a decimal number: {text!r:.42}") from None
    return check(value)


def check(value: Decimal) -> Decimal:
    """Return `value` if it is finite, below 1e20 in magnitude and at most 30 digits; else raise `NumberError`."""
    if not value.is_finite():
        raise NumberError("not a finite number")
    shown = str(value)
    if len(shown) <= 20 and "E" not in shown:
        return value  # As almost every number: no need to take it apart.
    _, digits, exponent = value.as_tuple()
    if len(digits) > 30 or (value and value.adjusted() >= 20) or not -30 <= int(exponent) <= 20:
        raise NumberError("too many digits: at most 30, magnitude below 1e20")
    return value


def text(value: Decimal) -> str:
    """Print without exponent: 0.00001, never 1e-05."""
    shown = str(value)  # A third of the price of formatting; it has an exponent only for very small and large numbers.
    return shown if "E" not in shown else format(value, "f")


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros (and without an exponent for whole numbers)."""
    stripped = value.normalize(DIVISION)
    exponent = stripped.as_tuple().exponent
    return stripped.quantize(ONE) if isinstance(exponent, int) and exponent > 0 else stripped


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` (> 0) that is not above `value`."""
    assert step > 0, "invariant: a step is positive"
    quotient = value // step
    result = quotient * step
    return result - step if result > value else result


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` (> 0) that is not below `value`."""
    return -floor_to(-value, step)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether `value` lies on the grid of `step` (> 0)."""
    assert step > 0, "invariant: a step is positive"
    return value % step == 0


def divide(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Divide to 34 digits, half to even. For prices and sizes the caller rounds to a step afterwards."""
    return DIVISION.divide(dividend, divisor)


def sign(value: Decimal) -> int:
    """-1, 0 or +1."""
    return (value > 0) - (value < 0)
