"""What the venue does without telling, and what it tells of that nobody asked for: found, covered, or closed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import audit
from tests.acceptance.markets import SYMBOLS
from tests.acceptance.stand import Stand

pytestmark = pytest.mark.serial

SILENT_S = 6.0
"""A silent loss is found by the coverage watch within 5 s and mended within one more (RULES 12, 15)."""


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A running engine on a market that stands still."""
    with Stand(tmp_path) as made:
        made.start()
        yield made


def protected(stand: Stand, *symbols: str) -> None:
    """A protected position on each contract, its intent named after it."""
    for symbol in symbols:
        assert stand.open(symbol, symbol).status == 202
    for symbol in symbols:
        assert stand.wait_result(symbol)["status"] == "protected"


def closed_with(stand: Stand, symbol: str) -> str:
    """Why the trade of a contract was closed, awaited."""
    assert stand.engine is not None
    trade_id = stand.get(f"/v1/intents/{symbol}").body["trade_id"]

    def trade() -> dict[str, Any]:
        found = stand.get(f"/v1/trades/{trade_id}").body["trade"]
        assert isinstance(found, dict)
        return found

    stand.engine.wait_until(lambda: trade()["result"], f"the end of {symbol}", SILENT_S + 4)
    return str(trade()["result"]["exit_reason"])


def end(stand: Stand) -> dict[str, Any]:
    """Close everything; the two records agree."""
    stand.flatten()
    stand.finish()
    report = stand.verify()
    assert report["violations"] == []
    return report


def test_a_stop_that_vanishes_or_fails_is_made_good(stand: Stand) -> None:
    """RULES 6 and 12: placed again where it can be, else the position is closed."""
    vanishing, stuck, refused, cancelled = SYMBOLS[:4]
    protected(stand, vanishing, stuck, refused, cancelled)
    assert stand.engine is not None
    before = {symbol: stand.stops(symbol)[0]["algoId"] for symbol in (vanishing, cancelled)}
    assert stand.fault("algo.vanish", match={"symbol": vanishing})["vanished"] == 1
    stand.control(do="human.cancel", clientAlgoId=stand.stops(cancelled)[0]["clientAlgoId"])
    # A trigger that is stuck comes loose some time: until then nothing can prove it gone, and its trade stays open.
    stand.fault("algo.stuck", match={"symbol": stuck}, ms=4_000)
    stand.fault("algo.reject", match={"symbol": refused})
    for symbol in (stuck, refused):
        stand.control(do="price", symbol=symbol, percent="-5", only="mark")

    def another(symbol: str) -> bool:
        return any(row["algoId"] != before[symbol] for row in stand.stops(symbol))

    stand.engine.wait_until(lambda: another(cancelled) and another(vanishing), "both stops again", SILENT_S)
    stand.engine.wait_until(lambda: stuck not in stand.positions(), "the position closed", SILENT_S)
    assert closed_with(stand, stuck) == "stuck trigger"
    assert closed_with(stand, refused).startswith("stop ended rejected")
    assert set(stand.positions()) == {vanishing, cancelled}
    report = end(stand)
    assert report["measures"]["naked_ms"]["max"] <= SILENT_S * 1_000


def test_rules_4_a_strangers_quantity_halts_its_symbol(stand: Stand) -> None:
    """Somebody trades by hand: no entries there, stops kept, and everything else goes on."""
    theirs, shared, other = SYMBOLS[:3]
    assert stand.engine is not None
    protected(stand, shared)
    for symbol in (theirs, shared):
        stand.control(do="human.trade", symbol=symbol, side="BUY", type="MARKET", quantity="50")

    def halted() -> set[str]:
        return {row["subject"] for row in stand.get("/v1/alarms").body if row["code"] == "FOREIGN_POSITION"}

    stand.engine.wait_until(lambda: halted() == {theirs, shared}, "both found", SILENT_S)
    refused = stand.open("mine", theirs)
    assert (refused.status, refused.body["code"]) == (422, "FOREIGN_POSITION")
    assert len(stand.stops(shared)) == 1
    protected(stand, other)
    for symbol in (theirs, shared):
        stand.control(do="human.trade", symbol=symbol, side="SELL", type="MARKET", quantity="50")
    stand.engine.wait_until(lambda: not halted(), "the strangers gone", SILENT_S)
    assert stand.positions() == {shared: "100.0", other: "100.0"}
    end(stand)


def test_entries_that_fill_unheard_are_covered(stand: Stand) -> None:
    """The private stream is cut, its key expires, it falls silent without a word: fills are found all the same."""
    cut, expired, silent, told_by_reply = SYMBOLS[:4]
    assert stand.engine is not None
    for symbol in (cut, expired, silent):
        entry = {"type": "limit", "price": "1.9900", "ttl_ms": 60_000}
        assert stand.open(symbol, symbol, entry=entry).status == 202
    stand.engine.wait_until(lambda: len(stand.account()["orders"]) == 3, "three resting entries")
    stand.fault("ws.close", kinds=["private"])
    fill(stand, cut)
    assert stand.wait_result(cut, SILENT_S)["status"] == "protected"
    stand.wait_ready()
    stand.fault("lk.expire")
    fill(stand, expired)
    assert stand.wait_result(expired, SILENT_S)["status"] == "protected"
    stand.wait_ready()
    stand.fault("ws.silence", count=-1)
    assert stand.open(told_by_reply, told_by_reply).status == 202
    fill(stand, silent)
    assert stand.wait_result(silent, SILENT_S)["status"] == "protected"
    assert stand.wait_result(told_by_reply, SILENT_S)["status"] == "protected"
    # The entry's events were owed and did not come: the connection is taken for dead and opened again.
    stand.engine.wait_until(lambda: private_connections(stand) >= 4, "a new connection", SILENT_S)
    stand.fault("ws.silence", count=0)
    stand.wait_ready()
    end(stand)


def fill(stand: Stand, symbol: str) -> None:
    """The market falls by 1 % for good, through an entry that rests half a percent below it."""
    stand.control(do="price", symbol=symbol, percent="-1")


def private_connections(stand: Stand) -> int:
    """How often the engine has opened its private stream."""
    lines = audit.venue_lines(stand.venue_log)
    return sum(line["k"] == "ws" and line["ev"] == "open" and "/private" in line["path"] for line in lines)
