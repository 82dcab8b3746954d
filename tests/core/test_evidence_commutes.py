"""What the stream tells and what a read finds are one fact: either alone, both in either order, or each twice lead to
the same state (RULES 3: any positive evidence counts, and counts once)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from holdfast.model import inputs as inp
from holdfast.model.effects import Read, ReadKind
from holdfast.model.orders import AlgoStatus, OrderStatus, Side
from holdfast.model.reports import Channel, IncomeRow
from tests.core.bench import SYMBOL
from tests.core.bursts import REST, Catcher, ending, outline
from tests.core.replies import stranger_order, without_fee

Forms = tuple[Catcher, inp.AnyInput, inp.AnyInput]
"""An engine that has not heard of a fact, the stream's word on it, and what a read finds."""


def found(bench: Catcher, kind: ReadKind, purpose: str, **what: Any) -> inp.ReadAnswered:
    """The answer to a read, as it left the venue at the moment of the fact."""
    read = Read(kind=kind, purpose=purpose, symbol=SYMBOL, client_id=what.pop("client_id", ""))
    return inp.ReadAnswered(now_ms=0, read=read, ok=True, asked_ms=bench.now, **what)


def resting() -> Catcher:
    """A limit entry works."""
    bench = Catcher()
    bench.intent(entry=REST)
    return bench.catch()


def status_of_order(status: OrderStatus, executed: str) -> Forms:
    """A resting entry has changed."""
    bench = resting()
    name = bench.entry().client_id
    held = bench.venue.orders[name][-1]
    if Decimal(executed):
        bench.fill(name, executed, "49900")
    held.status = status
    told = inp.OrderSeen(now_ms=0, report=bench.venue.report(held, Channel.STREAM))
    return bench, told, found(bench, ReadKind.ORDER, f"state:{name}", client_id=name,
                              orders=(bench.venue.report(held, Channel.QUERY),))  # fmt: skip


def status_of_stop(status: AlgoStatus) -> Forms:
    """The stop of an open trade has ended at the venue."""
    bench = Catcher().open_trade().catch()
    name = bench.stop().client_id
    bench.algo(name, status)
    report = bench.venue.algo_report(bench.venue.algos[name][-1], Channel.QUERY)
    return bench, bench.caught[-1], found(bench, ReadKind.ALGO, f"state:{name}", client_id=name, algos=(report,))


def stop_went_off() -> Forms:
    """The stop has triggered; its child has filled."""
    bench = Catcher().open_trade().catch()
    name = bench.stop().client_id
    bench.trigger(name, price="49490")
    report = bench.venue.algo_report(bench.venue.algos[name][-1], Channel.QUERY)
    return bench, bench.caught[-1], found(bench, ReadKind.ALGO, f"state:{name}", client_id=name, algos=(report,))


def execution(*, early: bool, whole: bool) -> Forms:
    """A resting entry has executed: TRADE_LITE or the full word, against userTrades."""
    bench = resting()
    fill = bench.fill(bench.entry().client_id, None if whole else "0.04", "49900")
    told = bench.caught[-1] if not early else inp.FillSeen(now_ms=0, fill=without_fee(fill))
    rows = bench.venue.answer(Read(kind=ReadKind.TRADES, purpose="", symbol=SYMBOL), 0, bench.now).fills
    return bench, told, found(bench, ReadKind.TRADES, f"trades:{SYMBOL}", fills=rows)


def exit_execution() -> Forms:
    """A stop's child has executed; nobody has heard of the child."""
    bench = Catcher().open_trade().catch()
    bench.trigger(bench.stop().client_id, price="49490")
    told = next(word for word in bench.caught if isinstance(word, inp.OrderSeen) and word.fill is not None)
    rows = bench.venue.answer(Read(kind=ReadKind.TRADES, purpose="", symbol=SYMBOL), 0, bench.now).fills
    return bench, told, found(bench, ReadKind.TRADES, f"trades:{SYMBOL}", fills=rows)


