"""The real core and the real encoders against the real paper exchange, in virtual time, judged by the real checker.

What `tests/core/chaos.py` cannot see is here: the venue's own rules, two objects per conditional order, wire formats,
and requests that are delayed, lost, late or overtaken. What is left out, so that a day takes a fraction of a second,
is asyncio and sockets; the full simulation has those.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from holdfast.binance import filters
from holdfast.binance.requests import RestMessage
from holdfast.binance.signing import HmacSigner
from holdfast.core.engine import Engine
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.chain import link
from holdfast.model.instrument import Instrument
from holdfast.model.intent import Distance, Entry, Intent, Size, Target, content_hash
from holdfast.model.settings import EngineSettings, Venue
from holdfast.model.venue_facts import VenueFacts
from holdfast.paper.config import AccountConfig
from holdfast.paper.wire_out import Close, HttpOutcome, Outgoing
from holdfast.service import replay
from holdfast.verify import Options, Report, Window, check
from holdfast.verify.records import JournalRow, decode_line
from tests.paper.desk import KEY, SECRET, Desk
from tests.random_days import venue
from tests.random_days.agenda import Agenda
from tests.random_days.process import Process

PRICES = {"BTCUSDT": Decimal("80000.0"), "ETHUSDT": Decimal("4000.00")}
TICKS = {"BTCUSDT": Decimal("0.10"), "ETHUSDT": Decimal("0.01")}
DEPTH = {"BTCUSDT": Decimal("2.000"), "ETHUSDT": Decimal("50.000")}
START_US = 1_790_000_000_000_000
"""2026-09-21 14:13:20 UTC, when the desk opens."""
STEADY_MS = 1_000


class Network:
    """How long things take. The steady one loses nothing; `faults.Weather` is worse."""

    overtaking = False
    """Whether a push may overtake an earlier one of the same connection."""

    def out_ms(self) -> int:
        """From us to the venue."""
        return 0

    def back_ms(self) -> int:
        """From the venue to us."""
        return 1

    def push_ms(self) -> int:
        """A frame of the user stream."""
        return 1

    def disk_ms(self) -> int:
        """From an append to its confirmation."""
        return 0

    def skew_ms(self) -> int:
        """How far a new process is wrong about venue time."""
        return 0

    def survivors(self, count: int) -> int:
        """How many of the unconfirmed batches a kill leaves on the disk."""
        return 0


@dataclass(slots=True)
class Market:
    """The outside market of one symbol, as everybody sees it."""

    symbol: str
    price: Decimal
    depth: Decimal
    refill: Decimal = Decimal(0)

    @property
    def bid(self) -> Decimal:
        """The best bid is the mark."""
        return self.price

    @property
    def ask(self) -> Decimal:
        """One tick above."""
        return self.price + TICKS[self.symbol]


class World:
    """One account, one journal, one process at a time."""

    def __init__(
        self,
        *,
        facts: Mapping[str, Any] | None = None,
        known: VenueFacts | None = None,
        network: Network | None = None,
        symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT"),
        begin_us: int = START_US,
        funds: int = 100_000,
        **settings: Any,
    ) -> None:
        own = AccountConfig(name="paper", api_key=KEY, api_secret=SECRET, balances={"USDT": Decimal(funds)})
        self.desk = Desk(dict(facts or {}), accounts=[own])
        self.desk.wait(begin_us - START_US)
        proved = known if known is not None else venue.usually_known(facts or {})
        self.settings = EngineSettings(
            account="paper",
            venue=Venue.PAPER,
            symbols=symbols,
            **{"facts": proved, "default_leverage": self.desk.config.default_leverage, **settings},
        )
        self.signer = HmacSigner(KEY, SECRET)
        self.network = network if network is not None else Network()
        self.agenda = Agenda(self.desk.now_us // 1_000)
        self.markets = {symbol: Market(symbol, PRICES[symbol], DEPTH[symbol]) for symbol in symbols}
        self.funding_ms = 0
        self.rates = dict.fromkeys(symbols, "0.0001")
        """Funding rates."""
        self._rules = {symbol: deepcopy(self.desk.venue.exchange.markets[symbol].row) for symbol in symbols}
        self.journal: list[ev.AnyEvent] = []
        self.snapshot: tuple[int, bytes] | None = None
        self.acknowledged: list[str] = []
        self.lives: list[Window] = []
        self.faults = self.kills = 0
        self.rest_ms = 1_000
        """How long after a death the next process starts."""
        self._conns = 0
        self._born_us = 0
        self.process = Process(self, 0)
        self.process.alive = False
        for symbol in symbols:
            self.quote(symbol)
        self._steady()

    # Time.

    def run(self, ms: int) -> None:
        """Let time pass."""
        until_ms = self.agenda.now_ms + ms
        self._deliver()  # What strangers did to the desk directly is told at once.
        while (due := self.agenda.take(until_ms)) is not None:
            self._pass(due[0])
            due[1]()
            self._deliver()
        self._pass(until_ms)

    def _pass(self, to_ms: int) -> None:
        """Move venue time on; what the venue does by itself happens at its own moments."""
        while (due_us := self.desk.venue.next_due_us()) is not None and due_us <= to_ms * 1_000:
            self.desk.now_us = max(self.desk.now_us, due_us)
            self.agenda.now_ms = max(self.agenda.now_ms, self.desk.now_us // 1_000)
            self.desk.venue.advance(self.desk.now_us)
            self._deliver()
        self.agenda.now_ms = max(self.agenda.now_ms, to_ms)
        self.desk.now_us = max(self.desk.now_us, to_ms * 1_000)
        self.desk.venue.advance(self.desk.now_us)
        self._deliver()

    def _deliver(self) -> None:
        for out in self.desk.venue.drain():
            if not self.process.alive or out.conn not in self.process.stream.links:
                continue
            if isinstance(out, Outgoing):
                self.process.stream.frame(out.conn, out.text)
            elif isinstance(out, Close):
                self.process.stream.dropped(out.conn)

    # What a process uses.

    def http(self, message: RestMessage) -> HttpOutcome:
        """A request arrives at the venue now."""
        desk = self.desk
        reply = desk.venue.http(message.method, message.target, message.headers, message.body, desk.now_us)
        if reply.events_first:
            self._deliver()
        return reply

    def connect(self, path: str) -> int | None:
        """Open a connection of the user stream."""
        self._conns += 1
        return self._conns if self.desk.venue.ws_open(self._conns, path, self.desk.now_us) else None

    def hang_up(self, conn: int) -> None:
        """A connection is gone from our side."""
        self.desk.venue.ws_closed(conn, self.desk.now_us)

    def instruments(self) -> tuple[Instrument, ...]:
        """Symbol rules and tiers, read as a start reads them."""
        info = self.desk.raw("GET", "/fapi/v1/exchangeInfo").outcome.body
        tiers = self.desk.call("GET", "/fapi/v1/leverageBracket").outcome.body
        return filters.with_brackets(filters.exchange_info_of(info, 1).instruments, filters.brackets_of(tiers))

    def recovered(self) -> Engine:
        """An engine as a restart has it: from the snapshot if there is one, then the rest of the journal."""
        engine = Engine(self.settings, "random")
        seq = 0
        if self.snapshot is not None:
            seq, body = self.snapshot
            engine.load(body)
        for event in self.journal[seq:]:
            engine.apply(event)
        return engine

    # Processes.

    def start(self) -> None:
        """Start the engine."""
        assert not self.process.alive, "one writer at a time"
        self._born_us = self.desk.now_us
        self.process = Process(self, self.network.skew_ms())
        self.process.start()

    def kill(self, *, rest_ms: int = 1_000) -> None:
        """kill −9, and a new start so much later."""
        self.rest_ms = rest_ms
        self.process.kill()

    def process_died(self) -> None:
        """A supervisor starts the next process after `rest_ms`."""
        self.lives.append(Window(start_us=self._born_us, end_us=self.desk.now_us))
        self.kills += 1
        self.agenda.at(self.agenda.now_ms + self.rest_ms, self.start)

    def take_snapshot(self) -> None:
        """Keep the state, if all of it is on the disk."""
        if self.process.alive and not self.process.unsynced and self.process.disk_ok:
            self.snapshot = (len(self.journal), self.process.engine.dump())

    def folds_alike(self) -> bool:
        """Whether the living engine's state is what an empty engine makes of the journal (I13, I18)."""
        unsynced = [event for batch in self.process.unsynced for event in batch.events]
        fresh = Engine(self.settings, "random")
        for event in [*self.journal, *unsynced]:
            fresh.apply(event)
        loaded = Engine(self.settings, "random")
        loaded.load(fresh.dump())
        return fresh.state_hash() == self.process.engine.state_hash() == loaded.state_hash()

    # What the outside does.

    def give(self, message: inp.AnyInput) -> None:
        """An input from outside, if somebody is there to take it."""
        self.process.give(message)

    def intend(self, intent: Intent) -> None:
        """A source sends an intent."""
        self.give(inp.IntentReceived(now_ms=0, intent=intent, content_hash=content_hash(intent)))

    def open(
        self,
        intent_id: str,
        side: str = "long",
        *,
        symbol: str = "BTCUSDT",
        quantity: str = "0.05",
        stop: str = "79600",
        targets: tuple[tuple[str, str], ...] = (),
        entry: Entry | None = None,
    ) -> None:
        """A source wants in."""
        self.intend(
            Intent(
                id=intent_id,
                source="s",
                symbol=symbol,
                action="open",
                side=side,  # type: ignore[arg-type]
                size=Size(quantity=Decimal(quantity)),
                stop_loss=Distance(price=Decimal(stop)),
                take_profits=tuple(Target(price=Decimal(p), fraction=Decimal(f)) for p, f in targets),
                entry=entry or Entry(),
            )
        )

    def close(self, intent_id: str, *, symbol: str = "BTCUSDT") -> None:
        """A source wants out."""
        self.intend(Intent(id=intent_id, source="s", symbol=symbol, action="close"))

    def quote(self, symbol: str, price: Decimal | None = None, depth: Decimal | None = None) -> None:
        """The market moves, or only says again where it is."""
        market = self.markets[symbol]
        told = price is not None and price != market.price
        market.price = price if price is not None else market.price
        market.depth = depth if depth is not None else market.depth
        # A level that we consumed is refilled when its quantity changes: strangers put theirs back every second.
        market.refill = Decimal("0.001") - market.refill
        size = str(market.depth + market.refill)
        self.desk.book(str(market.bid), str(market.ask), bid_qty=size, ask_qty=size, symbol=symbol)
        rate, price = self.rates[symbol], str(market.price)
        self.desk.mark(price, symbol=symbol, rate=rate, next_funding_ms=self.funding_ms)
        self._deliver()
        if told and self.process.alive:
            self.process.later(self.network.push_ms(), self.process.see_markets)

    def fault(self, verb: str, *, on: str = "", symbol: str = "", **details: Any) -> None:
        """Arm a fault of the exchange; `on` names the operation that it meets."""
        match = {key: value for key, value in (("method", on), ("symbol", symbol)) if value}
        told = self.desk.control("fault", verb=verb, **({"match": match} if match else {}), **details)
        assert told["ok"], told
        self.faults += 1
        self._deliver()

    def arm(self, fault: Mapping[str, Any]) -> None:
        """Arm a fault of the exchange as the simulator's tables draw it."""
        told = self.desk.control("fault", **fault)
        assert told["ok"], told
        self.faults += 1
        self._deliver()

    def permit(self, may: str) -> None:
        """What the account may do from now on."""
        told = self.desk.control("acct.perm", may=may)
        assert told["ok"], told

    def closing(self, do: str, **what: str) -> None:
        """The venue closes something by force; where nothing is open it has nothing to close."""
        self.desk.control(do, **what)
        self._deliver()

    def human(self, do: str, **order: str) -> dict[str, Any]:
        """A person's hand on the account: `human.trade` or `human.cancel`."""
        answer = self.desk.control(do, **order)
        self._deliver()
        return answer

    def contract(self, symbol: str, **changes: Any) -> None:
        """A contract's status or rules change at the venue; the engine has not read them yet."""
        told = self.desk.control("symbol", symbol=symbol, **changes)
        assert told["ok"], told
        self._deliver()

    def calm(self) -> None:
        """No more faults, and the contracts as they were; the engine is told of those."""
        self.desk.control("fault", verb="clear")
        if any(self.desk.venue.exchange.restrictions.values()):
            self.permit("trade")
        for symbol, row in self._rules.items():
            if self.desk.venue.exchange.markets[symbol].row != row:
                filters = {rule["filterType"]: rule for rule in row["filters"]}
                self.contract(symbol, status=row["status"], filters=filters)
        self.give(inp.InstrumentsLoaded(now_ms=0, instruments=self.instruments()))

    def _steady(self) -> None:
        for symbol in self.markets:
            self.quote(symbol)
        self.agenda.at(self.agenda.now_ms + STEADY_MS, self._steady)

    # Judgement.

    def verdict(self, **options: Any) -> Report:
        """What the checker says of the two records."""
        lives = list(self.lives)
        if self.process.alive:
            lives.append(Window(start_us=self._born_us))
        lines = [decode_line(msgspec.json.encode(record), n) for n, record in enumerate(self.desk.log, start=1)]
        told = {"complete": True, "live": tuple(lives), "acknowledged": tuple(self.acknowledged), **options}
        report = check(journal_rows(self.journal), lines, Options(**told))
        # The gateway, whose governor keeps the pace, has no part in these days.
        paced = [violation for violation in report.violations if violation.invariant != "I25"]
        return msgspec.structs.replace(report, violations=paced)

    def findings(self, **options: Any) -> list[str]:
        """Every violation as a sentence, whether the fold is faithful, and whether the journal proves its verdicts."""
        found = [f"{v.invariant}: {v.sentence} {v.seqs} {v.ns}" for v in self.verdict(**options).violations]
        if not self.folds_alike():
            found.append("I18: folding the journal yields another state")
        checked = replay.check(journal_rows(self.journal))
        found += [str(difference) for difference in checked.differences]
        found += [f"not checked: {left.what} ({left.reason}), {left.first}" for left in checked.not_checked]
        return found


def journal_rows(events: list[ev.AnyEvent]) -> list[JournalRow]:
    """The journal as the checker reads it, chained."""
    rows: list[JournalRow] = []
    last = "0" * 64
    for seq, event in enumerate(events, start=1):
        body, kind, at_us = ev.encode(event), ev.kind_of(event), event.at_ms * 1_000
        last = link(last, seq, at_us, kind, body)
        rows.append(JournalRow(seq, at_us, kind, body, last))
    return rows
