"""`holdfast run` put together with real sockets: how it starts, what refuses its start, how it ends."""

import os
import signal
import socket
import sqlite3
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from holdfast.adapters.lock_file import lock_account
from holdfast.adapters.sqlite_file import SqliteReader
from holdfast.config import Config
from holdfast.core.engine import Engine
from holdfast.model.settings import EngineSettings, Venue
from holdfast.wiring.run import FAILED, OK, REFUSED, UNREACHABLE, StartRefused, check_account, run_engine
from holdfast.wiring.world import in_process_config
from tests.acceptance.stand import free_port
from tests.wiring.conftest import Configured, signed
from tests.world import Stage, play


class Console:
    """What was said; a signal follows the first line that tells that the engine is up."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        self.lines: list[str] = []
        self.ready = b""
        self._number = number

    def say(self, line: str) -> None:
        """Take a line; answer the greeting with a read of the API and a signal."""
        self.lines.append(line)
        if " is up, " in line:
            os.kill(os.getpid(), self._number)

    @property
    def text(self) -> str:
        """Everything that was said."""
        return "\n".join(self.lines)


def run(config: Config, number: int = signal.SIGTERM) -> tuple[int, str]:
    """Exit code, and what was said."""
    console = Console(number)
    return run_engine(config, console.say), console.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_says_where_it_is_and_stops_on_a_signal(configured: Configured, number: int) -> None:
    """Venue, account, state and address in one line; exit code 0; the journal holds the start."""
    config = configured()
    code, said = run(config, number)
    assert code == OK
    assert said == (
        "PAPER: engine of account main is up, commanded active; "
        f"API at http://127.0.0.1:{config.http.port}; Ctrl-C stops it"
    )
    with closing(SqliteReader(config.journal_path)) as reader:
        assert "engine_started" in {record.kind for record in reader.read()}


def test_a_second_start_goes_on_with_the_journal(configured: Configured) -> None:
    """Locks and port were let go; the chain is whole and longer."""
    config = configured()
    lengths = []
    for _ in range(2):
        assert run(config)[0] == OK
        with closing(SqliteReader(config.journal_path)) as reader:
            lengths.append(reader.head.seq)
    assert lengths[0] < lengths[1]


def test_the_api_serves_while_it_runs(configured: Configured) -> None:
    """From the greeting on; a thread reads it, as a client would."""
    config = configured()
    found: list[bytes] = []

    def look() -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{config.http.port}/version", timeout=10) as reply:
            found.append(reply.read())
        os.kill(os.getpid(), signal.SIGTERM)

    def say(line: str) -> None:
        if " is up, " in line:
            threading.Thread(target=look).start()

    assert run_engine(config, say) == OK
    assert b"paper" in found[0]


def test_limits_that_contradict_each_other_are_refused(configured: Configured) -> None:
    """P18 at start, asked once more of the limits as a whole: nothing is opened."""
    config = configured()
    limits = msgspec.structs.replace(config.engine.limits, conditional_slots=1)
    config = msgspec.structs.replace(config, engine=msgspec.structs.replace(config.engine, limits=limits))
    code, said = run(config)
    assert code == REFUSED
    assert "contradict each other" in said
    assert not config.journal_path.exists()


def test_rules_12_a_watch_that_costs_too_much_refuses_the_start(configured: Configured) -> None:
    """Twenty symbols every second are more than 30 % of the limit; seven are not."""
    code, said = run(configured("[coverage]\ninterval_ms = 1000\n"))
    assert code == REFUSED
    assert "would pass: coverage.interval_ms = 2084" in said
    assert run(configured("[coverage]\ninterval_ms = 1000\n[limits]\nmax_trades = 7\n"))[0] == OK


def test_rules_12_the_sum_over_the_accounts_of_a_host_refuses_the_start(configured: Configured) -> None:
    """Engines that run already leave too little of the address's limit; the number that fits is named."""
    config = configured()
    there = lock_account(config.lock_folder, "paper", "other", "other", address=config.endpoints.rest, weight=500)
    code, said = run(config)
    there.release()
    assert code == REFUSED
    assert (
        "looking at 20 symbols every 5000 ms costs 300, and the other engines of this host cost 500, of the 720" in said
    )
    assert "at most 2 accounts like this one behind one address" in said
    assert run(config)[0] == OK


