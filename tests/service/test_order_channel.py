"""The order channel's connection: logon, reconnects, and its replacement before its end."""

import asyncio
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from holdfast.binance.signing import Ed25519Signer
from holdfast.binance.wsapi import ROLL_AFTER_MS
from holdfast.model.reasons import Outcome
from tests.service.fakes_venue import virtual
from tests.service.gateway_bench import PLACE_ALGO, PLACE_ORDER, SIGNER, Bench, accept, entry, methods, refuse, stop
from tests.waiting import time_passes

_PEM = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
ED25519 = Ed25519Signer("paper-key-02", Ed25519PrivateKey.generate().private_bytes(*_PEM).decode())


def with_logon(message: dict[str, Any]) -> dict[str, Any] | None:
    """A venue that logs on and accepts orders."""
    if message["method"] == "session.logon":
        return {"id": message["id"], "status": 200, "result": {"apiKey": "paper-key-02", "authorizedSince": 1}}
    return accept(message)


@virtual
async def test_an_hmac_key_signs_each_request() -> None:
    """No logon; key and signature travel with the order."""
    bench = await Bench(signer=SIGNER).start()
    await bench.outcome(entry())
    assert methods(bench) == ["order.place"]
    assert bench.connector.link.messages()[0]["params"]["apiKey"] == "paper-key-01"


@virtual
async def test_an_ed25519_key_logs_on_once() -> None:
    """After that neither key nor signature travels."""
    bench = await Bench(with_logon, signer=ED25519).start()
    await bench.outcome(entry())
    logon, order = bench.connector.link.messages()
    assert logon["method"] == "session.logon"
    assert "signature" not in order["params"]
    assert bench.links() == [(True, "connected")]


@virtual
async def test_without_a_session_each_request_is_signed() -> None:
    """The logon was refused, or never answered: orders still go."""
    for venue in (refuse(-4056), lambda message: None if message["method"] == "session.logon" else accept(message)):
        bench = await Bench(venue, signer=ED25519).start()
        bench.gateway.perform(entry())
        order = bench.connector.link.messages()[-1]
        assert (order["method"], order["params"]["apiKey"]) == ("order.place", "paper-key-02")


@virtual
async def test_a_connection_lost_during_the_logon_is_tried_again() -> None:
    """The attempt ends; the next follows by itself."""
    bench = Bench(lambda message: None, signer=ED25519)
    starting = asyncio.ensure_future(bench.start())
    await bench.settle()
    bench.connector.on_send = with_logon
    bench.connector.link.end("reset")
    await starting
    await time_passes(1)
    assert (await bench.outcome(entry())).outcome is Outcome.CONFIRMED


@virtual
async def test_a_revoked_key_ends_the_session() -> None:
    """Told under id null (protocol notes G.2): the logged-on connection is given up."""
    bench = await Bench(with_logon, signer=ED25519).start()
    bench.connector.link.say(b'{"id":null,"status":401,"error":{"code":-2015,"msg":"Invalid API-key"}}')
    await time_passes(1)
    assert len(bench.connector.links) == 2


@virtual
async def test_reconnects_back_off() -> None:
    """At once after a good connection, then in doubling pauses."""
    bench = await Bench().start()
    await time_passes(60)
    bench.connector.failures = [OSError("refused")] * 5
    bench.connector.link.end("reset")
    await time_passes(0.9)
    assert len(bench.connector.failures) == 2
    await time_passes(10)
    assert [up for up, _ in bench.links()] == [True, False, True]


@virtual
async def test_a_dead_venue_does_not_stop_the_start() -> None:
    """The gateway starts, and the channel comes when it can."""
    bench = Bench()
    bench.connector.failures = [TimeoutError("handshake")] * 3
    await bench.start()
    assert bench.links() == []
    await time_passes(2)
    assert bench.links() == [(True, "connected")]


