"""The paper exchange on real sockets: doors, order of things, faults on the wire, its log, and how it ends."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from holdfast.paper.config import AccountConfig, PaperConfig, RateLimits
from holdfast.paper.control.steering import Opening
from holdfast.paper.doors import server
from holdfast.paper.doors.server import PaperServerError, serve
from holdfast.paper.edge import PaperVenue
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.sources.source import MarketFileError, MarketSource
from tests.paper_server import Client, mark, market_order, message_of, options, quote, receive, running
from tests.waiting import eventually, within

ROOT = Path(__file__).resolve().parents[3]
WS = aiohttp.WSMsgType


async def test_ready_names_every_door_and_the_key() -> None:
    """The line that scripts read."""
    async with running(options()) as client:
        assert sorted(client.where) == ["api_key", "api_secret", "control", "rest", "streams", "ws_api"]
        assert client.where["ws_api"].endswith("/ws-fapi/v1")


async def test_ready_names_the_key_of_an_exchange_that_was_taken_up() -> None:
    """And not that of the settings, which it does not have."""
    own = AccountConfig(name="kept", api_key="kept-key", api_secret="kept-secret")
    kept = PaperVenue(PaperConfig(accounts=[own]), default_exchange_info(), 0, lambda _record: None)
    async with running(options(opening=Opening(state=kept.snapshot()))) as client:
        assert (client.where["api_key"], client.where["api_secret"]) == ("kept-key", "kept-secret")


async def test_venue_time_is_real_time() -> None:
    """Clients sign with their own clock."""
    async with running(options()) as client:
        answer = await client.get("/fapi/v1/time")
        assert abs(answer["serverTime"] - time.time_ns() // 1_000_000) < 5000


async def test_signed_order_fills_against_the_market() -> None:
    """REST in, a fill out."""
    async with running(options()) as client:
        order = await client.post("/fapi/v1/order", **market_order())
        assert (order["status"], order["executedQty"]) == ("FILLED", "0.010")


async def test_raw_target_reaches_the_signature_check() -> None:
    """A client id with characters that some clients encode and some do not."""
    async with running(options()) as client:
        order = await client.post("/fapi/v1/order", **market_order("a/b:c"))
        assert order["clientOrderId"] == "a/b:c"


async def test_ws_api_answers_with_the_callers_id() -> None:
    """One round trip."""
    async with running(options()) as client, client.http.ws_connect(client.where["ws_api"]) as sock:
        await sock.send_str('{"id":"x1","method":"ticker.price","params":{"symbol":"BTCUSDT"}}')
        answer = await receive(sock)
        assert (answer["id"], answer["status"]) == ("x1", 200)


async def test_what_arrives_together_is_received_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The second of two frames of one packet is not later because the first took the venue a second."""
    slow_us = 0
    real_now_us, real_text = server._now_us, PaperVenue.ws_text

    def slow_text(venue: PaperVenue, conn: int, text: bytes, now_us: int) -> None:
        nonlocal slow_us
        real_text(venue, conn, text, now_us)
        slow_us += 1_000_000

    monkeypatch.setattr(server, "_now_us", lambda: real_now_us() + slow_us)
    monkeypatch.setattr(PaperVenue, "ws_text", slow_text)
    log = tmp_path / "venue.jsonl"
    frames = [b'{"id":%d,"method":"order.status","params":{}}' % n for n in (1, 2)]
    async with running(options(venue_log=log)) as client:
        host, _, port = client.where["rest"].removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"GET /ws-fapi/v1 HTTP/1.1\r\nHost: venue\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"".join(b"\x81" + bytes([0x80 | len(frame)]) + bytes(4) + frame for frame in frames))
        async with asyncio.timeout(10):
            await reader.readuntil(b'"id":2')
        writer.close()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    first, second = (line["us"] for line in lines if line["k"] == "req")
    assert second - first < 1_000_000


async def test_user_events_of_a_fill_arrive_in_the_documented_order() -> None:
    """NEW, then TRADE_LITE, ACCOUNT_UPDATE and the trade (protocol notes L.1)."""
    async with running(options()) as client, await client.private_stream() as sock:
        await client.post("/fapi/v1/order", **market_order())
        kinds = [(await receive(sock))["e"] for _ in range(4)]
        assert kinds == ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE"]


