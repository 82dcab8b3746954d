"""Tampering (I19): whatever is done to a journal is named by its record; of the venue log, what is seen, what not."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest

from holdfast.model.reasons import ResultStatus
from holdfast.verify import Options, VerifyError, check
from holdfast.verify.chain import checked, hash_of
from holdfast.verify.records import (
    AlgoLine,
    ConnectionLine,
    JournalRow,
    PushLine,
    Reply,
    Request,
    TradeLine,
    VenueRecord,
    decode_line,
)
from tests.verify.builders import Story, renumbered, rows, whole_trade

SEED: Final = 20_261_121
CHANGES: Final = 10_000
TRADES: Final = 16


def busy_day() -> list[JournalRow]:
    """A journal of a few hundred records of every kind that a trade makes."""
    story = Story().begin()
    for number in range(TRADES):
        name = f"i{number}"
        story.wait(60_000).accept(name)
        story.fill_entry(name)
        stop = story.arm_stop(name)
        story.result(ResultStatus.PROTECTED, name)
        story.wait(5_000).stop_out(stop, intent_id=name)
        story.wait(10).closed(name)
    return rows(story.events)


JOURNAL: Final = busy_day()
HEAD: Final = (JOURNAL[-1].seq, JOURNAL[-1].hash)

Tampered = tuple[list[JournalRow], int]
"""A journal that somebody touched, and the sequence number that must be named."""


def _byte(raw: bytes, draw: random.Random) -> bytes:
    """The same bytes with another one in one place."""
    at = draw.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ draw.randrange(1, 256)]) + raw[at + 1 :]


def _with(index: int, row: JournalRow) -> Tampered:
    return [*JOURNAL[:index], row, *JOURNAL[index + 1 :]], JOURNAL[index].seq


def changed_body(draw: random.Random) -> Tampered:
    """One byte of what a record says."""
    index = draw.randrange(len(JOURNAL))
    return _with(index, JOURNAL[index]._replace(body=_byte(JOURNAL[index].body, draw)))


def changed_kind(draw: random.Random) -> Tampered:
    """One byte of its kind; what is no text any more is read as such."""
    index = draw.randrange(len(JOURNAL))
    kind = _byte(JOURNAL[index].kind.encode(), draw).decode("utf-8", "replace")
    return _with(index, JOURNAL[index]._replace(kind=kind))


def changed_hash(draw: random.Random) -> Tampered:
    """One byte of its hash."""
    index = draw.randrange(len(JOURNAL))
    return _with(index, JOURNAL[index]._replace(hash=_byte(bytes.fromhex(JOURNAL[index].hash), draw).hex()))


def changed_time(draw: random.Random) -> Tampered:
    """One byte of its time."""
    index = draw.randrange(len(JOURNAL))
    at_us = int.from_bytes(_byte(JOURNAL[index].at_us.to_bytes(8, "big"), draw), "big")
    return _with(index, JOURNAL[index]._replace(at_us=at_us))


def changed_number(draw: random.Random) -> Tampered:
    """Another number: the table is read in the order of numbers, so the record moves, and leaves a hole behind it."""
    index = draw.randrange(len(JOURNAL))
    seq = int.from_bytes(_byte(JOURNAL[index].seq.to_bytes(4, "big"), draw), "big")
    moved = sorted([*JOURNAL[:index], JOURNAL[index]._replace(seq=seq), *JOURNAL[index + 1 :]], key=lambda row: row.seq)
    return moved, _first_difference(moved)


def removed(draw: random.Random) -> Tampered:
    """A record is gone."""
    index = draw.randrange(len(JOURNAL) - 1)
    return [*JOURNAL[:index], *JOURNAL[index + 1 :]], JOURNAL[index].seq


def swapped(draw: random.Random) -> Tampered:
    """Two records change places, numbers and all, or only what they say."""
    first, second = sorted(draw.sample(range(len(JOURNAL)), 2))
    journal = list(JOURNAL)
    journal[first], journal[second] = journal[second], journal[first]
    if draw.random() < 0.5:
        journal[first] = journal[first]._replace(seq=JOURNAL[first].seq)
        journal[second] = journal[second]._replace(seq=JOURNAL[second].seq)
    return journal, JOURNAL[first].seq


def doubled(draw: random.Random) -> Tampered:
    """A record stands there twice."""
    index = draw.randrange(len(JOURNAL))
    return [*JOURNAL[: index + 1], *JOURNAL[index:]], JOURNAL[index].seq + 1


def cut_off(draw: random.Random) -> Tampered:
    """The end is missing; the published head knows better."""
    return JOURNAL[: draw.randrange(len(JOURNAL))], HEAD[0]


def rewritten(draw: random.Random) -> Tampered:
    """A record was changed and its hash computed anew: the next one does not fit, or the published head does not."""
    index = draw.randrange(len(JOURNAL))
    row = JOURNAL[index]._replace(body=_byte(JOURNAL[index].body, draw))
    journal, seq = _with(index, row._replace(hash=hash_of(JOURNAL[index - 1].hash if index else "0" * 64, row)))
    return journal, min(seq + 1, HEAD[0])


def forged(draw: random.Random) -> Tampered:
    """Everything from a record on was chained anew: whole in itself, and not what was published."""
    index = draw.randrange(len(JOURNAL))
    journal = list(JOURNAL)
    journal[index] = journal[index]._replace(body=_byte(journal[index].body, draw))
    previous = JOURNAL[index - 1].hash if index else "0" * 64
    for place in range(index, len(journal)):
        previous = hash_of(previous, journal[place])
        journal[place] = journal[place]._replace(hash=previous)
    return journal, HEAD[0]


def _first_difference(journal: list[JournalRow]) -> int:
    return next(seq for seq, row in enumerate(journal, start=1) if row != JOURNAL[seq - 1])


WAYS: Final[tuple[Callable[[random.Random], Tampered], ...]] = (
    changed_body, changed_body, changed_body, changed_kind, changed_hash, changed_time, changed_number, removed,
    swapped, doubled, cut_off, rewritten, forged,
)  # fmt: skip


def named(journal: list[JournalRow]) -> str:
    """The record that the check names, "" when it finds nothing."""
    try:
        for _ in checked(journal, HEAD):
            pass
    except VerifyError as error:
        return error.record
    return ""


def test_the_journal_is_whole_before_anybody_touches_it():
    """Otherwise the test below would prove nothing."""
    assert named(JOURNAL) == ""
    assert 150 <= len(JOURNAL) <= 1_000


def test_ten_thousand_random_changes_are_named_by_their_record():
    """Bytes of every field, and records removed, swapped, doubled, cut off, rewritten and forged."""
    draw = random.Random(SEED)
    missed = []
    for number in range(CHANGES):
        way = WAYS[number % len(WAYS)]
        journal, seq = way(draw)
        if named(journal) != f"journal seq {seq}":
            missed.append((number, way.__name__, seq, named(journal)))
    assert missed == []


def test_bytes_that_move_from_one_field_to_the_next_are_named():
    """A kind with a line break in it would hash like another record."""
    row = JOURNAL[4]
    split = row.body.index(b",")
    moved = row._replace(kind=f"{row.kind}\n{row.body[:split].decode()}", body=row.body[split:])
    assert named([*JOURNAL[:4], moved, *JOURNAL[5:]]) == "journal seq 5"


# The venue log carries no hashes. Its lines are numbered and in order of time; beyond that only the journal knows.

STORY: Final = whole_trade()
LINES: Final = renumbered(STORY.lines)

UNSEEN: Final = (ConnectionLine, PushLine, Reply)
"""Lines that can be taken out by somebody who numbers the rest anew, and nothing contradicts it."""


def found(lines: list[VenueRecord]) -> str:
    """The invariants that a log breaks, or the record that is refused."""
    try:
        return ",".join(check(rows(STORY.events), lines, Options(complete=True)).broken())
    except VerifyError as error:
        return error.record or error.problem


@pytest.mark.parametrize("index", range(len(LINES) - 1))
def test_a_line_taken_out_of_the_log_is_named(index):
    """By its number."""
    assert found([*LINES[:index], *LINES[index + 1 :]]) == f"venue log n {index + 1}"


@pytest.mark.parametrize("index", range(len(LINES) - 1))
def test_swapped_lines_of_the_log_are_named(index):
    """By the first of them."""
    assert found([*LINES[:index], LINES[index + 1], LINES[index], *LINES[index + 2 :]]) == f"venue log n {index + 1}"


@pytest.mark.parametrize("index", range(1, len(LINES)))
def test_a_line_that_is_hidden_by_new_numbers_is_found_where_the_journal_knows_of_it(index):
    """Orders, executions, income and requests of ours are contradicted, and so is the read behind the trade's close;
    links, pushes, other replies and reads are not."""
    line = LINES[index]
    last_read = max(place for place, line in enumerate(LINES) if isinstance(line, Request))
    hidden = found(renumbered([*LINES[:index], *LINES[index + 1 :]]))
    is_read = isinstance(line, Request) and line.method.startswith("GET")
    is_epilogue = isinstance(line, AlgoLine) and line.status == "FINISHED"
    nobody_misses_it = isinstance(line, UNSEEN) or is_read or is_epilogue
    assert bool(hidden) is (index >= last_read or not nobody_misses_it)


@pytest.mark.parametrize(
    "change",
    [
        {"price": "101"},
        {"qty": "3"},
        {"fee": "0.2"},
        {"realized": "1"},
        {"trade_id": 77},
        {"order_id": 77},
        {"side": "SELL"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_edited_execution_is_found(change: dict[str, Any]):
    """The journal holds the same execution."""
    index = next(place for place, line in enumerate(LINES) if isinstance(line, TradeLine))
    raw = msgspec.to_builtins(LINES[index]) | change
    edited = msgspec.convert(raw, TradeLine, strict=False)
    assert found([*LINES[:index], edited, *LINES[index + 1 :]])


@pytest.mark.parametrize("left", range(1, len(LINES)))
def test_a_log_that_was_cut_off_is_found_when_the_journal_goes_on(left):
    """Up to the last line, the answer that showed 0 before the trade was closed (RULES 5)."""
    assert found(LINES[:left])


VALUES: Final = (None, "", "XX", -1, "-1", 10**30, "NaN", "Infinity", [], {}, True, 0.5)
"""What an editor, or a program of somebody else, may leave in a field."""


def bent(raw: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """A line with one field, or one parameter of its request, replaced or gone."""
    inner = raw.get("params")
    within = inner if inner and draw.random() < 0.6 else raw
    name = draw.choice(sorted(within))
    left = {key: value for key, value in within.items() if key != name}
    changed = left if draw.random() < 0.2 else left | {name: draw.choice(VALUES)}
    return changed if within is raw else raw | {"params": changed}


def test_a_line_of_any_content_is_judged_or_refused_by_its_number():
    """Nothing that a field may hold brings the checker down."""
    draw = random.Random(SEED)
    encode = msgspec.json.Encoder(decimal_format="string").encode
    written = [msgspec.json.decode(encode(line)) for line in LINES]
    seen, unnamed = 0, []
    for _ in range(2_000):
        index = draw.randrange(len(written))
        try:
            line = decode_line(encode(bent(written[index], draw)), index + 1)
        except VerifyError as error:
            seen += 1
            if index and error.record != f"venue log n {index + 1}":
                unnamed.append(error.record)
        else:
            seen += bool(found([*LINES[:index], line, *LINES[index + 1 :]]))
    assert unnamed == []
    assert seen > 1_000
