"""`holdfast paper`: it starts, says where it is, and refuses what it cannot serve."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_paper_says_where_it_is_and_stops_on_a_signal(tmp_path: Path) -> None:
    """One JSON line on standard output, nothing else; exit code 0."""
    command = [sys.executable, "-m", "holdfast", "paper", "--port", "0", "--venue-log", str(tmp_path / "v.jsonl")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        addresses = json.loads(process.stdout.readline())
        assert set(addresses) == {"rest", "ws_api", "streams", "control", "api_key", "api_secret"}
        host, port = addresses["rest"].removeprefix("http://").split(":")
        socket.create_connection((host, int(port)), timeout=5).close()
        process.send_signal(signal.SIGTERM)
        rest, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert rest == ""
    assert "the paper exchange is open" in errors
    assert json.loads((tmp_path / "v.jsonl").read_text().splitlines()[0])["k"] == "start"


@pytest.mark.parametrize(
    "market, hint",
    [
        ("absent.gz", "absent.gz"),
        ("synthetic:x", "SEED"),
        ("synthetic:1:NOPEUSDT", "NOPEUSDT"),
        ("notes.txt", "market"),
    ],
)
def test_a_market_that_is_none(holdfast: Command, market: str, hint: str) -> None:
    """Named, with one that would pass."""
    Path("notes.txt").write_text("dear diary\n")
    outcome = holdfast("paper", "--port", "0", "--market", market)
    assert outcome.code == 2
    assert hint in outcome.err
    assert "--market synthetic:1" in outcome.err


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "1/0", "1e9", "nan"])
def test_a_speed_that_is_none(holdfast: Command, speed: str) -> None:
    """Before anything is opened."""
    outcome = holdfast("paper", "--port", "0", f"--speed={speed}")
    assert outcome.code == 2
    assert "--speed" in outcome.err


def test_a_port_in_use(holdfast: Command) -> None:
    """Exit code 3, and the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = holdfast("paper", "--port", port)
    assert outcome.code == 3
    assert str(port) in outcome.err


def test_a_venue_log_is_not_overwritten(holdfast: Command) -> None:
    """It is evidence."""
    Path("v.jsonl").write_text("{}\n")
    outcome = holdfast("paper", "--port", "0", "--venue-log", "v.jsonl")
    assert outcome.code == 3
    assert "v.jsonl" in outcome.err
    assert Path("v.jsonl").read_text() == "{}\n"


def test_run_without_a_configuration_says_what_to_do(holdfast: Command) -> None:
    """The token is the only thing a fresh folder lacks."""
    outcome = holdfast("run")
    assert outcome.code == 2
    assert "holdfast config --init" in outcome.err
