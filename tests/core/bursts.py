"""Scenes whose words are caught on their way: what the venue says of one happening, to be told in any order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from holdfast.model import inputs as inp
from holdfast.model.effects import Effect, Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.intent import Entry
from holdfast.model.orders import AlgoStatus
from holdfast.model.reports import Channel
from holdfast.model.venue_facts import VenueFacts
from tests.core.bench import SYMBOL, Bench
from tests.core.replies import Reply, rejected, unknown

D = Decimal
REST = Entry(type="limit", price=D("49900"), ttl_ms=60_000)
ARMED = VenueFacts(stop_without_position="yes")
PARTS = [("50500", "0.5"), ("51000", "0.5")]

BOOKKEEPING = frozenset({"events", "money", "balances", "cover_losses", "algo_id", "venue_id"})
"""Fields of the state that may tell the order of arrival: the count of records, the order of the ledger of the last 24
hours, the wallet that was told last, when stops were lost, and the numbers that the venue gave to what was sent
afterwards. Times of our own (`_ms`) are left out as well. Everything else is the same whatever came first."""


class Catcher(Bench):
    """A bench that keeps the words of the venue for later while it is catching."""

    def __init__(self, **settings: Any) -> None:
        self.catching = False
        self.caught: list[inp.AnyInput] = []
        super().__init__(**settings)
        self.advance(1_500)  # The base of the day's loss is drawn before anything happens.

    def tell(self, message: inp.AnyInput) -> None:
        """A word of the user stream."""
        if self.catching:
            self.caught.append(message)
        else:
            super().tell(message)

    def say(self, message: inp.AnyInput) -> None:
        """An answer. Answers to reads are not held: they say what is true by then."""
        if self.catching and not isinstance(message, inp.ReadAnswered):
            self.caught.append(message)
        else:
            super().say(message)

    def perform(self, effect: Effect) -> None:
        """While words are held the venue is not asked: it would tell what they tell."""
        if self.catching and isinstance(effect, Read):
            self.held_reads.append(effect)
        else:
            super().perform(effect)

    def catch(self) -> Catcher:
        """From here on."""
        self.catching, self.watch = True, False
        return self

    def query(self, client_id: str) -> None:
        """The answer to a question for a plain order is among the words."""
        read = Read(kind=ReadKind.ORDER, purpose=f"state:{client_id}", symbol=SYMBOL, client_id=client_id)
        report = self.venue.report(self.venue.orders[client_id][-1], Channel.QUERY)
        self.caught.append(inp.ReadAnswered(now_ms=0, read=read, ok=True, asked_ms=self.now, orders=(report,)))

    def query_stop(self, client_id: str) -> None:
        """The answer to a question for a stop is among the words."""
        read = Read(kind=ReadKind.ALGO, purpose=f"state:{client_id}", symbol=SYMBOL, client_id=client_id)
        report = self.venue.algo_report(self.venue.algos[client_id][-1], Channel.QUERY)
        self.caught.append(inp.ReadAnswered(now_ms=0, read=read, ok=True, asked_ms=self.now, algos=(report,)))


def tell(bench: Catcher, words: list[inp.AnyInput]) -> None:
    """One word after the other, a millisecond apart; then whatever was asked is answered, and some quiet."""
    bench.catching, bench.hold_reads = False, set(ReadKind)
    for word in list(words):
        bench.advance(1)
        bench.step(msgspec.structs.replace(word, now_ms=bench.now))
    bench.hold_reads.clear()
    bench.release_reads()
    bench.advance(3_000)
    bench.check_end()


def outline(bench: Bench) -> dict[str, Any]:
    """The state without bookkeeping, and what stands at the venue."""
    armed = sorted((a.client_id, str(a.quantity)) for a in bench.venue.open_algos())
    amounts = {symbol: str(amount) for symbol, amount in bench.venue.amounts.items()}
    state = _bare(msgspec.to_builtins(bench.state, builtin_types=(Decimal,)))
    return {"state": state, "armed": armed, "amounts": amounts}


def digest(bench: Bench) -> str:
    """The outline as a hash."""
    return hashlib.sha256(repr(outline(bench)).encode()).hexdigest()


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {k: _bare(v) for k, v in value.items() if k not in BOOKKEEPING and not str(k).endswith("_ms")}
        return dict(sorted(kept.items()))
    if isinstance(value, list | tuple):
        return [_bare(item) for item in value]
    return value.normalize() if isinstance(value, Decimal) else value


def entry_with_its_stop() -> Catcher:
    """Both leave in one packet: answers, NEW, TRADE_LITE, ACCOUNT_UPDATE, TRADE, ALGO_UPDATE NEW are on their way."""
    bench = Catcher(facts=ARMED).catch()
    bench.intent()
    bench.caught = [word for word in bench.caught if not _is_answer(word, Role.STOP)]
    return bench


def entry_in_pieces() -> Catcher:
    """A resting entry fills twice: TRADE_LITE, ACCOUNT_UPDATE and TRADE of the first, the last two of the second."""
    bench = Catcher()
    bench.intent(entry=REST)
    bench.catch().fill(bench.entry().client_id, "0.04", "49900")
    bench.fill(bench.entry().client_id, None, "49900", lite=False)
    return bench


def entry_in_part() -> Catcher:
    """An IOC fills in part and expires: NEW, TRADE_LITE, ACCOUNT_UPDATE, TRADE, EXPIRED."""
    bench = Catcher(facts=ARMED)
    bench.entry_part = D("0.03")
    bench.script(Role.ENTRY, Reply(None, landed=True))
    bench.catching = True
    bench.intent()
    bench.caught = [word for word in bench.caught if isinstance(word, inp.AlgoSeen | inp.OrderSeen | inp.FillSeen)]
    return bench.catch()


def entry_without_fill() -> Catcher:
    """An IOC finds nothing: answer, NEW, EXPIRED, the answer to a question."""
    bench = Catcher().catch()
    bench.fills_entries = False
    bench.intent()
    bench.query(bench.entry().client_id)
    return bench


def entry_in_doubt() -> Catcher:
    """The answer says nothing, the stream says everything."""
    bench = Catcher().catch()
    bench.script(Role.ENTRY, unknown(landed=True, streamed=True))
    bench.intent()
    return bench


def cancel_confirmed() -> Catcher:
    """A resting entry is cancelled: the answer, CANCELLED, the answer to a question."""
    bench = Catcher()
    bench.intent(entry=REST)
    bench.catch().command("halt")
    bench.query(bench.entry().client_id)
    return bench


def cancel_too_late() -> Catcher:
    """It had filled: -2011, TRADE_LITE, ACCOUNT_UPDATE, TRADE, the answer to a question."""
    bench = Catcher()
    bench.intent(entry=REST)
    bench.catch().fill(bench.entry().client_id, None, "49900")
    bench.script(Role.CANCEL, rejected(-2011, "Unknown order sent."))
    bench.command("halt")
    bench.query(bench.entry().client_id)
    return bench


def cancel_of_the_rest() -> Catcher:
    """It had filled in part: TRADE_LITE, ACCOUNT_UPDATE, TRADE, the cancel's answer, CANCELLED."""
    bench = Catcher()
    bench.intent(entry=REST)
    bench.catch().fill(bench.entry().client_id, "0.03", "49900")
    bench.command("halt")
    return bench


