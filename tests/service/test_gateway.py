"""The gateway: one answer per effect, the way chosen before the first byte, nothing sent twice."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from holdfast.model.effects import Authorised, ChangeSetting, Lane, Place, Read, ReadKind
from holdfast.model.inputs import (
    AlgoSeen,
    CancelAnswered,
    OrderSeen,
    PlaceAnswered,
    RatesSeen,
    ReadAnswered,
    SettingAnswered,
)
from holdfast.model.orders import AlgoStatus, OrderStatus
from holdfast.model.reasons import Outcome
from holdfast.ports import HttpFailed
from tests.service.fakes_venue import Asked, reply, virtual
from tests.service.gateway_bench import (
    NOW_MS,
    PLACE_ALGO,
    PLACE_ORDER,
    Bench,
    accept,
    algo_reply,
    cancel,
    entry,
    methods,
    order_reply,
    refuse,
    stop,
)
from tests.waiting import time_passes


@virtual
async def test_an_entry_is_confirmed() -> None:
    """Written at once, answered with the venue's report and the timestamp that was signed."""
    bench = await Bench().start()
    bench.gateway.perform(entry())
    assert methods(bench) == ["order.place"]
    await bench.settle()
    (answer,) = bench.answers()
    assert isinstance(answer, PlaceAnswered)
    assert answer.outcome.outcome is Outcome.CONFIRMED
    assert answer.outcome.order is not None
    assert (answer.outcome.order.status, answer.outcome.order.quantity) == (OrderStatus.WORKING, Decimal("0.010"))
    assert (answer.sent_ms, answer.recv_window_ms) == (NOW_MS, 1_500)


@virtual
async def test_a_stop_is_confirmed() -> None:
    """Its report is an algo's."""
    bench = await Bench().start()
    outcome = await bench.outcome(stop())
    assert outcome.algo is not None
    assert (outcome.algo.status, outcome.algo.close_position) == (AlgoStatus.ARMED, True)


@pytest.mark.parametrize("algo", [False, True])
def test_a_cancel_is_confirmed(algo: bool) -> None:
    """By client id, each on its own method; an algo's reply names no state."""

    @virtual
    async def check() -> None:
        bench = await Bench().start()
        outcome = await bench.outcome(cancel(algo=algo))
        assert outcome.outcome is Outcome.CONFIRMED
        assert methods(bench) == ["algoOrder.cancel" if algo else "order.cancel"]
        assert (outcome.order is None) is algo

    check()


@virtual
async def test_an_event_is_owed_for_what_is_confirmed() -> None:
    """Orders and cancels that the venue confirmed, and no others."""
    bench = await Bench().start()
    await bench.outcome(entry())
    await bench.outcome(cancel(algo=True))
    bench.connector.link.on_send = refuse(-2019)
    await bench.outcome(entry(2))
    assert bench.confirmed == ["hf-e1-a", "hf-s1-a"]


@virtual
async def test_a_refusal_is_told_with_its_code() -> None:
    """Proved: the parsed code."""
    bench = await Bench(refuse(-2019, "Margin is insufficient.")).start()
    outcome = await bench.outcome(entry())
    assert (outcome.outcome, outcome.code, outcome.message) == (Outcome.REJECTED, -2019, "Margin is insufficient.")


@virtual
async def test_rules_8_an_entry_is_signed_with_the_time_of_its_record() -> None:
    """Not with the time of sending; a stop is stamped when it is sent."""
    bench = await Bench().start()
    bench.clock.at_ms = NOW_MS + 700
    bench.gateway.perform(entry())
    bench.gateway.perform(stop())
    stamps = [(m["params"]["timestamp"], m["params"]["recvWindow"]) for m in bench.connector.link.messages()]
    assert stamps == [(NOW_MS, 1_500), (NOW_MS + 700, 5_000)]


