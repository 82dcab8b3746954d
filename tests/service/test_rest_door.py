"""REST: signed as sent, counted, and told apart."""

from typing import Any

import pytest

from holdfast.binance import endpoints as ep
from holdfast.binance.governor import Governor
from holdfast.binance.outcomes import Op, classify
from holdfast.binance.requests import simple
from holdfast.binance.signing import HmacSigner
from holdfast.model.effects import Lane
from holdfast.model.reasons import Outcome
from holdfast.ports import HttpFailed
from holdfast.service.rest_door import RestDoor, RestReply
from tests.service.fakes_venue import FakeHttp, FakeVenueTime, reply, virtual

ACCOUNT = "GET /fapi/v3/account"
SIGNER = HmacSigner("paper-key-01", "paper-secret-7f3c")


def door(http: FakeHttp, clock: FakeVenueTime | None = None) -> RestDoor:
    """A door to a fake venue."""
    return RestDoor(http=http, signer=SIGNER, clock=clock or FakeVenueTime(), governor=Governor())


async def ask(at: RestDoor, lane: Lane = Lane.QUERY, **stamp: Any) -> RestReply:
    """Read the account."""
    return await at.exchange(simple(ep.ACCOUNT), lane, recv_window_ms=5_000, timeout_ms=100, **stamp)


@virtual
async def test_requests_are_stamped_with_venue_time() -> None:
    """Now, or the time of the journal record."""
    http = FakeHttp()
    at = door(http, FakeVenueTime(1_790_000_000_500))
    await ask(at)
    await ask(at, timestamp_ms=17)
    assert [asked.params["timestamp"] for asked in http.asked] == ["1790000000500", "17"]
    assert http.asked[0].headers["X-MBX-APIKEY"] == "paper-key-01"


@virtual
async def test_every_request_costs_its_weight() -> None:
    """Also one that fails; the venue's own count corrects upwards."""
    http = FakeHttp()
    at = door(http)
    http.answers[ACCOUNT] = HttpFailed("reset", sent=True)
    await ask(at)
    assert at.governor.weight_used(at.clock.now_ms()) == 5
    http.answers[ACCOUNT] = reply({}, x_mbx_used_weight_1m="700")
    await ask(at)
    assert at.governor.weight_used(at.clock.now_ms()) == 700


@virtual
async def test_a_failure_says_whether_bytes_left() -> None:
    """Provably nothing, or perhaps something."""
    http = FakeHttp()
    for sent in (False, True):
        http.answers[ACCOUNT] = HttpFailed("refused", sent=sent)
        assert (await ask(door(http))).answer(parsed=False).sent is sent


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, b'{"code":-2019,"msg":"Margin is insufficient."}', Outcome.REJECTED),
        (403, b"<html>blocked</html>", Outcome.UNKNOWN),
        (502, b"<html>bad gateway</html>", Outcome.UNKNOWN),
        (503, b'{"timestamp":1,"path":"/fapi/v1/order","msg":"Unknown error, please check"}', Outcome.UNKNOWN),
        (503, b'{"code":0,"msg":"Service Unavailable."}', Outcome.REJECTED),
        (429, b'{"code":-1003,"msg":"Too many requests."}', Outcome.THROTTLED),
        (429, b"", Outcome.UNKNOWN),
        (400, b'{"code":-2019,"msg":"Margin is insuf', Outcome.UNKNOWN),
    ],
)
def test_rules_1_bodies_reach_the_outcome_table(status: int, body: bytes, outcome: Outcome) -> None:
    """Each as it is, parsed or not."""
    assert classify(Op.PLACE_ONCE, RestReply(status, body).answer(parsed=False), 1).outcome is outcome


@virtual
async def test_a_ban_stops_everything() -> None:
    """418 with its end."""
    http = FakeHttp()
    at = door(http)
    text = "Way too many requests; IP banned until 1790000120123. Please use the websocket."
    http.answers[ACCOUNT] = reply({"code": -1003, "msg": text}, status=418)
    await ask(at)
    assert at.governor.admit(Lane.PROTECT, 0, at.clock.now_ms(), orders=1) == 120_000


@virtual
async def test_a_bare_429_makes_reads_wait() -> None:
    """It proves nothing about the request, but the pace was too high; protection goes on."""
    http = FakeHttp()
    at = door(http)
    http.answers[ACCOUNT] = reply(b"<html></html>", status=429, retry_after="7")
    await ask(at)
    assert at.governor.admit(Lane.QUERY, 1, at.clock.now_ms()) > 0
    assert at.governor.admit(Lane.PROTECT, 0, at.clock.now_ms(), orders=1) == 0
