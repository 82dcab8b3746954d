"""The demo's numbers: a moment for the live screen, and the report at the end, from the read model and the checker."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from holdfast.model import num
from holdfast.model.num import ZERO
from holdfast.service.demo_report import DemoOptions, DemoProgress, DemoReport, TradeRow
from holdfast.service.readmodel import ReadModel
from holdfast.service.views import TradeView
from holdfast.verify import main_verify
from holdfast.wiring.node import Node

ASSET = "USDT"
LIVE_ROWS = 6
ROWS = 12


def progress_of(node: Node, fraction: float, intents: int) -> DemoProgress:
    """What the screen shows now."""
    model = node.model
    state = model.state()
    live = model.trades(live_only=True, limit=LIVE_ROWS)
    closed = [trade for trade in model.trades(limit=ROWS * 2) if not trade.live][: ROWS - len(live)]
    counts = state.counts
    return DemoProgress(
        fraction=fraction,
        clock_ms=node.clock.now_ms(),
        state=state.effective,
        intents=intents,
        accepted=counts.accepted,
        denied=counts.denied,
        closed=counts.trades_closed,
        net=_net_so_far(model),
        trades=tuple(_row(node, trade) for trade in (*live, *closed)),
    )


def _net_so_far(model: ReadModel) -> Decimal:
    return model.ledger(limit=1).total.net.get(ASSET, ZERO)


def _row(node: Node, trade: TradeView) -> TradeRow:
    mark = node.engine.around.market(trade.symbol).mark
    sign = 1 if trade.direction == "long" else -1
    profit: Decimal | None = None
    if trade.result is not None:
        profit = trade.result.net.get(ASSET)
    elif mark is not None and trade.entry_price is not None:
        profit = (mark - trade.entry_price) * trade.open_quantity * sign
    return TradeRow(
        intent_id=trade.intent_id or trade.adopted,
        symbol=trade.symbol,
        direction="long" if sign > 0 else "short",
        phase=trade.phase,
        quantity=trade.entry_filled or trade.quantity,
        entry=_readable(trade.entry_price),
        stop=trade.stop_price,
        price=_readable(trade.exit_price) if trade.exit_price is not None else mark,
        profit=profit,
        age_ms=(trade.closed_ms or node.clock.now_ms()) - trade.opened_ms,
        note=trade.result.exit_reason if trade.result is not None else trade.phase_reason,
    )


def _readable(price: Decimal | None) -> Decimal | None:
    """An average price to eight digits after the point, for the screen only."""
    return None if price is None else num.floor_to(price, Decimal("0.00000001"))


class Totals(NamedTuple):
    """What the run itself counted: intents sent, market frames played, faults injected, times, memory."""

    intents: int
    frames: int
    faults: int
    simulated_s: float
    seconds: float
    rss_mb: float


def report_of(node: Node, options: DemoOptions, totals: Totals, folder: Path) -> DemoReport:
    """The summary, with the independent check of journal against venue log in it."""
    model = node.model
    checked = main_verify(folder / "journal.sqlite", folder / "venue.jsonl")
    trades = [trade for trade in model.trades(limit=1_000_000) if trade.result is not None]
    filled = [trade for trade in trades if trade.entry_filled]
    nets = [trade.result.net.get(ASSET, ZERO) for trade in filled if trade.result is not None]
    counts = model.state().counts
    naked = checked.measures.get("naked_ms")
    return DemoReport(
        venue=node.settings.venue.value,
        version=node.identity.version,
        market=options.market,
        asset=ASSET,
        intents=totals.intents,
        accepted=counts.accepted,
        denied=counts.denied,
        trades=len(filled),
        fills=counts.fills,
        wins=sum(net > 0 for net in nets),
        losses=sum(net < 0 for net in nets),
        open_at_end=len(node.engine.state.live_trades),
        gross=_sum(filled, "gross"),
        fees=_sum(filled, "fees"),
        funding=_sum(filled, "funding"),
        net=sum(nets, ZERO),
        best=max(nets, default=ZERO),
        worst=min(nets, default=ZERO),
        slippage_bps=_mean([t.result.slippage_bps for t in filled if t.result and t.result.slippage_bps is not None]),
        protect_ms_p50=_rank([t.naked_ms for t in filled if t.naked_ms is not None], 50),
        protect_ms_p99=_rank([t.naked_ms for t in filled if t.naked_ms is not None], 99),
        unknown_opened=counts.unknown_opened,
        unknown_resolved=counts.unknown_resolved,
        violations=len(checked.violations),
        broken=tuple(f"{found.invariant} {found.sentence}" for found in checked.violations),
        results=dict(counts.result_statuses),
        denials=dict(counts.denials),
        exits=_exits(filled),
        frames=totals.frames,
        faults=totals.faults,
        simulated_seconds=totals.simulated_s,
        seconds=totals.seconds,
        rss_mb=totals.rss_mb,
        journal=str(folder / "journal.sqlite"),
        venue_log=str(folder / "venue.jsonl"),
        last_trades=tuple(_row(node, trade) for trade in trades[:ROWS]),
        naked_ms_p99=_whole(naked, "p99"),
        naked_ms_max=_whole(naked, "max"),
        uncovered_ms_max=_whole(checked.measures.get("uncovered_ms"), "max"),
    )


def _whole(summary: dict[str, Any] | None, name: str) -> int | None:
    return None if not summary or not summary.get("count") else int(num.ceil_to(summary[name], num.ONE))


def _sum(trades: list[TradeView], name: str) -> Decimal:
    return sum((getattr(trade.result, name).get(ASSET, ZERO) for trade in trades), ZERO)


def _mean(values: list[Decimal]) -> Decimal | None:
    if not values:
        return None
    return num.divide(sum(values, ZERO), Decimal(len(values))).quantize(Decimal("0.01"))


def _rank(values: list[int], per_cent: int) -> int | None:
    ordered = sorted(values)
    return ordered[max(-(-len(ordered) * per_cent // 100), 1) - 1] if ordered else None


def _exits(trades: list[TradeView]) -> dict[str, int]:
    found: dict[str, int] = {}
    for trade in trades:
        if trade.result is not None:
            found[trade.result.exit_reason] = found.get(trade.result.exit_reason, 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))
