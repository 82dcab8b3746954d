"""Secrets to credentials: key types, tokens, and the binding of a key to its venue."""

from pathlib import Path

import pytest

from holdfast.config import load
from holdfast.config.credentials import fingerprint_of
from holdfast.model.settings import Venue
from tests.config.test_rules import BASE, refused


def test_a_fingerprint_differs_between_venues_and_hides_the_key() -> None:
    """The same key has another name elsewhere (fault H2)."""
    live, demo = (fingerprint_of(venue, "abcdef") for venue in (Venue.LIVE, Venue.DEMO))
    assert live.startswith("live:")
    assert live.partition(":")[2] != demo.partition(":")[2]
    assert "abcdef" not in live


@pytest.mark.parametrize("name", ["api_key_file", "api_secret_file"])
def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, name: str) -> None:
    """Security list S5, with the command that mends it."""
    path = tmp_path / "k"
    path.write_text("text-of-eight")
    path.chmod(0o644)
    values = {"venue__name": "demo", "venue__api_key": "kkkkkkkk", "venue__api_secret_file": str(path)}
    if name == "api_key_file":
        del values["venue__api_key"]
    assert (
        "read by others"
        in refused(**values, **{f"venue__{name}": str(path)} if name == "api_key_file" else {})[f"venue.{name}"]
    )


def test_a_private_key_is_not_taken_for_an_hmac_secret(tmp_path: Path) -> None:
    """The key type is what was said, and a file of the other kind is refused (security list S4)."""
    pem = tmp_path / "k.pem"
    pem.write_text("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n")
    pem.chmod(0o600)
    assert "private key" in refused(venue__api_key="kkkkkkkk", venue__api_secret_file=str(pem))["venue.api_secret_file"]
    problems = refused(venue__key_type="ed25519", venue__api_key="kkkkkkkk", venue__private_key_file=str(pem))
    assert "Ed25519" in problems["venue.private_key_file"]


def test_an_ed25519_key_is_accepted(tmp_path: Path) -> None:
    """The form that openssl and the venue's page produce."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = tmp_path / "k.pem"
    pem.write_bytes(
        Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    pem.chmod(0o600)
    environ = {"HOLDFAST__VENUE__KEY_TYPE": "ed25519", "HOLDFAST__VENUE__API_KEY": "kkkkkkkk"}
    config = load(None, BASE | environ | {"HOLDFAST__VENUE__PRIVATE_KEY_FILE": str(pem)})
    assert config.credentials is not None
    assert "BEGIN" in config.credentials.secret.reveal()


def test_a_short_token_is_refused(tmp_path: Path) -> None:
    """A token that can be guessed is none."""
    token = tmp_path / "t"
    token.write_text("short")
    token.chmod(0o600)
    assert "guessed" in refused(http__token_file=str(token))["http.token_file"]


@pytest.mark.parametrize(
    "key, secret, name", [("short", "s" * 64, "api_key"), ("k" * 64, "two words!", "api_secret_file")]
)
def test_what_no_venue_gives_out_is_refused(key: str, secret: str, name: str) -> None:
    """A pasted quote, a second line, half a key: noticed before anything is signed."""
    assert "not what the venue gives out" in refused(venue__api_key=key, venue__api_secret=secret)[f"venue.{name}"]