@virtual
async def test_the_connection_is_replaced_before_its_end() -> None:
    """The new one first; what the old one still owes is answered there."""
    bench = await Bench(on_send=None).start()
    await time_passes(ROLL_AFTER_MS / 1_000 - 1)
    bench.clock.at_ms += ROLL_AFTER_MS
    bench.gateway.perform(stop())
    await time_passes(2)
    old, new = bench.connector.links
    assert (old.open, new.open) == (True, True)
    old.say(accept(old.messages()[0]))
    assert bench.answers()[0].outcome.outcome is Outcome.CONFIRMED
    bench.gateway.perform(stop())
    assert (len(old.sent), len(new.sent)) == (1, 1)
    new.say(accept(new.messages()[0]))
    await time_passes(10)
    assert not old.open
    assert bench.links() == [(True, "connected")]


@virtual
async def test_what_was_written_for_the_old_connection_is_written_anew() -> None:
    """Its request id belongs to the old one's table, and so does its session."""
    bench = await Bench(on_send=None).start()
    await time_passes(ROLL_AFTER_MS / 1_000 - 1)
    effect = entry(timestamp_ms=bench.clock.at_ms)
    bench.gateway.perform(stop())
    bench.gateway.prepare([effect])
    await time_passes(2)
    bench.gateway.perform(effect)
    old, new = bench.connector.links
    assert [message["id"] for message in old.messages()] == [1]
    assert [(message["id"], message["method"]) for message in new.messages()] == [(1, "order.place")]


@virtual
async def test_a_failed_replacement_keeps_the_old_connection() -> None:
    """It has an hour left; the attempt is repeated."""
    bench = await Bench().start()
    bench.connector.failures = [OSError("refused")] * 3
    await time_passes(ROLL_AFTER_MS / 1_000 + 20)
    assert len(bench.connector.links) == 2
    assert bench.links() == [(True, "connected")]


@virtual
async def test_stopping_closes_and_stays_closed() -> None:
    """No further attempt."""
    bench = await Bench().start()
    await bench.gateway.stop()
    await time_passes(120)
    assert len(bench.connector.links) == 1
    assert not bench.connector.link.open


@virtual
async def test_too_many_in_flight_go_by_rest() -> None:
    """A bound on what one connection may owe."""
    bench = await Bench(on_send=None).start()
    for number in range(2_000):
        bench.clock.at_ms += 40
        bench.gateway.perform(stop())
        assert bench.http.asked == [], number
    bench.clock.at_ms += 60_000
    bench.gateway.perform(entry(timestamp_ms=bench.clock.at_ms))
    await bench.settle()
    assert bench.http.paths() == [PLACE_ORDER]


@virtual
async def test_rules_15_cover_goes_around_a_connection_that_has_fallen_silent() -> None:
    """Open in name only: what is written next goes over REST, long before the requests that wait are given up."""
    bench = await Bench(on_send=lambda message: None).start()
    bench.gateway.perform(stop())
    await time_passes(0.3)
    bench.gateway.perform(stop())
    assert (len(bench.connector.link.messages()), bench.http.asked) == (2, [])
    await time_passes(0.15)
    bench.gateway.perform(stop())
    await bench.settle()
    assert (len(bench.connector.link.messages()), bench.http.paths()) == (2, [PLACE_ALGO])


@virtual
async def test_an_answer_that_was_lost_earlier_does_not_hide_the_silence() -> None:
    """The oldest request waits for an answer that got lost, and others were answered since; then nothing more comes."""
    bench = await Bench(on_send=lambda message: None).start()
    bench.gateway.perform(stop())
    await time_passes(0.1)
    bench.connector.link.say(b'{"id":null,"status":200,"result":{}}')
    await time_passes(1.0)
    bench.gateway.perform(stop())
    await time_passes(0.45)
    bench.gateway.perform(stop())
    await bench.settle()
    assert (len(bench.connector.link.messages()), bench.http.paths()) == (2, [PLACE_ALGO])


@virtual
async def test_a_connection_that_answers_others_has_not_fallen_silent() -> None:
    """One request that takes its time is no reason to leave the fast way."""
    bench = await Bench(on_send=lambda message: None).start()
    bench.gateway.perform(stop())
    await time_passes(1.0)
    bench.connector.link.say(b'{"id":null,"status":200,"result":{}}')
    bench.gateway.perform(stop())
    assert (len(bench.connector.link.messages()), bench.http.asked) == (2, [])
