"""The settings file of `holdfast paper`: the whole `PaperConfig` as TOML."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.cli.shell import USAGE, Failure

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
        settings = msgspec.convert(_without_markers(named), PaperConfig, strict=False)
    except msgspec.ValidationError as error:
        known = ", ".join(PaperConfig.__struct_fields__)
        raise _refused(f"{path}: {error}", f"the settings of docs/paper-exchange.md: {known}") from None
    _check(path, settings)
    return settings


def _without_markers(value: Any) -> Any:
    """TOML has no null: the word "none" lifts a limit."""
    if isinstance(value, dict):
        return {key: _without_markers(part) for key, part in value.items()}
    return None if value == "none" else value


def _check(path: Path, settings: PaperConfig) -> None:
    from holdfast.paper.auth import check_signing, load_keys

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
