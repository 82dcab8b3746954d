"""One simulated run: the real engine, killed and restarted, against the paper exchange, from a scenario.

Everything runs on one virtual loop: the exchange with its market, a network with moods, a disk, a machine's clock, and
one process of the engine at a time (`sim.lives`). What happens is the scenario's; the records are what is judged
(`wiring.simulation`).
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from itertools import chain
from typing import Any, Final, NamedTuple

import msgspec

from holdfast import __version__
from holdfast.adapters.loop_clock import LoopClock
from holdfast.binance import endpoints as ep
from holdfast.binance.signing import make_signer
from holdfast.model.inputs import Command
from holdfast.model.intent import Intent
from holdfast.model.reasons import TradingState
from holdfast.model.settings import EngineSettings, Limits, Venue
from holdfast.model.venue_facts import VenueFacts
from holdfast.paper import config as paper
from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.sources.opening import SyntheticName, made_up
from holdfast.paper.sources.source import grids
from holdfast.service.inbox import Refused
from holdfast.service.log import make_logger
from holdfast.service.metrics import Metrics
from holdfast.service.observe import Observer
from holdfast.sim.acts import ACTS
from holdfast.sim.clock import WrongClock
from holdfast.sim.disk import Platter, SimJournal
from holdfast.sim.lives import Killed, Life, Points, Variant
from holdfast.sim.loop import VirtualLoop
from holdfast.sim.network import InProcessVenue
from holdfast.sim.roads import Weather
from holdfast.sim.scenario import Act, Scenario
from holdfast.sim.sources import Sources
from holdfast.verify import Window
from holdfast.wiring.node import Identity, KeyNotTaken, Network, Node

FUNDS: Final = Decimal(100_000)
ASK_AGAIN_MS: Final = 3_000
"""How long a source waits before it delivers an unanswered intent once more."""
KEEP_TIME_MS: Final = 256_000
"""How often a time service looks at a clock that drifts."""
BACK_UP_MS: Final = 1_000
"""How long a supervisor waits before it starts again what ended by itself."""
FUNDING_HOURS: Final = 8
"""Between the payments of a contract that does not say."""
_INFO: Final = default_exchange_info()


class Listed(NamedTuple):
    """A contract as the exchange knew it in the beginning."""

    row: dict[str, Any]
    brackets: list[paper.Bracket]


class Simulation:
    """Construct it in a running `VirtualLoop`, await `play`, then look at the records.

    It is the `Stage` of every act. `problems` are things that no record shows: an engine that ended by an error.
    """

    def __init__(self, scenario: Scenario, loop: VirtualLoop) -> None:
        self.scenario = scenario
        self.loop = loop
        self.symbols = scenario.symbols
        self.sources = Sources(scenario.symbols)
        self.clock = WrongClock(loop, scenario.begin_us)
        self.clock.drift(scenario.drift_ppm)
        self.weather = Weather(scenario.climate, scenario.weather_seed, self.clock.true_us)
        self.platter = Platter(scenario.weather_seed + 1, scenario.sync_ms)
        self.points = Points(scenario.strikes)
        self.log: list[dict[str, Any]] = []
        self.acknowledged: list[str] = []
        self.windows: list[Window] = []
        self.faults: Counter[str] = Counter()
        self.problems: list[str] = []
        self.lives: list[Life] = []
        self.node: Node | None = None
        self.settings = settings_of(scenario)
        self._context = contextvars.copy_context()
        self._life: Life | None = None
        self._journal: SimJournal | None = None
        self._ready = False
        self._in_flight: dict[str, None] = {}
        self._over = False
        self._rest_ms = BACK_UP_MS
        """How long nobody runs after the next death that is not a strike's."""
        self._strikes_seen = 0
        self.last_state_hash: str | None = None
        """What the living engine's state came to at the end, if all of it was on the disk."""
        self.network = self._venue()
        markets = self.network.venue.exchange.markets
        self._listed = {name: Listed(deepcopy(markets[name].row), markets[name].brackets) for name in self.symbols}

    def _venue(self) -> InProcessVenue:
        scenario = self.scenario
        account = paper.AccountConfig(
            name="paper", api_key="paper-key", api_secret="paper-secret", balances={"USDT": FUNDS}
        )
        config = paper.PaperConfig(
            accounts=[account],
            facts=msgspec.convert(scenario.facts, paper.VenueFacts),
            default_leverage=scenario.policies.default_leverage,
            market_history=False,
        )
        market = made_up(
            SyntheticName(seed=scenario.market_seed, symbols=scenario.symbols),
            grids(_INFO),
            start_us=scenario.begin_us,
            step_ms=1_000,
        )
        events = msgspec.structs.replace(market, lean=True).events()
        first = next(events)
        venue = PaperVenue(config, _INFO, scenario.begin_us, self.log.append)
        clock = LoopClock(self.loop, scenario.begin_us)
        return InProcessVenue(venue, chain((first,), events), clock, roads=self.weather)

    # The run.

    async def play(self) -> None:
        """The whole scenario, without its end in peace (`wiring.sim_peace`)."""
        self.network.start()
        self.start_life()
        self._ask_again()
        self._keep_time()
        for act in self.scenario.acts:
            self.later(act.at_ms, lambda act=act: self.perform(act))  # type: ignore[misc]
        await asyncio.sleep(self.scenario.duration_ms / 1_000)

    async def pass_time(self, seconds: float) -> None:
        """Let so much simulated time pass."""
        await asyncio.sleep(seconds)

    def perform(self, act: Act) -> None:
        """One act."""
        if self._over:
            return
        row = ACTS[act.do]
        if row.fault:
            self.faults[act.do] += 1
        row.do(self, random.Random(act.seed))

    def rest_from_faults(self) -> None:
        """No further act of the scenario, and everything that is broken works again."""
        self._over = True
        self.points.clear()
        self.weather.calm()
        self.control(do="fault", verb="clear")
        for symbol in self.symbols:
            self.mend_contract(symbol)
        self.mend_account()
        self.platter.slow_by_ms = 0
        self.set_disk("")
        self.clock.drift(0)
        self.clock.set_right()

    def end(self) -> None:
        """Nothing happens any more."""
        node, journal = self.node, self._journal
        if node is not None and journal is not None and not journal.waiting and not journal.failed:
            self.last_state_hash = node.engine.state_hash()
        self.network.close()

    @property
    def now_us(self) -> int:
        """True time, which is the venue's."""
        return self.clock.true_us()

    # Processes.

    def start_life(self) -> None:
        """A supervisor starts the engine."""
        assert self._life is None, "invariant: one process at a time"
        life = self._life = Life(len(self.lives) + 1, self.points, self._died)
        self.lives.append(life)
        self._ready = False
        life.context.run(self._give_birth, life)

    def _give_birth(self, life: Life) -> None:
        journal = self._journal = SimJournal(self.platter)
        node = self.node = make_node(self, journal)
        node.runner.ended.add_done_callback(lambda ended: self._engine_ended(life, ended))
        life.spawn(self._boot(life, node), "boot")

    async def _boot(self, life: Life, node: Node) -> None:
        try:
            await node.service.start()
        except Killed:
            raise
        except Exception as error:  # noqa: BLE001 - a start that fails is told, and tried again by the supervisor
            # Without a good key it ends, as it should (fault H2), until the key is good again.
            usual = isinstance(error, KeyNotTaken) and self.network.venue.exchange.revoked
            self._failed(life, "" if usual else f"the engine did not start: {error!r}")
            return
        self._ready = True

    def _engine_ended(self, life: Life, ended: asyncio.Future[None]) -> None:
        if not life.alive or ended.cancelled() or ended.exception() is None:
            return
        self._failed(life, f"the engine ended: {ended.exception()!r}")

    def _failed(self, life: Life, problem: str) -> None:
        if not life.alive:
            return  # The endings of what was killed are nobody's failure.
        if problem:
            self.problems.append(f"life {life.number}: {problem}")
        self._rest_ms = BACK_UP_MS
        life.die(Variant.AFTER)

    def _died(self, life: Life, variant: Variant) -> None:
        """Called at the moment of death, by whoever killed."""
        assert self._journal is not None, "invariant: a life has a journal"
        self._journal.end(variant)
        self.network.bury(life)
        self._close_window(life)
        self._life, self.node, self._ready = None, None, False
        self._in_flight.clear()
        rest_ms = self.points.struck[-1].rest_ms if self._struck_now() else self._rest_ms
        self.later(rest_ms, self.start_life)

    def _struck_now(self) -> bool:
        """Whether this death is that of an effect point."""
        seen, self._strikes_seen = self._strikes_seen, len(self.points.struck)
        return self._strikes_seen > seen

    def _close_window(self, life: Life) -> None:
        if life.heard_us:
            self.windows.append(Window(start_us=life.heard_us, end_us=self.now_us))

    def live_windows(self) -> tuple[Window, ...]:
        """When an engine was live (RULES 15); a pause is told as time in which it was out of reach."""
        life = self._life
        return (*self.windows, *([Window(start_us=life.heard_us)] if life is not None and life.heard_us else ()))

    # What acts reach.

    def later(self, ms: int, act: Callable[[], None]) -> None:
        """Do something a little later, in nobody's name."""
        self.loop.call_later(ms / 1_000, act, context=self._context)

    def control(self, **request: Any) -> dict[str, Any]:
        """The exchange's control door."""
        return self.network.control(request)

    def touch(self, symbol: str) -> tuple[Decimal, Decimal] | None:
        """Best bid and ask at the venue."""
        book = self.network.venue.exchange.markets[symbol].book
        bid, ask = book.bids.best(), book.asks.best()
        return None if bid is None or ask is None else (bid, ask)

    def draw_intent(self, rng: random.Random) -> Intent | None:
        """A new opening intent around the market as it is."""
        ticks = {symbol: market.symbol.tick for symbol, market in self.network.venue.exchange.markets.items()}
        return self.sources.open(rng, ticks.__getitem__, self.touch)

    def deliver(self, intent: Intent) -> None:
        """A source hands an intent to the engine; if nobody is there to take it, it tries again."""
        if self._ready and self._life is not None and self.node is not None:
            self._in_flight[intent.id] = None
            self._life.spawn(self._submit(self.node, intent), f"intent {intent.id}")

    async def _submit(self, node: Node, intent: Intent) -> None:
        try:
            await node.runner.submit(intent)
        except Refused:
            self._in_flight.pop(intent.id, None)
            return
        self._in_flight.pop(intent.id, None)
        self.acknowledged.append(intent.id)
        self.sources.answered(intent.id)

    def _ask_again(self) -> None:
        for intent in [intent for intent in self.sources.waiting.values() if intent.id not in self._in_flight]:
            self.deliver(intent)
        self.later(ASK_AGAIN_MS, self._ask_again)

    def _keep_time(self) -> None:
        """A clock that drifts is set right now and then, by a service of its machine."""
        if self.scenario.drift_ppm:
            self.clock.set_right()
            self.later(KEEP_TIME_MS, self._keep_time)

    def command(self, command: Command) -> None:
        """An operator tells the engine something, if one runs."""
        if self._ready and self._life is not None and self.node is not None:
            self._life.context.run(self.node.deliver, command)

    def resume_token(self) -> str:
        """What the engine answered to the first step of a resume."""
        return self.node.engine.state.resume_token if self.node is not None else ""

    def jump_clock(self, ms: int) -> None:
        """The machine's wall clock is set wrong."""
        self.clock.jump(ms)

    def set_clock_right(self) -> None:
        """The machine's wall clock is set to the true time."""
        self.clock.set_right()

    def set_disk(self, failure: str) -> None:
        """The disk fails with a reason, or works again with ""."""
        self.platter.failure = failure
        journal = self._journal
        if journal is None or self._life is None:
            return
        if failure:
            self._life.context.run(journal.break_down, failure)
        elif journal.failed:
            journal.mend()

    def pause(self, ms: int) -> None:
        """SIGSTOP, and SIGCONT after so many milliseconds."""
        life = self._life
        if life is None or life.paused:
            return
        life.paused = True
        # It is out of reach and not dead: what it was told before still holds for it.
        self.weather.troubles.append((self.now_us, self.now_us + ms * 1_000))
        self.later(ms, lambda: self.loop.resume(life))

    def kill(self, variant: Variant, rest_ms: int) -> None:
        """kill −9, and a start after so many milliseconds."""
        if self._life is not None:
            self._rest_ms = rest_ms
            self._life.die(variant)

    def mend_contract(self, symbol: str) -> None:
        """A contract is traded as it was in the beginning."""
        first, now = self._listed[symbol], self.network.venue.exchange.markets[symbol]
        if now.row != first.row:
            hours = first.row.get("fundingIntervalHours", FUNDING_HOURS)
            if now.row.get("fundingIntervalHours", hours) != hours:
                self.control(do="funding", symbol=symbol, hours=hours)
            filters = {rule["filterType"]: rule for rule in first.row["filters"]}
            ends_ms = first.row["deliveryDate"]
            self.control(do="symbol", symbol=symbol, status=first.row["status"], filters=filters, deliveryDate=ends_ms)
        if now.brackets != first.brackets:
            self.control(do="bracket.set", symbol=symbol, brackets=msgspec.to_builtins(first.brackets))

    def mend_account(self) -> None:
        """The account's key is good, and everything is allowed."""
        exchange = self.network.venue.exchange
        if exchange.revoked or any(exchange.restrictions.values()):
            self.control(do="acct.perm", may="trade", revoked=False)


