"""A small engine service, and a client that calls an ASGI application without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message

from holdfast.api.port import Busy, CommandName, CommandReply
from holdfast.model.intent import Intent, content_hash
from holdfast.service.verdicts import Verdict

OPEN = {
    "id": "i-1", "source": "test", "symbol": "BTCUSDT", "action": "open", "side": "long",
    "size": {"quantity": "0.01"}, "stop_loss": {"pct": "1"},
}  # fmt: skip
TOKEN = "t" * 32


class FakeService:
    """Accepts every intent once, denies what asks for it, and remembers what it was told."""

    venue = "paper"
    account = "main"
    version = "0.0.0"

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}
        self.commands: list[tuple[str, str, str, str, str]] = []
        self.not_ready: tuple[str, ...] = ()
        self.busy = ""
        self.published: list[Published] = []

    async def submit(self, intent: Intent) -> Verdict:
        """Once per id; MANA is denied, as an example."""
        if self.busy:
            raise Busy(self.busy, retry_after_s=3)
        repeated = intent.id in self.seen
        known = self.seen.setdefault(intent.id, content_hash(intent))
        if known != content_hash(intent):
            return Verdict(intent_id=intent.id, accepted=False, code="OTHER_CONTENT", reason="used before")
        if intent.symbol == "MANAUSDT":
            numbers = {"facts": {"notional": "4"}, "counterfactual": {"quantity": "10"}}
            return Verdict(
                intent_id=intent.id, accepted=False, code="NOTIONAL_TOO_SMALL", reason="too small", repeated=repeated,
                **numbers,
            )  # fmt: skip
        return Verdict(intent_id=intent.id, accepted=True, trade_id=f"T-{intent.id}", repeated=repeated, seq=7)

    async def command(self, what: CommandName, *, by: str, reason: str, symbol: str, token: str) -> CommandReply:
        """Remembers; refuses a wrong token."""
        if self.busy:
            raise Busy(self.busy)
        self.commands.append((what, by, reason, symbol, token))
        if what == "resume_confirm" and token != "right":
            return CommandReply(done=False, commanded="halted", effective="halted", text="the token is not the one")
        if what == "resume_prepare":
            summary = {"positions": "BTCUSDT 0.01"}
            return CommandReply(done=True, commanded="halted", effective="halted", token="right", summary=summary)
        return CommandReply(done=True, commanded=what, effective=what)

    def ready(self) -> tuple[str, ...]:
        return self.not_ready

    def intent(self, intent_id: str) -> Any | None:
        return {"id": intent_id} if intent_id in self.seen else None

    def trades(self, *, live_only: bool, limit: int) -> Any:
        return [{"trade_id": "T", "live_only": live_only, "limit": limit}]

    def trade(self, trade_id: str) -> Any | None:
        return {"trade_id": trade_id} if trade_id == "T" else None

    def orders(self) -> Any:
        return []

    def positions(self) -> Any:
        return []

    def state(self) -> Any:
        return {"effective": "active"}

    def ledger(self, *, limit: int) -> Any:
        return {"limit": limit}

    def alarms(self) -> Any:
        return []

    def results(self, *, after_seq: int, limit: int) -> Any:
        return [{"after": after_seq, "limit": limit}]

    def explain(self, any_id: str) -> Any | None:
        return {"id": any_id} if any_id == "T" else None

    async def subscribe(self, after_seq: int) -> AsyncIterator[Published]:
        """What was published, then the end."""
        for event in self.published:
            if event.seq > after_seq:
                yield event

    def metrics(self) -> bytes:
        return b"holdfast_up 1\n"


class Published(NamedTuple):
    """One event of the stream."""

    seq: int
    kind: str
    body: bytes


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


async def call(
    app: ASGIApp,
    method: str,
    target: str,
    body: bytes | object = b"",
    headers: dict[str, str] | None = None,
    chunk: int = 65_536,
) -> Reply:
    """One request. A body that is not bytes is sent as JSON; the token is sent unless headers say otherwise."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    wanted = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", "host": "127.0.0.1:8420"}
    wanted |= {name.lower(): value for name, value in (headers or {}).items()}
    path, _, query = target.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "scheme": "http", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in wanted.items() if value],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8420),
    }  # fmt: skip
    parts = [body[start : start + chunk] for start in range(0, len(body), chunk)] or [b""]
    pending = [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1} for index, part in enumerate(parts)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        if not pending:
            await asyncio.Event().wait()
        return pending.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    assert start["type"] == "http.response.start"
    return Reply(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(message.get("body", b"") for message in sent[1:]),
    )
