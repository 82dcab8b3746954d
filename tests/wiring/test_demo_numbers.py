"""The demo's numbers come from the read model and the checker, and say what those say."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from holdfast.service.demo_report import DemoOptions, DemoReport
from holdfast.wiring.demo_numbers import Totals, progress_of, report_of
from tests.world import Stage, opening, play, trading

D = Decimal
TOTALS = Totals(intents=3, frames=7, faults=1, simulated_s=60.0, seconds=1.5, rss_mb=80.0)


def test_a_moment_with_a_live_trade() -> None:
    """Its profit is what the mark would bring now; its age counts from the verdict."""

    async def scene(stage: Stage) -> Any:
        await trading(stage)
        await stage.outcome(opening(stage))
        await stage.world.pass_time(30)
        moment = progress_of(stage.node, 0.5, 1)
        market = stage.node.engine.around.market("BTCUSDT")
        return moment, market.mark, stage.node.model.trades()[0].entry_price

    moment, mark, entry = play(scene)
    (row,) = moment.trades
    assert (moment.fraction, moment.intents, moment.accepted, moment.denied, moment.closed) == (0.5, 1, 1, 0, 0)
    assert (row.intent_id, row.direction, row.phase, row.quantity) == ("i1", "long", "open", D("0.010"))
    assert row.profit == (mark - entry) * D("0.010")
    assert row.price == mark
    assert 30_000 <= row.age_ms < 32_000


def test_a_moment_with_a_closed_trade() -> None:
    """Its profit is the net result, its price the average exit, its note why it ended."""

    async def scene(stage: Stage) -> Any:
        await trading(stage)
        await stage.outcome(opening(stage))
        await stage.outcome({"id": "c", "source": "desk", "symbol": "BTCUSDT", "action": "close"})
        assert await stage.world.until(lambda: stage.node.model.trades()[0].result, 10)
        return progress_of(stage.node, 1.0, 2), stage.node.model.trades()[0]

    moment, trade = play(scene)
    (row,) = moment.trades
    assert (row.phase, row.note, moment.closed) == ("closed", "close by desk", 1)
    assert row.profit == trade.result.net["USDT"] == moment.net
    assert row.price == trade.exit_price


def report(tmp_path: Path, scene: Any) -> DemoReport:
    """The report after a scene, whose records the checker finds in a folder."""
    kept: list[Stage] = []

    async def whole(stage: Stage) -> None:
        await trading(stage)
        await scene(stage)
        kept.append(stage)

    play(whole, folder=tmp_path, market="synthetic:1:BTCUSDT=65000,ETHUSDT=3200")
    return report_of(kept[0].node, DemoOptions(market="synthetic:1"), TOTALS, tmp_path)


def test_the_report_of_a_run_without_trades(tmp_path: Path) -> None:
    """Zeros where there is nothing, None where nothing was measured."""

    async def scene(stage: Stage) -> None:
        await stage.send(opening(stage, stop_loss=None))

    found = report(tmp_path, scene)
    assert (found.intents, found.accepted, found.denied, found.denials) == (3, 0, 1, {"NO_STOP": 1})
    assert (found.trades, found.fills, found.net, found.best, found.worst) == (0, 0, 0, 0, 0)
    assert (found.slippage_bps, found.protect_ms_p50, found.naked_ms_p99, found.naked_ms_max) == (None,) * 4
    assert (found.frames, found.faults, found.seconds, found.rss_mb) == (7, 1, 1.5, 80.0)


def test_the_report_of_two_trades(tmp_path: Path) -> None:
    """Fees as the venue booked them, best and worst net, and the exits by reason."""

    async def scene(stage: Stage) -> None:
        for number in (1, 2):
            symbol = ("BTCUSDT", "ETHUSDT")[number - 1]
            intent = opening(stage, f"i{number}", symbol=symbol, size={"notional": "650"}, stop_loss={"pct": "1"})
            assert (await stage.outcome(intent)).status == "protected"
            await stage.outcome({"id": f"c{number}", "source": "desk", "symbol": symbol, "action": "close"})
        assert await stage.world.until(lambda: all(not trade.live for trade in stage.node.model.trades()), 10)
        paid.append(sum((D(str(row["fee"])) for row in stage.records("trade")), D(0)))

    paid: list[Decimal] = []
    found = report(tmp_path, scene)
    assert found.fees == paid[0]
    assert (found.trades, found.exits, found.violations) == (2, {"close by desk": 2}, 0)
    assert found.net == found.best + found.worst == found.gross - found.fees
    assert found.protect_ms_p50 is not None
    assert found.naked_ms_max is not None
    assert 0 < found.naked_ms_max <= 50
    assert [row.intent_id for row in found.last_trades] == ["i2", "i1"]
