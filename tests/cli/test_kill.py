"""`holdfast kill`: works without engine and journal, asks first, and never says clean when it is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from holdfast.service.killswitch import KillReport
from holdfast.wiring import kill
from tests.cli.conftest import Command
from tests.cli.paper import configuration, paper


@pytest.fixture
def here(holdfast: Command) -> None:
    """A configuration in the folder in which `holdfast` is typed."""
    Path("holdfast.toml").write_text('[venue]\nname = "paper"\n')


def test_rules_16_without_a_configuration_no_account_is_guessed(
    holdfast: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the wrong folder it would close nothing, and say that all is closed. The environment may name the venue."""
    monkeypatch.setattr(kill, "run_kill", lambda config, say: KillReport(latched=True))
    outcome = holdfast("kill", "--yes")
    assert (outcome.code, "there is no holdfast.toml" in outcome.err) == (2, True)
    monkeypatch.setenv("HOLDFAST__VENUE__NAME", "paper")
    assert holdfast("kill", "--yes").code == 0


@pytest.mark.usefixtures("here")
def test_rules_16_nothing_happens_without_a_yes(holdfast: Command) -> None:
    """A script without --yes is refused, and no latch is made."""
    outcome = holdfast("kill")
    assert outcome.code == 2
    assert "--yes" in outcome.err
    assert list(Path().glob("*.latch")) == []


def test_rules_16_a_wrong_limit_or_token_does_not_stop_it(holdfast: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads [venue], [account] and [journal] only: the rest of the file may be as wrong as it likes."""
    Path("holdfast.toml").write_text("[limits]\nmax_trade = 1\n[http]\ntoken_file = 'absent'\n")
    monkeypatch.setattr(kill, "run_kill", lambda config, say: KillReport(latched=True))
    assert holdfast("kill", "--yes").code == 0


@pytest.mark.usefixtures("here")
def test_rules_16_what_remains_is_said_with_exit_code_1(holdfast: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Amount and symbol, and every problem on the way."""
    report = KillReport(latched=True, positions_left={"BTCUSDT": "0.5"}, problems=["the venue answered 503"])
    monkeypatch.setattr(kill, "run_kill", lambda config, say: report)
    outcome = holdfast("kill", "--yes")
    assert outcome.code == 1
    assert "NOT CLEAN: 0.5 BTCUSDT" in outcome.err
    assert "the venue answered 503" in outcome.err
    assert json.loads(holdfast("kill", "--yes", "--json").out)["positions_left"] == {"BTCUSDT": "0.5"}


@pytest.mark.serial
def test_rules_16_against_an_exchange(holdfast: Command) -> None:
    """The whole way, over real sockets: latch, two reads past every window, report. It takes ten seconds by rule."""
    with paper() as addresses:
        Path("holdfast.toml").write_text(configuration(addresses))
        outcome = holdfast("kill", "--yes", "--json")
    assert outcome.code == 0
    report = json.loads(outcome.out)
    assert (report["latched"], report["orders_left"], report["positions_left"]) == (True, 0, {})
    assert Path("holdfast-paper-main.latch").exists()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "left, said",
    [
        ({"positions_left": {"?": "the venue could not be asked"}, "orders_left": -1}, "nobody knows what is open"),
        ({"orders_left": 2}, "NOT CLEAN: 2 orders still work"),
    ],
)
def test_rules_16_what_is_not_known_is_said(
    holdfast: Command, monkeypatch: pytest.MonkeyPatch, left: dict[str, Any], said: str
) -> None:
    """An account that could not be asked is not described as one with a strange position."""
    monkeypatch.setattr(kill, "run_kill", lambda config, say: KillReport(latched=True, **left))
    outcome = holdfast("kill", "--yes")
    assert (outcome.code, said in outcome.err) == (1, True)
