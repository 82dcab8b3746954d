"""The journal in SQLite: write-ahead log, full synchronisation, one writer thread, group commit.

A durable append costs one synchronisation of the disk, and three things keep it at that price. The log is grown once
at opening and never shortened, because a growing log doubles the cost. Whatever is queued when the writer comes round
is committed together. And the log is moved into the main file when nobody is waiting.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from holdfast.adapters.lock_file import LockFile
from holdfast.adapters.sqlite_file import (
    APPLICATION_ID,
    STORE_FORMAT,
    SqliteReader,
    check_format,
    connect,
    is_blank,
    statement,
)
from holdfast.adapters.sqlite_log import check_files
from holdfast.model.chain import JournalUnusable, link
from holdfast.ports import Head, JournalEntry, JournalFailed, JournalRecord, Snapshot

PAGE_BYTES: Final = 4_096
DEFAULT_LOG_PAGES: Final = 4_096
"""16 MiB of write-ahead log, written once at opening."""

CHECKPOINT_PAGES: Final = 2_000
"""From this estimate on, an idle moment is used to move the log into the main file. An append that comes during those
milliseconds waits for them, so it is done some times a day and not after every few trades."""

IDLE_S: Final = 0.25
"""How long nobody must have appended before a moment counts as idle."""

GROUP_MAX: Final = 1_024
"""Batches per commit."""

Rows = list[tuple[int, int, str, bytes, bytes]]


class _Append(NamedTuple):
    rows: Rows
    head: Head
    future: asyncio.Future[Head]
    on_the_way: Callable[[], None] | None


class _Save(NamedTuple):
    snapshot: Snapshot
    future: asyncio.Future[None]


@dataclass(slots=True)
class _Recover:
    future: asyncio.Future[Head]
    found: Head | JournalFailed | None = None


_Work = _Append | _Save | _Recover
_Job = _Work | None
"""None tells the writer to end."""


class SqliteJournal:
    """The `Journal` port on one SQLite file, created when missing.

    `inline` commits in the calling thread (virtual loops have no threads). `durability="none"` leaves out every
    synchronisation with the disk: a power cut may lose or damage the file, so it is for simulations and for the demo
    at full speed, never for an account. `log_pages` is the size of the write-ahead log grown at opening.

    Raises `JournalUnusable` when the file is not a journal, has another format, ends in a broken record, or is in use.
    After a write error every append fails with `JournalFailed`: a failed synchronisation is never repeated, because the
    second one may report success for data that is gone. `recover` opens the file anew and writes behind what had been
    synchronised with success; whatever stood there is overwritten. (After a kill in between, the failed batch may be
    found, as a command that was never carried out.)
    """

    def __init__(
        self,
        path: Path,
        *,
        inline: bool = False,
        durability: Literal["full", "none"] = "full",
        log_pages: int = DEFAULT_LOG_PAGES,
    ) -> None:
        self.path = path
        self._inline = inline
        self._failure: JournalFailed | None = None
        self._durability = durability
        self._log_pages = log_pages
        self._pages_used = 0
        self._append_sql = statement("append")
        with ExitStack() as opened:
            lock = LockFile(path.with_name(path.name + ".lock"), f"the journal {path}")
            opened.callback(lock.release)
            check_files(path)
            self._connection = opened.enter_context(closing(_open(path, durability, log_pages)))
            self._reader = opened.enter_context(closing(SqliteReader(path)))
            self._reader.check_tail()
            opened.pop_all()
        self._lock: LockFile | None = lock
        self._head = self._reader.head
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        if not inline:
            self._writer = threading.Thread(target=self._write_loop, name=f"journal {path.name}", daemon=True)
            self._writer.start()

    @property
    def head(self) -> Head:
        """The last appended record, durable or not."""
        return self._head

    def append(
        self, entries: Sequence[JournalEntry], at_us: int, on_the_way: Callable[[], None] | None = None
    ) -> asyncio.Future[Head]:
        """Append a batch atomically; see the port."""
        future: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        if self._failure is not None:
            future.set_exception(_copy(self._failure))
            return future
        assert self._lock is not None, "invariant: nothing is appended to a closed journal"
        assert entries, "invariant: a batch holds at least one record"
        seq, chain = self._head
        rows: Rows = []
        for kind, body in entries:
            seq += 1
            chain = link(chain, seq, at_us, kind, body)
            rows.append((seq, at_us, kind, body, bytes.fromhex(chain)))
        self._head = Head(seq, chain)
        self._submit(_Append(rows, self._head, future, on_the_way))
        return future

    def recover(self) -> asyncio.Future[Head]:
        """Open the file anew and go on behind its last record; see the port."""
        assert self._failure is not None, "invariant: only a failed journal recovers"
        future: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        self._submit(_Recover(future))
        return future

    def read(self, after_seq: int = 0) -> Iterator[JournalRecord]:
        """Durable records in order; see the port."""
        return self._reader.read(after_seq)

    def save_snapshot(self, snapshot: Snapshot) -> asyncio.Future[None]:
        """Keep a state and its predecessor; written behind everything appended before."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._failure is not None:
            future.set_exception(_copy(self._failure))
            return future
        self._submit(_Save(snapshot, future))
        return future

    def load_snapshot(self) -> Snapshot | None:
        """The newest intact state, or None."""
        return self._reader.load_snapshot()

    def close(self) -> None:
        """Write what was appended, then close and unlock. Blocks for at most a few synchronisations."""
        if self._lock is None:
            return
        if self._writer is not None:
            self._jobs.put(None)
            self._writer.join()
        self._reader.close()
        try:
            self._connection.close()
        except sqlite3.Error as error:
            self._failure = JournalFailed(f"closing the journal failed: {error}")
        self._lock.release()
        self._lock = None

    def _submit(self, job: _Work) -> None:
        if self._inline:
            self._settle([job], self._carry_out([job]))
            self._checkpoint_if_full()
        else:
            self._jobs.put(job)

    def _write_loop(self) -> None:
        """The writer thread: take what is queued, commit it as one, tell the loop; checkpoint in idle moments."""
        while True:
            try:
                job = self._jobs.get(timeout=IDLE_S if self._pages_used >= CHECKPOINT_PAGES else None)
            except queue.Empty:
                self._checkpoint()
                continue
            jobs: list[_Work] = []
            while job is not None:
                jobs.append(job)
                if self._jobs.empty() or len(jobs) >= GROUP_MAX:
                    break
                job = self._jobs.get()
            if jobs:
                self._report(jobs, self._carry_out(jobs))
                self._checkpoint_if_full()
            if job is None:
                return

    def _carry_out(self, jobs: list[_Work]) -> JournalFailed | None:
        """Write what is to be written, then recover if that was asked."""
        written = [job for job in jobs if not isinstance(job, _Recover)]
        failure = self._write(written) if written else self._failure
        for job in jobs:
            if isinstance(job, _Recover):
                job.found = self._reopen()
        return failure

    def _write(self, jobs: list[_Append | _Save]) -> JournalFailed | None:
        """Commit the jobs in one transaction. After any error nothing is written before the file was opened anew."""
        if self._failure is None:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                for job in jobs:
                    self._write_one(job)
                self._tell_on_the_way(jobs)
                self._connection.execute("COMMIT")
            except Exception as error:  # noqa: BLE001 - whatever it was, the appenders must hear of it
                self._failure = JournalFailed(f"the journal {self.path} cannot be written: {error}")
        return self._failure

    def _tell_on_the_way(self, jobs: list[_Append | _Save]) -> None:
        """From here on the disk works and the processor has nothing to do: the loop may prepare what comes next."""
        if self._inline:
            return
        for job in jobs:
            if isinstance(job, _Append) and job.on_the_way is not None:
                self._call_soon(job.future.get_loop(), job.on_the_way)

    def _write_one(self, job: _Append | _Save) -> None:
        match job:
            case _Append(rows=rows):
                self._connection.executemany(self._append_sql, rows)
                self._pages_used += 3 + sum(len(row[3]) + 100 for row in rows) // PAGE_BYTES
            case _Save(snapshot=snapshot):
                digest = hashlib.sha256(snapshot.state).digest()
                values = (snapshot.head.seq, bytes.fromhex(snapshot.head.hash), snapshot.state, digest)
                self._connection.execute(statement("save_snapshot"), values)
                self._connection.execute(statement("drop_snapshots"))
                self._pages_used += 3 + len(snapshot.state) // PAGE_BYTES

    def _reopen(self) -> Head | JournalFailed:
        """Let go of the connection with its failed transaction, open the file again, write to it, and read its end.

        The readers' connection stays open and with it SQLite's index of the log, which ends at the last commit that was
        synchronised; the next one overwrites what lies behind.
        """
        try:
            self._connection.close()
            self._connection = _prepare(self.path, self._durability, self._log_pages)
            self._pages_used = 0
            with closing(SqliteReader(self.path)) as reader:
                reader.check_tail()
                return reader.head
        except (JournalUnusable, sqlite3.Error, OSError) as error:
            return JournalFailed(f"the journal {self.path} still cannot be written: {error}")

    def _checkpoint_if_full(self) -> None:
        """Under a load without idle moments: a stall of some milliseconds is better than a log that grows."""
        if self._pages_used > max(self._log_pages, CHECKPOINT_PAGES):
            self._checkpoint()

    def _checkpoint(self) -> None:
        """Move the log into the main file, so that the next append starts at the log's beginning again."""
        if self._failure is not None:
            self._pages_used = 0
            return
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            self._failure = JournalFailed(f"the journal {self.path} cannot be checkpointed: {error}")
        self._pages_used = 0

    def _report(self, jobs: list[_Work], failure: JournalFailed | None) -> None:
        self._call_soon(jobs[0].future.get_loop(), self._settle, jobs, failure)

    @staticmethod
    def _call_soon(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *arguments: object) -> None:
        try:
            loop.call_soon_threadsafe(callback, *arguments)
        except RuntimeError as error:
            # The loop is closed, so nobody waits any more. The records are written (or the failure is kept).
            assert "closed" in str(error), "invariant: only a closed loop refuses a result"

    def _settle(self, jobs: list[_Work], failure: JournalFailed | None) -> None:
        for job in jobs:
            if isinstance(job, _Recover):
                self._settle_recovery(job)
            elif job.future.done():
                continue
            elif failure is not None:
                job.future.set_exception(_copy(failure))
            elif isinstance(job, _Append):
                job.future.set_result(job.head)
            else:
                job.future.set_result(None)

    def _settle_recovery(self, job: _Recover) -> None:
        """In the appender's thread, so that no append falls between the end of the failure and the new head."""
        assert job.found is not None, "invariant: a recovery has an outcome"
        if isinstance(job.found, Head):
            self._failure, self._head = None, job.found
            if not job.future.done():
                job.future.set_result(job.found)
        elif not job.future.done():
            job.future.set_exception(job.found)


