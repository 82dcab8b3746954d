"""`holdfast verify` and `holdfast replay`, on real files."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.model import events as ev
from holdfast.model.reasons import TradingState
from holdfast.model.settings import Venue
from holdfast.model.venue_facts import VenueFacts
from holdfast.ports import JournalEntry
from tests.cli.conftest import Command
from tests.core.test_recheck import OPEN, day, old, place

START = ev.EngineStarted(
    at_ms=1_000,
    version="1",
    config_hash="c",
    venue=Venue.PAPER,
    account="main",
    key_fingerprint="f",
    facts=VenueFacts(),
)
HALTED = ev.StateCommanded(at_ms=1_001, state=TradingState.HALTED, by="test", reason="start")


def write(folder: Path, events: Sequence[ev.AnyEvent]) -> Path:
    """A journal file of these events."""
    path = folder / "journal.sqlite"

    async def append() -> None:
        opened = SqliteJournal(path, inline=True)
        await opened.append([JournalEntry(ev.kind_of(event), ev.encode(event)) for event in events], 1_001_000)
        opened.close()

    asyncio.run(append())
    return path


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal of two records."""
    return write(tmp_path, (START, HALTED))


@pytest.fixture
def traded(tmp_path: Path) -> Path:
    """The journal of a day with every kind of verdict in it."""
    return write(tmp_path, day())


def change(journal: Path) -> None:
    """What somebody with an editor does."""
    connection = sqlite3.connect(journal)
    connection.execute(
        "UPDATE event SET body = CAST(replace(CAST(body AS TEXT), 'start', 'stars') AS BLOB) WHERE seq = 2"
    )
    connection.commit()
    connection.close()


def test_replay_folds_and_states_the_head(holdfast: Command, journal: Path) -> None:
    """For people and for programs."""
    outcome = holdfast("replay", "--journal", journal)
    assert outcome.code == 0
    assert "2 events folded" in outcome.out
    value = json.loads(holdfast("replay", "--journal", journal, "--json").out)
    assert value["events"] == 2
    assert value["head"].startswith("2:")


def test_replay_finds_a_changed_record(holdfast: Command, journal: Path) -> None:
    """Fault H5: exit code 1, and which record."""
    change(journal)
    outcome = holdfast("replay", "--journal", journal)
    assert outcome.code == 1
    assert "broken at record 2" in outcome.err


def test_replay_check_judges_again(holdfast: Command, traded: Path) -> None:
    """Clean: exit code 0, and how much was judged."""
    outcome = holdfast("replay", "--journal", traded, "--check")
    assert outcome.code == 0
    assert "10 verdicts judged again" in outcome.out
    assert "No differences." in outcome.out
    value = json.loads(holdfast("replay", "--journal", traded, "--check", "--json").out)
    assert (value["verdicts"], value["differences"], value["not_checked"]) == (10, [], [])


def test_replay_check_names_what_differs(holdfast: Command, tmp_path: Path) -> None:
    """A plan that nobody accepted, under a chain that was made anew: exit code 1, record, field and both values."""
    index = place(ev.IntentAccepted, intent__id=OPEN)
    plan = msgspec.structs.replace(day()[index].plan, quantity=Decimal("0.2"))
    journal = write(tmp_path, [*day()[:index], msgspec.structs.replace(day()[index], plan=plan)])
    outcome = holdfast("replay", "--journal", journal, "--check")
    assert outcome.code == 1
    wanted = f"I13: journal seq {index + 1} (intent_accepted), plan.quantity: recorded 0.2, recomputed 0.1"
    assert wanted in outcome.out
    assert "written by version test" in outcome.out
    value = json.loads(holdfast("replay", "--journal", journal, "--check", "--json").out)
    assert value["differences"][0]["record"] == f"journal seq {index + 1}"


def test_replay_check_says_what_it_could_not_check(holdfast: Command, tmp_path: Path) -> None:
    """A journal of the format before: not a pass, and no fault."""
    outcome = holdfast("replay", "--journal", write(tmp_path, old(day())), "--check")
    assert outcome.code == 0
    assert "not checked: verdict (format 1 does not tell what was seen)" in outcome.out


def test_replay_refuses_a_journal_from_another_version(holdfast: Command, tmp_path: Path) -> None:
    """It names the record, whether it folds only or judges as well."""
    journal = write(tmp_path, [msgspec.structs.replace(START, format=99)])
    for options in ((), ("--check",)):
        outcome = holdfast("replay", "--journal", journal, *options)
        assert outcome.code == 1
        assert "record 1 (engine_started)" in outcome.err
        assert "from another version" in outcome.err


def test_replay_check_refuses_an_edited_and_a_cut_journal(holdfast: Command, traded: Path) -> None:
    """The cut one with the head of a published result (RULES 8)."""
    head = json.loads(holdfast("replay", "--journal", traded, "--check", "--json").out)["head"]
    assert holdfast("replay", "--journal", traded, "--check", "--head", head).code == 0
    seq, digest = head.split(":")
    later = holdfast("replay", "--journal", traded, "--check", "--head", f"{int(seq) + 1}:{digest}")
    assert (later.code, "it was cut off" in later.err) == (1, True)
    assert holdfast("replay", "--journal", traded, "--head", "x").code == 2
    change(traded)
    changed = holdfast("replay", "--journal", traded, "--check")
    assert (changed.code, "broken at record 2" in changed.err) == (1, True)


