"""The engine's own books against themselves: positions it says it has (I6), and average prices it publishes (I7)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from holdfast.model import events as ev
from holdfast.model.num import ZERO, text
from holdfast.model.orders import Side
from holdfast.model.plans import TradeResult
from holdfast.verify.base import Check, Scene
from holdfast.verify.money import AVERAGE_TOLERANCE

ROUNDING: Final = AVERAGE_TOLERANCE


class Books(Check):
    """Plays the journal in its order."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._positions: dict[str, Decimal] = {}
        self._sides: dict[tuple[str, Side], tuple[Decimal, Decimal]] = {}
        """(trade, side) → quantity and value of its fills."""

    def finish(self) -> None:
        """The whole journal in its order."""
        for seq, event in self.journal.story:
            match event:
                case ev.FillBooked():
                    self._on_fill(event)
                case ev.PositionSeen():
                    self._on_position(seq, event)
                case ev.TradeClosed():
                    self._on_closed(seq, event.result)
                case _:
                    pass

    def _on_fill(self, event: ev.FillBooked) -> None:
        fill = event.fill
        signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
        self._positions[fill.symbol] = self._positions.get(fill.symbol, ZERO) + signed
        quantity = fill.quantity if event.taken is None else event.taken
        held, value = self._sides.get((event.trade_id, fill.side), (ZERO, ZERO))
        self._sides[(event.trade_id, fill.side)] = (held + quantity, value + quantity * fill.price)

    def _on_position(self, seq: int, event: ev.PositionSeen) -> None:
        """What the engine calls ours is what it has booked, since the venue's word last became its own."""
        booked = self._positions.get(event.symbol, ZERO)
        if event.ours != booked:
            self.found.violated(
                "I6",
                f"{event.symbol}: the engine took its position for {text(event.ours)}, its fills add up to"
                f" {text(booked)}",
                seqs=[seq],
            )
        self._positions[event.symbol] = event.amount

    def _on_closed(self, seq: int, result: TradeResult) -> None:
        sides = (
            ("entry", result.entry_price, result.direction.entry_side),
            ("exit", result.exit_price, result.direction.exit_side),
        )
        for name, price, side in sides:
            quantity, value = self._sides.get((result.trade_id, side), (ZERO, ZERO))
            if price is not None and abs(price * quantity - value) > ROUNDING * max(quantity, Decimal(1)):
                self.found.violated(
                    "I7",
                    f"trade {result.trade_id} is published with the {name} price {text(price)}, its fills are worth"
                    f" {text(value)} for {text(quantity)}",
                    seqs=[seq],
                )
