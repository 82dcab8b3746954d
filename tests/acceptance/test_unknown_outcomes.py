"""Requests whose outcome nobody knows, over real sockets: entered once or not at all, resolved, and told by `explain`.

Each fault has a contract of its own, so that all of them are looked into at the same time, as they would be when a
venue is in trouble.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.acceptance import audit
from tests.acceptance.markets import SYMBOLS
from tests.acceptance.stand import Stand, opening

pytestmark = pytest.mark.serial

RESOLVED_S = 20.0
NO_LIMITS = dict.fromkeys(("weight_per_minute", "orders_per_minute", "orders_per_10_seconds"))


class Trouble(NamedTuple):
    """A fault, and whether the exchange carries the request out all the same."""

    name: str
    executed: bool
    fault: dict[str, Any]


TROUBLES = (
    Trouble("503-executed", True, {"verb": "503-unknown", "executed": True}),
    Trouble("503-not-executed", False, {"verb": "503-unknown", "executed": False}),
    Trouble("timeout-after-execution", True, {"verb": "resp.drop"}),
    Trouble("timeout-nothing-arrived", False, {"verb": "req.drop"}),
    Trouble("reset-executed", True, {"verb": "reset", "executed": True}),
    Trouble("reset-not-executed", False, {"verb": "reset", "executed": False}),
    Trouble("1007-executed", True, {"verb": "-1007", "executed": True}),
    Trouble("1007-not-executed", False, {"verb": "-1007", "executed": False}),
    Trouble("html-executed", True, {"verb": "status", "status": 502, "executed": True}),
    Trouble("html-not-executed", False, {"verb": "status", "status": 502, "executed": False}),
    Trouble("unlisted-executed", True, {"verb": "code", "code": -9999, "executed": True}),
    Trouble("unlisted-not-executed", False, {"verb": "code", "code": -9999, "executed": False}),
)


@pytest.fixture(params=["over the WebSocket API", "over REST"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stand]:
    """A running engine whose orders go one way or the other: over REST when nothing answers at the other door."""
    with Stand(tmp_path) as made:
        made.control(do="limits", set=NO_LIMITS)
        if request.param == "over REST":
            made.addresses["ws_api"] = made.addresses["control"].replace("http", "ws") + "/nothing"
            made.configure()
        made.start()
        yield made


def arm(stand: Stand, symbol: str, prefix: str, fault: dict[str, Any]) -> None:
    """One fault for the next request about an order of a role on a contract."""
    stand.fault(**fault, match={"symbol": symbol, "client_id_prefix": prefix})


def story(stand: Stand, name: str) -> str:
    """What `holdfast explain` tells of an intent, as one text."""
    told = stand.command("explain", name, "--config", str(stand.configuration), "--json")
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_an_unknown_entry_is_there_once_or_not_at_all(stand: Stand) -> None:
    """RULES 3: never sent again; resolved by evidence, or by the whole proof of absence."""
    symbols = dict(zip((trouble.name for trouble in TROUBLES), SYMBOLS, strict=False))
    for trouble in TROUBLES:
        arm(stand, symbols[trouble.name], "hf-e", trouble.fault)
        assert stand.open(trouble.name, symbols[trouble.name]).status == 202
        # The source did not like the silence either: it delivers again, while nobody knows.
        assert stand.open(trouble.name, symbols[trouble.name]).status == 200
    closed_in_flight(stand)
    results = {trouble.name: stand.wait_result(trouble.name, RESOLVED_S) for trouble in TROUBLES}
    statuses = {trouble.name: "protected" if trouble.executed else "never_placed" for trouble in TROUBLES}
    assert {name: result["status"] for name, result in results.items()} == statuses
    assert stand.wait_result("closed-in-flight", RESOLVED_S)["status"] == "protected"
    for name in ("closed-in-flight", *statuses):
        told = story(stand, name)
        resolution = "never_placed" if statuses.get(name) == "never_placed" else "confirmed"
        unclear = "nobody knows whether hf-e1-" in told
        # What the user stream told before the answer failed to come is known already, and nothing is to be resolved.
        assert unclear or resolution == "confirmed", name
        assert bool(re.search(rf"hf-e1-\w+ is resolved: {resolution}", told)) is unclear, name
    stand.flatten()
    stand.finish()
    assert stand.verify()["violations"] == []
    lines = audit.venue_lines(stand.venue_log)
    assert audit.entered_twice(lines) == []
    assert audit.faults_met(lines) == len(TROUBLES) + 1
    assert audit.entries_taken(lines) == 1 + sum(trouble.executed for trouble in TROUBLES)
    assert audit.wrong_results(list(audit.journal_events(stand.journal)), list(results)) == []


def closed_in_flight(stand: Stand) -> None:
    """The exchange has taken an entry and is slow to say so; meanwhile every connection to it breaks."""
    assert stand.engine is not None
    symbol = SYMBOLS[-1]
    arm(stand, symbol, "hf-e", {"verb": "delay", "ms": 5_000})
    assert stand.open("closed-in-flight", symbol).status == 202
    stand.engine.wait_until(lambda: symbol in stand.positions(), "the entry at the exchange")
    stand.fault("ws.close", kinds=["wsapi", "private"])


def test_an_unknown_exit_leaves_the_position_covered(stand: Stand) -> None:
    """RULES 2: a stop is sent again at once, a target never; nothing is naked for a second."""
    cases = dict(zip(SYMBOLS, [(role, trouble) for role in "st" for trouble in TROUBLES], strict=False))
    targets = [{"pct": "3", "fraction": "0.5"}, {"pct": "4", "fraction": "0.5"}]
    for symbol, (role, trouble) in cases.items():
        arm(stand, symbol, f"hf-{role}", trouble.fault)
        assert stand.send({**opening(f"{role}-{trouble.name}", symbol), "take_profits": targets}).status == 202
    statuses = [stand.wait_result(f"{role}-{trouble.name}", RESOLVED_S)["status"] for role, trouble in cases.values()]
    # A reset breaks the connection for all that is in flight on it, so an entry may have fallen by the wayside.
    assert {*statuses} <= {"protected", "flattened", "never_placed"}
    assert statuses.count("never_placed") <= 4
    # Of what was carried out the user stream has told before the answer failed to come: nothing is unclear there.
    nothing_came = TROUBLES[1]
    assert not nothing_came.executed
    assert "nobody knows whether hf-s" in story(stand, f"s-{nothing_came.name}")
    assert "nobody knows whether hf-t" in story(stand, f"t-{nothing_came.name}")
    wind_up(stand, met=len(cases) - statuses.count("never_placed"))


def test_an_unknown_close_or_cancel_is_repeated_until_it_is_proved(stand: Stand) -> None:
    """RULES 2: closes go on until the exchange shows 0, cancels until their order is proved gone."""
    assert stand.engine is not None
    closed, resting = SYMBOLS[: len(TROUBLES)], SYMBOLS[len(TROUBLES) : 2 * len(TROUBLES)]
    for number, symbol in enumerate(closed):
        assert stand.open(f"closed-{number}", symbol).status == 202
    for number, symbol in enumerate(resting):
        entry = {"type": "limit", "price": "1.9900", "ttl_ms": 60_000}
        assert stand.open(f"resting-{number}", symbol, entry=entry).status == 202
    for number in range(len(closed)):
        assert stand.wait_result(f"closed-{number}")["status"] == "protected"
    stand.engine.wait_until(lambda: len(stand.account()["orders"]) == len(resting), "every entry resting")
    for trouble, close, cancel in zip(TROUBLES, closed, resting, strict=True):
        arm(stand, close, "hf-c", trouble.fault)
        arm(stand, cancel, "hf-e", trouble.fault)
        # A cancel of a stop names no contract: whichever comes next meets the fault.
        stand.fault(**trouble.fault, match={"method": "algoOrder.cancel"})
    wind_up(stand, met=3 * len(TROUBLES))


def wind_up(stand: Stand, *, met: int) -> None:
    """Close everything; both records agree, nothing was naked for a second, nothing is left."""
    stand.flatten(within_s=30)
    stand.finish()
    report = stand.verify()
    assert report["violations"] == []
    assert report["measures"]["naked_ms"]["max"] <= 1_000
    assert audit.faults_met(audit.venue_lines(stand.venue_log)) >= met
