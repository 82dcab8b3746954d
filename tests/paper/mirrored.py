"""A venue in a few lines for tests of the mirror: it opens connections, takes subscriptions and answers questions."""

from __future__ import annotations

import json
from typing import Any

from holdfast.paper.market.default_symbols import default_exchange_info
from holdfast.paper.market.market import Contract, MarketEvent, Outage
from holdfast.paper.sources.mirror import Mirror
from holdfast.paper.sources.mirror_links import Hang, Open, Send
from holdfast.paper.sources.mirror_rest import Ask

START_MS = 1_790_000_010_050
"""Half a minute after a full one."""


def row_of(symbol: str) -> dict[str, Any]:
    """A contract like BTCUSDT under another name."""
    return {**default_exchange_info()["symbols"][0], "symbol": symbol}


class Stage:
    """A mirror of BTCUSDT (and others) on a clock of its own, and the venue it looks at.

    `net` False: nothing can be opened. `answers` False: questions stay open in `asked`, those for past candles only
    when `candles` is None.
    """

    def __init__(self, *symbols: str, weight: int = 2400) -> None:
        self.now_ms = START_MS
        self.lines: list[bytes] = []
        rows = {symbol: row_of(symbol) for symbol in symbols or ("BTCUSDT",)}
        self.mirror = Mirror(rows, weight_per_minute=weight, jitter=lambda _pause: 0, record=self.lines.append)
        self.net = self.answers = self.marks = True
        self.candles: bytes | None = b"[]"
        self.open: dict[int, str] = {}
        self.subscribed: dict[int, list[str]] = {}
        self.asked: list[Ask] = []
        self.book: dict[str, Any] = {"lastUpdateId": 100, "bids": [["80000.0", "2"]], "asks": [["80000.1", "2"]]}
        self.tops: tuple[str, str, str, str, int] = ("80000.0", "2", "80000.1", "2", 100)
        self.events: list[MarketEvent] = []
        self.listed: list[Contract] = []

    def start(self) -> Stage:
        """Run until the first mark has come."""
        self.mirror.start(self.now_ms)
        self.work()
        self.run(1_100)
        return self

    def run(self, ms: int) -> list[MarketEvent]:
        """Let time pass, with a mark of each symbol every second; what was told meanwhile, contracts aside."""
        for _ in range(ms // 100):
            self.now_ms += 100
            if self.marks and self.now_ms % 1_000 < 100:
                self.mark()
            self.mirror.tick(self.now_ms)
            self.work()
        return self.told()

    def told(self) -> list[MarketEvent]:
        """What the exchange was told since the last time."""
        new = [event for _, event in self.mirror.market]
        self.listed += [event for event in new if isinstance(event, Contract)]
        new = [event for event in new if not isinstance(event, Contract)]
        self.events += new
        return new

    def work(self) -> None:
        """Do what the mirror wants."""
        while actions := self.mirror.drain():
            for action in actions:
                if isinstance(action, Open):
                    self._open(action)
                elif isinstance(action, Send):
                    self._subscribe(action)
                elif isinstance(action, Hang):
                    self.close(action.link, "closed by us")
                elif action.kind == "klines" and self.candles is not None:
                    self.asked.insert(0, action)
                    self.answer(body=self.candles)
                else:
                    self.asked.append(action)
            while self.answers and self.asked:
                self.answer()

    def _open(self, action: Open) -> None:
        if not self.net:
            self.mirror.closed(self.now_ms, action.link, "cannot connect")
            return
        self.open[action.link] = action.target.split("/")[1]
        self.mirror.opened(self.now_ms, action.link)

    def _subscribe(self, action: Send) -> None:
        request = json.loads(action.message)
        self.subscribed[action.link] = request["params"]
        self.hear(action.link, {"result": None, "id": request["id"]})

    def close(self, link: int, reason: str = "the connection was lost") -> None:
        """A connection ends."""
        if self.open.pop(link, None):
            self.mirror.closed(self.now_ms, link, reason)

    def links(self, route: str) -> list[int]:
        """The open connections of a route."""
        return [link for link, its in self.open.items() if its == route]

    def hear(self, link: int, message: dict[str, Any]) -> None:
        """A frame of a connection."""
        self.mirror.frame(self.now_ms * 1000, link, json.dumps(message, separators=(",", ":")).encode())
        self.work()

    def answer(self, status: int = 200, body: bytes | None = None, **headers: str) -> None:
        """Answer the oldest question."""
        ask = self.asked.pop(0)
        if body is None and ask.kind == "depth":
            body = json.dumps({"E": self.now_ms, "T": self.now_ms, **self.book}).encode()
        elif body is None and ask.kind == "klines":
            body = b"[]"
        elif body is None:
            names = ("bidPrice", "bidQty", "askPrice", "askQty", "lastUpdateId")
            body = json.dumps([{"symbol": "BTCUSDT", **dict(zip(names, self.tops, strict=True))}]).encode()
        self.mirror.answered(self.now_ms * 1000, ask.number, status, headers, body)
        self.work()

    def _frame(self, route: str, stream: str, **data: Any) -> None:
        symbol = stream.split("@")[0].upper()
        whole = {"s": symbol, "E": self.now_ms, "T": self.now_ms, **data}
        for link in self.links(route):
            if stream in self.subscribed.get(link, ()):
                self.hear(link, {"stream": stream, "data": whole})

    def diff(self, pu: int, u: int, *bids: list[str], symbol: str = "btcusdt") -> None:
        """A depth event, by every connection that has its stream."""
        self._frame("public", f"{symbol}@depth@100ms", e="depthUpdate", U=pu + 1, u=u, pu=pu, b=bids, a=[])

    def top(self, u: int, bid: str = "80000.0", ask: str = "80000.1") -> None:
        """Best prices."""
        self._frame("public", "btcusdt@bookTicker", e="bookTicker", u=u, b=bid, B="2", a=ask, A="2")

    def trade(self, number: int, price: str = "80000.0") -> None:
        """An aggregate trade."""
        self._frame("market", "btcusdt@aggTrade", e="aggTrade", a=number, p=price, q="1", m=False)

    def mark(self, *symbols: str, **data: Any) -> None:
        """The marks of a second."""
        for symbol in symbols or self.mirror._symbols:
            mark = {"p": "80000", "i": "80000", "r": "0.0001", "T": 1_790_020_800_000, **data}
            self._frame("market", f"{symbol.lower()}@markPrice@1s", e="markPriceUpdate", **mark)

    def outages(self) -> list[str]:
        """The reasons that were told so far, "" for live."""
        self.told()
        return [event.reason for event in self.events if isinstance(event, Outage)]
