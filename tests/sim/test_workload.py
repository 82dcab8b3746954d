"""The made-up stream of intents: one seed is one stream, in order of time, partly wrong on purpose."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holdfast.model.intent import IntentError, from_builtins
from holdfast.sim.workload import Workload

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


def quote(symbol: str) -> tuple[Decimal, Decimal]:
    """A touch that never moves."""
    return Decimal("100.0"), Decimal("100.1")


def values(workload: Workload) -> list[dict]:
    """What the stream makes of that touch."""
    return [due.make(quote) for due in workload.stream()]


@pytest.fixture
def workload():
    """Ten minutes of intents."""
    return Workload(seed=1, symbols=SYMBOLS, duration_ms=600_000)


def test_one_seed_is_one_stream(workload):
    """Two walks give the same intents at the same times."""
    assert values(workload) == values(workload)
    assert [due.after_ms for due in workload.stream()] == [due.after_ms for due in workload.stream()]


def test_another_seed_is_another_stream(workload):
    """Otherwise a demo would always look alike."""
    assert values(workload) != values(Workload(seed=2, symbols=SYMBOLS, duration_ms=600_000))


def test_times_rise_and_end_in_time(workload):
    """Intents come in order, none after the end."""
    times = [due.after_ms for due in workload.stream()]
    assert times == sorted(times)
    assert times[-1] < 600_000


def test_every_value_is_a_wellformed_intent(workload):
    """Wrong on purpose means wrong for the risk gate, not for the parser."""
    for value in values(workload):
        try:
            from_builtins(value)
        except IntentError as error:
            pytest.fail(f"{error} in {value}")


def test_some_are_wrong_on_purpose():
    """Without a stop, far too large, or on a symbol that does not exist."""
    found = values(Workload(seed=3, symbols=SYMBOLS, duration_ms=6_000_000))
    opens = [value for value in found if value["action"] == "open"]
    assert any("stop_loss" not in value for value in opens)
    assert any(value["symbol"] not in SYMBOLS for value in opens)
    assert any(value["size"].get("notional") == "5000000" for value in opens)


def test_deliveries_are_doubled_now_and_then():
    """The same id comes again: with the same content, and with other content."""
    found = values(Workload(seed=4, symbols=SYMBOLS, duration_ms=6_000_000))
    seen: dict[str, list[dict]] = {}
    for value in found:
        seen.setdefault(value["id"], []).append(value)
    repeats = [group for group in seen.values() if len(group) > 1]
    assert any(group[0] == group[1] for group in repeats)
    assert any(group[0] != group[1] for group in repeats)


def test_without_a_quote_there_is_no_intent(workload):
    """Nobody trades before the first price."""
    assert all(due.make(lambda symbol: None) is None for due in workload.stream())


def test_on_one_symbol_trades_are_closed_more_often():
    """Else one trade would block all the others."""
    one = values(Workload(seed=5, symbols=SYMBOLS[:1], duration_ms=6_000_000))
    many = values(Workload(seed=5, symbols=SYMBOLS, duration_ms=6_000_000))
    closes = [sum(value["action"] == "close" for value in found) for found in (one, many)]
    assert closes[0] > 2 * closes[1]
