"""Taking a port."""

import socket
import subprocess
import sys

import pytest

from holdfast.api.listening import PortInUse, listen


def test_a_free_port_is_taken() -> None:
    """0 takes any."""
    with listen("127.0.0.1", 0) as listening, pytest.raises(PortInUse):
        listen("127.0.0.1", listening.getsockname()[1])


def test_taking_a_port_imports_no_server() -> None:
    """It happens before the first read of the venue, which has two seconds."""
    code = "import sys, holdfast.api.listening; print('uvicorn' in sys.modules, 'starlette' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["False", "False"]


def test_a_port_in_use_is_said() -> None:
    """With the key, and a port that may pass."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"http.port: cannot listen on 127.0.0.1:{port} .*would pass"):
            listen("127.0.0.1", port)
