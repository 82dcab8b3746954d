"""The player can fail: a script that is wrong is told apart, with file, line and difference."""

import pytest

from tests.conversations.player import Mismatch, Player
from tests.conversations.script import ScriptError, parse

PLACE = "> POST /fapi/v1/order symbol=BTCUSDT side=BUY type=LIMIT timeInForce=GTC quantity=0.010 price=79000"
MARKET = "> POST /fapi/v1/order symbol=BTCUSDT side=BUY type=MARKET quantity=0.010"


def play(*lines: str) -> None:
    """Play these lines as one conversation."""
    Player(parse("script.txt", "\n".join(["C.1 A clause.", *lines]))).play()


def test_a_true_conversation_passes() -> None:
    """Captures, wildcards, subset, event, time, control, in one."""
    play(
        PLACE,
        '< 200 {"orderId":"$id","status":"*","updateTime":"$now","avgPrice":"!"}',
        "~ ORDER_TRADE_UPDATE x=NEW i=$id p=79*",
        "@ +5s",
        "% fund amount=5",
        '~ {"e":"ACCOUNT_UPDATE","E":"$now"}',
        "~ nothing",
        "> DELETE /fapi/v1/order symbol=BTCUSDT orderId=$id",
        '< 200 {"orderId":"$id","status":"CANCELED"}',
    )


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            [PLACE, '< 200 {"status":"FILLED"}'],
            'script.txt:3: < 200 {"status":"FILLED"}\n    status: expected "FILLED"',
        ),
        ([PLACE, "< 400"], "status: expected 400, got 200"),
        ([PLACE, "< 400 -2019"], "code: expected -2019, is absent"),
        ([PLACE, '< 200 {"orderId":"*","status":"!"}'], 'status: expected nothing, got "NEW"'),
        ([PLACE, '< 200 {"nosuch":"*"}'], 'nosuch: expected "*", is absent'),
        ([PLACE, '< 200 {"price":79000.00}'], 'price: expected "79000.00", got "79000.00"'),
        ([PLACE, '< 200 {"status":"#"}'], 'status: expected "#", got "NEW"'),
        ([PLACE, '< 200 {"clientOrderId":"$id","symbol":"$id"}'], "symbol: expected"),
        (["> GET /fapi/v1/openOrders symbol=BTCUSDT", '< 200 ["*"]'], "expected 1 rows, got 0"),
        ([PLACE, "> GET /fapi/v1/openOrders", "< 200 []"], "expected 0 rows, got 1"),
        ([PLACE, "< hang"], 'expected "hang", got "reply"'),
        ([PLACE, "<head x-mbx-used-weight-1m=9"], 'expected "9", got "0"'),
        ([PLACE, "~ ORDER_TRADE_UPDATE x=TRADE"], 'x: expected "TRADE", got "NEW"'),
        ([PLACE, "~ ALGO_UPDATE"], 'e: expected "ALGO_UPDATE", got "ORDER_TRADE_UPDATE"'),
        ([PLACE, "~ nothing"], "expected silence"),
        ([PLACE, "~ no ORDER_TRADE_UPDATE"], "expected none"),
        (["~ ORDER_TRADE_UPDATE"], "heard nothing"),
        ([MARKET, "~* LISTEN_NO_MORE"], "heard nothing"),
        (["< 200"], "nothing was asked yet"),
        (["% fault verb=nosuch", "< 200"], "refused: verb: unknown fault"),
        (["! as nobody", "< 200"], "no account 'nobody'"),
        (["! dance", "< 200"], "this line cannot be played"),
        (["> DELETE /fapi/v1/order orderId=$never", "< 200"], "this line cannot be played: KeyError: 'never'"),
        (["! open 2 /nowhere", "< 200"], "no WebSocket at /nowhere"),
    ],
)
def test_a_false_conversation_fails_at_its_line(lines: list[str], told: str) -> None:
    """With what was expected and what came."""
    with pytest.raises(Mismatch) as found:
        play(*lines)
    assert told in str(found.value)
    assert str(found.value).startswith("script.txt:")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line one must be a section"),
        ("Cancelling works.\n< 200", "line one must be a section"),
        ("C.4 Cancelling.\nSEND something\n< 200", "script.txt:2: a line must begin with"),
        ("C.4 Cancelling.\n> GET /fapi/v1/ping", "must expect something"),
    ],
)
def test_a_script_that_makes_no_sense_is_refused(text: str, told: str) -> None:
    """When it is read."""
    with pytest.raises(ScriptError, match=told):
        parse("script.txt", text)
