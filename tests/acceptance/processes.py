"""Real processes of `holdfast`, each in a group of its own, that end with the test whatever happens.

A process is always ended by its id. Where the kernel offers it, it also dies with its parent, so that an aborted test
run leaves nothing behind.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import until

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
STOP_S = 20.0


def _die_with_parent() -> None:
    """Runs in the child before it becomes `holdfast`; only the call itself, everything else was prepared."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Running:
    """One `holdfast` process. `said` is what it wrote to standard error so far."""

    def __init__(self, *arguments: str, cwd: Path, log: Path, ready_line: bool = False) -> None:
        """Start it. With `ready_line` its first line of output is awaited and kept in `first_line`."""
        self.log = log
        self.first_line = ""
        self.paused = False
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "holdfast", *arguments],
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if ready_line else stderr,
                stderr=stderr,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        if ready_line:
            assert self._process.stdout is not None
            self.first_line = self._process.stdout.readline().decode()
            assert self.first_line, f"{arguments[0]} did not become ready:\n{self.said}"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def said(self) -> str:
        """Everything in its log."""
        return self.log.read_text("utf-8", "replace")

    @property
    def alive(self) -> bool:
        """Whether it still runs; a process that has ended is taken note of here, so that no zombie looks alive."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs, negative for a signal."""
        return self._process.poll()

    def kill(self) -> None:
        """The power fails: SIGKILL, and its end awaited."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
        self._process.wait(STOP_S)
        self._close()

    def pause(self) -> None:
        """The machine stalls: SIGSTOP."""
        os.kill(self.pid, signal.SIGSTOP)
        self.paused = True

    def go_on(self) -> None:
        """The stall is over: SIGCONT."""
        os.kill(self.pid, signal.SIGCONT)
        self.paused = False

    def stop(self) -> int:
        """End it as a service manager would, with SIGTERM; answers its exit code. SIGKILL when it does not obey."""
        if self.alive:
            if self.paused:
                self.go_on()
            os.kill(self.pid, signal.SIGTERM)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
        self._close()
        return int(self._process.returncode)

    def limit_file_size(self, size: int) -> None:
        """The disk is full from here on: no file may grow beyond `size` bytes."""
        if not hasattr(resource, "prlimit"):
            pytest.skip("this system cannot limit the files of a running process")
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def unlimit_file_size(self) -> None:
        """Somebody made room on the disk."""
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def wait_until(self, condition: Callable[[], object], what: str, within_s: float = 15.0) -> None:
        """Wait for a condition; fail at once, with its log, when the process ends instead."""
        until(lambda: condition() or not self.alive, within_s=within_s, what=what)
        assert self.alive, f"it ended with {self._process.returncode} instead of {what}:\n{self.said[-4000:]}"

    def _close(self) -> None:
        if self._process.stdout is not None:
            self._process.stdout.close()
