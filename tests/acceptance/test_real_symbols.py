"""625 real symbols at the exchange: whatever the engine sends there is in order, for random sizes, prices and sides.

The exchange reads the recorded rules by itself and shares no code with the engine. (tests/core/test_risk_symbols.py
looks at the plans of the gate; here every order is really placed: entries, stops in both forms, targets, closes.)
"""

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.core import counterfactual as cf
from holdfast.model.intent import Distance, Intent, Size, Target
from holdfast.model.num import text
from holdfast.model.settings import EngineSettings, Venue
from holdfast.paper.config import PaperConfig, VenueFacts
from holdfast.wiring.world import in_process_config
from tests.acceptance.alerts import recorded, tick_of, tiers
from tests.core import gate_strategies
from tests.world import Stage, play, trading

D = Decimal
PRODUCTION = "mainnet_2025-10-30"
TESTNET = ("testnet_2025-10-17", "testnet_2025-11-14", "testnet_2025-12-24")
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the recorded venue data (../shared/data) is not here")

OF_THE_MOMENT = {
    -2021: "the price has moved beyond the stop",
    -2022: "there is nothing left to reduce",
    -4118: "there is nothing left to reduce",
    -5021: "a fill-or-kill order could not be filled",
    -5022: "a post-only order would have taken",
    -4131: "the book is too thin for a market order",
    -2013: "the order is closed and forgotten",
    -2011: "the order is closed",
}
"""What the venue may answer to an order in good form: the market decides it, not the order."""


@cache
def symbols() -> dict[str, tuple[dict[str, Any], Any]]:
    """(row, tiers) of every production symbol that trades, by name."""
    brackets = tiers(DATA)
    rows = recorded(DATA, PRODUCTION)
    return {
        row["symbol"]: (row, brackets[row["symbol"]])
        for row in rows
        if row["status"] == "TRADING" and row["symbol"] in brackets and row["deliveryDate"] > 4 * 10**12
    }


def rule(row: dict[str, Any], filter_type: str, name: str) -> Decimal:
    """One number of a filter, from the exchange's text."""
    return next(D(item[name]) for item in row["filters"] if item["filterType"] == filter_type)


def price_of(row: dict[str, Any], ticks: int) -> Decimal:
    """A price of so many ticks, with room below and above inside the symbol's range."""
    low, high = rule(row, "PRICE_FILTER", "minPrice") * 2, rule(row, "PRICE_FILTER", "maxPrice") / 2
    tick = tick_of(row)
    return min(max(tick * ticks, low), high) // tick * tick


def strict(symbol: str) -> PaperConfig:
    """The exchange with the symbol's own tiers and margin asset, and every doubtful filter switched on."""
    row, brackets = symbols()[symbol]
    config = in_process_config()
    config.accounts[0].balances = {row["marginAsset"]: D(10_000)}
    config.brackets = {symbol: brackets}
    config.facts = VenueFacts(trigger_bands="-4210", stop_without_position="-4509", reduce_only_over_size="reject")
    return config


def refusals(stage: Stage) -> Iterator[tuple[int, str, Any]]:
    """(code, message, request) of every refused write whose form was at fault. Injected refusals do not count."""
    requests = {row["n"]: row for row in stage.records("req")}
    for reply in stage.records("rep"):
        request = requests[reply["req"]]
        writes = any(word in request["method"] for word in ("POST", "PUT", "place", "modify"))
        if writes and reply.get("code", 0) and not reply.get("fault") and reply["code"] not in OF_THE_MOMENT:
            yield reply["code"], reply.get("msg", ""), request["params"]


def at_market(symbol: str, price: Decimal, scene: Any, seed: int = 1) -> Any:
    """Play a scene on one real symbol at a price."""
    row = symbols()[symbol][0]
    info = {"rateLimits": [], "symbols": [row]}
    market = f"synthetic:{seed}:{symbol}={text(price)}"
    account = EngineSettings(account="main", venue=Venue.PAPER, margin_asset=row["marginAsset"])
    return play(scene, market=market, exchange_info=info, paper=strict(symbol), settings=account)