@virtual
async def test_rules_8_a_late_entry_is_dropped_unsent() -> None:
    """Older than half its window at the socket."""
    bench = await Bench().start()
    bench.clock.at_ms = NOW_MS + 751
    outcome = await bench.outcome(entry())
    assert (outcome.outcome, outcome.local) == (Outcome.REJECTED, "late")
    assert bench.connector.link.sent == []


@virtual
async def test_rules_8_a_stop_is_never_late() -> None:
    """Late, it only reduces."""
    bench = await Bench().start()
    bench.clock.at_ms = NOW_MS + 60_000
    assert (await bench.outcome(stop())).outcome is Outcome.CONFIRMED


@virtual
async def test_rules_16_the_latch_stops_entries_alone() -> None:
    """Looked at before each entry is written; cover goes on."""
    bench = await Bench().start()
    bench.latched = True
    outcome = await bench.outcome(entry())
    assert (outcome.outcome, outcome.local) == (Outcome.REJECTED, "latched")
    assert (await bench.outcome(stop())).outcome is Outcome.CONFIRMED


@virtual
async def test_a_contradictory_order_is_refused_here() -> None:
    """Answered, not raised."""
    bench = await Bench().start()
    broken = entry()
    wrong = Place(
        order=Authorised(msgspec.structs.replace(broken.order.spec, quantity=Decimal(0)), "v"), timestamp_ms=NOW_MS
    )
    outcome = await bench.outcome(wrong)
    assert (outcome.outcome, outcome.local) == (Outcome.REJECTED, "unsendable")


@virtual
async def test_rules_1_rest_is_used_when_no_byte_left() -> None:
    """The channel is down: the same order goes by REST, with the stamp of its record."""
    bench = Bench()
    bench.connector.failures = [OSError("refused")] * 99
    bench.http.answers[PLACE_ORDER] = lambda asked: reply(order_reply(asked.params))
    await bench.start()
    outcome = await bench.outcome(entry())
    assert outcome.outcome is Outcome.CONFIRMED
    assert (bench.http.asked[0].params["timestamp"], bench.http.asked[0].params["recvWindow"]) == (str(NOW_MS), "1500")


@virtual
async def test_rules_1_a_link_that_refuses_the_write_left_nothing() -> None:
    """It closed unnoticed: REST, once."""
    bench = await Bench().start()
    bench.connector.link.open = False
    bench.http.answers[PLACE_ALGO] = lambda asked: reply(algo_reply(asked.params))
    assert (await bench.outcome(stop())).outcome is Outcome.CONFIRMED
    assert bench.http.paths() == [PLACE_ALGO]


@virtual
async def test_rules_1_a_close_makes_requests_in_flight_unknown() -> None:
    """And nothing is sent again, by either way (fault A21)."""
    bench = await Bench(on_send=None).start()
    for n in range(10):
        bench.gateway.perform(entry(n + 1))
    bench.connector.link.end("reset")
    await time_passes(1)
    assert [answer.outcome.outcome for answer in bench.answers()] == [Outcome.UNKNOWN] * 10
    assert bench.http.asked == []
    assert sum(len(link.sent) for link in bench.connector.links) == 10


@virtual
async def test_rules_1_a_timeout_is_unknown() -> None:
    """After three seconds; each once."""
    bench = await Bench(on_send=None).start()
    bench.gateway.perform(entry())
    await time_passes(2.9)
    assert bench.answers() == []
    await time_passes(0.2)
    assert [answer.outcome.outcome for answer in bench.answers()] == [Outcome.UNKNOWN]


@virtual
async def test_one_timer_serves_all_requests() -> None:
    """Each times out at its own time."""
    bench = await Bench(on_send=None).start()
    for n in range(3):
        bench.gateway.perform(entry(n + 1))
        bench.connector.link.say(b'{"id":999,"status":200}')
        await time_passes(1)
    counts = []
    for _ in range(4):
        counts.append(len(bench.answers()))
        await time_passes(1)
    assert counts == [1, 2, 3, 3]