async def test_market_is_played_to_its_listeners_in_real_time() -> None:
    """Events come when their time has come, in order."""
    source = iter([quote(n * 20_000, u=n + 1) for n in range(30)])
    async with running(options(source)) as client, client.stream("/public/ws/btcusdt@bookTicker") as sock:
        ids = [(await receive(sock))["u"] for _ in range(5)]
        assert ids == list(range(ids[0], ids[0] + 5))


async def test_recording_of_another_year_is_played_from_now_on() -> None:
    """Its first event happens at the start, at once."""
    async with running(options(iter([quote(1_680_652_800_000_000), mark(1_680_652_800_000_000)]))) as client:
        await eventually_priced(client)


async def eventually_priced(client: Client) -> None:
    """Wait until BTCUSDT has a price."""
    deadline = time.monotonic() + 10
    while "BTCUSDT" not in (await client.control(do="state"))["prices"]:
        assert time.monotonic() < deadline, "BTCUSDT had no price within 10 s"


def test_market_is_played_on_uvloop_too() -> None:
    """The command line serves on it, and its timers differ from asyncio's."""
    uvloop = pytest.importorskip("uvloop")

    async def main() -> None:
        source = iter([*(quote(n * 5_000, u=n + 1) for n in range(100)), mark(500_000)])
        async with running(options(source)) as client, client.stream("/public/ws/btcusdt@bookTicker") as sock:
            ids = [(await receive(sock))["u"] for _ in range(20)]
            assert ids == list(range(ids[0], ids[0] + 20))
            await eventually_priced(client)
            assert (await client.post("/fapi/v1/order", **market_order()))["status"] == "FILLED"

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


async def test_speed_compresses_the_market() -> None:
    """An hour of market at 36,000 times its pace is over in a tenth of a second."""
    source = iter([quote(0), mark(0), quote(3_600_000_000, "70000.00", 2), mark(3_600_000_000)])
    async with running(options(source, speed=Fraction(36_000))) as client:
        async with asyncio.timeout(10):
            while (await client.get("/fapi/v1/ticker/bookTicker?symbol=BTCUSDT"))["bidPrice"] != "70000.00":
                pass


async def test_server_goes_on_when_the_market_has_ended(capfd: pytest.CaptureFixture[str]) -> None:
    """The last prices stay, and the operator is told."""
    async with running(options()) as client:
        await eventually_priced(client)
        assert (await client.post("/fapi/v1/order", **market_order()))["status"] == "FILLED"
    assert "the market has ended" in capfd.readouterr().err


async def test_market_that_breaks_off_ends_the_server() -> None:
    """A torn recording is an error, not a quiet market."""

    def torn() -> MarketSource:
        yield quote()
        raise MarketFileError(line=2, rule="a line is `<receive time> <json>`")

    with pytest.raises(PaperServerError, match="the market broke off: line 2"):
        async with within(10, "the end of the exchange"):
            await serve(options(torn()), lambda _: None)


@pytest.mark.parametrize("path", ["/nothing", "/ws-fapi/v2", "/public/other"])
async def test_unknown_websocket_path_is_refused(path: str) -> None:
    """The handshake fails; no connection is left behind."""
    async with running(options()) as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with client.stream(path):
                pass
        assert caught.value.status == 404
        assert (await client.control(do="state"))["connections"] == 0


async def test_broken_handshake_leaves_no_connection_behind() -> None:
    """An upgrade without a key."""
    async with running(options()) as client:
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        async with client.http.get(client.where["rest"] + "/public/ws", headers=headers) as reply:
            assert reply.status == 400
        assert (await client.control(do="state"))["connections"] == 0


async def test_closed_connection_is_forgotten() -> None:
    """The venue learns that a client left."""
    async with running(options()) as client:
        async with client.stream("/public/ws"):
            assert (await client.control(do="state"))["connections"] == 1
        state = await client.control(do="state")
        assert state["connections"] == 0


async def test_ping_of_a_client_is_answered_with_its_payload() -> None:
    """Protocol notes F.5."""
    async with running(options()) as client, client.stream("/public/ws", autoping=False) as sock:
        await sock.ping(b"1234")
        message = await message_of(sock)
        assert (message.type, message.data) == (WS.PONG, b"1234")


