"""A mirror over real sockets, of another paper exchange: book, trades, marks, and what breaks between the two."""

import asyncio
import contextlib
import errno
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from holdfast.paper.doors.server import PaperOptions
from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.market import BookTop, DepthSnapshot, Level, Mark, MarketEvent, Outage, PublicTrade
from holdfast.paper.sources.feed import read_frames
from holdfast.paper.sources.live import LiveMarket
from holdfast.wiring import mirror as wired
from holdfast.wiring.mirror import (
    MirrorOptions,
    MirrorRefused,
    MirrorUnreachable,
    Recording,
    VenueMirror,
    chosen,
    exchange_info,
    sentences,
    weight_limit,
)
from tests.paper_server import Client, market_order, receive, running
from tests.waiting import eventually, within


def now_ms() -> int:
    """The wall clock, as a venue's events carry it."""
    return time.time_ns() // 1_000_000


class Venue:
    """A market that the test moves by hand: the mirrored venue's."""

    def __init__(self) -> None:
        self.market = LiveMarket()
        self.u = 1_000

    async def start(self, _symbols: Sequence[str], wake: Callable[[], None], _fail: Callable[[str], None]) -> None:
        self.market.wake = wake
        self.book("65000.00")
        self.mark("65000")
        self.beat = asyncio.get_running_loop().create_task(self._beat(), name="marks")

    async def close(self) -> None:
        self.beat.cancel()

    async def _beat(self) -> None:
        """A mark now and then, so that whoever begins to listen has one soon."""
        ticks = asyncio.Event()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await ticks.wait()
            self.mark("65000")

    def tell(self, event: MarketEvent) -> None:
        self.market.push(event)

    def book(self, bid: str, *, u: int = 0) -> None:
        """The whole book, three levels a side."""
        self.u = u or self.u + 1
        best = Decimal(bid)
        bids: list[Level] = [(best - step, Decimal(1 + step)) for step in range(3)]
        asks: list[Level] = [(best + 1 + step, Decimal(1 + step)) for step in range(3)]
        self.tell(DepthSnapshot(symbol="BTCUSDT", u=self.u, bids=bids, asks=asks, T=now_ms(), E=now_ms()))

    def top(self, bid: str) -> None:
        """Best prices."""
        self.u += 1
        price, much = Decimal(bid), Decimal(5)
        self.tell(
            BookTop(
                symbol="BTCUSDT", bid=price, bid_qty=much, ask=price + 1, ask_qty=much, u=self.u, T=now_ms(), E=now_ms()
            )
        )

    def mark(self, price: str) -> None:
        """A mark."""
        value = Decimal(price)
        self.tell(Mark(symbol="BTCUSDT", mark=value, index=value, rate=Decimal(0), next_funding_ms=0, E=now_ms()))

    def trade(self, number: int, price: str) -> None:
        """A trade of strangers."""
        event = PublicTrade(
            symbol="BTCUSDT",
            trade_id=number,
            price=Decimal(price),
            qty=Decimal(1),
            buyer_maker=False,
            T=now_ms(),
            E=now_ms(),
        )
        self.tell(event)


def upstream(venue: Venue, **more: Any) -> PaperOptions:
    """The mirrored exchange."""
    return PaperOptions(exchange_info=default_exchange_info(), market=venue.market, live=venue, **more)


class Mirrored:
    """The mirroring exchange: its client, its mirror, and the lines that it printed."""

    def __init__(self, client: Client, mirror: VenueMirror, lines: list[str]) -> None:
        self.client = client
        self.mirror = mirror
        self.lines = lines

    @property
    def live(self) -> bool:
        return self.mirror._mirror.live

    async def stale(self) -> dict[str, str]:
        """The stale markets and their reasons, as the control door names them."""
        state: dict[str, Any] = await self.client.control(do="state")
        return dict(state["stale"])


@contextlib.asynccontextmanager
async def mirror_of(source: Client, record: Path | None = None) -> AsyncIterator[Mirrored]:
    """A mirror of a running exchange."""
    options = MirrorOptions(
        symbols=("BTCUSDT",), rest_url=source.where["rest"], stream_url=source.where["streams"], record=record
    )
    lines: list[str] = []
    info = chosen(await exchange_info(options.rest_url), options)
    mirror = VenueMirror(options, info, lines.append)
    async with running(PaperOptions(exchange_info=info, market=mirror.market, live=mirror)) as client:
        yield Mirrored(client, mirror, lines)


