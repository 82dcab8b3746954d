"""The command line as a whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.cli.main import COMMANDS, run
from holdfast.cli.shell import EXIT_CODES
from tests.cli.conftest import Command

HEAVY = (
    "rich",
    "aiohttp",
    "starlette",
    "uvicorn",
    "cryptography",
    "holdfast.core",
    "holdfast.paper",
    "holdfast.wiring",
)


def test_importing_the_command_line_is_light() -> None:
    """`holdfast run` must read the venue within two seconds: nothing is imported that the command does not use."""
    code = "import sys, holdfast.cli.main; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in HEAVY if name in loaded] == []


def test_the_overview_names_every_command_and_exit_code(holdfast: Command) -> None:
    """A stranger finds everything on one screen."""
    outcome = holdfast("--help")
    assert outcome.code == 0
    for name, _, _, text in COMMANDS:
        assert f" {name} " in outcome.out
        assert text.split(";")[0][:40] in outcome.out
    for code in EXIT_CODES:
        assert f" {code} " in outcome.out


@pytest.mark.parametrize("name", [name for name, *_ in COMMANDS])
def test_every_command_has_a_page(holdfast: Command, name: str) -> None:
    """Each page says what the command does, in more than a word."""
    outcome = holdfast(name, "--help")
    assert outcome.code == 0
    assert outcome.out.startswith(f"Usage: holdfast {name}")
    assert len(outcome.out) > 300


@pytest.mark.parametrize(
    "arguments, hint",
    [(("nope",), "nope"), (("send", "--nope"), "--nope"), (("config", "--init", "prod"), "paper"),
     (("demo", "--minutes", "many"), "many"), (("demo", "--seed", "1.5"), "--seed: must be a whole number"),
     (("status", "my", "eyes"), "too many words: my eyes\n    would pass: see `holdfast status --help`")],
)  # fmt: skip
def test_wrong_use_is_two_lines_and_exit_code_2(holdfast: Command, arguments: tuple[str, ...], hint: str) -> None:
    """The error names the word that is wrong; no traceback, no page of help."""
    outcome = holdfast(*arguments)
    assert outcome.code == 2
    assert hint in outcome.err
    assert outcome.err.count("\n") <= 3
    assert outcome.out == ""


def test_the_version(holdfast: Command) -> None:
    """As the package says it."""
    from holdfast import __version__

    assert holdfast("--version").out.strip() == __version__


def test_an_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with one line and the usual code."""
    from holdfast.cli import settings

    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(settings, "_init", interrupted)
    assert run(["config", "--init", "paper"]) == 130
    assert capsys.readouterr().err == "holdfast: interrupted\n"


def ended(*arguments: str, stdout: int | None = None, shell: str = "", **environ: str) -> tuple[int, str]:
    """A command in a process of its own, with what it writes to: exit code, and what it said on standard error."""
    command = ["/bin/sh", "-c", f'exec "$0" "$@" {shell}', sys.executable, "-m", "holdfast", *arguments]
    environment = {**os.environ, **environ}
    done = subprocess.run(command, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


def test_an_output_that_nobody_reads_has_an_exit_code_of_its_own() -> None:
    """A closed pipe is neither success nor a refusal, whoever writes into it."""
    for arguments in (["--help"], ["config", "--reference"]):
        reader, writer = os.pipe()
        os.close(reader)
        assert ended(*arguments, stdout=writer) == (141, "")
        os.close(writer)


def test_an_output_that_cannot_be_written_is_no_fault_of_the_program() -> None:
    """A full disk."""
    with Path("/dev/full").open("w") as full:
        code, said = ended("config", "--reference", stdout=full.fileno())
    assert (code, said) == (3, "holdfast: the output cannot be read or written (No space left on device)\n")


def test_an_output_that_was_closed_before_is_no_fault() -> None:
    """As cron jobs do."""
    assert ended("config", "--reference", shell=">&-") == (0, "")


def test_a_terminal_without_our_letters_shows_question_marks() -> None:
    """Instead of a traceback."""
    code, said = ended("--help", stdout=subprocess.DEVNULL, PYTHONIOENCODING="ascii")
    assert (code, said) == (0, "")


def test_help_shows_commands_in_the_order_of_their_use(holdfast: Command) -> None:
    """And no default that goes without saying."""
    overview = holdfast("--help").out
    places = [
        overview.index(f"│ {name} ") for name in ("send", "status", "explain", "halt", "resume", "flatten", "kill")
    ]
    assert places == sorted(places)
    shown = holdfast("send", "--help").out
    assert "None" not in shown
    assert "False" not in shown