async def test_venue_pings_its_clients() -> None:
    """The payload is the time in milliseconds."""
    async with (
        running(options(config=PaperConfig(ping_interval_ms=20))) as client,
        client.stream("/public/ws", autoping=False) as sock,
    ):
        message = await message_of(sock)
        assert message.type == WS.PING
        assert abs(int(message.data) - time.time_ns() // 1_000_000) < 5000


async def test_client_that_never_answers_pings_is_dropped() -> None:
    """No pong within the limit."""
    chosen = options(config=PaperConfig(ping_interval_ms=20, pong_timeout_ms=50))
    async with running(chosen) as client, client.stream("/public/ws", autoping=False) as sock:
        message = await message_of(sock)
        while message.type == WS.PING:
            message = await message_of(sock)
        assert message.type in (WS.CLOSED, WS.ERROR, WS.CLOSE)


async def test_client_that_answers_pings_stays() -> None:
    """Pongs keep it alive beyond the limit."""
    chosen = options(
        config=PaperConfig(ping_interval_ms=20, pong_timeout_ms=200, limits=RateLimits(ws_messages_per_second=None))
    )
    async with running(chosen) as client, client.stream("/public/ws", autoping=False) as sock:
        for _ in range(30):
            message = await message_of(sock)
            assert message.type == WS.PING
            await sock.pong(message.data)


async def test_fault_reset_tears_the_connection_down() -> None:
    """No byte of an answer, and the order was executed."""
    async with running(options()) as client:
        await eventually_priced(client)
        await client.control(do="fault", verb="reset", executed=True)
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.post("/fapi/v1/order", **market_order())
        assert (await client.control(do="state"))["accounts"][0]["positions"][0]["amt"] == "0.010"


async def test_fault_of_a_lost_reply_leaves_the_client_waiting() -> None:
    """The connection stays open and silent; the order was executed."""
    async with running(options()) as client:
        await eventually_priced(client)
        await client.control(do="fault", verb="resp.drop")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.post("/fapi/v1/order", **market_order()), 0.3)
        assert (await client.control(do="state"))["accounts"][0]["positions"][0]["amt"] == "0.010"


async def test_fault_delay_holds_the_reply_back() -> None:
    """Events of the order arrive first."""
    async with running(options()) as client, await client.private_stream() as sock:
        await eventually_priced(client)
        await client.control(do="fault", verb="delay", ms=200)
        placing = asyncio.create_task(client.post("/fapi/v1/order", **market_order()), name="placing")
        await receive(sock)
        assert not placing.done()
        assert (await placing)["status"] == "FILLED"


async def test_fault_close_ends_websockets() -> None:
    """With its code, after a closing handshake."""
    async with running(options()) as client, client.stream("/public/ws") as sock:
        await client.control(do="fault", verb="ws.close", code=1008, msg="Too many requests")
        message = await message_of(sock)
        assert (message.type, sock.close_code) == (WS.CLOSE, 1008)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/control/state", 200),
        ("GET", "/control/log", 200),
        ("GET", "/control/log?since=x", 400),
        ("GET", "/control", 404),
        ("GET", "/", 404),
    ],
)
async def test_control_door_answers_reads(method: str, path: str, status: int) -> None:
    """Two reads, and a clear no to everything else."""
    async with running(options()) as client, client.http.request(method, client.where["control"] + path) as reply:
        assert reply.status == status
        assert (await reply.json())["ok"] is (status == 200)


@pytest.mark.parametrize("body", ["", "[]", "{", '{"do":"nothing"}', '{"do":"log","since":"x"}'])
async def test_control_door_refuses_nonsense(body: str) -> None:
    """400 with the reason."""
    async with running(options()) as client:
        async with client.http.post(client.where["control"] + "/control", data=body) as reply:
            answer = await reply.json()
        assert (reply.status, answer["ok"]) == (400, False)
        assert answer["error"]


