"""The two files: a real SQLite journal and a log on disk, and everything that is neither."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import msgspec
import pytest

from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.ports import JournalEntry
from holdfast.verify import Options, VerifyError, find_secrets, main_export, main_verify, parse_head
from holdfast.verify.journal_file import read_journal
from holdfast.verify.records import VenueRecord
from tests.verify.builders import Story, open_trade, renumbered, rows, whole_trade

_encoder = msgspec.json.Encoder(decimal_format="string")


def written(folder: Path, story: Story) -> tuple[Path, Path]:
    """The story on disk: the journal by the engine's own store, the log as the exchange writes it."""
    journal, log = folder / "journal.sqlite", folder / "venue.jsonl"

    async def write() -> None:
        store = SqliteJournal(journal, inline=True, durability="none", log_pages=0)
        for row in rows(story.events):
            await store.append([JournalEntry(row.kind, row.body)], row.at_us)
        store.close()

    asyncio.run(write())
    log.write_bytes(b"".join(_line(line) for line in renumbered(story.lines)))
    return journal, log


def _line(line: VenueRecord) -> bytes:
    return _encoder.encode(line) + b"\n"


def bend(journal: Path, statement: str) -> None:
    """Change the file behind the engine's back."""
    connection = sqlite3.connect(journal)
    connection.execute(statement)
    connection.commit()
    connection.close()


def refusal(*arguments, **options) -> VerifyError:
    """Why two files cannot be judged."""
    with pytest.raises(VerifyError) as caught:
        main_verify(*arguments, **options)
    return caught.value


def test_two_files_are_compared(tmp_path):
    """The writer's chain and the checker's agree on the real table."""
    report = main_verify(*written(tmp_path, whole_trade()), complete=True)
    assert report.violations == []
    assert report.counts["journal_records"] == len(whole_trade().events)


def test_rules_8_a_published_head_detects_a_cut_journal(tmp_path):
    """Without it a cut end is just an earlier moment."""
    journal, log = written(tmp_path, whole_trade())
    last = list(read_journal(journal))[-1]
    assert main_verify(journal, log, head=f"{last.seq}:{last.hash}").violations == []
    bend(journal, f"DELETE FROM event WHERE seq = {last.seq}")
    assert main_verify(journal, log).violations == []
    assert refusal(journal, log, head=f"{last.seq}:{last.hash}").record == f"journal seq {last.seq}"


@pytest.mark.parametrize(
    ("statement", "record"),
    [
        ("UPDATE event SET body = CAST(replace(body, '100', '101') AS BLOB) WHERE seq = 5", "journal seq 5"),
        ("UPDATE event SET at_us = at_us + 1 WHERE seq = 5", "journal seq 5"),
        ("DELETE FROM event WHERE seq = 4", "journal seq 4"),
        ("DELETE FROM event WHERE seq = 1", "journal seq 1"),
        ("UPDATE event SET kind = CAST(x'ff' || substr(kind, 2) AS TEXT) WHERE seq = 6", "journal seq 6"),
        ("UPDATE event SET hash = x'00' WHERE seq = 8", "journal seq 8"),
    ],
)
def test_an_edited_journal_is_refused_by_its_record(tmp_path, statement, record):
    """Whatever tool edited it."""
    journal, log = written(tmp_path, whole_trade())
    bend(journal, statement)
    assert refusal(journal, log).record == record


@pytest.mark.parametrize("column", ["body", "at_us", "kind", "hash"])
def test_a_field_of_another_type_is_refused_by_its_record(tmp_path, column):
    """A table without the engine's own constraints holds anything."""
    journal, log = written(tmp_path, whole_trade())
    bend(journal, "CREATE TABLE loose (seq INTEGER PRIMARY KEY, at_us, kind, body, hash)")
    bend(journal, "INSERT INTO loose SELECT seq, at_us, kind, body, hash FROM event")
    bend(journal, "DROP TABLE event")
    bend(journal, "ALTER TABLE loose RENAME TO event")
    bend(journal, f"UPDATE event SET {column} = 1.5 WHERE seq = 7")
    error = refusal(journal, log)
    assert (error.record, "another type" in error.problem) == ("journal seq 7", True)