def targets_fill() -> Catcher:
    """Both targets: TRADE_LITE, ACCOUNT_UPDATE, TRADE of the first, ACCOUNT_UPDATE and TRADE of the second."""
    bench = Catcher().open_trade(targets=PARTS)
    bench.advance(1_000)
    first, second = (place.order.spec for place in bench.places(Role.TARGET))
    bench.catch().fill(first.client_id, None, first.price)
    bench.fill(second.client_id, None, second.price, lite=False)
    return bench


def stop_goes_with_the_target() -> Catcher:
    """The only target has filled and the stop's cancel is answered: answer, CANCELLED, a question, and the fee."""
    bench = Catcher().open_trade(targets=[("50500", "1")])
    bench.advance(1_000)
    target = bench.places(Role.TARGET)[-1].order.spec
    bench.catch().fill(target.client_id, None, target.price)
    lite = next(word for word in bench.caught if isinstance(word, inp.FillSeen))
    bench.caught.remove(lite)
    bench.give(inp.FillSeen, fill=lite.fill)
    bench.query_stop(bench.stop().client_id)
    return bench


def stop_triggers() -> Catcher:
    """TRIGGERING, TRIGGERED, child NEW, ACCOUNT_UPDATE, child TRADE, FINISHED."""
    bench = Catcher().open_trade().catch()
    bench.trigger(bench.stop().client_id, price="49490")
    bench.caught = [word for word in bench.caught if not isinstance(word, inp.FillSeen)]
    return bench


