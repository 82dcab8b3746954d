"""Streams of what the venue itself does: liquidations, changed contracts, index prices (protocol notes F.1, F.2)."""

from __future__ import annotations

from decimal import Decimal

from holdfast.model.num import text
from holdfast.paper.config import Bracket
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market
from holdfast.paper.money.asset_index import asset_row
from holdfast.paper.orders import Order
from holdfast.paper.streams import frames
from holdfast.paper.streams.feed import Feed, Pace, SymbolFeed, TickingFeed

SECOND_MS = 1000
_DAY_MS = 86_400_000


class LiquidationStream(Feed):
    """`<symbol>@forceOrder` and `!forceOrder@arr`: of each symbol the largest liquidation of a second."""

    kind = "forceOrder"

    def __init__(self, exchange: Exchange, name: str, market: Market | None = None) -> None:
        """Of one market, or without one of all."""
        super().__init__(exchange, name)
        self._markets = list(exchange.markets.values()) if market is None else [market]
        self._pace = Pace(exchange, SECOND_MS, self._flush)
        self._largest: dict[str, tuple[Decimal, str]] = {}

    def start(self) -> None:
        """Hear liquidations."""
        for market in self._markets:
            market.taps.liquidations.append(self)

    def stop(self) -> None:
        """Hear nothing more."""
        for market in self._markets:
            market.taps.liquidations.remove(self)
        self._pace.end()

    def on_liquidation(self, order: Order, last: Decimal) -> None:
        """Keep it when it is the largest of this second. `last`: the quantity of its last fill."""
        known = self._largest.get(order.symbol)
        if not order.executed or (known is not None and known[0] > order.quote):
            return
        symbol = self.exchange.markets[order.symbol].symbol
        shown = frames.liquidation_text(symbol, order, last, self.exchange.now_ms)
        self._largest[order.symbol] = (order.quote, shown)
        self._pace.wake()

    def _flush(self, now_ms: int) -> None:
        rows, self._largest = self._largest, {}
        for _, shown in rows.values():
            self.send(f'{{"e":"forceOrder","E":{now_ms},"o":{shown}}}'.encode())


class ContractStream(Feed):
    """`!contractInfo`: a contract that was listed, changed or will be delisted. Told by `contract_changed`."""

    kind = "contractInfo"


def contract_changed(exchange: Exchange, market: Market) -> None:
    """Tell those who listen that a contract is another one now."""
    if "!contractInfo" in exchange.streams.listeners:
        exchange.publish("contractInfo", "!contractInfo", contract_frame(market, exchange.now_ms))


def contract_frame(market: Market, now_ms: int) -> bytes:
    """The contractInfo of a market as it is now, with its leverage tiers."""
    symbol, row = market.symbol, market.row
    tiers = [
        f'{{"bs":{tier.bracket},"bnf":{text(tier.notionalFloor)},"bnc":{text(tier.notionalCap)},'
        f'"mmr":{text(tier.maintMarginRatio)},"cf":{text(tier.cum)},"mi":{least},"ma":{tier.initialLeverage}}}'
        for tier, least in _with_least_leverage(market)
    ]
    return (
        f'{{"e":"contractInfo","E":{now_ms},"s":"{symbol.name}","ps":"{symbol.pair}","ct":"{symbol.contract_type}",'
        f'"dt":{int(row.get("deliveryDate", 0))},"ot":{int(row.get("onboardDate", 0))},"cs":"{symbol.status}",'
        f'"bks":[{",".join(tiers)}],"st":1}}'
    ).encode()


def _with_least_leverage(market: Market) -> list[tuple[Bracket, int]]:
    """Each tier with the lowest leverage that it is for: one more than the next tier allows."""
    tiers = market.brackets
    following = [tier.initialLeverage + 1 for tier in tiers[1:]]
    return list(zip(tiers, [*following, 1], strict=True))


class CompositeStream(SymbolFeed):
    """`<symbol>@compositeIndex`: the price of an index contract, every second.

    Its composition is not known here: one component, the contract's own asset, as the read `indexInfo` says.
    """

    kind = "compositeIndex"

    def __init__(self, exchange: Exchange, name: str, market: Market) -> None:
        """Contracts that are no index stay silent."""
        super().__init__(exchange, name, market)
        self._pace = Pace(exchange, SECOND_MS, self._flush)

    def start(self) -> None:
        """Begin to tick for an index."""
        if self.market.row.get("underlyingType") == "INDEX":
            self._pace.wake()

    def stop(self) -> None:
        """Tick no more."""
        self._pace.end()

    def _flush(self, now_ms: int) -> None:
        price = self.market.index
        if price is not None:
            symbol = self.market.symbol
            part = (
                f'{{"b":"{symbol.base_asset}","q":"{symbol.quote_asset}","w":"1.00000000","W":"1.00000000",'
                f'"i":"{price:.8f}"}}'
            )
            self.send(
                (
                    f'{{"e":"compositeIndex","E":{now_ms},"s":"{symbol.name}","p":"{price:.8f}","C":"baseAsset",'
                    f'"c":[{part}]}}'
                ).encode()
            )
        self._pace.wake()


class AssetIndexStream(TickingFeed):
    """`!assetIndex@arr` and `<asset>usd@assetIndex`: what a margin asset is worth in dollars, every second."""

    kind = "assetIndexUpdate"

    def __init__(self, exchange: Exchange, name: str, asset: str = "") -> None:
        """Of one asset, or without one of all."""
        super().__init__(exchange, name, SECOND_MS)
        self._asset = asset

    def tick(self, now_ms: int) -> None:
        """One object, or one array."""
        rows = [
            _asset_text(self.exchange, asset, now_ms)
            for asset in _margin_assets(self.exchange)
            if not self._asset or asset == self._asset
        ]
        if rows:
            self.send((rows[0] if self._asset else f"[{','.join(rows)}]").encode())


def _margin_assets(exchange: Exchange) -> list[str]:
    return [str(row["asset"]) for row in exchange.info.get("assets", []) if isinstance(row, dict) and "asset" in row]


def _asset_text(exchange: Exchange, asset: str, now_ms: int) -> str:
    """One asset, with the numbers of the read `assetIndex`."""
    row = asset_row(exchange, asset)
    return (
        f'{{"e":"assetIndexUpdate","E":{now_ms},"s":"{row["symbol"]}","i":"{row["index"]}","b":"{row["bidBuffer"]}",'
        f'"a":"{row["askBuffer"]}","B":"{row["bidRate"]}","A":"{row["askRate"]}",'
        f'"q":"{row["autoExchangeBidBuffer"]}","g":"{row["autoExchangeAskBuffer"]}",'
        f'"Q":"{row["autoExchangeBidRate"]}","G":"{row["autoExchangeAskRate"]}"}}'
    )


class SessionStream(TickingFeed):
    """`tradingSession`: the sessions of markets that close. Here nothing ever closes: every day is one session."""

    kind = "EquityUpdate"

    def __init__(self, exchange: Exchange, name: str) -> None:
        """A frame for each kind of market, every second."""
        super().__init__(exchange, name, SECOND_MS)

    def tick(self, now_ms: int) -> None:
        """The day from midnight to midnight, UTC."""
        start_ms = now_ms - now_ms % _DAY_MS
        for kind in ("EquityUpdate", "CommodityUpdate"):
            end_ms = start_ms + _DAY_MS
            self.send(f'{{"e":"{kind}","E":{now_ms},"t":{start_ms},"T":{end_ms},"S":"REGULAR"}}'.encode())
