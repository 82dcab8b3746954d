"""The documents agree with the program: alarms, commands, links, words."""

import re
from pathlib import Path

import pytest

from holdfast.cli.main import COMMANDS
from holdfast.cli.paper_settings import open_settings
from holdfast.cli.shell import EXIT_CODES
from holdfast.config.table import TABLE
from holdfast.model.reasons import DENY_SENTENCES, AlarmCode, DenyCode, TradingState
from holdfast.paper.config import AccountConfig, PaperConfig, RateLimits, VenueFacts
from holdfast.paper.control import door as control
from holdfast.paper.faults import VERBS
from tests.cli.test_demo_summary import REPORT, drawn

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SETTINGS = (PaperConfig, AccountConfig, RateLimits)
OPERATING = (ROOT / "docs" / "operating.md").read_text("utf-8")


def test_every_alarm_has_its_section_and_no_section_is_of_an_unknown_alarm() -> None:
    """An alarm leads to a page that says what to do."""
    assert re.findall(r"^### (\S+)$", OPERATING, re.MULTILINE) == [code.value for code in AlarmCode]


@pytest.mark.parametrize("code", AlarmCode)
def test_every_alarm_says_meaning_deed_and_duty(code: AlarmCode) -> None:
    """In this order, each with a sentence."""
    section = OPERATING.split(f"### {code.value}\n")[1].split("\n### ")[0]
    assert re.findall(r"^\*\*(\w+)\.\*\* \S", section, re.MULTILINE) == ["Means", "Done", "Do"]


@pytest.mark.parametrize("word", sorted({*control.KNOWN, *VERBS, *VenueFacts.__struct_fields__}))
def test_every_word_of_the_control_door_and_every_switch_is_explained(word: str) -> None:
    """A stranger finds it on the paper exchange's page."""
    assert f"`{word}`" in (ROOT / "docs" / "paper-exchange.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Between our own pages."""
    for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_shown_exist(page: Path) -> None:
    """No page shows a command that was renamed."""
    known = {name for name, *_ in COMMANDS} | {"COMMAND"}
    shown = set(re.findall(r"(?:^|`)holdfast ([a-z]+)", page.read_text("utf-8"), re.MULTILINE))
    assert shown <= known


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name != "configuration.md"], ids=lambda page: page.name
)
def test_keys_that_are_named_exist(page: Path) -> None:
    """`section.key` in a text is a key of the table."""
    sections = "|".join({name.partition(".")[0] for name in TABLE})
    named = set(re.findall(rf"`((?:{sections})\.[a-z_]+)\b", page.read_text("utf-8")))
    assert named <= set(TABLE)


def test_the_exit_codes_are_those_of_the_program() -> None:
    """Word for word."""
    for code, text in EXIT_CODES.items():
        assert f"| {code} | {text} |" in OPERATING


def test_the_states_are_explained() -> None:
    """All of them."""
    for state in TradingState:
        assert f"| `{state.value}` |" in OPERATING


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    """A page that leads into the code leads somewhere."""
    named = set(
        re.findall(r"`((?:src|tests|docs|scripts|requirements|core|api|service)/[\w/.*-]+)`", page.read_text("utf-8"))
    )
    for name in named:
        assert any(any(root.glob(name)) for root in (ROOT, ROOT / "src" / "holdfast")), f"{page.name} names {name}"


def test_the_readme_shows_the_demo_as_it_is() -> None:
    """Every label of the summary, and the sentence of every denial shown; the figures change with each change."""
    readme = (ROOT / "README.md").read_text("utf-8")
    narrow = drawn(REPORT, 48).split("Last trades")[0]
    labels = [line.strip().partition("  ")[0] for line in narrow.splitlines() if "  " in line.strip()]
    assert {"net", "slippage from mid", "violations"} <= set(labels)
    codes = set(DenyCode.__members__)
    missing = [label for label in labels if label not in codes and f" {label} " not in readme and "Denied" not in label]
    assert missing == []
    shown = re.findall(r"^ ([A-Z_]{4,}) +\d+   (.+)$", readme, re.MULTILINE)
    assert len(shown) > 3
    assert [(code, DENY_SENTENCES[DenyCode(code)]) for code, _ in shown] == shown


def test_the_settings_that_are_shown_are_taken(tmp_path: Path) -> None:
    """The example of the paper exchange's page, as it stands there."""
    page = (ROOT / "docs/paper-exchange.md").read_text("utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "paper.toml").write_text(shown, "utf-8")
    assert [account.name for account in open_settings(tmp_path / "paper.toml").accounts] == ["a", "b"]


@pytest.mark.parametrize("name", [name for kind in SETTINGS for name in kind.__struct_fields__])
def test_every_setting_of_the_paper_exchange_is_named(name: str) -> None:
    """A setting that nobody finds is none."""
    page = (ROOT / "docs/paper-exchange.md").read_text("utf-8")
    assert re.search(rf"\b{name}\b", page)
