"""Market frames for subscribers (protocol notes F.1, F.2), rendered only when somebody listens."""

from __future__ import annotations

from decimal import Decimal

from holdfast.paper.exchange import Exchange
from holdfast.paper.market import BookTop, DepthDiff, Level, PublicTrade
from holdfast.paper.markets import Market
from holdfast.paper.symbols import PaperSymbol

_DIFF_SUFFIXES = ("@depth", "@depth@100ms", "@depth@500ms")
_PARTIAL_DEPTHS = (5, 10, 20)
_PARTIAL_SPEEDS = (("", 250), ("@100ms", 100), ("@500ms", 500))
_MARK_SPEEDS = (("@markPrice", 3000), ("@markPrice@1s", 1000))


def _levels(symbol: PaperSymbol, levels: list[Level]) -> str:
    return ",".join(f'["{symbol.price_text(price)}","{symbol.quantity_text(qty)}"]' for price, qty in levels)


def publish_top(exchange: Exchange, market: Market, event: BookTop, previous: BookTop | None) -> None:
    """bookTicker, and the depth streams where the market has no depth events of its own."""
    symbol = market.symbol
    lower = symbol.name.lower()
    listeners = exchange.streams.listeners
    name = lower + "@bookTicker"
    if name in listeners:
        payload = (
            f'{{"e":"bookTicker","u":{event.u},"s":"{symbol.name}","ps":"{symbol.pair}",'
            f'"b":"{symbol.price_text(event.bid)}","B":"{symbol.quantity_text(event.bid_qty)}",'
            f'"a":"{symbol.price_text(event.ask)}","A":"{symbol.quantity_text(event.ask_qty)}",'
            f'"T":{event.T},"E":{event.E},"st":1}}'
        )
        exchange.publish("bookTicker", name, payload.encode())
    if not market.book.has_depth:
        publish_diff(exchange, market, _diff_of_tops(event, previous))


def _diff_of_tops(event: BookTop, previous: BookTop | None) -> DepthDiff:
    """The depth change between two best-price events."""
    bids: list[Level] = [(event.bid, event.bid_qty)]
    asks: list[Level] = [(event.ask, event.ask_qty)]
    before = event.u - 1
    if previous is not None:
        before = previous.u
        if previous.bid != event.bid:
            bids.append((previous.bid, Decimal(0)))
        if previous.ask != event.ask:
            asks.append((previous.ask, Decimal(0)))
    first = min(before + 1, event.u)
    return DepthDiff(symbol=event.symbol, U=first, u=event.u, pu=before, bids=bids, asks=asks, T=event.T, E=event.E)


def publish_diff(exchange: Exchange, market: Market, event: DepthDiff) -> None:
    """Depth changes, and the partial books that are due."""
    lower = market.symbol.name.lower()
    listeners = exchange.streams.listeners
    payload = b""
    for suffix in _DIFF_SUFFIXES:
        name = lower + suffix
        if name in listeners:
            payload = payload or _diff(market.symbol, event)
            exchange.publish("depthUpdate", name, payload)
    for depth in _PARTIAL_DEPTHS:
        stem = f"{lower}@depth{depth}"
        for suffix, interval_ms in _PARTIAL_SPEEDS:
            name = stem + suffix
            if name in listeners and _is_due(market, name, event.E, interval_ms):
                exchange.publish("depthUpdate", name, _partial(market, event, depth))


def _diff(symbol: PaperSymbol, event: DepthDiff) -> bytes:
    return (
        f'{{"e":"depthUpdate","E":{event.E},"T":{event.T},"s":"{symbol.name}","ps":"{symbol.pair}",'
        f'"U":{event.U},"u":{event.u},"pu":{event.pu},"b":[{_levels(symbol, event.bids)}],'
        f'"a":[{_levels(symbol, event.asks)}],"st":1}}'
    ).encode()


def _partial(market: Market, event: DepthDiff, depth: int) -> bytes:
    book = market.book
    shown = DepthDiff(
        symbol=event.symbol,
        U=event.U,
        u=event.u,
        pu=event.pu,
        bids=book.bids.shown(depth),
        asks=book.asks.shown(depth),
        T=event.T,
        E=event.E,
    )
    return _diff(market.symbol, shown)


def _is_due(market: Market, name: str, event_ms: int, interval_ms: int) -> bool:
    sent = market.sent_ms.get(name)
    if sent is not None and 0 <= event_ms - sent < interval_ms:
        return False
    market.sent_ms[name] = event_ms
    return True


def publish_trade(exchange: Exchange, market: Market, event: PublicTrade) -> None:
    """trade and aggTrade; every recorded trade is an aggregate of itself."""
    symbol = market.symbol
    lower = symbol.name.lower()
    listeners = exchange.streams.listeners
    price, qty = symbol.price_text(event.price), symbol.quantity_text(event.qty)
    maker = "true" if event.buyer_maker else "false"
    name = lower + "@trade"
    if name in listeners:
        payload = (
            f'{{"e":"trade","E":{event.E},"T":{event.T},"s":"{symbol.name}","t":{event.trade_id},'
            f'"p":"{price}","q":"{qty}","X":"MARKET","m":{maker}}}'
        )
        exchange.publish("trade", name, payload.encode())
    name = lower + "@aggTrade"
    if name in listeners:
        payload = (
            f'{{"e":"aggTrade","E":{event.E},"a":{event.trade_id},"s":"{symbol.name}","p":"{price}","q":"{qty}",'
            f'"nq":"{qty}","f":{event.trade_id},"l":{event.trade_id},"T":{event.T},"m":{maker},"st":1}}'
        )
        exchange.publish("aggTrade", name, payload.encode())


def publish_mark(exchange: Exchange, market: Market) -> None:
    """markPrice at both speeds."""
    symbol = market.symbol
    lower = symbol.name.lower()
    listeners = exchange.streams.listeners
    for suffix, interval_ms in _MARK_SPEEDS:
        name = lower + suffix
        # The pace is that of the events: a tenth of slack keeps one-second events from being skipped.
        if name in listeners and _is_due(market, name, market.mark_ms, interval_ms - interval_ms // 10):
            exchange.publish("markPriceUpdate", name, mark_frame(market))


def mark_frame(market: Market) -> bytes:
    """The markPriceUpdate of a market as it is now."""
    symbol = market.symbol
    mark = market.mark if market.mark is not None else Decimal(0)
    index = market.index if market.index is not None else mark
    return (
        f'{{"e":"markPriceUpdate","E":{market.mark_ms},"s":"{symbol.name}","p":"{mark:.8f}","ap":"{mark:.8f}",'
        f'"P":"{mark:.8f}","i":"{index:.8f}","r":"{market.funding_rate:.8f}","T":{market.next_funding_ms},"st":1}}'
    ).encode()
