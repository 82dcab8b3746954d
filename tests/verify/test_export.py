"""A real account's history in the place of a venue log: what it shows is judged, what it lacks is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import pytest

from holdfast.verify import Options, Report, VerifyError, Violation
from holdfast.verify.export import FILES, rows_of
from holdfast.verify.records import JournalRow
from holdfast.verify.run import check_export
from tests.paper.desk import Desk
from tests.random_days.day import Day
from tests.random_days.world import journal_rows
from tests.verify.exports import Files, export_of, files_of

SEEDS: Final = range(12)

UNKNOWABLE: Final = "TRANSFER"
"""Money that somebody moved: no record of the engine is about it."""


def lived(seed: int) -> tuple[list[JournalRow], Files] | None:
    """A random day: its journal, and what its exchange lists afterwards; None when it lost orders."""
    day = Day(seed)
    day.live()
    if any(line.get("verb") == "algo.vanish" for line in day.world.desk.log):
        return None  # An exchange that loses orders has no history of them either.
    return journal_rows(day.world.journal), files_of(day.world.desk, list(day.world.markets))


def is_busy(files: Files) -> bool:
    """Stops that triggered and stops that were cancelled, profit, fees and funding, and nobody else's orders."""
    ends = {row["algoStatus"] for row in files["algo_orders.json"]}
    money = {row["incomeType"] for row in files["income.json"]}
    ours = all(row["clientOrderId"].startswith("hf-") for row in files["orders.json"])
    return ours and {"FINISHED", "CANCELED"} <= ends and {"COMMISSION", "REALIZED_PNL", "FUNDING_FEE"} <= money


@cache
def busy() -> tuple[list[JournalRow], Files]:
    """The first of the random days that is."""
    return next(day for day in map(lived, range(1_000)) if day is not None and is_busy(day[1]))


def judged(files: Files) -> Report:
    """The busy day's journal against a history."""
    return check_export(busy()[0], export_of(files), Options(complete=True))


def found(files: Files) -> list[Violation]:
    """What is wrong; a history that contradicts itself is refused, which names its row as well."""
    try:
        return judged(files).violations
    except VerifyError as error:
        return [Violation(invariant="refused", sentence=error.problem, rows=(error.record,))]


def edited(name: str, at: int, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Files:
    """The history with one row changed, or taken out."""
    files = busy()[1]
    row = change(files[name][at])
    return {**files, name: [*files[name][:at], *([] if row is None else [row]), *files[name][at + 1 :]]}


def test_what_happened_is_found_to_be_right():
    """Crashes, faults, strangers and a funding hour: nothing is held against any of it."""
    wrong, judged = [], 0
    for seed in SEEDS:
        day = lived(seed)
        if day is not None:
            report = check_export(day[0], export_of(day[1]), Options(complete=True))
            wrong += [f"seed {seed}: {violation.invariant} {violation.sentence}" for violation in report.violations]
            judged += 1
    assert wrong == []
    assert judged >= len(SEEDS) // 2


def test_the_busy_day_is_right():
    """Otherwise the tests below would prove nothing."""
    assert found(busy()[1]) == []


def known(name: str) -> list[int]:
    """Places of the rows that the journal can know."""
    return [at for at, row in enumerate(busy()[1][name]) if row.get("incomeType") != UNKNOWABLE]


@pytest.mark.parametrize("name", list(FILES))
def test_any_missing_row_is_found(name):
    """Whichever it is."""
    unseen = [at for at in known(name) if not found(edited(name, at, lambda _row: None))]
    assert unseen == []


EDITS: Final = [
    ("trades.json", "price", "1"),
    ("trades.json", "qty", "77"),
    ("trades.json", "commission", "1.5"),
    ("trades.json", "commissionAsset", "BNB"),
    ("trades.json", "realizedPnl", "-3"),
    ("trades.json", "orderId", 77),
    ("trades.json", "id", 77),
    ("trades.json", "time", 1_790_000_000_001),
    ("trades.json", "symbol", "XRPUSDT"),
    ("orders.json", "executedQty", "77"),
    ("orders.json", "status", "REJECTED"),
    ("orders.json", "orderId", 77),
    ("algo_orders.json", "triggerPrice", "1"),
    ("algo_orders.json", "algoStatus", "REJECTED"),
    ("algo_orders.json", "clientAlgoId", "hf-s9-aaaaaaaaaaaaaaaaaaaaaaaa"),
    ("algo_orders.json", "side", "BOTH"),
    ("algo_orders.json", "workingType", "CONTRACT_PRICE"),
    ("income.json", "income", "123"),
    ("income.json", "asset", "BNB"),
    ("income.json", "incomeType", "INSURANCE_CLEAR"),
    ("income.json", "symbol", "XRPUSDT"),
]


@pytest.mark.parametrize(("name", "field", "value"), EDITS, ids=[f"{name}-{field}" for name, field, _ in EDITS])
def test_an_edited_row_is_found(name, field, value):
    """Every row of the file, one after the other."""
    unseen = [at for at in known(name) if not found(edited(name, at, lambda row: {**row, field: value}))]
    assert unseen == []


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("trades.json", {"id": 99_999_999}),
        ("orders.json", {"orderId": 99_999_999, "clientOrderId": "hf-e1-aaaaaaaaaaaaaaaaaaaaaaaa"}),
        ("algo_orders.json", {"algoId": 99_999_999, "clientAlgoId": "hf-s9-aaaaaaaaaaaaaaaaaaaaaaaa"}),
        ("income.json", {"tranId": 99_999_999, "incomeType": "FUNDING_FEE", "tradeId": ""}),
    ],
)
def test_an_extra_row_is_found_and_named(name, more):
    """One that the journal cannot explain, by file and row."""
    files = busy()[1]
    rows = files[name]
    violations = found({**files, name: [*rows, {**rows[-1], **more}]})
    assert any(f"{name} row {len(rows) + 1}" in violation.rows for violation in violations), violations


