"""The settings file of `holdfast paper`: the whole `PaperConfig` as TOML."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.cli.shell import USAGE, Failure, wrong
from holdfast.paper.facts import FactError, VenueFacts, shown, turned

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.paper.config import PaperConfig

_ABOVE_ZERO = (
    "listen_key_life_ms",
    "connection_life_ms",
    "ping_interval_ms",
    "pong_timeout_ms",
    "default_leverage",
    "history_limit",
    "log_ring",
)
_EXAMPLE = 'a TOML file as under "Settings" in docs/paper-exchange.md'
_ACCOUNT = '[[accounts]] with name = "a", api_key = "a-key" and api_secret = "a-secret", each on a line'


def open_settings(path: Path | None) -> PaperConfig:
    """The settings of a file; the usual ones without a file."""
    from holdfast.paper.config import PaperConfig

    if path is None:
        return PaperConfig()
    try:
        named = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except OSError as error:
        raise _refused(f"{path} cannot be read: {error.strerror}", _EXAMPLE) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refused(f"{path} is no TOML: {error}", _EXAMPLE) from None
    try:
        facts = turned(VenueFacts(), _table(named, "facts"))
        named["limits"] = {name: None if value == "none" else value for name, value in _table(named, "limits").items()}
        settings = msgspec.convert(named, PaperConfig, strict=False)
    except FactError as error:
        raise _refused(f"{path}: facts: {error.name}: {error.rule}", f"{error.near} = {_written(error)}") from None
    except msgspec.ValidationError as error:
        known = ", ".join(PaperConfig.__struct_fields__)
        raise _refused(f"{path}: {error}", f"the settings of docs/paper-exchange.md: {known}") from None
    settings.facts = facts
    _check(path, settings)
    return settings


def _table(named: dict[str, Any], name: str) -> dict[str, Any]:
    """A part of the file."""
    value = named.pop(name, {})
    if not isinstance(value, dict):
        raise msgspec.ValidationError(f"{name} must be a table of names and values, was {value!r}")
    return value


def _written(error: FactError) -> str:
    """An answer that passes, as TOML."""
    return f'"{error.passes}"' if isinstance(error.passes, str) else shown(error.passes)


def turn_facts(config: PaperConfig, turns: list[str]) -> None:
    """Turn the switches of `--fact NAME=VALUE`. Raises `Failure`."""
    changes: dict[str, object] = {}
    for turn in turns:
        name, equals, value = turn.partition("=")
        if not equals:
            raise wrong("--fact", f"must be NAME=VALUE, was {turn!r}", "--fact unrouted_ws=all")
        changes[name] = value
    try:
        config.facts = turned(config.facts, changes)
    except FactError as error:
        passes = f"{error.near}={shown(error.passes)}"
        raise wrong("--fact", f"{error.name}: {error.rule}", f"--fact '{passes}'") from None


def _check(path: Path, settings: PaperConfig) -> None:
    from holdfast.paper.requests.auth import check_signing, load_keys

    for name in _ABOVE_ZERO:
        if getattr(settings, name) < 1:
            raise _refused(f"{path}: {name} must be 1 or more, was {getattr(settings, name)}", f"{name} = 60_000")
    names = [account.name for account in settings.accounts]
    if not names or len(set(names)) < len(names) or "" in names:
        shown = ", ".join(names) or "none"
        raise _refused(f"{path}: accounts need one name each, at least one account; found {shown}", _ACCOUNT)
    try:
        load_keys(settings.accounts)
        for account in settings.accounts:
            check_signing(account)
    except (ValueError, TypeError) as error:
        raise _refused(f"{path}: accounts: {error}", _ACCOUNT) from None


def _refused(rule: str, passes: str) -> Failure:
    return Failure(f"--settings: {rule}\n    would pass: {passes}", USAGE)
