"""The trading rules, seen from outside: the whole engine on the paper exchange, judged by the exchange's own log.

tests/core/test_rules_*.py show each rule at the core; here the same rules go over the wire, through gateway, streams
and timers, in virtual time. After every scene the checker compares journal and venue log.
"""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from holdfast.binance.signing import make_signer
from holdfast.model.inputs import Command
from holdfast.model.settings import EngineSettings, Venue
from holdfast.model.venue_facts import VenueFacts as Believed
from holdfast.paper.config import VenueFacts
from holdfast.service.killswitch import KillSwitch
from holdfast.wiring.world import in_process_config
from tests.world import Stage, opening, play, trading

D = Decimal
SETTINGS = EngineSettings(account="main", venue=Venue.PAPER)

ROLES = {
    "entry": {"client_id_prefix": "hf-e", "method": "order.place"},
    "stop": {"client_id_prefix": "hf-s", "method": "algoOrder.place"},
    "target": {"client_id_prefix": "hf-t", "method": "order.place"},
    "close": {"client_id_prefix": "hf-c", "method": "order.place"},
    "cancel of the entry": {"client_id_prefix": "hf-e", "method": "order.cancel"},
    "cancel of the target": {"client_id_prefix": "hf-t", "method": "order.cancel"},
    "cancel of the stop": {"client_id_prefix": "hf-s", "method": "algoOrder.cancel"},
    "setting": {"method": "leverage"},
}
UNKNOWN = {
    "503 executed": {"verb": "503-unknown", "executed": True},
    "503 not executed": {"verb": "503-unknown", "executed": False},
    "answer lost": {"verb": "resp.drop"},
    "request lost": {"verb": "req.drop"},
    "reset executed": {"verb": "reset", "executed": True},
    "reset not executed": {"verb": "reset", "executed": False},
    "-1007 executed": {"verb": "-1007", "executed": True},
    "-1007 not executed": {"verb": "-1007", "executed": False},
    "a page of the proxy": {"verb": "status", "status": 502},
    "a code nobody knows": {"verb": "code", "code": -9999},
    "four seconds late": {"verb": "delay", "ms": 4_000},
    "arrives late": {"verb": "late", "ms": 2_500},
}
REFUSED = {
    "service unavailable": {"verb": "503-unavailable"},
    "overloaded": {"verb": "-1008", "everything": True},
    "throttled": {"verb": "throttle"},
    "too many orders": {"verb": "throttle", "code": -1015},
    "refused": {"verb": "code", "code": -1111},
}
FAULTS = UNKNOWN | REFUSED


async def whole_life(stage: Stage) -> str:
    """Open with a target, wait for the result, close by hand, and wait until all of it is proved over."""
    touch = stage.world.touch("BTCUSDT")
    assert touch is not None
    target = str((touch[0] * 102 / 100).quantize(touch[0]))
    result = await stage.outcome(opening(stage, leverage=7, take_profits=[{"price": target}]))
    await stage.world.pass_time(5)
    closed = await stage.outcome({"id": "close", "source": "test", "symbol": "BTCUSDT", "action": "close"})
    assert closed.status.value in ("closed", "nothing_open")
    assert await stage.world.until(lambda: not stage.node.engine.state.live_trades, 60)
    assert D(stage.position()) == 0
    await stage.world.pass_time(10)
    left = stage.control("state")["accounts"][0]
    assert (left["orders"], left["algos"]) == ([], [])
    return result.status.value


def entered(stage: Stage) -> int:
    """How many entries the exchange ever accepted."""
    return len(stage.born("hf-e"))


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("role", [role for role in ROLES if role != "cancel of the entry"])
def test_rules_2_each_cell_at_the_exchange(role: str, fault: str, times: int) -> None:
    """A fault in the requests of one role: entered at most once, covered in time, closed and left clean."""

    async def scene(stage: Stage) -> None:
        await trading(stage)
        stage.fault(**FAULTS[fault], match=ROLES[role], count=times)
        status = await whole_life(stage)
        assert status in ("protected", "rejected", "never_placed", "flattened", "denied", "expired"), status
        if role not in ("entry", "setting"):
            assert status in ("protected", "flattened")
        assert entered(stage) <= 1

    play(scene)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("fault", FAULTS)
