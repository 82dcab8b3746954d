"""What all commands share."""

import io
from pathlib import Path

import pytest

from holdfast.cli.shell import EXIT_CODES, USAGE, Failure, ask, load_config, print_json, wrong
from tests.cli.conftest import Command


def test_exit_codes_are_distinct_and_explained() -> None:
    """Each with a sentence that begins with its gist."""
    assert len(set(EXIT_CODES.values())) == len(EXIT_CODES)
    assert sorted(EXIT_CODES) == [0, 1, 2, 3, 4, 130, 141]


def test_a_wrong_value_names_three_things() -> None:
    """Name, rule, what would pass."""
    failure = wrong("--speed", "must be a number", "--speed 10")
    assert failure.text == "--speed: must be a number\n    would pass: --speed 10"
    assert failure.code == USAGE


def test_nobody_is_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script never hangs at a question, and never confirms by accident."""
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert ask("Really?") is False


def test_json_in_a_pipe_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """For other programs."""
    print_json({"a": [1, 2]})
    assert capsys.readouterr().out == '{"a":[1,2]}\n'


def test_options_stand_over_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed last wins."""
    path = tmp_path / "c.toml"
    path.write_text("[http]\nallow_no_token = true\nport = 1\n")
    monkeypatch.setenv("HOLDFAST__HTTP__PORT", "2")
    assert load_config(path, only=("http",)).http.port == 2
    assert load_config(path, only=("http",), extra={"HOLDFAST__HTTP__PORT": "3"}).http.port == 3


def test_a_refused_configuration_is_a_failure(tmp_path: Path) -> None:
    """With exit code 2 and every problem."""
    with pytest.raises(Failure) as caught:
        load_config(tmp_path / "absent.toml")
    assert caught.value.code == USAGE
    assert "would pass" in caught.value.text


def test_without_a_configuration_the_way_to_a_first_one_is_shown(holdfast: Command) -> None:
    """Whoever types a command in the wrong folder learns that first."""
    outcome = holdfast("status")
    assert outcome.code == 2
    assert "there is no holdfast.toml in this folder" in outcome.err
    assert "holdfast config --init paper" in outcome.err
