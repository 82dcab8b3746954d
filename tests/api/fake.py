"""A small engine service, and a client that calls an ASGI application without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message

from holdfast.api.port import Busy, CommandName, CommandReply
from holdfast.model.intent import Intent, content_hash
from holdfast.model.plans import IntentResult
from holdfast.service import views
from holdfast.service.explain import Explanation, Line
from holdfast.service.verdicts import Verdict

TRADE = views.TradeView(
    trade_id="T", intent_id="i-1", source="test", symbol="BTCUSDT", direction="long", phase="open",
    quantity=Decimal("0.010"), cap_price=Decimal(28200), stop_price=Decimal(27800), targets=(), leverage=5,
    arrival_mid=Decimal(28150), margin_asset="USDT", opened_ms=1_000, entry_filled=Decimal("0.010"),
    entry_price=Decimal("28155.10"), gross={"USDT": Decimal("1.5")},
)  # fmt: skip
POSITION = views.PositionView(
    symbol="BTCUSDT", amount=Decimal("0.010"), cover="covered", trade_id="T", entry_price=Decimal("28155.10"),
    stop_price=Decimal(27800), stops=("hf-s1-x",),
)  # fmt: skip
ALARM = views.AlarmView(code="STOP_LOST", subject="BTCUSDT", text="the stop had vanished", raised_ms=1_000)
STATE = views.StateView(
    venue="paper", account="main", version="0.0.0", commanded="active", commanded_by="cli:ann", commanded_reason="",
    effective="reducing", reasons=("user stream is down",), started_ms=0, reconciled_ms=1, last_event_ms=61_000, seq=99,
    hash="ab" * 32, live_trades=1, live_orders=2, unknown_orders=0, alarms=1, flattening={}, quarantines={},
    halted_symbols={}, foreign={}, balances={"USDT": Decimal("10000.5")}, daily_loss="",
    counts=views.Counts(intents=5, accepted=3, denied=2, fills=4),
)  # fmt: skip
STORY = Explanation(
    id="T", intents=("i-1",), trades=("T",), orders=("hf-e1-x", "hf-s1-x"), venue_orders=(7,), venue_algos=(3,),
    seq=12, hash="ab" * 32,
    lines=(
        Line(seq=9, at_ms=1_000, after_ms=0, kind="intent_accepted", channel="", text="accepted: all checks passed"),
        Line(seq=12, at_ms=1_042, after_ms=42, kind="fill_booked", channel="stream", text="bought 0.01 at 28155.1"),
    ),
)  # fmt: skip
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
        self.asked: tuple[Any, ...] = ()
        self.result: IntentResult | None = None

    async def submit(self, intent: Intent) -> Verdict:
        """Once per id; MANA is denied, as an example."""
        if self.busy:
            raise Busy(self.busy, retry_after_s=3)
        repeated = intent.id in self.seen
        known = self.seen.setdefault(intent.id, content_hash(intent))
        if known != content_hash(intent):
            return Verdict(intent_id=intent.id, accepted=False, code="OTHER_CONTENT", reason="used before")
        if intent.symbol == "MANAUSDT":
            numbers = {
                "facts": {"notional": "4", "sentence": "too small", "ids": "", "until_ms": "1795269550964"},
                "counterfactual": {"quantity": "10"},
            }
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

    def intent(self, intent_id: str) -> views.IntentView | None:
        if intent_id not in self.seen:
            return None
        return views.IntentView(
            intent_id=intent_id, source="test", symbol="BTCUSDT", action="open", status="accepted", received_ms=1,
            seq=7, hash="h", result=self.result,
        )  # fmt: skip

    def trades(self, *, live_only: bool, limit: int) -> list[views.TradeView]:
        self.asked = (live_only, limit)
        return [TRADE]

    def trade(self, trade_id: str) -> views.TradeDetail | None:
        return views.TradeDetail(trade=TRADE, orders=()) if trade_id == "T" else None

    def orders(self) -> list[views.OrderView]:
        return []

    def positions(self) -> list[views.PositionView]:
        return [POSITION]

    def state(self) -> views.StateView:
        return STATE

    def ledger(self, *, limit: int) -> views.LedgerView:
        self.asked = (limit,)
        total = views.LedgerTotals(gross={}, fees={}, funding={}, other={}, transfers={}, net={}, fills=0)
        return views.LedgerView(total=total, days={}, sources={}, movements=())

    def alarms(self) -> list[views.AlarmView]:
        return [ALARM]

    def results(self, *, after_seq: int, limit: int) -> list[views.ResultRow]:
        self.asked = (after_seq, limit)
        return []

    async def explain(self, any_id: str) -> Explanation | None:
        return STORY if any_id == "T" else None

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