def test_rules_2_the_cancel_of_a_resting_entry_at_the_exchange(fault: str, times: int) -> None:
    """Its time to live is over: the cancel is repeated until the entry is proved gone, and the symbol is free again."""

    async def scene(stage: Stage) -> None:
        await trading(stage)
        stage.fault(**FAULTS[fault], match=ROLES["cancel of the entry"], count=times)
        entry = {"type": "limit", "price": "64000", "ttl_ms": 1_000}
        result = await stage.outcome(opening(stage, entry=entry, stop_loss={"price": "63000"}))
        assert (result.status.value, result.filled) == ("expired", 0)
        assert stage.control("state")["accounts"][0]["orders"] == []

    play(scene)


STREAM_TROUBLES: dict[str, dict[str, Any]] = {
    "fills told twice": {"verb": "ws.dup", "kinds": ["TRADE_LITE", "ORDER_TRADE_UPDATE"], "count": -1},
    "fills not told": {"verb": "ws.drop", "kinds": ["TRADE_LITE", "ORDER_TRADE_UPDATE"], "count": -1},
    "stops not told": {"verb": "ws.drop", "kinds": ["ALGO_UPDATE"], "count": -1},
    "positions not told": {"verb": "ws.drop", "kinds": ["ACCOUNT_UPDATE"], "count": -1},
    "silence": {"verb": "ws.silence", "ms": 20_000},
    "cut": {"verb": "ws.close", "kinds": ["private"]},
    "everything cut": {"verb": "ws.close"},
    "key expired": {"verb": "lk.expire"},
    "queries lag": {"verb": "query.lag", "ms": 3_000},
}


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer of the entry lost"])
@pytest.mark.parametrize("trouble", STREAM_TROUBLES)
def test_rules_3_any_channel_is_enough(trouble: str, lost: bool) -> None:
    """Whatever the stream leaves out, and even when the answer is lost: one entry, covered, closed, accounted for."""

    async def scene(stage: Stage) -> None:
        await trading(stage)
        if lost:
            stage.fault("resp.drop", match=ROLES["entry"])
        stage.fault(**STREAM_TROUBLES[trouble])
        if trouble in ("cut", "everything cut", "key expired"):
            await stage.world.pass_time(0.001)
            assert await stage.world.until(lambda: stage.node.engine.state.effective.value == "active", 30)
            stage.fault(**STREAM_TROUBLES[trouble])
        status = await whole_life(stage)
        assert status in ("protected", "flattened", "denied", "rejected")
        assert entered(stage) <= 1

    play(scene)


FACTS: tuple[dict[str, Any], ...] = (
    {"stop_without_position": "accept"},
    {"stop_without_position": "-4509"},
    {"stop_without_position": "accept-then-REJECTED"},
    {"second_close_position": "accept"},
    {"cancel_all_touches_algos": True},
    {"countdown_touches_algos": True},
    {"legacy_place_fields": True},
    {"event_before_ack": True},
    {"reduce_only_over_size": "reject"},
    {"duplicate_client_id": "-4115"},
    {"reuse_filled_client_id": "-4116"},
    {"gte_gtc": "-1115"},
    {"trigger_bands": "-4210"},
    {"algo_recv_window": False},
    {"unrouted_ws": "all"},
)


@pytest.mark.parametrize("believed", ["unproved", "yes", "no"])
@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: "=".join(map(str, *facts.items())))
def test_rules_14_every_promise_holds_under_every_fact(facts: dict[str, Any], believed: str) -> None:
    """The exchange behaves in each way, and the engine believes each thing of a stop without a position."""
    paper = in_process_config()
    paper.facts = VenueFacts(**facts)
    settings = msgspec.structs.replace(SETTINGS, facts=Believed(stop_without_position=believed))

    # An algo that was taken and then rejected is a stop that failed: the position is closed (RULES 6).
    wrongly = believed == "yes" and facts.get("stop_without_position") == "accept-then-REJECTED"

    async def scene(stage: Stage) -> None:
        await trading(stage)
        assert await whole_life(stage) == ("flattened" if wrongly else "protected")

    play(scene, paper=paper, settings=settings)


