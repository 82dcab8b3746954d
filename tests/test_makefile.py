"""The Makefile and its set-up script: what a newcomer's first minute depends on."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ("help", "demo", "test", "lint", "compat", "bench", "kills", "prove", "soak", "lock", "clean")


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the repository, without what a surrounding make passes down."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE") and key != "MFLAGS"}
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def set_up(folder: Path, *, path: Path) -> subprocess.CompletedProcess[str]:
    """Run the set-up script for an environment in `folder`, seeing only the commands in `path`."""
    return subprocess.run(
        [shutil.which("sh") or "sh", ROOT / "scripts/venv.sh", folder / "venv", "requirements/runtime.txt"],
        cwd=ROOT, env={"PATH": str(path), "HOME": str(folder)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def command(folder: Path, name: str, script: str) -> None:
    """Put an executable of that name into `folder`."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    (folder / name).chmod(0o755)


def test_help_is_the_default_and_names_every_target():
    """A bare `make` changes nothing and explains itself."""
    shown = make().stdout
    assert shown == make("help").stdout
    assert re.findall(r"^make (\w+)", shown, re.MULTILINE) == list(TARGETS)


def test_demo_passes_its_arguments_on():
    """So that `make demo ARGS="--speed max"` works."""
    assert ".venv/bin/holdfast demo --speed max\n" in make("-n", "demo", "ARGS=--speed max").stdout


def test_ci_runs_exactly_make_test():
    """What passes here passes there."""
    lines = (ROOT / ".ci/run").read_text("utf-8").splitlines()
    assert lines[-1] == "exec make test"
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_no_python_is_one_clear_line(tmp_path: Path):
    """It says what is needed, what was looked for, and how to name another."""
    done = set_up(tmp_path, path=tmp_path)
    assert done.returncode == 1
    assert re.fullmatch(r"holdfast: needs Python 3\.11 or newer, found none as .*python3\. Name one: .*\n", done.stderr)


def test_a_python_that_does_not_work_is_passed_over(tmp_path: Path):
    """Some commands named python3.13 only complain that this version is not selected."""
    command(tmp_path, "python3.13", "echo 'not selected' >&2; exit 127")
    assert "needs Python 3.11 or newer" in set_up(tmp_path, path=tmp_path).stderr


def test_a_missing_venv_module_is_one_clear_line(tmp_path: Path):
    """As on a bare Debian, where the module is a package of its own."""
    command(tmp_path, "python3", """case "$2" in *ensurepip*) exit 1;; *print*) echo 3.11;; esac""")
    done = set_up(tmp_path, path=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "holdfast: python3 has no venv module. On Debian or Ubuntu: apt-get install python3-venv (or python3.11-venv)\n"
    )


@pytest.mark.parametrize("name", ["runtime", "test", "compat", "peers", "uv"])
def test_a_lock_holds_versions_and_hashes_only(name: str):
    """Every package is pinned by hash, and nothing says where a file comes from."""
    text = (ROOT / f"requirements/{name}.txt").read_text("utf-8")
    pins = re.findall(r"^[\w.-]+==\S+.*\\$(?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?$)+", text, re.MULTILINE)
    assert "\n".join(pins).split() == text.split()


@pytest.mark.parametrize(("part", "whole"), [("runtime", "test"), ("compat", "peers")])
def test_one_lock_contains_the_other(part: str, whole: str):
    """What is tested is what runs, and the clients that are measured are those that are tested, version for version."""
    smaller, larger = (
        set(re.findall(r"^([\w.-]+==[^\s;]+)", (ROOT / f"requirements/{name}.txt").read_text("utf-8"), re.MULTILINE))
        for name in (part, whole)
    )
    assert sorted(smaller - larger) == []


def test_the_tests_install_the_clients_and_not_the_benchmarks_peers():
    """A framework of several hundred MB is for `make bench` alone."""
    stamps = make("-n", "-B", "test").stdout
    assert "requirements/compat.txt" in stamps
    assert "requirements/peers.txt" not in stamps
    assert "requirements/peers.txt" in make("-n", "-B", "bench").stdout
    assert "nautilus" not in (ROOT / "requirements/compat.txt").read_text("utf-8").lower()


@pytest.mark.serial
def test_a_second_run_starts_at_once():
    """With the environment ready, deciding so takes less than a second."""
    if "scripts/venv.sh" in make("-n", "lint").stdout:
        pytest.skip("this environment was not made by the Makefile; `make test` makes it")
    started = time.monotonic()
    make("-n", "lint")
    assert time.monotonic() - started < 1