async def depth(client: Client) -> tuple[int, Any, Any]:
    """Update id and levels of a book."""
    reply = await client.get("/fapi/v1/depth?symbol=BTCUSDT")
    return reply["lastUpdateId"], reply["bids"], reply["asks"]


async def test_the_book_is_the_venue_s_at_its_update_id() -> None:
    """And best prices, trades and marks come as they are told."""
    venue = Venue()
    async with running(upstream(venue)) as source, mirror_of(source) as mirrored:
        assert mirrored.live, "the start waits for the first book"
        assert await depth(mirrored.client) == await depth(source)
        names = "btcusdt@depth@100ms/btcusdt@bookTicker"
        async with mirrored.client.stream(f"/public/stream?streams={names}") as sock:
            venue.book("65010.00")
            venue.top("65011.00")
            seen: dict[str, int] = {}
            while seen.get("depthUpdate") != venue.u or seen.get("bookTicker") != venue.u:
                data = (await receive(sock))["data"]
                seen[data["e"]] = data["u"]
        assert await depth(mirrored.client) == await depth(source)
        async with mirrored.client.stream("/public/ws/btcusdt@trade") as sock:
            venue.trade(77, "65012.00")
            assert (await receive(sock))["p"] == "65012.00"
        assert (await mirrored.client.get("/fapi/v1/premiumIndex?symbol=BTCUSDT"))["markPrice"] == "65000.00000000"
        filled = await mirrored.client.post("/fapi/v1/order", **market_order())
        assert filled["status"] == "FILLED"
        assert (await positions(mirrored.client))[0]["entry"].startswith("65012.000")
        assert await positions(source) == [], "nothing is traded at the venue itself"


async def positions(client: Client) -> Any:
    """The positions of the first account."""
    return (await client.control(do="state"))["accounts"][0]["positions"]


async def test_candles_of_the_past_are_the_venue_s() -> None:
    """In every interval, and what trades now is added to them."""
    venue = Venue()
    async with running(upstream(venue)) as source:
        await source.get("/fapi/v1/klines?symbol=BTCUSDT&interval=1m")
        venue.trade(1, "65000.00")
        async with mirror_of(source) as mirrored:
            async with mirrored.client.stream("/public/ws/btcusdt@trade") as sock:
                venue.trade(77, "65012.00")
                await receive(sock)
            for interval in ("1m", "15m", "4h", "1d", "1w", "1M"):
                target = f"/fapi/v1/klines?symbol=BTCUSDT&interval={interval}&limit=400"
                ours, theirs = await mirrored.client.get(target), await source.get(target)
                assert [row[:6] for row in ours[-300:-1]] == [row[:6] for row in theirs[-300:-1]]
                assert ours[-1][:5] == theirs[-1][:5], "the open candle has the last price"


async def test_only_the_mirrored_contracts_are_listed() -> None:
    """The others would never have a price."""
    venue = Venue()
    async with running(upstream(venue)) as source, mirror_of(source) as mirrored:
        info = await mirrored.client.get("/fapi/v1/exchangeInfo")
    assert [row["symbol"] for row in info["symbols"]] == ["BTCUSDT"]


async def test_while_the_venue_is_away_nothing_fills_and_it_comes_back_by_itself() -> None:
    """Its new process has other ids and other prices; the old book is nobody's book meanwhile."""
    venue = Venue()
    async with contextlib.AsyncExitStack() as stack:
        source = await stack.enter_async_context(running(upstream(venue)))
        port = int(source.where["rest"].rpartition(":")[2])
        away = contextlib.AsyncExitStack()
        mirrored = await away.enter_async_context(mirror_of(source))
        async with away:
            await stack.aclose()
            await eventually(lambda: not mirrored.live, what="the end of the market")
            refused = await mirrored.client.post("/fapi/v1/order", **market_order())
            assert refused["code"] == -1112
            assert "BTCUSDT" in await mirrored.stale()
            assert (await depth(mirrored.client))[1:] == ([], [])
            again = Venue()
            again.u = 10
            async with running(upstream(again, port=port)) as source:
                await eventually(lambda: mirrored.live, what="the new market")
                assert await depth(mirrored.client) == await depth(source)
                assert await mirrored.stale() == {}
                filled = await mirrored.client.post("/fapi/v1/order", **market_order("two"))
                assert filled["status"] == "FILLED"
    assert any(": stale: the connection to its book" in line for line in mirrored.lines)
    assert mirrored.lines[-1].startswith("mirror: BTCUSDT: ")


