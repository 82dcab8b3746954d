"""From the [venue] and [http] sections to usable secrets, and the binding of a key to its venue (fault H2)."""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from holdfast.config.keys import BadValue
from holdfast.config.rules import Finding
from holdfast.config.secrets import read_secret
from holdfast.config.values import PAPER_KEY, PAPER_SECRET, Credentials, HttpSection, Secret, VenueSection
from holdfast.model.settings import Venue

MIN_TOKEN_CHARACTERS: Final = 32
KEY_PATTERN: Final = re.compile(r"[\x21-\x7e]{8,128}")


class Keyring(NamedTuple):
    """What was read from secret files."""

    credentials: Credentials | None
    token: Secret | None
    fingerprint: str


def fingerprint_of(venue: Venue, api_key: str) -> str:
    """A short name of a key *at a venue*: it tells nothing about the key, and differs between venues."""
    return f"{venue.value}:{hashlib.sha256(f'{venue.value}:{api_key}'.encode()).hexdigest()[:16]}"


def read_credentials(venue: VenueSection, base: Path, *, bound: bool = True) -> tuple[dict[str, Any], list[Finding]]:
    """The API key with its secret, and its fingerprint, or what is wrong with them. `bound` False: unbound."""
    findings: list[Finding] = []
    api_key = _read(venue.api_key_file, "venue.api_key_file", base, findings) or Secret(venue.api_key)
    secret = _secret(venue, base, findings)
    if venue.name is Venue.PAPER and not (venue.api_key or venue.api_key_file):
        api_key = Secret(PAPER_KEY)
        secret = secret if venue.private_key_file else Secret(venue.api_secret or PAPER_SECRET)
    findings = findings or _shape(api_key, secret if venue.key_type == "hmac" else None)
    if findings:
        return {}, findings
    fingerprint = fingerprint_of(venue.name, api_key.reveal())
    findings += _binding(venue, fingerprint) if bound else []
    credentials = Credentials(api_key=api_key.reveal(), key_type=venue.key_type, secret=secret)
    return {"credentials": credentials, "fingerprint": fingerprint}, findings


def read_token(http: HttpSection, base: Path) -> tuple[dict[str, Any], list[Finding]]:
    """The API's token, or None where none is wanted."""
    findings: list[Finding] = []
    token = _read(http.token_file, "http.token_file", base, findings)
    if token is not None and len(token.reveal()) < MIN_TOKEN_CHARACTERS:
        rule = f"the token has fewer than {MIN_TOKEN_CHARACTERS} characters and could be guessed"
        findings.append(Finding("http.token_file", rule, "`openssl rand -hex 32` makes one"))
    return {"token": token}, findings


def _read(name: str, key: str, base: Path, findings: list[Finding]) -> Secret | None:
    if not name:
        return None
    try:
        return read_secret(base / name)
    except BadValue as error:
        findings.append(Finding(key, error.rule, error.passes))
        return None


def _secret(venue: VenueSection, base: Path, findings: list[Finding]) -> Secret:
    if venue.key_type == "hmac":
        secret = _read(venue.api_secret_file, "venue.api_secret_file", base, findings) or Secret(venue.api_secret)
        if "-----BEGIN" in secret.reveal():
            rule = "holds a private key, not an HMAC secret"
            findings.append(Finding("venue.api_secret_file", rule, 'key_type = "ed25519" and private_key_file'))
        return secret
    pem = _read(venue.private_key_file, "venue.private_key_file", base, findings)
    if pem is not None and not _is_ed25519(pem):
        rule = "does not hold an unencrypted Ed25519 private key"
        findings.append(Finding("venue.private_key_file", rule, "`openssl genpkey -algorithm ed25519` makes one"))
    return pem or Secret("")


def _shape(api_key: Secret, secret: Secret | None) -> list[Finding]:
    """What every venue's keys look like; a file with two lines, or a quoted text, is noticed here."""
    passes = "8 to 128 printable characters without spaces, as the venue shows them"
    checked = (("venue.api_key", api_key), ("venue.api_secret_file", secret))
    return [
        Finding(name, "is not what the venue gives out", passes)
        for name, value in checked
        if value is not None and not KEY_PATTERN.fullmatch(value.reveal()) and "-----BEGIN" not in value.reveal()
    ]


def _is_ed25519(pem: Secret) -> bool:
    # Imported here: an HMAC user should not pay for it at every start.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return isinstance(load_pem_private_key(pem.reveal().encode(), password=None), Ed25519PrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False


def _binding(venue: VenueSection, fingerprint: str) -> list[Finding]:
    declared = venue.key_fingerprint
    if not declared:
        if venue.name is not Venue.LIVE:
            return []
        return [Finding("venue.key_fingerprint", "live wants its key bound by name", f'"{fingerprint}"')]
    bound_to = declared.partition(":")[0]
    if bound_to != venue.name.value:
        rule = f"the key is bound to {bound_to}, but venue.name is {venue.name.value}"
        passes = f'name = "{bound_to}", or the key of a {venue.name.value} account'
        return [Finding("venue.key_fingerprint", rule, passes)]
    if not hmac.compare_digest(declared, fingerprint):
        rule = "the API key is another than the one declared here"
        return [Finding("venue.key_fingerprint", rule, f'"{fingerprint}", if this key is meant')]
    return []
