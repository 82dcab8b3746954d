"""Every address of the API as one table: the server and the OpenAPI page are both made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from holdfast.api import commands, intake, reads
from holdfast.api.events import Streams
from holdfast.api.port import CommandReply, EngineService
from holdfast.model.intent import Intent
from holdfast.service import views
from holdfast.service.explain import Explanation
from holdfast.service.verdicts import Verdict

Handler = Callable[[EngineService, Request], Awaitable[Response]]


class Parameter(NamedTuple):
    """A query parameter or header."""

    name: str
    place: str
    type: str
    text: str


class Operation(NamedTuple):
    """One address and method. `answer` is the type of the body on success, None where it is not JSON."""

    method: str
    path: str
    handler: Handler
    summary: str
    group: str
    answer: Any = dict
    body: Any = None
    success: tuple[int, ...] = (200,)
    problems: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    media_type: str = "application/json"
    token: bool = True


LIMIT: Final = Parameter("limit", "query", "integer", "At most so many rows, 1 to 1000; 100 when left out.")
AFTER: Final = Parameter("after", "query", "integer", "Only what comes after this sequence number.")
LIVE: Final = Parameter("live", "query", "boolean", "true: only trades that are not closed.")
KINDS: Final = Parameter("kinds", "query", "string", "Only these kinds, with commas between them.")
LAST_ID: Final = Parameter("Last-Event-ID", "header", "integer", "As `after`; sent by a client that reconnects.")

BODY: Final = ("malformed", "too-large", "media-type")
COMMAND: Final = (*BODY, "refused", "busy")


def operations(streams: Streams) -> tuple[Operation, ...]:
    """The table. Intents come first because routes are tried in order."""
    return (
        Operation(
            "POST", "/v1/intents", intake.post_intent, "Submit one intent; answered when the verdict is durable",
            "intents", Verdict, Intent, (200, 202), (*BODY, "other-content", "denied", "busy"),
        ),
        Operation(
            "GET", "/v1/intents/{id:path}", reads.intent, "One intent with its verdict and result", "intents",
            views.IntentView, problems=("not-found",),
        ),
        *_read_operations(streams),
        *_command_operations(),
        *_service_operations(),
    )  # fmt: skip


def _read_operations(streams: Streams) -> tuple[Operation, ...]:
    return (
        Operation(
            "GET", "/v1/trades", reads.trades, "Trades, newest first", "reads", list[views.TradeView],
            problems=("malformed",), parameters=(LIVE, LIMIT),
        ),
        Operation(
            "GET", "/v1/trades/{id:path}", reads.trade, "One trade with its orders and fills", "reads",
            views.TradeDetail, problems=("not-found",),
        ),
        Operation("GET", "/v1/orders", reads.orders, "Orders that may still act", "reads", list[views.OrderView]),
        Operation(
            "GET", "/v1/positions", reads.positions, "Positions with their cover", "reads", list[views.PositionView]
        ),
        Operation("GET", "/v1/state", reads.state, "Trading state, health and journal head", "reads", views.StateView),
        Operation(
            "GET", "/v1/ledger", reads.ledger, "Money per asset, and the newest movements", "reads", views.LedgerView,
            problems=("malformed",), parameters=(LIMIT,),
        ),
        Operation("GET", "/v1/alarms", reads.alarms, "Alarms that are not cleared", "reads", list[views.AlarmView]),
        Operation(
            "GET", "/v1/results", reads.results, "Published results, in order", "reads", list[views.ResultRow],
            problems=("malformed",), parameters=(AFTER, LIMIT),
        ),
        Operation(
            "GET", "/v1/explain/{id:path}", reads.explain, "Why each step happened, by any id", "reads",
            Explanation, problems=("not-found",),
        ),
        Operation(
            "GET", "/v1/events", streams.events, "All events, past and live, as server-sent events", "reads", None,
            problems=("malformed", "busy"), parameters=(AFTER, KINDS, LAST_ID), media_type="text/event-stream",
        ),
    )  # fmt: skip


def _command_operations() -> tuple[Operation, ...]:
    rows: tuple[tuple[str, Handler, str, Any], ...] = (
        ("halt", commands.halt, "No entry leaves; protection goes on by itself", commands.Stop),
        ("reduce", commands.reduce, "No new entries; exits stay", commands.Stop),
        ("resume", commands.resume, "Leave halted or reducing, in two steps", commands.Resume),
        ("flatten", commands.flatten, "Close one symbol, or all", commands.Flatten),
        ("release", commands.release, "Lift the quarantine or the halt of one symbol", commands.Release),
    )
    return tuple(
        Operation("POST", f"/v1/commands/{name}", handler, text, "commands", CommandReply, body, problems=COMMAND)
        for name, handler, text, body in rows
    )


def _service_operations() -> tuple[Operation, ...]:
    return (
        Operation(
            "GET", "/health/live", reads.live, "Whether the process answers", "service", reads.Alive, token=False
        ),
        Operation(
            "GET", "/health/ready", reads.ready, "Whether an opening intent would be considered; 503 with reasons",
            "service", reads.Health, success=(200, 503), token=False,
        ),
        Operation("GET", "/version", reads.version, "What runs here", "service", reads.Version, token=False),
        Operation(
            "GET", "/metrics", reads.metrics, "Prometheus metrics", "service", None, media_type="text/plain"
        ),
    )  # fmt: skip
