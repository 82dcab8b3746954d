"""Reading the configuration: one TOML file, the environment over it, secrets from files; all problems at once."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from holdfast.config import rules
from holdfast.config.credentials import Keyring, read_credentials, read_token
from holdfast.config.keys import OFF, BadValue, Key, parse, written
from holdfast.config.table import SECTIONS, TABLE, lookup, suggestion
from holdfast.config.values import (
    ENDPOINTS,
    Config,
    ConfigError,
    Effective,
    Endpoints,
    HttpSection,
    JournalSection,
    LogSection,
    Problem,
    VenueSection,
)
from holdfast.model.settings import EngineSettings, Limits, SourcePolicy, Venue
from holdfast.model.venue_facts import VenueFacts

ENVIRONMENT_PREFIX: Final = "HOLDFAST__"
"""HOLDFAST__LIMITS__MAX_TRADES=5 stands over `max_trades` of [limits] in the file."""

FILE_VARIABLE: Final = "HOLDFAST_CONFIG"
DEFAULT_FILE: Final = "holdfast.toml"
MAX_FILE_BYTES: Final = 1_048_576


class Raw(NamedTuple):
    """A value as somebody wrote it."""

    value: Any
    source: str
    from_text: bool


def find(named: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file: the one named, else $HOLDFAST_CONFIG, else ./holdfast.toml if it is there."""
    if named is not None:
        return named
    if environ.get(FILE_VARIABLE):
        return Path(environ[FILE_VARIABLE])
    return Path(DEFAULT_FILE) if Path(DEFAULT_FILE).exists() else None


def load(path: Path | None, environ: Mapping[str, str], *, only: Collection[str] = (), bound: bool = True) -> Config:
    """The checked configuration. Raises `ConfigError` with every problem.

    `only` names the sections that matter to the caller: a client of the API must not fail because it may not read
    the venue's secret, and `kill` must work whatever is wrong elsewhere. Other sections are ignored. `bound` False
    leaves `venue.key_fingerprint` unchecked: only for printing what belongs there.
    """
    sections = frozenset(only) or frozenset(SECTIONS)
    problems: list[Problem] = []
    raws = _written(path, environ, problems)
    raws = {name: raw for name, raw in raws.items() if name.partition(".")[0] in sections}
    if only:
        problems = [problem for problem in problems if problem.key.partition(".")[0] in sections]
    values = _check_each(raws, problems)
    draft = _draft(values, frozenset(raws))
    where = str(path) if path is not None else "configuration"
    bad = {problem.key for problem in problems}
    for finding in rules.check(draft):
        if finding.key.partition(".")[0] in sections and finding.key not in bad:
            source = raws[finding.key].source if finding.key in raws else where
            problems.append(Problem(where=source, key=finding.key, rule=finding.rule, passes=finding.passes))
    base = path.parent if path is not None else Path()
    keyring = _keyring(draft, base, sections, problems, where=where, bound=bound)
    if problems:
        raise ConfigError(problems)
    return _assemble(draft, values, raws, base, keyring, home=_state_home(environ))


def _written(path: Path | None, environ: Mapping[str, str], problems: list[Problem]) -> dict[str, Raw]:
    raws: dict[str, Raw] = {}
    if path is not None:
        for name, value in _flatten(_read_file(path), str(path), problems):
            _put(raws, problems, name, Raw(value, str(path), from_text=False))
    for variable in sorted(environ):
        if variable.startswith(ENVIRONMENT_PREFIX):
            name = variable.removeprefix(ENVIRONMENT_PREFIX).lower().replace("__", ".")
            _put(raws, problems, name, Raw(environ[variable], f"environment {variable}", from_text=True))
    return raws


