"""What the mirror asks over REST: within its share of the weight, and not at all while the venue says so."""

import json
from decimal import Decimal

import pytest

from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.sources.mirror_rest import (
    ALL_TOPS_WEIGHT,
    BANNED_MS,
    FIRST_PAUSE_MS,
    FORBIDDEN_MS,
    LONGEST_PAUSE_MS,
    MOST_AT_ONCE,
    REFUSED_MS,
    SNAPSHOT_WEIGHT,
    Asker,
    Touch,
    changes,
    read_rows,
    read_tops,
)

MINUTE = 60_000
START = 29_000_000 * MINUTE + 10_000
"""Ten seconds into a minute."""


def asker(weight: int = 2400, jitter: int = 0) -> Asker:
    """One whose address may spend `weight` a minute."""
    return Asker(weight_per_minute=weight, jitter=lambda _pause: jitter)


def drained(one: Asker, now_ms: int) -> int:
    """How many snapshots leave now, each answered at once."""
    total = 0
    while asks := one.due(now_ms):
        for ask in asks:
            one.answered(now_ms, ask.number, 200, {}, b"{}")
        total += len(asks)
    return total


def test_a_snapshot_is_the_whole_depth_of_a_symbol():
    """Protocol notes F.3, step 2; symbols that are not ASCII are encoded."""
    one = asker()
    one.want("BTCUSDT", START)
    one.want("币安USDT", START)
    first, second = one.due(START)
    assert first.target == "/fapi/v1/depth?symbol=BTCUSDT&limit=1000"
    assert second.target == "/fapi/v1/depth?symbol=%E5%B8%81%E5%AE%89USDT&limit=1000"


def test_a_snapshot_is_asked_for_once():
    """Wanting it again, also while it is on its way, changes nothing."""
    one = asker()
    one.want("BTCUSDT", START)
    one.want("BTCUSDT", START)
    assert len(one.due(START)) == 1
    one.want("BTCUSDT", START)
    assert one.due(START) == []


def test_a_snapshot_wanted_later_waits():
    """Its time is part of the wish."""
    one = asker()
    one.want("BTCUSDT", START + 100)
    assert one.due(START + 99) == []
    assert len(one.due(START + 100)) == 1


def test_few_are_on_their_way_at_once():
    """A start with many symbols does not open many connections."""
    one = asker()
    for number in range(10):
        one.want(f"A{number}", START)
    asked = one.due(START)
    assert len(asked) == MOST_AT_ONCE
    one.answered(START, asked[0].number, 200, {}, b"{}")
    assert len(one.due(START)) == 1


def test_half_of_the_weight_is_left_to_others():
    """Protocol notes A.7: it is counted by UTC minute and address, whoever spends it."""
    one = asker(weight=2400)
    for number in range(100):
        one.want(f"A{number}", START)
    assert drained(one, START) == 1200 // SNAPSHOT_WEIGHT
    assert drained(one, START + 49_999) == 0
    assert drained(one, START + 50_000) == 100 - 1200 // SNAPSHOT_WEIGHT


def test_what_others_spent_counts():
    """The header tells it: above nine tenths of the limit nothing leaves before the next minute."""
    one = asker(weight=2400)
    one.want("A", START)
    (ask,) = one.due(START)
    one.answered(START, ask.number, 200, {"x-mbx-used-weight-1m": "2150"}, b"{}")
    one.want("B", START)
    assert one.due(START + 10) == []
    assert len(one.due(START + 50_000)) == 1


BANNED = b'{"code":-1003,"msg":"Way too many requests; IP banned until %d. Please use the websocket."}' % (
    START + 777_000
)
PAUSES = [
    ("throttled: until the minute is over", 429, {}, b"", START + 50_000),
    ("throttled, and told for how long", 429, {"retry-after": "90"}, b"", START + 90_000),
    ("banned until a time", 418, {}, BANNED, START + 777_000),
    ("banned for a time", 418, {"retry-after": "300"}, b"", START + 300_000),
    ("banned, no telling until when", 418, {}, b"", START + BANNED_MS),
    ("the firewall", 403, {}, b"<html>", START + FORBIDDEN_MS),
    ("an error of the server", 503, {}, b"", START + FIRST_PAUSE_MS),
]


@pytest.mark.parametrize("name, status, headers, body, until", PAUSES, ids=[case[0] for case in PAUSES])
def test_a_refusal_is_obeyed(name: str, status: int, headers: dict[str, str], body: bytes, until: int):
    """Protocol notes A.6, A.7: nothing is asked before its time, of any symbol."""
    one = asker()
    one.want("A", START)
    one.want("B", START + 1)
    (ask,) = one.due(START)
    answered, refused = one.answered(START, ask.number, status, headers, body)
    assert answered == ask
    assert refused is not None
    assert refused.until_ms == until
    assert str(status) in refused.reason
    assert one.due(until - 1) == []
    assert one.tops(until - 1, ["B"]) == []
    assert len(one.due(until)) == 1


