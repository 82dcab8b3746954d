"""Reads: complete or not at all, repeated a few times, within their budget."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from holdfast.binance.governor import Governor
from holdfast.binance.signing import HmacSigner
from holdfast.model.effects import Lane, Read, ReadKind
from holdfast.model.inputs import ReadAnswered
from holdfast.model.reasons import Outcome
from holdfast.ports import HttpFailed
from holdfast.service.rest_door import RestDoor
from holdfast.service.venue_observer import Unobserved
from holdfast.service.venue_reads import CannotAsk, VenueReads
from tests.binance.test_filters import BRACKETS, info, symbol
from tests.binance.test_replies import QUERIED, TRADE
from tests.service.fakes_venue import Asked, FakeHttp, FakeVenueTime, reply, virtual
from tests.waiting import time_passes

NOW_MS = 1_790_000_000_123
TRADES = "GET /fapi/v1/userTrades"
ORDER = "GET /fapi/v1/order"
POSITIONS = "GET /fapi/v3/positionRisk"


class MovingTime(FakeVenueTime):
    """A venue clock that goes with the loop."""

    def now_ms(self) -> int:
        """The time at the start of the test, and what has passed since."""
        return self.at_ms + round(asyncio.get_running_loop().time() * 1_000)


class Bench:
    """Reads of a fake venue."""

    def __init__(self, **answers: Any) -> None:
        self.http = FakeHttp()
        self.wallet = FakeHttp()
        self.clock = MovingTime(NOW_MS)
        self.governor = Governor()
        signer = HmacSigner("paper-key-01", "paper-secret-7f3c")
        door = RestDoor(http=self.http, signer=signer, clock=self.clock, governor=self.governor)
        wallet = RestDoor(http=self.wallet, signer=signer, clock=self.clock, governor=Governor())
        self.reads = VenueReads(door, observer=Unobserved(), timeout_ms=100, wallet=wallet)

    async def read(self, kind: ReadKind, **fields: Any) -> ReadAnswered:
        """Ask."""
        return await self.reads.answer(Read(kind=kind, purpose="test", symbol="BTCUSDT", **fields))


@virtual
async def test_a_list_is_read() -> None:
    """With when it was asked."""
    bench = Bench()
    bench.http.answers[TRADES] = reply(TRADE)
    answer = await bench.read(ReadKind.TRADES, since_ms=NOW_MS - 1)
    assert (answer.ok, len(answer.fills), answer.asked_ms, answer.absent) == (True, 1, NOW_MS, False)


@virtual
async def test_all_pages_are_read() -> None:
    """A full page is followed by the next."""
    bench = Bench()
    page = b"[" + b",".join([TRADE.strip()[1:-1]] * 1000) + b"]"
    bench.http.answers[TRADES] = [reply(page), reply(b"[]")]
    answer = await bench.read(ReadKind.TRADES, since_ms=NOW_MS - 1)
    assert len(answer.fills) == 1000
    assert bench.http.asked[1].params["fromId"] == "7200011224"


@virtual
async def test_a_list_that_breaks_off_is_no_list() -> None:
    """The second page cannot be had: nothing was learned, and no half is handed on."""
    bench = Bench()
    page = b"[" + b",".join([TRADE.strip()[1:-1]] * 1000) + b"]"
    bench.http.answers[TRADES] = [reply(page), HttpFailed("reset", sent=True)]
    answer = await bench.read(ReadKind.TRADES, since_ms=NOW_MS - 1)
    assert (answer.ok, answer.fills) == (False, ())


@pytest.mark.parametrize(
    "trouble",
    [
        HttpFailed("reset", sent=True),
        HttpFailed("refused", sent=False),
        reply(b"<html></html>", status=502),
        reply(b"", status=200),
        reply(b'{"code":-1000,"msg":"x"}', status=200),
        reply({"code": -1001, "msg": "Internal error"}, status=503),
    ],
)
def test_trouble_is_tried_again(trouble: Any) -> None:
    """Twice, then the answer counts."""

    @virtual
    async def check() -> None:
        bench = Bench()
        bench.http.answers[TRADES] = [trouble, trouble, reply(TRADE)]
        assert (await bench.read(ReadKind.TRADES)).ok
        bench.http.answers[TRADES] = trouble
        answer = await bench.read(ReadKind.TRADES)
        assert (answer.ok, answer.fills) == (False, ())
        assert answer.outcome is not None
        assert answer.outcome.outcome is Outcome.UNKNOWN
        assert len(bench.http.asked) == 6

    check()


@virtual
async def test_a_refusal_is_not_tried_again() -> None:
    """It would be refused again."""
    bench = Bench()
    bench.http.answers[TRADES] = reply({"code": -2015, "msg": "Invalid API-key"}, status=401)
    answer = await bench.read(ReadKind.TRADES)
    assert (answer.ok, len(bench.http.asked)) == (False, 1)


@virtual
async def test_absence_is_an_answer_about_one_order_only() -> None:
    """−2013 on an order that was asked for by id; anywhere else it is no answer."""
    bench = Bench()
    missing = reply({"code": -2013, "msg": "Order does not exist."}, status=400)
    bench.http.answers.update({ORDER: missing, TRADES: missing})
    one = await bench.read(ReadKind.ORDER, client_id="hf-e1-a")
    lists = await bench.read(ReadKind.TRADES)
    assert (one.ok, one.absent, one.orders, len(bench.http.asked)) == (True, True, (), 2)
    assert (lists.ok, lists.absent) == (False, False)


@virtual
async def test_an_order_is_found_by_its_client_id() -> None:
    """Evidence, on the query channel."""
    bench = Bench()
    bench.http.answers[ORDER] = reply(QUERIED)
    answer = await bench.read(ReadKind.ORDER, client_id="hf-e1-a")
    assert (answer.ok, answer.absent, answer.orders[0].client_id) == (True, False, "hf-e1-a")


@virtual
async def test_a_read_waits_for_its_budget() -> None:
    """A short wait is waited out."""
    bench = Bench()
    bench.http.answers[TRADES] = reply(TRADE)
    bench.governor.throttled(Lane.QUERY, -1003, NOW_MS + 2_000, banned=False)
    loop = asyncio.get_running_loop()
    answer = await bench.read(ReadKind.TRADES)
    assert (answer.ok, loop.time()) == (True, 2.0)


@virtual
async def test_of_equal_reads_one_waits_for_the_budget() -> None:
    """A close asks for its position twice a second; all that it asked in vain would fill the next minute."""
    bench = Bench()
    bench.http.answers[TRADES] = reply(TRADE)
    bench.governor.throttled(Lane.QUERY, -1003, NOW_MS + 2_000, banned=False)
    answers = await asyncio.gather(*(bench.read(ReadKind.TRADES) for _ in range(5)))
    assert [answer.ok for answer in answers] == [True, False, False, False, False]
    assert {answer.outcome.until_ms for answer in answers[1:] if answer.outcome is not None} == {NOW_MS + 2_000}
    assert len(bench.http.asked) == 1


@virtual
async def test_rules_12_what_waits_for_the_window_keeps_nobody_out() -> None:
    """However many lists wait for its turn, a question with the right of protection leaves at once; and none of those
    that were asked again meanwhile is asked twice when it has come."""
    bench = Bench()
    bench.http.answers.update({TRADES: reply(TRADE), ORDER: reply(QUERIED)})
    bench.governor.throttled(Lane.QUERY, -1003, NOW_MS + 4_000, banned=False)

    async def ask_all() -> list[ReadAnswered]:
        return await asyncio.gather(*(bench.read(ReadKind.TRADES, since_ms=NOW_MS - row) for row in range(40)))

    rounds = [asyncio.ensure_future(ask_all()) for _ in range(2)]
    await time_passes(1.0)
    covered = await bench.read(ReadKind.ORDER, client_id="hf-s1-a", lane=Lane.PROTECT)
    assert (covered.ok, covered.asked_ms) == (True, NOW_MS + 1_000)
    answers = [answer for each in rounds for answer in await each]
    assert [answer.ok for answer in answers] == [True] * 40 + [False] * 40
    assert len(bench.http.asked) == 41


@virtual
async def test_a_window_that_is_full_again_is_not_overrun() -> None:
    """What waited is admitted anew: others may have been quicker."""
    bench = Bench()
    bench.http.answers[TRADES] = reply(TRADE)
    to_turn_ms = 60_000 - NOW_MS % 60_000
    bench.clock.at_ms += to_turn_ms - 1_000
    bench.governor.spend(1_680, bench.clock.now_ms())
    asking = asyncio.ensure_future(bench.read(ReadKind.TRADES))
    await time_passes(0.5)
    bench.governor.spend(1_680, bench.clock.now_ms() + 1_000)
    answer = await asking
    assert (answer.ok, bench.http.asked) == (False, [])


@virtual
async def test_a_long_wait_is_told_instead() -> None:
    """A banned address: nothing is sent, and the answer says until when."""
    bench = Bench()
    bench.governor.throttled(Lane.QUERY, -1003, NOW_MS + 120_000, banned=True)
    answer = await bench.read(ReadKind.TRADES)
    assert answer.outcome is not None
    assert (answer.ok, bench.http.asked) == (False, [])
    assert (answer.outcome.outcome, answer.outcome.until_ms) == (Outcome.THROTTLED, NOW_MS + 120_000)


@virtual
async def test_a_refused_timestamp_resyncs_the_clock() -> None:
    """−1021 on a read says the same as on an order."""
    bench = Bench()
    bench.http.answers[TRADES] = reply({"code": -1021, "msg": "Timestamp"}, status=400)
    await bench.read(ReadKind.TRADES)
    assert bench.clock.resyncs == 1


@virtual
async def test_order_limits_come_with_counts() -> None:
    """The endpoint lists limits; the counts are the governor's (RULES 12)."""
    bench = Bench()
    rows = [{"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50}]
    bench.http.answers["GET /fapi/v1/rateLimit/order"] = reply(rows)
    bench.governor.spend(0, NOW_MS, orders=7)
    windows = (await bench.read(ReadKind.ORDER_LIMITS)).rate_windows
    assert [(window.count, window.limit) for window in windows] == [(7, 50), (7, 1_200)]


@virtual
async def test_instruments_with_their_tiers() -> None:
    """And the governor learns the venue's limits."""
    bench = Bench()
    bench.http.answers["GET /fapi/v1/exchangeInfo"] = reply(info(symbol()).replace(b"2400", b"6000"))
    bench.http.answers["GET /fapi/v1/leverageBracket"] = reply(BRACKETS)
    loaded = await bench.reads.instruments(version=3)
    assert [(item.symbol, item.version, len(item.brackets)) for item in loaded.instruments] == [("BTCUSDT", 3, 2)]
    assert bench.governor.weight_limit == 6_000


@virtual
async def test_rules_11_the_accounts_fee_stands_in_the_symbols_rules() -> None:
    """From when it was read on; of a symbol that was not asked for it is 0, and the configured one counts."""
    bench = Bench()
    bench.http.answers["GET /fapi/v1/exchangeInfo"] = reply(info(symbol()))
    bench.http.answers["GET /fapi/v1/leverageBracket"] = reply(BRACKETS)
    assert [item.taker_fee for item in (await bench.reads.instruments()).instruments] == [0]
    rates = {"symbol": "BTCUSDT", "makerCommissionRate": "0.0002", "takerCommissionRate": "0.0007"}
    bench.http.answers["GET /fapi/v1/commissionRate"] = reply(rates)
    assert await bench.reads.taker_fee("BTCUSDT") == Decimal("0.0007")
    assert [item.taker_fee for item in (await bench.reads.instruments()).instruments] == [Decimal("0.0007")]


@virtual
async def test_what_cannot_be_asked_is_raised_at_boot() -> None:
    """With the venue's words, never as an empty exchange."""
    bench = Bench()
    bench.http.answers["GET /fapi/v1/exchangeInfo"] = reply({"code": -1003, "msg": "Too many requests."}, status=429)
    with pytest.raises(CannotAsk, match=r"exchangeInfo: throttled.*Too many requests"):
        await bench.reads.instruments()


@virtual
async def test_key_restrictions_are_read_from_the_wallet_host() -> None:
    """Not from the futures host."""
    bench = Bench()
    names = ("ipRestrict", "enableFutures", "enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer")
    bench.wallet.answers["GET /sapi/v1/account/apiRestrictions"] = reply(dict.fromkeys(names, True))
    restrictions = await bench.reads.key_restrictions()
    assert restrictions is not None
    assert restrictions.enable_withdrawals
    assert bench.http.paths() == []


@virtual
async def test_reads_do_not_crowd_the_connections() -> None:
    """A bounded number at once; the rest take their turn."""
    bench, at_once, most = Bench(), 0, 0

    async def slow(asked: Asked) -> Any:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await time_passes(0.01)
        at_once -= 1
        return reply(TRADE)

    bench.http.answers[TRADES] = slow
    answers = await asyncio.gather(*[bench.read(ReadKind.TRADES) for _ in range(60)])
    assert all(answer.ok for answer in answers)
    assert most <= 24


@virtual
async def test_symbol_rules_are_read_when_the_window_is_nearly_full() -> None:
    """Nothing can be covered without them, so a start in a busy minute does not wait for the share of other reads."""
    bench = Bench()
    bench.http.answers["GET /fapi/v1/exchangeInfo"] = reply(info(symbol()))
    bench.http.answers["GET /fapi/v1/leverageBracket"] = reply(BRACKETS)
    bench.governor.spend(2_300, NOW_MS)
    assert (await bench.reads.instruments()).instruments


@virtual
async def test_rules_12_symbol_rules_that_are_only_read_again_can_wait() -> None:
    """Found by counting requests: the refresh used the reserve of protection, and a pause did not hold it up."""
    bench = Bench()
    bench.http.answers["GET /fapi/v1/exchangeInfo"] = reply(info(symbol()))
    bench.http.answers["GET /fapi/v1/leverageBracket"] = reply(BRACKETS)
    assert (await bench.reads.instruments()).instruments
    asked = len(bench.http.paths())
    bench.governor.throttled(Lane.QUERY, -1003, NOW_MS + 600_000, banned=False)
    with pytest.raises(CannotAsk, match="throttled"):
        await bench.reads.instruments(2, Lane.QUERY)
    assert len(bench.http.paths()) == asked


@virtual
async def test_an_assumed_limit_does_not_hold_up_the_question_for_the_real_one() -> None:
    """The address may have used more than we assume it is granted; a ban still holds."""
    bench = Bench()
    bench.http.answers["GET /fapi/v1/exchangeInfo"] = reply(info(symbol()).replace(b"2400", b"6000"))
    bench.http.answers["GET /fapi/v1/leverageBracket"] = reply(BRACKETS)
    bench.governor.spend(3_000, NOW_MS)
    assert (await bench.reads.instruments()).instruments
    banned = Bench()
    banned.governor.throttled(Lane.QUERY, -1003, NOW_MS + 60_000, banned=True)
    with pytest.raises(CannotAsk, match="throttled"):
        await banned.reads.instruments()


def _row(name: str, amount: str) -> dict[str, str]:
    return {"symbol": name, "positionSide": "BOTH", "positionAmt": amount, "entryPrice": "80000"}


@virtual
async def test_positions_of_many_symbols_are_one_question() -> None:
    """Each gets the row of his own symbol, or none; who asks for the account gets all (RULES 7, 12), and so does the
    first: what the answer shows of the others is not thrown away."""
    bench = Bench()
    bench.http.answers[POSITIONS] = reply([_row("BTCUSDT", "0.5"), _row("ETHUSDT", "-2")])
    symbols = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "")
    reads = [Read(kind=ReadKind.POSITIONS, purpose=f"flatten:{name}", symbol=name) for name in symbols]
    answers = await asyncio.gather(*(bench.reads.answer(read) for read in reads))
    assert len(bench.http.asked) == 1
    assert "symbol" not in bench.http.asked[0].params
    assert [[row.amount for row in answer.positions] for answer in answers] == [
        [Decimal("0.5"), Decimal("-2")],
        [Decimal("-2")],
        [],
        [Decimal("0.5"), Decimal("-2")],
    ]
    assert [(answer.read, answer.ok, answer.asked_ms) for answer in answers] == [(read, True, NOW_MS) for read in reads]


@virtual
async def test_positions_that_cannot_be_had_are_nobodys_zero() -> None:
    """All who asked hear that nothing was learned."""
    bench = Bench()
    bench.http.answers[POSITIONS] = HttpFailed("reset", sent=True)
    answers = await asyncio.gather(*(bench.read(ReadKind.POSITIONS) for _ in range(3)))
    assert [(answer.ok, answer.positions) for answer in answers] == [(False, ())] * 3


@virtual
async def test_rules_12_a_close_does_not_wait_behind_a_shared_read_without_budget() -> None:
    """An unprivileged question waits for the window's turn; the one that protects leaves beside it."""
    bench = Bench()
    bench.http.answers[POSITIONS] = reply([])
    bench.governor.throttled(Lane.QUERY, -1003, NOW_MS + 4_000, banned=False)
    waiting = asyncio.ensure_future(bench.read(ReadKind.POSITIONS))
    await time_passes(1.0)
    assert (await bench.read(ReadKind.POSITIONS, lane=Lane.PROTECT)).asked_ms == NOW_MS + 1_000
    assert (await waiting).asked_ms == NOW_MS + 4_000


@virtual
async def test_rules_12_in_a_crowded_minute_positions_are_asked_for_less_often() -> None:
    """Twice a second above half of the window."""
    bench = Bench()
    bench.http.answers[POSITIONS] = reply([])
    bench.governor.spend(1_300, NOW_MS)
    for _ in range(3):
        await bench.read(ReadKind.POSITIONS, lane=Lane.PROTECT)
    assert asyncio.get_running_loop().time() == pytest.approx(1.0)