def _put(raws: dict[str, Raw], problems: list[Problem], name: str, raw: Raw) -> None:
    if lookup(name) is None:
        problems.append(Problem(where=raw.source, key=name, rule="no such key", passes=suggestion(name)))
    else:
        raws[name] = raw


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            body = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise _file_error(
            path, f"cannot be read ({error.strerror})", "`holdfast config --init paper` makes one"
        ) from None
    if len(body) > MAX_FILE_BYTES:
        raise _file_error(path, f"is over {MAX_FILE_BYTES} bytes", "a TOML file of a few kilobytes")
    try:
        return tomllib.loads(body.decode("utf-8-sig"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _file_error(path, f"is not TOML: {error}", 'lines such as: name = "paper"') from None


def _file_error(path: Path, rule: str, passes: str) -> ConfigError:
    return ConfigError([Problem(where=str(path), key="file", rule=rule, passes=passes)])


def _flatten(tree: dict[str, Any], where: str, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    """Names and values of [section] and [sources.NAME] tables; anything else in their place is a problem."""
    for section, table in tree.items():
        if not isinstance(table, dict):
            passes = f"[{section}] as a table" if section in SECTIONS else suggestion(section)
            problems.append(Problem(where=where, key=section, rule="stands outside of any section", passes=passes))
        elif section != "sources":
            yield from ((f"{section}.{field}", value) for field, value in table.items())
            if not table and section not in SECTIONS:
                problems.append(Problem(where=where, key=section, rule="no such section", passes=suggestion(section)))
        else:
            yield from _flatten_sources(table, where, problems)


def _flatten_sources(table: dict[str, Any], where: str, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    for name, fields in table.items():
        if not isinstance(fields, dict):
            rule = "stands outside of any source"
            problems.append(Problem(where=where, key=f"sources.{name}", rule=rule, passes="[sources.NAME] as a table"))
            continue
        yield from ((f"sources.{name}.{field}", value) for field, value in fields.items())
        if not fields:
            yield f"sources.{name}.symbols", []


def _check_each(raws: dict[str, Raw], problems: list[Problem]) -> dict[str, Any]:
    """Checked values by key name: defaults first, then whatever was written and passes."""
    values: dict[str, Any] = {name: key.default for name, key in TABLE.items() if "*" not in name}
    for name, raw in raws.items():
        key = lookup(name)
        assert key is not None, "invariant: unknown keys were refused before"
        try:
            values[name] = parse(key, raw.value, from_text=raw.from_text)
        except BadValue as error:
            problems.append(Problem(where=raw.source, key=name, rule=error.rule, passes=error.passes))
    return values


def _fields(values: Mapping[str, Any], owner: type[msgspec.Struct]) -> dict[str, Any]:
    """What the keys say about the fields of one struct."""
    return {key.field: values[name] for name, key in TABLE.items() if key.owner is owner and "*" not in name}


def _draft(values: Mapping[str, Any], given: frozenset[str]) -> rules.Draft:
    venue = msgspec.convert(_fields(values, VenueSection), VenueSection)
    engine = EngineSettings(
        venue=venue.name,
        limits=Limits(**_fields(values, Limits)),
        facts=VenueFacts(**_fields(values, VenueFacts)),
        sources=_sources(values),
        **_fields(values, EngineSettings),
    )
    return rules.Draft(
        venue=venue,
        http=HttpSection(**_fields(values, HttpSection)),
        engine=engine,
        given=given,
    )


def _sources(values: Mapping[str, Any]) -> tuple[SourcePolicy, ...]:
    tables: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        if name.startswith("sources."):
            _, source, field = name.split(".")
            tables.setdefault(source, {})[field] = value
    return tuple(SourcePolicy(name=source, **fields) for source, fields in sorted(tables.items()))


def _keyring(
    draft: rules.Draft, base: Path, sections: frozenset[str], problems: list[Problem], *, where: str, bound: bool
) -> Keyring:
    """The secrets that this caller needs; what is wrong with them joins the problems."""
    keyring = Keyring(None, None, "")
    broken = {problem.key.partition(".")[0] for problem in problems}
    findings: list[rules.Finding] = []
    if "venue" in sections:
        found, wrong = read_credentials(draft.venue, base, bound=bound)
        if "venue" in broken:
            # What is wrong with a file is told beside the rest; what follows from the rest is not told again.
            told = {problem.key for problem in problems}
            found, wrong = {}, [each for each in wrong if each.key.endswith("_file") and each.key not in told]
        keyring, findings = keyring._replace(**found), findings + wrong
    if "http" in sections - broken:
        found, wrong = read_token(draft.http, base)
        keyring, findings = keyring._replace(**found), findings + wrong
    problems.extend(Problem(where=where, key=key, rule=rule, passes=passes) for key, rule, passes in findings)
    return keyring


def endpoints_of(venue: VenueSection) -> Endpoints:
    """Where the venue is; paper's addresses may be overridden."""
    built_in = ENDPOINTS[venue.name]
    return msgspec.structs.replace(
        built_in,
        rest=(venue.rest_url or built_in.rest).rstrip("/"),
        ws_api=(venue.ws_api_url or built_in.ws_api).rstrip("/"),
        streams=(venue.stream_url or built_in.streams).rstrip("/"),
    )


def _assemble(
    draft: rules.Draft, values: Mapping[str, Any], raws: Mapping[str, Raw], base: Path, keyring: Keyring, *, home: Path
) -> Config:
    journal = JournalSection(**_fields(values, JournalSection))
    stem = f"holdfast-{draft.venue.name.value}-{draft.engine.account}"
    journal_path = base / (journal.path or f"{stem}.sqlite")
    latch_path = base / journal.latch_file if journal.latch_file else journal_path.with_suffix(".latch")
    # Each paper exchange has accounts of its own; a key of Binance means the same account from every folder.
    shared = latch_path.parent if draft.venue.name is Venue.PAPER else home / "holdfast"
    effective = tuple(_effective(values, raws))
    return Config(
        engine=draft.engine,
        venue=msgspec.structs.replace(draft.venue, api_secret=""),
        journal=journal,
        http=draft.http,
        log=LogSection(**_fields(values, LogSection)),
        endpoints=endpoints_of(draft.venue),
        credentials=keyring.credentials,
        token=keyring.token,
        key_fingerprint=keyring.fingerprint,
        journal_path=journal_path,
        latch_path=latch_path,
        lock_folder=base / journal.lock_folder if journal.lock_folder else shared,
        effective=effective,
        config_hash=hashlib.sha256("\n".join(f"{line.key}={line.value}" for line in effective).encode()).hexdigest(),
    )


def _state_home(environ: Mapping[str, str]) -> Path:
    """Where programs keep what belongs to the user and this machine (XDG Base Directory Specification)."""
    # Path.expanduser raises where a user has no home; the folder in there is this user's own.
    home = os.path.expanduser("~")
    state = f"{home}/.local/state" if home != "~" else "/var/tmp"
    return Path(environ.get("XDG_STATE_HOME") or state)


def _effective(values: Mapping[str, Any], raws: Mapping[str, Raw]) -> Iterator[Effective]:
    for name, value in values.items():
        key = lookup(name)
        assert key is not None, "invariant: only known keys have values"
        source = raws[name].source if name in raws else "default"
        yield Effective(key=name, value=_display(key, value), unit=key.unit, source=source)


def _display(key: Key, value: Any) -> str:
    if key.secret:
        return "(set)" if value else "(not set)"
    return OFF if value is None else written(value)