def test_a_row_that_two_pages_share_counts_once():
    """Pages overlap where rows of one millisecond meet."""
    files = busy()[1]
    assert found({name: [*rows, rows[-1]] for name, rows in files.items()}) == []


def test_a_row_that_contradicts_an_earlier_one_is_refused():
    """By its place."""
    files = busy()[1]
    rows = files["trades.json"]
    with pytest.raises(VerifyError, match=f"trades.json row {len(rows) + 1}: says otherwise"):
        judged({**files, "trades.json": [*rows, {**rows[0], "qty": "77"}]})


@pytest.mark.parametrize(
    ("body", "record"),
    [
        (b"", "orders.json"),
        (b"<html>", "orders.json"),
        (b'{"code":-2015,"msg":"Invalid API-key"}', "orders.json"),
        (b'[{"symbol":"BTCUSDT"}]', "orders.json row 1"),
        (b'[{"price":"NaN"}]', "orders.json"),
    ],
)
def test_a_file_that_is_none_is_refused(body, record):
    """An error reply saved as a list, or rows of something else."""
    with pytest.raises(VerifyError) as caught:
        rows_of("orders.json", body)
    assert caught.value.record == record


def test_numbers_may_come_as_text():
    """The demo environment has sent times so (D.5)."""
    rows = busy()[1]["algo_orders.json"]
    as_text = [{**row, "updateTime": str(row["updateTime"]), "triggerTime": str(row["triggerTime"])} for row in rows]
    assert rows_of("algo_orders.json", json.dumps(as_text).encode()) == rows_of(
        "algo_orders.json", json.dumps(rows).encode()
    )


def test_the_history_of_another_account_is_refused():
    """It knows none of the orders that were confirmed."""
    desk = Desk()
    desk.order(newClientOrderId="by-hand")
    with pytest.raises(VerifyError, match="does not belong"):
        judged(files_of(desk, ["BTCUSDT"]))


def test_an_empty_history_is_refused():
    """It would agree with any journal that did nothing."""
    with pytest.raises(VerifyError, match="empty"):
        judged({name: [] for name in FILES})


def test_what_an_export_cannot_show_is_said():
    """Never a pass."""
    left_out = {entry.what for entry in judged(busy()[1]).not_checked}
    assert {"I3", "I5", "I25", "I12", "I7 wallet balances", "I16 side of the mark"} <= left_out


def test_a_history_that_begins_later_is_compared_from_there_on():
    """What is older is left out on both sides, and that is said."""
    files = busy()[1]
    times = {"orders.json": "time", "algo_orders.json": "createTime", "trades.json": "time", "income.json": "time"}
    every = sorted(row[times[name]] for name, rows in files.items() for row in rows)
    half = every[len(every) // 2]
    later = {name: [row for row in rows if row[times[name]] >= half] for name, rows in files.items()}
    report = judged(later)
    assert "what happened before the export begins" in {entry.what for entry in report.not_checked}
    assert report.violations == []
