"""Scenarios: control requests that were written down beforehand."""

from __future__ import annotations

import pytest

from holdfast.paper.control.scenario import ScenarioError, plan, read_scenario
from tests.paper.desk import SECOND, Desk

LINES = (
    b"# a gap, and then a person",
    b"",
    b'{"at_ms": 3000, "do": "human.trade", "symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}',
    b'{"at_ms": 1000, "do": "book.gap", "symbol": "BTCUSDT", "percent": "-5"}',
    b'{"at_ms": 2000, "do": "fault", "verb": "reset"}',
    b'{"at_ms": 4000, "do": "price", "symbol": "NOPE", "percent": "1"}',
)


def test_every_step_happens_in_its_time() -> None:
    """And not before."""
    desk = Desk()
    plan(desk.venue.exchange, read_scenario(LINES))
    desk.wait(2 * SECOND)
    assert desk.records("trade") == []
    assert desk.order().outcome.kind == "reset"
    desk.wait(SECOND)
    assert desk.records("trade")[-1]["price"] == "76000.10"


def test_what_the_exchange_refuses_is_told_with_its_line() -> None:
    """The run goes on."""
    desk = Desk()
    plan(desk.venue.exchange, read_scenario(LINES))
    desk.wait(5 * SECOND)
    told = [record for record in desk.records("control") if record["what"] == "scenario"]
    assert [record["ok"] for record in told] == [True, True, True, False]
    assert (told[-1]["line"], "NOPE" in told[-1]["error"]) == (6, True)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"{", "JSON object"),
        (b"[1]", "JSON object"),
        (b'{"do": "state"}', "at_ms must be"),
        (b'{"at_ms": -1, "do": "state"}', "at_ms must be"),
        (b'{"at_ms": 1, "do": "juggle"}', "unknown verb 'juggle'"),
        (b'{"at_ms": 1, "do": "fault", "verb": "quake"}', "unknown fault 'quake'"),
    ],
)
def test_a_broken_line_is_named(line: bytes, word: str) -> None:
    """With the rule and what would pass."""
    with pytest.raises(ScenarioError, match="line 2: ") as caught:
        read_scenario([b"# first", line])
    assert word in str(caught.value)
    assert "would pass" in str(caught.value)


def test_a_scenario_survives_a_restart() -> None:
    """What is still to come is part of the state."""
    desk = Desk()
    plan(desk.venue.exchange, read_scenario(LINES))
    desk.venue = type(desk.venue).restore(desk.venue.snapshot(), desk.log.append)  # type: ignore[arg-type]
    desk.wait(3 * SECOND)
    assert desk.records("trade")[-1]["price"] == "76000.10"