def _copy(failure: JournalFailed) -> JournalFailed:
    """Each future gets an exception of its own: a shared one would collect the tracebacks of all."""
    return JournalFailed(str(failure))


def _open(path: Path, durability: str, log_pages: int) -> Any:
    """Create or open the file for writing, check that it is a journal, and grow its log."""
    try:
        # Created by hand for its permissions: a journal tells what somebody owns and trades.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise JournalUnusable(f"cannot create the journal {path}: {error.strerror}") from None
    return _prepare(path, durability, log_pages, new=True)


def _prepare(path: Path, durability: str, log_pages: int, *, new: bool = False) -> Any:
    """A connection that writes; it writes at once, so that a disk that takes nothing shows. `new`: it may be empty."""
    connection = connect(path, read_only=False)
    try:
        if new and is_blank(connection, path):
            _create(connection)
        check_format(connection, path)
        connection.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'OFF'}")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        _grow_log(connection, log_pages)
    except sqlite3.Error as error:
        connection.close()
        raise JournalUnusable(f"cannot open the journal {path}: {error}") from None
    except JournalUnusable:
        connection.close()
        raise
    return connection


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(
        f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {STORE_FORMAT};"
        f"{statement('schema')} COMMIT;"
    )


def _grow_log(connection: sqlite3.Connection, log_pages: int) -> None:
    """Write `log_pages` pages into the log without changing the journal.

    A transaction larger than the page cache spills into the log; rolled back, it leaves the log at that size. The
    small commit behind it makes the disk allocate and keep the space.
    """
    if log_pages:
        connection.execute("PRAGMA cache_size = 16")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(statement("save_snapshot"), (0, b"", bytes(log_pages * PAGE_BYTES), b""))
        connection.execute("ROLLBACK")
        connection.execute("PRAGMA cache_size = -2000")
    connection.execute("UPDATE opened SET times = times + 1")
    connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
