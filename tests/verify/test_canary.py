"""I23: a secret is found wherever and however it was written."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from holdfast.verify import VerifyError
from holdfast.verify.canary import Canaries, in_journal, in_output, in_venue_log
from tests.verify.builders import rows, whole_trade

SECRET = 'Zk3+vL/9q~T w8"RbX2cN7dM5eH1'
CANARIES = Canaries({"the key": SECRET, "the token": "0123456789abcdef0123456789abcdef"})


def basic(text: str) -> str:
    """As an Authorization header has it."""
    return base64.b64encode(f"user:{text}".encode()).decode()


@pytest.mark.parametrize(
    ("written", "how"),
    [
        (f"key={SECRET};", "as it is"),
        (f"key={SECRET[:16]}…", "in part"),
        (f"…{SECRET[-16:]}", "in part"),
        (json.dumps({"key": SECRET}), "as JSON"),
        (f"?key={quote(SECRET, safe='')}&", "with percent signs"),
        (SECRET.encode().hex(), "in hexadecimal"),
        (SECRET.encode().hex().upper(), "in hexadecimal"),
        *((basic("x" * shift + SECRET), "in base64") for shift in range(3)),
        (base64.urlsafe_b64encode(SECRET.encode()).decode(), "in base64"),
    ],
)
def test_a_secret_is_found_however_it_is_written(written, how):
    """With its name and the way, never with its text."""
    found = CANARIES.in_bytes("somewhere", f"before {written} after".encode())
    assert any(sentence.startswith("the key stands in somewhere") for sentence in found)
    assert any(sentence.endswith(how) or "in part" in sentence for sentence in found)
    assert SECRET not in " ".join(found)


def test_what_holds_none_is_clean():
    """Neither does a few characters of it count."""
    assert CANARIES.in_bytes("somewhere", b"Zk3+vL/9 0123456789abcde 0123456789 abcdef") == []


def test_each_secret_has_its_name():
    """Two in one line are two findings."""
    found = CANARIES.in_bytes("x", f"{SECRET} 0123456789abcdef0123456789abcdef".encode())
    assert {sentence.split(" stands")[0] for sentence in found} == {"the key", "the token"}


@pytest.mark.parametrize("text", ["", "short", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"])
def test_what_is_too_short_is_refused(text):
    """It would be found everywhere, or nowhere."""
    with pytest.raises(VerifyError, match="the pin holds no secret"):
        Canaries({"the pin": text})


def test_a_private_key_is_known_by_its_lines():
    """Each line of its body, and not the words around it."""
    body = "MC4CAQAwBQYDK2VwBCIEIGxtbm9wcXJzdHV2d3h5ejEyMzQ1Njc4OTAxMjM0NTY3"
    key = Canaries({"the private key": f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"})
    assert key.in_bytes("x", b"-----BEGIN PRIVATE KEY-----") == []
    assert key.in_bytes("x", f"PrivateKey({body})".encode())


def test_records_are_named():
    """By number of journal and log, or by line of a file."""
    journal = rows(whole_trade().events)
    assert list(in_journal(CANARIES, journal)) == []
    leaky = journal[4]._replace(body=journal[4].body + SECRET.encode())
    (found,) = in_journal(Canaries({"the key": SECRET[:20]}), [*journal[:4], leaky])
    assert (found.invariant, found.seqs) == ("I23", (5,))
    (found,) = in_venue_log(Canaries({"the key": SECRET[:20]}), [b"{}\n", SECRET.encode()])
    assert found.ns == (2,)
    (found,) = in_output(Canaries({"the key": SECRET[:20]}), "run.log", [b"a\n", b"b\n", SECRET.encode()])
    assert "run.log line 3" in found.sentence
