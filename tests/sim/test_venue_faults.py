"""The tables of what goes wrong at the venue: the exchange knows every row, and every row is drawn."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from holdfast.paper import faults as paper
from holdfast.paper.config import PaperConfig
from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.requests.routes import REST, WS_API
from holdfast.sim import venue_faults
from holdfast.sim.venue_faults import CANCELS, LOST, ODD, PLACES, READS, REFUSALS, SETTINGS, STOPS, STREAM, Details

START_US = 1_800_000_000_000_000
DRAWS = (
    venue_faults.at_writes,
    venue_faults.at_reads,
    venue_faults.at_stream,
    venue_faults.at_stops,
    venue_faults.at_oddities,
)
OPERATIONS = {route.operation for route in (*REST.values(), *WS_API.values())}

Draw = Callable[[random.Random], Details]


def many(draw: Draw, count: int = 400) -> list[Details]:
    """As many faults, each from a seed of its own."""
    return [draw(random.Random(seed)) for seed in range(count)]


@pytest.mark.parametrize("draw", DRAWS)
def test_the_exchange_knows_every_fault(draw: Draw) -> None:
    """No drawn fault is refused by the control door."""
    venue = PaperVenue(PaperConfig(), default_exchange_info(), START_US, lambda _: None)
    answers = [venue.control({"do": "fault", **fault}, START_US) for fault in many(draw)]
    assert [answer for answer in answers if not answer["ok"]] == []


@pytest.mark.parametrize("operation", [*PLACES, *CANCELS, *READS, *SETTINGS, *REFUSALS])
def test_a_fault_waits_for_something_that_exists(operation: str) -> None:
    """Under another name it would never meet a request."""
    assert operation in OPERATIONS


@pytest.mark.parametrize("draw", DRAWS)
def test_a_seed_is_one_fault(draw: Draw) -> None:
    """Drawn twice it is the same."""
    assert many(draw, 50) == many(draw, 50)


def test_writes_meet_every_ending() -> None:
    """And every refusal that may be untrue."""
    drawn = many(venue_faults.at_writes, 3_000)
    assert {fault["verb"] for fault in drawn} == {*LOST, "code"}
    refused = {(fault["match"]["method"], fault["code"]) for fault in drawn if fault["verb"] == "code"}
    assert refused == {(operation, code) for operation, codes in REFUSALS.items() for code in codes}


def test_writes_are_met_in_all_their_operations() -> None:
    """Placing, cancelling, and the settings of a symbol."""
    drawn = many(venue_faults.at_writes)
    assert {fault["match"]["method"] for fault in drawn} == {*PLACES, *CANCELS, *SETTINGS}


def test_reads_are_met_in_all_their_operations() -> None:
    """And nothing that writes is met by them."""
    assert {fault["match"]["method"] for fault in many(venue_faults.at_reads)} == set(READS)


@pytest.mark.parametrize("draw", [venue_faults.at_writes, venue_faults.at_reads])
def test_a_fault_of_requests_ends_by_itself(draw: Draw) -> None:
    """It meets a few requests, never all of them for ever."""
    assert {fault["count"] for fault in many(draw)} <= set(range(1, 9))


@pytest.mark.parametrize(
    ("draw", "table"),
    [(venue_faults.at_stream, STREAM), (venue_faults.at_stops, STOPS), (venue_faults.at_oddities, ODD)],
)
def test_every_row_is_drawn(draw: Draw, table: dict[str, Draw]) -> None:
    """Within a few hundred seeds."""
    assert {fault["verb"] for fault in many(draw)} == set(table)


@pytest.mark.parametrize("verb", [*LOST, *STREAM, *STOPS, *ODD])
def test_verbs_are_those_of_the_exchange(verb: str) -> None:
    """By its own table."""
    assert verb in paper.VERBS


def test_what_opens_is_never_doubled() -> None:
    """Nothing on the way repeats such a write (RULES 1)."""
    doubled = [fault["match"] for fault in many(venue_faults.at_oddities) if fault["verb"] == "dup"]
    assert {match["client_id_prefix"] for match in doubled if "method" not in match} == {"hf-s", "hf-c"}
    assert {match["method"] for match in doubled if "method" in match} == {*CANCELS, *READS, *SETTINGS}


ELSEWHERE = ("query.lag",)
"""An act of its own."""


@pytest.mark.parametrize("verb", [verb for verb in paper.VERBS if verb not in ELSEWHERE])
def test_every_verb_of_the_exchange_is_drawn_by_some_table(verb: str) -> None:
    """A fault that nothing plays tests nothing."""
    assert verb in (*LOST, *STREAM, *STOPS, *ODD, "code")
