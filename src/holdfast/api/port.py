"""What the HTTP API needs of an engine. The service implements it; tests use a small one of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Literal, Protocol

import msgspec

from holdfast.model.intent import Intent
from holdfast.service.explain import Explanation
from holdfast.service.verdicts import Verdict
from holdfast.service.views import (
    AlarmView,
    IntentView,
    LedgerView,
    OrderView,
    PositionView,
    ResultRow,
    StateView,
    TradeDetail,
    TradeView,
)

CommandName = Literal["halt", "reduce", "resume_prepare", "resume_confirm", "flatten", "release", "adopt"]


class CommandReply(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended. `done` False: refused, and `text` says why and what would help.

    `token`, `summary` and `expires_ms` belong to the first step of `resume`: what would be resumed, and how to confirm.
    """

    done: bool
    commanded: str
    effective: str
    text: str = ""
    token: str = ""
    expires_ms: int = 0
    summary: Mapping[str, str] = {}
    reasons: tuple[str, ...] = ()


class Published(Protocol):
    """One event of the stream: the journal's sequence number, the kind, and its JSON."""

    @property
    def seq(self) -> int:
        """Rises by one with every event of the journal."""

    @property
    def kind(self) -> str:
        """The event's tag."""

    @property
    def body(self) -> bytes:
        """The event's JSON."""


class Busy(Exception):
    """The intent or command was not taken: nothing is durable, nothing was done, and the same may be sent again."""

    def __init__(self, reason: str, *, retry_after_s: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class EngineService(Protocol):
    """One running engine. Reads answer values that msgspec can encode, and never wait for the venue."""

    @property
    def venue(self) -> str:
        """paper, demo or live."""

    @property
    def account(self) -> str:
        """The account's name."""

    @property
    def version(self) -> str:
        """Holdfast's version."""

    async def submit(self, intent: Intent) -> Verdict:
        """Hand over an intent. Returns when its verdict is durable. Raises `Busy`."""

    async def command(self, what: CommandName, *, by: str, reason: str, symbol: str, token: str) -> CommandReply:
        """Hand over an operator's command. Returns when it is durable. Raises `Busy`."""

    def ready(self) -> tuple[str, ...]:
        """Why the engine would not accept an opening intent now; empty when it would."""

    def intent(self, intent_id: str) -> IntentView | None:
        """What is known of an intent, with its verdict and result; None for an id never seen."""

    def trades(self, *, live_only: bool, limit: int) -> list[TradeView]:
        """Trades, newest first."""

    def trade(self, trade_id: str) -> TradeDetail | None:
        """One trade with its orders and fills."""

    def orders(self) -> list[OrderView]:
        """Orders that are not terminal."""

    def positions(self) -> list[PositionView]:
        """Positions with their cover."""

    def state(self) -> StateView:
        """Commanded and effective state, health, counts, journal head."""

    def ledger(self, *, limit: int) -> LedgerView:
        """Sums per asset, and the newest money movements."""

    def alarms(self) -> list[AlarmView]:
        """Alarms that are not cleared."""

    def results(self, *, after_seq: int, limit: int) -> list[ResultRow]:
        """Published results in order, from `after_seq` + 1 on."""

    async def explain(self, any_id: str) -> Explanation | None:
        """The story of an intent, trade or order, by any of its ids. Must not stop the loop while it reads."""

    def subscribe(self, after_seq: int) -> AsyncIterator[Published]:
        """Events after a sequence number: first those of the past, then live, without a gap."""

    def metrics(self) -> bytes:
        """Prometheus text."""
