"""The demo's screen: on a terminal, in a pipe, wide and narrow."""

import io
from decimal import Decimal

import pytest
from rich.console import Console

from holdfast.cli.demo_view import COLUMNS, ROWS, Screen, age, money, price, screen, trades_table
from holdfast.service.demo_report import DemoProgress, TradeRow

ROW = TradeRow(
    intent_id="demo-00001", symbol="1000PEPEUSDT", direction="long", phase="open", quantity=Decimal("12.50"),
    entry=Decimal("0.00123400"), stop=Decimal("0.0012"), price=Decimal("0.00125"), profit=Decimal("-3.456"),
    age_ms=65_000, note="stop",
)  # fmt: skip


def progress(fraction: float, rows: int = 3) -> DemoProgress:
    """A moment."""
    return DemoProgress(
        fraction=fraction, clock_ms=1_680_652_800_000, state="active", intents=5, accepted=4, denied=1, closed=1,
        net=Decimal("12.3"), trades=(ROW,) * rows,
    )  # fmt: skip


def text_of(console: Console) -> str:
    """What was written to a console on a string."""
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("width", [40, 54, 62, 80, 100, 120, 200])
def test_the_screen_fits_its_width(width: int) -> None:
    """Columns give way; symbol, side, phase and profit stay."""
    console = Console(file=io.StringIO(), width=width)
    console.print(screen(progress(0.4), "Holdfast demo", width))
    text = text_of(console)
    assert all(len(line.rstrip()) <= width for line in text.splitlines())
    for part in ("1000PEPEUSDT", "long", "open", "-3.46", "40%"):
        assert part in text


def test_wide_screens_show_every_column() -> None:
    """All of them."""
    assert len(trades_table((ROW,), 200).columns) == len(COLUMNS)


def test_long_lists_are_cut() -> None:
    """The screen does not scroll away."""
    assert trades_table((ROW,) * 50, 80).row_count == ROWS


def test_a_pipe_gets_a_line_for_each_tenth() -> None:
    """No control characters, no hundred lines."""
    console = Console(file=io.StringIO(), width=80)
    now = iter(range(10_000))
    with Screen(console, "Holdfast demo", clock=lambda: float(next(now))) as shown:
        for step in range(101):
            shown.update(progress(step / 100))
    lines = text_of(console).splitlines()
    assert lines[0] == "Holdfast demo"
    assert len(lines) == 12
    assert lines[-1].startswith("100%")
    assert "\x1b" not in text_of(console)


def test_a_terminal_is_redrawn_ten_times_a_second_at_most() -> None:
    """Drawing must not slow the run."""
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    now = [0.0]
    with Screen(console, "Holdfast demo", clock=lambda: now[0]) as shown:
        assert shown.due()
        shown.update(progress(0.1))
        assert not shown.due()
        now[0] = 0.2
        assert shown.due()
    assert "1000PEPEUSDT" in text_of(console)


def test_the_screen_is_given_back_after_a_failure() -> None:
    """The cursor is visible again."""
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    with pytest.raises(ZeroDivisionError), Screen(console, "x"):
        raise ZeroDivisionError
    assert text_of(console).rindex("\x1b[?25h") > text_of(console).rindex("\x1b[?25l")


@pytest.mark.parametrize(
    "made, expected",
    [(price(Decimal("28155.10")), "28155.1"),
     (price(Decimal("141.90991445")), "141.90991"), (price(Decimal("0.00001000")), "0.00001"), (price(None), "–"),
     (price(Decimal("1E+3")), "1000"), (money(Decimal("1234.5")), "+1,234.50"), (money(None), "–"),
     (money(Decimal(5), plus=False), "5.00"), (age(59_999), "59 s"), (age(60_000), "1 min"),
     (age(7_260_000), "2 h 01")],
)  # fmt: skip
def test_numbers_are_written_for_people(made: str, expected: str) -> None:
    """Prices exact, money to the cent, times at a glance."""
    assert made == expected
