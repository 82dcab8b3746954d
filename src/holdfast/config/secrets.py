"""Secrets come from files that only their owner can read (security list S5)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from holdfast.config.keys import BadValue
from holdfast.config.values import Secret

MAX_SECRET_BYTES = 16_384


def read_secret(path: Path) -> Secret:
    """The text of a secret file, without surrounding blanks. Raises `BadValue` naming the rule it breaks.

    The file must be regular, at most 16 KiB, owned by us or root, without any right for group or others. A symbolic
    link may lead to another file of the same folder (mounted secrets of containers do), but not out of it.
    """
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise BadValue(
            f"the file {path} cannot be opened ({_why(error)})", f"chmod 600 {path}, after writing it"
        ) from None
    folder = path.parent.resolve()
    if folder not in real.parents:
        raise BadValue(f"the file {path} is a link out of its folder, to {real}", "the path of the file itself")
    try:
        text = _read_checked(real)
    except OSError as error:
        raise BadValue(f"the file {path} cannot be read ({_why(error)})", "a file this user may read") from None
    if not text:
        raise BadValue(f"the file {path} is empty", "a file that holds the secret and nothing else")
    return Secret(text)


def _read_checked(path: Path) -> str:
    """Open first and check what was opened, so that nothing can be exchanged in between."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise BadValue(f"{path} is not a regular file", "the path of a file")
        if status.st_mode & 0o077:
            mode = stat.S_IMODE(status.st_mode)
            raise BadValue(f"the file {path} can be read by others (mode {mode:04o})", f"chmod 600 {path}")
        if status.st_uid not in {os.geteuid(), 0}:
            raise BadValue(f"the file {path} belongs to another user", f"chown {os.geteuid()} {path}")
        if status.st_size > MAX_SECRET_BYTES:
            raise BadValue(f"the file {path} is over {MAX_SECRET_BYTES} bytes", "a file that holds the secret only")
        body = file.read(MAX_SECRET_BYTES + 1)
    try:
        return body.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise BadValue(f"the file {path} is not text", "a text file that holds the secret only") from None


def _why(error: Exception) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else "a loop of links"
