"""A paper exchange in a process of its own, for tests of commands that talk to one."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def paper(*arguments: str, cwd: Path | None = None) -> Iterator[dict[str, str]]:
    """Serve on free ports while the context lasts; answers the addresses."""
    command = [sys.executable, "-m", "holdfast", "paper", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=cwd) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def configuration(addresses: dict[str, str], *, port: int = 8420) -> str:
    """A configuration for that exchange."""
    return (
        f'[venue]\nrest_url = "{addresses["rest"]}"\nws_api_url = "{addresses["ws_api"]}"\n'
        f'stream_url = "{addresses["streams"]}"\n[http]\nallow_no_token = true\nport = {port}\n'
        '[facts]\nstop_without_position = "yes"\n'
    )