def stop_in_pieces() -> Catcher:
    """TRIGGERED, two executions of the child (the first with TRADE_LITE), FINISHED."""
    bench = Catcher().open_trade().catch()
    name = bench.stop().client_id
    bench.trigger(name, fills=False)
    bench.caught = bench.caught[1:2]
    bench.fill(name, "0.06", "49490")
    bench.fill(name, None, "49480", lite=False)
    bench.algo(name, AlgoStatus.FINISHED)
    bench.caught = [word for word in bench.caught if not isinstance(word, inp.AccountSeen)]
    return bench


def stop_confirmed() -> Catcher:
    """The stop's answer, ALGO_UPDATE NEW and the answer to a question."""
    bench = Catcher()
    bench.intent(entry=REST)
    bench.catch().fill(bench.entry().client_id, None, "49900")
    trade = bench.caught.pop()
    bench.caught.clear()
    bench.step(msgspec.structs.replace(trade, now_ms=bench.now))
    bench.query_stop(bench.stop().client_id)
    return bench


def close_fills() -> Catcher:
    """A flatten's close: answer, NEW, TRADE_LITE, ACCOUNT_UPDATE, TRADE."""
    bench = Catcher().open_trade()
    bench.advance(1_000)
    bench.catch().intent("c1", "close", side=None)
    return bench


def two_symbols() -> Catcher:
    """Resting entries of two symbols fill at once: TRADE_LITE, ACCOUNT_UPDATE and TRADE of each."""
    bench = Catcher(symbols=("BTCUSDT", "ETHUSDT"))
    for symbol in ("BTCUSDT", "ETHUSDT"):
        bench.intent(f"i-{symbol}", symbol=symbol, entry=REST)
    bench.catch()
    for symbol in ("BTCUSDT", "ETHUSDT"):
        bench.fill(bench.orders(Role.ENTRY, symbol)[-1].client_id, None, "49900")
    return bench


def _is_answer(word: inp.AnyInput, role: Role) -> bool:
    return isinstance(word, inp.PlaceAnswered) and word.client_id.startswith(f"hf-{role.value[0]}")


Scene = Callable[[], Catcher]
SCENES: dict[str, tuple[Scene, str]] = {
    "entry with its stop": (entry_with_its_stop, "i1 protected"),
    "entry in pieces": (entry_in_pieces, "i1 protected"),
    "entry in part": (entry_in_part, "i1 protected"),
    "entry without fill": (entry_without_fill, "i1 expired, closed"),
    "entry in doubt": (entry_in_doubt, "i1 protected"),
    "cancel confirmed": (cancel_confirmed, "i1 expired, closed"),
    "cancel too late": (cancel_too_late, "i1 protected"),
    "cancel of the rest": (cancel_of_the_rest, "i1 protected"),
    "targets fill": (targets_fill, "i1 protected, closed"),
    "stop goes with the target": (stop_goes_with_the_target, "i1 protected, closed"),
    "stop triggers": (stop_triggers, "i1 protected, closed"),
    "stop in pieces": (stop_in_pieces, "i1 protected, closed"),
    "stop confirmed": (stop_confirmed, "i1 protected"),
    "close fills": (close_fills, "c1 closed, i1 protected, closed"),
    "two symbols": (two_symbols, "i-BTCUSDT protected, i-ETHUSDT protected"),
}
"""Name → the scene, and how it ends whatever is told first: results, and whether a trade has closed."""


def ending(bench: Bench) -> str:
    """The published results, and whether trades have closed."""
    told = sorted(f"{i} {r.result.status.value}" for i, r in bench.state.intents.items() if r.result)
    return ", ".join([*told, *["closed"] * len(bench.closed)])
