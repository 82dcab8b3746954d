"""The events of the user stream: every name and its JSON type, in each of their states (protocol notes D.7, E).

The signs are those of `test_reply_fields.py`; a name with a dot stands in an object, or in the first row of a list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.paper.desk import Desk
from tests.paper.test_reply_fields import kind

HEAD = "e:s E:n T:n "


def inside(spec: str) -> str:
    """Fields of the object `o`."""
    return " ".join(f"o.{word}" for word in spec.split())


ORDER = HEAD + inside(
    "s:s c:s S:s o:s f:s q:s p:s ap:s sp:s x:s X:s i:n l:s z:s L:s T:n t:n b:s a:s m:b R:b wt:s ot:s ps:s cp:b rp:s"
    " pP:b si:n ss:n V:s pm:s gtd:n er:s"
)
ALGO = HEAD + inside(
    "caid:s aid:n at:s o:s s:s S:s ps:s f:s q:s X:s ai:s tp:s p:s V:s wt:s pm:s cp:b pP:b R:b tt:n gtd:n"
)
SPAWNED = " o.ap:s o.aq:s o.act:s"
ACCOUNT = HEAD + "a.m:s a.B.a:s a.B.wb:s a.B.cw:s a.B.bc:s "
POSITION = "a.P.s:s a.P.pa:s a.P.ep:s a.P.bep:s a.P.cr:s a.P.up:s a.P.mt:s a.P.iw:s a.P.ps:s"
LIMIT = {"type": "LIMIT", "price": "79000.0", "newClientOrderId": "mine"}
STOP = {"quantity": "0.010", "clientAlgoId": "stop", "triggerPrice": "79900.0"}


def fire(desk: Desk) -> None:
    """A stop goes off."""
    desk.algo(**STOP)
    desk.mark("79900")


def fire_on_a_flat_account(desk: Desk) -> None:
    """A reduce-only stop that has nothing to reduce."""
    desk.algo(**STOP, reduceOnly="true")
    desk.mark("79900")


def trail(desk: Desk) -> None:
    """A trailing stop that waits for its activation, and fires."""
    desk.algo(type="TRAILING_STOP_MARKET", triggerPrice="", quantity="0.010", callbackRate="1", activatePrice="81000.0")
    desk.mark("81000")
    desk.mark("80000")


def amend(desk: Desk) -> None:
    """An amendment with the caller's id."""
    desk.order(**LIMIT)
    one = {"symbol": "BTCUSDT", "origClientOrderId": "mine", "side": "BUY", "modifyId": 7}
    desk.call("PUT", "/fapi/v1/order", **one, quantity="0.020", price="79000.0")


def cancel(desk: Desk) -> None:
    """An order and a conditional order, cancelled."""
    desk.order(**LIMIT)
    desk.algo(**STOP)
    desk.call("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
    desk.call("DELETE", "/fapi/v1/algoOpenOrders", symbol="BTCUSDT")


def fund(desk: Desk) -> None:
    """A funding instant of a cross position."""
    desk.order()
    desk.mark("80000", next_funding_ms=desk.now_us // 1000 + 1000)
    desk.wait(1_000_000)


def call_margin(desk: Desk) -> None:
    """A position that comes near its end."""
    desk.control("fund", amount="-99600")
    desk.order(quantity="0.080")
    desk.mark("75400")


def settings(desk: Desk) -> None:
    """Leverage and multi-assets mode change."""
    desk.call("POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=10)
    desk.call("POST", "/fapi/v1/multiAssetsMargin", multiAssetsMargin="true")


CASES: dict[str, tuple[Callable[[Desk], Any], dict[str, str], str]] = {
    "E.3 NEW": (lambda desk: desk.order(**LIMIT), {"x": "NEW"}, ORDER),
    "E.3 TRADE": (lambda desk: desk.order(), {"x": "TRADE"}, ORDER + " o.n:s o.N:s"),
    "E.3 AMENDMENT": (amend, {"x": "AMENDMENT"}, ORDER + " o.M:s"),
    "E.3 CANCELED": (cancel, {"x": "CANCELED"}, ORDER),
    "E.3 of a trailing stop": (trail, {"x": "NEW"}, ORDER + " o.AP:s o.cr:s"),
    "E.4 of a fill": (lambda desk: desk.order(), {"m": "ORDER"}, ACCOUNT + POSITION),
    "E.4 of funding": (fund, {"m": "FUNDING_FEE"}, ACCOUNT + "a.P:[] a.S:s"),
    "E.5 TRADE_LITE": (
        lambda desk: desk.order(),
        {"e": "TRADE_LITE"},
        HEAD + "s:s q:s p:s m:b c:s S:s L:s l:s t:n i:n",
    ),
    "E.5 MARGIN_CALL": (
        call_margin,
        {"e": "MARGIN_CALL"},
        "e:s E:n cw:s p.s:s p.ps:s p.pa:s p.mt:s p.iw:s p.mp:s p.up:s p.mm:s",
    ),
    "E.5 leverage": (settings, {"e": "ACCOUNT_CONFIG_UPDATE", "ac": "*"}, HEAD + "ac.s:s ac.l:n"),
    "E.5 multi-assets": (settings, {"e": "ACCOUNT_CONFIG_UPDATE", "ai": "*"}, HEAD + "ai.j:b"),
    "E.5 listenKeyExpired": (
        lambda desk: desk.wait(3_600_000_000),
        {"e": "listenKeyExpired"},
        "e:s E:n listenKey:s",
    ),
    "D.7 NEW": (lambda desk: desk.algo(**STOP), {"X": "NEW", "at": "*"}, ALGO),
    "D.7 CANCELED": (cancel, {"X": "CANCELED", "at": "*"}, ALGO),
    "D.7 TRIGGERING": (fire, {"X": "TRIGGERING"}, ALGO),
    "D.7 TRIGGERED": (fire, {"X": "TRIGGERED"}, ALGO + SPAWNED),
    "D.7 FINISHED": (fire, {"X": "FINISHED"}, ALGO + SPAWNED),
    "D.7 REJECTED": (fire_on_a_flat_account, {"X": "REJECTED"}, ALGO + " o.rm:s"),
    "D.7 of a trailing stop": (trail, {"X": "NEW", "at": "*"}, ALGO + " o.ia:b"),
}


def flat(value: Any, name: str = "") -> dict[str, str]:
    """Names with dots and the signs of their types; of a list its first row."""
    if isinstance(value, list) and value:
        return flat(value[0], name)
    if not isinstance(value, dict):
        return {name: kind(value)}
    return {key: sign for inner in value for key, sign in flat(value[inner], f"{name}.{inner}".strip(".")).items()}


def fits(event: dict[str, Any], wanted: dict[str, str]) -> bool:
    """Whether it is the event that is looked for: by its own fields or those of its inner object."""
    fields = {**event.get("o", {}), **event.get("a", {}), **event}
    return all(name in fields and value in ("*", fields[name]) for name, value in wanted.items())


@pytest.mark.parametrize("case", CASES)
def test_d7_e_an_event_has_these_names_in_these_types(case: str) -> None:
    """Protocol notes D.7, E.3 to E.5: nothing more and nothing less, and texts where the wire has texts."""
    act, wanted, spec = CASES[case]
    desk = Desk()
    desk.listen()
    act(desk)
    event = next(one for one in desk.sent() if fits(one, wanted))
    assert flat(event) == dict(word.split(":") for word in spec.split())
