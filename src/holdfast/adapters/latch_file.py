"""The kill latch: a file whose presence halts the engine (RULES 16). Unreadable counts as present."""

from __future__ import annotations

import os
from pathlib import Path


class LatchFile:
    """One file. It is looked at before every entry write and at boot; only an operator removes it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def closed(self) -> bool:
        """Whether entries are forbidden. Anything but a clear "no such file" forbids them."""
        try:
            os.stat(self.path)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def close(self, text: str) -> None:
        """Create the file durably; one that is there keeps its text. Raises `OSError` when that is impossible."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        try:
            os.write(handle, text.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
