"""What the two records say, read as plain JSON: no code of the engine and none of the checker's.

It answers the promise "once" and the promise of one result by itself, so that a fault in the checker hides nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

PLACING = ("POST /fapi/v1/order", "order.place")
RECV_WINDOW_US = 1_500_000
CLOCK_US = 250_000
"""How far the engine's idea of the venue's time may be off: farther, and it admits no entry."""


class Window(NamedTuple):
    """A span of venue time in microseconds."""

    start_us: int
    end_us: int


def venue_lines(path: Path) -> list[dict[str, Any]]:
    """The exchange's log."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def journal_events(path: Path) -> Iterator[dict[str, Any]]:
    """The engine's journal, in order."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        for (body,) in database.execute("SELECT body FROM event ORDER BY seq"):
            yield json.loads(body)


def entered_twice(lines: list[dict[str, Any]]) -> list[str]:
    """Intents of which the exchange took more than one entry, or one entry more than once.

    Entries are named hf-e<n>-<tag>, with one tag for each intent; an order the exchange took has an order id.
    """
    taken: dict[str, set[int]] = defaultdict(set)
    for line in lines:
        if line["k"] == "order" and line["client_id"].startswith("hf-e"):
            taken[line["client_id"].rpartition("-")[2]].add(line["order_id"])
    return [f"{tag}: orders {sorted(orders)}" for tag, orders in taken.items() if len(orders) > 1]


def entries_taken(lines: list[dict[str, Any]]) -> int:
    """How many entries the exchange took."""
    return len({line["client_id"] for line in lines if line["k"] == "order" and line["client_id"].startswith("hf-e")})


def late_entries(lines: list[dict[str, Any]]) -> list[str]:
    """Entries that the exchange took although their time stamp was older than the receive window allows."""
    late = []
    asked = {line["n"]: line for line in lines if line["k"] == "req" and line["method"] in PLACING}
    for reply in lines:
        request = asked.get(reply["req"]) if reply["k"] == "rep" and reply["status"] == 200 else None
        if request is None or not request["params"].get("newClientOrderId", "").startswith("hf-e"):
            continue
        age_us = request["us"] - int(request["params"]["timestamp"]) * 1_000
        if age_us > RECV_WINDOW_US + CLOCK_US:
            late.append(f"{request['params']['newClientOrderId']} was {age_us} us old")
    return late


def fills_of_ours(lines: list[dict[str, Any]]) -> int:
    """Executions of the engine's orders."""
    return sum(line["k"] == "trade" and line["client_id"].startswith("hf-") for line in lines)


def faults_met(lines: list[dict[str, Any]]) -> int:
    """How many injected faults a request ran into."""
    return sum(line["k"] == "fault" and not line.get("armed") and "client_id" in line for line in lines)


def results_by_intent(events: list[dict[str, Any]]) -> Counter[str]:
    """How many terminal results each intent has."""
    return Counter(event["result"]["intent_id"] for event in events if event["event"] == "result_published")


def wrong_results(events: list[dict[str, Any]], acknowledged: list[str]) -> list[str]:
    """Accepted intents (by the journal or by what their source was told) without exactly one terminal result."""
    results = results_by_intent(events)
    accepted = {event["intent"]["id"] for event in events if event["event"] == "intent_accepted"}
    missing = [f"{name} was acknowledged, but the journal lacks it" for name in acknowledged if name not in accepted]
    return missing + [f"{name} has {results[name]} results" for name in sorted(accepted) if results[name] != 1]


def trades_closed(events: list[dict[str, Any]]) -> Counter[str]:
    """How many closing records each trade has."""
    return Counter(event["result"]["trade_id"] for event in events if event["event"] == "trade_closed")


def live_from(lines: list[dict[str, Any]], windows: list[Window]) -> list[Window]:
    """The windows, each beginning with the first signed read that the exchange got in it (RULES 15)."""
    reads = [line["us"] for line in lines if line["k"] == "req" and _is_read(line)]
    found = []
    for window in windows:
        first = next((us for us in reads if window.start_us <= us < window.end_us), None)
        if first is not None:
            found.append(Window(first, window.end_us))
    return found


def without(windows: list[Window], troubles: list[Window]) -> list[Window]:
    """What is left of the windows outside of all troubles, which come in the order of their beginning."""
    left = windows
    for trouble in troubles:
        left = [
            part
            for window in left
            for part in (
                Window(window.start_us, min(window.end_us, trouble.start_us)),
                Window(max(window.start_us, trouble.end_us), window.end_us),
            )
            if part.start_us < part.end_us
        ]
    return left


def seconds_of(windows: list[Window]) -> float:
    """How long they are together."""
    return sum(window.end_us - window.start_us for window in windows) / 1e6


def _is_read(line: dict[str, Any]) -> bool:
    return bool(line.get("account")) and (line["method"].startswith("GET ") or line["method"].endswith(".status"))
