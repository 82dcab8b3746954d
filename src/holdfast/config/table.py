"""All keys, in the order in which they are shown."""

from __future__ import annotations

import difflib
from typing import Final

from holdfast.config.keys import Key
from holdfast.config.table_service import (
    ACCOUNT_KEYS,
    HTTP_KEYS,
    JOURNAL_KEYS,
    LOG_KEYS,
    SYMBOL_KEYS,
    VENUE_KEYS,
)
from holdfast.config.table_trading import (
    COVERAGE_KEYS,
    FACT_KEYS,
    LIMIT_KEYS,
    POLICY_KEYS,
    SOURCE_KEYS,
    TIMING_KEYS,
)

TABLE: Final[dict[str, Key]] = {
    key.name: key
    for key in (
        *VENUE_KEYS,
        *ACCOUNT_KEYS,
        *SYMBOL_KEYS,
        *LIMIT_KEYS,
        *POLICY_KEYS,
        *TIMING_KEYS,
        *COVERAGE_KEYS,
        *FACT_KEYS,
        *JOURNAL_KEYS,
        *HTTP_KEYS,
        *LOG_KEYS,
        *SOURCE_KEYS,
    )
}

SECTIONS: Final[dict[str, str]] = {
    "venue": "Where orders go, and the key that signs them",
    "account": "The account at the venue",
    "symbols": "What may be traded",
    "limits": "Risk limits: an intent beyond one is denied, never clamped",
    "policy": "What the engine does where there is a choice",
    "timing": "Deadlines",
    "coverage": "The watch that reads positions and stops back from the venue",
    "facts": "What nobody could verify about the venue",
    "journal": "The record of everything",
    "http": "The API",
    "log": "What is written to standard error",
    "sources": "Rights of single sources, one table [sources.NAME] each",
}


def lookup(name: str) -> Key | None:
    """The key of a written name; `sources.alpha.symbols` finds `sources.*.symbols`."""
    parts = name.split(".")
    if parts[0] == "sources" and len(parts) == 3:
        return TABLE.get(f"sources.*.{parts[2]}")
    return None if "*" in parts else TABLE.get(name)


def suggestion(name: str) -> str:
    """What a misspelt name may have meant: a sentence for the error."""
    section, _, field = name.partition(".")
    in_section = [key for key in TABLE if key.startswith(f"{section}.")]
    if near := difflib.get_close_matches(name, list(TABLE), n=1, cutoff=0.75):
        return f"{near[0]}, if that is meant"
    elsewhere = [key for key in TABLE if key.rpartition(".")[2] == field.rpartition(".")[2]]
    if elsewhere:
        return f"{elsewhere[0]}, if that is meant"
    if in_section:
        return "one of " + ", ".join(key.partition(".")[2] for key in in_section)
    if near := difflib.get_close_matches(section, list(SECTIONS), n=1):
        return f"the section [{near[0]}], if that is meant"
    return "one of the sections " + ", ".join(SECTIONS)
