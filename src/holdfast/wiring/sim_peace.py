"""How a simulated run ends: everything works again, all is closed in time, and the engine can trade once more."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from holdfast.model.ids import is_ours
from holdfast.model.inputs import Command
from holdfast.model.intent import Distance, Intent, Size
from holdfast.model.reasons import ResultStatus, TradingState

if TYPE_CHECKING:
    from holdfast.core.state import EngineState
    from holdfast.wiring.sim_world import Simulation

CONVERGE_S: Final = 75.0
"""What was put off in the last moment waits for a minute, and the balance is read every half one."""
CLOSE_S: Final = 100.0
SETTLE_S: Final = 15.0
RESUME_S: Final = 70.0
"""The slowest way back to active is a coverage round in idle times (RULES 12)."""
ENTER_S: Final = 6.0


class Peace:
    """The end of one run. `found` is what no record shows: something is left, or the engine cannot trade again."""

    def __init__(self, world: Simulation) -> None:
        self.world = world
        self.found: list[str] = []

    async def come(self) -> None:
        """Mend everything, let things converge, close what is open, look, trade once, close that."""
        world = self.world
        world.rest_from_faults()
        for order in self._account()["orders"]:
            if not is_ours(order["clientOrderId"]):
                world.control(do="human.cancel", symbol=order["symbol"], orderId=str(order["orderId"]))
        for waiting in self._account()["algos"]:
            if not is_ours(waiting["clientAlgoId"]):
                world.control(do="human.cancel", algoId=str(waiting["algoId"]))
        await asyncio.sleep(CONVERGE_S)
        self._tell("adopt")  # What left unjournalled while the disk was broken is named by a human.
        await asyncio.sleep(SETTLE_S)
        self._remove_adopted()
        await self._close_everything()
        if self._at_rest():
            await self._trade_again()

    def _state(self) -> EngineState:
        node = self.world.node
        assert node is not None, "invariant: somebody runs in peace"
        return node.engine.state

    def _account(self) -> dict[str, Any]:
        account: dict[str, Any] = self.world.control(do="state")["accounts"][0]
        return account

    def _tell(self, what: str, **details: str) -> None:
        self.world.command(Command(now_ms=0, what=what, by="operator", **details))  # type: ignore[arg-type]

    def _remove_adopted(self) -> None:
        """What the engine was told is not its own it may not cancel (RULES 8): the human who said so does."""
        strangers, left = self._state().strangers, self._account()
        for waiting in [waiting for waiting in left["algos"] if waiting["clientAlgoId"] in strangers]:
            self.world.control(do="human.cancel", algoId=str(waiting["algoId"]))
        for order in [order for order in left["orders"] if order["clientOrderId"] in strangers]:
            self.world.control(do="human.cancel", symbol=order["symbol"], orderId=str(order["orderId"]))

    async def _close_everything(self) -> None:
        for symbol in self.world.symbols:
            self.world.deliver(self.world.sources.flatten(symbol))
        await self._until(self._nothing_left, CLOSE_S)
        await asyncio.sleep(SETTLE_S)

    def _nothing_left(self) -> bool:
        state = self._state()
        open_now = any(Decimal(row["amt"]) for row in self._account()["positions"])
        return not (open_now or state.live_trades or state.flattens or state.closing or state.quarantines)

    async def _until(self, condition: Any, within_s: float) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while not condition():
            if loop.time() >= end:
                return False
            await asyncio.sleep(0.5)
        return True

    def _at_rest(self) -> bool:
        state = self._state()
        left = {
            "a trade": state.live_trades,
            "a flatten loop": state.flattens,
            "a closing": state.closing,
            "a quarantine": state.quarantines,
        }
        self.found += [f"rest: {name} is left: {what}" for name, what in left.items() if what]
        theirs = {row["symbol"]: Decimal(row["amt"]) for row in self._account()["positions"]}
        for symbol in self.world.symbols:
            ours, amount = state.positions.get(symbol, Decimal(0)), theirs.get(symbol, Decimal(0))
            if ours != amount:
                self.found.append(f"rest: {symbol} is {ours} by our books and {amount} at the venue")
            elif amount and self.world.settings.on_foreign != "ignore":
                self.found.append(f"rest: {amount} {symbol} is still open")
        return not self.found

    async def _trade_again(self) -> None:
        """One entry per symbol must come to a protected position, unless the day's loss forbids it."""
        if self._state().loss_latched:
            return
        for symbol in self.world.symbols:
            self._tell("release", symbol=symbol)
        self._tell("resume_prepare")
        await asyncio.sleep(0.5)
        self._tell("resume_confirm", token=self._state().resume_token)
        if not await self._until(lambda: self._state().effective is TradingState.ACTIVE, RESUME_S):
            self.found.append(f"again: the engine is {self._state().effective} for {self._state().effective_reasons}")
            return
        names = [self._enter(symbol) for symbol in self.world.symbols]
        await asyncio.sleep(ENTER_S)
        for name in names:
            self._judge(name)
        await self._close_everything()

    def _enter(self, symbol: str) -> str:
        touch = self.world.touch(symbol)
        assert touch is not None, "invariant: the market has prices"
        intent = Intent(
            id=f"again-{symbol}",
            source="end",
            symbol=symbol,
            action="open",
            side="long",
            size=Size(notional=Decimal(1_000)),
            stop_loss=Distance(pct=Decimal(1)),
        )
        self.world.deliver(intent)
        return intent.id

    def _judge(self, name: str) -> None:
        state = self._state()
        if state.loss_latched or (self.world.settings.on_foreign != "adopt" and state.foreign):
            return
        record = state.intents.get(name)
        result = record.result if record is not None else None
        usual = {ResultStatus.PROTECTED, ResultStatus.FLATTENED}
        if result is None or (result.status not in usual and result.code != "NO_FILL_AT_CAP"):
            self.found.append(f"again: {name} came to {result and (result.status, result.code, result.reason)}")
