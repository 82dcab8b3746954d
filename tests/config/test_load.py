"""One file, the environment over it, all problems at once, and no key that nobody reads."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from holdfast.config import ConfigError, find, load
from holdfast.config.credentials import fingerprint_of
from holdfast.config.keys import Key, Kind
from holdfast.config.table import SECTIONS, TABLE
from holdfast.config.values import HttpSection, JournalSection, LogSection, VenueSection
from holdfast.model.settings import EngineSettings, Limits, SourcePolicy, Venue
from holdfast.model.venue_facts import VenueFacts

Write = Callable[[str], Path]
OPEN = "[http]\nallow_no_token = true\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a configuration file and answers its path."""

    def _write(text: str) -> Path:
        path = tmp_path / "holdfast.toml"
        path.write_text(text)
        return path

    return _write


def secret_file(folder: Path, name: str = "s.secret", text: str = "s" * 64) -> str:
    """A well-kept secret file."""
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    return name


def problems_of(path: Path | None, environ: dict[str, str] | None = None) -> dict[str, str]:
    """Rule by key of a configuration that is refused."""
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    assert all(problem.passes for problem in caught.value.problems)
    return {problem.key: problem.rule for problem in caught.value.problems}


OWNERS = {VenueSection, JournalSection, HttpSection, LogSection, EngineSettings, Limits, VenueFacts, SourcePolicy}
BUILT = {
    (EngineSettings, "venue"),
    (EngineSettings, "limits"),
    (EngineSettings, "facts"),
    (EngineSettings, "sources"),
    (SourcePolicy, "name"),
}


def test_every_setting_has_exactly_one_key_and_every_key_a_setting() -> None:
    """No field of the settings is out of reach, and no key fills nothing."""
    fields = {(owner, name) for owner in OWNERS for name in owner.__struct_fields__}
    keys = [(key.owner, key.field) for key in TABLE.values()]
    assert len(keys) == len(set(keys))
    assert set(keys) == fields - BUILT


def other_value(key: Key) -> str:
    """A legal value that is not the default, as text for the environment."""
    match key.kind:
        case Kind.CHOICE:
            return next(choice for choice in key.choices if choice != getattr(key.default, "value", key.default))
        case Kind.FLAG:
            return "false" if key.default else "true"
        case Kind.INTEGER | Kind.DECIMAL:
            bound = key.low if key.low is not None and key.low != key.default else key.high
            return str(bound)
        case _:
            return "BTCUSDT"


@pytest.mark.parametrize("name", [name for name in TABLE if "*" not in name])
def test_every_key_reaches_the_setting_it_names(name: str) -> None:
    """Writing a key changes its setting and no other: a key that nobody reads cannot exist."""
    key = TABLE[name]
    from holdfast.config.load import _check_each, _draft, _fields, _put

    raws: dict = {}
    from holdfast.config.load import Raw

    _put(raws, [], name, Raw(other_value(key), "test", from_text=True))
    values = _check_each(raws, [])
    before = _check_each({}, [])
    changed = {
        (owner, field)
        for owner in OWNERS - {SourcePolicy}
        for field, value in _fields(values, owner).items()
        if value != _fields(before, owner)[field]
    }
    assert changed == {(key.owner, key.field)}
    if key.owner is Limits:
        assert getattr(_draft(values, frozenset()).engine.limits, key.field) == values[name]


def test_defaults_without_any_file() -> None:
    """With nothing written the venue is paper, on loopback, with the model's own limits."""
    config = load(None, {"HOLDFAST__HTTP__ALLOW_NO_TOKEN": "true"})
    assert config.venue.name is Venue.PAPER
    assert config.engine.limits == Limits()
    assert config.engine.facts == VenueFacts()
    assert config.http.bind == "127.0.0.1"
    assert config.journal_path.name == "holdfast-paper-main.sqlite"
    assert config.latch_path.name == "holdfast-paper-main.latch"
    assert config.credentials is not None
    assert config.credentials.api_key == "paper-key"


