"""The verbs of a scenario: every act does what its name says, and what it breaks works again after its time."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from holdfast.model.inputs import Command
from holdfast.model.intent import Intent
from holdfast.paper.config import PaperConfig
from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.market import BookTop, Mark
from holdfast.sim.acts import ACTS, Stage
from holdfast.sim.disk import Platter
from holdfast.sim.lives import Life, Points, Variant
from holdfast.sim.roads import ROUTES, Climate, Fate, Weather
from holdfast.sim.sources import Sources

START_US = 1_800_000_000_000_000
PRICES = {"BTCUSDT": (Decimal("65000.00"), Decimal("65000.10")), "ETHUSDT": (Decimal("3500.00"), Decimal("3500.01"))}
SEEDS = range(40)
"""Enough that every branch of an act is taken."""


class Theatre:
    """A stage with a real exchange, weather, disk and effect points, and records instead of an engine."""

    def __init__(self) -> None:
        self.symbols = tuple(PRICES)
        self.sources = Sources(self.symbols)
        self.now_us = START_US
        self.weather = Weather(Climate(jitter_us=0), 1, lambda: self.now_us)
        self.platter = Platter(1)
        self.points = Points()
        self.venue = PaperVenue(PaperConfig(), default_exchange_info(), START_US, lambda _: None)
        for symbol, (bid, ask) in PRICES.items():
            much = Decimal(1_000)
            top = BookTop(symbol=symbol, bid=bid, bid_qty=much, ask=ask, ask_qty=much, u=1, T=0, E=0)
            self.venue.market(top, START_US)
            mark = Mark(symbol=symbol, mark=bid, index=bid, rate=Decimal(0), next_funding_ms=0, E=0)
            self.venue.market(mark, START_US)
        self.delivered: list[Intent] = []
        self.commands: list[Command] = []
        self.kills: list[tuple[Variant, int]] = []
        self.pauses: list[int] = []
        self.mended: list[str] = []
        self.clock_off_ms = 0
        self.answers: list[dict[str, Any]] = []
        self._later: list[tuple[int, Callable[[], None]]] = []

    def later(self, ms: int, act: Callable[[], None]) -> None:
        """Kept until time passes."""
        self._later.append((self.now_us + ms * 1_000, act))

    def pass_time(self) -> None:
        """Until nothing is left to do."""
        while self._later:
            self._later.sort(key=lambda item: item[0])
            self.now_us, act = self._later.pop(0)
            act()

    def control(self, **request: Any) -> dict[str, Any]:
        """The exchange's control door."""
        answer = self.venue.control(request, self.now_us)
        self.answers.append(answer)
        return answer

    def draw_intent(self, rng: random.Random) -> Intent | None:
        """Around the market as it is."""
        return self.sources.open(rng, lambda _: Decimal("0.10"), PRICES.get)

    def deliver(self, intent: Intent) -> None:
        """Noted."""
        self.delivered.append(intent)

    def command(self, command: Command) -> None:
        """Noted."""
        self.commands.append(command)

    def resume_token(self) -> str:
        """What an engine would say."""
        return "token"

    def jump_clock(self, ms: int) -> None:
        """Summed up."""
        self.clock_off_ms += ms

    def set_clock_right(self) -> None:
        """Right again."""
        self.clock_off_ms = 0

    def set_disk(self, failure: str) -> None:
        """The platter knows it."""
        self.platter.failure = failure

    def pause(self, ms: int) -> None:
        """Noted."""
        self.pauses.append(ms)

    def kill(self, variant: Variant, rest_ms: int) -> None:
        """Noted."""
        self.kills.append((variant, rest_ms))

    def mend_contract(self, symbol: str) -> None:
        """Noted."""
        self.mended.append(symbol)

    def mend_account(self) -> None:
        """Noted."""
        self.mended.append("account")

    def positions(self) -> dict[str, str]:
        """What is open at the venue."""
        account = self.control(do="state")["accounts"][0]
        return {position["symbol"]: position["amt"] for position in account["positions"]}

    def orders(self) -> int:
        """How many orders and stops are open at the venue."""
        account = self.control(do="state")["accounts"][0]
        return len(account["orders"]) + len(account["algos"])


def played(name: str, seed: int = 1) -> Theatre:
    """A stage on which one act was just played."""
    theatre = Theatre()
    stage: Stage = theatre
    ACTS[name].do(stage, random.Random(seed))
    return theatre


@pytest.mark.parametrize("name", ACTS)
def test_every_act_can_be_played_under_every_seed(name: str) -> None:
    """To its end, with whatever follows from it."""
    for seed in SEEDS:
        played(name, seed).pass_time()


@pytest.mark.parametrize("name", ["intent", "close"])
def test_a_source_delivers_what_it_notes(name: str) -> None:
    """And waits for the answer."""
    theatre = played(name)
    assert theatre.delivered == theatre.sources.sent == list(theatre.sources.waiting.values())
    assert len(theatre.delivered) == 1


def test_a_repeated_intent_has_an_old_id() -> None:
    """It is delivered and not noted; without a past nothing is."""
    assert played("repeat").delivered == []
    theatre = played("intent")
    ACTS["repeat"].do(theatre, random.Random(1))
    assert [intent.id for intent in theatre.delivered] == ["sim-00001", "sim-00001"]
    assert len(theatre.sources.sent) == 1


@pytest.mark.parametrize("name", ["venue.write", "venue.read"])
def test_a_fault_of_requests_is_armed_at_the_venue(name: str) -> None:
    """And waits for one it meets."""
    for seed in SEEDS:
        assert len(played(name, seed).control(do="state")["faults"]) == 1


