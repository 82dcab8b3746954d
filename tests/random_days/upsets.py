"""What seldom happens: contracts that halt, end or change their rules, bans, forced closings, funding that flips, a
crash, and our own clock going wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, Final

from holdfast.model import inputs as inp
from holdfast.sim import venue_faults, venue_world
from tests.random_days.world import PRICES, TICKS, World

Chance = random.Random

LARGEST: Final = {"BTCUSDT": ("0.02", "0.06", "0.11"), "ETHUSDT": ("0.4", "1.2", "2.2")}
"""How small the largest market order becomes."""
NOTIONALS: Final = ("100", "1000", "4500")
BANDS: Final = (("1.0020", "0.9980"), ("1.0100", "0.9900"), ("1.1000", "0.9000"))
WRONG_MS: Final = 900
"""How far our clock jumps at most."""
RATES: Final = ("0.0001", "-0.0001", "0.003", "-0.003", "0")


def at_contracts(world: World, rng: Chance) -> None:
    """A contract halts for some seconds, or its rules change; the engine reads them again sooner or later."""
    symbol = rng.choice(tuple(world.markets))
    if rng.random() < 0.4:
        world.contract(symbol, status=rng.choice(("BREAK", "SETTLING")))
        back_ms = world.agenda.now_ms + rng.choice((300, 2_000, 12_000))
        world.agenda.at(back_ms, partial(world.contract, symbol, status="TRADING"))
    else:
        world.contract(symbol, filters=_rules(symbol, rng))
    if rng.random() < 0.8:
        world.process.later(rng.choice((0, 500, 6_000)), partial(_read_rules, world))


def _rules(symbol: str, rng: Chance) -> dict[str, dict[str, str]]:
    up, down = rng.choice(BANDS)
    drawn: tuple[dict[str, dict[str, str]], ...] = (
        {"MARKET_LOT_SIZE": {"maxQty": rng.choice(LARGEST[symbol])}},
        {"MIN_NOTIONAL": {"notional": rng.choice(NOTIONALS)}},
        {"PERCENT_PRICE": {"multiplierUp": up, "multiplierDown": down}},
    )
    return rng.choice(drawn)


def _read_rules(world: World) -> None:
    world.give(inp.InstrumentsLoaded(now_ms=0, instruments=world.instruments()))


def at_clock(world: World, rng: Chance) -> None:
    """Our clock jumps; the next look at the venue's sets it right."""
    process = world.process
    if not process.alive:
        return
    jump_ms = rng.choice((-WRONG_MS, -300, -60, 60, 300, WRONG_MS))
    process.skew_ms = max(-WRONG_MS, min(process.skew_ms + jump_ms, WRONG_MS))

    def right() -> None:
        process.skew_ms = rng.randint(-20, 20)
        process.give(inp.ClockChecked(now_ms=0, ok=True, offset_ms=0))

    process.later(rng.choice((200, 1_000, 2_500)), right)


def at_margin(world: World, rng: Chance) -> None:
    """A crash or a squeeze, or the funding rate flips."""
    symbol = rng.choice(tuple(world.markets))
    if rng.random() < 0.5:
        world.rates[symbol] = rng.choice(RATES)
        world.quote(symbol)
        return
    jump = Decimal(rng.choice((-700, -300, 300, 700))) / 10_000
    price = (world.markets[symbol].price * (1 + jump)).quantize(TICKS[symbol].normalize())
    if PRICES[symbol] / 2 < price < PRICES[symbol] * 2:
        world.quote(symbol, price)


def at_oddities(world: World, rng: Chance) -> None:
    """A request arrives twice, events are late or overtake each other, or somebody deletes the listen key."""
    fault = venue_faults.at_oddities(rng)
    world.arm(fault)


def at_bans(world: World, rng: Chance) -> None:
    """For some seconds the account may only reduce, or nothing at all."""
    world.permit(rng.choice(venue_world.BANS))
    world.agenda.at(world.agenda.now_ms + rng.choice((500, 4_000, 15_000)), partial(world.permit, "trade"))


def at_forced(world: World, rng: Chance) -> None:
    """The venue takes a position, or a part of it, by auto-deleveraging; seldom the whole account by liquidation."""
    symbol = rng.choice(tuple(world.markets))
    if rng.random() < 0.1:
        world.closing("liq")
    else:
        half = {"quantity": HALVES[symbol]} if rng.random() < 0.5 else {}
        world.closing("adl", symbol=symbol, **half)


def at_ends(world: World, rng: Chance) -> None:
    """A contract ends and is settled; some seconds later it is listed anew."""
    symbol = rng.choice(tuple(world.markets))
    world.closing("settle", symbol=symbol)
    world.agenda.at(
        world.agenda.now_ms + rng.choice((2_000, 12_000)), partial(world.contract, symbol, status="TRADING")
    )
    if rng.random() < 0.8:
        world.process.later(rng.choice((0, 500, 6_000)), partial(_read_rules, world))


HALVES: Final = {"BTCUSDT": "0.025", "ETHUSDT": "0.5"}
"""What is taken where not all of a position is."""

UPSETS: Final[dict[str, Callable[[World, Chance], Any]]] = {
    "contracts": at_contracts,
    "clock": at_clock,
    "margin": at_margin,
}
"""A day draws few of them: most days have an ordinary market."""

LATER_UPSETS: Final[dict[str, Callable[[World, Chance], Any]]] = {
    "oddities": at_oddities,
    "bans": at_bans,
    "forced": at_forced,
    "ends": at_ends,
}
"""The same, drawn from a source of their own, so that a day's other draws stayed what they were."""