def test_bans_without_an_end_double():
    """Protocol notes A.7: from two minutes to three days."""
    one, now_ms, waits = asker(), START, []
    for _ in range(3):
        one.want("A", now_ms)
        (ask,) = one.due(now_ms)
        _, refused = one.answered(now_ms, ask.number, 418, {}, b"")
        assert refused is not None
        waits.append(refused.until_ms - now_ms)
        now_ms = refused.until_ms
    assert waits == [BANNED_MS, 2 * BANNED_MS, 4 * BANNED_MS]


def test_a_symbol_that_is_refused_holds_up_no_other():
    """-1121 of a contract that has ended."""
    one = asker()
    one.want("A", START)
    (ask,) = one.due(START)
    _, refused = one.answered(START, ask.number, 400, {}, b'{"code":-1121,"msg":"Invalid symbol."}')
    assert refused is not None
    assert refused == ('HTTP 400 {"code":-1121,"msg":"Invalid symbol."}', START + REFUSED_MS)
    one.want("B", START)
    assert len(one.due(START)) == 1


def test_silence_is_asked_again_after_pauses_that_double():
    """With what the caller adds; an answer begins anew."""
    one, now_ms, waits = asker(jitter=7), START, []
    for _ in range(9):
        one.want("A", now_ms)
        (ask,) = one.due(now_ms)
        _, refused = one.unanswered(now_ms, ask.number, "no complete answer within 5000 ms")
        assert refused.reason == "no complete answer within 5000 ms"
        waits.append(refused.until_ms - now_ms - 7)
        now_ms = refused.until_ms
    assert waits == [min(FIRST_PAUSE_MS << step, LONGEST_PAUSE_MS) for step in range(9)]
    one.want("A", now_ms)
    one.answered(now_ms, one.due(now_ms)[0].number, 200, {}, b"{}")
    one.want("A", now_ms)
    assert one.unanswered(now_ms, one.due(now_ms)[0].number, "")[1].until_ms == now_ms + FIRST_PAUSE_MS + 7


def test_best_prices_of_one_or_of_all():
    """The cheaper of the two: weight 2 for one symbol, 5 for all (protocol notes B.1)."""
    one = asker()
    (single,) = one.tops(START, ["BTCUSDT"])
    assert single.target == "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT"
    assert one.tops(START, ["BTCUSDT"]) == [], "while one is on its way no other leaves"
    one.answered(START, single.number, 200, {}, b"{}")
    (every,) = one.tops(START, ["BTCUSDT", "ETHUSDT"])
    assert every.target == "/fapi/v1/ticker/bookTicker"
    one.answered(START, every.number, 200, {}, b"[]")
    assert one.tops(START, []) == []
    tight = asker(weight=2 * ALL_TOPS_WEIGHT - 2)
    assert tight.tops(START, ["A", "B"]) == []


ROW = b'{"symbol":"BTCUSDT","bidPrice":"1.5","bidQty":"2","askPrice":"1.6","askQty":"3","time":1,"lastUpdateId":99}'


@pytest.mark.parametrize("body", [ROW, b"[" + ROW + b"]"])
def test_best_prices_are_read(body: bytes):
    """One object or a list (protocol notes B.1)."""
    touch = Touch(Decimal("1.5"), Decimal(2), Decimal("1.6"), Decimal(3))
    assert read_tops(body) == [("BTCUSDT", touch, 99)]


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"symbol":"A","bidPrice":"x"}'])
def test_best_prices_that_cannot_be_read(body: bytes):
    """An answer that is none confirms nothing."""
    with pytest.raises(ValueError):
        read_tops(body)


def test_rows_that_differ_in_order_only_are_the_same():
    """Protocol notes B.2: the order of filters, and of the keys in them, is random."""
    tick, lot = {"filterType": "PRICE_FILTER", "tickSize": "0.10"}, {"filterType": "LOT_SIZE", "stepSize": "0.001"}
    row = {"symbol": "BTCUSDT", "filters": [tick, lot], "timeInForce": ["GTC", "IOC"], "status": "TRADING"}
    turned = {"status": "TRADING", "filters": [lot, dict(reversed(tick.items()))], "timeInForce": ["IOC", "GTC"]}
    assert changes(row, {**turned, "symbol": "BTCUSDT"}) == []
    finer = {**tick, "tickSize": "0.01"}
    assert changes(row, {**row, "filters": [finer, lot], "new": 1}) == ["filters", "new"]


def test_rows_that_make_no_contract_are_left_out():
    """Test venues list rows with a step of 0."""
    good = default_exchange_info()["symbols"][0]
    info = {"symbols": [good, {**good, "symbol": "BADUSDT", "filters": []}]}
    assert read_rows(json.dumps(info).encode()) == {"BTCUSDT": good}
