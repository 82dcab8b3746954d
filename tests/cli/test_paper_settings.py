"""The settings file of the paper exchange."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from holdfast.cli.paper_settings import open_settings, turn_facts
from holdfast.cli.shell import Failure
from holdfast.paper.config import PaperConfig

WHOLE = """
taker_fee = 0.0004
listen_key_life_ms = 60_000

[[accounts]]
name = "a"
api_key = "a-key"
api_secret = "a-secret"
balances = { USDT = 5_000, BNB = "1.5" }

[[accounts]]
name = "b"
api_key = "b-key"
api_secret = "b-secret"
hedge_mode = true

[facts]
legacy_place_fields = true

[limits]
weight_per_minute = 100
orders_per_minute = "none"
"""


def settings(tmp_path: Path, text: str) -> PaperConfig:
    """What a file of this text says."""
    path = tmp_path / "paper.toml"
    path.write_text(text, "utf-8")
    return open_settings(path)


def test_without_a_file_everything_is_as_usual() -> None:
    """One account, production's limits."""
    assert open_settings(None) == PaperConfig()


def test_a_file_says_what_differs(tmp_path: Path) -> None:
    """Decimals stay exact; the word none lifts a limit; what is not named stays as it is."""
    read = settings(tmp_path, WHOLE)
    assert (read.taker_fee, read.maker_fee, read.listen_key_life_ms) == (Decimal("0.0004"), Decimal("0.0002"), 60_000)
    assert [account.balances for account in read.accounts] == [
        {"USDT": Decimal(5_000), "BNB": Decimal("1.5")},
        {"USDT": Decimal(10_000)},
    ]
    assert (read.accounts[1].hedge_mode, read.facts.legacy_place_fields) == (True, True)
    limits = read.limits
    assert (limits.weight_per_minute, limits.orders_per_minute, limits.orders_per_10_seconds) == (100, None, 300)


ACCOUNT = '[[accounts]]\nname = "a"\napi_key = "k"\napi_secret = "s"\n'


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("taker_fee = ", "is no TOML"),
        ("takerfee = 1", "takerfee"),
        ("taker_fee = true", "taker_fee"),
        ('[facts]\nsecond_close_position = "maybe"', "second_close_position"),
        ("[facts]\nno_such = 1", "no_such"),
        ("listen_key_life_ms = 0", "listen_key_life_ms must be 1 or more, was 0"),
        ("accounts = []", "at least one account"),
        (ACCOUNT + ACCOUNT, "one name each"),
        (ACCOUNT + ACCOUNT.replace('"a"', '"b"'), "accounts: "),
        ('[[accounts]]\nname = "a"\napi_key = "k"', "accounts: "),
    ],
)
def test_a_file_that_is_none_is_refused_with_what_would_pass(tmp_path: Path, text: str, word: str) -> None:
    """The option, the file, and the setting."""
    with pytest.raises(Failure) as refused:
        settings(tmp_path, text)
    assert refused.value.text.startswith("--settings: ")
    assert "paper.toml" in refused.value.text
    assert word in refused.value.text
    assert "would pass: " in refused.value.text


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """Before anything is opened."""
    with pytest.raises(Failure, match=r"absent\.toml cannot be read: No such file"):
        open_settings(tmp_path / "absent.toml")


def test_a_switch_may_say_none(tmp_path: Path) -> None:
    """The word lifts limits; of a switch it is an answer."""
    read = settings(tmp_path, '[facts]\nmarket_bound = "none"\n[limits]\nweight_per_minute = "none"')
    assert (read.facts.market_bound, read.limits.weight_per_minute) == ("none", None)


def test_switches_of_the_command_line_come_last(tmp_path: Path) -> None:
    """`--fact` beside a file."""
    read = settings(tmp_path, '[facts]\nmarket_bound = "none"\nunrouted_ws = "all"')
    turn_facts(read, ["unrouted_ws=public", "fill_events=order account lite"])
    assert (read.facts.market_bound, read.facts.unrouted_ws) == ("none", "public")
    assert read.facts.fill_events == "order account lite"


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        ("unrouted_ws", "must be NAME=VALUE, was 'unrouted_ws'"),
        ("unrouted=all", "unknown switch.*\n.*would pass: --fact 'unrouted_ws=public'"),
        ("unrouted_ws=some", "must be one of public, all"),
    ],
)
def test_a_fact_that_is_none_names_one(turn: str, told: str) -> None:
    """Name, rule, and what would pass."""
    with pytest.raises(Failure) as refusal:
        turn_facts(PaperConfig(), [turn])
    assert re.search(told, refusal.value.text)
