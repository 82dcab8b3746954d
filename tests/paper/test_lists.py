"""Lists by id, window and limit against a slow reading of the documents (protocol notes C.7 to C.9, D.2)."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import pytest

from tests.paper.desk import Desk

DAY_MS = 86_400_000
HOUR_US = 3_600_000_000


class Row(NamedTuple):
    """What a list may show."""

    ident: int
    ms: int


class Kind(NamedTuple):
    """One list: its path, the name of its rows' ids, the parameter that names a first id, default and most rows."""

    path: str
    ident: str
    first: str
    most: int
    week: bool
    """Whether a window may be no longer than seven days."""


KINDS = {
    "allOrders": Kind("allOrders", "orderId", "orderId", 500, week=True),
    "userTrades": Kind("userTrades", "id", "fromId", 500, week=True),
    "allAlgoOrders": Kind("allAlgoOrders", "algoId", "algoId", 500, week=True),
    "income": Kind("income", "tranId", "", 100, week=False),
}


def busy(seed: int) -> Desk:
    """Months with trades and conditional orders, close together and far apart."""
    desk, chance = Desk(), random.Random(seed)
    for number in range(30):
        desk.order(side="BUY" if number % 2 else "SELL")
        desk.algo(quantity="0.010", triggerPrice=f"{70_000 + number}.0")
        desk.wait(chance.choice((0, 1_000, HOUR_US, 20 * HOUR_US, 150 * HOUR_US)))
    return desk


def known(desk: Desk, kind: str) -> list[Row]:
    """Everything there ever was, oldest first."""
    account = desk.venue.exchange.accounts["paper"]
    if kind == "allOrders":
        return [Row(one.order_id, one.created_us // 1000) for one in account.orders["BTCUSDT"].values()]
    if kind == "userTrades":
        return [Row(one.trade_id, one.us // 1000) for one in account.trades["BTCUSDT"]]
    if kind == "allAlgoOrders":
        return [Row(one.algo_id, one.created_us // 1000) for one in account.algos.values()]
    return [Row(one.tran_id, one.us // 1000) for one in account.income]


def expected(kind: Kind, rows: list[Row], asked: dict[str, int], now_ms: int, *, forgets: bool) -> list[int] | int:
    """The ids that the list should show, or the code of its refusal."""
    start, end, limit = asked.get("startTime"), asked.get("endTime"), asked.get("limit", kind.most)
    rows = [row for row in rows if not forgets or row.ms >= now_ms - 90 * DAY_MS]
    if kind.first in asked:
        return [row.ident for row in rows if row.ident >= asked[kind.first]][:limit]
    if start is not None and end is not None and end < start:
        return -1023
    if kind.week and start is not None and end is not None and end - start > 7 * DAY_MS:
        return -4165
    if end is None:
        end = now_ms if start is None or not kind.week else start + 7 * DAY_MS
    first = end - 7 * DAY_MS if start is None else start
    found = [row.ident for row in rows if first <= row.ms <= end]
    return found[:limit] if start is not None else found[-limit:]


def question(chance: random.Random, kind: Kind, rows: list[Row], now_ms: int) -> dict[str, int]:
    """Random parameters, at the edges of rows as often as between them."""
    asked: dict[str, int] = {}
    some = [chance.choice(rows) for _ in range(2)]
    if kind.first and chance.random() < 0.3:
        asked[kind.first] = some[0].ident + chance.choice((0, 0, 1))
    if chance.random() < 0.6:
        asked["startTime"] = some[0].ms + chance.choice((-1, 0, 1))
    if chance.random() < 0.6:
        asked["endTime"] = chance.choice((some[1].ms, some[1].ms - 1, now_ms, some[0].ms + 7 * DAY_MS))
    if chance.random() < 0.5:
        asked["limit"] = chance.randint(1, 8)
    return asked


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_c7_lists_show_what_was_asked_for(kind: str, seed: int) -> None:
    """Protocol notes C.7, C.8, C.9, D.2: ids, windows, limits, three months, oldest first; -1023 and -4165."""
    desk, chance = busy(seed), random.Random(seed)
    now_ms, rows, answers = desk.now_us // 1000, known(desk, kind), set()
    for _ in range(150):
        asked = question(chance, KINDS[kind], rows, now_ms)
        wanted: Any = expected(KINDS[kind], rows, asked, now_ms, forgets=kind != "allAlgoOrders")
        reply = desk.call("GET", f"/fapi/v1/{KINDS[kind].path}", symbol="BTCUSDT", **asked)
        got = [row[KINDS[kind].ident] for row in reply.body] if reply.status == 200 else reply.code
        assert got == wanted, asked
        answers.add(len(wanted) if isinstance(wanted, list) else wanted)
    assert len(answers) > 4
