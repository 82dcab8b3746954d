"""The user stream against a fake venue: keys, frames, gaps, and an orderly end."""

import json
from typing import Any

from holdfast.binance.session import EXTEND_EVERY_MS
from holdfast.model.inputs import AccountSeen, AlgoSeen, AnyInput, Command, FillSeen, LinkChanged, OrderSeen
from holdfast.ports import HttpFailed
from holdfast.service.user_stream import UserStream
from tests.binance.test_streams import ACCOUNT, ALGO, EXPIRED, LITE, ORDER
from tests.service.fakes_venue import FakeConnector, FakeHttp, FakeVenueTime, reply, settle, virtual
from tests.service.gateway_bench import ENDPOINTS, SIGNER, Log
from tests.waiting import time_passes

CREATE = "POST /fapi/v1/listenKey"
EXTEND = "PUT /fapi/v1/listenKey"


class Bench:
    """A user stream, its venue, and what the core was told."""

    def __init__(self) -> None:
        self.http = FakeHttp()
        self.http.answers[CREATE] = reply({"listenKey": "pqia91"})
        self.http.answers[EXTEND] = reply({"listenKey": "pqia91"})
        self.connector = FakeConnector()
        self.told: list[AnyInput] = []
        self.log = Log()
        self.stream = UserStream(
            endpoints=ENDPOINTS,
            signer=SIGNER,
            http=self.http,
            ws_connector=self.connector,
            clock=FakeVenueTime(),
            deliver=self.told.append,
            observer=self.log,
        )

    async def start(self) -> "Bench":
        """Begin, and let the venue answer."""
        await self.stream.start()
        await settle()
        return self

    def links(self) -> list[tuple[bool, str]]:
        """What was told about the link."""
        return [(told.up, told.reason) for told in self.told if isinstance(told, LinkChanged)]

    def events(self) -> list[AnyInput]:
        """Everything else."""
        return [told for told in self.told if not isinstance(told, LinkChanged)]


@virtual
async def test_it_listens_on_the_private_route() -> None:
    """The key in the path, raw frames (protocol notes E.1)."""
    bench = await Bench().start()
    assert bench.connector.link.target == "/private/ws/pqia91"
    assert bench.links() == [(True, "connected")]
    assert bench.stream.up


@virtual
async def test_events_become_inputs() -> None:
    """Each kind, in order."""
    bench = await Bench().start()
    for text in (LITE, ACCOUNT, ORDER, ALGO):
        bench.connector.link.say(text.encode())
    assert [type(event) for event in bench.events()] == [FillSeen, AccountSeen, OrderSeen, AlgoSeen]


@virtual
async def test_rules_16_the_key_is_never_deleted() -> None:
    """It belongs to the account; stopping closes the connection only."""
    bench = await Bench().start()
    await bench.stream.stop()
    await time_passes(7_200)
    assert bench.http.paths() == [CREATE]
    assert not bench.connector.link.open
    assert bench.links() == [(True, "connected")]


@virtual
async def test_the_key_is_kept_alive() -> None:
    """Every 25 minutes."""
    bench = await Bench().start()
    await time_passes(3 * EXTEND_EVERY_MS / 1_000 + 60)
    assert bench.http.paths() == [CREATE, EXTEND, EXTEND, EXTEND]
    assert len(bench.connector.links) == 1


@virtual
async def test_a_lost_key_is_replaced() -> None:
    """−1125 on the extension: down, a new key, up."""
    bench = await Bench().start()
    bench.http.answers[EXTEND] = reply({"code": -1125, "msg": "This listenKey does not exist."}, status=400)
    bench.http.answers[CREATE] = reply({"listenKey": "second"})
    await time_passes(EXTEND_EVERY_MS / 1_000 + 5)
    assert bench.links() == [(True, "connected"), (False, "listen key gone"), (True, "connected")]
    assert bench.connector.link.target == "/private/ws/second"
    assert not bench.connector.links[0].open


