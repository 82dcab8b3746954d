"""Conversations of the drivers with the paper exchange, judged by the exchange's own log.

The exchange shares no encoder with the client, so a field misread on one side is wrong here.
"""

from decimal import Decimal
from typing import Any

import pytest

from holdfast.model.effects import Cancel, ChangeSetting, Read, ReadKind
from holdfast.model.ids import Role
from holdfast.model.inputs import (
    AccountConfigSeen,
    AlgoSeen,
    FillSeen,
    LinkChanged,
    MarketSeen,
    OrderSeen,
    SettingAnswered,
)
from holdfast.model.orders import AlgoStatus, OrderStatus, OrderType, Side, TimeInForce
from holdfast.model.reasons import Outcome
from holdfast.paper.config import VenueFacts
from tests.service.paper_bench import ED25519, HMAC, PRICE, PaperBench, in_paper
from tests.waiting import time_passes


def fault(bench: PaperBench, verb: str, **fields: Any) -> None:
    """Arm a fault at the exchange."""
    answer = bench.host.control({"do": "fault", "verb": verb, **fields})
    assert answer["ok"], answer


async def read(bench: PaperBench, kind: ReadKind, **fields: Any) -> Any:
    """Ask the exchange about BTCUSDT."""
    return await bench.gateway.read_now(Read(kind=kind, purpose="test", symbol="BTCUSDT", **fields))


def orders_at_venue(bench: PaperBench, client_id: str) -> int:
    """How often an order of this id came into being, by the exchange's log."""
    return sum(1 for row in bench.venue("order") if row["client_id"] == client_id and row["x"] == "NEW")


@pytest.mark.parametrize("signer", [HMAC, ED25519], ids=["hmac", "ed25519"])
def test_an_entry_and_its_stop(signer: Any) -> None:
    """Confirmed over the WebSocket API with either key; the events tell the same story."""

    async def talk(bench: PaperBench) -> None:
        entry, stop = await bench.outcome(bench.entry()), await bench.outcome(bench.stop_order())
        assert (entry.order.status, entry.order.executed) == (OrderStatus.FILLED, Decimal("0.010"))  # type: ignore[union-attr]
        assert stop.algo.status is AlgoStatus.ARMED  # type: ignore[union-attr]
        assert {row["via"] for row in bench.venue("req") if "rder.place" in row["method"]} == {"wsapi"}
        (fill,) = bench.fills()
        (trade,) = bench.venue("trade")
        assert (str(fill.price), str(fill.quantity), str(fill.fee)) == (trade["price"], trade["qty"], trade["fee"])
        assert [seen.fill.key for seen in bench.of(FillSeen)] == [fill.key]
        assert [seen.report.status for seen in bench.of(AlgoSeen)] == [AlgoStatus.ARMED]

    in_paper(talk, signer=signer)


def test_without_the_channel_rest_does_the_same() -> None:
    """The same order, signed in a form body."""

    async def talk(bench: PaperBench) -> None:
        await bench.gateway._channel.stop()
        assert (await bench.outcome(bench.entry())).outcome is Outcome.CONFIRMED
        assert (await bench.outcome(bench.stop_order())).outcome is Outcome.CONFIRMED
        assert {row["via"] for row in bench.venue("req") if "rder" in row["method"]} == {"rest"}

    in_paper(talk)


def test_every_read_understands_the_exchange() -> None:
    """Each kind, after a round trip of orders; none of them comes back empty-handed."""

    async def talk(bench: PaperBench) -> None:
        await bench.outcome(bench.entry())
        await bench.outcome(bench.stop_order())
        resting = bench.entry(2, price=PRICE - 100, time_in_force=TimeInForce.GTC)
        await bench.outcome(resting)
        found = {
            kind: await read(bench, kind, client_id="hf-e1-test") for kind in ReadKind if kind is not ReadKind.ALGO
        }
        found[ReadKind.ALGO] = await read(bench, ReadKind.ALGO, client_id="hf-s1-test")
        assert all(answer.ok for answer in found.values())
        assert [order.client_id for order in found[ReadKind.OPEN_ORDERS].orders] == ["hf-e2-test"]
        assert [algo.client_id for algo in found[ReadKind.OPEN_ALGOS].algos] == ["hf-s1-test"]
        assert len(found[ReadKind.ALL_ORDERS].orders) == 2
        assert found[ReadKind.ORDER].orders[0].average_price == PRICE + Decimal("0.10")
        assert found[ReadKind.POSITIONS].positions[0].amount == Decimal("0.010")
        assert [row.key for row in found[ReadKind.TRADES].fills] == [fill.key for fill in bench.fills()]
        assert found[ReadKind.INCOME].incomes[0].amount == -bench.fills()[0].fee
        assert found[ReadKind.ACCOUNT].balances[0].asset == "USDT"
        assert (found[ReadKind.MODES].hedge_mode, found[ReadKind.MODES].multi_assets) == (False, False)
        assert found[ReadKind.ORDER_LIMITS].rate_windows[0].count == 3

    in_paper(talk)


