"""The engine and a naive model side by side, driven by hypothesis. Long runs:

python -m tests.core.model_based --examples 20000
"""

from __future__ import annotations

import argparse
import sys
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace

from holdfast.model import events as ev
from holdfast.model import inputs as inp
from holdfast.model.effects import Place, ReadKind
from holdfast.model.ids import ORDER_PREFIX, Role, role_of
from holdfast.model.intent import Entry
from holdfast.model.num import ZERO
from holdfast.model.orders import AlgoStatus, OrderStatus, Side
from holdfast.model.reports import IncomeRow
from holdfast.model.venue_facts import VenueFacts
from tests.core.bench import MARK
from tests.core.chaos import REPLIES
from tests.core.held import STREAM_KINDS, HeldBench
from tests.core.replies import stranger_order, unknown
from tests.core.venue import Held, HeldAlgo

SYMBOLS = ("BTCUSDT", "ETHUSDT")
symbols = st.sampled_from(SYMBOLS)
FAILING = ((), (ReadKind.POSITIONS,), (ReadKind.ORDER, ReadKind.ALL_ORDERS), (ReadKind.TRADES,),
           (ReadKind.OPEN_ALGOS, ReadKind.ALGO), (ReadKind.INCOME, ReadKind.ACCOUNT))  # fmt: skip
KINDS = (*STREAM_KINDS.values(), "reads")


