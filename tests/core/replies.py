"""What the bench's venue may say to a request, and the rules of the symbols it trades."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from holdfast.model.ids import Role
from holdfast.model.instrument import Bracket, Instrument
from holdfast.model.num import ZERO
from holdfast.model.orders import OrderSpec, OrderType, Side
from holdfast.model.reasons import Outcome
from holdfast.model.reports import Channel, Fill

SYMBOL = "BTCUSDT"


def instrument(symbol: str = SYMBOL, **changes: Any) -> Instrument:
    """Rules like BTCUSDT's."""
    rules: dict[str, Any] = {
        "symbol": symbol, "status": "TRADING", "contract_type": "PERPETUAL", "base_asset": symbol[:-4],
        "quote_asset": "USDT", "margin_asset": "USDT", "tick_size": Decimal("0.1"), "price_min": Decimal("0.1"),
        "price_max": Decimal("1000000"), "step_size": Decimal("0.001"), "quantity_min": Decimal("0.001"),
        "quantity_max": Decimal("1000"), "market_step_size": Decimal("0.001"),
        "market_quantity_min": Decimal("0.001"), "market_quantity_max": Decimal("120"),
        "notional_min": Decimal("5"), "multiplier_up": Decimal("1.05"), "multiplier_down": Decimal("0.95"),
        "brackets": (Bracket(floor=ZERO, cap=Decimal("10000000"), max_leverage=125,
                             maintenance_ratio=Decimal("0.004"), cum=ZERO),),
    }  # fmt: skip
    return Instrument(**{**rules, **changes})


@dataclass(frozen=True)
class Reply:
    """How the venue ends one request. `outcome` None = no answer at all; `landed` = it did what was asked."""

    outcome: Outcome | None = Outcome.CONFIRMED
    code: int = 0
    message: str = ""
    status: int = 200
    after_ms: int = 0
    landed: bool = True
    streamed: bool = True
    local: str = ""


def confirmed(*, streamed: bool = True) -> Reply:
    """The venue did it and says so; without `streamed` the user stream stays silent about it."""
    return Reply(streamed=streamed)


def rejected(code: int = -2019, message: str = "refused", *, status: int = 400, local: str = "") -> Reply:
    """The venue proves that it did nothing."""
    return Reply(Outcome.REJECTED, code, message, status, landed=False, local=local)


def throttled(after_ms: int = 500) -> Reply:
    """The venue asks to wait."""
    return Reply(Outcome.THROTTLED, -1015, "too many orders", 429, after_ms, landed=False)


def unknown(*, landed: bool = False, streamed: bool = False) -> Reply:
    """No proof either way."""
    return Reply(Outcome.UNKNOWN, -1007, "timeout", 408, landed=landed, streamed=streamed)


def silence(*, landed: bool = False) -> Reply:
    """The answer never arrives (a crash, or a request still in flight)."""
    return Reply(None, landed=landed, streamed=False)


def without_fee(fill: Fill) -> Fill:
    """The same execution as TRADE_LITE tells it."""
    return Fill(channel=Channel.STREAM, symbol=fill.symbol, order_id=fill.order_id, trade_id=fill.trade_id,
                side=fill.side, price=fill.price, quantity=fill.quantity, fee=None, fee_asset="", realized=ZERO,
                maker=fill.maker, client_id=fill.client_id, venue_ms=fill.venue_ms)  # fmt: skip


def stranger_order(client_id: str, quantity: str, side: Side = Side.BUY) -> OrderSpec:
    """An order that somebody places by hand."""
    return OrderSpec(client_id=client_id, role=Role.ENTRY, symbol=SYMBOL, side=side, type=OrderType.MARKET,
                     quantity=Decimal(quantity))  # fmt: skip
