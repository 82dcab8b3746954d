"""The shell with the real engine: what was decided, journalled and answered is what a restart finds."""

from __future__ import annotations

import asyncio
from pathlib import Path

from holdfast.adapters.store_sqlite import SqliteJournal
from holdfast.core.engine import Engine
from holdfast.model.effects import Read
from holdfast.model.inputs import Command, LinkChanged, Started
from holdfast.model.settings import EngineSettings, Venue
from holdfast.ports import Journal
from holdfast.service.explain import explain
from holdfast.service.outbox import Outbox
from holdfast.service.readmodel import ReadModel
from holdfast.service.recovery import recover
from holdfast.service.runner import Runner
from holdfast.service.snapshots import SnapshotKeeper
from tests.service.story import INTENT
from tests.service.toy import LoopTime, Recorder

SETTINGS = EngineSettings(account="main", venue=Venue.PAPER)


def make_engine() -> Engine:
    """A fresh one."""
    return Engine(SETTINGS, "1.0")


class Whole:
    """Runner, read model and snapshots around the real engine."""

    def __init__(self, journal: Journal) -> None:
        observer = Recorder()
        clock = LoopTime()
        self.engine, self.model, self.found = recover(journal, make_engine, ReadModel, version="1.0")
        self.outbox = Outbox(journal, observer)
        self.outbox.listen("read model", self.model.fold)
        self.keeper = SnapshotKeeper(
            engine=self.engine, read_model=self.model, journal=journal, version="1.0", failed=observer.failed, every=5
        )
        self.runner = Runner(
            engine=self.engine,
            journal=journal,
            outbox=self.outbox,
            clock=clock,
            venue_clock=clock,
            observer=observer,
            quiet=self.keeper.consider,
        )
        self.asked: list[Read] = []
        self.runner.attach(self)

    def perform(self, effect: object) -> None:
        """A venue that never answers."""
        if isinstance(effect, Read):
            self.asked.append(effect)

    def prepare(self, effects: object) -> None:
        """Nothing leaves here."""

    def hold(self) -> None:
        """Nothing leaves here."""

    def release(self) -> None:
        """Nothing was held."""


async def test_decided_journalled_answered_and_found_again(tmp_path: Path) -> None:
    """Start, evidence, a denied intent, its repeat, an operator's halt; then the same again from the journal."""
    journal = SqliteJournal(tmp_path / "a.journal", log_pages=0)
    whole = Whole(journal)
    whole.runner.deliver(Started(now_ms=0, version="1.0", config_hash="c", key_fingerprint="k"))
    whole.runner.deliver(LinkChanged(now_ms=0, link="user_stream", up=True))
    first = await whole.runner.submit(INTENT)
    again = await whole.runner.submit(INTENT)
    assert not first.accepted
    assert (again.repeated, again.code) == (True, first.code)
    halted = await whole.runner.command(Command(now_ms=0, what="halt", by="me", reason="test"))
    assert halted.durable
    assert whole.asked
    await whole.runner.stop()
    await whole.keeper.take_last()
    before, view = whole.engine.state_hash(), whole.model.dump()
    head = journal.head
    assert whole.outbox.head == head
    assert whole.model.state().commanded == "halted"
    told = explain(journal.read, INTENT.id)
    assert told is not None
    assert told.lines[0].kind == "intent_denied"
    journal.close()
    journal = SqliteJournal(tmp_path / "a.journal", log_pages=0)
    restarted = Whole(journal)
    assert restarted.found.snapshot_seq == head.seq
    assert (restarted.engine.state_hash(), restarted.model.dump()) == (before, view)
    assert (await restarted.runner.submit(INTENT)).repeated
    await restarted.runner.stop()
    journal.close()


async def test_a_fold_without_the_snapshot_gives_the_same_state(tmp_path: Path) -> None:
    """The snapshot is a shortcut, never an authority."""
    journal = SqliteJournal(tmp_path / "a.journal", log_pages=0)
    whole = Whole(journal)
    whole.runner.deliver(Started(now_ms=0, version="1.0", config_hash="c", key_fingerprint="k"))
    await asyncio.gather(*(whole.runner.submit(INTENT) for _ in range(3)))
    await whole.runner.stop()
    engine, model, found = recover(journal, make_engine, ReadModel, version="another")
    assert found.snapshot_seq == 0
    assert (engine.state_hash(), model.dump()) == (whole.engine.state_hash(), whole.model.dump())
    journal.close()
