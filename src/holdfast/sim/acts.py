"""What can happen in a simulated run, one function each, by name: the verbs of a scenario.

An act gets the stage and a generator of its own, so leaving other acts out changes nothing in what it draws.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple, Protocol

from holdfast.model.inputs import Command
from holdfast.model.intent import Intent
from holdfast.sim import venue_faults, venue_world
from holdfast.sim.disk import Platter
from holdfast.sim.lives import Points, Variant
from holdfast.sim.roads import ROUTES, Weather
from holdfast.sim.sources import Sources

HUMAN_SIZES: Final = {"BTCUSDT": Decimal("0.02"), "ETHUSDT": Decimal("0.5")}


class Stage(Protocol):
    """What an act can reach."""

    symbols: tuple[str, ...]
    sources: Sources
    weather: Weather
    platter: Platter
    points: Points

    def later(self, ms: int, act: Callable[[], None]) -> None:
        """Do something a little later."""

    def control(self, **request: Any) -> dict[str, Any]:
        """The exchange's control door."""

    def draw_intent(self, rng: random.Random) -> Intent | None:
        """A new opening intent around the market as it is."""

    def deliver(self, intent: Intent) -> None:
        """A source hands an intent to the engine."""

    def command(self, command: Command) -> None:
        """An operator tells the engine something, if one runs."""

    def resume_token(self) -> str:
        """What the engine answered to the first step of a resume."""

    def jump_clock(self, ms: int) -> None:
        """The machine's wall clock is set wrong."""

    def set_clock_right(self) -> None:
        """The machine's wall clock is set to the true time."""

    def set_disk(self, failure: str) -> None:
        """The disk fails with a reason, or works again with ""."""

    def pause(self, ms: int) -> None:
        """SIGSTOP, and SIGCONT after so many milliseconds."""

    def kill(self, variant: Variant, rest_ms: int) -> None:
        """kill −9, and a start after so many milliseconds."""

    def mend_contract(self, symbol: str) -> None:
        """A contract is traded as it was in the beginning."""

    def mend_account(self) -> None:
        """The account's key is good, and everything is allowed."""


def _intent(stage: Stage, rng: random.Random) -> None:
    """A source wants in."""
    intent = stage.draw_intent(rng)
    if intent is not None:
        stage.deliver(intent)


def _close(stage: Stage, rng: random.Random) -> None:
    """A source wants out."""
    stage.deliver(stage.sources.close(rng))


def _repeat(stage: Stage, rng: random.Random) -> None:
    """An intent is delivered again."""
    intent = stage.sources.again(rng)
    if intent is not None:
        stage.deliver(intent)


def _write(stage: Stage, rng: random.Random) -> None:
    """A few writes end badly; whatever of it nobody met is over after a while."""
    _fault(stage, venue_faults.at_writes(rng))


def _read(stage: Stage, rng: random.Random) -> None:
    """A few reads end badly."""
    _fault(stage, venue_faults.at_reads(rng))


def _stream(stage: Stage, rng: random.Random) -> None:
    """The user stream falls silent, loses, repeats, breaks off."""
    _fault(stage, venue_faults.at_stream(rng))


def _stop(stage: Stage, rng: random.Random) -> None:
    """A conditional order sticks, is rejected, or vanishes."""
    _fault(stage, venue_faults.at_stops(rng))


def _odd(stage: Stage, rng: random.Random) -> None:
    """Messages arrive twice, late or out of order at the venue, or the listen key is deleted."""
    _fault(stage, venue_faults.at_oddities(rng))


def _query(stage: Stage, rng: random.Random) -> None:
    """Questions do not see young orders for some seconds."""
    _fault(stage, {"verb": "query.lag", "ms": rng.choice((500, 1_500, 3_000))})
    stage.later(rng.choice((2_000, 10_000)), lambda: _fault(stage, {"verb": "query.lag", "count": 0}))


def _fault(stage: Stage, details: dict[str, Any]) -> None:
    answer = stage.control(do="fault", **details)
    assert answer["ok"], f"invariant: the exchange knows its own faults ({answer})"