def settings_of(scenario: Scenario) -> EngineSettings:
    """The engine's configuration in a scenario."""
    policies = scenario.policies
    return EngineSettings(
        account="paper",
        venue=Venue.PAPER,
        symbols=scenario.symbols,
        limits=Limits(daily_loss=policies.daily_loss),
        facts=VenueFacts(stop_without_position="yes" if policies.believes_stop_first else "unproved"),
        on_foreign=policies.on_foreign,
        adopt_stop_pct=Decimal(1) if policies.on_foreign == "adopt" else None,
        late_entry=policies.late_entry,
        on_daily_loss=policies.on_daily_loss,
        default_leverage=policies.default_leverage,
        allow_unattended_entries=True,
    )


def make_node(world: Simulation, journal: SimJournal) -> Node:
    """An engine with connections of its own, not started."""
    network, connector = world.network, world.network.connector()
    http = network.http()
    return Node(
        settings=world.settings,
        identity=Identity(__version__, "simulated", "simulated", TradingState.ACTIVE),
        endpoints=ep.at("http://paper", "ws://paper/ws-fapi/v1", "ws://paper", wallet="http://paper"),
        signer=make_signer("paper-key", "hmac", "paper-secret"),
        network=Network(rest=http, watch=network.http(), ws_api=connector, streams=connector, wallet=http),
        journal=journal,
        clock=world.clock,
        observer=Observer(
            venue="paper",
            account="paper",
            version=__version__,
            logger=make_logger("none", clock=world.clock),
            metrics=Metrics(),
        ),
        latched=lambda: False,
        snapshot_every=500,
    )