async def test_a_dropped_depth_event_is_found_and_mended() -> None:
    """Protocol notes F.3, step 5, on a real stream: the next event shows the hole."""
    venue = Venue()
    async with running(upstream(venue)) as source, mirror_of(source) as mirrored:
        async with mirrored.client.stream("/public/ws/btcusdt@depth@100ms") as sock:
            venue.book("65010.00")
            await receive(sock)
            await source.control(do="fault", verb="ws.drop", kinds=["depthUpdate"], count=1)
            venue.book("65020.00")
            async with within(10, "the drop"):
                while (await source.control(do="state"))["faults"]:
                    pass
            venue.book("65030.00")
            while (await receive(sock))["u"] < venue.u:
                pass
        await eventually(lambda: mirrored.live, what="the new book")
        assert await depth(mirrored.client) == await depth(source)
        log = await mirrored.client.control(do="log")
    told = [record["stale"] for record in log["records"] if record["k"] == "market"]
    assert told[0] == "the mirror begins"
    assert told[1] == ""
    assert "depth events are missing" in told[2]
    assert told[-1] == ""


async def test_closed_connections_are_opened_again() -> None:
    """All of them at once: the book begins anew, and marks go on."""
    venue = Venue()
    async with running(upstream(venue)) as source, mirror_of(source) as mirrored:
        closed = await source.control(do="fault", verb="ws.close", kinds=["public", "market"], code=1001, msg="bye")
        assert closed["closed"] == 2
        await eventually(lambda: len(mirrored.lines) > 2 and mirrored.live, what="the new connections")
        assert await depth(mirrored.client) == await depth(source)
    assert "mirror: BTCUSDT: stale: the connection to its book: the venue closed it: 1001 bye" in mirrored.lines[1]


async def test_nothing_that_the_venue_sees_names_a_key() -> None:
    """Every question of the mirror is public and unsigned."""
    venue = Venue()
    async with running(upstream(venue)) as source:
        async with mirror_of(source):
            pass
        log = await source.control(do="log")
    requests = [record for record in log["records"] if record["k"] == "req"]
    assert {record["method"] for record in requests if record.get("account")} == set()
    assert "signature" not in json.dumps(requests)


async def test_a_recording_plays_again(tmp_path: Path) -> None:
    """The file is one for `--market`."""
    venue, path = Venue(), tmp_path / "frames.txt"
    async with running(upstream(venue)) as source, mirror_of(source, path) as mirrored:
        assert mirrored.live
        venue.book("65010.00")
        await eventually(lambda: b"depthUpdate" in path.read_bytes(), what="the depth event in the file")
    events = [event for _, event in read_frames(path.read_bytes().splitlines())]
    assert isinstance(events[0], DepthSnapshot)
    assert "DepthDiff" in {type(event).__name__ for event in events}


async def test_a_venue_that_is_not_there() -> None:
    """The address and the reason."""
    with pytest.raises(MirrorUnreachable, match=r"http://127\.0\.0\.1:9/fapi/v1/exchangeInfo does not answer: cannot"):
        await exchange_info("http://127.0.0.1:9")


async def test_a_venue_that_answers_something_else() -> None:
    """Status and words of it."""
    venue = Venue()
    async with running(upstream(venue)) as source:
        with pytest.raises(MirrorUnreachable, match="answers HTTP 404"):
            await exchange_info(source.where["control"])


OPTIONS = MirrorOptions(symbols=("BTCUSDT",), rest_url="http://venue", stream_url="ws://venue")
INFO = {"symbols": [{"symbol": "BTCUSDT", "status": "SETTLING"}, {"symbol": "ETHUSDT", "status": "TRADING"}]}


