"""Secret files: only their owner may read them, and links do not lead out of their folder (security list S5)."""

import pickle
from pathlib import Path

import pytest

from holdfast.config.keys import BadValue
from holdfast.config.secrets import read_secret
from holdfast.config.values import Secret


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A well-kept secret."""
    path = tmp_path / "s.secret"
    path.write_text("  the secret\n")
    path.chmod(0o600)
    return path


def test_a_well_kept_secret_is_read_without_blanks(secret: Path) -> None:
    """Editors end files with a newline; it is not part of the secret."""
    assert read_secret(secret).reveal() == "the secret"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o610, 0o601, 0o660])
def test_a_secret_others_can_reach_is_refused(secret: Path, mode: int) -> None:
    """Any right of group or others is too much; the message says which command mends it."""
    secret.chmod(mode)
    with pytest.raises(BadValue, match="read by others") as caught:
        read_secret(secret)
    assert caught.value.passes.startswith("chmod 600")


def test_a_link_inside_the_folder_is_followed(secret: Path) -> None:
    """Containers mount secrets as links beside the file."""
    link = secret.parent / "link"
    link.symlink_to(secret)
    assert read_secret(link).reveal() == "the secret"


def test_a_link_out_of_the_folder_is_refused(secret: Path, tmp_path: Path) -> None:
    """A link elsewhere would read what somebody else chose."""
    folder = tmp_path / "config"
    folder.mkdir()
    link = folder / "link"
    link.symlink_to(secret)
    with pytest.raises(BadValue, match="out of its folder"):
        read_secret(link)


def test_missing_empty_folder_binary_and_huge_files_are_refused(secret: Path) -> None:
    """Each gets its own rule."""
    with pytest.raises(BadValue, match="cannot be opened"):
        read_secret(secret.parent / "absent")
    with pytest.raises(BadValue, match="directory"):
        read_secret(secret.parent)
    secret.write_bytes(b" \n")
    with pytest.raises(BadValue, match="is empty"):
        read_secret(secret)
    secret.write_bytes(b"\xff\xfe")
    with pytest.raises(BadValue, match="not text"):
        read_secret(secret)
    secret.write_bytes(b"x" * 20_000)
    with pytest.raises(BadValue, match="is over"):
        read_secret(secret)


def test_a_circle_of_links_is_refused(tmp_path: Path) -> None:
    """A link to itself is an error, not a hang."""
    link = tmp_path / "link"
    link.symlink_to(link)
    with pytest.raises(BadValue, match="cannot be opened"):
        read_secret(link)


def test_a_secret_does_not_show_itself() -> None:
    """Not printed, not formatted, not pickled."""
    secret = Secret("hidden")
    assert "hidden" not in f"{secret} {secret!r}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
