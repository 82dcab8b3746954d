"""`holdfast paper` and `holdfast run`: they start, say where they are, and refuse what they cannot serve."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from tests.cli.conftest import Command
from tests.cli.paper import configuration, paper
from tests.waiting import until


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


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_run_refuses_a_key_that_the_venue_does_not_know(tmp_path: Path) -> None:
    """Fault H2: a live key on another venue ends the start at the first read, with exit code 1 and no order."""
    with paper("--venue-log", str(tmp_path / "v.jsonl")) as addresses:
        (tmp_path / "holdfast.toml").write_text(configuration(addresses, port=free_port()))
        environ = os.environ | {"HOLDFAST__VENUE__API_KEY": "a-live-key", "HOLDFAST__VENUE__API_SECRET": "its-secret"}
        command = [sys.executable, "-m", "holdfast", "run"]
        ended = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=30, check=False
        )
    assert ended.returncode == 1
    assert "does not take this key" in ended.stderr
    assert "would pass" in ended.stderr
    assert '"order"' not in (tmp_path / "v.jsonl").read_text()


def test_run_trades_over_the_api_and_stops_on_a_signal(holdfast: Command, tmp_path: Path) -> None:
    """The quick start, as it is written: run, send, status, explain, flatten; then the records agree."""
    with paper("--venue-log", str(tmp_path / "v.jsonl")) as addresses:
        Path("holdfast.toml").write_text(configuration(addresses, port=free_port()))
        command = [sys.executable, "-m", "holdfast", "run"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            wait_for_line(process.stderr, "engine of account main is up")
            opening = ("--symbol", "BTCUSDT", "--side", "long", "--risk-pct", "0.5", "--stop", "1%", "--target", "2%")
            # Until the first mark price has come, an entry is denied: ask again, each time under a new id.
            for number in range(10_000):
                sent = holdfast("send", *opening, "--id", f"try-{number}", "--wait-s", "10")
                if "MARK_STALE" not in sent.out and "TOUCH_STALE" not in sent.out:
                    break
            name = f"try-{number}"
            shown = holdfast("status")
            told = holdfast("explain", name)
            closed = holdfast("send", "--symbol", "BTCUSDT", "--action", "close", "--id", "second", "--wait-s", "20")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
        assert process.returncode == 0
    assert sent.code == 0, sent
    assert (shown.code, told.code, closed.code) == (0, 0, 0)
    assert f"protected {name}" in sent.out
    assert "covered" in shown.out
    assert f"result of {name}: protected" in told.out
    assert "closed" in closed.out
    checked = holdfast("verify", "--journal", "holdfast-paper-main.sqlite", "--venue-log", "v.jsonl", "--json")
    assert json.loads(checked.out)["violations"] == []
    assert holdfast("replay", "--journal", "holdfast-paper-main.sqlite").code == 0


def test_an_engine_outlives_whoever_read_its_log(holdfast: Command, tmp_path: Path) -> None:
    """`holdfast run 2>&1 | head`: positions are watched on when the reader of the log is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    with paper() as addresses:
        Path("holdfast.toml").write_text(configuration(addresses, port=free_port()))
        with subprocess.Popen([sys.executable, "-m", "holdfast", "run"], stderr=writer) as process:
            until(lambda: holdfast("status").code == 0, within_s=30, what="the engine's answer")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    os.close(writer)


def wait_for_line(stream: IO[str], part: str) -> None:
    """Read until a line holds the text; the test fails when the stream ends before."""
    for line in stream:
        if part in line:
            return
    raise AssertionError(f"the process ended without saying {part!r}")


@pytest.mark.parametrize("option", ["--port", "--control-port"])
def test_a_port_that_does_not_exist(holdfast: Command, option: str) -> None:
    """Named, with one that would pass."""
    outcome = holdfast("paper", option, "99999")
    assert (outcome.code, f"{option}: must be 0 to 65535" in outcome.err) == (2, True)


@pytest.mark.parametrize("content", ["", "hello", "[]", '{"symbols": {}}'])
def test_an_exchange_info_that_is_none(holdfast: Command, content: str) -> None:
    """The option is named, not that of the market."""
    Path("info.json").write_text(content)
    outcome = holdfast("paper", "--port", "0", "--exchange-info", "info.json")
    assert (outcome.code, outcome.err.startswith("holdfast: --exchange-info: ")) == (2, True)
