"""Exclusive locks between processes of one host: one engine per journal and per account key (RULES 8).

The lock is the kernel's, held by an open file, so it ends with the process whatever kills it. The file's content (the
holder's process id) only serves the error message, and the file itself is never deleted: deleting it would let two
processes hold locks on two files of the same name.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

from holdfast.model.chain import JournalUnusable


class AlreadyRunning(JournalUnusable):
    """Another process holds the lock; `holder` is its process id, or "" when it could not be read."""

    def __init__(self, subject: str, path: Path, holder: str) -> None:
        who = f"process {holder}" if holder else "another process"
        super().__init__(f"{subject} is in use by {who} (lock file {path}): stop it first, never delete the lock file")
        self.holder = holder


class LockFile:
    """One exclusive lock, taken at construction. Raises `AlreadyRunning`, or `JournalUnusable` for a bad path."""

    def __init__(self, path: Path, subject: str) -> None:
        self.path = path
        try:
            self._file: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalUnusable(f"cannot create the lock file {path}: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip()
            self.release()
            raise AlreadyRunning(subject, path, holder) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let go; the end of the process does the same. May be called twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def lock_account(folder: Path, venue: str, account: str, key_fingerprint: str) -> LockFile:
    """One engine per key on this host, whichever journal it uses. `folder` is shared by all engines of the host.

    The name holds venue and key only: the same key under another account name is still the same account.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{venue}-{key_fingerprint}")
    return LockFile(folder / f"{name}.lock", f"account {account} ({venue}, key {key_fingerprint})")
