"""Other processes of a benchmark: they say one JSON line when they are ready, and answer one line with one line."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.cores import pin
from benchmarks.results import CannotRun

ROOT = Path(__file__).resolve().parent.parent
STOP_S = 10.0


def environment() -> dict[str, str]:
    """The environment of a measured process: compiled bytecode is kept, as in every usual installation."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class Child:
    """One process with pipes. As a context manager it ends with the block."""

    def __init__(self, command: Sequence[str], *, core: int | None = None) -> None:
        self._name = command[2] if command[1:2] == ["-m"] else " ".join(Path(part).name for part in command[:2])
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `stop`
        self._buffer = b""
        self.process = subprocess.Popen(
            list(command),
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            preexec_fn=None if core is None else lambda: pin(core),
        )
        self._selector = selectors.DefaultSelector()
        assert self.process.stdout is not None
        self._selector.register(self.process.stdout, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def ask(self, request: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
        """Send one line and read the answer. Raises `CannotRun` with what the process said before it failed."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
        except BrokenPipeError:
            raise CannotRun(self._failed("ended")) from None
        return self.read(timeout_s)

    def read(self, timeout_s: float) -> dict[str, Any]:
        """The next line of standard output as JSON. Raises `CannotRun`."""
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not self._selector.select(left):
                raise CannotRun(self._failed(f"said nothing for {timeout_s:g} s"))
            assert self.process.stdout is not None
            chunk = os.read(self.process.stdout.fileno(), 65_536)
            if not chunk:
                raise CannotRun(self._failed("ended"))
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError:
            raise CannotRun(self._failed(f"said {line[:80]!r}")) from None
        if not isinstance(answer, dict) or "error" in answer:
            raise CannotRun(f"{self._name}: {answer['error'] if isinstance(answer, dict) else answer}")
        return answer

    def stop(self) -> None:
        """Ask it to end, insist if it does not."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self._errors):
            if pipe is not None:
                pipe.close()
        self._selector.close()

    def _failed(self, what: str) -> str:
        self._errors.seek(0)
        said = [line for line in self._errors.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return f"{self._name} {what}" + (f": {said[-1].strip()[:300]}" if said else "")


def python(module: str, *arguments: str, interpreter: str = sys.executable) -> list[str]:
    """The command that runs a module of this package."""
    return [interpreter, "-m", module, *arguments]
