"""Exclusive locks between processes of one host: one engine per journal and per account key (RULES 8).

The lock is the kernel's, held by an open file, so it ends with the process whatever kills it. The file's content (the
holder's process id) only serves the error message, and the file itself is never deleted: deleting it would let two
processes hold locks on two files of the same name.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from holdfast.model.chain import JournalUnusable

PAUSES_S: Final = (0.02, 0.05, 0.1)
"""A lock that is only being looked at (`weight_beside`) is free again within these."""


class AlreadyRunning(JournalUnusable):
    """Another process holds the lock; `holder` is its process id, or "" when it could not be read."""

    def __init__(self, subject: str, path: Path, holder: str) -> None:
        who = f"process {holder}" if holder else "another process"
        super().__init__(f"{subject} is in use by {who} (lock file {path}): stop it first, never delete the lock file")
        self.holder = holder


class NoLockFolder(JournalUnusable):
    """The folder in which the engines of this host see each other cannot be made."""


class LockFile:
    """One exclusive lock, taken at construction. Raises `AlreadyRunning`, or `JournalUnusable` for a bad path.

    `note` is a line for others to read, below the process id.
    """

    def __init__(self, path: Path, subject: str, *, note: str = "") -> None:
        self.path = path
        try:
            self._file: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalUnusable(f"cannot create the lock file {path}: {error.strerror}") from None
        if not _taken(self._file):
            holder = os.read(self._file, 32).decode("ascii", "replace").partition("\n")[0].strip()
            self.release()
            raise AlreadyRunning(subject, path, holder)
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, "".join(f"{line}\n" for line in (os.getpid(), note) if line).encode(), 0)

    def release(self) -> None:
        """Let go; the end of the process does the same. May be called twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _taken(file: int) -> bool:
    for pause_s in (*PAUSES_S, None):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if pause_s is not None:
                time.sleep(pause_s)
        else:
            return True
    return False


def lock_account(
    folder: Path, venue: str, account: str, key_fingerprint: str, *, address: str = "", weight: int = 0
) -> LockFile:
    """One engine per key on this host, whichever journal it uses. `folder` is shared by all engines of the host.

    The name holds venue and key only: the same key under another account name is still the same account. `weight` is
    what the engine's coverage watch spends a minute at the venue's `address`, for `weight_beside`.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        text = f"journal.lock_folder: cannot create {folder} ({error.strerror})"
        raise NoLockFolder(f"{text}\n    would pass: a folder in which this user may write") from None
    name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{venue}-{key_fingerprint}")
    subject = f"account {account} ({venue}, key {key_fingerprint})"
    return LockFile(folder / f"{name}.lock", subject, note=f"{weight} {address}")


def weight_beside(lock: LockFile, address: str) -> int:
    """The weight a minute that the watches of the other running engines of this host spend at `address` (RULES 12).

    Raises `OSError` when another lock cannot be read.
    """
    others = (path for path in sorted(lock.path.parent.glob("*.lock")) if path != lock.path)
    return sum(weight for weight, where in map(_noted, others) if where == address)


def _noted(path: Path) -> tuple[int, str]:
    """Weight and address of the engine that holds a lock now; (0, "") when nobody does.

    Raises `OSError` for a lock that cannot be read: that is not the same as nobody.
    """
    with suppress(FileNotFoundError):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            note = os.read(file, 512).decode("utf-8", "replace").split("\n")[1:2]
            weight, _, address = (note[0] if note else "").partition(" ")
            return (int(weight), address) if weight.isdecimal() else (0, "")
        finally:
            os.close(file)
    return 0, ""
