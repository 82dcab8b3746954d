"""What the venue does to contracts and to the account while a run lasts, as acts.

Rules that change, halts, bans, revoked keys, forced closings, a contract that ends: each is undone after a while.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from holdfast.sim.acts import Stage

HALTS: Final = ("BREAK", "HALT", "PENDING_TRADING", "PRE_SETTLE", "CLOSE")
LARGEST: Final = {"BTCUSDT": ("0.02", "0.06", "0.5"), "ETHUSDT": ("0.4", "1.2", "9")}
"""How small the largest market order becomes."""
NOTIONALS: Final = ("20", "100", "1000")
BANDS: Final = (("1.0020", "0.9980"), ("1.0100", "0.9900"), ("1.1000", "0.9000"))
TICKS: Final = {"BTCUSDT": ("0.50", "1.00"), "ETHUSDT": ("0.05", "0.10")}
TIERS: Final[tuple[tuple[dict[str, Any], ...], ...]] = (
    (
        {"bracket": 1, "initialLeverage": 20, "notionalFloor": "0", "notionalCap": "50000",
         "maintMarginRatio": "0.01", "cum": "0"},
        {"bracket": 2, "initialLeverage": 10, "notionalFloor": "50000", "notionalCap": "20000000",
         "maintMarginRatio": "0.05", "cum": "2000"},
    ),
    (
        {"bracket": 1, "initialLeverage": 5, "notionalFloor": "0", "notionalCap": "20000000",
         "maintMarginRatio": "0.10", "cum": "0"},
    ),
)  # fmt: skip
"""Leverage tiers that leave less than the usual ones."""
BANS: Final = ("reduce", "nothing", "reduce-symbol", "reduce-cooling", "reduce-quant", "reduce-large")


def _halt(stage: Stage, symbol: str, rng: random.Random) -> None:
    stage.control(do="status.set", symbol=symbol, status=rng.choice(HALTS))


def _filters(stage: Stage, symbol: str, rng: random.Random) -> None:
    up, down = rng.choice(BANDS)
    drawn: tuple[dict[str, dict[str, str]], ...] = (
        {"MARKET_LOT_SIZE": {"maxQty": rng.choice(LARGEST[symbol])}},
        {"MIN_NOTIONAL": {"notional": rng.choice(NOTIONALS)}},
        {"PERCENT_PRICE": {"multiplierUp": up, "multiplierDown": down}},
        {"PRICE_FILTER": {"tickSize": rng.choice(TICKS[symbol])}},
    )
    stage.control(do="filters.set", symbol=symbol, filters=rng.choice(drawn))


def _tiers(stage: Stage, symbol: str, rng: random.Random) -> None:
    stage.control(do="bracket.set", symbol=symbol, brackets=[dict(tier) for tier in rng.choice(TIERS)])


def _funding(stage: Stage, symbol: str, rng: random.Random) -> None:
    stage.control(do="funding", symbol=symbol, hours=rng.choice((1, 2, 4)))


CHANGES: Final[dict[str, Callable[[Stage, str, random.Random], None]]] = {
    "halt": _halt,
    "filters": _filters,
    "tiers": _tiers,
    "funding": _funding,
}


def contract(stage: Stage, rng: random.Random) -> None:
    """A contract halts, or its rules, tiers or funding hours change; later they are as before."""
    symbol = rng.choice(stage.symbols)
    CHANGES[rng.choice(tuple(CHANGES))](stage, symbol, rng)
    stage.later(rng.choice((1_000, 15_000, 90_000)), lambda: stage.mend_contract(symbol))


def end(stage: Stage, rng: random.Random) -> None:
    """A contract ends: what is open is settled at the mark. Two minutes later it is listed anew."""
    symbol = rng.choice(stage.symbols)
    if rng.random() < 0.5:
        stage.control(do="settle", symbol=symbol)
    else:
        stage.control(do="delist", symbol=symbol, in_ms=rng.choice((0, 5_000, 40_000)))
    stage.later(120_000, lambda: stage.mend_contract(symbol))


def account(stage: Stage, rng: random.Random) -> None:
    """The account may only reduce, or nothing; or its key is revoked. Later all is allowed again."""
    if rng.random() < 0.7:
        stage.control(do="acct.perm", may=rng.choice(BANS))
    else:
        stage.control(do="acct.perm", revoked=True)
    stage.later(rng.choice((500, 4_000, 30_000)), stage.mend_account)


def force(stage: Stage, rng: random.Random) -> None:
    """The venue takes a position: part or all of it by auto-deleveraging, seldom the whole account by liquidation."""
    held = stage.control(do="state")["accounts"][0]["positions"]
    if rng.random() < 0.15:
        stage.control(do="liq")
    elif held:
        position = rng.choice(held)
        part = Decimal(position["amt"]).copy_abs() / 2
        half = {"quantity": str(part.quantize(Decimal("0.001")))} if rng.random() < 0.5 else {}
        stage.control(do="adl", symbol=position["symbol"], **half)
