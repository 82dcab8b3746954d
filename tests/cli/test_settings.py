"""`holdfast config`."""

import json
import stat
from pathlib import Path

from tests.cli.conftest import Command

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_init_writes_a_file_that_loads(holdfast: Command) -> None:
    """A newcomer's first two commands work, and the token is for its owner only."""
    assert holdfast("config", "--init", "paper").code == 0
    assert stat.S_IMODE(Path("holdfast.token").stat().st_mode) == 0o600
    assert len(Path("holdfast.token").read_text().strip()) == 64
    shown = holdfast("config")
    assert shown.code == 0
    assert 'name = "paper"' in shown.out


def test_init_never_overwrites(holdfast: Command) -> None:
    """Somebody's limits stand in that file."""
    Path("holdfast.toml").write_text("# mine\n")
    outcome = holdfast("config", "--init", "live")
    assert outcome.code == 2
    assert "exists already" in outcome.err
    assert Path("holdfast.toml").read_text() == "# mine\n"


def test_the_effective_configuration_says_where_values_come_from(holdfast: Command, monkeypatch: object) -> None:
    """File, environment or default."""
    holdfast("config", "--init", "paper")
    monkeypatch.setenv("HOLDFAST__LIMITS__MAX_LEVERAGE", "7")  # type: ignore[attr-defined]
    lines = {line.split(" = ")[0]: line for line in holdfast("config").out.splitlines() if " = " in line}
    assert "# environment HOLDFAST__LIMITS__MAX_LEVERAGE" in lines["max_leverage"]
    assert "# holdfast.toml" in lines["max_trades"]
    assert "# default" in lines["max_open_orders"]


def test_json_is_one_object(holdfast: Command) -> None:
    """With the hash that stands in the journal."""
    holdfast("config", "--init", "paper")
    value = json.loads(holdfast("config", "--json").out)
    assert len(value["hash"]) == 64
    assert {"key": "venue.name", "value": '"paper"', "unit": "", "source": "holdfast.toml"} in value["keys"]


def test_all_problems_are_printed_with_what_would_pass(holdfast: Command) -> None:
    """Exit code 2."""
    Path("holdfast.toml").write_text("[limits]\nmax_trade = 1\nmax_leverage = 500\n")
    outcome = holdfast("config")
    assert outcome.code == 2
    assert "(3 problems)" in outcome.err
    assert outcome.err.count("would pass") == 3


def test_a_fingerprint_is_printed_for_pasting(holdfast: Command) -> None:
    """Also while the configuration still lacks it."""
    Path("holdfast.toml").write_text("[venue]\nname = 'live'\napi_key = 'abcdefgh'\napi_secret_file = 's'\n")
    Path("s").write_text("secret-text")
    Path("s").chmod(0o600)
    outcome = holdfast("config", "--fingerprint")
    assert outcome.code == 0
    assert outcome.out.startswith('key_fingerprint = "live:')


def test_the_references_are_written(holdfast: Command, tmp_path: Path) -> None:
    """All generated pages at once, equal to those checked in."""
    (tmp_path / "pages").mkdir()
    assert holdfast("config", "--references", "pages").code == 0
    for page in (tmp_path / "pages").iterdir():
        assert page.read_bytes() == (REFERENCE / page.name).read_bytes()
    assert holdfast("config", "--reference").out == (REFERENCE / "configuration.md").read_text()
