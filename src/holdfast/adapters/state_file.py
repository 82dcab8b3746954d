"""One file that is replaced as a whole: a reader finds the old content or the new one, never a part."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class StateFile:
    """Bytes kept in a file, for instance the state of a paper exchange."""

    def __init__(self, path: Path) -> None:
        """Nothing is read or written yet."""
        self.path = path

    def read(self) -> bytes | None:
        """What was kept, or None when nothing was yet. Raises `OSError`."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, data: bytes) -> None:
        """Keep these bytes instead; they are on the disk when this returns. Raises `OSError`."""
        beside = self.path.with_name(self.path.name + ".new")
        try:
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
