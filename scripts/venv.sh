#!/bin/sh
# Makes or updates one virtual environment: scripts/venv.sh DIR LOCK [--package]
#
# DIR        folder of the environment (made if it is missing or broken)
# LOCK       file of versions and hashes to install
# --package  also install this project into it, in place
# PYTHON     (environment) interpreter to use instead of the first suitable one on PATH
#
# uv does the work, because it is twenty times faster than pip; it is itself installed by hash. Where uv cannot run,
# pip installs the same lock with the same hashes.
set -eu

dir=$1
lock=$2
package=${3:-}

say() { printf 'holdfast: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# A user-wide pip setting must not send our packages elsewhere; an inherited variable must not hide our interpreter.
# Compiled bytecode makes every later start about a second faster.
unset PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX 2>/dev/null || true
export PIP_DISABLE_PIP_VERSION_CHECK=1
# Behind a proxy with a certificate of its own, the system knows that certificate and uv's built-in list does not.
export UV_SYSTEM_CERTS=1

# Some commands of that name exist and do not work (a pyenv shim of a version that is not selected): try, do not trust.
suitable() { "$1" -c 'import sys, ssl, sqlite3; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
has_venv() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

find_python() {
    without_venv=
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        suitable "$candidate" || continue
        if has_venv "$candidate"; then
            python=$candidate
            return
        fi
        without_venv=${without_venv:-$candidate}
    done
    if [ -n "$without_venv" ]; then
        version=$("$without_venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        die "$without_venv has no venv module. On Debian or Ubuntu: apt-get install python3-venv (or python$version-venv)"
    fi
    die "needs Python 3.11 or newer, found none as ${PYTHON:-python3.13, python3.12, python3.11 or python3}. Name one: make PYTHON=/path/to/python3"
}

make_environment() {
    find_python
    say "making $dir with $("$python" --version 2>&1)"
    rm -rf "$dir"
    "$python" -m venv "$dir" || die "$python -m venv $dir failed. On Debian or Ubuntu: apt-get install python3-venv"
}

have_uv() {
    "$venv_python" -m uv --version >/dev/null 2>&1 ||
        { "$venv_python" -m pip install -qq --require-hashes -r requirements/uv.txt 2>/dev/null &&
            "$venv_python" -m uv --version >/dev/null 2>&1; }
}

with_uv() {
    "$venv_python" -m uv pip install --quiet --python "$venv_python" --compile-bytecode --require-hashes -r "$lock" || return 1
    [ -z "$package" ] || "$venv_python" -m uv pip install --quiet --python "$venv_python" --no-deps \
        --no-build-isolation --reinstall-package holdfast -e .
}

with_pip() {
    "$venv_python" -m pip install -qq --require-hashes -r "$lock" || return 1
    [ -z "$package" ] || "$venv_python" -m pip install -qq --no-deps --no-build-isolation -e .
}

venv_python=$dir/bin/python
suitable "$venv_python" || make_environment
say "installing $lock into $dir"
if have_uv; then
    with_uv || { say "uv could not install $lock, trying pip"; with_pip; }
else
    say "uv is not available here, using pip (slower)"
    with_pip
fi || die "could not install $lock: the lines above say why (no network, or an unusual platform?)"