def test_an_edited_log_line_is_a_violation_or_a_refusal(tmp_path):
    """A digit changes a sum; a broken line is named."""
    journal, log = written(tmp_path, whole_trade())
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines).replace(b'"fee":"0.1000"', b'"fee":"0.1001"', 1))
    assert "I7" in main_verify(journal, log).broken()
    log.write_bytes(b"".join([*lines[:4], b'{"n":5,"us"\n', *lines[5:]]))
    assert refusal(journal, log).record == "venue log n 5"


def test_a_torn_last_line_is_left_out_and_said(tmp_path):
    """The exchange was killed while it wrote."""
    journal, log = written(tmp_path, open_trade()[0])
    log.write_bytes(log.read_bytes()[:-20])
    report = main_verify(journal, log)
    assert report.violations == []
    assert report.not_checked[-1].what == "the venue log's last line"


def test_files_that_are_none_are_refused(tmp_path):
    """Missing, foreign, of another format, or empty."""
    journal, log = written(tmp_path, whole_trade())
    nothing = tmp_path / "nothing"
    text = tmp_path / "text"
    text.write_text("no database at all, but long enough to be taken for a header of one " * 20)
    assert "no journal at" in refusal(nothing, log).problem
    assert "no venue log at" in refusal(journal, nothing).problem
    assert "cannot be read as a journal" in refusal(text, log).problem
    assert "this is no venue log" in refusal(journal, text).problem
    log.write_bytes(log.read_bytes() + b"and more\n\n")
    assert refusal(journal, log).record.startswith("venue log n ")
    foreign = tmp_path / "foreign.sqlite"
    bend(foreign, "CREATE TABLE event (a)")
    assert "another program" in refusal(foreign, log).problem
    bend(journal, "PRAGMA user_version = 9")
    assert "format 9" in refusal(journal, log).problem


@pytest.mark.parametrize("size", [100, 4_096, 9_000])
def test_a_cut_journal_file_is_refused(tmp_path, size):
    """A database that ends in the middle of a page or of a table."""
    journal, log = written(tmp_path, whole_trade())
    journal.write_bytes(journal.read_bytes()[:size])
    with pytest.raises(VerifyError):
        main_verify(journal, log, head=f"13:{'0' * 64}")


@pytest.mark.parametrize("head", ["", "5", "5:abc", "x:" + "0" * 64, "5:" + "0" * 63, "5:" + "G" * 64])
def test_a_head_that_is_none_says_what_would_pass(head):
    """As stated in results."""
    with pytest.raises(VerifyError, match="SEQ:HASH"):
        parse_head(head)


def test_options_may_come_along(tmp_path):
    """A harness that knows more says it."""
    report = main_verify(*written(tmp_path, whole_trade()), options=Options(acknowledged=("i9",)))
    assert report.broken() == ["I20"]


def test_an_export_is_a_folder_of_four_files(tmp_path):
    """All of them, each a list of rows."""
    journal, _ = written(tmp_path, whole_trade())
    with pytest.raises(VerifyError, match=r"there is no orders\.json"):
        main_export(journal, tmp_path)
    for name in ("orders.json", "algo_orders.json", "trades.json", "income.json"):
        (tmp_path / name).write_text("[]")
    with pytest.raises(VerifyError, match="empty"):
        main_export(journal, tmp_path)
    (tmp_path / "trades.json").write_text('[{"symbol": 1}]')
    with pytest.raises(VerifyError, match=r"trades\.json row 1"):
        main_export(journal, tmp_path)


def test_secrets_are_looked_for_in_files_and_folders(tmp_path):
    """In the journal, the log, and whatever else is named; what cannot be read is said."""
    journal, log = written(tmp_path, whole_trade())
    secret = tmp_path / "token"
    secret.write_text("a-token-that-nobody-guesses\n")
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "run.log").write_text("starting\nwith a-token-that-nobody-guesses\n")
    assert find_secrets([secret], journal, log) == []
    (found,) = find_secrets([secret], journal, log, [logs])
    assert found.sentence.startswith("token stands in ")
    assert found.sentence.endswith("run.log line 2 as it is")
    with pytest.raises(VerifyError, match="cannot be read"):
        find_secrets([tmp_path / "none"], journal)
