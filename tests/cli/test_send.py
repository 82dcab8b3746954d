"""`holdfast send`."""

import io
import json
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from holdfast.cli.send import _fractions
from holdfast.model.plans import IntentResult
from holdfast.model.reasons import ResultStatus
from tests.api.fake import OPEN
from tests.cli.conftest import Command, Running

LONG = ("--symbol", "BTCUSDT", "--side", "long", "--risk-pct", "1", "--stop", "1.5%")


def test_options_become_an_intent(holdfast: Command, engine: Running) -> None:
    """One line says what happened, and where."""
    outcome = holdfast("send", *LONG, "--target", "2%", "--target", "30000", "--id", "i-7", *engine.options)
    assert outcome.code == 0
    assert outcome.out == "accepted  i-7 open long BTCUSDT on paper, trade T-i-7\n"
    assert list(engine.service.seen) == ["i-7"]


def test_the_same_id_is_sent_again_safely(holdfast: Command, engine: Running) -> None:
    """The second answer says that it is the second."""
    holdfast("send", *LONG, "--id", "i-7", *engine.options)
    assert "seen before" in holdfast("send", *LONG, "--id", "i-7", *engine.options).out


def test_a_denial_is_exit_code_1_with_numbers(holdfast: Command, engine: Running) -> None:
    """Code, numbers, and what would pass."""
    arguments = ("--symbol", "MANAUSDT", *LONG[2:])
    outcome = holdfast("send", *arguments, *engine.options)
    assert outcome.code == 1
    assert "NOTIONAL_TOO_SMALL" in outcome.out
    assert "numbers: notional 4, until_ms 1795269550964 (13:59:10 UTC)\n" in outcome.out
    assert "would pass: quantity 10" in outcome.out


def test_a_file_is_checked_before_anything_is_sent(holdfast: Command, engine: Running) -> None:
    """Nothing half-done: one bad line keeps the good ones back, and its line number is said."""
    Path("i.jsonl").write_text(json.dumps(OPEN) + "\n\n" + json.dumps(OPEN | {"id": "i-2", "sid": 1}) + "\n")
    outcome = holdfast("send", "i.jsonl", *engine.options)
    assert outcome.code == 2
    assert "i.jsonl line 3: sid" in outcome.err
    assert engine.service.seen == {}


def test_a_file_is_sent_in_order(holdfast: Command, engine: Running) -> None:
    """With a count at the end; --json gives one answer a line."""
    Path("i.jsonl").write_text("".join(json.dumps(OPEN | {"id": f"i-{n}"}) + "\n" for n in range(3)))
    assert "3 accepted, 0 denied" in holdfast("send", "i.jsonl", *engine.options).err
    answers = holdfast("send", "i.jsonl", "--json", *engine.options).out.splitlines()
    assert [json.loads(line)["intent_id"] for line in answers] == ["i-0", "i-1", "i-2"]


