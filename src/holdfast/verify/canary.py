"""I23: no secret stands in a record, a log or an answer: not as text, not encoded, and not in part.

A secret is looked for as it is and as programs write it: base64 in each of its three alignments, hexadecimal, percent
signs, JSON. A long one is also known by its first and last sixteen characters, because cutting is not hiding.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

import msgspec

from holdfast.verify.records import JournalRow
from holdfast.verify.report import VerifyError, Violation

SHORTEST: Final = 12
"""Characters below which a secret would be found everywhere."""

PIECE: Final = 16
LONG: Final = 24
"""From so many characters on a piece of `PIECE` tells of the whole."""

ARMOUR: Final = "-----"
"""Lines of a private key that begin so say what it is, and nothing of it."""


class Canaries:
    """Secrets by the names under which they are reported. Raises `VerifyError` for one that is too short."""

    def __init__(self, secrets: dict[str, str]) -> None:
        self._forms: dict[bytes, tuple[str, str]] = {}
        for name, secret in secrets.items():
            lines = [line.strip() for line in secret.splitlines() if line.strip() and not line.startswith(ARMOUR)]
            if not lines or max(map(len, lines)) < SHORTEST:
                raise VerifyError(f"{name} holds no secret of at least {SHORTEST} characters to look for")
            for line in lines:
                if len(line) >= SHORTEST:
                    self._add(name, line)
        longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
        self._any = re.compile(b"|".join(re.escape(form) for form in longest_first))

    def _add(self, name: str, secret: str) -> None:
        for how, form in forms(secret):
            self._forms.setdefault(form, (name, how))

    def in_bytes(self, where: str, body: bytes) -> list[str]:
        """A sentence for each secret in a text, once for each way in which it stands there."""
        found = dict.fromkeys(self._forms[match.group()] for match in self._any.finditer(body))
        return [f"{name} stands in {where} {how}" for name, how in found]


def forms(secret: str) -> Iterator[tuple[str, bytes]]:
    """How a secret may be written, each with the words for it."""
    raw = secret.encode()
    yield "as it is", raw
    if len(secret) >= LONG:
        yield "in part", raw[:PIECE]
        yield "in part", raw[-PIECE:]
    yield "in hexadecimal", raw.hex().encode()
    yield "in hexadecimal", raw.hex().upper().encode()
    for skipped in range(3):
        # Encoded inside a longer text: the first and last characters then depend on the neighbours.
        inner = raw[skipped : skipped + (len(raw) - skipped) // 3 * 3]
        yield "in base64", base64.b64encode(inner)
        yield "in base64", base64.urlsafe_b64encode(inner)
    yield "with percent signs", quote(secret, safe="").encode()
    yield "as JSON", msgspec.json.encode(secret)[1:-1]


def in_journal(canaries: Canaries, rows: Iterable[JournalRow]) -> Iterator[Violation]:
    """Secrets in the records of a journal."""
    for row in rows:
        for sentence in canaries.in_bytes("the journal", f"{row.kind}\n".encode() + row.body):
            yield Violation(invariant="I23", sentence=sentence, seqs=(row.seq,))


def in_venue_log(canaries: Canaries, lines: Iterable[bytes]) -> Iterator[Violation]:
    """Secrets in the exchange's own log of what it was asked."""
    for n, line in enumerate(lines, start=1):
        for sentence in canaries.in_bytes("the venue log", line):
            yield Violation(invariant="I23", sentence=sentence, ns=(n,))


def in_output(canaries: Canaries, name: str, lines: Iterable[bytes]) -> Iterator[Violation]:
    """Secrets in a log, in metrics, in the answers of an API: anything that was written to a file."""
    for number, line in enumerate(lines, start=1):
        for sentence in canaries.in_bytes(f"{name} line {number}", line):
            yield Violation(invariant="I23", sentence=sentence)
