"""The invariants I1 to I26 and who checks them: made into the reference page, and compared with the program."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "invariants.md"
CHECKS = ROOT / "src" / "holdfast" / "verify"

JOURNAL, LOG, MARKS = "journal", "venue log", "marks in the venue log"
NOT_HERE: Final = "not by `verify`"


class Invariant(NamedTuple):
    """One promise: its sentence, what is read for it, the files that check it, and how far an export shows it."""

    sentence: str
    reads: str
    files: tuple[str, ...]
    export: str = "yes"


TABLE: Final[dict[str, Invariant]] = {
    "I1": Invariant(
        "An intent enters the market at most once, and never for more than was planned; an entry or a partial exit is"
        " never sent twice under one id.",
        "both", ("once.py", "fates.py"), "entries, not requests",
    ),
    "I2": Invariant(
        "Every order and cancel of ours has its command record, written before it arrived and equal to it parameter by"
        " parameter, and nothing stands at the venue in our name that was not asked for.",
        "both", ("commands.py", "export_orders.py"), "the orders that are listed, field by field",
    ),
    "I3": Invariant(
        "No position without a live stop for its full size: naked for at most 1 s from the first evidence that reached"
        " a live engine.",
        "both", ("cover.py",), "no",
    ),
    "I4": Invariant(
        "Nothing that reduces takes a position through zero or makes it larger.",
        "both", ("exits.py", "conduct.py"), "where the engine opened all that was open",
    ),
    "I5": Invariant(
        "No order of ours outlives its flat position by more than 2 s and the venue's lag without a cancel.",
        "both", ("exits.py",), "no",
    ),
    "I6": Invariant(
        "The sum of all executions is the position, at every instant at the venue and in the end in the ledger.",
        "both", ("fills.py", "money.py", "books.py"), "executions against the ledger",
    ),
    "I7": Invariant(
        "Fees, profit and funding equal the venue's income record to the last digit: per row, per fill, per trade; a"
        " balance that was read is one that the wallet had.",
        "both", ("money.py", "fills.py", "books.py"), "yes, without balances",
    ),
    "I8": Invariant("Each execution is booked exactly once, as it was.", "both", ("fills.py", "export_orders.py")),
    "I9": Invariant(
        "What an order executed is the sum of its executions, in the ledger within a minute.",
        "both", ("fills.py", "money.py", "export_orders.py"),
    ),
    "I10": Invariant(
        "An order's life goes forward only, and both records tell the same end.",
        "both", ("lives.py", "run.py", "export_orders.py", "conduct.py"), "ends, not steps",
    ),
    "I11": Invariant(
        "What is called rejected or unsent never appears at the venue; what was shown never placed and surfaces is"
        " flattened or adopted within 2 s of its first evidence.",
        "both", ("once.py",), "without the 2 s",
    ),
    "I12": Invariant("One writer at a time.", NOT_HERE, (), "no"),
    "I13": Invariant(
        "Every entry names the verdict that let it pass. (That the gate would judge alike again, `holdfast replay"
        " --check` shows.)",
        JOURNAL, ("fates.py",),
    ),
    "I14": Invariant(
        "Whenever the venue accepts an entry, what is open and what may still fill is within the limits, at the prices"
        " that its verdict cites; slippage and stop distance are within theirs.",
        "both", ("exposure.py", "sizes.py"),
    ),
    "I15": Invariant(
        "While trading is commanded to reduce or halt, no entry is planned, arrives, or is left working.",
        "both", ("halts.py",), "entries that were planned",
    ),
    "I16": Invariant(
        "A stop stands on the losing side of the mark and of its entry, everything planned is on the venue's grid, and"
        " no order is refused for its form.",
        f"both, {MARKS}", ("stops.py", "conduct.py", "sizes.py"), "plans, not marks",
    ),
    "I17": Invariant(
        "A stop is never looser than planned, and no cancel of ours leaves less cover, or none.",
        "both", ("stops.py",), "against its plan",
    ),
    "I18": Invariant("A journal folds to the same state again (`holdfast replay --check`).", NOT_HERE, (), "no"),
    "I19": Invariant(
        "The journal is a whole chain of hashes, numbered without a gap; with `--head` also not cut off.",
        JOURNAL, ("chain.py", "journal_file.py"),
    ),
    "I20": Invariant(
        "What was acknowledged to its source is in the journal.", "what the caller knows to be acknowledged",
        ("fates.py",), "where the caller says what was acknowledged",
    ),
    "I21": Invariant(
        "One result per intent, one closing per trade, and no entry after its time to live.",
        "both", ("fates.py",), "without times of arrival",
    ),
    "I22": Invariant(
        "A verdict that lets an entry pass cites its data; mark, touch, balance, coverage watch and clock are within"
        " their bounds, and stream, journal and reconciliation are well.",
        JOURNAL, ("freshness.py",),
    ),
    "I23": Invariant(
        "No key, secret or token stands in the records or in anything else that was written (`--secret`, `--also`): not"
        " as text, not encoded, not in part.",
        "both, and any file", ("canary.py",), "the journal",
    ),
    "I24": Invariant(
        "After a run that ended in peace (`--complete`) nothing of ours is open, pending or unknown; after a gap of the"
        " user stream everything is read again.",
        "both", ("quiet.py", "gaps.py"), "the end",
    ),
    "I25": Invariant(
        "No ban. What can wait leaves 30 % of every rate limit free and waits when told to; the same refused input"
        " comes at most three times.",
        LOG, ("quiet.py", "rates.py", "repeats.py"), "no",
    ),
    "I26": Invariant(
        "Every execution belongs to a trade of ours or has a cause.", "both", ("fills.py",),
    ),
}  # fmt: skip

HEAD = """# Invariants, and who checks them