def position(*, ours: bool) -> Forms:
    """A position that no execution has told of: our entry's, or somebody else's."""
    bench = resting() if ours else Catcher().catch()
    if ours:
        bench.fill(bench.entry().client_id, None, "49900")
    else:
        bench.venue.take(stranger_order("web_1", "0.1", Side.BUY), bench.now)
        bench.fill("web_1")
    row = bench.venue.position(SYMBOL)
    told = inp.AccountSeen(now_ms=0, reason="ORDER", balances=bench.venue.balances(), positions=(row,))
    return bench, told, found(bench, ReadKind.POSITIONS, f"position:{SYMBOL}", positions=(row,))


def funding() -> Forms:
    """Funding was paid on an open trade."""
    bench = Catcher().open_trade()
    bench.advance(1_000)
    row = IncomeRow(type="FUNDING_FEE", tran_id=77, asset="USDT", amount=Decimal("-0.25"), symbol=SYMBOL,
                    venue_ms=bench.now)  # fmt: skip
    bench.venue.incomes.append(row)
    told = inp.AccountSeen(now_ms=0, reason="FUNDING_FEE", balances=bench.venue.balances())
    return bench.catch(), told, found(bench, ReadKind.INCOME, "funding:", incomes=(row,))


FACTS: dict[str, tuple[Callable[[], Forms], str]] = {
    "order filled": (lambda: status_of_order(OrderStatus.FILLED, "0.1"), "i1 protected"),
    "order filled in part": (lambda: status_of_order(OrderStatus.PARTLY_FILLED, "0.04"), ""),
    "order cancelled": (lambda: status_of_order(OrderStatus.CANCELLED, "0"), "i1 expired, closed"),
    "order expired in part": (lambda: status_of_order(OrderStatus.EXPIRED, "0.04"), "i1 protected"),
    "stop cancelled": (lambda: status_of_stop(AlgoStatus.CANCELLED), "i1 protected"),
    "stop expired": (lambda: status_of_stop(AlgoStatus.EXPIRED), "i1 protected, closed"),
    "stop rejected": (lambda: status_of_stop(AlgoStatus.REJECTED), "i1 protected, closed"),
    "stop finished": (stop_went_off, "i1 protected, closed"),
    "execution": (lambda: execution(early=False, whole=True), "i1 protected"),
    "execution, early word": (lambda: execution(early=True, whole=True), "i1 protected"),
    "execution of a part": (lambda: execution(early=False, whole=False), ""),
    "execution of a part, early word": (lambda: execution(early=True, whole=False), ""),
    "execution of an exit": (exit_execution, "i1 protected, closed"),
    "position of ours": (lambda: position(ours=True), "i1 protected"),
    "position of somebody": (lambda: position(ours=False), ""),
    "funding": (funding, "i1 protected"),
}
"""Kind of fact → its two forms, and the results that it must lead to."""


def after(name: str, forms: list[str], gaps: list[int]) -> tuple[dict[str, Any], str]:
    """The state after some tellings, whatever was asked because of them, and some quiet under the coverage watch. A fee
    that an early word lacks is asked for within 30 s."""
    bench, stream, read = FACTS[name][0]()
    bench.catching, bench.watch = False, True
    for form, gap in zip(forms, gaps, strict=False):
        bench.advance(gap)
        word = stream if form == "stream" else read
        bench.step(replace(word, now_ms=bench.now))
    bench.advance((34_000 if "early" in name else 13_000) - sum(gaps))
    bench.check_end()
    return outline(bench), ending(bench)


@pytest.mark.parametrize("name", FACTS)
@settings(max_examples=25)
@given(st.lists(st.sampled_from(("stream", "read")), min_size=1, max_size=4),
       st.lists(st.integers(0, 250), min_size=4, max_size=4))  # fmt: skip
def test_rules_3_stream_and_read_commute(name, forms, gaps):
    """Either form, both in any order, repeated, with pauses: one fact, one state."""
    wanted = after(name, ["stream"], [0])
    assert wanted[1] == FACTS[name][1]
    assert after(name, forms, gaps) == wanted