def test_a_port_in_use_stops_the_start_before_anything_else(configured: Configured) -> None:
    """An engine that nobody can halt over its API must not begin to trade."""
    config = configured()
    with socket.create_server(("127.0.0.1", config.http.port)):
        code, said = run(config)
    assert code == UNREACHABLE
    assert str(config.http.port) in said
    assert not config.journal_path.exists()


def test_rules_8_a_second_engine_on_the_same_key_does_not_start(configured: Configured) -> None:
    """Whatever journal it uses: the lock names venue and key."""
    config = configured()
    with closing(_Lock(config)):
        code, said = run(config)
    assert code == UNREACHABLE
    assert f"in use by process {os.getpid()}" in said


class _Lock:
    """The lock as another engine holds it."""

    def __init__(self, config: Config) -> None:
        account = config.engine.account
        self.close = lock_account(config.lock_folder, "paper", account, config.key_fingerprint).release


def test_a_journal_that_is_none_stops_the_start(configured: Configured) -> None:
    """Another program's database is left as it is."""
    config = configured()
    with closing(sqlite3.connect(config.journal_path)) as other:
        other.execute("CREATE TABLE theirs (x)")
        other.commit()
    before = config.journal_path.read_bytes()
    code, said = run(config)
    assert code == UNREACHABLE
    assert "journal" in said
    assert config.journal_path.read_bytes() == before


def test_rules_13_hedge_mode_refuses_the_start(venue: dict[str, str], configured: Configured) -> None:
    """The engine changes nothing; it says what to do."""
    signed(venue, "POST", "/fapi/v1/positionSide/dual", dualSidePosition="true")
    try:
        code, said = run(configured())
    finally:
        signed(venue, "POST", "/fapi/v1/positionSide/dual", dualSidePosition="false")
    assert code == REFUSED
    assert "hedge mode" in said
    assert "would pass: one-way mode" in said


def test_rules_13_another_multi_assets_mode_refuses_the_start(configured: Configured) -> None:
    """With the value that would pass."""
    code, said = run(configured("[account]\nmulti_assets = true\n"))
    assert code == REFUSED
    assert "multi-assets mode is off at the venue" in said
    assert "would pass: account.multi_assets = false" in said


def test_a_key_that_the_venue_does_not_know_refuses_the_start(configured: Configured) -> None:
    """Fault H2: no order, and a sentence that says where keys come from."""
    code, said = run(configured(VENUE__API_KEY="a-key-of-elsewhere", VENUE__API_SECRET="its-secret"))
    assert code == REFUSED
    assert "does not take this key" in said
    assert "would pass" in said