What `holdfast verify` holds against the two records of a run, the engine's journal and the exchange's own log. Each row
is a promise; the check reads what the third column says and shares no code with the engine. A violation is told with
the invariant, a sentence, and the records that show it (`journal seq 17`, `venue log n 302`, `trades.json row 9`).
Rules that have no number here are told by their own (`RULES 4`; see [the rules](rules.md)). What was not looked at in a
run is listed at the end of the report, with the reason, and never counts as kept. The times and bounds are those of
RULES 15.

This page is made from `tests/invariants.py`; a test compares it with the program.
"""

TAIL = """
## When the records themselves were touched

The **journal** is a chain of hashes. Any byte of any record changed, any record removed, moved, doubled or replaced is
named by its sequence number, and nothing else is judged. A chain that was computed anew from some record on, and one
that was cut off at its end, are whole in themselves: `--head SEQ:HASH`, from any published result, tells both.

The **venue log** carries no hashes. Its lines are numbered and in order of time, so a line that was taken out, moved or
put in is named. Somebody who also numbers the rest anew is found where the journal knows better: orders, conditional
orders, executions, income and the requests of orders are contradicted, and so are their changed fields. Lines of which
the journal holds nothing (connections, pushes, replies, reads, marks) can be taken out unseen, and a log whose end is
missing looks like one that was written less long, as soon as the journal ends no later.

## A real account's history in the place of a log

`holdfast verify --journal FILE --export FOLDER` compares a journal with what Binance lists of the account. The folder
holds four files, each a JSON array as the venue returns it, pages one after the other (rows that two pages share count
once):

@FILES@

Take it when the engine has stopped, for the whole time of the journal or its last part: what is older than the first
row is left out on both sides, and that is said. The venue forgets orders that ended without a fill after three days,
and trades and income after three months. A row that is missing, added or changed is found by its file and place, as far
as the journal knows of it; a transfer, for one, it does not.
"""


EXPORTED: Final[dict[str, tuple[str, str]]] = {
    "orders.json": (
        "`GET /fapi/v1/allOrders` per symbol",
        "ids, side, type, price, quantity, executed, status, time in force, times",
    ),
    "algo_orders.json": (
        "`GET /fapi/v1/allAlgoOrders` per symbol",
        "ids, side, type, trigger, quantity, status, working type, close position, spawned order",
    ),
    "trades.json": (
        "`GET /fapi/v1/userTrades` per symbol",
        "ids, side, price, quantity, fee and its asset, profit, maker, time",
    ),
    "income.json": ("`GET /fapi/v1/income`", "type, id, asset, amount, symbol, trade, time"),
}


def page() -> str:
    """The reference page."""
    rows = [f"| `{name}` | {endpoint} | {fields} |" for name, (endpoint, fields) in EXPORTED.items()]
    files = "\n".join(["| file | endpoint | fields that are compared |", "|---|---|---|", *rows])
    lines = [HEAD, "| | holds when | reads | checked in | from an export |", "|---|---|---|---|---|"]
    for name, row in TABLE.items():
        checks = ", ".join(f"`{file}`" for file in row.files) or "-"
        lines.append(f"| **{name}** | {row.sentence} | {row.reads} | {checks} | {row.export} |")
    return "\n".join(lines) + "\n" + TAIL.replace("@FILES@", files)


@cache
def found_in_source() -> dict[str, set[str]]:
    """Invariant → the files of the checker that can tell of it."""
    found: dict[str, set[str]] = {}
    for path in sorted(CHECKS.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"I\d+", node.value):
                found.setdefault(node.value, set()).add(path.name)
    return found


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
