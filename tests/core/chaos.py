"""Random bad days for the engine on the bench: lost answers, a silent stream, crashes, moving prices. From a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from holdfast.core import exits, exposure
from holdfast.core.engine import Step
from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Cancel, Place, ReadKind
from holdfast.model.ids import ORDER_PREFIX, Role, role_of
from holdfast.model.intent import Entry
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoStatus, Side
from holdfast.model.venue_facts import VenueFacts
from tests.core.bench import MARK, Bench
from tests.core.replies import Reply, confirmed, rejected, silence, stranger_order, throttled, unknown

SYMBOLS = ("BTCUSDT", "ETHUSDT")
CENT = Decimal("0.1")

REPLIES: dict[Role, tuple[Callable[[], Reply], ...]] = {
    Role.ENTRY: (unknown, lambda: unknown(landed=True), lambda: unknown(landed=True, streamed=True), silence,
                 lambda: silence(landed=True), lambda: rejected(-2019), lambda: rejected(-1021), throttled,
                 lambda: confirmed(streamed=False)),
    Role.STOP: (unknown, lambda: unknown(landed=True), lambda: rejected(-4509), lambda: rejected(-2021), throttled,
                lambda: rejected(-4130), lambda: rejected(-1111), lambda: confirmed(streamed=False), silence,
                lambda: silence(landed=True)),
    Role.CLOSE: (unknown, lambda: unknown(landed=True), lambda: rejected(-2022), lambda: rejected(-4131), throttled,
                 lambda: confirmed(streamed=False), silence, lambda: silence(landed=True)),
    Role.TARGET: (unknown, lambda: unknown(landed=True), lambda: rejected(-2022), throttled, silence,
                  lambda: silence(landed=True)),
    Role.CANCEL: (unknown, lambda: unknown(landed=True), throttled, silence, lambda: silence(landed=True),
                  lambda: rejected(-2011)),
    Role.SETTING: (unknown, lambda: unknown(landed=True), throttled, lambda: rejected(-4028), confirmed),
}  # fmt: skip


class Day:
    """One random day."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        fact = self.rng.choice(("yes", "unproved"))
        self.strange = self.rng.random() < 0.3
        """Whether somebody else trades on the account that day."""
        policy = self.rng.choice(("halt", "ignore")) if self.strange else "halt"
        self.bench = Bench(symbols=SYMBOLS, facts=VenueFacts(stop_without_position=fact), on_foreign=policy)
        self.bench.one_close_position = self.rng.random() < 0.5
        if self.rng.random() < 0.6:
            self.bench.latency = lambda: self.rng.choice((0, 1, 3, 20, 60, 300))
        self.naked_since: dict[str, int] = {}
        self.naked_ms = 0
        self.bench.after_step = self.watch
        self.intents = 0
        self.log: list[str] = []

    def run(self, steps: int = 50) -> None:
        """Trouble, then peace, then the reckoning."""
        acts = (self.open, self.open, self.open, self.close, self.trouble, self.trouble, self.trouble, self.move,
                self.move, self.wait, self.wait, self.wait, self.stream, self.reads, self.crash, self.link)  # fmt: skip
        acts = (*acts, self.stranger) if self.strange else (*acts, self.halt)
        for _ in range(steps):
            act = self.rng.choice(acts)
            self.log.append(act.__name__)
            act()
            self.wait()
        self.peace()
        self.reckon()

    def watch(self, step: Step) -> None:
        """No second passes with a known uncovered position and no covering or closing request (RULES 15)."""
        bench = self.bench
        ctx = bench.context()
        asked = {effect.order.spec.symbol for effect in step.effects
                 if isinstance(effect, Place) and effect.order.spec.role in (Role.STOP, Role.CLOSE)}  # fmt: skip
        for symbol in SYMBOLS:
            trade = bench.state.trade_of(symbol)
            opened = exposure.open_quantity(ctx, trade) if trade is not None else ZERO
            covered = trade is None or exposure.cover_of(ctx, trade, opened) >= opened
            zero = exits.closed_unseen(ctx, symbol) or bool(ctx.around.zero_reads.get(symbol))
            waits = ctx.around.throttled_until_ms > bench.now or zero
            if covered or waits or symbol in asked:
                self.naked_since.pop(symbol, None)
            if not covered:
                since = self.naked_since.setdefault(symbol, bench.now)
                self.naked_ms = max(self.naked_ms, bench.now - since)
        for effect in step.effects:
            if isinstance(effect, Cancel) and effect.role is Role.STOP:
                self.never_bare(effect)

    def never_bare(self, effect: Cancel) -> None:
        """A stop is cancelled only when nothing is open, or another one is live (RULES 5)."""
        others = [row for row in self.bench.venue.open_algos(effect.symbol) if row.client_id != effect.client_id]
        amount = self.bench.venue.amounts.get(effect.symbol, ZERO)
        assert self.strange or amount == 0 or others, f"a stop is cancelled while {amount} is open: {effect}"

    def open(self) -> None:
        """A market or limit entry, some with targets."""
        symbol, side = self.rng.choice(SYMBOLS), self.rng.choice(("long", "short"))
        mark, sign = self.bench.marks[symbol], 1 if side == "long" else -1
        entry = Entry()
        if self.rng.random() < 0.4:
            price = self._price(mark * (1 - sign * Decimal("0.0005")))
            entry = Entry(type="limit", price=price, ttl_ms=self.rng.choice((1_000, 5_000, 30_000)))
        targets = []
        if self.rng.random() < 0.5:
            targets = [(str(self._price(mark * (1 + sign * Decimal(d)))), "0.5") for d in ("0.004", "0.008")]
        self.bench.entry_part = self.rng.choice((None, None, Decimal("0.03")))
        leverage = self.rng.choice((None, None, None, 4, 6))
        self.intents += 1
        stop = str(self._price(mark * (1 - sign * Decimal("0.005"))))
        self.bench.intent(f"i{self.intents}", symbol=symbol, side=side, quantity="0.1", stop=stop, targets=targets,
                          entry=entry, leverage=leverage)  # fmt: skip

    def close(self) -> None:
        """A close of whatever is open."""
        self.intents += 1
        self.bench.intent(f"i{self.intents}", "close", symbol=self.rng.choice(SYMBOLS), side=None)

    def trouble(self) -> None:
        """The next one to three requests of some role end badly."""
        role = self.rng.choice(list(REPLIES))
        self.bench.script(role, *(self.rng.choice(REPLIES[role])() for _ in range(self.rng.randint(1, 3))))

    def move(self) -> None:
        """The price jumps; what rests and what triggers does so."""
        symbol = self.rng.choice(SYMBOLS)
        self.bench.market(symbol, self._price(MARK * (1 + Decimal(self.rng.randint(-80, 80)) / 10_000)))
        self.match(symbol)

    def match(self, symbol: str) -> None:
        """Fill limit orders that the mark has crossed, trigger stops that it has passed."""
        bench, mark = self.bench, self.bench.marks[symbol]
        for held in [h for row in bench.venue.orders.values() for h in row]:
            crossed = mark <= held.price if held.side is Side.BUY else mark >= held.price
            if held.symbol != symbol or held.status.terminal or not held.price or not crossed:
                continue
            amount = bench.venue.amounts.get(symbol, ZERO)
            rest = held.quantity - held.executed
            size = min(rest, abs(amount)) if held.reduce_only else rest
            streamed = not bench.silent_stream
            if size and (not held.reduce_only or (amount > 0) == (held.side is Side.SELL)):
                part = size if self.rng.random() < 0.6 else max(Decimal("0.001"), (size / 2).quantize(Decimal("0.001")))
                bench.fill(held.client_id, min(part, size), held.price, streamed=streamed)
            else:
                bench.expire(held.client_id, streamed=streamed)
        for algo in [a for row in bench.venue.algos.values() for a in row]:
            spec = algo.spec
            crossed = mark <= spec.trigger_price if spec.side is Side.SELL else mark >= spec.trigger_price
            if spec.symbol == symbol and algo.status is AlgoStatus.ARMED and crossed:
                self.trigger(spec.client_id)

    def trigger(self, client_id: str) -> None:
        """A stop goes off: filled, rejected at the trigger, or stuck."""
        bench = self.bench
        held = bench.venue.algos[client_id][-1]
        amount = bench.venue.amounts.get(held.spec.symbol, ZERO)
        streamed = not bench.silent_stream
        if not amount or (amount > 0) != (held.spec.side is Side.SELL):
            bench.algo(client_id, AlgoStatus.EXPIRED, streamed=streamed)
            return
        what = self.rng.random()
        if what < 0.1:
            bench.algo(client_id, AlgoStatus.REJECTED, streamed=streamed)
            return
        child = bench.venue.trigger(client_id, bench.now)
        child.quantity = min(child.quantity, abs(amount))
        if what < 0.2:
            child.quantity = ZERO
            bench.expire(client_id, streamed=self.rng.random() < 0.5)  # Stuck: nothing fills, the child may die unseen.
            return
        if streamed and self.rng.random() < 0.7:
            bench.tell_algo(held)
        bench.fill(client_id, streamed=streamed)
        bench.algo(client_id, AlgoStatus.FINISHED, streamed=streamed)

    def wait(self) -> None:
        """Time passes."""
        self.bench.advance(self.rng.choice((0, 1, 30, 120, 400, 800, 2_500)))
        if self.bench.lost_answers:
            self.crash()  # The gateway answers everything, so only a crash loses an answer.

    def stream(self) -> None:
        """The user stream goes silent, or speaks again."""
        self.bench.silent_stream = not self.bench.silent_stream

    def reads(self) -> None:
        """Some kinds of reads fail for a while, or work again."""
        kinds = list(ReadKind)
        self.bench.failing_reads = set(self.rng.sample(kinds, 3)) if not self.bench.failing_reads else set()

    def halt(self) -> None:
        """An operator stops trading for a moment."""
        self.bench.command(self.rng.choice(("halt", "reduce")))
        self.wait()
        self.bench.command("resume_prepare")
        self.bench.command("resume_confirm", token=self.bench.of(ev.ResumePrepared)[-1].token)

    def stranger(self) -> None:
        """Somebody trades by hand."""
        symbol, side = self.rng.choice(SYMBOLS), self.rng.choice(list(Side))
        spec = stranger_order(f"web_{self.bench.now}_{symbol}", self.rng.choice(("0.02", "0.1")), side)
        self.bench.venue.take(replace(spec, symbol=symbol), self.bench.now)
        self.bench.fill(spec.client_id, streamed=not self.bench.silent_stream)

    def crash(self) -> None:
        """kill -9 and a new start."""
        self.naked_since.clear()
        self.bench.restart(after_ms=self.rng.choice((50, 1_000, 20_000)), lose_tail=self.rng.random() < 0.5)

    def link(self) -> None:
        """The user stream reconnects."""
        self.bench.give(inp.LinkChanged, link="user_stream", up=False)
        self.bench.advance(self.rng.choice((10, 500)))
        self.bench.give(inp.LinkChanged, link="user_stream", up=True)

    def peace(self) -> None:
        """Everything works again, and time passes."""
        bench = self.bench
        bench.scripts.clear()
        bench.failing_reads.clear()
        bench.silent_stream = False
        bench.latency = lambda: 0
        self.link()
        if bench.lost_answers:
            self.crash()
        bench.advance(120_000)

    def reckon(self) -> None:
        """Every promise that must hold when the dust has settled."""
        bench = self.bench
        bench.check_end()
        for event in bench.of(ev.IntentAccepted):
            settled = bench.result(event.intent.id)
            assert settled is not None, f"no result for {event.intent.id}"
        for symbol in SYMBOLS:
            self._symbol(symbol)
        self._once()
        if not self.strange:
            self._to_the_cent()
        assert self.naked_ms <= 1_000, f"naked for {self.naked_ms} ms"

    def _symbol(self, symbol: str) -> None:
        bench = self.bench
        amount = bench.venue.amounts.get(symbol, ZERO)
        assert bench.state.positions.get(symbol, ZERO) == amount, "the books differ from the venue"
        armed = list(bench.venue.open_algos(symbol))
        resting = [h for row in bench.venue.orders.values() for h in row
                   if h.symbol == symbol and not h.status.terminal]  # fmt: skip
        trade = bench.state.trade_of(symbol)
        theirs = bench.state.foreign.get(symbol, ZERO)
        assert self.strange or not theirs, "our own quantity was called foreign"
        if trade is None:
            assert amount == theirs, "a position without a trade"
            assert armed == [], "a stop without a trade"
            assert resting == [], "an order without a trade"
            return
        covered = sum((a.quantity or abs(amount) for a in armed), ZERO)
        ours = min(abs(amount - theirs), abs(amount))
        assert ours == 0 or covered >= ours, f"uncovered: {amount} {armed} {trade.phase} {trade.phase_reason}"
        assert trade.phase.value in ("open", "entering"), f"{trade.phase} {trade.phase_reason}"

    def _once(self) -> None:
        landed: dict[str, int] = {}
        for client_id, rows in self.bench.venue.orders.items():
            assert self.strange or client_id.startswith(ORDER_PREFIX)
            if role_of(client_id) is Role.ENTRY:
                subject = client_id.rpartition("-")[2]
                landed[subject] = landed.get(subject, 0) + len(rows)
        assert all(count == 1 for count in landed.values()), f"an intent entered twice: {landed}"

    def _to_the_cent(self) -> None:
        bench = self.bench
        paid = sum((fill.fee or ZERO for fill in bench.venue.trades), ZERO)
        earned = sum((fill.realized for fill in bench.venue.trades), ZERO)
        booked = sum((t.fees.get("USDT", ZERO) for t in bench.state.trades.values()), ZERO)
        gross = sum((t.gross.get("USDT", ZERO) for t in bench.state.trades.values()), ZERO)
        assert booked == paid, f"fees {booked} instead of {paid}"
        assert gross == earned, f"profit {gross} instead of {earned}"

    @staticmethod
    def _price(value: Decimal) -> Decimal:
        return value.quantize(CENT)
