"""The venue's income record: funding and whatever else moves money without an execution (RULES 9, 15).

It is read at every start, after every gap of the user stream and a while after that, and once after each full hour,
because funding settles on the hour and the event that tells of it may be lost. What executions earn and cost comes with
the executions.
"""

from __future__ import annotations

from typing import Final

from holdfast.core import exposure, foreign
from holdfast.core.context import Context
from holdfast.core.state import PLACING, TradeState
from holdfast.model import events as ev
from holdfast.model.effects import ReadKind
from holdfast.model.ids import Role
from holdfast.model.inputs import ReadAnswered
from holdfast.model.reports import IncomeRow

HOUR_MS: Final = 3_600_000
SETTLED_MS: Final = 20_000
"""How long after the full hour its funding is in the record."""
LATE_MS: Final = 30_000
"""How long after a gap of the user stream the record is read once more: its rows may lag behind what they tell of."""
OVERLAP_MS: Final = 600_000
"""So much of what is known is read again: rows appear late, and our clock is not the venue's."""
LONGEST_MS: Final = 7 * 24 * HOUR_MS


def since_ms(ctx: Context) -> int:
    """From where on the account's record may hold something new: never before this journal, at most a week."""
    known_ms = ctx.around.income_ms or ctx.state.reconciled_ms
    return max(ctx.state.began_ms, known_ms - OVERLAP_MS, ctx.now_ms - LONGEST_MS)


def read(ctx: Context) -> None:
    """Ask for what may be new."""
    ctx.read(ReadKind.INCOME, "funding:", since_ms=since_ms(ctx))


def read_if_due(ctx: Context) -> None:
    """Ask when an hour has ended since the record was read last."""
    settled_ms = ctx.now_ms - ctx.now_ms % HOUR_MS + SETTLED_MS
    if ctx.around.income_ms < settled_ms <= ctx.now_ms:
        read(ctx)


def take(ctx: Context, answer: ReadAnswered) -> None:
    """The rows of an answer, each once."""
    whole = not answer.read.symbol
    for row in answer.incomes:
        if not (whole and row.by_execution):
            book(ctx, row)
    _ask_for_missing(ctx, [row for row in answer.incomes if row.by_execution])
    if whole:
        # What waits for its owner is read again: the process may end before it has one.
        waits = min((row.venue_ms for row in ctx.around.unplaced_funding.values()), default=answer.asked_ms)
        ctx.around.income_ms = max(ctx.around.income_ms, min(answer.asked_ms, waits))


def _ask_for_missing(ctx: Context, rows: list[IncomeRow]) -> None:
    """What the record names and the books lack is fetched: whoever traded and undid it leaves no other trace (I26)."""
    if not rows:
        return
    booked = {tuple(key.split(":")[::2]) for key in ctx.state.fills}
    since: dict[str, int] = {}
    for row in rows:
        if (row.symbol, row.trade_id) not in booked and row.venue_ms > foreign.explained_ms(ctx, row.symbol):
            since[row.symbol] = min(row.venue_ms, since.get(row.symbol, row.venue_ms))
    for symbol, since_ms in since.items():
        ctx.read(ReadKind.TRADES, f"explain:{symbol}", symbol=symbol, since_ms=since_ms - 1_000)


def book(ctx: Context, row: IncomeRow, *, all_told: bool = False) -> None:
    """One income row, once. Funding belongs to the trade that held the position when it was paid.

    While it is open what had been executed by then, the row waits for the answer; `all_told` says that it is not.
    """
    key = ":".join(map(str, row.key))
    if key in ctx.state.incomes:
        return
    trade = ctx.state.trade_of(row.symbol)
    # Acceptance is dated by our clock; what an entry of ours held at the venue's time is asked below.
    ahead_ms = foreign.CLOCK_MS if trade is not None and not trade.base else 0
    owned = trade is not None and row.venue_ms >= trade.accepted_ms - ahead_ms
    if trade is not None and owned and "FUNDING" in row.type:
        owned = _held(ctx, trade, row.venue_ms)
        if not all_told and not _executions_told(ctx, trade, row.venue_ms):
            ctx.around.unplaced_funding[key] = row
            ctx.timer_once(f"look:{row.symbol}", max(row.venue_ms + SETTLED_MS, ctx.now_ms + 1_000))
            return
    ctx.around.unplaced_funding.pop(key, None)
    owner = trade.plan.trade_id if trade is not None and owned else ""
    ctx.emit(ev.IncomeBooked(at_ms=ctx.now_ms, row=row, trade_id=owner))


def place_funding(ctx: Context, symbol: str, *, all_told: bool = False) -> None:
    """Something was learned about the symbol: funding that waited for it may have its owner now."""
    for row in [row for row in ctx.around.unplaced_funding.values() if row.symbol == symbol]:
        book(ctx, row, all_told=all_told)


def _executions_told(ctx: Context, trade: TradeState, venue_ms: int) -> bool:
    """Whether what had been executed by a time is known, whoever did it: the stream, or the watch in its place, has had
    time to tell, this process has read what came before it, and no entry of the trade is without an answer."""
    if ctx.now_ms < venue_ms + SETTLED_MS or not ctx.around.reconciled:
        return False
    return all(entry.pending not in PLACING for entry in ctx.state.orders_of(trade, Role.ENTRY))


def _held(ctx: Context, trade: TradeState, venue_ms: int) -> bool:
    """Whether a trade held something at a time: beside a stranger's position, a trade whose entry still waits does not
    pay for it."""
    told = exposure.told_entries(ctx, trade)
    began = trade.first_entry_ms <= venue_ms if trade.first_entry_ms else told > 0
    if not began and trade.base <= 0:
        return False
    # A row of the same millisecond as the last execution was paid for what was still there.
    return trade.left + told > 0 or trade.last_exit_ms >= venue_ms