@pytest.mark.parametrize(
    "symbol, words", [("BTCUSDT", "BTCUSDT is SETTLING"), ("NOPE", r"http://venue lists 2 contracts, no 'NOPE'")]
)
def test_a_contract_that_cannot_be_mirrored(symbol: str, words: str) -> None:
    """Named with one that can be."""
    options = MirrorOptions(symbols=(symbol,), rest_url="http://venue", stream_url="ws://venue")
    with pytest.raises(MirrorRefused, match=words) as refused:
        chosen(INFO, options)
    assert refused.value.passes == "--mirror ETHUSDT"


def test_a_row_that_makes_no_contract_is_refused() -> None:
    """Test venues have rows with a step of 0; the exchange would not list it."""
    broken = MirrorOptions(symbols=("ETHUSDT",), rest_url="http://venue", stream_url="ws://venue")
    with pytest.raises(MirrorRefused, match="the row of ETHUSDT makes no contract"):
        chosen(INFO, broken)


@pytest.mark.parametrize("info", [None, [], {}, {"symbols": {}}])
def test_an_exchange_info_that_is_none(info: Any) -> None:
    """A proxy's page is no venue."""
    with pytest.raises(MirrorUnreachable, match="no list `symbols`"):
        chosen(info, OPTIONS)


def test_the_weight_limit_is_the_venue_s() -> None:
    """Test venues allow more than production; one that says nothing has production's."""
    rows = [
        {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    ]
    assert weight_limit({"rateLimits": rows}) == 6000
    assert weight_limit({}) == 2400


def test_what_changed_together_is_one_line() -> None:
    """Fifty symbols on one lost connection are not fifty lines."""
    lost = [Outage(symbol=f"A{number}", reason="lost", E=0) for number in range(7)]
    back = [Outage(symbol="B", reason="", E=0)]
    assert sentences([*lost, *back]) == [
        "mirror: A0, A1, A2, A3, A4 and 2 more: stale: lost; orders are refused with -1112",
        "mirror: B: live",
    ]


def test_a_recording_does_not_overwrite(tmp_path: Path) -> None:
    """What is there may be evidence."""
    path = tmp_path / "old"
    path.write_text("old")
    with pytest.raises(MirrorRefused, match="exists already"):
        Recording(path, lambda _line: None)
    with pytest.raises(MirrorRefused, match="No such file or directory"):
        Recording(tmp_path / "absent" / "new", lambda _line: None)


def test_a_full_disk_ends_the_recording_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said once."""
    lines: list[str] = []
    recording = Recording(tmp_path / "new", lines.append)

    class Full:
        def write(self, _data: bytes) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    recording.close()
    monkeypatch.setattr(recording, "_file", Full())
    recording.write(b"line\n")
    recording.write(b"line\n")
    recording.flush()
    recording.close()
    assert lines == [
        f"mirror: {tmp_path / 'new'} cannot be written on: No space left on device; the recording ends here"
    ]


async def test_frames_that_cannot_be_read_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A venue that changed its form would otherwise only look quiet."""
    monkeypatch.setattr(wired, "TICKS_A_COMPLAINT", 1)
    venue = Venue()
    async with running(upstream(venue)) as source, mirror_of(source) as mirrored:
        mirrored.mirror._mirror.unreadable = 3
        complaint = "mirror: 3 frames or answers could not be read so far"
        await eventually(lambda: complaint in mirrored.lines, what="the complaint")
        lines = mirrored.lines
    assert lines.count(complaint) == 1


async def test_its_own_end_is_no_outage() -> None:
    """Nothing is said of connections that it closes itself."""
    venue = Venue()
    async with running(upstream(venue)) as source:
        async with mirror_of(source) as mirrored:
            told = list(mirrored.lines)
        assert mirrored.lines == told == ["mirror: BTCUSDT: live"]


async def test_a_mirror_that_breaks_ends_the_exchange() -> None:
    """Without its clock an old market would look live."""
    venue = Venue()
    async with running(upstream(venue)) as source, mirror_of(source) as mirrored:
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        mirrored.mirror._fail = ended.set_result

        def tick(_now_ms: int) -> None:
            raise ZeroDivisionError("boom")

        mirrored.mirror._mirror.tick = tick  # type: ignore[method-assign]
        async with within(5, "the failure"):
            assert await ended == "the mirror broke: ZeroDivisionError('boom')"
