"""The end of a demo."""

import io
from decimal import Decimal

import msgspec
import pytest
from rich.console import Console

from holdfast.cli.demo_summary import exact, print_summary
from holdfast.service.demo_report import DemoReport
from tests.cli.test_demo_view import ROW

REPORT = DemoReport(
    venue="paper", version="0.1.0", market="synthetic:1", asset="USDT", intents=120, accepted=100, denied=20,
    trades=100, fills=311, wins=55, losses=44, open_at_end=1, gross=Decimal("1523.11"), fees=Decimal("120.5"),
    funding=Decimal("-3.2"), net=Decimal("1399.41"), best=Decimal(120), worst=Decimal(-60),
    slippage_bps=Decimal("0.83"), protect_ms_p50=2, protect_ms_p99=12, naked_ms_p99=12, naked_ms_max=120,
    uncovered_ms_max=140, unknown_opened=3, unknown_resolved=3, denials={"NO_STOP": 7, "NOTIONAL_TOO_SMALL": 13},
    simulated_seconds=3600.0, seconds=4.2, rss_mb=88.0, journal="j.sqlite", venue_log="v.jsonl", last_trades=(ROW,),
)  # fmt: skip


def drawn(report: DemoReport, width: int) -> str:
    """What is printed."""
    console = Console(file=io.StringIO(), width=width)
    print_summary(console, report)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("width", [48, 80, 120])
def test_everything_a_trader_asks_stands_there(width: int) -> None:
    """On a narrow screen as well."""
    text = drawn(REPORT, width)
    for part in (
        "56 %",
        "+1,523.11",
        "-120.50",
        "-3.20",
        "+1,399.41",
        "+0.83 bps",
        "2 / 12 ms",
        "none",
        "NO_STOP",
        "13",
    ):
        assert part in text
    assert all(len(line.rstrip()) <= width for line in text.splitlines())


def test_wide_screens_explain_the_denials() -> None:
    """In a sentence each."""
    assert "an opening intent needs a stop loss" in drawn(REPORT, 120)


def test_the_check_can_be_repeated() -> None:
    """The command is printed."""
    assert "holdfast verify --journal j.sqlite --venue-log v.jsonl" in " ".join(drawn(REPORT, 120).split())


def test_violations_stand_out() -> None:
    """Number and sentences."""
    report = msgspec.structs.replace(REPORT, violations=1, broken=("I1: entered twice",))
    assert "violation: I1: entered twice" in drawn(report, 80)


def test_a_run_without_trades_is_no_failure() -> None:
    """Nothing is divided by nothing."""
    report = msgspec.structs.replace(
        REPORT, wins=0, losses=0, trades=0, denials={}, slippage_bps=None, naked_ms_p99=None
    )
    assert "all accepted" in drawn(report, 80)


def test_json_holds_the_promised_names() -> None:
    """Scripts rely on them."""
    promised = "intents accepted denied trades fills fees funding net naked_ms_p99 naked_ms_max unknown_resolved"
    promised += " violations seconds rss_mb"
    value = msgspec.json.decode(msgspec.json.encode(REPORT))
    assert set(promised.split()) <= set(value)
    assert value["net"] == "1399.41"
    assert value["violations"] == 0


def test_a_reader_can_add_up_the_result() -> None:
    """To the last digit: rounding each amount alone would leave a cent over."""
    assert exact(Decimal("-7.365"), Decimal("-348.036"), Decimal(0), Decimal("-355.401")) == [
        "-7.365", "-348.036", "+0.000", "-355.401",
    ]  # fmt: skip
    assert exact(Decimal(1000), Decimal("0.10")) == ["+1,000.00", "+0.10"]
