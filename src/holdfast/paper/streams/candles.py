"""Streams of candles and of the last 24 hours (protocol notes F.1, F.2), from the memory that reads use too."""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.num import ZERO, divide, text
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.bars import Bar
from holdfast.paper.market.candles import Span
from holdfast.paper.market.history import Day
from holdfast.paper.market.intervals import INTERVALS
from holdfast.paper.market.market import PublicTrade
from holdfast.paper.market.markets import Market
from holdfast.paper.market.symbols import PaperSymbol
from holdfast.paper.streams.feed import Feed, Pace, SymbolFeed

CANDLE_MS = 250
DAY_MS = 2000
ALL_DAYS_MS = 1000
_MOST_CLOSED = 10
_HUNDRED = Decimal(100)
_PERCENT = Decimal("0.001")


class CandleStream(SymbolFeed):
    """`<symbol>@kline_<i>` and `<pair>_<type>@continuousKline_<i>`.

    The open candle after trades, at most every 250 ms; each candle once more when it has closed (`x` true), traded or
    not: bots wait for that frame.
    """

    def __init__(self, exchange: Exchange, name: str, market: Market, interval: str, *, continuous: bool) -> None:
        """`continuous`: named by pair and contract type, without `s`."""
        super().__init__(exchange, name, market)
        self.kind = "continuous_kline" if continuous else "kline"
        self._interval = INTERVALS[interval]
        self._history = exchange.history(market)
        self._pace = Pace(exchange, CANDLE_MS, self._flush)
        self._live = False
        symbol = market.symbol
        self._head = f'"ps":"{symbol.pair}","ct":"{symbol.contract_type}"' if continuous else f'"s":"{symbol.name}"'
        self._inner = "" if continuous else f'"s":"{symbol.name}",'

    def start(self) -> None:
        """Hear trades, and wait for the end of the open candle."""
        self._live = True
        self.market.taps.trades.append(self)
        self._await_end(self._interval.start(self.exchange.now_ms))

    def stop(self) -> None:
        """Hear nothing more."""
        self._live = False
        self.market.taps.trades.remove(self)
        self._pace.end()

    def on_trade(self, event: PublicTrade) -> None:
        """The open candle has changed."""
        self._pace.wake()

    def _flush(self, now_ms: int) -> None:
        bar = self._history.candle(self._interval.name, now_ms)
        if bar is not None:
            self._tell(bar, now_ms, closed=False)

    def _await_end(self, open_ms: int) -> None:
        end_ms = self._interval.end(open_ms)

        def close(_now_us: int) -> None:
            if self._live:
                self._close(open_ms, end_ms)

        self.exchange.timers.at(end_ms * 1000, close)

    def _close(self, open_ms: int, end_ms: int) -> None:
        now_ms = self.exchange.now_ms
        span = Span(start_ms=open_ms, end_ms=end_ms - 1, limit=1)
        for bar in self._history.candles(self._history.contract, self._interval.name, span, now_ms):
            self._tell(bar, now_ms, closed=True)
        self._await_end(self._interval.start(now_ms))

    def _tell(self, bar: Bar, now_ms: int, *, closed: bool) -> None:
        self.send(
            (
                f'{{"e":"{self.kind}","E":{now_ms},{self._head},'
                f'"k":{candle_text(self.market.symbol, bar, self._interval.name, self._inner, closed=closed)}}}'
            ).encode()
        )


def candle_text(symbol: PaperSymbol, bar: Bar, interval: str, inner: str, *, closed: bool) -> str:
    """The inner object of a kline. `inner`: the symbol's key where there is one."""
    price, quantity = symbol.price_text, symbol.quantity_text
    return (
        f'{{"t":{bar.open_ms},"T":{INTERVALS[interval].end(bar.open_ms) - 1},{inner}"i":"{interval}",'
        f'"f":{bar.first_id},"L":{bar.last_id},"o":"{price(bar.open)}","c":"{price(bar.close)}",'
        f'"h":"{price(bar.high)}","l":"{price(bar.low)}","v":"{quantity(bar.volume)}","n":{bar.count},'
        f'"x":{"true" if closed else "false"},"q":"{text(bar.quote)}","V":"{quantity(bar.taker)}",'
        f'"Q":"{text(bar.taker_quote)}","B":"0"}}'
    )


