"""Taking a port, without the server behind it: an engine takes its port before it asks the venue anything."""

from __future__ import annotations

import errno
import os
import socket


class PortInUse(OSError):
    """The address cannot be listened on."""


def listen(bind: str, port: int) -> socket.socket:
    """Take the address. Raises `PortInUse`, which names the key and what would pass."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    try:
        listening = socket.create_server((bind, port), family=family, backlog=512)
    except OSError as error:
        rule = f"cannot listen on {bind}:{port} ({os.strerror(error.errno or errno.EADDRINUSE)})"
        raise PortInUse(error.errno, f"http.port: {rule}; would pass: a free port, such as {port + 1}") from error
    listening.setblocking(False)
    return listening
