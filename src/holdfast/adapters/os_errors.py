"""Why the system refused something, in the words a person would use."""

from __future__ import annotations

import os
import socket
import ssl


def plain(error: OSError) -> str:
    """`Connection refused` instead of `[Errno 111] Connect call failed ('127.0.0.1', 8430)`; never empty."""
    if isinstance(error, socket.gaierror) and error.strerror:
        return error.strerror
    if error.errno is not None and error.errno > 0 and not isinstance(error, ssl.SSLError):
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
