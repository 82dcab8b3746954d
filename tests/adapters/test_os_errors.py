"""Errors of the system in plain words."""

import errno
import socket
import ssl

import pytest

from holdfast.adapters.os_errors import plain


@pytest.mark.parametrize(
    "error, text",
    [
        (OSError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 8430)"), "Connection refused"),
        (ConnectionResetError(errno.ECONNRESET, "whatever"), "Connection reset by peer"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (OSError("the handshake ended early"), "the handshake ended early"),
        (TimeoutError(), "TimeoutError"),
        (ssl.SSLError(1, "certificate verify failed"), "certificate verify failed"),
    ],
)
def test_an_error_is_told_in_plain_words(error: OSError, text: str) -> None:
    """Without numbers and tuples."""
    assert plain(error) == text