@virtual
async def test_a_silent_connection_is_replaced() -> None:
    """Not a word since the request left: open in name only."""
    bench = await Bench(on_send=None).start()
    bench.gateway.perform(entry())
    await time_passes(4)
    assert len(bench.connector.links) == 2
    assert [up for up, _ in bench.links()] == [True, False, True]


@virtual
async def test_a_late_confirmation_is_evidence() -> None:
    """The request was unknown; now it is known to exist (fault A6). The answer is not given twice."""
    bench = await Bench(on_send=None).start()
    bench.gateway.perform(entry())
    bench.gateway.perform(stop())
    await time_passes(2)
    bench.connector.link.say(b'{"id":999,"status":200}')
    first, second = bench.connector.link.messages()
    await time_passes(1.5)
    bench.connector.link.say(accept(first))
    bench.connector.link.say(accept(second))
    assert len(bench.answers()) == 2
    orders = [told.report.client_id for told in bench.told if isinstance(told, OrderSeen)]
    algos = [told.report.client_id for told in bench.told if isinstance(told, AlgoSeen)]
    assert (orders, algos) == (["hf-e1-a"], ["hf-s1-a"])


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200},
        {"status": 200, "result": {}},
        {"status": 200, "result": {"orderId": 1}},
        {"status": 200, "result": None, "error": {"code": -2019, "msg": "x"}},
        {"status": 503, "error": {"code": 0, "msg": "Unknown error, please check your request or try again later."}},
        {"status": 400, "error": {"code": -9999, "msg": "new"}},
        {"status": 400},
    ],
)
def test_rules_1_answers_that_prove_nothing(answer: dict[str, Any]) -> None:
    """Unknown, each."""

    @virtual
    async def check() -> None:
        bench = await Bench(lambda message: {"id": message["id"], **answer}).start()
        assert (await bench.outcome(entry())).outcome is Outcome.UNKNOWN

    check()


@virtual
async def test_an_answer_about_another_order_proves_nothing() -> None:
    """Swapped answers (fault A21)."""

    def swapped(message: dict[str, Any]) -> dict[str, Any]:
        params = {**message["params"], "newClientOrderId": "hf-e9-other"}
        return {"id": message["id"], "status": 200, "result": order_reply(params)}

    bench = await Bench(swapped).start()
    assert (await bench.outcome(entry())).outcome is Outcome.UNKNOWN
    assert bench.confirmed == []


@virtual
async def test_rubbish_on_the_connection_answers_nothing() -> None:
    """It is reported, and the request waits for its own answer."""
    bench = await Bench(on_send=None).start()
    bench.gateway.perform(entry())
    for rubbish in (b"", b"<html>", b'{"id":1', b'{"id":"1x","status":200}', b"[]"):
        bench.connector.link.say(rubbish)
    assert bench.answers() == []
    bench.connector.link.say(accept(bench.connector.link.messages()[0]))
    assert bench.answers()[0].outcome.outcome is Outcome.CONFIRMED


@pytest.mark.parametrize(
    ("failure", "role_outcome", "local"),
    [
        (HttpFailed("refused", sent=False), (Outcome.REJECTED, Outcome.UNKNOWN), "unsent"),
        (HttpFailed("reset", sent=True), (Outcome.UNKNOWN, Outcome.UNKNOWN), ""),
        (reply(b"<html></html>", status=502), (Outcome.UNKNOWN, Outcome.UNKNOWN), ""),
        (reply({"code": 0, "msg": "Service Unavailable."}, status=503), (Outcome.REJECTED, Outcome.REJECTED), ""),
    ],
)
def test_rules_1_rest_answers(failure: Any, role_outcome: tuple[Outcome, Outcome], local: str) -> None:
    """An entry that never left is refused; a stop that never left may go again."""

    @virtual
    async def check() -> None:
        bench = Bench()
        bench.connector.failures = [OSError("refused")] * 99
        bench.http.answers.update({PLACE_ORDER: failure, PLACE_ALGO: failure})
        await bench.start()
        outcomes = [await bench.outcome(entry()), await bench.outcome(stop())]
        assert tuple(outcome.outcome for outcome in outcomes) == role_outcome
        assert {outcome.local for outcome in outcomes} == {local}
        assert bench.http.paths() == [PLACE_ORDER, PLACE_ALGO]

    check()


