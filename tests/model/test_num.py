"""Numbers are exact: rounding, dividing and reading them never lose a digit unsaid."""

import asyncio
import decimal
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.model import num

D = Decimal
STEPS = st.sampled_from([D(text) for text in ("1e-8", "0.00001", "0.001", "0.005", "0.25", "0.3", "1", "7", "1000")])
WITHIN = st.decimals("-99999999999", "99999999999", places=8)


def with_floats_refused() -> tuple[int, bool]:
    """The precision here, and whether mixing a float into arithmetic is an error here."""
    try:
        D(0.1)
    except decimal.FloatOperation:
        return decimal.getcontext().prec, True
    return decimal.getcontext().prec, False


@given(WITHIN, STEPS)
def test_floor_is_the_nearest_multiple_below(value, step):
    """On the grid, not above, and less than a step away; for negative values too."""
    floor = num.floor_to(value, step)
    assert num.is_multiple(floor, step)
    assert floor <= value < floor + step


@given(WITHIN, STEPS)
def test_ceil_is_the_nearest_multiple_above(value, step):
    """The mirror image of the floor."""
    ceil = num.ceil_to(value, step)
    assert num.is_multiple(ceil, step)
    assert ceil - step < value <= ceil


@given(WITHIN, STEPS)
def test_floor_and_ceil_meet_exactly_on_the_grid(value, step):
    """A multiple is its own floor and ceil; anything else lies between two multiples."""
    gap = num.ceil_to(value, step) - num.floor_to(value, step)
    assert gap == (0 if num.is_multiple(value, step) else step)


@given(st.integers(-(10**12), 10**12), STEPS)
def test_every_multiple_is_recognised(count, step):
    """Where a float would say that 0.3 is not three times 0.1."""
    assert num.is_multiple(count * step, step)
    assert num.floor_to(count * step, step) == num.ceil_to(count * step, step) == count * step


@pytest.mark.parametrize("step", ["0", "-0.1"])
def test_a_step_is_positive(step):
    """A grid of step zero has no points."""
    for function in (num.floor_to, num.ceil_to, num.is_multiple):
        with pytest.raises(AssertionError, match="invariant: a step is positive"):
            function(D(1), D(step))


def test_a_grid_too_fine_for_the_number_is_an_error():
    """Never a rounded multiple: 1e30 in steps of 1e-30 has more digits than we keep."""
    with pytest.raises(decimal.InvalidOperation):
        num.floor_to(D("1e30"), D("1e-30"))


@pytest.mark.parametrize("text", ["0", "1", "-1.50", "0.00000001", "1e5", "1E-8", "+3", ".5", "5.", "9" * 20,
                                  "99999999999999999999.9999999999", "0." + "1" * 30])  # fmt: skip
def test_plain_and_exponent_forms_are_read(text):
    """As the number they say, to the last digit."""
    assert num.parse(text) == D(text)


@pytest.mark.parametrize("text", ["", "abc", "1,5", "0x1", "1 000", "--1", "nan", "NaN", "sNaN", "inf", "-Infinity",
                                  "1e309", "1e20", "1e21", "-1e20", "1" * 31, "0." + "1" * 31, "1e-31", "1e", "1_000",
                                  " 1", "1\n", "١٢", "0e99", "1e99999999999999999999"])  # fmt: skip
def test_anything_else_is_refused(text):
    """Not numbers, not finite, or beyond 30 digits and 1e20: hostile text never reaches arithmetic."""
    with pytest.raises(num.NumberError):
        num.parse(text)


@pytest.mark.parametrize("value", [0.1, None, 5, b"1", [1]], ids=repr)
def test_only_text_is_read(value):
    """A float is no number of ours, even where the type checker did not look."""
    with pytest.raises(num.NumberError, match="not a decimal number"):
        num.parse(value)


@given(st.decimals(-(10**19), 10**19, places=10))
def test_text_reads_back_without_an_exponent(value):
    """What goes over the wire is the same number in plain notation."""
    assert set(num.text(value)) <= set("-.0123456789")
    assert num.parse(num.text(value)) == value


@pytest.mark.parametrize(("value", "expected"), [("1e-8", "0.00000001"), ("1E+5", "100000"), ("1.50", "1.50")])
def test_text_keeps_the_digits(value, expected):
    """Trailing zeros included: the venue's own precision stays visible."""
    assert num.text(D(value)) == expected


@pytest.mark.parametrize(("value", "expected"), [("1.50", "1.5"), ("100", "100"), ("1E+3", "1000"), ("0.000", "0"),
                                                 ("-2.0", "-2"), ("10", "10"), ("1e-8", "0.00000001")])  # fmt: skip
def test_plain_drops_trailing_zeros_only(value, expected):
    """Equal numbers get equal text."""
    assert num.text(num.plain(D(value))) == expected


@given(st.decimals(-(10**11), 10**11, places=8), st.integers(0, 8))
def test_plain_makes_equal_numbers_look_equal(value, zeros):
    """However many zeros they were written with."""
    padded = D(num.text(value) + "0" * zeros)
    assert num.text(num.plain(padded)) == num.text(num.plain(value))
    assert num.plain(value) == value


@pytest.mark.parametrize(
    ("dividend", "divisor", "expected"),
    [("1", "4", "0.25"), ("1", "3", "0." + "3" * 34), ("2", "3", "0." + "6" * 33 + "7"), ("-1", "8", "-0.125")],
)
def test_division_keeps_34_digits(dividend, divisor, expected):
    """Half to even, with no error for a result that does not end."""
    assert num.divide(D(dividend), D(divisor)) == D(expected)


@pytest.mark.parametrize(("dividend", "divisor"), [("1", "0"), ("0", "0")])
def test_division_by_zero_is_an_error(dividend, divisor):
    """Never an infinity that a limit would let pass."""
    with pytest.raises((decimal.DivisionByZero, decimal.InvalidOperation)):
        num.divide(D(dividend), D(divisor))


def test_division_does_not_depend_on_its_surroundings():
    """A library that lowered the precision of this thread does not change our quotients."""
    with decimal.localcontext(decimal.Context(prec=5)):
        assert num.divide(D(1), D(7)) == D("0.1428571428571428571428571428571429")


@pytest.mark.parametrize(("value", "expected"), [("-0.1", -1), ("0", 0), ("0.000", 0), ("7", 1)])
def test_the_sign(value, expected):
    """Minus one, zero or one."""
    assert num.sign(D(value)) == expected


def test_floats_are_refused_here():
    """In the thread that imported the module, with 40 digits."""
    assert with_floats_refused() == (40, True)
    with pytest.raises(decimal.FloatOperation):
        D(1) < 0.5  # noqa: B015


def test_floats_are_refused_in_new_threads():
    """A thread does not inherit its maker's context; it starts from the default one, which we set."""
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(with_floats_refused).result() == (40, True)


async def test_floats_are_refused_in_callbacks_that_threads_schedule():
    """Such a callback runs in the thread's context, not in the loop's."""
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    thread = threading.Thread(
        target=loop.call_soon_threadsafe, args=(lambda: answer.set_result(with_floats_refused()),)
    )
    thread.start()
    assert await answer == (40, True)
    thread.join()