def test_rules_12_a_stop_that_vanished_is_placed_again_and_the_third_time_is_the_last() -> None:
    """Silently gone, found by the watch within five seconds; three losses in an hour flatten and halt the symbol."""

    async def scene(stage: Stage) -> str:
        await trading(stage)
        await stage.outcome(opening(stage))
        for _ in range(2):
            stage.fault("algo.vanish")
            assert stage.control("state")["accounts"][0]["algos"] == []
            assert await stage.world.until(lambda: stage.control("state")["accounts"][0]["algos"], 7)
            await stage.world.pass_time(5)
        stage.fault("algo.vanish")
        assert await stage.world.until(lambda: D(stage.position()) == 0, 8)
        assert await stage.world.until(lambda: not stage.node.engine.state.live_trades, 20)
        await stage.world.pass_time(15)
        return (await stage.send(opening(stage, "i2"))).code

    assert play(scene) == "SYMBOL_HALTED"


@pytest.mark.parametrize("fault", [{"verb": "algo.stuck", "ms": 30_000}, {"verb": "algo.reject"}])
def test_rules_6_a_trigger_that_does_not_work_is_flattened(fault: dict[str, Any]) -> None:
    """The price falls through the stop, and the algo hangs for half a minute, or is rejected.

    The watchdog closes within its two seconds; the trade ends when the algo's end is proved as well.
    """

    async def scene(stage: Stage) -> None:
        await trading(stage)
        await stage.outcome(opening(stage))
        stage.fault(**fault)
        stage.control("price", symbol="BTCUSDT", percent="-1.5")
        assert await stage.world.until(lambda: D(stage.position()) == 0, 3)
        assert await stage.world.until(lambda: not stage.node.engine.state.live_trades, 40)
        assert stage.born("hf-c")

    play(scene)


def test_rules_4_a_human_beside_the_engine() -> None:
    """By hand 0.005 more is bought and then all is sold: no entry meanwhile, our stop stays, the trade ends, proved."""

    async def scene(stage: Stage) -> None:
        await trading(stage)
        await stage.outcome(opening(stage))
        order = {"symbol": "BTCUSDT", "type": "MARKET"}
        stage.control("human.trade", **order, side="BUY", quantity="0.005")
        assert await stage.world.until(lambda: stage.node.engine.state.foreign, 15)
        assert len(stage.control("state")["accounts"][0]["algos"]) == 1
        stage.control("human.trade", **order, side="SELL", quantity="0.015")
        assert await stage.world.until(lambda: not stage.node.engine.state.live_trades, 30)
        assert await stage.world.until(lambda: not stage.node.engine.state.foreign, 30)
        assert stage.control("state")["accounts"][0]["algos"] == []
        causes = {fill.cause for fill in stage.node.model.trades()[0].fills}
        assert causes == {"OURS", "EXTERNAL"}

    play(scene)


@pytest.mark.parametrize("quantity", ["0.005", "0.010", "0.020"])
def test_rules_4_a_human_in_the_way_of_our_entry(quantity: str) -> None:
    """He sells while our entry is on its way: the venue nets the two. What is left of ours is covered, what is gone
    ends the trade, once, and its closing record says how much of it met his."""

    async def scene(stage: Stage) -> None:
        await trading(stage)
        stage.fault(verb="late", ms=500, match=ROLES["entry"])
        assert (await stage.send(opening(stage))).accepted
        assert await stage.world.until(lambda: stage.orders("entry"), 2)
        stage.control("human.trade", symbol="BTCUSDT", type="MARKET", side="SELL", quantity=quantity)
        assert await stage.world.until(lambda: stage.born("hf-e"), 5)
        await stage.world.pass_time(5)
        trade = stage.node.model.trades()[0]
        assert trade.live is (D(quantity) < D("0.010"))
        await stage.outcome({"id": "close", "source": "test", "symbol": "BTCUSDT", "action": "close"})
        assert await stage.world.until(lambda: not stage.node.engine.state.live_trades, 30)
        assert D(stage.position()) == 0
        closed = stage.node.model.trades()[0].result
        assert closed is not None
        assert (closed.quantity, closed.foreign_quantity) == (D("0.010"), min(D(quantity), D("0.010")))

    play(scene)