def _gap(stage: Stage, rng: random.Random) -> None:
    """The price jumps, and stays; now and then only the book or the mark, and they come together again later."""
    percent = Decimal(rng.choice((-60, -30, -15, 15, 30, 60))).scaleb(-2)
    symbol, only = rng.choice(stage.symbols), rng.choice(("", "", "", "book", "mark"))
    stage.control(do="price", symbol=symbol, percent=str(percent), only=only)
    if only:
        other = "mark" if only == "book" else "book"
        stage.later(20_000, lambda: _follow(stage, symbol, percent, other))


def _follow(stage: Stage, symbol: str, percent: Decimal, only: str) -> None:
    stage.control(do="price", symbol=symbol, percent=str(percent), only=only)


def _human_trade(stage: Stage, rng: random.Random) -> None:
    """A person trades on the same account: closes some of what is open, or opens something and closes it later."""
    symbol = rng.choice(stage.symbols)
    quantity = HUMAN_SIZES.get(symbol, Decimal(1)) * rng.choice((1, 2, 5))
    sides = rng.choice((("BUY", "SELL"), ("SELL", "BUY")))
    order = {"symbol": symbol, "side": sides[0], "type": "MARKET", "quantity": str(quantity)}
    if rng.random() < 0.5:
        stage.control(do="human.trade", **order, reduceOnly="true")
    elif stage.control(do="human.trade", **order)["ok"]:
        stage.later(60_000, lambda: _human_regrets(stage, {**order, "side": sides[1]}))


def _human_regrets(stage: Stage, order: dict[str, str]) -> None:
    stage.control(do="human.trade", **order)


def _human_cancel(stage: Stage, rng: random.Random) -> None:
    """A person cancels something: an order, a stop, or all of a symbol."""
    account = stage.control(do="state")["accounts"][0]
    if rng.random() < 0.15:
        stage.control(do="human.cancel", symbol=rng.choice(stage.symbols), all="true")
    elif account["algos"] and rng.random() < 0.6:
        stage.control(do="human.cancel", algoId=str(rng.choice(account["algos"])["algoId"]))
    elif account["orders"]:
        order = rng.choice(account["orders"])
        stage.control(do="human.cancel", symbol=order["symbol"], orderId=str(order["orderId"]))


def _command(stage: Stage, rng: random.Random) -> None:
    """An operator halts, reduces or flattens; somebody goes on two minutes later."""
    what: Literal["halt", "reduce", "flatten"] = rng.choice(("halt", "reduce", "flatten"))
    symbol = rng.choice(("", *stage.symbols)) if what == "flatten" else ""
    stage.command(Command(now_ms=0, what=what, by="operator", symbol=symbol))
    stage.later(120_000, lambda: _resume(stage, rng))


def _resume(stage: Stage, _: random.Random) -> None:
    """An operator goes on, in two steps; strangers' positions are nothing to wait for."""
    stage.command(Command(now_ms=0, what="resume_prepare", by="operator"))
    stage.later(500, lambda: _confirm(stage))


def _confirm(stage: Stage) -> None:
    for symbol in stage.symbols:
        stage.command(Command(now_ms=0, what="release", by="operator", symbol=symbol))
    stage.command(Command(now_ms=0, what="resume_confirm", by="operator", token=stage.resume_token()))


def _hold(stage: Stage, rng: random.Random) -> None:
    """A partition of some routes, or of all; what was sent arrives when it ends."""
    routes = rng.choice((ROUTES, ROUTES, ("rest",), ("ws-fapi",), ("private",), ("public", "market")))
    stage.weather.hold(routes, rng.choice((300, 1_200, 2_500, 8_000, 30_000)))


def _break(stage: Stage, rng: random.Random) -> None:
    """A connection breaks off after a number of bytes, in the middle of whatever that is."""
    route, up = rng.choice(("rest", "ws-fapi", "ws-fapi", "private", "public", "market")), rng.random() < 0.5
    stage.weather.break_after(route, rng.choice((0, 1, 200, 700, 2_000, rng.randrange(5_000))), up=up)


