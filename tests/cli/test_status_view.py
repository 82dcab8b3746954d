"""The status screen on screens of different widths."""

import io
from decimal import Decimal

import msgspec
import pytest
from rich.console import Console

from holdfast.cli.show import Look
from holdfast.cli.status_view import overview
from tests.api.fake import ALARM, POSITION, STATE, TRADE


def drawn(look: Look, width: int) -> str:
    """What is printed."""
    console = Console(file=io.StringIO(), width=width)
    console.print(overview(look, width))
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 160])
def test_the_essentials_fit_every_screen(width: int) -> None:
    """Venue, state, cover and profit are never pushed out."""
    text = drawn(Look(state=STATE, positions=[POSITION], trades=[TRADE], alarms=[ALARM]), width)
    assert all(len(line.rstrip()) <= width for line in text.splitlines())
    for part in ("PAPER", "reducing", "covered", "+1.50", "STOP_LOST"):
        assert part in text


def test_open_profit_is_shown_where_there_is_room() -> None:
    """At the newest mark; a dash while nobody knows it."""
    priced = msgspec.structs.replace(POSITION, mark=POSITION.entry_price, unrealized=Decimal("-3.25"))
    assert "-3.25" in drawn(Look(state=STATE, positions=[priced], trades=[], alarms=[]), 80)
    assert "–" in drawn(Look(state=STATE, positions=[POSITION], trades=[], alarms=[]), 80)
    assert "-3.25" not in drawn(Look(state=STATE, positions=[priced], trades=[], alarms=[]), 60)


def test_a_quiet_engine_is_short() -> None:
    """No empty tables."""
    text = drawn(Look(state=STATE, positions=[], trades=[], alarms=[]), 80)
    assert "no position" in text
    assert "alarm" not in text


def test_what_is_unusual_is_said() -> None:
    """Flattening, quarantine, foreign positions and halted symbols stand out only when there are any."""
    state = msgspec.structs.replace(
        STATE, flattening={"ETHUSDT": "daily loss"}, halted_symbols={"XUSDT": "liquidation"}, daily_loss="day: lost 5"
    )
    text = drawn(Look(state=state, positions=[], trades=[], alarms=[]), 80)
    for part in ("ETHUSDT: daily loss", "XUSDT: liquidation", "day: lost 5"):
        assert part in text


def test_ages_go_on_while_nothing_happens() -> None:
    """An hour after the last record, the alarm is an hour older."""
    alarm = msgspec.structs.replace(ALARM, raised_ms=STATE.last_event_ms)
    later = Look(state=STATE, positions=[], trades=[], alarms=[alarm], seen_ms=STATE.last_event_ms + 7_200_000)
    assert "2 h 00" in drawn(later, 100)