def test_rules_8_an_order_with_our_prefix_at_the_start_halts_until_the_cut_is_named() -> None:
    """It could be a second engine's: it is left alone, nothing enters, `adopt` and `resume` go on."""

    async def scene(stage: Stage) -> None:
        await trading(stage)
        await stage.node.run_down()
        theirs = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC", "side": "BUY", "quantity": "0.010"}
        stage.control("human.trade", **theirs, price="60000", newClientOrderId="hf-e1-0000000000000000000000")
        await stage.restart()
        assert await stage.world.until(lambda: stage.node.engine.around.unexplained, 10)
        await stage.world.priced()
        assert (await stage.send(opening(stage))).code == "NOT_ACTIVE"
        assert len(stage.control("state")["accounts"][0]["orders"]) == 1
        await stage.node.runner.command(Command(now_ms=0, what="adopt", by="ann", reason="an old journal"))
        await stage.world.active()
        assert (await stage.outcome(opening(stage, "i2", symbol="BTCUSDT"))).status.value in ("protected", "denied")
        assert len(stage.control("state")["accounts"][0]["orders"]) == 1
        stage.control("human.cancel", symbol="BTCUSDT", all=True)

    play(scene)


def test_rules_9_a_halt_cancels_what_rests_and_keeps_what_protects() -> None:
    """The working entry goes at once, the stop of the open trade stays, a close by hand works, resume is two steps."""

    async def scene(stage: Stage) -> None:
        await trading(stage)
        entry = {"type": "limit", "price": "3150", "ttl_ms": 600_000}
        await stage.outcome(opening(stage))
        await stage.send(opening(stage, "rests", symbol="ETHUSDT", size={"notional": "700"}, entry=entry,
                                 stop_loss={"price": "3100"}))  # fmt: skip
        assert await stage.world.until(lambda: stage.orders("entry"), 5)
        await stage.command("halt")
        assert (await stage.result("rests", 5)).status.value == "expired"
        assert [order.symbol for order in stage.orders("stop")] == ["BTCUSDT"]
        assert (await stage.send(opening(stage, "i2"))).code == "NOT_ACTIVE"
        closed = await stage.outcome({"id": "c", "source": "test", "symbol": "BTCUSDT", "action": "close"})
        assert closed.status.value == "closed"
        prepared = await stage.command("resume_prepare")
        assert (await stage.command("resume_confirm", token="wrong")).done is False
        assert (await stage.command("resume_confirm", token=prepared.token)).effective == "active"

    play(scene, market="synthetic:1:BTCUSDT=65000,ETHUSDT=3200")


def test_rules_9_the_daily_loss_latches_and_survives_a_restart() -> None:
    """An open loss beyond the limit: no entry any more, the position keeps its stop, resume is refused."""
    limits = msgspec.structs.replace(SETTINGS.limits, daily_loss=D(3))

    async def scene(stage: Stage) -> None:
        await trading(stage)
        await stage.outcome(opening(stage))
        stage.control("price", symbol="BTCUSDT", percent="-0.6")
        assert await stage.world.until(lambda: stage.node.engine.state.loss_latched, 15)
        assert len(stage.control("state")["accounts"][0]["algos"]) == 1
        await stage.node.run_down()
        await stage.restart()
        await stage.world.priced()
        prepared = await stage.command("resume_prepare")
        assert (await stage.command("resume_confirm", token=prepared.token)).done is False
        assert (await stage.send(opening(stage, "i2", symbol="ETHUSDT"))).accepted is False

    play(scene, settings=msgspec.structs.replace(SETTINGS, limits=limits))


def test_rules_10_a_resting_entry_goes_as_gtd_and_nothing_counts_down() -> None:
    """goodTillDate 610 s ahead, cancelled by the engine at its time to live; countdownCancelAll is never called."""

    async def scene(stage: Stage) -> None:
        await trading(stage)
        entry = {"type": "limit", "price": "64000", "ttl_ms": 2_000}
        sent_ms = stage.now_ms
        result = await stage.outcome(opening(stage, entry=entry, stop_loss={"price": "63000"}))
        assert result.status.value == "expired"
        assert 2_000 <= stage.now_ms - sent_ms < 3_000
        (placed,) = [row["params"] for row in stage.records("req") if row["params"].get("timeInForce") == "GTD"]
        assert 605_000 <= int(placed["goodTillDate"]) - sent_ms <= 615_000
        assert [row for row in stage.records("req") if "ountdown" in row["method"]] == []

    play(scene)


