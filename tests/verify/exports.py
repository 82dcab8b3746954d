"""The history of an account at our own exchange, asked for over REST as a user would, page after page."""

from __future__ import annotations

import json
from typing import Any

from holdfast.verify.export import FILES, Export, rows_of
from tests.paper.desk import Desk

PAGE = 1_000
BEGIN_MS = 1_789_900_000_000
"""Before anything happened at a desk."""

Files = dict[str, list[dict[str, Any]]]


def files_of(desk: Desk, symbols: list[str]) -> Files:
    """The four lists, as the exchange returns them."""
    found: Files = {name: [] for name in FILES}
    for symbol in symbols:
        found["orders.json"] += _all(desk, "allOrders", "orderId", symbol=symbol, orderId=1)
        found["algo_orders.json"] += _all(desk, "allAlgoOrders", "algoId", symbol=symbol, algoId=1)
        found["trades.json"] += _all(desk, "userTrades", "id", symbol=symbol, fromId=1)
    found["income.json"] = _all(desk, "income", "time", startTime=BEGIN_MS)
    return found


def _all(desk: Desk, method: str, key: str, **asked: Any) -> list[dict[str, Any]]:
    cursor = {"orderId": "orderId", "algoId": "algoId", "id": "fromId", "time": "startTime"}[key]
    found: list[dict[str, Any]] = []
    while True:
        page = desk.call("GET", f"/fapi/v1/{method}", limit=PAGE, **asked).body
        assert isinstance(page, list), page
        found += [row for row in page if row not in found]
        if len(page) < PAGE:
            return found
        asked[cursor] = page[-1][key]


def export_of(files: Files) -> Export:
    """The lists as the checker reads them."""
    return Export(*(rows_of(name, json.dumps(rows).encode()) for name, rows in files.items()))
