"""`holdfast config`: what is in force, a first configuration, and the generated references."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from holdfast.cli.shell import OK, UNREACHABLE, ConfigFile, Failure, Json, load_config, print_json, say


def config(
    *,
    config: ConfigFile = None,
    init: Annotated[
        Literal["paper", "demo", "live"] | None,
        Parameter(help="Write holdfast.toml and holdfast.token into this folder, for that venue."),
    ] = None,
    fingerprint: Annotated[
        bool, Parameter(negative="", help="Print the value of venue.key_fingerprint for the configured key.")
    ] = False,
    reference: Annotated[bool, Parameter(negative="", help="Print the reference of all keys as Markdown.")] = False,
    references: Annotated[
        Path | None, Parameter(help="Write every generated reference page into this folder.", show=False)
    ] = None,
    json: Json = False,
) -> int:
    """Show the effective configuration and where each value comes from.

    For example:

    - `holdfast config --init paper`
    - `holdfast config`
    - `HOLDFAST__LIMITS__MAX_TRADES=3 holdfast config`
    """
    if init is not None:
        return _init(init)
    if references is not None:
        return _write_references(references)
    if reference:
        from holdfast.config.reference import markdown

        print(markdown(), end="")
        return OK
    if fingerprint:
        return _fingerprint(config)
    return _show(config, json=json)


def _show(named: Path | None, *, json: bool) -> int:
    loaded = load_config(named)
    if json:
        print_json({"hash": loaded.config_hash, "keys": loaded.effective})
        return OK
    section = ""
    width = max(len(line.key.partition(".")[2]) + len(line.value) for line in loaded.effective) + 4
    for line in loaded.effective:
        table, _, name = line.key.partition(".")
        if table != section:
            print(f"{chr(10) if section else ''}[{table}]")
            section = table
        setting = f"{name} = {line.value}"
        print(f"{setting:<{min(width, 60)}}  # {line.source}{f', {line.unit}' if line.unit else ''}")
    print(f"\n# venue {loaded.venue.name.value}, journal {loaded.journal_path}, hash {loaded.config_hash[:16]}")
    return OK


def _fingerprint(named: Path | None) -> int:
    loaded = load_config(named, only=("venue",), bound=False)
    print(f'key_fingerprint = "{loaded.key_fingerprint}"')
    return OK


def _init(name: Literal["paper", "demo", "live"]) -> int:
    from holdfast.config import DEFAULT_FILE
    from holdfast.config.reference import starter
    from holdfast.model.settings import Venue

    token_file = Path("holdfast.token")
    _write_new(Path(DEFAULT_FILE), starter(Venue(name)), 0o644)
    if not token_file.exists():
        _write_new(token_file, secrets.token_hex(32) + "\n", 0o600)
    say(f"wrote {DEFAULT_FILE} and holdfast.token for the venue {name}")
    for line in _NEXT[name]:
        say(f"    {line}")
    return OK


_NEXT = {
    "paper": ("next: `holdfast paper` in one terminal, `holdfast run` in another, `holdfast send --help` in a third",),
    "demo": (
        "next: put the key of your demo account into holdfast.toml and its secret into holdfast.secret (chmod 600)",
        "then: `holdfast run`",
    ),
    "live": (
        "next: read docs/quickstart.md to its end, then put key and private key in place",
        "then: `holdfast config --fingerprint`, `holdfast config`, `holdfast run`",
    ),
}


def _write_new(path: Path, text: str, mode: int) -> None:
    """Never over an existing file: it may hold the only copy of somebody's limits."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        rule = f"{path} exists already and is not overwritten"
        raise Failure(f"--init: {rule}\n    would pass: another folder, or move {path} away") from None
    except OSError as error:
        raise Failure(f"--init: cannot write {path} ({error.strerror})", UNREACHABLE) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _write_references(folder: Path) -> int:
    from holdfast import __version__
    from holdfast.api import openapi, schemas
    from holdfast.config.reference import markdown

    pages = {
        "configuration.md": markdown().encode(),
        "openapi.json": openapi.encoded(__version__),
        "intent-v1.schema.json": schemas.encoded(schemas.intent_schema()),
        "results-v1.schema.json": schemas.encoded(schemas.results_schema()),
        "events-v1.schema.json": schemas.encoded(schemas.events_schema()),
    }
    for name, body in pages.items():
        (folder / name).write_bytes(body)
    say(f"wrote {', '.join(pages)} into {folder}")
    return OK