async def test_venue_log_is_the_exchanges_record_without_a_gap(tmp_path: Path) -> None:
    """The file and the control door tell the same."""
    path = tmp_path / "venue.jsonl"
    async with running(options(venue_log=path)) as client:
        await eventually_priced(client)
        await client.post("/fapi/v1/order", **market_order())
        recent = (await client.control(do="log", since=0))["records"]
    records = read_log(path)
    assert records[: len(recent)] == recent
    assert [record["n"] for record in records] == list(range(1, len(records) + 1))
    assert {"start", "req", "rep", "order", "trade", "position"} <= {record["k"] for record in records}


def read_log(path: Path) -> list[Any]:
    """The records of a finished log."""
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_venue_log_with_content_is_not_overwritten(tmp_path: Path) -> None:
    """Two exchanges in one log would prove nothing."""
    path = written(tmp_path)
    with pytest.raises(PaperServerError, match="has content already"):
        await serve(options(venue_log=path), lambda _: None)
    assert size(path) == 3


def size(path: Path) -> int:
    """Bytes of a file."""
    return path.stat().st_size


def written(folder: Path) -> Path:
    """A log that another exchange has begun."""
    path = folder / "venue.jsonl"
    path.write_text("{}\n")
    return path


async def test_venue_log_in_no_folder_is_refused(tmp_path: Path) -> None:
    """Before anything listens."""
    with pytest.raises(PaperServerError, match="cannot write the venue log"):
        await serve(options(venue_log=tmp_path / "no" / "folder"), lambda _: None)


FULL_DISK = Path("/dev/full")


@pytest.mark.skipif(not FULL_DISK.exists(), reason="this system has no full disk to offer")
async def test_full_disk_is_reported_once_and_ends_the_server(capfd: pytest.CaptureFixture[str]) -> None:
    """A log with a hole proves nothing."""
    with pytest.raises(PaperServerError, match="No space left on device"):
        async with within(10, "the end of the exchange"):
            await serve(options(venue_log=FULL_DISK), lambda _: None)
    assert "No space left on device" not in capfd.readouterr().err, "the command says it; twice would be once too many"


@pytest.mark.parametrize("which", ["port", "control_port"])
async def test_port_in_use_is_one_clear_line(tmp_path: Path, which: str) -> None:
    """And nothing is half-done: no log file is left."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        chosen = options(venue_log=tmp_path / "venue.jsonl", **{which: port})
        with pytest.raises(PaperServerError, match=rf"port {port} on 127\.0\.0\.1 is in use"):
            await serve(chosen, lambda _: None)
    assert os.listdir(tmp_path) == []


async def test_the_control_door_stays_on_the_loopback() -> None:
    """Wherever clients come from: whoever reaches it can give money away."""
    async with running(options(host="0.0.0.0")) as client:
        assert client.where["rest"].startswith("http://0.0.0.0:")
        assert client.where["control"].startswith("http://127.0.0.1:")


async def test_address_that_is_not_ours_is_refused() -> None:
    """With the reason of the system."""
    with pytest.raises(PaperServerError, match=r"cannot listen on 192\.0\.2\.1"):
        await serve(options(host="192.0.2.1"), lambda _: None)


async def test_stopping_closes_connections_in_good_order() -> None:
    """Clients see 1001, going away."""
    async with running(options()) as client:
        sock = await client.stream("/public/ws")
        assert sock.close_code is None
        await client.control(do="state")
        closing = asyncio.create_task(sock.receive(), name="closing")
        for task in asyncio.all_tasks():
            if task.get_name() == "server":
                task.cancel()
        async with within(10, "the close frame"):
            message = await closing
        assert (message.type, message.data) == (WS.CLOSE, 1001)
        await sock.close()


SERVER = """
import json, sys
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.doors.server import PaperOptions, run_server
options = PaperOptions(exchange_info=default_exchange_info(), market=iter([]))
run_server(options, lambda where: print(json.dumps(where), flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_the_process_with_success(number: signal.Signals) -> None:
    """As a service manager or a person would end it."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=ROOT,
    )
    with process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["rest"].startswith("http://127.0.0.1:")
        process.send_signal(number)
        assert process.wait(20) == 0


async def test_venue_log_reaches_its_file_while_the_server_runs(tmp_path: Path) -> None:
    """Within a turn of the loop, not at the end."""
    path = tmp_path / "venue.jsonl"
    async with running(options(venue_log=path)):
        await eventually(path.exists)
        await eventually(path.read_bytes, what="the start record")