class EngineAndModel(RuleBasedStateMachine):
    """One account. Every step of the engine is checked by the model inside the bench."""

    @initialize(strange=st.sampled_from((False, False, False, True)), fact=st.sampled_from(("yes", "unproved")),
                one_close=st.booleans(), policy=st.sampled_from(("halt", "ignore")))  # fmt: skip
    def begin(self, strange: bool, fact: Any, one_close: bool, policy: Any) -> None:
        """A fresh account: whether a human trades beside us, and which facts hold at the venue."""
        self.strange, self.intents = strange, 0
        self.bench = HeldBench(symbols=SYMBOLS, facts=VenueFacts(stop_without_position=fact),
                               on_foreign=policy if strange else "halt")  # fmt: skip
        self.bench.one_close_position = one_close
        self.sent: list[dict[str, Any]] = []

    # Intents and commands

    @rule(symbol=symbols, side=st.sampled_from(("long", "short")), limit=st.booleans(), aims=st.integers(0, 2),
          leverage=st.sampled_from((None, None, None, None, 4)))  # fmt: skip
    def open(self, symbol: str, side: str, limit: bool, aims: int, leverage: int | None, ttl_ms: int = 5_000) -> None:
        """An opening intent: at the market or resting below it, with up to two targets."""
        mark, sign = self.bench.marks[symbol], 1 if side == "long" else -1
        price = _cents(mark * (1 - sign * Decimal("0.0005")))
        entry = Entry(type="limit", price=price, ttl_ms=ttl_ms) if limit else Entry()
        away = [mark * (1 + sign * Decimal(d)) for d in ("0.004", "0.008")][:aims]
        self.intents += 1
        intent = {"intent_id": f"i{self.intents}", "symbol": symbol, "side": side, "quantity": "0.1", "entry": entry,
                  "stop": str(_cents(mark * (1 - sign * Decimal("0.005")))), "leverage": leverage,
                  "targets": [(str(_cents(price)), "0.5") for price in away]}  # fmt: skip
        self.sent.append(intent)
        self.bench.intent(**intent)

    @rule(symbol=symbols, side=st.sampled_from(("long", "short")), limit=st.booleans(), aims=st.integers(0, 2))
    def trade(self, symbol: str, side: str, limit: bool, aims: int) -> None:
        """A trade that has had time to be filled and covered, or to rest, if nothing is in its way."""
        self.command("resume", symbol)
        self.open(symbol=symbol, side=side, limit=limit, aims=aims, leverage=None)
        self.bench.advance(500)

    @precondition(lambda self: self.sent)
    @rule(index=st.integers(0, 50), other=st.booleans())
    def again(self, index: int, other: bool) -> None:
        """An intent comes a second time, as it was or with another quantity."""
        intent = self.sent[index % len(self.sent)]
        self.bench.intent(**(intent | {"quantity": "0.2"} if other else intent))

    @rule(symbol=symbols, action=st.sampled_from(("close", "flatten")))
    def close(self, symbol: str, action: str) -> None:
        """A closing intent."""
        self.intents += 1
        self.bench.intent(f"i{self.intents}", action, symbol=symbol, side=None)

    @rule(what=st.sampled_from(("halt", "reduce", "flatten", "resume", "resume", "resume")), symbol=symbols)
    def command(self, what: str, symbol: str) -> None:
        """An operator."""
        if what != "resume":
            self.bench.command(what, **({"symbol": symbol} if what == "flatten" else {}))
            return
        self.bench.command("resume_prepare")
        prepared = self.bench.of(ev.ResumePrepared)
        if prepared:
            self.bench.command("resume_confirm", token=prepared[-1].token)

    @rule(symbol=symbols, side=st.sampled_from(("long", "short")), what=st.sampled_from(("halt", "reduce", "close")))
    def rest_and(self, symbol: str, side: str, what: str) -> None:
        """An entry rests when the operator stops; or a trade is closed and the next one wanted at once."""
        self.trade(symbol=symbol, side=side, limit=what != "close", aims=0)
        if what == "close":
            self.close(symbol=symbol, action="close")
            self.bench.advance(2_500)
            self.trade(symbol=symbol, side=side, limit=False, aims=0)
        else:
            self.command(what, symbol)

    # Answers

    @precondition(lambda self: self.bench.in_the_air())
    @rule(index=st.integers(0, 20), reply=st.integers(0, 20), late=st.sampled_from((0, 0, 5, 400, 1_200)))
    def answer(self, index: int, reply: int, late: int) -> None:
        """A request in the air ends in one of the ways of its role; an unknown one may still arrive."""
        flights = self.bench.in_the_air()
        flight = flights[index % len(flights)]
        replies = [made for make in REPLIES[flight.role] if (made := make()).outcome is not None]
        chosen = [*replies, None][reply % (len(replies) + 1)]
        self.bench.settle(flight, chosen)
        if late and chosen == unknown() and flight.role is not Role.SETTING:
            self.bench.arrives_later(flight, late)

    @rule(role=st.sampled_from(list(REPLIES)), first=st.integers(0, 20), more=st.integers(0, 2))
    def trouble(self, role: Role, first: int, more: int) -> None:
        """The next requests of a role will end in some of its ways."""
        replies = [made for make in REPLIES[role] if (made := make()).outcome is not None]
        self.bench.script(role, *(replies[(first + 3 * n) % len(replies)] for n in range(1 + more)))

    @rule(kinds=st.sampled_from(FAILING), kind=st.sampled_from(KINDS), ms=st.sampled_from((0, 3, 60, 350)))
    def slow(self, kinds: tuple[ReadKind, ...], kind: str, ms: int) -> None:
        """Some reads fail from now on (with none, all work), and a kind of message takes its time."""
        self.bench.failing_reads = set(kinds)
        if kind == "reads":
            self.bench.latency = lambda: ms
        else:
            self.bench.lags[kind] = ms

    @rule(what=st.sampled_from(("silent", "heard", "link", "link")), ms=st.sampled_from((10, 600)))
    def surroundings(self, what: str, ms: int) -> None:
        """The user stream loses everything unnoticed, or breaks and comes back."""
        bench = self.bench
        if what == "link":
            bench.give(inp.LinkChanged, link="user_stream", up=False)
            bench.advance(ms)
            bench.silent_stream = False
            bench.give(inp.LinkChanged, link="user_stream", up=True)
        else:
            bench.silent_stream = what == "silent"

    @rule(ok=st.booleans())
    def disk(self, ok: bool) -> None:
        """The journal cannot be written, or can again."""
        self.bench.give(inp.JournalChanged, ok=ok, error="" if ok else "no space")

    # The venue

    @rule(pieces=st.integers(1, 3), part=st.sampled_from((None, None, Decimal("0.03"))), fills=st.booleans())
    def mood(self, pieces: int, part: Decimal | None, fills: bool) -> None:
        """How immediate orders are filled from now on."""
        self.bench.pieces, self.bench.entry_part, self.bench.fills_entries = pieces, part, fills

    def working(self) -> list[Held]:
        """Resting orders, and children of stops."""
        return [h for row in self.bench.venue.orders.values() for h in row if not h.status.terminal]

    @precondition(lambda self: self.working())
    @rule(index=st.integers(0, 20), share=st.sampled_from(("1", "0.5", "0.1")), lite=st.booleans())
    def execute(self, index: int, share: str, lite: bool) -> None:
        """A working order fills, whole or in part; what only reduces never more than is open."""
        found = self.working()
        held = found[index % len(found)]
        self.bench.venue.hidden.discard(held.client_id)
        rest, amount = held.quantity - held.executed, self.bench.venue.amounts.get(held.symbol, ZERO)
        if held.reduce_only:
            rest = min(rest, abs(amount)) if (amount > 0) == (held.side is Side.SELL) else ZERO
        size = max(Decimal("0.001"), (rest * Decimal(share)).quantize(Decimal("0.001")))
        if rest:
            self.bench.fill(self.chosen(held), min(size, rest), held.price or None, lite=lite, streamed=self.streamed)
        else:
            self.bench.expire(self.chosen(held), streamed=self.streamed)
        self.finish(held)

    def finish(self, held: Held, *, streamed: bool = True) -> None:
        """An algo whose child has ended is finished."""
        for algo in self.bench.venue.algos.get(held.client_id, []):
            if algo.child is held and held.status.terminal:
                self.tell_of(algo, AlgoStatus.FINISHED, streamed=streamed)

    def tell_of(self, algo: HeldAlgo, status: AlgoStatus, *, streamed: bool = True) -> None:
        """One life of a stop changes; there may be another under the same name."""
        algo.status, algo.updated_ms = status, self.bench.now
        if streamed and self.streamed:
            self.bench.tell_algo(algo)

    def chosen(self, held: Held) -> str:
        """The bench acts on the newest order of a name: make this one it."""
        row = self.bench.venue.orders[held.client_id]
        row.remove(held)
        row.append(held)
        return held.client_id

    @precondition(lambda self: self.working())
    @rule(index=st.integers(0, 20), status=st.sampled_from((OrderStatus.EXPIRED, OrderStatus.CANCELLED)))
    def expire(self, index: int, status: OrderStatus) -> None:
        """The venue ends a working order."""
        found = self.working()
        held = found[index % len(found)]
        self.bench.venue.hidden.discard(held.client_id)
        self.bench.expire(self.chosen(held), status, streamed=self.streamed)

    @rule(symbol=symbols, ms=st.sampled_from((3_000, 12_000, 20_000)))
    def ghost(self, symbol: str, ms: int) -> None:
        """An entry arrives, nobody says so, and no read shows it: in doubt, or soon taken for never placed."""
        bench = self.bench
        self.command("resume", symbol)
        bench.script(Role.ENTRY, unknown(landed=True))
        self.open(symbol=symbol, side="long", limit=True, aims=0, leverage=None, ttl_ms=40_000)
        places = [flight.effect for flight in bench.in_the_air() if isinstance(flight.effect, Place)]
        bench.venue.hidden.update(p.order.spec.client_id for p in places if p.order.spec.role is Role.ENTRY)
        bench.advance(ms)

    @precondition(lambda self: self.bench.venue.hidden)
    @rule(fills=st.booleans())
    def surface(self, fills: bool) -> None:
        """What was hidden shows itself, and perhaps fills at once."""
        found = sorted(self.bench.venue.hidden)
        self.bench.venue.hidden.clear()
        for held in [h for h in self.working() if h.client_id in found and fills]:
            self.bench.fill(self.chosen(held), None, held.price, streamed=self.streamed)

    def armed(self) -> list[HeldAlgo]:
        """Stops that wait at the venue."""
        return [a for row in self.bench.venue.algos.values() for a in row if a.status is AlgoStatus.ARMED]

    @precondition(lambda self: self.armed())
    @rule(index=st.integers(0, 20), what=st.sampled_from(("child", "child", "filled", "filled", "stuck", "cancelled",
                                                         "rejected", "expired", "lost")))  # fmt: skip
    def stop(self, index: int, what: str) -> None:
        """A stop goes off (its child working or filled), is stuck, or ends at the venue's will."""
        found = self.armed()
        held = found[index % len(found)]
        amount = self.bench.venue.amounts.get(held.spec.symbol, ZERO)
        useless = not amount or (amount > 0) != (held.spec.side is Side.SELL)
        if what in ("cancelled", "rejected", "expired") or (useless and what != "lost"):
            status = AlgoStatus.EXPIRED if useless else AlgoStatus(what)
            self.tell_of(held, status)
        elif what == "lost":
            held.status = AlgoStatus.CANCELLED
        else:
            self.tell_of(held, AlgoStatus.TRIGGERING)
            if what != "stuck":
                again = [f for f in self.bench.in_the_air() if f.names(held.spec.client_id)]
                self.child(held, amount, filled=what == "filled" or bool(again))

    def child(self, held: HeldAlgo, amount: Decimal, *, filled: bool) -> None:
        """A stop's child comes into being; it is a MARKET order and does not live long."""
        self.bench.later(40, lambda: self.end_children(streamed=True))
        child = self.bench.venue.trigger(held.spec.client_id, self.bench.now)
        child.quantity = min(child.quantity, abs(amount))
        if self.streamed:
            self.bench.tell_algo(held)
            self.bench.tell_order(child)
        if filled:
            self.bench.fill(child.client_id, streamed=self.streamed)
            self.finish(child)

    @property
    def streamed(self) -> bool:
        """Whether the stream tells of it."""
        return not self.bench.silent_stream

    @precondition(lambda self: self.strange)
    @rule(symbol=symbols, side=st.sampled_from(list(Side)), quantity=st.sampled_from(("0.02", "0.1")))
    def human(self, symbol: str, side: Side, quantity: str) -> None:
        """Somebody trades by hand; the model is told at once that not everything there is ours."""
        self.bench.strangers[symbol] = None
        spec = stranger_order(f"web_{self.bench.venue.new_id()}", quantity, side)
        self.bench.venue.take(replace(spec, symbol=symbol), self.bench.now)
        self.bench.fill(spec.client_id, streamed=self.streamed)

    @rule(symbol=symbols, bps=st.integers(-40, 40), funding=st.booleans())
    def market(self, symbol: str, bps: int, funding: bool) -> None:
        """The mark moves (stops and limits go off when a rule says so), or funding is paid on what is open."""
        bench, amount = self.bench, self.bench.venue.amounts.get(symbol, ZERO)
        if not funding or not amount:
            bench.market(symbol, _cents(MARK * (1 + Decimal(bps) / 10_000)))
            return
        paid = IncomeRow(type="FUNDING_FEE", tran_id=bench.venue.new_id(), asset="USDT", amount=-amount,
                         symbol=symbol, venue_ms=bench.now)  # fmt: skip
        bench.venue.incomes.append(paid)
        bench.venue.wallet += paid.amount
        if self.streamed:
            bench.tell(inp.AccountSeen(now_ms=0, reason="FUNDING_FEE", balances=bench.venue.balances()))

    # Time

    @rule(ms=st.sampled_from((1, 60, 150)))
    def moment(self, ms: int) -> None:
        """A moment passes: less than an answer takes, or a little more."""
        self.bench.advance(ms)

    @rule(ms=st.sampled_from((700, 2_500, 12_000)))
    def wait(self, ms: int) -> None:
        """Time passes, and timers fire."""
        self.bench.advance(ms)

    @rule(after_ms=st.sampled_from((50, 1_000, 20_000)), lose_tail=st.booleans(), landed=st.booleans())
    def crash(self, after_ms: int, lose_tail: bool, landed: bool) -> None:
        """kill -9 and a new start from the journal."""
        self.stir(streamed=False)
        self.bench.restart(after_ms=after_ms, lose_tail=lose_tail, landed=landed)

    # The end

    def teardown(self) -> None:
        """Everything works again; a while later every promise is kept."""
        if not hasattr(self, "bench") or self.bench.broken:
            return
        bench = self.bench
        bench.scripts.clear()
        bench.venue.hidden.clear()
        bench.failing_reads, bench.latency, bench.lags = set(), lambda: 0, {}
        self.disk(ok=True)
        self.stir(streamed=True)
        self.surroundings(what="link", ms=10)
        bench.advance(150_000)
        bench.check_end()
        self.reckon()

    def stir(self, *, streamed: bool) -> None:
        """What a venue finishes by itself: children of stops, and stops that never found their child."""
        self.end_children(streamed=streamed)
        for algo in [a for row in self.bench.venue.algos.values() for a in row if a.status is AlgoStatus.TRIGGERING]:
            self.tell_of(algo, AlgoStatus.EXPIRED, streamed=streamed)

    def end_children(self, *, streamed: bool) -> None:
        """MARKET children of stops are filled, or expire where nothing is open."""
        bench, streamed = self.bench, streamed and self.streamed
        for held in [h for h in self.working() if role_of(h.client_id) is Role.STOP]:
            amount = bench.venue.amounts.get(held.symbol, ZERO)
            if (amount > 0) == (held.side is Side.SELL) and amount:
                bench.fill(self.chosen(held), min(held.quantity - held.executed, abs(amount)), streamed=streamed)
            if not held.status.terminal:
                bench.expire(self.chosen(held), streamed=streamed)
            self.finish(held, streamed=streamed)

    def reckon(self) -> None:
        """The venue, the engine and the model agree."""
        bench, model = self.bench, self.bench.model
        model.agree(bench.state)
        for intent_id in model.intents:
            settled = intent_id in model.results
            assert settled or self.entry_works(intent_id), f"no result for {intent_id}"
        entries: dict[str, int] = {}
        for client_id, rows in bench.venue.orders.items():
            assert self.strange or client_id.startswith(ORDER_PREFIX)
            if role_of(client_id) is Role.ENTRY:
                subject = client_id.rpartition("-")[2]
                entries[subject] = entries.get(subject, 0) + len(rows)
        assert all(count == 1 for count in entries.values()), f"an intent entered twice: {entries}"
        for symbol in SYMBOLS:
            self.reckon_symbol(symbol)

    def entry_works(self, intent_id: str) -> bool:
        """Whether an entry of the intent still rests at the venue."""
        return any(p.intent_id == intent_id and p.trade_id in self.bench.model.live.values()
                   for p in self.bench.model.plans.values())  # fmt: skip

    def reckon_symbol(self, symbol: str) -> None:
        """Position, cover and orders of one symbol at the venue."""
        bench, model = self.bench, self.bench.model
        amount = bench.venue.amounts.get(symbol, ZERO)
        assert bench.state.positions.get(symbol, ZERO) == amount, "the books differ from the venue"
        if symbol not in model.strange:
            made = {fill.key for fill in bench.venue.trades if fill.symbol == symbol}
            assert {f.key for f in model.fills.values() if f.symbol == symbol} == made, "executions nobody booked"
            assert all(f.fee is not None for f in model.fills.values() if f.symbol == symbol), "fees are missing"
        armed, resting = list(bench.venue.open_algos(symbol)), [h for h in self.working() if h.symbol == symbol]
        theirs = bench.state.foreign.get(symbol, ZERO)
        if symbol not in model.live:
            assert amount == theirs, "a position without a trade"
            assert armed == [], "a stop without a trade"
            assert resting == [], "an order without a trade"
            return
        ours = min(abs(amount - theirs), abs(amount))
        covered = sum((a.quantity or abs(amount) for a in armed), ZERO)
        trade = bench.state.trade_of(symbol)
        assert ours == 0 or covered >= ours, f"uncovered: {amount} {armed} {trade.phase} {trade.phase_reason}"
        assert trade.phase.value in ("open", "entering"), f"stuck: {trade.phase} {trade.phase_reason}"


def _cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"))


def run(examples: int, steps: int = 40, **given: Any) -> None:
    """Drive the engine and the model. Raises what a broken promise raises."""
    fixed: dict[str, Any] = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}
    chosen = settings(max_examples=examples, stateful_step_count=steps, report_multiple_bugs=False, **fixed, **given)
    run_state_machine_as_test(EngineAndModel, settings=chosen)  # type: ignore[no-untyped-call]


def main() -> None:
    """A long run with fresh examples; the first failure is shrunk and printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1_000)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--no-shrink", action="store_true")
    given = parser.parse_args()
    phases = [Phase.generate] if given.no_shrink else [Phase.generate, Phase.shrink]
    run(given.examples, given.steps, derandomize=False, phases=phases)
    sys.stdout.write(f"{given.examples} examples of up to {given.steps} rules: no promise broken\n")


if __name__ == "__main__":
    main()
