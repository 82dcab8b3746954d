"""The journal's hash chain (I19), computed here a second time and independently of the writer.

Each hash is SHA-256 over the previous hash, the sequence number, the time, the kind and the body. The first four end
in a line break each; the body comes last.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from holdfast.verify.records import JournalRow
from holdfast.verify.report import VerifyError

FIRST_PREVIOUS = "0" * 64


def hash_of(previous: str, row: JournalRow) -> str:
    """The hash that a row must state, given the hash before it."""
    digest = hashlib.sha256()
    for field in (previous, str(row.seq), str(row.at_us), row.kind):
        digest.update(field.encode())
        digest.update(b"\n")
    digest.update(row.body)
    return digest.hexdigest()


def checked(rows: Iterable[JournalRow], head: tuple[int, str] | None = None) -> Iterator[JournalRow]:
    """Pass rows on while the chain holds; raises `VerifyError` at the first row that breaks it.

    `head` is a (seq, hash) published earlier: a journal that ends before it was cut off, and one that has another
    hash there was rewritten from some point on.
    """
    previous, seq = FIRST_PREVIOUS, 0
    for row in rows:
        seq += 1
        if row.seq != seq:
            raise VerifyError(f"record {seq} is missing, the next one is {row.seq}", record=f"journal seq {seq}")
        # A line break in a kind would let bytes move between kind and body without another hash.
        if "\n" in row.kind or hash_of(previous, row) != row.hash:
            raise VerifyError(
                "the hash chain is broken: this record, or the one before it, was changed", record=f"journal seq {seq}"
            )
        previous = row.hash
        if head is not None and head[0] == seq and head[1] != row.hash:
            raise VerifyError(
                f"its hash is {row.hash[:12]}…, the published head says {head[1][:12]}…", record=f"journal seq {seq}"
            )
        yield row
    if head is not None and head[0] > seq:
        raise VerifyError(f"the journal ends at record {seq}: it was cut off", record=f"journal seq {head[0]}")
