"""The client of the API, when nobody answers and when somebody else does."""

import socket
import threading

import pytest

from holdfast.cli.client import Reply, problem_text
from tests.cli.conftest import Command, Running


@pytest.fixture
def token(tmp_path: object) -> str:
    """A token file."""
    path = tmp_path / "t"  # type: ignore[operator]
    path.write_text("t" * 32)
    path.chmod(0o600)
    return str(path)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize(
    "arguments", [("halt",), ("send", "--symbol", "BTCUSDT", "--action", "close"), ("explain", "x")]
)
def test_nobody_answers(holdfast: Command, token: str, arguments: tuple[str, ...]) -> None:
    """Exit code 3, and what to do."""
    outcome = holdfast(*arguments, "--url", f"http://127.0.0.1:{free_port()}", "--token-file", token)
    assert outcome.code == 3
    assert "no engine answers" in outcome.err
    assert "holdfast run" in outcome.err
    assert "not known" not in outcome.err


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhtml",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nHoldfast-Venue: live\r\nContent-Length: 4\r\n\r\nhtml",
    ],
)
def test_somebody_else_answers(holdfast: Command, token: str, answer: bytes) -> None:
    """A web server that is not ours is recognised."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            connection.recv(65_536)
            connection.sendall(answer)
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        outcome = holdfast("halt", "--url", f"http://127.0.0.1:{server.getsockname()[1]}", "--token-file", token)
        thread.join(10)
    assert outcome.code == 3
    assert "not a Holdfast API" in outcome.err


def test_a_lost_answer_is_said_to_be_unknown(holdfast: Command, token: str) -> None:
    """A server that takes the request and dies: the sender learns that it may have arrived."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            connection.recv(65_536)
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        outcome = holdfast("halt", "--url", url, "--token-file", token)
        thread.join(10)
    assert outcome.code == 3
    assert "not known" in outcome.err


@pytest.mark.parametrize("url", ["127.0.0.1:8420", "ftp://x", "http://", "http://x:99999", "http://x:y"])
def test_an_address_that_is_none(holdfast: Command, token: str, url: str) -> None:
    """Named, with one that would pass."""
    outcome = holdfast("halt", "--url", url, "--token-file", token)
    assert outcome.code == 2
    assert "--url" in outcome.err
    assert "http://127.0.0.1:8420" in outcome.err


def test_the_wrong_token(holdfast: Command, engine: Running, token: str) -> None:
    """Said as it is."""
    other = token + "2"
    with open(token) as file, open(other, "w") as copy:
        copy.write(file.read().upper() + "x")
    __import__("os").chmod(other, 0o600)
    outcome = holdfast("halt", "--url", engine.options[1], "--token-file", other)
    assert outcome.code == 2
    assert "does not take this token" in outcome.err
    assert "would pass" in outcome.err
    assert engine.service.commands == []


def test_a_problem_is_told_for_people() -> None:
    """No sentence twice, no label before a state of things, and moments as times of day."""
    value = {
        "detail": "EXPIRED: the intent's time has passed",
        "facts": {"sentence": "the intent's time has passed", "late_ms": "5", "ids": ""},
        "counterfactual": {"expires_at": "1795270429495", "state": "the trade is closed"},
    }
    assert problem_text(Reply(422, value, "paper")).splitlines() == [
        "EXPIRED: the intent's time has passed",
        "    numbers: late_ms 5",
        "    would pass: expires_at 1795270429495 (14:13:49 UTC), the trade is closed",
    ]
