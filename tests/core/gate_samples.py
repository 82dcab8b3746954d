"""Samples for the tests of the gate: a symbol, an account in good order, and a plain intent."""

from copy import copy
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from holdfast.core.gate_view import Exposures, GateView
from holdfast.core.risk import Accepted, Denied
from holdfast.model.instrument import Bracket, Instrument
from holdfast.model.intent import Distance, Entry, Intent, Size, Target
from holdfast.model.orders import Direction
from holdfast.model.reasons import DenyCode, TradingState
from holdfast.model.reports import RateWindow, SymbolConfig
from holdfast.model.settings import EngineSettings, Limits, SourcePolicy, Venue

D = Decimal

NOW_MS = 1_763_700_000_000

BRACKETS = (
    Bracket(floor=D(0), cap=D(100_000), max_leverage=100, maintenance_ratio=D("0.005"), cum=D(0)),
    Bracket(floor=D(100_000), cap=D(500_000), max_leverage=50, maintenance_ratio=D("0.01"), cum=D(500)),
    Bracket(floor=D(500_000), cap=D(2_000_000), max_leverage=25, maintenance_ratio=D("0.02"), cum=D(5_500)),
    Bracket(floor=D(2_000_000), cap=D(10_000_000), max_leverage=10, maintenance_ratio=D("0.05"), cum=D(65_500)),
)
"""The invented tiers of protocol notes I.3."""

BTC = Instrument(
    symbol="BTCUSDT",
    status="TRADING",
    contract_type="PERPETUAL",
    base_asset="BTC",
    quote_asset="USDT",
    margin_asset="USDT",
    tick_size=D("0.10"),
    price_min=D("556.80"),
    price_max=D("4529764"),
    step_size=D("0.001"),
    quantity_min=D("0.001"),
    quantity_max=D(1000),
    market_step_size=D("0.001"),
    market_quantity_min=D("0.001"),
    market_quantity_max=D(120),
    notional_min=D(50),
    multiplier_up=D("1.0500"),
    multiplier_down=D("0.9500"),
    brackets=BRACKETS,
)

SETTINGS = EngineSettings(account="main", venue=Venue.PAPER, limits=Limits(max_order_notional=D(1_000_000)))


def settings(**changes: Any) -> EngineSettings:
    """Settings with changes; names of `Limits` go there."""
    limits = {name: changes.pop(name) for name in list(changes) if name in Limits.__struct_fields__}
    base = msgspec.structs.replace(SETTINGS, **changes)
    return msgspec.structs.replace(base, limits=msgspec.structs.replace(base.limits, **limits))


def instrument(**changes: Any) -> Instrument:
    """BTCUSDT with other rules."""
    return msgspec.structs.replace(BTC, **changes)


class Exposure(NamedTuple):
    """One live trade or foreign position. By default a long of 1 000 USDT on another symbol, working only."""

    symbol: str = "ETHUSDT"
    direction: Direction | None = Direction.LONG
    quantity: D = D("0.25")
    notional: D = D(1000)
    initial_margin: D = D(200)
    held_notional: D = D(0)
    reserved_margin: D = D(0)


def exposure(**changes: Any) -> Exposure:
    """One with changes."""
    return Exposure(**changes)


def exposures(*several: Exposure, symbol: str = "BTCUSDT", onto: Exposures | None = None) -> Exposures:
    """Several added up, for a verdict on `symbol`; `onto` what is there already, which is left as it is."""
    total = copy(onto) if onto is not None else Exposures()
    for each in several:
        total.add(
            each.direction,
            abs(each.quantity),
            each.notional,
            each.held_notional,
            each.initial_margin,
            each.reserved_margin,
            here=each.symbol == symbol,
        )
    return total


def view(**changes: Any) -> GateView:
    """An account in good order: 10 000 USDT, mark 80 000, touch 79 999.90 / 80 000.10, nothing open.

    `exposures` may be single ones, which are added up.
    """
    if isinstance(several := changes.get("exposures"), tuple):
        changes["exposures"] = exposures(*several, symbol=changes.get("instrument", BTC).symbol)
    values: dict[str, Any] = {
        "now_ms": NOW_MS,
        "settings": SETTINGS,
        "source": SourcePolicy(name="strategy"),
        "instrument": BTC,
        "quarantined": None,
        "contradictions": (),
        "commanded": TradingState.ACTIVE,
        "effective": TradingState.ACTIVE,
        "health_reasons": (),
        "reconciled": True,
        "journal_ok": True,
        "stream_ok": True,
        "clock_ok": True,
        "clock_offset_ms": 12,
        "watch_age_ms": 4_000,
        "modes_ok": True,
        "mark": D("80000.0"),
        "mark_age_ms": 500,
        "bid": D("79999.9"),
        "ask": D("80000.1"),
        "touch_age_ms": 50,
        "mark_low_1m": D("79980.0"),
        "mark_high_1m": D("80020.0"),
        "equity": D(10_000),
        "wallet": D(10_000),
        "available": D(10_000),
        "account_age_ms": 1_000,
        "exposures": exposures(),
        "live_trade": None,
        "foreign_amount": D(0),
        "quarantine_until_ms": None,
        "quarantine_ids": (),
        "unresolved_ids": (),
        "symbol_halted": None,
        "recent_rejects": 0,
        "daily_loss": "",
        "open_orders_symbol": 0,
        "open_orders_total": 0,
        "conditionals_used": 0,
        "live_trades": 0,
        "open_positions": 0,
        "symbol_config": SymbolConfig(symbol="BTCUSDT", leverage=5, margin_type="CROSSED"),
        "symbol_in_use": False,
        "weight": None,
        "rates": (
            RateWindow(interval_ms=10_000, count=0, limit=300),
            RateWindow(interval_ms=60_000, count=0, limit=1200),
        ),
        "orders_owed": 0,
    }
    return GateView(**(values | changes))


def intent(**changes: Any) -> Intent:
    """Long BTCUSDT, 1 % risk, stop 1 % away, one target."""
    values: dict[str, Any] = {
        "id": "intent-1",
        "source": "strategy",
        "symbol": "BTCUSDT",
        "action": "open",
        "side": "long",
        "size": Size(risk_pct=D(1)),
        "stop_loss": Distance(pct=D(1)),
        "take_profits": (Target(pct=D(3)),),
    }
    return Intent(**(values | changes))


def limit_entry(price: str, **changes: Any) -> Entry:
    """A limit entry."""
    return Entry(type="limit", price=D(price), **changes)


def denied(code: DenyCode, verdict: Accepted | Denied | None) -> Denied:
    """The denial, which must have this code."""
    assert isinstance(verdict, Denied), verdict
    assert verdict.code is code, verdict
    return verdict


def accepted(verdict: Accepted | Denied) -> Accepted:
    """The acceptance."""
    assert isinstance(verdict, Accepted), verdict
    return verdict


def expect(code: DenyCode, refused: bool, verdict: Accepted | Denied) -> None:
    """Denied with the code, or accepted."""
    if refused:
        denied(code, verdict)
    else:
        accepted(verdict)


def outcome(verdict: Accepted | Denied) -> str:
    """The code of a denial, or "accepted"."""
    return verdict.code.value if isinstance(verdict, Denied) else "accepted"