def test_questions_that_see_nothing_see_again() -> None:
    """After some seconds."""
    theatre = played("venue.query")
    assert theatre.venue.exchange.faults.query_lag_us > 0
    theatre.pass_time()
    assert theatre.venue.exchange.faults.query_lag_us == 0


def test_book_and_mark_come_together_again_after_a_gap() -> None:
    """Where only one of them had jumped, the other follows."""
    alone = 0
    for seed in SEEDS:
        theatre = played("market.gap", seed)
        alone += bool(theatre._later)
        theatre.pass_time()
        for symbol, (bid, _) in PRICES.items():
            market = theatre.venue.exchange.markets[symbol]
            best = market.book.bids.best()
            assert best is not None
            assert market.mark is not None
            assert abs((best - bid) - (market.mark - bid)) <= bid * Decimal("0.000_1")
    assert 0 < alone < len(SEEDS)


def test_a_person_who_opened_something_closes_it_again() -> None:
    """A minute later the account is as flat as before."""
    opened = 0
    for seed in SEEDS:
        theatre = played("human.trade", seed)
        opened += bool(theatre.positions())
        theatre.pass_time()
        assert theatre.positions() == {}
    assert 0 < opened < len(SEEDS)


def test_a_person_cancels_what_is_there() -> None:
    """One order, or all of a symbol, which may be one without orders."""
    left = set()
    for seed in range(200):
        theatre = Theatre()
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010"}
        for price in ("60000", "61000"):
            assert theatre.control(do="human.trade", **order, price=price)["ok"]
        ACTS["human.cancel"].do(theatre, random.Random(seed))
        assert theatre.answers[-1]["ok"]
        left.add(theatre.orders())
    assert left == {0, 1, 2}


def test_after_a_command_somebody_goes_on() -> None:
    """Halt, reduce or flatten; then a resume in two steps, with the token of the first."""
    first = set()
    for seed in SEEDS:
        theatre = played("command", seed)
        theatre.pass_time()
        what = [command.what for command in theatre.commands]
        first.add(what[0])
        assert what[1:] == ["resume_prepare", "release", "release", "resume_confirm"]
        assert (theatre.commands[-1].token, theatre.now_us) == ("token", START_US + 120_500_000)
    assert first == {"halt", "reduce", "flatten"}


def test_a_partition_holds_some_route() -> None:
    """Each of them under some seed."""
    held = {
        route
        for seed in SEEDS
        for theatre in [played("net.hold", seed)]
        for route in ROUTES
        if theatre.weather.travel_us(route, up=True) > 100_000
    }
    assert held == set(ROUTES)


def test_a_break_meets_every_route() -> None:
    """In both directions, under some seed."""
    broken = set()
    for seed in range(200):
        weather = played("net.break", seed).weather
        for route in ROUTES:
            for up in (True, False):
                if weather.frame_fate(route, 10_000, up=up) is Fate.RESET:
                    broken.add((route, up))
    assert broken == {(route, up) for route in ROUTES for up in (True, False)}


def test_requests_or_replies_are_lost() -> None:
    """One kind of them, at least once."""
    kinds = set()
    for seed in SEEDS:
        weather = played("net.lose", seed).weather
        kinds.add((weather.request_fate("POST", 1), weather.reply_fate(1)))
    assert kinds == {(Fate.LOST, Fate.ARRIVES), (Fate.ARRIVES, Fate.LOST)}


def test_reads_are_doubled() -> None:
    """The next one at least."""
    assert played("net.double").weather.request_fate("GET", 1) is Fate.DOUBLED


def test_user_events_overtake() -> None:
    """For a while."""
    weather = played("net.overtake").weather
    assert any(weather.overtaking("private") for _ in range(50))


def test_slowness_slows() -> None:
    """Everything."""
    weather = played("net.slow").weather
    assert max(weather.travel_us("rest", up=True) for _ in range(100)) > 10_000


def test_a_slow_disk_is_fast_again() -> None:
    """After its time."""
    theatre = played("disk.slow")
    assert theatre.platter.slow_by_ms > 0
    theatre.pass_time()
    assert theatre.platter.slow_by_ms == 0


def test_a_broken_disk_works_again() -> None:
    """After its time."""
    theatre = played("disk.break")
    assert theatre.platter.failure
    theatre.pass_time()
    assert theatre.platter.failure == ""


def test_a_clock_that_was_set_is_set_right_again() -> None:
    """After its time."""
    theatre = played("clock.jump")
    assert theatre.clock_off_ms != 0
    theatre.pass_time()
    assert theatre.clock_off_ms == 0


def test_kills_are_of_every_variant() -> None:
    """Now, and the next start comes after a rest."""
    kills = [kill for seed in SEEDS for kill in played("kill", seed).kills]
    assert len(kills) == len(SEEDS)
    assert {variant for variant, _ in kills} == set(Variant)
    assert min(rest_ms for _, rest_ms in kills) > 0


def test_a_doom_strikes_within_the_next_effects() -> None:
    """Forty of them at the most."""
    for seed in SEEDS:
        points = played("doom", seed).points
        life = Life(1, points, lambda *_: None)
        strikes = [points.reached(life) for _ in range(40)]
        assert sum(strike is not None for strike in strikes) == 1


def test_a_pause_is_one() -> None:
    """For some time."""
    (ms,) = played("pause").pauses
    assert ms > 0


def test_trading_and_operating_are_no_faults() -> None:
    """Everything else is counted as one."""
    assert [name for name, row in ACTS.items() if not row.fault] == ["intent", "close", "command", "resume"]
