"""GET routes: answers from the read model. They never wait for the venue and never change anything."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from holdfast.api.answers import json_answer
from holdfast.api.port import EngineService
from holdfast.api.problems import Refused, malformed, problem

MAX_LIMIT = 1_000
DEFAULT_LIMIT = 100


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`ready` says whether an opening intent would be considered now; `reasons` say why not."""

    ready: bool
    reasons: tuple[str, ...]
    venue: str


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The process answers."""

    alive: bool = True


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """What runs here."""

    version: str
    venue: str
    account: str


def whole_number(request: Request, name: str, default: int, *, low: int, high: int) -> int:
    """A query parameter. Raises `Refused` when it is no whole number in its range."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19 and low <= int(text) <= high):
        raise Refused(malformed(name, f"must be a whole number, was {text[:40]!r}", f"{low} to {high}"))
    return int(text)


def _limit(request: Request) -> int:
    return whole_number(request, "limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)


def _found(value: Any | None, what: str, name: str) -> Response:
    if value is None:
        raise Refused(problem("not-found", f"no {what} is known by the id {name[:80]}", instance=name[:80]))
    return json_answer(value)


async def intent(service: EngineService, request: Request) -> Response:
    """One intent with its verdict and result."""
    name = request.path_params["id"]
    return _found(service.intent(name), "intent", name)


async def trades(service: EngineService, request: Request) -> Response:
    """Trades, newest first."""
    live_only = request.query_params.get("live", "false")
    if live_only not in {"true", "false"}:
        raise Refused(malformed("live", f"must be true or false, was {live_only[:40]!r}", "true"))
    return json_answer(service.trades(live_only=live_only == "true", limit=_limit(request)))


async def trade(service: EngineService, request: Request) -> Response:
    """One trade."""
    name = request.path_params["id"]
    return _found(service.trade(name), "trade", name)


async def orders(service: EngineService, _: Request) -> Response:
    """Orders that are not terminal."""
    return json_answer(service.orders())


async def positions(service: EngineService, _: Request) -> Response:
    """Positions with their cover."""
    return json_answer(service.positions())


async def state(service: EngineService, _: Request) -> Response:
    """Commanded and effective state, health, journal head."""
    return json_answer(service.state())


async def ledger(service: EngineService, request: Request) -> Response:
    """Money per asset, and the newest movements."""
    return json_answer(service.ledger(limit=_limit(request)))


async def alarms(service: EngineService, _: Request) -> Response:
    """Alarms that are not cleared."""
    return json_answer(service.alarms())


async def results(service: EngineService, request: Request) -> Response:
    """Published results in order."""
    after = whole_number(request, "after", 0, low=0, high=2**62)
    return json_answer(service.results(after_seq=after, limit=_limit(request)))


async def explain(service: EngineService, request: Request) -> Response:
    """Why each step happened."""
    name = request.path_params["id"]
    return _found(await service.explain(name), "intent, trade or order", name)


async def live(_: EngineService, __: Request) -> Response:
    """Whether the process answers at all."""
    return json_answer(Alive())


async def ready(service: EngineService, _: Request) -> Response:
    """200 when an opening intent would be considered, else 503 with the reasons."""
    reasons = service.ready()
    return json_answer(Health(ready=not reasons, reasons=reasons, venue=service.venue), 503 if reasons else 200)


async def version(service: EngineService, _: Request) -> Response:
    """What runs here."""
    return json_answer(Version(version=service.version, venue=service.venue, account=service.account))


async def metrics(service: EngineService, _: Request) -> Response:
    """Prometheus text."""
    return Response(service.metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")