def test_file_and_environment(write: Write) -> None:
    """The environment stands over the file, and each value knows where it came from."""
    path = write(OPEN + "[limits]\nmax_trades = 7\ndaily_loss = 12.50\n[sources.Alpha]\nsymbols = ['BTCUSDT']\n")
    config = load(path, {"HOLDFAST__LIMITS__MAX_TRADES": "9", "UNRELATED": "x"})
    assert config.engine.limits.max_trades == 9
    assert config.engine.limits.daily_loss == Decimal("12.50")
    assert config.engine.sources == (SourcePolicy(name="Alpha", symbols=("BTCUSDT",)),)
    sources = {line.key: line.source for line in config.effective}
    assert sources["limits.max_trades"] == "environment HOLDFAST__LIMITS__MAX_TRADES"
    assert sources["limits.daily_loss"] == str(path)
    assert sources["limits.max_leverage"] == "default"


def test_all_problems_are_reported_at_once(write: Write) -> None:
    """Unknown keys, sections, wrong types and ranges stand in one report."""
    path = write("loose = 1\n[limitz]\nx = 1\n[limits]\nmax_trade = 1\nmax_trades = 0\n[venue]\nname = 'prod'\n")
    problems = problems_of(path, {"HOLDFAST__NOPE__X": "1"})
    assert set(problems) == {
        "loose", "limitz.x", "limits.max_trade", "limits.max_trades", "venue.name", "nope.x", "http.token_file",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text, rule",
    [("name = ", "is not TOML"), ("\xff", "is not TOML"), ("a = 1\n" * 300_000, "is over")],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, text: str, rule: str) -> None:
    """A broken, binary or enormous file is named, with what it should be."""
    path = tmp_path / "holdfast.toml"
    path.write_bytes(text.encode("latin-1"))
    assert rule in problems_of(path)["file"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is named must exist; defaults do not stand in for it."""
    assert "cannot be read" in problems_of(tmp_path / "absent.toml")["file"]


def test_find_prefers_the_named_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named file, then the variable, then the current folder, then none."""
    monkeypatch.chdir(tmp_path)
    assert find(None, {}) is None
    (tmp_path / "holdfast.toml").write_text("")
    assert find(None, {}) == Path("holdfast.toml")
    assert find(None, {"HOLDFAST_CONFIG": "/etc/a.toml"}) == Path("/etc/a.toml")
    assert find(Path("b.toml"), {"HOLDFAST_CONFIG": "/etc/a.toml"}) == Path("b.toml")


def test_only_some_sections_matter_to_some_callers(write: Write) -> None:
    """A client of the API does not need the venue's secret, nor a correct [limits]."""
    path = write(OPEN + "[venue]\nname = 'demo'\n[limits]\nmax_trades = 0\nmax_trade = 1\n")
    assert load(path, {}, only=("account", "http")).credentials is None


LIVE = """
[venue]
name = "live"
api_key = "abcdefgh"
api_secret_file = "s.secret"
key_fingerprint = "{fingerprint}"
[symbols]
allow = ["BTCUSDT"]
[http]
allow_no_token = true
[facts]
"""


def live_text(fingerprint: str) -> str:
    """A complete configuration for live."""
    facts = "".join(f'{fact} = "unproved"\n' for fact in VenueFacts.__struct_fields__)
    return LIVE.format(fingerprint=fingerprint) + facts


def test_rules_14_live_wants_every_venue_fact_by_name(write: Write) -> None:
    """Live refuses to start until each fact is set by name, also when it is set to unproved."""
    path = write(LIVE.format(fingerprint=""))
    secret_file(path.parent)
    missing = {key for key in problems_of(path) if key.startswith("facts.")}
    assert missing == {f"facts.{fact}" for fact in VenueFacts.__struct_fields__}


def test_live_with_everything_named_loads(write: Write) -> None:
    """The complete file passes, and the fingerprint is the venue's own."""
    path = write(live_text(fingerprint_of(Venue.LIVE, "abcdefgh")))
    secret_file(path.parent)
    config = load(path, {})
    assert config.key_fingerprint.startswith("live:")
    assert config.endpoints.rest == "https://fapi.binance.com"
    assert config.endpoints.restrictions


def test_a_live_key_on_the_demo_venue_is_refused(write: Write) -> None:
    """Fault H2: changing only the venue's name does not send a live key to demo."""
    path = write(live_text(fingerprint_of(Venue.LIVE, "abcdefgh")).replace('name = "live"', 'name = "demo"'))
    secret_file(path.parent)
    assert "bound to live, but venue.name is demo" in problems_of(path)["venue.key_fingerprint"]


def test_another_key_than_the_declared_one_is_refused(write: Write) -> None:
    """Fault H2: an exchanged key file is noticed before the first request."""
    path = write(live_text(fingerprint_of(Venue.LIVE, "another")))
    secret_file(path.parent)
    assert "another than the one declared" in problems_of(path)["venue.key_fingerprint"]


def test_live_wants_a_fingerprint_and_the_error_names_it(write: Write) -> None:
    """What would pass can be pasted."""
    path = write(live_text(""))
    secret_file(path.parent)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert fingerprint_of(Venue.LIVE, "abcdefgh") in str(caught.value)


def test_the_hash_changes_with_a_value_and_not_with_its_source(write: Write) -> None:
    """Same effective configuration, same hash."""
    path = write(OPEN + "[limits]\nmax_trades = 7\n")
    from_file = load(path, {}).config_hash
    path.write_text(OPEN)
    assert load(path, {"HOLDFAST__LIMITS__MAX_TRADES": "7"}).config_hash == from_file
    assert load(path, {}).config_hash != from_file


def test_secrets_are_not_shown(write: Write) -> None:
    """Neither the effective listing nor the value's own text contains a secret."""
    path = write(OPEN + "[venue]\napi_key = 'kkkkkkkk'\napi_secret = 'very-secret-text'\n")
    config = load(path, {})
    assert "very-secret-text" not in repr(config)
    assert "very-secret-text" not in str(msgspec.to_builtins(config.effective))


def test_paths_are_relative_to_the_file(write: Write) -> None:
    """An engine started elsewhere finds the same journal."""
    path = write(OPEN + "[journal]\npath = 'j.sqlite'\n")
    assert load(path, {}).journal_path == path.parent / "j.sqlite"
    assert os.fspath(load(path, {}).latch_path).endswith("j.latch")


def test_rules_8_the_engines_of_a_host_share_one_folder_of_locks(write: Write) -> None:
    """Wherever they are started from; only a paper exchange belongs to its folder."""
    path = write(OPEN)
    environ = {
        "XDG_STATE_HOME": "/state",
        "HOLDFAST__VENUE__API_KEY": "k" * 16,
        "HOLDFAST__VENUE__API_SECRET_FILE": "s",
    }
    secret = path.parent / "s"
    secret.write_text("s" * 40)
    secret.chmod(0o600)
    assert load(path, environ | {"HOLDFAST__VENUE__NAME": "demo"}).lock_folder == Path("/state/holdfast")
    assert load(path, environ).lock_folder == path.parent
    assert load(path, environ | {"HOLDFAST__JOURNAL__LOCK_FOLDER": "there"}).lock_folder == path.parent / "there"


def test_a_byte_order_mark_and_other_line_ends_are_no_fault(write: Write) -> None:
    """As some editors write files."""
    path = write(OPEN)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load(path, {}).http.allow_no_token


def test_every_section_has_keys() -> None:
    """The reference has no empty chapter."""
    assert {key.section for key in TABLE.values()} == set(SECTIONS)


def test_a_missing_key_does_not_hide_a_missing_secret_file(write: Write) -> None:
    """Both are to be done before a start, so both are told at once."""
    path = write(OPEN + '[venue]\nname = "demo"\napi_key = ""\napi_secret_file = "absent.secret"\n')
    assert set(problems_of(path)) == {"venue.api_key", "venue.api_secret_file"}