@virtual
async def test_rules_2_a_throttled_order_says_until_when() -> None:
    """And the governor keeps the lane quiet until then."""
    text = "Too many new orders; current limit is 300 orders per 10 SECOND."
    bench = await Bench(refuse(-1015, text, 429)).start()
    outcome = await bench.outcome(entry())
    assert (outcome.outcome, outcome.until_ms) == (Outcome.THROTTLED, 1_790_000_010_000)
    again = await bench.outcome(entry(2))
    assert (again.outcome, again.local, again.until_ms) == (Outcome.THROTTLED, "budget", 1_790_000_010_000)
    assert len(bench.connector.link.sent) == 1


@virtual
async def test_a_full_entry_budget_leaves_room_for_stops() -> None:
    """RULES 12: protection has its reserve."""
    bench = await Bench().start()
    bench.gateway.governor.spend(0, NOW_MS, orders=210)
    assert (await bench.outcome(entry())).local == "budget"
    assert (await bench.outcome(stop())).outcome is Outcome.CONFIRMED


@pytest.mark.parametrize("code", [-1021, -5028])
def test_rules_2_a_refused_timestamp_resyncs_the_clock(code: int) -> None:
    """Before anything is signed again."""

    @virtual
    async def check() -> None:
        bench = await Bench(refuse(code)).start()
        assert (await bench.outcome(entry())).outcome is Outcome.REJECTED
        assert bench.clock.resyncs == 1

    check()


@virtual
async def test_a_new_code_is_reported() -> None:
    """Fault A8: unknown for the order, and a line for a human."""
    bench = await Bench(refuse(-9999)).start()
    await bench.outcome(entry())
    assert bench.log.names == ["unlisted -9999"]


@virtual
async def test_counters_reach_the_core() -> None:
    """From the replies' `rateLimits`, not more than once a second while there is room."""

    def counted(message: dict[str, Any]) -> dict[str, Any]:
        row = {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300, "count": message["id"]}
        return {**accept(message), "rateLimits": [row]}

    bench = await Bench(counted).start()
    for n in range(5):
        await bench.outcome(entry(n + 1))
    told = [told for told in bench.told if isinstance(told, RatesSeen)]
    assert [window.count for window in told[0].windows] == [1, 1]
    assert len(told) == 1
    bench.gateway.governor.spend(0, NOW_MS, orders=160)
    await bench.outcome(entry(7))
    assert len([told for told in bench.told if isinstance(told, RatesSeen)]) == 2


@virtual
async def test_rules_12_the_core_hears_how_much_weight_reading_has_used() -> None:
    """An entry needs some of it for what follows; the answer comes first."""
    bench = await Bench().start()
    bench.http.answers["GET /fapi/v3/positionRisk"] = reply([])
    bench.gateway.perform(Read(kind=ReadKind.POSITIONS, purpose="boot"))
    await bench.settle()
    told = bench.told[-1]
    assert isinstance(told, RatesSeen)
    assert told.weight is not None
    assert (told.weight.count, told.weight.limit) == (bench.gateway.governor.weight_used(NOW_MS), 2_400)
    assert told.weight.count >= 5
    assert isinstance(bench.told[-2], ReadAnswered)


@virtual
async def test_a_read_is_answered() -> None:
    """Through the same door, once."""
    bench = await Bench().start()
    bench.http.answers["GET /fapi/v3/positionRisk"] = reply([])
    bench.gateway.perform(Read(kind=ReadKind.POSITIONS, purpose="boot"))
    await bench.settle()
    (answer,) = [told for told in bench.told if isinstance(told, ReadAnswered)]
    assert (answer.ok, answer.positions, answer.read.purpose) == (True, (), "boot")