def _lose(stage: Stage, rng: random.Random) -> None:
    """HTTP requests, or their replies, are swallowed."""
    count = rng.choice((1, 1, 2, 5))
    if rng.random() < 0.5:
        stage.weather.lose_requests(count)
    else:
        stage.weather.lose_replies(count)


def _slow(stage: Stage, rng: random.Random) -> None:
    """Everything takes longer for a while."""
    stage.weather.slow(rng.choice((50, 300, 900)), rng.choice((1_000, 5_000, 20_000)))


def _double(stage: Stage, rng: random.Random) -> None:
    """A few reads arrive twice."""
    stage.weather.double_reads(rng.choice((1, 3, 10)))


def _overtake(stage: Stage, rng: random.Random) -> None:
    """User events of different kinds overtake each other."""
    stage.weather.overtake(rng.choice((2_000, 20_000, 60_000)))


def _disk_slow(stage: Stage, rng: random.Random) -> None:
    """Syncs take longer."""
    stage.platter.slow_by_ms = rng.choice((20, 100, 600))

    def over() -> None:
        stage.platter.slow_by_ms = 0

    stage.later(rng.choice((1_000, 10_000)), over)


def _disk_break(stage: Stage, rng: random.Random) -> None:
    """The disk is full, or fails, for a while."""
    stage.set_disk(rng.choice(("no space left on device", "input/output error")))
    stage.later(rng.choice((500, 3_000, 15_000)), lambda: stage.set_disk(""))


def _clock_jump(stage: Stage, rng: random.Random) -> None:
    """The machine's wall clock is set, by a little or by hours, and set right again later."""
    ms = rng.choice((-10_800_000, -5_000, -400, 400, 5_000, 3_600_000))
    stage.jump_clock(ms)
    stage.later(rng.choice((5_000, 60_000)), stage.set_clock_right)


def _kill(stage: Stage, rng: random.Random) -> None:
    """kill −9, now."""
    stage.kill(rng.choice(tuple(Variant)), rng.choice((50, 1_000, 5_000, 20_000)))


def _doom(stage: Stage, rng: random.Random) -> None:
    """kill −9 at one of the next effects."""
    stage.points.strike_in(rng.randint(1, 40), rng.choice(tuple(Variant)), rng.choice((50, 1_000, 5_000)))


def _pause(stage: Stage, rng: random.Random) -> None:
    """The process stands still for a while."""
    stage.pause(rng.choice((300, 1_000, 3_000, 12_000)))


class Row(NamedTuple):
    """An act: what it does, and whether it is a fault (trading and operating are not)."""

    do: Callable[[Stage, random.Random], None]
    fault: bool


ACTS: Final[dict[str, Row]] = {
    "intent": Row(_intent, False),
    "close": Row(_close, False),
    "repeat": Row(_repeat, True),
    "venue.write": Row(_write, True),
    "venue.read": Row(_read, True),
    "venue.stream": Row(_stream, True),
    "venue.stop": Row(_stop, True),
    "venue.query": Row(_query, True),
    "market.gap": Row(_gap, True),
    "human.trade": Row(_human_trade, True),
    "human.cancel": Row(_human_cancel, True),
    "command": Row(_command, False),
    "resume": Row(_resume, False),
    "net.hold": Row(_hold, True),
    "net.break": Row(_break, True),
    "net.lose": Row(_lose, True),
    "net.slow": Row(_slow, True),
    "net.double": Row(_double, True),
    "net.overtake": Row(_overtake, True),
    "disk.slow": Row(_disk_slow, True),
    "disk.break": Row(_disk_break, True),
    "clock.jump": Row(_clock_jump, True),
    "kill": Row(_kill, True),
    "doom": Row(_doom, True),
    "pause": Row(_pause, True),
    "venue.odd": Row(_odd, True),
    "venue.contract": Row(venue_world.contract, True),
    "venue.account": Row(venue_world.account, True),
    "venue.force": Row(venue_world.force, True),
    "venue.end": Row(venue_world.end, True),
}
