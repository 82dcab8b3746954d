"""Whether main file and write-ahead log of a journal belong together, looked at before anything is written to them.

SQLite stops reading a log at the first frame whose checksum is wrong. That is right after a power cut, which may leave
the one transaction that was being written in any state, and wrong when the disk has lost what it had confirmed: the
records behind the broken frame would be missing without a word. The difference can be told. A transaction is begun
only when the one before it lies on the disk, so a frame that continues a finished transaction proves that it was there.
The format of the log is SQLite's ("WAL-mode File Format", sections 2 and 4).
"""

from __future__ import annotations

import os
import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from holdfast.adapters.sqlite_file import check_format, connect, is_blank, scalar
from holdfast.model.chain import JournalUnusable

HEADER_BYTES: Final = 32
FRAME_HEADER_BYTES: Final = 24
MAGIC: Final = 0x377F0682
"""Its last bit tells the byte order of the checksums."""

_HEADER: Final = struct.Struct(">IIII8sII")
_FRAME: Final = struct.Struct(">II8sII")
_INDEX: Final = struct.Struct("=16xI")
"""In the shared index beside the log: the number of frames that SQLite reads."""

Sums = tuple[int, int]


class Frame(NamedTuple):
    """One page in the log. `commit` is not 0 in the last frame of a transaction."""

    page: int
    commit: int
    salt: bytes
    sums: Sums


class Log:
    """The frames of one write-ahead log. Raises `JournalUnusable` when its header is damaged."""

    def __init__(self, file: int, path: Path) -> None:
        self._file = file
        header = os.pread(file, HEADER_BYTES, 0)
        size = os.fstat(file).st_size
        self.count: int = 0
        if len(header) < HEADER_BYTES:
            return
        magic, _, page_bytes, _, salt, *sums = _HEADER.unpack(header)
        self._page_bytes: int = page_bytes
        self.salt: bytes = salt
        self._order = ">" if magic & 1 else "<"
        self.sums: Sums = (sums[0], sums[1])
        if magic & ~1 != MAGIC or self._sum(header[:24], (0, 0)) != self.sums:
            # It is on the disk before the first frame behind it, so a cut does not explain this.
            if size > HEADER_BYTES:
                raise JournalUnusable(f"the write-ahead log {path} is damaged in its header: records cannot be read")
            return
        self.count = (size - HEADER_BYTES) // (FRAME_HEADER_BYTES + self._page_bytes)

    def frame(self, number: int) -> Frame:
        """The frame's own statement about itself; the first is number 1."""
        page, commit, salt, *sums = _FRAME.unpack(os.pread(self._file, FRAME_HEADER_BYTES, self.offset(number)))
        return Frame(page, commit, salt, (sums[0], sums[1]))

    def offset(self, number: int) -> int:
        """Where the frame begins in the file, in bytes."""
        return HEADER_BYTES + (number - 1) * (FRAME_HEADER_BYTES + self._page_bytes)

    def continues(self, number: int) -> bool:
        """Whether this frame was written behind what the frame before it says of itself, or holds."""
        frame = self.frame(number)
        if frame.salt != self.salt:
            return False
        before = self.frame(number - 1).sums if number > 1 else self.sums
        if self._sums_of(number, before) == frame.sums:
            return True
        if number < 2:
            return False
        earlier = self.frame(number - 2).sums if number > 2 else self.sums
        return self._sums_of(number, self._sums_of(number - 1, earlier)) == frame.sums

    def _sums_of(self, number: int, before: Sums) -> Sums:
        whole = os.pread(self._file, FRAME_HEADER_BYTES + self._page_bytes, self.offset(number))
        return self._sum(whole[FRAME_HEADER_BYTES:], self._sum(whole[:8], before))

    def _sum(self, data: bytes, sums: Sums) -> Sums:
        """SQLite's checksum (section 4.2 of its format), continued from the one before."""
        words = struct.unpack(f"{self._order}{len(data) // 4}I", data)
        one, two = sums
        for even, odd in zip(words[::2], words[1::2], strict=True):
            one = (one + even + two) & 0xFFFFFFFF
            two = (two + odd + one) & 0xFFFFFFFF
        return one, two


def check_files(path: Path) -> None:
    """Raise `JournalUnusable` when records that were durable cannot be reached. Changes neither file.

    The caller holds the journal's lock, so nobody writes meanwhile. A path without files is a new journal.
    """
    log_path = path.with_name(path.name + "-wal")
    main_bytes, log_bytes = _size(path), _size(log_path)
    if main_bytes == 0:
        if log_bytes > HEADER_BYTES:
            raise JournalUnusable(
                f"the journal {path} is empty or missing, and its write-ahead log {log_path.name} is not: SQLite would "
                "throw the records in it away; restore both files from the same moment"
            )
        return
    with closing(connect(path, read_only=True)) as connection:
        if not is_blank(connection, path):
            check_format(connection, path)
        pages, page_bytes, read = _view(connection, path)
        if main_bytes > pages * page_bytes:
            raise JournalUnusable(
                f"the journal {path} has {main_bytes} bytes and its newest state only {pages * page_bytes}: its "
                "write-ahead log is missing or of an earlier time; restore both files from the same moment"
            )
        in_log = _check_log(log_path, read) if log_bytes else frozenset()
    lost = [page for page in range(main_bytes // page_bytes + 1, pages + 1) if page not in in_log]
    if lost:
        raise JournalUnusable(f"the journal {path} is cut off: page {lost[0]} of {pages} is in neither of its files")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _view(connection: sqlite3.Connection, path: Path) -> tuple[int, int, int]:
    """Pages of the newest state, bytes in each, and how many frames of the log SQLite reads for it."""
    try:
        pages, page_bytes = scalar(connection, "PRAGMA page_count"), scalar(connection, "PRAGMA page_size")
        # Reading the schema makes SQLite read the log through.
        scalar(connection, "SELECT count(*) FROM sqlite_master")
        index = path.with_name(path.name + "-shm")
        with index.open("rb") if index.is_file() else open(os.devnull, "rb") as file:
            head = file.read(_INDEX.size)
    except (sqlite3.Error, OSError) as error:
        raise JournalUnusable(f"the journal {path} cannot be read: {error}") from None
    return pages, page_bytes, _INDEX.unpack(head)[0] if len(head) == _INDEX.size else 0


def _check_log(path: Path, read: int) -> frozenset[int]:
    """The pages that SQLite reads from the log. Raises `JournalUnusable` when it stopped before a durable record."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        log = Log(file, path)
        assert read <= log.count, "invariant: what SQLite reads of the log lies in it"
        for number in range(read + 1, log.count):
            if log.frame(number).commit and log.continues(number + 1):
                raise JournalUnusable(
                    f"the write-ahead log {path} is damaged at or behind frame {read + 1} (byte {log.offset(read + 1)})"
                    f": the transaction that ends with frame {number} was durable and cannot be read any more"
                )
        return frozenset(log.frame(number).page for number in range(1, read + 1))
    finally:
        os.close(file)
