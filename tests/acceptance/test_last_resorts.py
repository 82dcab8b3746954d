"""When nothing else works: the kill switch, and an engine whose disk is full."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.acceptance import audit
from tests.acceptance.markets import SYMBOLS
from tests.acceptance.stand import Stand

pytestmark = pytest.mark.serial

RESTING = {"type": "limit", "price": "1.9900", "ttl_ms": 60_000}
ONE_PAGE = 4_096


def trading(folder: Path) -> Stand:
    """An engine with two protected positions and an entry that rests."""
    folder.mkdir()
    stand = Stand(folder)
    stand.start()
    assert stand.engine is not None
    for symbol in SYMBOLS[:2]:
        assert stand.open(symbol, symbol).status == 202
        assert stand.wait_result(symbol)["status"] == "protected"
    assert stand.open(SYMBOLS[2], SYMBOLS[2], entry=RESTING).status == 202
    stand.engine.wait_until(lambda: stand.account()["orders"], "the entry resting")
    return stand


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A trading engine."""
    with trading(tmp_path / "one") as made:
        yield made


def test_rules_16_kill_with_and_without_an_engine(tmp_path: Path) -> None:
    """Exit 0 and flat; a living engine neither enters nor arms again, and the next one finds the latch."""
    with trading(tmp_path / "alive") as alive, trading(tmp_path / "dead") as dead:
        assert alive.engine is not None
        assert dead.engine is not None
        dead.engine.kill()
        with ThreadPoolExecutor() as both:
            done = list(both.map(lambda s: s.command("kill", "--yes", "--config", str(s.configuration)), (alive, dead)))
        assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
        for stand in (alive, dead):
            account = stand.account()
            assert (account["positions"], account["orders"], account["algos"]) == ([], [], [])
            assert stand.latch.exists()
        after_a_kill(alive)
        dead.start(ready=False)
        after_a_kill(dead)


def after_a_kill(stand: Stand) -> None:
    """The engine takes note, enters nothing while the latch stands, and its record agrees with the exchange's."""
    assert stand.engine is not None
    stand.engine.wait_until(lambda: not stand.live_trades(), "the trades closed")
    closes = [fill["cause"] for trade in stand.get("/v1/trades").body for fill in trade["fills"] if not fill["role"]]
    assert closes == ["OPERATOR", "OPERATOR"]
    refused = stand.open("after", SYMBOLS[3])
    assert (refused.status, refused.body["code"]) == (422, "NOT_ACTIVE")
    stand.finish()
    assert stand.verify()["violations"] == []
    assert audit.entered_twice(audit.venue_lines(stand.venue_log)) == []


def test_rules_8_on_a_full_disk_nothing_is_opened_and_everything_can_be_closed(stand: Stand) -> None:
    """No entry leaves, the state is halted, stops stay; closing goes on, and the next start puts the books right."""
    assert stand.engine is not None
    engine = stand.engine
    engine.limit_file_size(ONE_PAGE)
    before = audit.entries_taken(audit.venue_lines(stand.venue_log))
    statuses = {stand.open(f"full-{number}", SYMBOLS[5 + number]).status for number in range(3)}
    assert statuses <= {422, 503}
    engine.wait_until(lambda: stand.get("/health/ready").status == 503, "being halted")
    assert "journal cannot be written" in stand.get("/health/ready").body["reasons"]
    engine.wait_until(lambda: not stand.account()["orders"], "the resting entry cancelled")
    assert all(len(stand.stops(symbol)) == 1 for symbol in SYMBOLS[:2])
    assert stand.post("/v1/commands/flatten", {"symbol": SYMBOLS[0], "reason": "by hand"}).status == 200
    engine.wait_until(lambda: SYMBOLS[0] not in stand.positions(), "the first position closed")
    closing = stand.send({"id": "close", "source": "stand", "symbol": SYMBOLS[1], "action": "close"})
    assert (closing.status, "what only closes was" in closing.body["detail"]) == (503, True)
    engine.wait_until(lambda: not stand.positions(), "the second position closed")
    assert audit.entries_taken(audit.venue_lines(stand.venue_log)) == before
    engine.kill()
    stand.start()
    engine = stand.engine
    engine.wait_until(lambda: not stand.live_trades(), "the trades closed")
    assert stand.open("room-again", SYMBOLS[9]).status == 202
    assert stand.wait_result("room-again")["status"] == "protected"
    stand.flatten()
    stand.finish()
    assert stand.verify()["violations"] == []


def test_rules_9_a_full_disk_that_has_room_again_needs_no_restart(stand: Stand) -> None:
    """Halted, with cover, while it is full; then ready again with the same process, and both records agree."""
    assert stand.engine is not None
    engine = stand.engine
    engine.limit_file_size(ONE_PAGE)
    refused = [stand.open(f"full-{number}", SYMBOLS[5 + number]).status for number in range(3)]
    assert set(refused) <= {422, 503}
    engine.wait_until(lambda: stand.get("/health/ready").status == 503, "being halted")
    engine.wait_until(lambda: not stand.account()["orders"], "the resting entry cancelled")
    assert [len(stand.stops(symbol)) for symbol in SYMBOLS[:2]] == [1, 1]
    before = audit.entries_taken(audit.venue_lines(stand.venue_log))
    closing = stand.send({"id": "close", "source": "stand", "symbol": SYMBOLS[1], "action": "close"})
    assert (closing.status, "what only closes was" in closing.body["detail"]) == (503, True)
    engine.wait_until(lambda: SYMBOLS[1] not in stand.positions(), "the second position closed")
    engine.unlimit_file_size()
    stand.wait_ready()
    assert audit.entries_taken(audit.venue_lines(stand.venue_log)) == before
    assert stand.wait_result("close")["status"] == "closed"
    repeated = stand.send({"id": "close", "source": "stand", "symbol": SYMBOLS[1], "action": "close"})
    assert (repeated.status, repeated.body["repeated"]) == (200, True)
    for number in range(3):
        result = stand.result(f"full-{number}")
        assert result is None or result["status"] in ("denied", "rejected")
    assert stand.open("room-again", SYMBOLS[9]).status == 202
    assert stand.wait_result("room-again")["status"] == "protected"
    stand.flatten()
    stand.finish()
    report = stand.verify()
    assert (report["violations"], report["counts"]["unjournalled"]) == ([], 0)
    kinds = Counter(event["event"] for event in audit.journal_events(stand.journal))
    assert (kinds["engine_started"], kinds["alarm_raised"] > 0) == (1, True)
