"""The checked-in reference page and the starter files agree with the program."""

from pathlib import Path

import pytest

from holdfast.config import ConfigError, load
from holdfast.config.reference import markdown, starter
from holdfast.config.table import TABLE
from holdfast.model.settings import Venue

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "configuration.md"


def test_the_reference_page_is_current() -> None:
    """`holdfast config --reference > docs/reference/configuration.md` brings it up to date."""
    assert PAGE.read_text() == markdown()


@pytest.mark.parametrize("name", TABLE)
def test_every_key_stands_on_the_page(name: str) -> None:
    """With its reason."""
    assert TABLE[name].why in markdown()


def test_the_paper_starter_loads(tmp_path: Path) -> None:
    """A newcomer's first file needs nothing but the token beside it."""
    (tmp_path / "holdfast.toml").write_text(starter(Venue.PAPER))
    (tmp_path / "holdfast.token").write_text("t" * 64)
    (tmp_path / "holdfast.token").chmod(0o600)
    assert load(tmp_path / "holdfast.toml", {}).venue.name is Venue.PAPER


@pytest.mark.parametrize("venue", [Venue.DEMO, Venue.LIVE])
def test_other_starters_lack_nothing_but_the_key(tmp_path: Path, venue: Venue) -> None:
    """What is missing is the key and the file with its secret, and nothing else."""
    (tmp_path / "holdfast.toml").write_text(starter(venue))
    (tmp_path / "holdfast.token").write_text("t" * 64)
    (tmp_path / "holdfast.token").chmod(0o600)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "holdfast.toml", {})
    secret = "venue.private_key_file" if venue is Venue.LIVE else "venue.api_secret_file"
    assert {problem.key for problem in caught.value.problems} == {"venue.api_key", secret}