def test_rules_11_zero_fill_is_expired_and_never_sent_again() -> None:
    """The book moves away while the order is on its way."""

    async def scene(stage: Stage) -> None:
        await trading(stage)
        await stage.send(opening(stage))
        stage.control("price", symbol="BTCUSDT", percent="0.8", only="book")
        result = await stage.result("i1")
        assert (result.status.value, result.code) == ("expired", "NO_FILL_AT_CAP")
        await stage.world.pass_time(30)
        assert entered(stage) == 1

    play(scene)


def test_rules_12_an_entry_waits_for_room_in_the_order_windows() -> None:
    """Six orders in ten seconds: the second entry is told when to come back, and then has room for its protection."""
    paper = in_process_config()
    paper.limits.orders_per_10_seconds = 6

    async def scene(stage: Stage) -> None:
        await trading(stage)
        await stage.outcome(opening(stage))
        denied = await stage.send(opening(stage, "i2", symbol="ETHUSDT", size={"notional": "700"},
                                          stop_loss={"pct": "1"}))  # fmt: skip
        assert denied.code == "RATE_BUDGET"
        await stage.world.pass_time((int(denied.counterfactual["wait_until_ms"]) - stage.now_ms) / 1_000)
        again = await stage.outcome(opening(stage, "i3", symbol="ETHUSDT", size={"notional": "700"},
                                            stop_loss={"pct": "1"}))  # fmt: skip
        assert again.status.value == "protected"

    play(scene, paper=paper, market="synthetic:1:BTCUSDT=65000,ETHUSDT=3200")


def test_rules_13_nothing_is_changed_under_a_strangers_order() -> None:
    """The symbol has another leverage and an order of somebody: denied, with the leverage that would pass."""

    async def scene(stage: Stage) -> None:
        await trading(stage)
        theirs = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC", "side": "BUY", "quantity": "0.010"}
        stage.control("human.trade", **theirs, price="60000")
        await stage.world.pass_time(1)
        denied = await stage.send(opening(stage, leverage=7))
        assert denied.code == "SYMBOL_SETTINGS"
        assert stage.records("setting") == []
        used = denied.counterfactual.get("leverage")
        assert used == "20"
        assert (await stage.outcome(opening(stage, "i2", leverage=int(used)))).status.value == "protected"
        stage.control("human.cancel", symbol="BTCUSDT", all=True)

    play(scene)


def test_rules_15_the_same_id_is_the_same_answer_and_other_content_is_refused() -> None:
    """Also a minute later; one entry at the exchange, one result."""

    async def scene(stage: Stage) -> None:
        await trading(stage)
        intent = opening(stage)
        first = await stage.outcome(intent)
        await stage.world.pass_time(60)
        again = await stage.send(intent)
        assert (again.repeated, again.trade_id) == (True, first.trade_id)
        other = await stage.send({**intent, "size": {"quantity": "0.020"}})
        assert (other.accepted, other.code) == (False, "OTHER_CONTENT")
        assert entered(stage) == 1
        results = stage.node.model.results(stage.node.journal)
        assert [row.kind for row in results] == ["result_published"]
        assert all(row.seq and len(row.hash) == 64 for row in results)

    play(scene)


def test_rules_16_the_kill_switch_beside_a_living_engine() -> None:
    """It closes everything under its own name; the engine books that as the operator's, adopts and re-arms nothing."""
    closed: list[bool] = []

    async def scene(stage: Stage) -> None:
        await trading(stage)
        await stage.outcome(opening(stage))
        switch = KillSwitch(
            http=stage.world.network.http(),
            signer=make_signer("paper-key", "hmac", "paper-secret"),
            now_ms=lambda: stage.now_ms,
            close_latch=lambda: closed.append(True),
            say=lambda _: None,
        )
        report = await switch.run()
        assert report.clean
        await stage.world.pass_time(20)
        assert stage.node.engine.state.live_trades == {}
        assert {fill.cause for fill in stage.node.model.trades()[0].fills} == {"OURS", "OPERATOR"}
        assert stage.control("state")["accounts"][0]["algos"] == []
        assert (await stage.send(opening(stage, "i2"))).accepted is False

    play(scene, latched=lambda: bool(closed))
