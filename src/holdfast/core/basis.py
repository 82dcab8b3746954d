"""What a verdict rests on: the folded state, the settings, the symbol's rules, and what was seen at that moment.

`gather` is the only way from the surroundings to the gate. The picture that the gate judges is made from a `Basis`
alone, so whatever is not in the journal must be in `Seen`, which the verdict takes into the journal: a replay makes
the same picture from the records (I13).
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from holdfast.core import budgets, exposure
from holdfast.core.context import Context
from holdfast.core.state import EngineState
from holdfast.model import events as ev
from holdfast.model.instrument import Instrument
from holdfast.model.seen import Held, Seen
from holdfast.model.settings import EngineSettings

NOTHING_KNOWN = Held()
_encoder = msgspec.json.Encoder(decimal_format="string")


class Basis(NamedTuple):
    """Everything behind one verdict on `symbol`."""

    state: EngineState
    settings: EngineSettings
    now_ms: int
    symbol: str
    instrument: Instrument | None
    contradictions: tuple[str, ...]
    """What `core.feasibility` finds for these settings and rules (P18)."""
    seen: Seen

    def held(self, name: str) -> Held:
        """What was known of a symbol."""
        return self.seen.held.get(name, NOTHING_KNOWN)

    def mark(self, name: str) -> Decimal | None:
        """The mark of a symbol."""
        return self.seen.mark if name == self.symbol else self.held(name).mark

    def row(self, name: str) -> exposure.Row | None:
        """The venue's word on a position, where it is news."""
        held = self.held(name)
        return None if held.row is None else exposure.Row(held.row, self.now_ms - held.row_age_ms)


def gather(ctx: Context, symbol: str) -> Basis:
    """The basis of a verdict on `symbol` now. Rules that no verdict has used yet are journalled first."""
    instrument = ctx.around.instruments.get(symbol)
    if instrument is not None and ctx.around.rules_told.get(symbol) is not instrument:
        if not _same(ctx.state.rules.get(symbol), instrument):
            ctx.emit(ev.RulesSeen(at_ms=ctx.now_ms, rules=instrument))
        ctx.around.rules_told[symbol] = instrument
    return Basis(
        ctx.state,
        ctx.settings,
        ctx.now_ms,
        symbol,
        instrument,
        ctx.around.contradictions.get(symbol, ()),
        look(ctx, symbol),
    )


def _same(known: Instrument | None, now: Instrument) -> bool:
    """Equal to the last digit: facts are text, so 0.10 is another tick size than 0.1."""
    return known == now and _encoder.encode(known) == _encoder.encode(now)


def look(ctx: Context, symbol: str) -> Seen:
    """What the journal does not tell."""
    around, now_ms = ctx.around, ctx.now_ms
    market = around.market(symbol)
    lowest, highest = market.range_of_minute(now_ms)
    orders, algos = around.foreign_orders, around.foreign_algos
    return Seen(
        rules=symbol in around.instruments,
        unusable=around.quarantined.get(symbol),
        mark=market.mark,
        mark_age_ms=0 if market.mark is None else now_ms - market.mark_ms,
        bid=market.bid,
        ask=market.ask,
        touch_age_ms=0 if market.bid is None else now_ms - market.touch_ms,
        mark_low_1m=lowest,
        mark_high_1m=highest,
        account_age_ms=None if around.account_ms is None else now_ms - around.account_ms,
        watch_age_ms=None if around.watch_ms is None else now_ms - max(around.watch_ms, around.exposed_since_ms),
        clock_offset_ms=around.clock_offset_ms,
        clock_ok=around.clock_ok,
        stream_ok=around.user_stream,
        journal_ok=around.journal_ok,
        reconciled=around.reconciled,
        hedge_mode=around.hedge_mode,
        multi_assets=around.multi_assets,
        symbol_config=around.symbol_configs.get(symbol),
        foreign_orders=len(orders.get(symbol, ())),
        foreign_orders_total=sum(map(len, orders.values())),
        foreign_algos=len(algos.get(symbol, ())),
        foreign_algos_total=sum(map(len, algos.values())),
        rates=around.windows.current(now_ms),
        weight=budgets.of_this_window(around.weight, around.weight_ms, now_ms),
        held=_all_held(ctx, symbol),
    )


def _all_held(ctx: Context, symbol: str) -> dict[str, Held]:
    names = dict.fromkeys((symbol, *ctx.state.live_trades, *sorted(ctx.state.foreign)))
    found = {name: _held(ctx, name, here=name == symbol) for name in names}
    if found[symbol] == NOTHING_KNOWN:
        del found[symbol]
    return found


def _held(ctx: Context, name: str, *, here: bool) -> Held:
    around = ctx.around
    mark = around.market(name).mark
    read = around.venue_positions.get(name)
    row = exposure.fresh_row(ctx, name)
    trade_id = ctx.state.live_trades.get(name)
    entry_price = leverage = None
    if name in ctx.state.foreign:
        config = around.symbol_configs.get(name)
        leverage = None if config is None else config.leverage
        entry_price = read[0].entry_price if mark is None and read is not None else None
    return Held(
        mark=None if here else mark,
        shown=read is not None,
        row=None if row is None else row.amount,
        row_age_ms=0 if row is None else ctx.now_ms - row.at_ms,
        in_question=read[0].amount if here and read is not None and name in around.mismatch else None,
        entry_price=entry_price,
        leverage=leverage,
        retry_due=trade_id is not None and f"retry:{trade_id}" in around.timers,
    )