def test_verify_refuses_files_that_are_none(holdfast: Command, journal: Path, tmp_path: Path) -> None:
    """Missing is exit code 3; foreign is said."""
    assert holdfast("verify", "--journal", "absent", "--venue-log", "absent").code == 3
    log = tmp_path / "v.jsonl"
    log.write_text("not json\n")
    outcome = holdfast("verify", "--journal", journal, "--venue-log", log)
    assert outcome.code == 3
    assert "this is no venue log" in outcome.err


def test_verify_finds_a_changed_journal(holdfast: Command, journal: Path, tmp_path: Path) -> None:
    """Exit code 1, before anything is compared."""
    log = tmp_path / "v.jsonl"
    log.write_text("{}\n")
    change(journal)
    outcome = holdfast("verify", "--journal", journal, "--venue-log", log)
    assert outcome.code == 1
    assert "journal seq 2" in outcome.err


def test_verify_reports_no_violations(holdfast: Command, journal: Path, tmp_path: Path) -> None:
    """An engine that only started, beside an exchange that saw nothing: one object with an empty list."""
    start = {
        "n": 1, "us": 900_000, "k": "start", "format": 1, "engine": "holdfast-paper", "account": "main", "facts": {},
        "fees": {"maker": "0.0002", "taker": "0.0005"}, "balance": {"USDT": "10000"},
    }  # fmt: skip
    log = tmp_path / "v.jsonl"
    log.write_text(json.dumps(start) + "\n")
    outcome = holdfast("verify", "--journal", journal, "--venue-log", log, "--json")
    assert json.loads(outcome.out)["violations"] == []
    assert outcome.code == 0
    assert holdfast("verify", "--journal", journal, "--venue-log", log).out.startswith("No violations.")


def test_verify_head_shows_a_cut(holdfast: Command, journal: Path, tmp_path: Path) -> None:
    """RULES 8: the head of a published result must stand in the journal."""
    log = tmp_path / "v.jsonl"
    log.write_text("{}\n")
    outcome = holdfast("verify", "--journal", journal, "--venue-log", log, "--head", f"9:{'ab' * 32}")
    assert outcome.code == 1
    assert holdfast("verify", "--journal", journal, "--venue-log", log, "--head", "x").code == 2


def test_verify_without_a_venue_log_checks_the_chain(holdfast: Command, journal: Path) -> None:
    """On demo and live nobody has the exchange's own log; a cut journal is found all the same."""
    outcome = holdfast("verify", "--journal", journal)
    assert (outcome.code, "The hash chain is whole" in outcome.out) == (0, True)
    head = json.loads(holdfast("verify", "--journal", journal, "--json").out)["head"]
    assert holdfast("verify", "--journal", journal, "--head", head).code == 0
    later = holdfast("verify", "--journal", journal, "--head", f"3:{'a' * 64}")
    assert (later.code, "it was cut off" in later.err) == (1, True)
    change(journal)
    changed = holdfast("verify", "--journal", journal)
    assert (changed.code, "journal seq 2" in changed.err) == (1, True)


@pytest.mark.parametrize("options, named", [(("--head", "5:abc"), "--head"), (("--complete",), "--complete")])
def test_verify_refuses_what_it_cannot_use(
    holdfast: Command, journal: Path, options: tuple[str, ...], named: str
) -> None:
    """A head that is none; a peaceful end that only the exchange's log could show."""
    outcome = holdfast("verify", "--journal", journal, *options)
    assert (outcome.code, named in outcome.err) == (2, True)


def test_verify_wants_one_record_of_the_venue(holdfast: Command, journal: Path, tmp_path: Path) -> None:
    """A log or an export, not both."""
    outcome = holdfast("verify", "--journal", journal, "--venue-log", tmp_path / "a", "--export", tmp_path)
    assert outcome.code == 2
    assert "would pass: --venue-log FILE or --export FOLDER" in outcome.err


def test_verify_with_an_export_that_is_none(holdfast: Command, journal: Path, tmp_path: Path) -> None:
    """Which files it takes is said; a row that is none is named."""
    outcome = holdfast("verify", "--journal", journal, "--export", tmp_path)
    assert outcome.code == 3
    assert "orders.json, algo_orders.json, trades.json, income.json" in outcome.err
    for name in ("orders.json", "algo_orders.json", "trades.json", "income.json"):
        (tmp_path / name).write_text('[{"time": "now"}]')
    outcome = holdfast("verify", "--journal", journal, "--export", tmp_path)
    assert outcome.code == 1
    assert "orders.json row 1" in outcome.err


def test_verify_looks_for_secrets(holdfast: Command, journal: Path, tmp_path: Path) -> None:
    """Exit code 1 when one is found, with its record and without its text."""
    secret = tmp_path / "token"
    secret.write_text("state_commanded")
    outcome = holdfast("verify", "--journal", journal, "--secret", secret)
    assert outcome.code == 1
    assert "I23  token stands in the journal as it is  [journal seq 2]" in outcome.out
    secret.write_text("another-long-secret")
    outcome = holdfast("verify", "--journal", journal, "--secret", secret)
    assert outcome.code == 0
    assert "I23" not in outcome.out
    secret.write_text("short")
    assert "at least 12 characters" in holdfast("verify", "--journal", journal, "--secret", secret).err


def test_verify_of_a_chain_alone_claims_nothing_more(holdfast: Command, journal: Path) -> None:
    """No word of violations where none was looked for."""
    outcome = holdfast("verify", "--journal", journal)
    assert outcome.out.startswith("The hash chain is whole, up to 2:")
    assert "everything but the hash chain" in outcome.out
