"""The running engine as the API sees it."""

import asyncio
import threading
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from holdfast.api.desk import Desk
from holdfast.api.port import Busy
from holdfast.model import events as ev
from holdfast.model.intent import from_builtins
from holdfast.model.reasons import TradingState
from holdfast.ports import GENESIS, Head, JournalRecord
from holdfast.service.inbox import NotDurable, Overloaded
from holdfast.service.readmodel import ReadModel
from holdfast.service.runner import Done
from holdfast.service.verdicts import Verdict
from tests.api.fake import OPEN
from tests.service.story import OPENING, model_of

COMMANDED = ev.StateCommanded(at_ms=1, state=TradingState.ACTIVE, by="ann", reason="x")
PREPARED = ev.ResumePrepared(at_ms=1, token="tok", by="ann", expires_ms=9, summary={"from": "halted"})


class StubRunner:
    """Answers what a test puts in."""

    def __init__(self) -> None:
        self.answer: Any = None
        self.got: list[Any] = []
        self.ended = asyncio.get_running_loop().create_future()
        self.engine = SimpleNamespace(
            priced=lambda now_ms: now_ms < 6,
            state=SimpleNamespace(
                commanded=TradingState.HALTED, effective=TradingState.HALTED, effective_reasons=["commanded halted"],
                alarms={}, resume_token="tok", resume_expires_ms=9, loss_latched="",
            )
        )  # fmt: skip
        self.last_input_ms = 5

    async def submit(self, intent: Any) -> Any:
        """An intent."""
        return self._answered(intent)

    async def command(self, message: Any) -> Any:
        """A command."""
        return self._answered(message)

    def _answered(self, message: Any) -> Any:
        self.got.append(message)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
async def runner() -> StubRunner:
    """A runner that does as it is told."""
    return StubRunner()


def desk(runner: StubRunner, **more: Any) -> Desk:
    """A desk over it."""
    empty = SimpleNamespace(read=lambda after_seq=0: iter(()))
    return Desk(
        runner=runner, outbox=None, journal=empty, venue="paper", account="main", version="1",
        metrics=lambda: b"up 1\n", listed=lambda symbol: symbol == "BTCUSDT", latched=lambda: False,
        **{"mark": lambda symbol: None, "model": ReadModel(), **more},
    )  # fmt: skip


def done(*events: Any, durable: bool = True) -> Done:
    """How a command ended."""
    return Done(events, Head(1, GENESIS), durable)


async def test_an_intent_is_handed_on(runner: StubRunner) -> None:
    """And its verdict comes back."""
    runner.answer = Verdict(intent_id="i-1", accepted=True)
    assert await desk(runner).submit(from_builtins(OPEN)) is runner.answer
    assert runner.got[0].id == "i-1"


@pytest.mark.parametrize("error", [Overloaded("too many"), NotDurable("disk full")])
async def test_what_was_not_taken_is_busy(runner: StubRunner, error: Exception) -> None:
    """So the source may send it again, and is told why."""
    runner.answer = error
    with pytest.raises(Busy, match=str(error)):
        await desk(runner).submit(from_builtins(OPEN))
    with pytest.raises(Busy, match=str(error)):
        await desk(runner).command("halt", by="ann", reason="", symbol="", token="")


async def test_a_command_is_answered_with_both_states(runner: StubRunner) -> None:
    """And with a word when it will not survive a restart."""
    runner.answer = done(COMMANDED)
    reply = await desk(runner).command("halt", by="ann", reason="r", symbol="", token="")
    assert (reply.done, reply.commanded, reply.effective, reply.reasons) == (
        True, "halted", "halted", ("commanded halted",),
    )  # fmt: skip
    runner.answer = done(COMMANDED, durable=False)
    reply = await desk(runner).command("halt", by="ann", reason="r", symbol="", token="")
    assert "will not survive" in reply.text


async def test_p29_preparing_hands_out_the_token(runner: StubRunner) -> None:
    """With what would be resumed."""
    runner.answer = done(PREPARED)
    reply = await desk(runner).command("resume_prepare", by="ann", reason="r", symbol="", token="")
    assert (reply.done, reply.token, reply.expires_ms, reply.summary) == (True, "tok", 9, {"from": "halted"})


async def test_p29_a_confirmation_that_changed_nothing_is_refused(runner: StubRunner) -> None:
    """The engine ignores a wrong token; the answer must not look like success."""
    runner.answer = done()
    assert not (await desk(runner).command("resume_confirm", by="a", reason="r", symbol="", token="x")).done
    runner.answer = done(COMMANDED)
    assert (await desk(runner).command("resume_confirm", by="a", reason="r", symbol="", token="tok")).done