def test_a_byte_order_mark_is_no_fault(holdfast: Command, engine: Running) -> None:
    """Some editors write one at the begin of every file."""
    Path("marked.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(OPEN).encode() + b"\r\n\r\n")
    assert holdfast("send", "marked.jsonl", *engine.options).code == 0


def test_standard_input(holdfast: Command, engine: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash reads from a pipe."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(OPEN).encode())))
    assert holdfast("send", "-", *engine.options).code == 0


def test_a_close_needs_no_size(holdfast: Command, engine: Running) -> None:
    """Only a symbol."""
    assert holdfast("send", "--symbol", "BTCUSDT", "--action", "close", *engine.options).code == 0


@pytest.mark.parametrize(
    "arguments, field",
    [
        (("--side", "long"), "symbol"),
        (LONG[:4], "size"),
        ((*LONG, "--notional", "5"), "size"),
        ((*LONG[:6], "--stop", "x%"), "--stop"),
        ((*LONG[:4], "--risk-pct", "NaN"), "size"),
        ((*LONG[:4], "--quantity", "1e309"), "size"),
        ((*LONG, "--leverage", "500"), "leverage"),
        ((*LONG, "--leverage", "0"), "leverage"),
        ((*LONG, "--leverage", "2.5"), "--leverage: must be a whole number, was '2.5'"),
        ((*LONG, "--expires-s", "nan"), "--expires-s: must be a number of seconds"),
        ((*LONG, "--expires-s=-5"), "--expires-s: must be a number of seconds"),
        ((*LONG, "--wait-s", "soon"), "--wait-s: must be a number of seconds"),
        ((*LONG, "--id", ""), "id"),
        ((*LONG, "--source", ""), "source"),
    ],
)
def test_malformed_options_are_refused_here(
    holdfast: Command, engine: Running, arguments: tuple[str, ...], field: str
) -> None:
    """Exit code 2, the field, and what would pass; nothing is sent."""
    outcome = holdfast("send", *arguments, *engine.options)
    assert outcome.code == 2
    assert field in outcome.err
    assert "would pass" in outcome.err
    assert engine.service.seen == {}


@pytest.mark.parametrize("option", [("--symbol", "BTCUSDT"), ("--stop", "1%"), ("--risk-pct", "1"), ("--id", "x")])
def test_options_of_an_intent_do_not_go_with_a_file(
    holdfast: Command, engine: Running, option: tuple[str, str]
) -> None:
    """They would be lost without a word: a stop, for example."""
    Path("one.jsonl").write_text(json.dumps(OPEN))
    outcome = holdfast("send", "one.jsonl", *option, *engine.options)
    assert outcome.code == 2
    assert f"{option[0]}: does not go with a file of whole intents (one.jsonl)" in outcome.err
    assert engine.service.seen == {}


def test_missing_and_empty_files(holdfast: Command, engine: Running) -> None:
    """Each says what is wrong."""
    assert holdfast("send", "absent.jsonl", *engine.options).code == 3
    Path("empty.jsonl").write_text("\n")
    assert "holds no intent" in holdfast("send", "empty.jsonl", *engine.options).err


def test_a_busy_engine_is_exit_code_3(holdfast: Command, engine: Running) -> None:
    """Nothing was taken."""
    engine.service.busy = "the journal cannot be written"
    outcome = holdfast("send", *LONG, *engine.options)
    assert outcome.code == 3
    assert "journal cannot be written" in outcome.err


def test_wait_prints_the_terminal_result(holdfast: Command, engine: Running) -> None:
    """Filled quantity, price, slippage and time to protection; a bad end is exit code 1."""
    engine.service.result = IntentResult(
        intent_id="i-7", source="cli", symbol="BTCUSDT", action="open", status=ResultStatus.PROTECTED, venue="paper",
        version="1", filled=Decimal("0.01"), average_price=Decimal("28155.1"), slippage_bps=Decimal("0.5"), naked_ms=3,
    )  # fmt: skip
    outcome = holdfast("send", *LONG, "--id", "i-7", "--wait-s", "5", *engine.options)
    assert outcome.code == 0
    expected = "protected i-7, 0.01 BTCUSDT at 28155.1, slippage 0.5 bps, protected after 3 ms\n"
    assert outcome.out.endswith(expected)
    rejected = msgspec.structs.replace(
        engine.service.result, status=ResultStatus.REJECTED, code="-2019", reason="margin"
    )
    engine.service.result = rejected
    outcome = holdfast("send", *LONG, "--id", "i-8", "--wait-s", "5", *engine.options)
    assert outcome.code == 1
    assert "-2019 margin" in outcome.out


def test_wait_ends_when_nothing_comes(holdfast: Command, engine: Running) -> None:
    """With a hint, and exit code 1."""
    outcome = holdfast("send", *LONG, "--id", "i-7", "--wait-s", "0.2", *engine.options)
    assert outcome.code == 1
    assert "holdfast explain i-7" in outcome.out


@pytest.mark.parametrize("count", range(1, 11))
def test_fractions_add_up_to_one(count: int) -> None:
    """Exactly, for every number of targets."""
    assert sum(Decimal(text) for text in _fractions(count)) == 1
    assert len(_fractions(count)) == count
