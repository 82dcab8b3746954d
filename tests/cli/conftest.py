"""Commands run in this process; the engine they talk to serves from a thread."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from holdfast.api.app import build
from holdfast.api.listening import listen
from holdfast.api.server import HttpServer
from holdfast.cli.main import run
from tests.api.fake import TOKEN, FakeService


class Outcome(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def holdfast(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command line in an empty folder, as a stranger would."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("HOLDFAST_CONFIG", raising=False)

    def command(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return command


class Running(NamedTuple):
    """A served engine, and the options that lead a command to it."""

    service: FakeService
    options: tuple[str, ...]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Running]:
    """An engine behind the real HTTP server, in a thread of its own."""
    service = FakeService()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> HttpServer:
        server = HttpServer(build(service, token=TOKEN), listen("127.0.0.1", 0))
        await server.start()
        return server

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    token = tmp_path / "engine.token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    yield Running(service, ("--url", f"http://127.0.0.1:{server.port}", "--token-file", str(token)))
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()
