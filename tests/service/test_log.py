"""Log lines: JSON, redacted, and never in the way."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest

from holdfast.service.log import HIDDEN, ForeignLogs, LineWriter, Repeats, make_logger, redact


class Lines:
    """Collects what would be written."""

    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []

    def msg(self, line: str) -> None:
        """Keep it, parsed."""
        self.written.append(json.loads(line))

    log = debug = info = warning = error = critical = msg


class Fixed:
    """A clock that stands still until it is told otherwise."""

    mono = 0

    def wall_us(self) -> int:
        """2023-11-14T22:13:20Z."""
        return 1_700_000_000_000_000

    def mono_us(self) -> int:
        """Since the test began."""
        return self.mono


def lines(level: str = "debug") -> tuple[Any, Lines]:
    """A logger and what it wrote."""
    out = Lines()
    return make_logger(level, clock=Fixed(), writer=out), out


def test_a_line_is_json_with_time_and_level() -> None:
    """And whatever was bound."""
    logger, out = lines()
    logger.bind(venue="paper", account="main").warning("something", n=1)
    assert out.written == [
        {
            "at": "2023-11-14T22:13:20.000+00:00",
            "level": "warning",
            "event": "something",
            "n": 1,
            "venue": "paper",
            "account": "main",
        }
    ]


@pytest.mark.parametrize(("level", "count"), [("debug", 3), ("info", 2), ("error", 1), ("none", 0)])
def test_the_level_filters(level: str, count: int) -> None:
    """What is below it costs next to nothing."""
    logger, out = lines(level)
    logger.debug("a")
    logger.info("b")
    logger.error("c")
    assert len(out.written) == count


def test_an_error_brings_its_traceback() -> None:
    """Whoever reads the log needs the place."""
    logger, out = lines()
    caught: list[BaseException] = []
    try:
        raise ValueError("boom")
    except ValueError as error:
        caught.append(error)
    logger.error("failed", error=caught[0])
    assert out.written[0]["error"] == "ValueError('boom')"
    assert "test_log.py" in out.written[0]["traceback"]


@pytest.mark.parametrize(
    "name", ["apiKey", "api_secret", "signature", "listenKey", "token", "Authorization", "X-MBX-APIKEY", "password"]
)
def test_secrets_are_hidden_by_their_name(name: str) -> None:
    """At any depth."""
    logger, out = lines()
    logger.info("x", **{name: "s3cr3t"}, nested={"list": [{name: "s3cr3t"}]})
    assert "s3cr3t" not in json.dumps(out.written)


@pytest.mark.parametrize(
    "text",
    [
        "POST /fapi/v1/order?symbol=BTCUSDT&signature=s3cr3t&x=1",
        '{"apiKey":"s3cr3t","symbol":"BTCUSDT"}',
        "headers {'X-MBX-APIKEY': 's3cr3t'}",
        "listenKey=s3cr3t expired",
        "Authorization: Bearer s3cr3t",
        "api_secret = s3cr3t",
        b"signature=s3cr3t",
    ],
)
def test_secrets_are_hidden_inside_of_texts(text: str | bytes) -> None:
    """Messages of libraries and of the venue carry them too; the rest of the text stays."""
    hidden = redact(text)
    assert "s3cr3t" not in hidden
    assert HIDDEN in hidden


def test_a_listen_key_in_an_address_is_hidden() -> None:
    """It opens the account's stream."""
    assert (
        redact("wss://fstream.binance.com/private/ws/" + "a1B2" * 16)
        == f"wss://fstream.binance.com/private/ws/{HIDDEN}"
    )


def test_ordinary_text_is_left_alone() -> None:
    """Redaction must not eat the message."""
    text = "stop hf-s1-abc of BTCUSDT is proved gone (terminal ALGO_UPDATE)"
    assert redact(text) == text


def test_secrets_in_an_exception_are_hidden() -> None:
    """Its text and its traceback."""
    logger, out = lines()
    logger.error("failed", error=ValueError("GET /x?signature=s3cr3t"))
    assert "s3cr3t" not in json.dumps(out.written)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe: (reading end, writing end)."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_a_full_pipe_drops_lines_and_says_so(pipe: tuple[int, int]) -> None:
    """The engine never waits for whoever reads its log."""
    reading, writing = pipe
    writer = LineWriter(writing)
    while not writer.dropped:
        writer.msg("x" * 1_000)
    writer.msg("lost too")
    os.read(reading, 1_000_000)
    writer.msg("again")
    rest = os.read(reading, 10_000).decode().splitlines()
    assert [json.loads(line)["lines"] for line in rest if "lines_dropped" in line] == [2]
    assert rest[-1] == "again"


def test_a_line_torn_by_a_full_pipe_does_not_spoil_the_next(pipe: tuple[int, int]) -> None:
    """The next line starts on a line of its own."""
    reading, writing = pipe
    writer = LineWriter(writing)
    writer.msg("y" * 1_000_000)
    assert writer.dropped == 1
    os.read(reading, 1_000_000)
    writer.msg("next")
    assert os.read(reading, 10_000).decode().splitlines()[-1] == "next"


def test_a_closed_pipe_does_not_raise() -> None:
    """Trading does not end because nobody listens."""
    reading, writing = os.pipe()
    os.close(reading)
    writer = LineWriter(writing)
    writer.msg("into the void")
    assert writer.dropped == 1
    os.close(writing)


def test_warnings_of_libraries_come_through_redacted() -> None:
    """With the library's name."""
    logger, out = lines()
    handler = ForeignLogs(logger)
    handler.handle(logging.LogRecord("aiohttp", logging.WARNING, "f", 1, "GET ?signature=%s", ("s3cr3t",), None))
    assert out.written[0]["library"] == "aiohttp"
    assert out.written[0]["level"] == "warning"
    assert "s3cr3t" not in out.written[0]["text"]


def test_the_same_line_is_said_once_in_ten_seconds() -> None:
    """And then with the number of those left out; another line is not kept back."""
    out, clock = Lines(), Fixed()
    logger = make_logger("debug", clock=clock, writer=out)
    for clock.mono in (0, 1_000_000, 9_999_999):
        logger.warning("link_down", link="a")
    logger.warning("link_down", link="b")
    clock.mono = 10_000_000
    logger.warning("link_down", link="a")
    assert [(line["link"], line.get("repeated")) for line in out.written] == [("a", None), ("b", None), ("a", 2)]


def test_records_of_the_journal_are_never_left_out() -> None:
    """Their numbers differ, so there is nothing to remember."""
    logger, out = lines()
    for _ in range(3):
        logger.info("fill_booked", seq=4)
    assert len(out.written) == 3


def test_the_memory_of_lines_is_bounded() -> None:
    """A text that never comes twice does not fill it."""
    clock = Fixed()
    repeats = Repeats(clock)
    for number in range(2_000):
        repeats(None, "info", {"event": "x", "n": number})
    assert len(repeats._said) <= 500
