"""The running engine as the API sees it: what goes in takes the runner, what is read comes from the read model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from decimal import Decimal
from typing import Any, Final

import msgspec

from holdfast.api.port import Busy, CommandName, CommandReply, Published
from holdfast.model import events as ev
from holdfast.model.inputs import Command
from holdfast.model.intent import Intent
from holdfast.ports import Journal, JournalRecord
from holdfast.service.explain import Explanation, explain
from holdfast.service.inbox import Refused
from holdfast.service.outbox import Outbox
from holdfast.service.readmodel import ReadModel
from holdfast.service.runner import Done, Runner
from holdfast.service.verdicts import Verdict
from holdfast.service.views import AlarmView, PositionView

BEGUN = "begun: it ends when the venue has shown 0 twice (`holdfast status` tells)"

RESUMING: Final = ("resume_prepare", "resume_confirm", "adopt")
LATCHED: Final = (
    "not resumed: the kill latch is closed; would pass: remove its file (journal.latch_file; `holdfast kill` named "
    "it), then `holdfast resume` once more"
)


class Desk:
    """Implements `api.port.EngineService` for one engine in this process."""

    def __init__(
        self,
        *,
        runner: Runner,
        model: ReadModel,
        outbox: Outbox,
        journal: Journal,
        venue: str,
        account: str,
        version: str,
        metrics: Callable[[], bytes],
        listed: Callable[[str], bool],
        latched: Callable[[], bool],
        mark: Callable[[str], Decimal | None],
        read_apart: Callable[[], Iterable[JournalRecord]] | None = None,
    ) -> None:
        """`listed` tells whether the venue has a symbol, or something of it is held; `latched` whether the kill latch
        is closed; `mark` is a symbol's newest mark price. `read_apart` reads the journal from a thread, through a
        connection of its own; None reads it in place."""
        self._listed = listed
        self._latched = latched
        self._mark = mark
        self._read_apart = read_apart
        self._runner = runner
        self._model = model
        self._outbox = outbox
        self._journal = journal
        self._metrics = metrics
        self.venue = venue
        self.account = account
        self.version = version

    async def submit(self, intent: Intent) -> Verdict:
        """Hand over an intent. Returns when its verdict is durable. Raises `Busy`."""
        try:
            return await self._runner.submit(intent)
        except Refused as error:
            raise Busy(str(error)) from error

    async def command(self, what: CommandName, *, by: str, reason: str, symbol: str, token: str) -> CommandReply:
        """Hand over an operator's command. Returns when it is durable. Raises `Busy`."""
        if symbol and not self._listed(symbol):
            # A loop that waits for the venue to show 0 of what it does not have would never end.
            return self._told(False, f"the venue has no symbol {symbol!r}; would pass: its exact name, such as BTCUSDT")
        if what in RESUMING and self._latched():
            return self._told(False, LATCHED)
        message = Command(now_ms=0, what=what, by=by, reason=reason, symbol=symbol, token=token)
        try:
            done = await self._runner.command(message)
        except Refused as error:
            raise Busy(str(error)) from error
        return self._reply(what, done)

    def _reply(self, what: CommandName, done: Done) -> CommandReply:
        for event in done.events:
            if isinstance(event, ev.ResumePrepared):
                text = "prepared: confirm with the token to resume"
                return self._told(True, text, token=event.token, summary=event.summary, expires_ms=event.expires_ms)
        if what == "resume_confirm" and not any(isinstance(event, ev.StateCommanded) for event in done.events):
            return self._told(False, self._why_not_resumed())
        text = BEGUN if what == "flatten" else "done"
        lost = "" if done.durable else ", but the journal cannot be written: it will not survive a restart"
        return self._told(True, text + lost)

    def _told(self, done: bool, text: str, **more: Any) -> CommandReply:
        state = self._runner.engine.state
        return CommandReply(
            done=done,
            text=text,
            commanded=state.commanded.value if state.commanded is not None else "halted",
            effective=state.effective.value,
            reasons=tuple(state.effective_reasons),
            **more,
        )

    def _why_not_resumed(self) -> str:
        """A token that was taken is used up with the state it commanded, so what is left tells the reason."""
        state = self._runner.engine.state
        again = "would pass: `holdfast resume` once more, and the token that it prints"
        if not state.resume_token or self._runner.last_input_ms > state.resume_expires_ms:
            return f"not resumed: the token is not valid, or no longer; {again}"
        if state.loss_latched:
            return (
                f"not resumed: the token is wrong, or the daily loss limit is still breached ({state.loss_latched}); "
                "would pass: the printed token, on another day or with limits.daily_loss raised by name"
            )
        return f"not resumed: the token is not the one that the last `holdfast resume` printed; {again}"

    def ready(self) -> tuple[str, ...]:
        """Why the engine would not accept an opening intent now; empty when it would."""
        state = self._runner.engine.state
        if self._runner.ended.done():
            return ("the engine has stopped",)
        if state.effective.value != "active":
            return tuple(state.effective_reasons or [state.effective.value])
        priced = self._runner.engine.priced(self._runner.last_input_ms)
        return () if priced else ("no symbol has a fresh mark price; every entry would be denied",)

    def intent(self, intent_id: str) -> Any | None:
        """What is known of an intent."""
        return self._model.intent(intent_id)

    def trades(self, *, live_only: bool, limit: int) -> Any:
        """Trades, newest first."""
        return self._model.trades(live_only=live_only, limit=limit)

    def trade(self, trade_id: str) -> Any | None:
        """One trade with its orders and fills."""
        return self._model.trade(trade_id)

    def orders(self) -> Any:
        """Orders that may still do something."""
        return self._model.orders()

    def positions(self) -> Any:
        """Positions with their cover, and what they are worth now."""
        return [self._valued(position) for position in self._model.positions()]

    def _valued(self, position: PositionView) -> PositionView:
        mark, entry = self._mark(position.symbol), position.entry_price
        profit = None if mark is None or entry is None else (mark - entry) * position.amount
        return msgspec.structs.replace(position, mark=mark, unrealized=profit)

    def state(self) -> Any:
        """Commanded and effective state, health, counts, journal head."""
        # What the engine does is ahead of what is durable, and no more of it becomes durable once the disk has failed.
        now = self._runner.engine.state
        shown = msgspec.structs.replace(
            self._model.state(),
            effective=now.effective.value,
            reasons=tuple(now.effective_reasons),
            alarms=len(self.alarms()),
        )
        return shown if now.commanded is None else msgspec.structs.replace(shown, commanded=now.commanded.value)

    def ledger(self, *, limit: int) -> Any:
        """Sums per asset, and the newest money movements."""
        return self._model.ledger(limit=limit)

    def alarms(self) -> Any:
        """Alarms that are not cleared."""
        found = list(self._model.alarms())
        known = {(alarm.code, alarm.subject) for alarm in found}
        for key, text in self._runner.engine.state.alarms.items():
            code, _, subject = key.partition(":")
            if (code, subject) not in known:
                found.append(AlarmView(code=code, subject=subject, text=text, raised_ms=self._runner.last_input_ms))
        return found

    def results(self, *, after_seq: int, limit: int) -> Any:
        """Published results in order."""
        return self._model.results(self._journal, after_seq=after_seq, limit=limit)

    async def explain(self, any_id: str) -> Explanation | None:
        """The story of an intent, trade or order. Reading a long journal must not stop the loop."""
        if self._read_apart is None:
            return explain(self._journal.read, any_id)
        return await asyncio.to_thread(explain, self._read_apart, any_id)

    def subscribe(self, after_seq: int) -> AsyncIterator[Published]:
        """Events after a sequence number: first those of the past, then live."""
        return self._outbox.subscribe(after_seq)

    def metrics(self) -> bytes:
        """Prometheus text."""
        return self._metrics()
