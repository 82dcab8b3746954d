"""New code, old events (fault E12): journals of earlier formats are folded, and the account trades on from them.

Each file of `golden/` holds the bodies of one random day's journal as the program of that time wrote them. They are
never written anew: a change that cannot read them is a change of the format that needs a number of its own.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from holdfast.core.engine import Engine
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.intent import content_hash
from holdfast.model.reasons import TradingState
from holdfast.model.settings import EngineSettings, Venue
from holdfast.ports import JournalRecord
from holdfast.service.replay import check, replay
from tests.verify.builders import rows

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.jsonl"))
SETTINGS = EngineSettings(account="paper", venue=Venue.PAPER)


def bodies(path: Path) -> list[bytes]:
    """The records of a golden journal as they were written."""
    return path.read_bytes().splitlines()


def records(events: list[ev.AnyEvent]) -> list[JournalRecord]:
    """Events as a chained journal."""
    return [JournalRecord(*row) for row in rows(events)]


@pytest.fixture(params=GOLDEN, ids=lambda path: path.stem)
def events(request: pytest.FixtureRequest) -> list[ev.AnyEvent]:
    """One golden journal, read by this program."""
    return [ev.decode(body) for body in bodies(request.param)]


def test_each_earlier_format_has_its_journal():
    """A new format keeps a journal of the one before."""
    assert [path.stem for path in GOLDEN] == [f"format-{number}" for number in range(1, ev.FORMAT)]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_nothing_of_an_old_record_is_lost(path):
    """What it told is told again when it is written; this program may add, and never drops or changes."""
    for body in bodies(path):
        old, new = msgspec.json.decode(body), msgspec.json.decode(ev.encode(ev.decode(body)))
        assert old == {key: value for key, value in new.items() if key in old}


def test_an_old_journal_folds(events):
    """Trades, results and starts as they were; the day ended in peace."""
    engine = Engine(SETTINGS, "test")
    report = replay(records(events), engine)
    assert report.events == len(events)
    assert report.kinds["engine_started"] == 4
    closed = [event.result.trade_id for event in events if isinstance(event, ev.TradeClosed)]
    assert [trade.plan.trade_id for trade in engine.state.trades.values() if not trade.live] == closed
    results = {event.result.intent_id: event.result for event in events if isinstance(event, ev.ResultPublished)}
    assert {name: kept.result for name, kept in engine.state.intents.items()} == results


def test_an_old_journal_is_not_called_checked(events):
    """What it does not tell is said, and nothing differs (I13, I18)."""
    report = check(records(events))
    assert report.clean
    assert (report.verdicts, report.states) == (0, 0)
    told = {left.what: left.count for left in report.not_checked}
    kinds = [type(event) for event in events]
    assert told["state at a start"] == kinds.count(ev.EngineStarted)
    assert told["verdict"] == kinds.count(ev.IntentAccepted) + kinds.count(ev.IntentDenied)


def test_the_account_trades_on_from_an_old_journal(events):
    """The next start checks what it folded, and from there on everything is proved."""
    engine = Engine(SETTINGS, "test")
    for event in events:
        engine.apply(event)
    now_ms = events[-1].at_ms + 60_000
    known = next(event.intent for event in events if isinstance(event, ev.IntentAccepted) and event.plan is not None)
    fresh = msgspec.structs.replace(known, id="after-the-update", expires_at=None)
    started = inp.Started(
        now_ms=now_ms, version="2", config_hash="c", key_fingerprint="k", boot_state=TradingState.ACTIVE
    )
    more = [
        *engine.step(started).events,
        *engine.step(inp.IntentReceived(now_ms=now_ms, intent=fresh, content_hash=content_hash(fresh))).events,
    ]
    denied = next(event for event in more if isinstance(event, ev.IntentDenied))
    assert denied.seen is not None
    report = check(records([*events, *more]))
    assert report.clean
    assert (report.verdicts, report.states) == (1, 1)