@contextmanager
def silent_server() -> Iterator[str]:
    """A host that takes connections, never answers, and asks the process to stop at the first of them."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            taken, _ = server.accept()
            os.kill(os.getpid(), signal.SIGTERM)
            with taken:
                taken.recv(1 << 16)

        waiting = threading.Thread(target=take)
        waiting.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        waiting.join(10)


def test_a_signal_ends_the_wait_for_a_venue_that_does_not_answer(configured: Configured) -> None:
    """In order, with exit code 0: nothing was wrong with the engine."""
    with silent_server() as host:
        addresses = {"rest": f"http://{host}", "ws_api": f"ws://{host}/ws-fapi/v1", "streams": f"ws://{host}"}
        code, said = run(configured(addresses=addresses))
    assert (code, said) == (OK, "")


@pytest.mark.parametrize(
    ("rights", "told"),
    [
        ({}, ""),
        ({"can_withdraw": True}, "it may withdraw; would pass: a key without withdrawals"),
        ({"ip_restricted": False}, "it works from any address; would pass: an IP list at the venue"),
    ],
)
def test_p37_on_live_the_keys_rights_are_read_first(rights: dict[str, Any], told: str) -> None:
    """Futures only, no withdrawal, from known addresses (RULES 14)."""
    paper = in_process_config()
    for name, value in rights.items():
        setattr(paper.accounts[0], name, value)
    live = EngineSettings(account="main", venue=Venue.LIVE, symbols=("BTCUSDT",))
    config: Any = SimpleNamespace(engine=live, venue=SimpleNamespace(allow_key_without_ip_list=False))

    async def scene(stage: Stage) -> str:
        try:
            await check_account(config, stage.node, print)
        except StartRefused as error:
            return str(error)
        return ""

    said = play(scene, settings=live, paper=paper)
    assert told in said
    assert bool(said) is bool(told)


def test_p37_a_key_that_works_from_any_address_is_allowed_aloud() -> None:
    """By name in the configuration, and said at every start."""
    paper = in_process_config()
    paper.accounts[0].ip_restricted = False
    live = EngineSettings(account="main", venue=Venue.LIVE, symbols=("BTCUSDT",))
    config: Any = SimpleNamespace(engine=live, venue=SimpleNamespace(allow_key_without_ip_list=True))
    said: list[str] = []
    play(lambda stage: check_account(config, stage.node, said.append), settings=live, paper=paper)
    assert len(said) == 1
    assert "works from any address" in said[0]


def test_rules_13_modes_that_cannot_be_read_are_asked_for_again() -> None:
    """ "Could not ask" is not "one-way mode"."""
    paper = in_process_config()
    paper.accounts[0].hedge_mode = True
    config: Any = SimpleNamespace(engine=EngineSettings(account="main", venue=Venue.PAPER))

    async def scene(stage: Stage) -> None:
        stage.fault("status", status=502, match={"method": "GET /fapi/v1/positionSide/dual"}, count=4)
        with pytest.raises(StartRefused, match="hedge mode"):
            await check_account(config, stage.node, print)

    play(scene, paper=paper)


def test_p37_rights_that_cannot_be_read_refuse_the_start() -> None:
    """ "Could not ask" is not "may"."""
    live = EngineSettings(account="main", venue=Venue.LIVE, symbols=("BTCUSDT",))
    config: Any = SimpleNamespace(engine=live, venue=SimpleNamespace(allow_key_without_ip_list=False))

    async def scene(stage: Stage) -> None:
        stage.fault("status", status=502, match={"method": "GET /sapi/v1/account/apiRestrictions"}, count=-1)
        with pytest.raises(StartRefused, match="rights could not be read"):
            await check_account(config, stage.node, print)

    play(scene, settings=live)


def test_an_engine_that_breaks_ends_the_process(configured: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken invariant must not trade on: its own exit code, so that whoever restarts it knows."""

    def broken(*_: Any) -> None:
        raise AssertionError("invariant: made to break")

    def say(line: str) -> None:
        if " is up, " in line:
            monkeypatch.setattr(Engine, "step", broken)

    assert run_engine(configured(), say) == FAILED


def test_rules_8_a_journal_of_another_account_refuses_the_start(configured: Configured) -> None:
    """Its orders would all be strangers; nothing is asked of the venue."""
    config = configured()
    assert run(config)[0] == OK
    code, said = run(configured(ACCOUNT__NAME="other", JOURNAL__PATH=str(config.journal_path)))
    assert code == REFUSED
    assert "is the journal of account main at paper, not of account other at paper" in said
    assert "would pass: a journal.path of its own" in said


def test_a_changed_journal_refuses_the_start_and_names_the_record(configured: Configured) -> None:
    """Fault H5: the state cannot be trusted from there on."""
    config = configured()
    assert run(config)[0] == OK
    with closing(sqlite3.connect(config.journal_path)) as journal:
        journal.execute("DELETE FROM snapshot")
        journal.execute("DELETE FROM event WHERE seq = 2")
        journal.commit()
    code, said = run(config)
    assert code == REFUSED
    assert "broken at record 2" in said
    assert "would pass: the journal as it was written" in said


def test_a_journal_in_a_folder_that_cannot_be_made(configured: Configured, tmp_path: Path) -> None:
    """The key is named."""
    (tmp_path / "file").write_text("")
    code, said = run(configured(JOURNAL__PATH=str(tmp_path / "file" / "below" / "journal.sqlite")))
    assert code == UNREACHABLE
    assert "journal.path: the folder" in said


def test_a_start_that_waits_for_the_venue_says_so(configured: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Again and again, with the address; a signal ends it at once."""
    monkeypatch.setattr("holdfast.wiring.run.SILENCE_S", 0.05)
    nowhere = f"127.0.0.1:{free_port()}"
    addresses = {"rest": f"http://{nowhere}", "ws_api": f"ws://{nowhere}/ws-fapi/v1", "streams": f"ws://{nowhere}"}
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        if len(lines) == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    assert run_engine(configured(addresses=addresses), say) == OK
    assert lines[0] == lines[1]
    assert f"no answer from http://{nowhere} yet (is `holdfast paper` running?)" in lines[0]
