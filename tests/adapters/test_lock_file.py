"""Locks between processes: by the kernel, named by what they protect."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from holdfast.adapters.lock_file import AlreadyRunning, LockFile, lock_account, weight_beside
from holdfast.model.chain import JournalUnusable


def test_rules_8_one_engine_per_key_on_a_host(tmp_path: Path) -> None:
    """The same key with another journal and another account name is the same account."""
    held = lock_account(tmp_path / "locks", "live", "main", "ab12cd34")
    with pytest.raises(AlreadyRunning, match="account other"):
        lock_account(tmp_path / "locks", "live", "other", "ab12cd34")
    lock_account(tmp_path / "locks", "demo", "main", "ab12cd34").release()
    held.release()
    lock_account(tmp_path / "locks", "live", "other", "ab12cd34").release()


def test_rules_12_engines_of_a_host_know_what_the_others_spend(tmp_path: Path) -> None:
    """At the same address of the venue, while they run."""
    mine = lock_account(tmp_path, "live", "a", "one", address="https://venue", weight=84)
    second = lock_account(tmp_path, "live", "b", "two", address="https://venue", weight=60)
    lock_account(tmp_path, "demo", "c", "three", address="https://elsewhere", weight=500)
    lock_account(tmp_path, "live", "d", "four", address="https://venue", weight=1).release()
    LockFile(tmp_path / "journal.sqlite.lock", "a journal")
    assert weight_beside(mine, "https://venue") == 60
    second.release()
    assert weight_beside(mine, "https://venue") == 0


def test_rules_12_a_lock_that_cannot_be_read_is_not_taken_for_nobody(tmp_path: Path) -> None:
    """Its engine may spend any part of the window."""
    lock = lock_account(tmp_path, "paper", "main", "aa")
    (tmp_path / "gone.lock").symlink_to("nowhere")
    assert weight_beside(lock, "here") == 0
    (tmp_path / "loop.lock").symlink_to("loop.lock")
    with pytest.raises(OSError, match=r"loop\.lock"):
        weight_beside(lock, "here")
    lock.release()


def test_a_lock_that_is_only_being_looked_at_is_taken(tmp_path: Path) -> None:
    """Looking takes a moment, and no engine must be refused for it."""
    (tmp_path / "a.lock").touch()
    with (tmp_path / "a.lock").open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        threading.Timer(0.01, lambda: fcntl.flock(looking, fcntl.LOCK_UN)).start()
        LockFile(tmp_path / "a.lock", "it").release()


def test_a_folder_of_locks_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """With the key that names another."""
    (tmp_path / "file").touch()
    with pytest.raises(JournalUnusable, match=r"journal\.lock_folder: cannot create .*file/locks"):
        lock_account(tmp_path / "file" / "locks", "live", "main", "ab")


def test_a_lock_is_released_once_and_again(tmp_path: Path) -> None:
    """And then free for the next."""
    lock = LockFile(tmp_path / "a.lock", "it")
    lock.release()
    lock.release()
    LockFile(tmp_path / "a.lock", "it").release()


def test_the_lock_file_stays(tmp_path: Path) -> None:
    """Deleting it would let two processes hold locks on two files of one name."""
    LockFile(tmp_path / "a.lock", "it").release()
    assert (tmp_path / "a.lock").read_text() == f"{os.getpid()}\n"


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    """However it was killed."""
    program = (
        "import os, pathlib, signal, sys; from holdfast.adapters.lock_file import LockFile\n"
        "lock = LockFile(pathlib.Path(sys.argv[1]), 'it'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.lock")], check=False)
    assert done.returncode == -9
    LockFile(tmp_path / "a.lock", "it").release()


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    """The error says which file."""
    with pytest.raises(JournalUnusable, match=r"nowhere/a\.lock"):
        LockFile(tmp_path / "nowhere" / "a.lock", "it")


def test_the_name_of_a_lock_is_a_file_name(tmp_path: Path) -> None:
    """Whatever a fingerprint holds."""
    lock_account(tmp_path, "live", "main", "../..").release()
    assert [path.name for path in tmp_path.iterdir()] == ["live-_____.lock"]