@virtual
async def test_a_read_can_be_awaited() -> None:
    """For boot: nothing is delivered."""
    bench = await Bench().start()
    bench.http.answers["GET /fapi/v3/positionRisk"] = reply([])
    assert (await bench.gateway.read_now(Read(kind=ReadKind.POSITIONS, purpose="boot"))).ok
    assert not [told for told in bench.told if isinstance(told, ReadAnswered)]


def setting_of(bench: Bench) -> SettingAnswered:
    """The one answer to a settings change."""
    (answer,) = [told for told in bench.told if isinstance(told, SettingAnswered)]
    return answer


@virtual
async def test_settings_are_changed_in_order() -> None:
    """Margin type first; already so is done."""
    bench = await Bench().start()
    bench.http.answers["POST /fapi/v1/marginType"] = reply({"code": -4046, "msg": "No need to change."}, status=400)
    bench.http.answers["POST /fapi/v1/leverage"] = reply({"leverage": 5, "symbol": "BTCUSDT"})
    bench.gateway.perform(ChangeSetting(symbol="BTCUSDT", purpose="p", leverage=5, margin_type="CROSSED"))
    await bench.settle()
    assert setting_of(bench).outcome.outcome is Outcome.CONFIRMED
    assert bench.http.paths() == ["POST /fapi/v1/marginType", "POST /fapi/v1/leverage"]


@virtual
async def test_a_refused_margin_type_stops_the_change() -> None:
    """Leverage is not touched then."""
    bench = await Bench().start()
    bench.http.answers["POST /fapi/v1/marginType"] = reply({"code": -4047, "msg": "open orders"}, status=400)
    bench.gateway.perform(ChangeSetting(symbol="BTCUSDT", purpose="p", leverage=5, margin_type="CROSSED"))
    await bench.settle()
    assert (setting_of(bench).outcome.outcome, setting_of(bench).outcome.code) == (Outcome.REJECTED, -4047)
    assert len(bench.http.asked) == 1


@virtual
async def test_a_setting_without_a_clear_answer_is_unknown() -> None:
    """Read back by the core (RULES 2)."""
    bench = await Bench().start()
    bench.http.answers["POST /fapi/v1/leverage"] = reply(b"<html></html>")
    bench.gateway.perform(ChangeSetting(symbol="BTCUSDT", purpose="p", leverage=5))
    await bench.settle()
    assert setting_of(bench).outcome.outcome is Outcome.UNKNOWN


@virtual
async def test_stopping_answers_what_is_under_way() -> None:
    """Exactly one answer per effect, also at the end."""
    bench = await Bench(on_send=None).start()

    async def slow(asked: Asked) -> Any:
        await time_passes(60)

    bench.http.answers["GET /fapi/v3/positionRisk"] = slow
    bench.gateway.perform(entry())
    bench.gateway.perform(Read(kind=ReadKind.POSITIONS, purpose="boot"))
    await bench.settle()
    await bench.gateway.stop()
    await bench.settle()
    assert [answer.outcome.outcome for answer in bench.answers()] == [Outcome.UNKNOWN]
    assert [told.ok for told in bench.told if isinstance(told, ReadAnswered)] == [False]


@virtual
async def test_every_effect_has_exactly_one_answer() -> None:
    """Many of each kind at once, over a venue that answers some, refuses some and forgets some."""

    def moody(message: dict[str, Any]) -> dict[str, Any] | None:
        mood = message["id"] % 4
        return [accept(message), refuse(-2019)(message), None, refuse(-1007, "x", 408)(message)][mood]

    bench = await Bench(moody).start()
    for n in range(40):
        bench.gateway.perform(entry(n + 1, lane=Lane.PROTECT))
        bench.gateway.perform(cancel())
    await time_passes(1.5)
    bench.connector.link.end("reset")
    await time_passes(5)
    places = [told.client_id for told in bench.told if isinstance(told, PlaceAnswered)]
    cancels = [told for told in bench.told if isinstance(told, CancelAnswered)]
    assert sorted(places) == sorted(f"hf-e{n + 1}-a" for n in range(40))
    assert len(cancels) == 40
    assert bench.log.names == []