class DayStream(SymbolFeed):
    """`<symbol>@ticker` and `<symbol>@miniTicker`: every two seconds after trades."""

    def __init__(self, exchange: Exchange, name: str, market: Market, *, full: bool) -> None:
        """`full`: the ticker, otherwise the mini ticker."""
        super().__init__(exchange, name, market)
        self.kind = "24hrTicker" if full else "24hrMiniTicker"
        self._full = full
        self._pace = Pace(exchange, DAY_MS, self._flush)
        exchange.history(market)

    def start(self) -> None:
        """Hear trades; the present state is told first."""
        self.market.taps.trades.append(self)
        self._pace.wake()

    def stop(self) -> None:
        """Hear nothing more."""
        self.market.taps.trades.remove(self)
        self._pace.end()

    def on_trade(self, event: PublicTrade) -> None:
        """There is something to tell."""
        self._pace.wake()

    def _flush(self, now_ms: int) -> None:
        row = day_text(self.exchange, self.market, now_ms, full=self._full)
        if row:
            self.send(row.encode())


class AllDaysStream(Feed):
    """`!ticker@arr` and `!miniTicker@arr`: every second the markets that have traded since."""

    def __init__(self, exchange: Exchange, name: str, *, full: bool) -> None:
        """`full`: tickers, otherwise mini tickers."""
        super().__init__(exchange, name)
        self.kind = "24hrTicker" if full else "24hrMiniTicker"
        self._full = full
        self._pace = Pace(exchange, ALL_DAYS_MS, self._flush)
        self._traded: dict[str, None] = {}
        self._markets = list(exchange.markets.values())
        for market in self._markets:
            exchange.history(market)

    def start(self) -> None:
        """Hear trades of every market."""
        for market in self._markets:
            market.taps.trades.append(self)

    def stop(self) -> None:
        """Hear nothing more."""
        for market in self._markets:
            market.taps.trades.remove(self)
        self._pace.end()

    def on_trade(self, event: PublicTrade) -> None:
        """One market more to tell of."""
        self._traded[event.symbol] = None
        self._pace.wake()

    def _flush(self, now_ms: int) -> None:
        traded, self._traded = self._traded, {}
        rows = [
            row for name in traded if (row := day_text(self.exchange, self.exchange.markets[name], now_ms, self._full))
        ]
        if rows:
            self.send(f"[{','.join(rows)}]".encode())


def day_text(exchange: Exchange, market: Market, now_ms: int, full: bool) -> str:
    """The last 24 hours of a market as one row; empty while it has no price."""
    day = exchange.history(market).day(now_ms)
    if day is None:
        return ""
    return _ticker(market.symbol, day, now_ms) if full else _mini_ticker(market.symbol, day, now_ms)


def _mini_ticker(symbol: PaperSymbol, day: Day, now_ms: int) -> str:
    price, bar = symbol.price_text, day.total
    return (
        f'{{"e":"24hrMiniTicker","E":{now_ms},"s":"{symbol.name}","ps":"{symbol.pair}","c":"{price(bar.close)}",'
        f'"o":"{price(bar.open)}","h":"{price(bar.high)}","l":"{price(bar.low)}",'
        f'"v":"{symbol.quantity_text(bar.volume)}","q":"{text(bar.quote)}","st":1}}'
    )


def _ticker(symbol: PaperSymbol, day: Day, now_ms: int) -> str:
    price, bar = symbol.price_text, day.total
    change = bar.close - bar.open
    percent = divide(change * _HUNDRED, bar.open).quantize(_PERCENT) if bar.open else ZERO
    mean = divide(bar.quote, bar.volume) if bar.volume else bar.close
    return (
        f'{{"e":"24hrTicker","E":{now_ms},"s":"{symbol.name}","ps":"{symbol.pair}","p":"{price(change)}",'
        f'"P":"{percent:f}","w":"{price(mean)}","c":"{price(bar.close)}",'
        f'"Q":"{symbol.quantity_text(day.last_qty)}","o":"{price(bar.open)}","h":"{price(bar.high)}",'
        f'"l":"{price(bar.low)}","v":"{symbol.quantity_text(bar.volume)}","q":"{text(bar.quote)}",'
        f'"O":{day.open_ms},"C":{day.close_ms},"F":{bar.first_id},"L":{bar.last_id},"n":{bar.count},"st":1}}'
    )