def test_absence_is_told_as_absence() -> None:
    """An order and an algo order that do not exist."""

    async def talk(bench: PaperBench) -> None:
        for kind in (ReadKind.ORDER, ReadKind.ALGO):
            answer = await read(bench, kind, client_id="hf-e9-none")
            assert (answer.ok, answer.absent) == (True, True)

    in_paper(talk)


def test_cancels() -> None:
    """A resting order, a stop; the second time nothing is found, which proves nothing."""

    async def talk(bench: PaperBench) -> None:
        await bench.outcome(bench.entry(price=PRICE - 100, time_in_force=TimeInForce.GTC))
        await bench.outcome(bench.stop_order())
        plain = Cancel(client_id="hf-e1-test", symbol="BTCUSDT", role=Role.ENTRY, algo=False)
        algo = Cancel(client_id="hf-s1-test", symbol="BTCUSDT", role=Role.STOP, algo=True)
        first = [await bench.outcome(effect) for effect in (plain, algo)]
        again = [await bench.outcome(effect) for effect in (plain, algo)]
        assert [outcome.outcome for outcome in first] == [Outcome.CONFIRMED] * 2
        assert first[0].order.status is OrderStatus.CANCELLED  # type: ignore[union-attr]
        assert [(outcome.outcome, outcome.code) for outcome in again] == [(Outcome.UNKNOWN, -2011)] * 2

    in_paper(talk)


def test_reducing_orders_and_a_resting_entry() -> None:
    """Target, close, GTD: the exchange takes them as they are built."""

    async def talk(bench: PaperBench) -> None:
        await bench.outcome(bench.entry())
        target = bench.entry(
            3, role=Role.TARGET, side=Side.SELL, price=PRICE + 900, time_in_force=TimeInForce.GTC, reduce_only=True
        )
        close = bench.entry(
            4, role=Role.CLOSE, side=Side.SELL, type=OrderType.MARKET, price=None, time_in_force=None, reduce_only=True
        )
        until_ms = bench.clock.now_ms() + 620_000
        resting = bench.entry(5, price=PRICE - 50, time_in_force=TimeInForce.GTD, good_till_ms=until_ms)
        for order in (target, resting, close):
            assert (await bench.outcome(order)).outcome is Outcome.CONFIRMED
        assert bench.venue("position")[-1]["amt"] in ("0", "0.000")

    in_paper(talk)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": Decimal("0.0001")}, -1111),
        ({"price": Decimal("65000.05")}, -4014),
        ({"symbol": "NOSUCHUSDT"}, -1121),
        ({"price": PRICE + 10, "time_in_force": TimeInForce.GTX}, -5022),
        ({"quantity": Decimal(900), "price": PRICE - 100, "time_in_force": TimeInForce.GTC}, -2019),
        ({"role": Role.CLOSE, "side": Side.SELL, "reduce_only": True, "price": PRICE - 10}, -2022),
    ],
)
def test_rules_1_refusals_are_proved(changes: dict[str, Any], code: int) -> None:
    """The venue's code, and nothing came into being."""

    async def talk(bench: PaperBench) -> None:
        outcome = await bench.outcome(bench.entry(**changes))
        assert (outcome.outcome, outcome.code) == (Outcome.REJECTED, code)
        assert orders_at_venue(bench, "hf-e1-test") == 0

    in_paper(talk)


def test_rules_1_something_exists() -> None:
    """A second stop under the same id, and a second close-position stop."""

    async def talk(bench: PaperBench) -> None:
        await bench.outcome(bench.entry())
        await bench.outcome(bench.stop_order())
        codes = [(await bench.outcome(bench.stop_order(n))).code for n in (1, 2)]
        assert codes == [-4116, -4130]

    in_paper(talk)


def test_rules_2_no_position_for_the_stop_yet() -> None:
    """−4509 under that venue fact: proved, so the core may try again soon."""

    async def talk(bench: PaperBench) -> None:
        outcome = await bench.outcome(bench.stop_order())
        assert (outcome.outcome, outcome.code) == (Outcome.REJECTED, -4509)

    in_paper(talk, facts=VenueFacts(stop_without_position="-4509"))


@pytest.mark.parametrize("by_rest", [False, True], ids=["ws-api", "rest"])
@pytest.mark.parametrize("executed", [False, True], ids=["not executed", "executed"])
@pytest.mark.parametrize(
    ("verb", "outcome"),
    [
        ("503-unknown", Outcome.UNKNOWN),
        ("-1007", Outcome.UNKNOWN),
        ("-1008", Outcome.UNKNOWN),
        ("resp.drop", Outcome.UNKNOWN),
        ("reset", Outcome.UNKNOWN),
        ("503-unavailable", Outcome.REJECTED),
        ("throttle", Outcome.THROTTLED),
    ],
)
def test_rules_1_faults(verb: str, outcome: Outcome, executed: bool, by_rest: bool) -> None:
    """Whatever the exchange did, the answer claims no more than is known, and the order is never there twice."""

    async def talk(bench: PaperBench) -> None:
        if by_rest:
            await bench.gateway._channel.stop()
        fault(bench, verb, match={"method": "order.place"}, executed=executed)
        assert (await bench.outcome(bench.entry())).outcome is outcome
        await time_passes(5)
        requests = [row for row in bench.venue("req") if row["params"].get("newClientOrderId") == "hf-e1-test"]
        assert (len(requests), len(bench.answers())) == (1, 1)
        assert orders_at_venue(bench, "hf-e1-test") <= 1

    in_paper(talk)


