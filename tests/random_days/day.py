"""One random day from a seed: sources, operators, strangers, markets, faults and kills; then peace, and judgement."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Final

import msgspec

from holdfast.model import inputs as inp
from holdfast.model.ids import is_ours
from holdfast.model.intent import Distance, Entry, Intent, Size, Target
from holdfast.model.reasons import ResultStatus, TradingState
from holdfast.model.settings import Limits
from tests.random_days import faults, rare, upsets, venue
from tests.random_days.world import START_US, TICKS, World

STEPS: Final = 50
SECOND_US: Final = 1_000_000
BEFORE_THE_HOUR: Final = 46 * 60 * SECOND_US
"""From the opening of the desk to 40 s before 15:00, when funding is due."""
BEFORE_MIDNIGHT: Final = BEFORE_THE_HOUR + 9 * 3_600 * SECOND_US

SIZES: Final = {"BTCUSDT": Decimal("0.05"), "ETHUSDT": Decimal("1")}
PAUSES_MS: Final = (0, 1, 3, 10, 30, 100, 300, 500, 800, 1_500, 1_500, 4_000, 4_000, 7_000)


class Day:
    """Draws its habits first, so that most days have some kinds of trouble and not others."""

    def __init__(
        self,
        seed: int,
        facts: str | None = None,
        *,
        kills: bool | None = None,
        trouble: Sequence[str] | None = None,
        humans: bool | None = None,
        commands: bool | None = None,
        disk_ms: Sequence[int] | None = None,
        bad_disk: bool = False,
        limits: Limits | None = None,
        **policies: Any,
    ) -> None:
        """What is given is not drawn; the draws themselves stay the same, so that a seed stays the same day."""
        rng = self.rng = random.Random(seed)
        self.seed = seed
        self.guesses = random.Random(f"guesses of {seed}")
        """Chance beside the day's own draws, so that these stay what they were."""
        # What is drawn only where nothing is given has a source of its own.
        fate, drawn = random.Random(f"the venue of {seed}"), facts is None
        self.facts = facts if facts is not None else venue.draw(fate, rng.choice(list(venue.FACTS)))
        if drawn:
            self.facts = venue.with_more(self.facts, seed)
        switches = venue.switches(self.facts)
        self.kills = kills if kills is not None else rng.random() < 0.6
        self.trouble = [name for name in faults.GROUPS if rng.random() < 0.55] if rng.random() < 0.9 else []
        self.trouble = list(trouble) if trouble is not None else self.trouble
        self.trouble += [name for name in upsets.UPSETS if drawn and fate.random() < 0.12]
        later = random.Random(f"later upsets of {seed}")
        self.trouble += [name for name in upsets.LATER_UPSETS if drawn and later.random() < 0.12]
        self.bad_disk = bad_disk
        drawn_humans, drawn_commands = rng.random() < 0.35, rng.random() < 0.4
        self.humans = humans if humans is not None else drawn_humans
        self.commands = commands if commands is not None else drawn_commands
        self.weather = faults.Weather(rng)
        self.weather.disk = tuple(disk_ms) if disk_ms is not None else self.weather.disk
        self.world = World(
            facts=switches,
            known=venue.known(switches, fate) if drawn else None,
            network=self.weather,
            funds=fate.choice((100_000, 700)) if "margin" in self.trouble else 100_000,
            begin_us=START_US + rng.choice((0, 0, 0, BEFORE_THE_HOUR, BEFORE_MIDNIGHT)),
            limits=self._limits(limits),
            **{**self._policies(), **policies},
        )
        self.world.funding_ms = (self.world.agenda.now_ms // 3_600_000 + 1) * 3_600_000
        self.sent: list[Intent] = []
        self.acts = self._acts()
        self.log: list[str] = []

    def _limits(self, given: Limits | None) -> Limits:
        daily_loss = Decimal(self.rng.choice((15, 1_000, 1_000, 1_000)))
        return given if given is not None else Limits(daily_loss=daily_loss)

    def _policies(self) -> dict[str, Any]:
        foreign = self.rng.choice(("halt", "halt", "adopt", "ignore"))
        return {
            "on_foreign": foreign,
            "adopt_stop_pct": Decimal(1) if foreign == "adopt" else None,
            "late_entry": self.rng.choice(("flatten", "adopt")),
            "on_daily_loss": self.rng.choice(("keep", "flatten")),
            "allow_unattended_entries": True,
            "default_leverage": self.rng.choice((5, 20, 20)),
        }

    def _acts(self) -> list[Callable[[], None]]:
        """What may happen, each as often as it is likely."""
        acts = [self.open] * 6 + [self.close, self.repeat, self.snapshot] + [self.move] * 6
        acts += [self.jump, self.thin, self.stranger, self.stranger]
        for name in self.trouble:
            upset = (faults.GROUPS | upsets.UPSETS | upsets.LATER_UPSETS | rare.RARE)[name]
            acts += [partial(upset, self.world, self.rng)] * 2
        if self.kills:
            acts += [self.kill, self.doom]
        if self.humans:
            acts += [self.human_trade, self.human_cancel]
        if self.commands:
            acts += [self.halt, self.resume, self.resume, self.flatten]
        if (self.kills and self.rng.random() < 0.15) or self.bad_disk:
            acts.append(self.break_disk)
        return acts

    def live(self) -> list[str]:
        """The whole day. Answers what is wrong, nothing when all is well."""
        world, rng = self.world, self.rng
        try:
            world.start()
            world.run(rng.choice((0, 50, 3_000)))
            for _ in range(STEPS):
                rng.choice(self.acts)()
                world.run(rng.choice(PAUSES_MS))
            self.peace()
            stuck = self.reckon()
        except AssertionError as error:
            return [f"assertion: {error}"]
        return world.findings(**self.bounds()) + stuck

    def bounds(self) -> dict[str, Any]:
        """What network and clock did counts against nobody: evidence takes longer when it, or the question, is late."""
        slow_ms = max(self.weather.push) + max(self.weather.back) + max(self.weather.out)
        blind_ms = 45_000 if "reads" in self.trouble or "queries" in self.trouble else 0
        # Whose execution made a symbol flat, only a question for its order tells; young orders are not shown for 3 s.
        hidden_ms = 3_000 if "queries" in self.trouble else 0
        # Where no id is taken twice, "it exists" may be said of a stop that is gone, and only a list tells (RULES 12).
        used_up = self.world.desk.config.facts.reuse_filled_client_id != "accept"
        wrong_ms = upsets.WRONG_MS if "clock" in self.trouble else 0
        return {
            "clock_error_ms": 250 + wrong_ms,
            "silent_ms": 5_000 + 3 * slow_ms + blind_ms,
            "orphan_ms": 2_000 + (blind_ms if "reads" in self.trouble else hidden_ms),
            "naked_ms": 1_000 + slow_ms + (10_000 if used_up and "reads" in self.trouble else 0),
            "lag_ms": 1_000 + slow_ms + wrong_ms,
        }

    # Sources.

    def _price(self, symbol: str, price: Decimal) -> Decimal:
        return price.quantize(TICKS[symbol].normalize())

    def open(self) -> None:
        """Somebody wants in."""
        rng, symbol = self.rng, self.rng.choice(tuple(self.world.markets))
        side = rng.choice(("long", "short"))
        sign, base = (1, self.world.markets[symbol].price) if side == "long" else (-1, self.world.markets[symbol].price)

        def away(bps: int) -> Decimal:
            return self._price(symbol, base * (1 + sign * Decimal(bps) / 10_000))

        stop = Distance(price=away(-rng.randint(8, 60)))
        if rng.random() < 0.2:
            stop = Distance(pct=Decimal(rng.choice(("0.2", "0.5"))))
        targets: tuple[Target, ...] = ()
        if rng.random() < 0.5:
            near, far = away(rng.randint(8, 40)), away(rng.randint(45, 80))
            targets = (Target(price=near, fraction=Decimal("0.5")), Target(price=far, fraction=Decimal("0.5")))
        size = Size(quantity=SIZES[symbol] * rng.choice((1, 1, 2)))
        if rng.random() < 0.2:
            size = Size(risk_pct=Decimal("0.05"))
        self._send(symbol, "open", side=side, size=size, stop_loss=stop, take_profits=targets, entry=self._entry(away),
                   leverage=rng.choice((None, None, None, None, 5, 7)))  # fmt: skip

    def _entry(self, away: Callable[[int], Decimal]) -> Entry:
        rng, draw = self.rng, self.rng.random()
        if draw < 0.5:
            return Entry()
        if draw < 0.6:
            return Entry(plain=True)
        force = rng.choice(("GTD", "GTD", "IOC", "FOK", "GTX", None))
        return Entry(type="limit", price=away(rng.choice((-6, -3, -1, 2))), time_in_force=force,
                     ttl_ms=rng.choice((500, 3_000, 8_000, 30_000)))  # fmt: skip

    def _send(self, symbol: str, action: str, **what: Any) -> None:
        intent = Intent(id=f"i{len(self.sent) + 1}", source="s", symbol=symbol, action=action, **what)  # type: ignore[arg-type]
        self.sent.append(intent)
        self.world.intend(intent)

    def close(self) -> None:
        """Somebody wants out."""
        action = self.rng.choice(("close", "close", "flatten"))
        self._send(self.rng.choice(tuple(self.world.markets)), action)

    def repeat(self) -> None:
        """An intent is delivered again, sometimes with other content under the same id."""
        if self.sent:
            intent = self.rng.choice(self.sent)
            changed = self.rng.random() < 0.3
            self.world.intend(msgspec.structs.replace(intent, meta={"again": "yes"}) if changed else intent)

    # Markets.

    def _walk(self, low: int, high: int) -> None:
        symbol = self.rng.choice(tuple(self.world.markets))
        market = self.world.markets[symbol]
        step = Decimal(self.rng.randint(low, high) * self.rng.choice((-1, 1))) / 10_000
        depth = market.depth if self.rng.random() < 0.7 else 40 * SIZES[symbol]
        self.world.quote(symbol, self._price(symbol, market.price * (1 + step)), depth)

    def move(self) -> None:
        """A few basis points."""
        self._walk(1, 12)

    def jump(self) -> None:
        """Far enough to trigger what waits."""
        self._walk(20, 90)

    def thin(self) -> None:
        """Little is offered: orders fill in part."""
        symbol = self.rng.choice(tuple(self.world.markets))
        self.world.quote(symbol, depth=SIZES[symbol] * Decimal(self.rng.choice(("0.1", "0.4", "0.7"))))

    def stranger(self) -> None:
        """Strangers trade at the prices of orders that rest, in small pieces."""
        for order in self._resting():
            part = Decimal(self.rng.choice(("0.2", "0.5", "1.5"))) * SIZES[order["symbol"]]
            self.world.desk.trade(order["price"], str(part.quantize(Decimal("0.001"))), symbol=order["symbol"],
                                  seller_aggressive=order["side"] == "BUY")  # fmt: skip

    def _resting(self) -> list[dict[str, Any]]:
        return list(self.world.desk.control("state")["accounts"][0]["orders"])

    # Operators and other people.

    def halt(self) -> None:
        """An operator stops trading."""
        self._command(self.rng.choice(("halt", "reduce")))

    def resume(self) -> None:
        """An operator goes on, in two steps; or tries with one."""
        if self.guesses.random() < 0.3:
            self._command("resume_confirm", token="a guess")
        else:
            self._resume()

    def _resume(self) -> None:
        self._command("resume_prepare")
        self._command("resume_confirm", token=self.world.process.engine.state.resume_token)

    def flatten(self) -> None:
        """An operator closes one symbol, or everything."""
        self._command("flatten", symbol=self.rng.choice(("", *self.world.markets)))

    def _command(self, what: str, **details: str) -> None:
        self.world.give(inp.Command(now_ms=0, what=what, by="operator", **details))  # type: ignore[arg-type]

    def human_trade(self) -> None:
        """A person trades on the same account: a market order, a resting one, or the close of what is open."""
        rng, symbol = self.rng, self.rng.choice(tuple(self.world.markets))
        quantity = SIZES[symbol] * Decimal(rng.choice(("0.2", "1", "2")))
        order = {"symbol": symbol, "side": rng.choice(("BUY", "SELL")), "type": "MARKET", "quantity": str(quantity)}
        if rng.random() < 0.3:
            order["reduceOnly"] = "true"
        elif rng.random() < 0.3:
            price = self._price(symbol, self.world.markets[symbol].price * Decimal("0.997"))
            order |= {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": str(price)}
        self.world.human("human.trade", **order)

    def human_cancel(self) -> None:
        """A person cancels something of ours: an order, a stop, or all of a symbol."""
        state = self.world.desk.control("state")["accounts"][0]
        if self.rng.random() < 0.2:
            self.world.human("human.cancel", symbol=self.rng.choice(tuple(self.world.markets)), all="true")
        elif state["algos"] and self.rng.random() < 0.6:
            self.world.human("human.cancel", algoId=str(self.rng.choice(state["algos"])["algoId"]))
        elif state["orders"]:
            order = self.rng.choice(state["orders"])
            self.world.human("human.cancel", symbol=order["symbol"], orderId=str(order["orderId"]))

    # Our own house.

    def kill(self) -> None:
        """kill −9, now."""
        self.world.rest_ms = self.rng.choice((50, 1_000, 6_000, 20_000))
        if self.world.process.alive:
            self.world.process.kill()

    def doom(self) -> None:
        """kill −9 in a moment: between two inputs, or between two effects of one step."""
        self.world.rest_ms = self.rng.choice((50, 1_000, 6_000))
        self.world.process.doom = self.rng.randint(1, 12)

    def break_disk(self) -> None:
        """The journal cannot be written; after a while a supervisor restarts the engine with a good disk."""
        process = self.world.process
        if process.alive and process.disk_ok:
            process.break_disk()
            process.later(self.rng.choice((500, 3_000, 10_000)), process.kill)

    def snapshot(self) -> None:
        """The next start begins with this state."""
        self.world.take_snapshot()

    # The end.

    def peace(self) -> None:
        """Everything works again, strangers take their orders away, and there is time."""
        world = self.world
        self.weather.calm = True
        world.calm()
        world.desk.control("fund", amount="100000")
        faults.unstick(world, self.rng)
        world.process.doom = None
        for symbol in world.markets:
            world.quote(symbol, depth=200 * SIZES[symbol])
        for order in self._resting():
            if not is_ours(order["clientOrderId"]):
                world.human("human.cancel", symbol=order["symbol"], orderId=str(order["orderId"]))
        world.run(30_000)
        if not world.process.disk_ok:
            world.kill()
        world.run(15_000)
        self._command("adopt")  # What left unjournalled while the disk was broken is named by a human.
        world.run(15_000)
        self._remove_adopted()
        for symbol in world.markets:
            self._send(symbol, "flatten")
        world.run(90_000)

    def _remove_adopted(self) -> None:
        """What the engine was told is not its own, it may not cancel (RULES 8): the human who said so does."""
        strangers = self.world.process.engine.state.strangers
        left = self.world.desk.control("state")["accounts"][0]
        for waiting in [waiting for waiting in left["algos"] if waiting["clientAlgoId"] in strangers]:
            self.world.human("human.cancel", algoId=str(waiting["algoId"]))
        for order in [order for order in left["orders"] if order["clientOrderId"] in strangers]:
            self.world.human("human.cancel", symbol=order["symbol"], orderId=str(order["orderId"]))

    def reckon(self) -> list[str]:
        """Beside the checker: the engine has come to rest, agrees with the venue, and can trade again."""
        world = self.world
        state = world.process.engine.state
        found = [f"rest: {name} is left: {left}" for name, left in (
            ("a trade", state.live_trades), ("a flatten loop", state.flattens), ("a closing", state.closing),
            ("a quarantine", state.quarantines)) if left]  # fmt: skip
        for symbol in world.markets:
            ours, theirs = state.positions.get(symbol, Decimal(0)), world.desk.position(symbol)
            if ours != theirs:
                found.append(f"rest: {symbol} is {ours} by our books and {theirs} at the venue")
            if theirs and world.settings.on_foreign != "ignore":
                found.append(f"rest: {theirs} {symbol} is still open")
        return found or self._trade_again()

    def _trade_again(self) -> list[str]:
        world = self.world
        state = world.process.engine.state
        if state.loss_latched:
            return []
        for symbol in world.markets:
            self._command("release", symbol=symbol)
        if state.commanded is not TradingState.ACTIVE:
            self._resume()
        world.run(6_000)
        if state.effective is not TradingState.ACTIVE:
            return [f"again: the engine is {state.effective} for {state.effective_reasons}"]
        names = []
        for symbol, market in world.markets.items():
            names.append(f"again-{symbol}")
            stop = self._price(symbol, market.price * Decimal("0.99"))
            world.open(names[-1], symbol=symbol, quantity=str(SIZES[symbol]), stop=str(stop))
        world.run(5_000)
        found = []
        for name in names if not state.loss_latched else ():  # The fees of these two may have been the last straw.
            result = state.intents[name].result
            foreign = world.settings.on_foreign != "adopt" and state.foreign
            if result is None or (result.status is not ResultStatus.PROTECTED and not foreign):
                found.append(f"again: {name} came to {result and (result.status, result.code, result.reason)}")
        for symbol in world.markets:
            self._send(symbol, "flatten")
        world.run(60_000)
        return found