async def sent(stage: Stage, intent: Intent) -> str:
    """Send an intent, or the nearest one that passes; the id of the accepted one, "" when none was."""
    verdict = await stage.send(intent)
    if not verdict.accepted and cf.is_change(verdict.counterfactual):
        again = msgspec.structs.replace(cf.apply_counterfactual(intent, verdict.counterfactual), id="intent-2")
        verdict = await stage.send(again)
    return verdict.intent_id if verdict.accepted else ""


async def life(stage: Stage, intent: Intent) -> str:
    """The whole life of a trade: in, protected, out by hand; answers how the entry ended."""
    await trading(stage)
    accepted = await sent(stage, intent)
    if not accepted:
        return "denied"
    status = (await stage.result(accepted)).status.value
    closed = await stage.outcome({"id": "close", "source": "test", "symbol": intent.symbol, "action": "close"})
    assert closed.status in ("closed", "nothing_open")
    assert D(stage.position(intent.symbol)) == 0
    assert list(refusals(stage)) == []
    return status


def plain(symbol: str, side: str) -> Intent:
    """1 % risk, a stop 2 % away, two targets."""
    return Intent(
        id="intent-1",
        source="test",
        symbol=symbol,
        action="open",
        side=side,  # type: ignore[arg-type]
        size=Size(risk_pct=D(1)),
        stop_loss=Distance(pct=D(2)),
        take_profits=(Target(pct=D(3), fraction=D("0.5")), Target(pct=D(5), fraction=D("0.5"))),
    )


@settings(max_examples=250)
@given(st.data())
def test_every_order_passes_the_exchange(data: st.DataObject) -> None:
    """Random symbol, price, size, stop, targets and kind of entry: no order is refused for its form."""
    symbol = data.draw(st.sampled_from(sorted(symbols())))
    price = price_of(symbols()[symbol][0], data.draw(st.integers(500, 5_000_000)))
    intent = msgspec.structs.replace(data.draw(gate_strategies.intents(symbol, price)), expires_at=None)
    faults = data.draw(st.sampled_from(((), ("hf-s", -1111), ("hf-c", -4131))))

    async def scene(stage: Stage) -> str:
        if faults:
            stage.fault("code", code=faults[1], match={"client_id_prefix": faults[0]})
        return await life(stage, intent)

    at_market(symbol, price, scene, seed=data.draw(st.integers(0, 1_000)))


@pytest.mark.parametrize("part", range(4))
def test_every_real_symbol_is_traded_and_closed(part: int) -> None:
    """A plain trade on each production symbol ends protected, and then closed."""
    statuses = {}
    for number, symbol in enumerate(sorted(symbols())[part::4]):
        intent = plain(symbol, "long" if number % 2 else "short")
        price = price_of(symbols()[symbol][0], 31_415)
        statuses[symbol] = at_market(symbol, price, lambda stage, intent=intent: life(stage, intent))
    assert len(statuses) > 130
    assert {symbol: status for symbol, status in statuses.items() if status != "protected"} == {}


@pytest.mark.parametrize("name", TESTNET)
def test_broken_rows_are_set_aside_and_the_others_trade(name: str) -> None:
    """An exchange that lists symbols with a smallest quantity of 0: those are denied by name, BTCUSDT trades on."""
    rows = recorded(DATA, name)
    paper = in_process_config()
    paper.brackets = {symbol: rows for symbol, rows in tiers(DATA).items() if symbol in ("BTCUSDT", "TUSDT")}

    async def scene(stage: Stage) -> tuple[Any, str]:
        await trading(stage)
        broken = await stage.send(plain("TUSDT", "long"))
        intent = msgspec.structs.replace(plain("BTCUSDT", "long"), id="intent-3")
        return broken, await life(stage, intent)

    info = {"rateLimits": [], "symbols": rows}
    broken, status = play(scene, market="synthetic:1:BTCUSDT=65000", exchange_info=info, paper=paper)
    assert (broken.accepted, broken.code) == (False, "UNKNOWN_SYMBOL")
    assert broken.facts["reason"] == "LOT_SIZE.minQty is 0"
    assert status == "protected"