@virtual
async def test_an_expired_key_is_replaced() -> None:
    """Told by an event; the old connection would stay open and silent."""
    bench = await Bench().start()
    bench.connector.link.say(EXPIRED.encode())
    await time_passes(1)
    assert [up for up, _ in bench.links()] == [True, False, True]


@virtual
async def test_a_close_is_a_gap() -> None:
    """Down with the reason, then up again by itself."""
    bench = await Bench().start()
    await time_passes(60)
    bench.connector.link.end("reset by peer")
    await time_passes(1)
    assert bench.links() == [(True, "connected"), (False, "reset by peer"), (True, "connected")]


@virtual
async def test_a_silent_stream_is_found_out() -> None:
    """An event is owed after our own order (fault B3)."""
    bench = await Bench().start()
    bench.stream.owe("hf-e1-a")
    await time_passes(3)
    assert [up for up, _ in bench.links()] == [True, False, True]
    assert "no event of hf-e1-a" in bench.links()[1][1]


@virtual
async def test_an_event_that_came_is_not_missed() -> None:
    """The order's event is enough, before or after the reply."""
    bench = await Bench().start()
    bench.connector.link.say(ORDER.encode())
    bench.stream.owe("hf-e1-a")
    bench.stream.owe("hf-s1-a")
    bench.connector.link.say(ALGO.encode())
    await time_passes(60)
    assert bench.links() == [(True, "connected")]


@virtual
async def test_a_frame_that_cannot_be_read_is_a_gap() -> None:
    """The core asks for everything; the connection stays."""
    bench = await Bench().start()
    bench.connector.link.say(ORDER[:200].encode())
    assert [up for up, _ in bench.links()] == [True, False, True]
    assert len(bench.connector.links) == 1


@virtual
async def test_what_is_not_used_is_ignored() -> None:
    """Without a gap."""
    bench = await Bench().start()
    for kind in ("MARGIN_CALL", "GRID_UPDATE", "BRAND_NEW"):
        bench.connector.link.say(json.dumps({"e": kind, "E": 1}).encode())
    assert bench.events() == []
    assert bench.links() == [(True, "connected")]


@virtual
async def test_the_connection_is_replaced_before_its_end() -> None:
    """Both are read for a while; the core looks again (fault B6)."""
    bench = await Bench().start()
    await time_passes(23 * 3_600 + 2)
    old, new = bench.connector.links
    assert bench.links() == [(True, "connected"), (True, "connection replaced")]
    old.say(ORDER.encode())
    new.say(ORDER.encode())
    assert len(bench.events()) == 2
    await time_passes(10)
    assert (old.open, new.open) == (False, True)
    assert len(bench.links()) == 2


@virtual
async def test_a_dead_venue_does_not_stop_the_start() -> None:
    """It keeps trying in growing pauses, and comes up when it can."""
    bench = Bench()
    bench.http.answers[CREATE] = HttpFailed("refused", sent=False)
    await bench.start()
    assert bench.links() == []
    bench.http.answers[CREATE] = reply({"listenKey": "pqia91"})
    bench.connector.failures = [OSError("refused"), TimeoutError("handshake")]
    await time_passes(10)
    assert bench.links() == [(True, "connected")]


@virtual
async def test_rubbish_is_no_key() -> None:
    """An error page, an empty object, a key service that refuses."""
    for answer in (reply(b"<html>"), reply({}), reply({"code": -2015, "msg": "Invalid API-key"}, status=401)):
        bench = Bench()
        bench.http.answers[CREATE] = answer
        await bench.start()
        assert bench.connector.links == []
        await bench.stream.stop()


@virtual
async def test_our_own_fault_halts_entries() -> None:
    """A driver that died says so (fault E5)."""
    bench = await Bench().start()

    async def broken(*_: Any) -> Any:
        raise RuntimeError("bug")

    bench.connector.connect = broken  # type: ignore[method-assign]
    bench.connector.link.end("reset")
    await time_passes(1)
    await settle()
    assert [told.what for told in bench.told if isinstance(told, Command)] == ["halt"]
    assert bench.log.names == ["died RuntimeError('bug')"]
