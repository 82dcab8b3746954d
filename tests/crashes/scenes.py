"""Short scenes with one thing that matters in each: what is asked, what the market and the venue do, and when.

Every scene begins with an engine that starts on an empty journal, and ends in peace (`wiring.sim_peace`): everything is
closed, looked at, traded once more and closed again. A kill may strike at any effect point in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from holdfast.model.inputs import Command
from holdfast.model.intent import from_builtins
from holdfast.model.num import divide, floor_to, text
from holdfast.sim.scenario import Policies
from holdfast.wiring.sim_world import Simulation

Step = Callable[[Simulation], None]

BTC = "BTCUSDT"
AT_MS = 8_000
"""By then an engine that nothing disturbs trades."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One scene. `steps` are (milliseconds from the beginning, what happens), `seconds` how long it is watched.

    `shows` is what its journal must hold when nothing is killed, each as "kind" or "kind text in the record": a scene
    that does not contain what it is named after tests nothing. In `pairs`, recovery from each kill is killed again.
    """

    name: str
    says: str
    steps: tuple[tuple[int, Step], ...]
    shows: tuple[str, ...]
    seconds: int = 20
    symbol: str = BTC
    facts: dict[str, Any] = field(default_factory=dict)
    policies: Policies = field(default_factory=Policies)
    market_seed: int = 1
    snapshot_every: int = 500
    pairs: bool = False


def opens(
    side: str = "long",
    *,
    name: str = "i1",
    notional: int = 5_000,
    stop_bps: int = 50,
    target_bps: tuple[int, ...] = (),
    limit_bps: int | None = None,
    **entry: Any,
) -> Step:
    """A source wants in. Distances in basis points of the touch, `limit_bps` below 0 away from the market."""

    def step(world: Simulation) -> None:
        symbol, sign = world.symbols[0], 1 if side == "long" else -1
        touch = world.touch(symbol)
        assert touch is not None, "the market has prices"
        base = touch[1] if sign > 0 else touch[0]
        tick = world.network.venue.exchange.markets[symbol].symbol.tick

        def away(bps: int) -> str:
            return text(floor_to(base * (1 + sign * divide(Decimal(bps), Decimal(10_000))), tick))

        if limit_bps is not None:
            entry.update(type="limit", price=away(limit_bps))
        share = text(floor_to(divide(Decimal(1), Decimal(len(target_bps) or 1)), Decimal("0.1")))
        ask(
            world,
            id=name,
            action="open",
            side=side,
            size={"notional": str(notional)},
            entry=entry,
            stop_loss={"price": away(-stop_bps)},
            take_profits=[{"price": away(bps), "fraction": share} for bps in target_bps],
        )

    return step


def asks(action: str, name: str = "i2") -> Step:
    """A source wants out."""
    return lambda world: ask(world, id=name, action=action)


def ask(world: Simulation, **intent: Any) -> None:
    """Deliver an intent, and again until it is answered."""
    asked = from_builtins({"source": "scene", "symbol": world.symbols[0], **intent})
    world.sources.sent.append(asked)
    world.sources.waiting[asked.id] = asked
    world.deliver(asked)


def price(percent: str, only: str = "") -> Step:
    """The market jumps, and stays there."""

    def step(world: Simulation) -> None:
        done(world.control(do="price", symbol=world.symbols[0], percent=percent, only=only))

    return step


def fault(verb: str, operation: str = "", **more: Any) -> Step:
    """Something goes wrong at the venue, once."""
    match = {"match": {"method": operation}} if operation else {}
    return lambda world: done(world.control(do="fault", verb=verb, **match, **more))


def human(side: str, quantity: str, **more: str) -> Step:
    """A person trades at the market, on the same account."""

    def step(world: Simulation) -> None:
        order = {"symbol": world.symbols[0], "side": side, "type": "MARKET", "quantity": quantity, **more}
        done(world.control(do="human.trade", **order))

    return step


def human_cancels() -> Step:
    """A person cancels everything on the symbol, the stop too."""
    return lambda world: done(world.control(do="human.cancel", symbol=world.symbols[0], all="true"))


def tells(what: Any) -> Step:
    """An operator's command."""
    return lambda world: world.command(Command(now_ms=0, what=what, by="operator"))


def disk(failure: str) -> Step:
    """The disk fails with a reason, or works again with ""."""
    return lambda world: world.set_disk(failure)


def holds(ms: int) -> Step:
    """Nothing arrives for a while, in either direction."""
    return lambda world: world.weather.hold(("rest", "ws-fapi", "private"), ms)


def done(answer: dict[str, Any]) -> None:
    """The control door took it."""
    assert answer["ok"], answer


STOP_FIRST = Policies(believes_stop_first=True)

