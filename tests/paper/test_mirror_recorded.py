"""The mirror on frames that were recorded at Binance, as if they came now: in step from the snapshot to the end."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from itertools import islice

import pytest

from holdfast.paper.market.market import Contract, DepthDiff, DepthSnapshot, Mark, Outage
from holdfast.paper.sources.mirror import Mirror
from holdfast.paper.sources.mirror_links import Open, Send
from holdfast.paper.sources.mirror_rest import Ask
from tests.paper.test_replay import TICKS, Rebuilt

LINES = 30_000
"""Some two minutes of a busy quarter of an hour."""


def recorded_lines(name: str) -> Iterator[tuple[int, bytes]]:
    """Receive time in microseconds, and the frame or snapshot."""
    path = TICKS / name
    if not path.exists():
        pytest.skip("no recorded frames at ../shared/data/ticks/hftbacktest")
    with gzip.open(path, "rb") as lines:
        for line in islice(lines, LINES):
            stamp, _, body = line.partition(b" ")
            yield int(stamp) // 1000, body.strip()


class Played:
    """A mirror whose venue is the recording. It has no marks, so there is one a second."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.mirror = Mirror({symbol: {}}, weight_per_minute=2400, jitter=lambda _pause: 0)
        self.links: list[int] = []
        self.asked: list[Ask] = []
        self.ticked_us = 0

    def work(self, now_us: int) -> None:
        """Connections open at once; a snapshot comes when the recording has one."""
        while actions := self.mirror.drain():
            for action in actions:
                if isinstance(action, Open):
                    self.links.append(action.link)
                    self.mirror.opened(now_us // 1000, action.link)
                elif isinstance(action, Send):
                    self.mirror.frame(now_us, action.link, b'{"result":null,"id":1}')
                elif isinstance(action, Ask) and action.kind == "klines":
                    self.mirror.answered(now_us, action.number, 200, {}, b"[]")
                elif isinstance(action, Ask):
                    self.asked.append(action)

    def line(self, now_us: int, body: bytes) -> None:
        """What came at that time."""
        if not self.ticked_us:
            self.mirror.start(now_us // 1000)
            self.work(now_us)
        if now_us - self.ticked_us > 100_000:
            if now_us // 1_000_000 != self.ticked_us // 1_000_000:
                self._mark(now_us)
            self.ticked_us = now_us
            self.mirror.tick(now_us // 1000)
            self.work(now_us)
        if not body.startswith(b'{"lastUpdateId"'):
            self.mirror.frame(now_us, self.links[0], body)
        elif self.asked:
            self.mirror.answered(now_us, self.asked.pop(0).number, 200, {}, body)
        self.work(now_us)

    def _mark(self, now_us: int) -> None:
        mark = {"e": "markPriceUpdate", "s": self.symbol, "p": "1", "i": "1", "r": "0", "T": 0, "E": now_us // 1000}
        stream = f"{self.symbol.lower()}@markPrice@1s"
        frame = json.dumps({"stream": stream, "data": mark}, separators=(",", ":"))
        self.mirror.frame(now_us, self.links[1], frame.encode())


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT"])
def test_real_frames_keep_a_book_in_step(symbol: str) -> None:
    """Protocol notes F.3: no outage, nothing unreadable, and each best price under a depth event's id is the book's."""
    played, rebuilt, told = Played(symbol), Rebuilt(), dict.fromkeys(("diffs", "live"), 0)
    outages: list[str] = []
    for now_us, body in recorded_lines(f"{symbol.lower()}_20240808.gz"):
        played.line(now_us, body)
        for _, event in played.mirror.market:
            if isinstance(event, Outage):
                outages.append(event.reason)
            elif not isinstance(event, Mark | Contract):
                told["diffs"] += isinstance(event, DepthDiff)
                told["live"] += isinstance(event, DepthSnapshot)
                rebuilt.take(event)
    assert outages == ["the mirror begins", ""]
    assert (told["live"], played.mirror.unreadable, played.asked) == (1, 0, [])
    assert told["diffs"] > 1_000
    assert rebuilt.compared > 100
    assert (rebuilt.wrong, rebuilt.gaps) == (0, 0)