async def test_p29_a_refused_confirmation_says_why(runner: StubRunner) -> None:
    """Another token, a late one, a loss that is not over."""
    runner.answer, state = done(), runner.engine.state

    async def told() -> str:
        return (await desk(runner).command("resume_confirm", by="a", reason="r", symbol="", token="x")).text

    assert "not the one that the last" in await told()
    state.loss_latched = "lost 200 of 200"
    assert "lost 200 of 200" in await told()
    state.resume_expires_ms = 4
    assert "or no longer" in await told()


@pytest.mark.parametrize("what", ["flatten", "release"])
async def test_a_command_on_an_unknown_symbol_is_refused(runner: StubRunner, what: Any) -> None:
    """It never reaches the engine, whose flatten loop would wait for it for ever."""
    reply = await desk(runner).command(what, by="ann", reason="r", symbol="NOPE", token="")
    assert not reply.done
    assert "'NOPE'" in reply.text
    assert runner.got == []


async def test_a_failing_journal_is_seen_although_nothing_more_becomes_durable(runner: StubRunner) -> None:
    """State and alarms are the engine's own, not those of the last record on the disk."""
    runner.engine.state.effective_reasons = ["journal cannot be written"]
    runner.engine.state.alarms = {"JOURNAL_FAILING:account": "disk full"}
    at = desk(runner)
    assert (at.state().effective, at.state().reasons) == ("halted", ("journal cannot be written",))
    assert at.state().alarms == 1
    assert [(alarm.code, alarm.subject, alarm.text) for alarm in at.alarms()] == [
        ("JOURNAL_FAILING", "account", "disk full")
    ]


async def test_ready_follows_the_effective_state(runner: StubRunner) -> None:
    """And a stopped engine is never ready."""
    at = desk(runner)
    assert at.ready() == ("commanded halted",)
    runner.engine.state.effective = TradingState.ACTIVE
    assert at.ready() == ()
    runner.ended.set_result(None)
    assert at.ready() == ("the engine has stopped",)


async def test_ready_waits_for_a_price(runner: StubRunner) -> None:
    """Without a fresh mark of any symbol every entry would be denied, so the engine does not call itself ready."""
    runner.engine.state.effective = TradingState.ACTIVE
    runner.last_input_ms += 1
    (reason,) = desk(runner).ready()
    assert "no symbol has a fresh mark price" in reason


async def test_a_story_is_read_in_another_thread(runner: StubRunner) -> None:
    """The loop that protects positions does not wait for a long journal."""
    threads: list[str] = []

    def read() -> Iterator[JournalRecord]:
        threads.append(threading.current_thread().name)
        return iter(())

    assert await desk(runner, read_apart=read).explain("i-1") is None
    assert threads
    assert threading.main_thread().name not in threads
    assert await desk(runner).explain("i-1") is None


async def test_a_position_is_worth_what_the_mark_says(runner: StubRunner) -> None:
    """The read model knows what was paid; nothing is made up while a price is missing."""
    model = model_of(OPENING)
    (unpriced,) = desk(runner, model=model).positions()
    assert (unpriced.mark, unpriced.unrealized) == (None, None)
    (position,) = desk(runner, model=model, mark=lambda symbol: Decimal(25_000)).positions()
    assert position.entry_price is not None
    assert position.mark == 25_000
    assert position.unrealized == (25_000 - position.entry_price) * Decimal("0.5")


async def test_reads_come_from_the_read_model(runner: StubRunner) -> None:
    """An empty one, here."""
    at = desk(runner)
    assert at.intent("x") is None
    assert at.trade("x") is None
    assert (at.trades(live_only=False, limit=5), at.orders(), at.positions(), at.alarms()) == ([], [], [], [])
    assert at.results(after_seq=0, limit=5) == []
    assert at.ledger(limit=5).movements == ()
    assert at.state().seq == 0
    assert at.metrics() == b"up 1\n"


async def test_a_flatten_is_begun_when_it_is_answered(runner: StubRunner) -> None:
    """Done is what the venue says, later."""
    runner.answer = done()
    reply = await desk(runner).command("flatten", by="ann", reason="r", symbol="BTCUSDT", token="")
    assert (reply.done, reply.text.split(":")[0]) == (True, "begun")
