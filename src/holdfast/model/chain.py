"""The journal's hash chain: each record's hash covers the record before it, so a change anywhere shows (RULES 8).

The writer, the recovery and the independent checker compute the same link, therefore it lives in `model`.
"""

from __future__ import annotations

import hashlib


class JournalUnusable(Exception):
    """A journal that cannot be opened or trusted: missing, foreign, of another format, damaged, or in use."""


class ChainBroken(JournalUnusable):
    """The record `seq` does not follow from the one before it: changed, cut out, or out of order."""

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"the journal's hash chain is broken at record {seq}: {reason}")
        self.seq = seq
        self.reason = reason


class RecordUnusable(JournalUnusable):
    """The record `seq` is whole, but this program cannot use it: of another version, or none that an engine wrote."""

    def __init__(self, seq: int, kind: str, reason: str) -> None:
        super().__init__(f"record {seq} ({kind}) of the journal {reason}")
        self.seq = seq
        self.reason = reason


def link(previous: str, seq: int, at_us: int, kind: str, body: bytes) -> str:
    """SHA-256, hex, of one record and the hash before it.

    The four fields in front hold no line break and the body comes last, so no two records share an encoding.
    """
    return hashlib.sha256(f"{previous}\n{seq}\n{at_us}\n{kind}\n".encode() + body).hexdigest()


def check_link(previous_seq: int, previous: str, seq: int, at_us: int, kind: str, body: bytes, stated: str) -> None:
    """Raise `ChainBroken` unless the record is the next one and its stated hash is right."""
    if seq != previous_seq + 1:
        raise ChainBroken(previous_seq + 1, f"record {previous_seq + 1} is missing, the next one is {seq}")
    if link(previous, seq, at_us, kind, body) != stated:
        raise ChainBroken(seq, "its content does not match its hash")