SCENES: tuple[Scene, ...] = (
    Scene(
        name="start",
        says="nothing happens: the first start of an engine",
        steps=(),
        shows=("engine_started", "reconciled"),
        seconds=9,
    ),
    Scene(
        name="market-entry",
        says="an entry at the market, and its stop after the first fill",
        steps=((AT_MS, opens()),),
        shows=("fill_booked", "result_published protected"),
        seconds=14,
        pairs=True,
    ),
    Scene(
        name="stop-first",
        says="stop and entry leave in one packet",
        steps=((AT_MS, opens("short", target_bps=(40, 80))),),
        shows=("fill_booked", "result_published protected"),
        seconds=14,
        policies=STOP_FIRST,
    ),
    Scene(
        name="partial-entry",
        says="an entry that fills in part, and is final",
        steps=((AT_MS + 300, opens(notional=99_000, limit_bps=0, time_in_force="IOC")),),
        shows=("fill_booked", "order_updated expired", "result_published protected"),
        market_seed=3,
        seconds=14,
    ),
    Scene(
        name="no-fill",
        says="an entry for which the market has nothing left, its stop armed beside it",
        steps=((AT_MS, opens(notional=99_000, limit_bps=0, time_in_force="IOC")),),
        shows=("order_updated expired", "result_published expired", "cancel_planned"),
        market_seed=3,
        policies=STOP_FIRST,
    ),
    Scene(
        name="limit-cancelled",
        says="a limit entry rests until its time is over, its stop armed beside it",
        steps=((AT_MS, opens(limit_bps=-60, stop_bps=120, ttl_ms=3_000)),),
        shows=("cancel_planned", "result_published expired"),
        seconds=18,
        policies=STOP_FIRST,
    ),
    Scene(
        name="limit-filled",
        says="a limit entry rests, and the market comes to it",
        steps=((AT_MS, opens(limit_bps=-20, ttl_ms=60_000)), (AT_MS + 2_000, price("-0.25"))),
        shows=("fill_booked", "result_published protected"),
        seconds=16,
    ),
    Scene(
        name="stop-triggered",
        says="the price falls through the stop",
        steps=((AT_MS, opens(target_bps=(200,))), (AT_MS + 3_000, price("-1"))),
        shows=("algo_updated", "trade_closed"),
        seconds=20,
        pairs=True,
    ),
    Scene(
        name="target-hit",
        says="the price rises through both targets, one after the other",
        steps=((AT_MS, opens(target_bps=(30, 90))), (AT_MS + 3_000, price("0.5")), (AT_MS + 6_000, price("0.8"))),
        shows=("trade_closed",),
        seconds=22,
    ),
    Scene(
        name="close",
        says="a source closes its position",
        steps=((AT_MS, opens("short", target_bps=(100,))), (AT_MS + 3_000, asks("close"))),
        shows=("flatten_started", "result_published closed", "trade_closed"),
        seconds=20,
    ),
    Scene(
        name="flatten-slices",
        says="a position larger than one market order may be, flattened slice by slice out of a thin book",
        steps=(
            (AT_MS, opens(notional=20_000)),
            (AT_MS + 2_000, human("BUY", "3000")),
            (AT_MS + 4_000, human("BUY", "3000")),
            (AT_MS + 7_000, asks("flatten")),
        ),
        shows=("flatten_started", "result_published closed", "trade_closed"),
        seconds=32,
        symbol="SOLUSDT",
        policies=Policies(on_foreign="adopt"),
    ),
    Scene(
        name="unknown-executed",
        says="the answer to an entry says nothing, and it was executed",
        steps=(
            (AT_MS - 500, fault("503-unknown", "order.place", executed=True)),
            (AT_MS - 400, fault("ws.silence", ms=2_500)),
            (AT_MS, opens()),
        ),
        shows=("unknown_opened", "unknown_resolved", "result_published protected"),
        seconds=26,
        pairs=True,
    ),
    Scene(
        name="unknown-lost",
        says="an entry is swallowed on its way, and shown never to have been placed",
        steps=((AT_MS - 500, fault("req.drop", "order.place")), (AT_MS, opens())),
        shows=("unknown_opened", "absence_noted", "result_published never_placed"),
        seconds=40,
    ),
    Scene(
        name="stop-refused",
        says="the venue takes no stop before there is a position, whatever the configuration believes",
        steps=((AT_MS, opens()),),
        shows=("order_answered -4509", "result_published protected"),
        seconds=14,
        facts={"stop_without_position": "-4509"},
        policies=STOP_FIRST,
    ),
    Scene(
        name="stop-taken-back",
        says="the venue takes a stop without a position and rejects it a moment later, so its entry may not rest",
        steps=((AT_MS, opens(limit_bps=-20, ttl_ms=60_000)), (AT_MS + 2_000, price("-0.25"))),
        shows=("algo_updated rejected", "cancel_planned", "trade_closed"),
        seconds=16,
        facts={"stop_without_position": "accept-then-REJECTED"},
        policies=STOP_FIRST,
    ),
    Scene(
        name="stop-stuck",
        says="a stop is triggered and does nothing, so the position is flattened",
        steps=((AT_MS - 500, fault("algo.stuck", ms=6_000)), (AT_MS, opens("short")), (AT_MS + 3_000, price("1"))),
        shows=("algo_updated triggering", "flatten_started", "trade_closed"),
        seconds=24,
    ),
    Scene(
        name="stop-throttled",
        says="the venue is too busy for the stop at first",
        steps=((AT_MS - 500, fault("throttle", "algoOrder.place", code=-1015, count=2)), (AT_MS, opens())),
        shows=("order_answered throttled", "result_published"),
        seconds=24,
    ),
    Scene(
        name="entry-rejected",
        says="the venue refuses an entry whose stop is armed already",
        steps=((AT_MS - 500, fault("code", "order.place", code=-2019, status=400)), (AT_MS, opens())),
        shows=("order_answered -2019", "cancel_planned", "result_published rejected"),
        seconds=18,
        policies=STOP_FIRST,
    ),
    Scene(
        name="stop-lost-twice",
        says="a person cancels the stop unheard, and the answer to the next one is lost though it was taken",
        steps=(
            (AT_MS, opens()),
            (AT_MS + 3_000, fault("503-unknown", "algoOrder.place", executed=True)),
            (AT_MS + 3_050, fault("ws.drop", count=3)),
            (AT_MS + 3_100, human_cancels()),
        ),
        shows=("unknown_opened", "order_answered -4116"),
        seconds=22,
        facts={"second_close_position": "-4130"},
        pairs=True,
    ),
    Scene(
        name="stop-cancelled",
        says="a person cancels the stop, and the venue takes the next one only at the second attempt",
        steps=(
            (AT_MS, opens("short")),
            (AT_MS + 3_000, fault("code", "algoOrder.place", code=-4509, status=400)),
            (AT_MS + 3_100, human_cancels()),
        ),
        shows=("stop_lost", "order_answered -4509"),
        seconds=18,
    ),
    Scene(
        name="halted",
        says="an operator halts while an entry works",
        steps=((AT_MS, opens(limit_bps=-60, stop_bps=120, ttl_ms=60_000)), (AT_MS + 2_000, tells("halt"))),
        shows=("state_commanded halted", "cancel_planned", "result_published expired"),
        seconds=18,
        policies=STOP_FIRST,
    ),
    Scene(
        name="human-trade",
        says="a person buys on top of our position, and sells more than that",
        steps=(
            (AT_MS, opens()),
            (AT_MS + 3_000, human("BUY", "0.1")),
            (AT_MS + 7_000, human("SELL", "0.15", reduceOnly="true")),
        ),
        shows=("foreign_seen",),
        seconds=26,
    ),
    Scene(
        name="daily-loss",
        says="a position loses more than a day may, and all is flattened",
        steps=((AT_MS, opens(notional=40_000, stop_bps=400)), (AT_MS + 3_000, price("-0.6"))),
        shows=("daily_loss_latched", "flatten_started", "trade_closed"),
        seconds=24,
        policies=Policies(daily_loss=Decimal(100), on_daily_loss="flatten"),
    ),
    Scene(
        name="stream-silent",
        says="the user stream says nothing while an entry fills and its stop triggers",
        steps=(
            (AT_MS - 500, fault("ws.silence", ms=20_000)),
            (AT_MS, opens()),
            (AT_MS + 4_000, price("-1")),
        ),
        shows=("fill_booked", "trade_closed"),
        seconds=36,
    ),
    Scene(
        name="stream-key",
        says="the key of the user stream runs out between an entry and its fill",
        steps=(
            (AT_MS, opens(limit_bps=-20, ttl_ms=60_000)),
            (AT_MS + 1_000, fault("lk.expire")),
            (AT_MS + 1_100, fault("ws.close", kinds=["private"])),
            (AT_MS + 1_200, price("-0.25")),
        ),
        shows=("fill_booked", "result_published protected"),
        seconds=24,
    ),
    Scene(
        name="partition",
        says="nothing arrives for three seconds, right after an entry has left",
        steps=((AT_MS, opens(target_bps=(60,))), (AT_MS + 1, holds(3_000))),
        shows=("unknown_opened", "fill_booked"),
        seconds=26,
    ),
    Scene(
        name="disk-full",
        says="the disk is full while a position is covered, and has room again",
        steps=((AT_MS, opens(limit_bps=-20, ttl_ms=60_000)), (AT_MS + 1_500, disk("no space left on device")),
               (AT_MS + 2_000, price("-0.25")), (AT_MS + 8_000, disk(""))),
        shows=("fill_booked",),
        seconds=28,
    ),
    Scene(
        name="snapshots",
        says="states are kept all the time, and each start begins with one",
        steps=(
            (AT_MS, opens(target_bps=(30,))),
            (AT_MS + 3_000, price("0.5")),
            (AT_MS + 8_000, opens("short", name="i3")),
        ),
        shows=("trade_closed", "result_published protected"),
        seconds=24,
        snapshot_every=10,
    ),
)  # fmt: skip

BY_NAME = {scene.name: scene for scene in SCENES}
