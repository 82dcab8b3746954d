"""Bad input, one row each: what is refused is told with its field, the rule and a value that would pass, the exit code
is not 0, and nothing is half-done. Where the value that would pass is one of the intent, it is tried.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.acceptance import markets
from tests.acceptance.stand import Answer, Stand, free_port, opening

REFUSED, USAGE, UNREACHABLE = 1, 2, 3
SYMBOLS = iter(markets.SYMBOLS)
FIRST, SECOND = markets.SYMBOLS[:2]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """One exchange and one engine for all rows."""
    with Stand(tmp_path_factory.mktemp("stand")) as stand:
        stand.start()
        yield stand
        stand.flatten()
        stand.finish()
        assert stand.verify()["violations"] == []


def post(stand: Stand, body: bytes) -> Answer:
    """Bytes as they are, which no JSON encoder would write."""
    url = f"http://127.0.0.1:{stand.port}/v1/intents"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=10
        ) as reply:
            return Answer(reply.status, json.loads(reply.read()))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, json.loads(error.read()))


# Intents that are understood, and denied.


class Denied(NamedTuple):
    """What is changed in an intent that fits, and how it is denied: code, and the first key of what would pass."""

    change: dict[str, Any]
    code: str
    passes: str


DENIED = {
    "unknown symbol": Denied({"symbol": "NOPEUSDT"}, "UNKNOWN_SYMBOL", "state"),
    "look-alike symbol": Denied({"symbol": FIRST.replace("A", "А", 1)}, "UNKNOWN_SYMBOL", "state"),
    "quantity rounds to zero": Denied({"size": {"quantity": "0.01"}}, "QUANTITY_ZERO", "size.quantity"),
    "notional too small": Denied({"size": {"notional": "0.5"}}, "NOTIONAL_TOO_SMALL", "size.quantity"),
    "stop on the wrong side": Denied({"stop_loss": {"price": "2.5"}}, "STOP_WRONG_SIDE", "stop_loss.price"),
    "stop already crossed": Denied({"stop_loss": {"price": "1.9999"}}, "STOP_CROSSED", "stop_loss.price"),
    "stop beyond liquidation": Denied(
        {"stop_loss": {"pct": "19"}, "size": {"quantity": "20000"}}, "STOP_BEYOND_LIQUIDATION", "size.quantity"
    ),
    "no stop": Denied({"stop_loss": None}, "NO_STOP", "stop_loss.pct"),
    "expired": Denied({"expires_at": 1_700_000_000_000}, "EXPIRED", "expires_at"),
}


@pytest.mark.parametrize("name", DENIED)
def test_a_denied_intent_names_what_would_pass_and_that_passes(stand: Stand, name: str) -> None:
    """The exchange hears of the second one only."""
    row = DENIED[name]
    before = stand.account()
    intent = {**opening(f"bad-{name}".replace(" ", "-"), next(SYMBOLS)), **row.change}
    answer = stand.send(intent)
    assert (answer.status, answer.body["code"]) == (422, row.code), answer
    assert next(iter(answer.body["counterfactual"])) == row.passes
    assert answer.body["facts"]
    assert stand.account() == before
    if row.passes != "state":
        passing = applied(intent, answer.body["counterfactual"])
        assert stand.send({**passing, "id": intent["id"] + "-again"}).status == 202
        assert stand.wait_result(intent["id"] + "-again")["status"] == "protected"


def applied(intent: dict[str, Any], counterfactual: dict[str, str]) -> dict[str, Any]:
    """The intent with what would pass put in its place, as a careful source would."""
    changed = dict(intent)
    for path, value in counterfactual.items():
        group, _, field = path.partition(".")
        changed[group] = {field: value} if field else int(value)
    return changed


def test_the_same_id_is_answered_alike_and_other_content_is_refused(stand: Stand) -> None:
    """However often it is sent, it enters once."""
    intent = opening("same-id", next(SYMBOLS))
    first, again = stand.send(intent), stand.send(intent)
    stand.wait_result("same-id")
    assert (first.status, again.status) == (202, 200)
    assert first.body["trade_id"] == again.body["trade_id"]
    other = stand.send({**intent, "size": {"quantity": "101"}})
    assert (other.status, other.body["code"]) == (409, "OTHER_CONTENT")
    assert other.body["counterfactual"] == {"id": "a new id"}


# Bodies that are not understood.

OPEN = b'{"id": "x", "source": "s", "symbol": "BTCUSDT", "action": "open", "side": "long", "stop_loss": {"pct": "4"}, '
MALFORMED: dict[str, tuple[bytes, int, str]] = {
    "unknown field": (OPEN + b'"colour": "red", "size": {"quantity": "100"}}', 400, "colour"),
    "NaN": (OPEN + b'"size": {"quantity": NaN}}', 400, "body"),
    "NaN as text": (OPEN + b'"size": {"quantity": "NaN"}}', 400, "size.quantity"),
    "1e309": (OPEN + b'"size": {"quantity": 1e309}}', 400, "size.quantity"),
    "1e309 as text": (OPEN + b'"size": {"quantity": "1e309"}}', 400, "size.quantity"),
    "below zero": (OPEN + b'"size": {"quantity": "-1"}}', 400, "size.quantity"),
    "two sizes": (OPEN + b'"size": {"quantity": "1", "notional": "5"}}', 400, "size"),
    "no size": (OPEN[:-2] + b"}", 400, "size"),
    "cut off": (OPEN, 400, "body"),
    "a list": (b"[]", 400, "body"),
    "nothing": (b"", 400, "body"),
    "10 MB": (OPEN + b'"meta": {"x": "' + b"a" * 10_000_000 + b'"}}', 413, "body"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_body_names_field_rule_and_what_passes(stand: Stand, name: str) -> None:
    """The id stays free: nothing of it is remembered."""
    body, status, field = MALFORMED[name]
    answer = post(stand, body)
    assert (answer.status, answer.body["field"]) == (status, field), answer
    assert answer.body["rule"]
    assert answer.body["passes"]
    assert stand.get("/v1/intents/x").status == 404


# The command line.


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


class Desk:
    """A folder with a paper configuration of its own, in which commands are typed."""

    def __init__(self, folder: Path, stand: Stand) -> None:
        self.folder = folder
        self.stand = stand
        self.port = free_port()
        at = stand.addresses
        self.environ = {
            "HOLDFAST__VENUE__REST_URL": at["rest"],
            "HOLDFAST__VENUE__WS_API_URL": at["ws_api"],
            "HOLDFAST__VENUE__STREAM_URL": at["streams"],
            "HOLDFAST__HTTP__PORT": str(self.port),
        }
        assert self("config", "--init", "paper").code == 0

    def __call__(self, *arguments: str, file_size: int | None = None, **environ: str) -> Outcome:
        """Type a command. `file_size`: the disk is full once a file has so many bytes."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST")}
        done = subprocess.run(
            [sys.executable, "-m", "holdfast", *arguments],
            cwd=self.folder,
            env=inherited | self.environ | {f"HOLDFAST__{name}": value for name, value in environ.items()},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=20,
            check=False,
            preexec_fn=None if file_size is None else lambda: _full_disk(file_size),
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def write(self, name: str, content: bytes | str, mode: int = 0o600) -> str:
        """Put a file into the folder."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return name

    def add(self, lines: str) -> None:
        """Write more lines into the configuration."""
        with (self.folder / "holdfast.toml").open("a") as file:
            file.write(lines)


def _full_disk(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.fixture
def desk(tmp_path: Path, stand: Stand) -> Desk:
    """A fresh folder."""
    return Desk(tmp_path, stand)


Prepare = Callable[[Desk], object]
FRAMES = b'1 {"e":"bookTicker","u":1,"s":"BTCUSDT","b":"1","B":"1","a":"2","A":"1","T":1,"E":1}\n' * 2_000
NOTHING: Prepare = lambda desk: None  # noqa: E731 - a word in the table below
DEMO = '[venue]\nname = "demo"\napi_key = "{key}"\napi_secret_file = "s.secret"\n{more}[http]\nallow_no_token = true\n'


def demo(desk: Desk, *, mode: int = 0o600, more: str = "") -> None:
    """A configuration for Binance's demo venue."""
    desk.write("s.secret", "s" * 64, mode)
    desk.write("holdfast.toml", DEMO.format(key="k" * 64, more=more))
    for name in ("REST_URL", "WS_API_URL", "STREAM_URL"):
        desk.environ.pop(f"HOLDFAST__VENUE__{name}")


class Row(NamedTuple):
    """What is prepared, what is typed, the exit code, and words that must stand in the error."""

    prepare: Prepare
    arguments: tuple[str, ...]
    code: int
    words: tuple[str, ...]


SEVERAL = '[limits]\nmax_trade = 1\ndaily_loss = -1\n[log]\nlevel = "loud"\n[http]\nallow_no_token = true\n'
SEND = ("send", "--symbol", "BTCUSDT", "--side", "long")
COMMANDS: dict[str, Row] = {
    "a key that nobody reads": Row(
        lambda desk: desk.add('[journal]\npaht = "x"\n'), ("run",),
        USAGE, ("journal.paht", "no such key", "journal.path"),
    ),
    "several errors at once": Row(
        lambda desk: desk.write("holdfast.toml", SEVERAL),
        ("run",), USAGE, ("3 problems", "limits.max_trade", "limits.daily_loss", "log.level"),
    ),
    "not TOML": Row(lambda desk: desk.write("holdfast.toml", "["), ("run",), USAGE, ("is not TOML", "would pass")),
    "a token that others can read": Row(
        lambda desk: (desk.folder / "holdfast.token").chmod(0o644), ("run",), USAGE, ("http.token_file", "chmod 600")
    ),
    "a secret that others can read": Row(
        lambda desk: demo(desk, mode=0o644), ("run",), USAGE, ("venue.api_secret_file", "chmod 600")
    ),
    "a key of another venue": Row(
        lambda desk: demo(desk, more='key_fingerprint = "live:0123456789abcdef"\n'),
        ("run",), USAGE, ("venue.key_fingerprint", "live", "demo"),
    ),
    "a market that is none": Row(
        lambda desk: desk.write("m.txt", "dear diary\n"), ("paper", "--port", "0", "--market", "m.txt"),
        USAGE, ("--market", "line 1", "--market synthetic:1"),
    ),
    "a market that is cut off": Row(
        lambda desk: desk.write("m.gz", gzip.compress(FRAMES)[:200]), ("demo", "--market", "m.gz"),
        USAGE, ("--market", "ended before", "--market synthetic:1"),
    ),
    "an exchange info that is none": Row(
        lambda desk: desk.write("i.json", "{}"), ("paper", "--port", "0", "--exchange-info", "i.json"),
        USAGE, ("--exchange-info", "symbols"),
    ),
    "a port that is none": Row(NOTHING, ("paper", "--port", "99999"), USAGE, ("--port", "65535")),
    "a speed that is none": Row(NOTHING, ("demo", "--speed", "0"), USAGE, ("--speed", "--speed 10")),
    "a stop that is none": Row(NOTHING, (*SEND, "--quantity", "1", "--stop", "abc"), USAGE, ("--stop", "1.5%")),
    "a quantity that is none": Row(
        NOTHING, (*SEND, "--quantity", "NaN", "--stop", "1%"), USAGE, ("size.quantity", "1.5")
    ),
    "no engine": Row(
        NOTHING, (*SEND, "--quantity", "1", "--stop", "1%"), UNREACHABLE, ("no engine answers", "holdfast run")
    ),
    "status without an engine": Row(NOTHING, ("status",), UNREACHABLE, ("no engine answers", "--url")),
    "a journal that is none": Row(
        lambda desk: desk.write("holdfast-paper-main.sqlite", "hello"), ("run",),
        UNREACHABLE, ("journal.path", "holdfast-paper-main.sqlite is not a Holdfast journal"),
    ),
    "a journal that is absent": Row(NOTHING, ("verify", "--journal", "x"), UNREACHABLE, ("no journal at x",)),
    "an unknown option": Row(NOTHING, ("run", "--bogus"), USAGE, ("--bogus", "--help")),
    "an unknown command": Row(NOTHING, ("trade",), USAGE, ("trade", "demo")),
    "an initialised folder": Row(NOTHING, ("config", "--init", "live"), USAGE, ("exists already", "another folder")),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_cannot_be_done_says_why(desk: Desk, name: str) -> None:
    """In a few lines, without a traceback, and with an exit code that tells a script what kind of trouble it is."""
    row = COMMANDS[name]
    row.prepare(desk)
    outcome = desk(*row.arguments)
    assert outcome.code == row.code, outcome
    for word in row.words:
        assert word in outcome.err
    assert "Traceback" not in outcome.err
    assert len(outcome.err.splitlines()) < 12


TALK: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "explain an unknown id": (("explain", "nobody"), ("nobody",)),
    "flatten an unknown symbol": (("flatten", "NOPEUSDT"), ("NOPEUSDT", "would pass")),
    "resume with a wrong token": (("resume", "--reason", "r", "--token", "abc"), ("not resumed", "holdfast resume")),
    "send an unknown symbol": (
        ("send", "--symbol", "NOPEUSDT", "--side", "long", "--quantity", "1", "--stop", "1%"), (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TALK)
def test_a_running_engine_refuses_with_exit_code_1(stand: Stand, name: str) -> None:
    """And goes on as before."""
    arguments, words = TALK[name]
    done = stand.command(*arguments, "--url", f"http://127.0.0.1:{stand.port}")
    assert done.returncode == REFUSED, done
    for word in words:
        assert word in done.stderr
    assert stand.get("/v1/state").body["flattening"] == {}


# Two of the same.


def test_a_port_in_use_is_named(desk: Desk) -> None:
    """By the exchange and by the engine, which must not trade where nobody can halt it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        exchange = desk("paper", "--port", str(port))
        engine = desk("run", HTTP__PORT=str(port))
    assert (exchange.code, f"port {port}" in exchange.err) == (UNREACHABLE, True)
    assert (engine.code, "http.port" in engine.err, "would pass" in engine.err) == (UNREACHABLE, True, True)
    assert not (desk.folder / "holdfast-paper-main.sqlite").exists()


def test_a_second_engine_is_refused(stand: Stand) -> None:
    """On the same journal, and with the same key on a journal of its own."""
    again = [sys.executable, "-m", "holdfast", "run"]
    for journal in ("", "second.sqlite"):
        environ = os.environ | {"HOLDFAST__HTTP__PORT": str(free_port())}
        environ |= {"HOLDFAST__JOURNAL__PATH": journal} if journal else {}
        done = subprocess.run(
            again, cwd=stand.folder, env=environ, capture_output=True, text=True, timeout=20, check=False
        )
        assert (done.returncode, "is in use by process" in done.stderr) == (UNREACHABLE, True), done.stderr


# What was recorded, and where to.


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Journal and venue log of a short demo."""
    folder = tmp_path_factory.mktemp("records") / "out"
    command = [sys.executable, "-m", "holdfast", "demo", "--minutes", "3", "--folder", str(folder), "--json"]
    subprocess.run(command, capture_output=True, timeout=30, check=True)
    return folder


CHANGES = {
    "a record is gone": ("DELETE FROM event WHERE seq = 7", "7"),
    "a record is another": ("UPDATE event SET kind = 'other' WHERE seq = 7", "7"),
    "a body is another": ("UPDATE event SET body = CAST('{}' AS BLOB) WHERE seq = 7", "7"),
    "a hash is another": ("UPDATE event SET hash = zeroblob(32) WHERE seq = 7", "7"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_journal_is_refused_and_the_record_named(desk: Desk, written: Path, name: str) -> None:
    """By `verify`, `replay` and `run`."""
    change, record = CHANGES[name]
    journal = desk.folder / "journal.sqlite"
    journal.write_bytes((written / "journal.sqlite").read_bytes())
    with closing(sqlite3.connect(journal)) as database:
        database.execute("DELETE FROM snapshot")
        database.execute(change)
        database.commit()
    judged = desk("verify", "--journal", str(journal), "--venue-log", str(written / "venue.jsonl"))
    folded = desk("replay", "--journal", str(journal))
    started = desk("run", JOURNAL__PATH=str(journal), VENUE__API_KEY="other-key", VENUE__API_SECRET="other-secret")
    assert [judged.code, folded.code, started.code] == [REFUSED] * 3, started
    assert f"journal seq {record}" in judged.err
    assert f"record {record}" in folded.err
    assert f"record {record}" in started.err
    assert "would pass" in started.err


@pytest.mark.parametrize(
    "arguments", [("run",), ("demo", "--minutes", "3"), ("paper", "--port", "0", "--venue-log", "v.jsonl")], ids=str
)
def test_a_full_disk_at_the_start(desk: Desk, arguments: tuple[str, ...]) -> None:
    """Told as what it is, not as a fault of the program; nothing is traded."""
    outcome = desk(*arguments, file_size=10, VENUE__API_KEY="other-key", VENUE__API_SECRET="other-secret")
    assert outcome.code == UNREACHABLE, outcome
    assert "fault of the program" not in outcome.err
    assert any(word in outcome.err for word in ("disk I/O error", "File too large", "disk is full"))


def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    """Entries stop, cover stays, status tells it; with room again all is known, and what was refused stays so."""
    with Stand(tmp_path) as stand:
        engine = stand.start()
        assert stand.open("before", FIRST).status == 202
        stand.wait_result("before")
        engine.limit_file_size(1_000)
        refused = stand.open("during", SECOND)
        assert (refused.status, "journal cannot be written" in refused.body["detail"]) == (503, True)
        state = stand.get("/v1/state").body
        assert (state["effective"], state["reasons"]) == ("halted", ["journal cannot be written"])
        assert [alarm["code"] for alarm in stand.get("/v1/alarms").body] == ["JOURNAL_FAILING"]
        assert stand.positions() == {FIRST: "100.0"}
        assert len(stand.stops(FIRST)) == 1
        engine.unlimit_file_size()
        engine.stop()
        stand.start()
        again = stand.open("during", SECOND)
        assert (again.status, again.body["repeated"]) == (200, True), "what was decided then was written at the stop"
        result = stand.wait_result("during")
        assert (result["status"], result["code"]) == ("rejected", "unjournalled")
        assert stand.positions() == {FIRST: "100.0"}
        assert stand.open("after", SECOND).status == 202
        stand.wait_result("after")
        stand.flatten()
        stand.finish()
        assert stand.verify()["violations"] == []


@pytest.mark.serial
def test_a_venue_that_is_not_there(desk: Desk) -> None:
    """The start says so, and Ctrl-C ends it at once."""
    nowhere = f"127.0.0.1:{free_port()}"
    environ = {**os.environ, **desk.environ, "HOLDFAST__VENUE__REST_URL": f"http://{nowhere}"}
    command = [sys.executable, "-m", "holdfast", "run"]
    with subprocess.Popen(command, cwd=desk.folder, env=environ, stderr=subprocess.PIPE, text=True) as engine:
        assert engine.stderr is not None
        line = next(line for line in engine.stderr if "no answer from" in line)
        asked_s = time.monotonic()
        engine.terminate()
        engine.stderr.read()
        assert engine.wait(10) == 0
    assert nowhere in line
    assert "is `holdfast paper` running?" in line
    assert time.monotonic() - asked_s < 3