@pytest.mark.parametrize("executed", [False, True])
def test_rules_3_an_unknown_entry_is_found_by_asking(executed: bool) -> None:
    """Executed or not: the query tells which."""

    async def talk(bench: PaperBench) -> None:
        fault(bench, "503-unknown", match={"method": "order.place"}, executed=executed)
        await bench.outcome(bench.entry())
        answer = await read(bench, ReadKind.ORDER, client_id="hf-e1-test")
        assert (answer.ok, answer.absent, len(answer.orders)) == (True, not executed, int(executed))

    in_paper(talk)


def test_the_channel_closes_with_orders_in_flight() -> None:
    """Unknown, each; the channel comes back; nothing is sent again."""

    async def talk(bench: PaperBench) -> None:
        for n in range(5):
            bench.gateway.perform(bench.entry(n + 1))
        bench.host.reset_connections()
        await time_passes(5)
        assert [answer.outcome.outcome for answer in bench.answers()] == [Outcome.UNKNOWN] * 5
        ups = [told.up for told in bench.of(LinkChanged) if told.link == "order_channel"]
        assert ups == [True, False, True]
        placed = [row for row in bench.venue("req") if row["method"] == "order.place"]
        assert len(placed) == len({row["params"]["newClientOrderId"] for row in placed})
        assert (await bench.outcome(bench.entry(9))).outcome is Outcome.CONFIRMED

    in_paper(talk)


def test_an_expired_listen_key_is_replaced() -> None:
    """The exchange ends the key; events flow again under a new one."""

    async def talk(bench: PaperBench) -> None:
        fault(bench, "lk.expire")
        await time_passes(2)
        ups = [told.up for told in bench.of(LinkChanged) if told.link == "user_stream"]
        assert ups == [True, False, True]
        await bench.outcome(bench.entry())
        assert len(bench.fills()) == 1

    in_paper(talk)


def test_a_silent_user_stream_is_found_out() -> None:
    """Connected, and not a word after our own order (fault B3)."""

    async def talk(bench: PaperBench) -> None:
        fault(bench, "ws.silence", count=-1)
        await bench.outcome(bench.entry())
        await time_passes(3)
        ups = [told.up for told in bench.of(LinkChanged) if told.link == "user_stream"]
        assert ups[:2] == [True, False]

    in_paper(talk)


def test_settings_are_changed_and_seen() -> None:
    """Margin type and leverage; already so is done; the stream tells the leverage too."""

    async def talk(bench: PaperBench) -> None:
        for _ in range(2):
            change = ChangeSetting(symbol="BTCUSDT", purpose="p", leverage=7, margin_type="ISOLATED")
            bench.gateway.perform(change)
            await time_passes(0.1)
        assert [told.outcome.outcome for told in bench.of(SettingAnswered)] == [Outcome.CONFIRMED] * 2
        config = (await read(bench, ReadKind.SYMBOL_CONFIG)).symbol_configs[0]
        assert (config.leverage, config.margin_type) == (7, "ISOLATED")
        assert bench.of(AccountConfigSeen)[0].leverage == 7

    in_paper(talk)


def test_the_watch_sees_position_and_stop() -> None:
    """On its own connections."""

    async def talk(bench: PaperBench) -> None:
        await bench.outcome(bench.entry())
        await bench.outcome(bench.stop_order())
        found = await bench.watch.look()
        assert (found.ok, [row.amount for row in found.positions]) == (True, [Decimal("0.010")])
        assert [(algo.client_id, algo.status) for algo in found.algos] == [("hf-s1-test", AlgoStatus.ARMED)]

    in_paper(talk)


def test_prices_arrive() -> None:
    """Touch and mark of the market that the exchange plays."""

    async def talk(bench: PaperBench) -> None:
        await time_passes(3)
        seen = bench.of(MarketSeen)
        assert any(told.mark == PRICE for told in seen)
        assert any(told.bid == PRICE and told.ask == PRICE + Decimal("0.10") for told in seen)

    in_paper(talk)


def test_instruments_with_tiers() -> None:
    """Every symbol of the exchange, tradable, with its tiers."""

    async def talk(bench: PaperBench) -> None:
        loaded = await bench.gateway.reads.instruments()
        assert not loaded.quarantined
        assert all(item.tradable and item.brackets for item in loaded.instruments)

    in_paper(talk)


def test_events_may_come_before_the_reply() -> None:
    """Either order gives the same evidence, and nothing is owed twice (fault A16)."""

    async def talk(bench: PaperBench) -> None:
        await bench.outcome(bench.entry())
        await time_passes(5)
        assert [told.up for told in bench.of(LinkChanged) if told.link == "user_stream"] == [True]
        assert bench.of(OrderSeen)[-1].report.status is OrderStatus.FILLED

    in_paper(talk, facts=VenueFacts(event_before_ack=True))
