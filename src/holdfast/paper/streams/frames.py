"""Market frames as bytes (protocol notes F.2): ids, times and counters are numbers, everything else is text."""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.num import ZERO
from holdfast.paper.market import display
from holdfast.paper.market.market import BookTop, Level, PublicTrade
from holdfast.paper.market.markets import Market
from holdfast.paper.market.symbols import PaperSymbol
from holdfast.paper.money import money
from holdfast.paper.orders import Order


def levels_text(symbol: PaperSymbol, levels: list[Level]) -> str:
    """The inside of an array of price levels."""
    return ",".join(f'["{symbol.price_text(price)}","{symbol.quantity_text(qty)}"]' for price, qty in levels)


def top_frame(symbol: PaperSymbol, top: BookTop) -> bytes:
    """The bookTicker of a best bid and ask."""
    return (
        f'{{"e":"bookTicker","u":{top.u},"s":"{symbol.name}","ps":"{symbol.pair}",'
        f'"b":"{symbol.price_text(top.bid)}","B":"{symbol.quantity_text(top.bid_qty)}",'
        f'"a":"{symbol.price_text(top.ask)}","A":"{symbol.quantity_text(top.ask_qty)}",'
        f'"T":{top.T},"E":{top.E},"st":1}}'
    ).encode()


def depth_frame(
    symbol: PaperSymbol, ids: tuple[int, int, int], times: tuple[int, int], bids: list[Level], asks: list[Level]
) -> bytes:
    """A depthUpdate. `ids`: first, last and previous last update id; `times`: event and transaction."""
    first, last, previous = ids
    return (
        f'{{"e":"depthUpdate","E":{times[0]},"T":{times[1]},"s":"{symbol.name}","ps":"{symbol.pair}",'
        f'"U":{first},"u":{last},"pu":{previous},"b":[{levels_text(symbol, bids)}],'
        f'"a":[{levels_text(symbol, asks)}],"st":1}}'
    ).encode()


def trade_frame(symbol: PaperSymbol, event: PublicTrade) -> bytes:
    """One trade."""
    maker = "true" if event.buyer_maker else "false"
    return (
        f'{{"e":"trade","E":{event.E},"T":{event.T},"s":"{symbol.name}","t":{event.trade_id},'
        f'"p":"{symbol.price_text(event.price)}","q":"{symbol.quantity_text(event.qty)}","X":"MARKET","m":{maker}}}'
    ).encode()


def mark_frame(market: Market, event_ms: int) -> bytes:
    """The markPriceUpdate of a market as it is now."""
    return mark_text(market, event_ms).encode()


def mark_text(market: Market, event_ms: int) -> str:
    """The same as text, for arrays. The moving average `ap` is the mark itself: its window is not known."""
    symbol = market.symbol
    mark = market.mark if market.mark is not None else ZERO
    index = market.index if market.index is not None else mark
    return (
        f'{{"e":"markPriceUpdate","E":{event_ms},"s":"{symbol.name}","p":"{mark:.8f}","ap":"{mark:.8f}",'
        f'"P":"{mark:.8f}","i":"{index:.8f}","r":"{market.funding_rate:.8f}","T":{market.next_funding_ms},"st":1}}'
    )


def best_of(market: Market) -> BookTop | None:
    """The best bid and ask that everybody sees, as one event; None while a side is empty."""
    book = market.book
    bids, asks = display.first(market, 1, buying=True), display.first(market, 1, buying=False)
    if not bids or not asks:
        return None
    (bid, bid_qty), (ask, ask_qty) = bids[0], asks[0]
    at_ms = book.shown_ms
    return BookTop(
        symbol=market.symbol.name,
        bid=bid,
        bid_qty=bid_qty,
        ask=ask,
        ask_qty=ask_qty,
        u=book.shown_id,
        T=at_ms,
        E=at_ms,
    )


def liquidation_text(symbol: PaperSymbol, order: Order, last: Decimal, at_ms: int) -> str:
    """The inner object of a forceOrder: a limit IOC. `last`: the quantity of its last fill."""
    mean = money.average(order.quote, order.executed)
    price = symbol.price_text(order.price or mean)
    return (
        f'{{"s":"{symbol.name}","S":"{order.side}","o":"LIMIT","f":"IOC","q":"{symbol.quantity_text(order.qty)}",'
        f'"p":"{price}","ap":"{symbol.price_text(mean)}","X":"{order.status}","l":"{symbol.quantity_text(last)}",'
        f'"z":"{symbol.quantity_text(order.executed)}","T":{at_ms}}}'
    )
