"""`holdfast halt`, `resume`, `flatten`."""

import json

import pytest

from holdfast.cli import operate
from tests.cli.conftest import Command, Running


def names(engine: Running) -> list[str]:
    """The commands that arrived."""
    return [command[0] for command in engine.service.commands]


def test_halt_takes_one_word(holdfast: Command, engine: Running) -> None:
    """The answer says the venue and both states; the journal learns who it was."""
    outcome = holdfast("halt", *engine.options)
    assert outcome.code == 0
    assert outcome.out == "paper: commanded halt, effective halt\n"
    assert engine.service.commands[0][1].startswith("cli:")
    holdfast("halt", "--reduce", *engine.options)
    assert names(engine) == ["halt", "reduce"]


def test_p29_resume_without_a_terminal_only_prepares(holdfast: Command, engine: Running) -> None:
    """It shows what would be resumed, names the venue, and prints how to confirm."""
    outcome = holdfast("resume", "--reason", "checked", *engine.options)
    assert outcome.code == 1
    assert "PAPER" in outcome.err
    assert "BTCUSDT 0.01" in outcome.err
    assert "--token right" in outcome.err
    assert names(engine) == ["resume_prepare"]


def test_p29_the_token_confirms(holdfast: Command, engine: Running) -> None:
    """The second step."""
    outcome = holdfast("resume", "--reason", "checked", "--token", "right", *engine.options)
    assert outcome.code == 0
    assert names(engine) == ["resume_confirm"]


def test_p29_a_person_is_asked(holdfast: Command, engine: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal both steps are one command, with a question between them."""
    questions: list[str] = []
    monkeypatch.setattr(operate, "ask", lambda question: not questions.append(question))
    assert holdfast("resume", "--reason", "checked", *engine.options).code == 0
    assert questions == ["Resume trading on PAPER?"]
    assert names(engine) == ["resume_prepare", "resume_confirm"]


def test_resume_needs_a_reason(holdfast: Command, engine: Running) -> None:
    """It stands in the journal."""
    outcome = holdfast("resume", *engine.options)
    assert outcome.code == 2
    assert names(engine) == []


def test_a_wrong_token_is_exit_code_1(holdfast: Command, engine: Running) -> None:
    """Refused, with the engine's words."""
    outcome = holdfast("resume", "--reason", "x", "--token", "wrong", *engine.options)
    assert outcome.code == 1
    assert "not the one" in outcome.err


def test_flatten_names_its_target(holdfast: Command, engine: Running) -> None:
    """One symbol, or all with a confirmation."""
    assert holdfast("flatten", "BTCUSDT", *engine.options).code == 0
    assert holdfast("flatten", "--all", "--yes", *engine.options).code == 0
    assert [command[3] for command in engine.service.commands] == ["BTCUSDT", ""]


@pytest.mark.parametrize("arguments", [(), ("BTCUSDT", "--all"), ("--all",)])
def test_flatten_guesses_nothing(holdfast: Command, engine: Running, arguments: tuple[str, ...]) -> None:
    """Neither a missing symbol nor an unconfirmed all."""
    assert holdfast("flatten", *arguments, *engine.options).code == 2
    assert names(engine) == []


def test_json_answers(holdfast: Command, engine: Running) -> None:
    """For programs."""
    assert json.loads(holdfast("halt", "--json", *engine.options).out)["done"] is True
    prepared = holdfast("resume", "--reason", "x", "--json", *engine.options)
    assert prepared.code == 1
    assert json.loads(prepared.out)["token"] == "right"
