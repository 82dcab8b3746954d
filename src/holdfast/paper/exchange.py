"""The exchange's state in one place, with the few primitives every part of it uses.

The parts (matching, algo service, requests, streams) are modules of functions over this state.
Venue time is told from outside and never goes backwards: an earlier time counts as the latest one.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from holdfast.model.num import text
from holdfast.paper.account import Account
from holdfast.paper.config import PaperConfig
from holdfast.paper.errors import VenueError
from holdfast.paper.faults import FaultBox
from holdfast.paper.market.default_symbols import default_brackets
from holdfast.paper.market.history import History
from holdfast.paper.market.markets import Market
from holdfast.paper.market.symbols import load_symbols
from holdfast.paper.money.ledger import INSURANCE, OUTSIDE, VenueLedger
from holdfast.paper.orders import Income
from holdfast.paper.requests.auth import Key, load_keys
from holdfast.paper.requests.limits import Limits
from holdfast.paper.streams.connections import Conn, Streams
from holdfast.paper.streams.delivery import UserEvent, deliver
from holdfast.paper.timers import Timers
from holdfast.paper.wire_out import Close, Out

Log = Callable[[dict[str, object]], None]


class Exchange:
    """All state of one paper exchange."""

    def __init__(self, config: PaperConfig, exchange_info: dict[str, Any], now_us: int, log: Log) -> None:
        """Load symbols and accounts, and write one `start` record per account."""
        self.config = config
        self.facts = config.facts
        self.now_us = now_us
        self.info = exchange_info
        self.log_to = log
        self._log_number = 0
        self.log_ring: deque[dict[str, object]] = deque(maxlen=config.log_ring)
        self.out: list[Out] = []
        self.stirred: dict[str, Market] = {}
        """Markets whose shown book we changed in this step, where somebody listens."""
        self.traded: deque[tuple[str, Decimal]] = deque()
        """Symbol and price of our trades in this step, where a conditional order waits on the last price."""
        self.timers = Timers()
        self.limits = Limits(config.limits)
        self.faults = FaultBox()
        self.restrictions: dict[str, int] = {}
        self.streams = Streams(
            self.out,
            carries_all=lambda: self.facts.unrouted_ws == "all",
            messages_per_second=lambda: self.limits.config.ws_messages_per_second,
            hang_up=self.close_conn,
            offended=self.limits.offend,
        )
        self.ws_api: dict[int, Conn] = {}
        self.markets, self.quarantined = self._load_markets(exchange_info)
        self.accounts = {
            account.name: Account(account, default_leverage=config.default_leverage, history_limit=config.history_limit)
            for account in config.accounts
        }
        self.keys = load_keys(config.accounts)
        self.revoked: dict[str, Key] = {}
        self.ledger = self._open_ledger()
        self._ids = 0
        self.rested = 0
        self.next_algo_id = 3_000_000_000_000_000
        self.next_tran_id = 9_100_000_000
        for account in self.accounts.values():
            self._log_start(account)

    def _load_markets(self, info: dict[str, Any]) -> tuple[dict[str, Market], dict[str, str]]:
        symbols, broken = load_symbols(info)
        rows = {row.get("symbol"): row for row in info.get("symbols", []) if isinstance(row, dict)}
        markets = {
            name: Market(symbol, rows[name], self.config.brackets.get(name) or default_brackets(name))
            for name, symbol in symbols.items()
        }
        if self.config.market_history:
            for market in markets.values():
                self.history(market)
        return markets, {row.symbol: row.reason for row in broken}

    def history(self, market: Market) -> History:
        """The memory of a market; it begins now where the market had none."""
        if market.history is None:
            market.history = History(market.symbol, int(market.row.get("onboardDate", 0)) or _FIRST_LISTING_MS)
        return market.history

    def _open_ledger(self) -> VenueLedger:
        ledger = VenueLedger()
        for account in self.accounts.values():
            for asset, amount in account.wallets.items():
                ledger.book(OUTSIDE, asset, -amount)
        for asset in {market.symbol.margin_asset: None for market in self.markets.values()}:
            ledger.book(INSURANCE, asset, self.config.insurance_fund)
            ledger.book(OUTSIDE, asset, -self.config.insurance_fund)
        return ledger

    def _log_start(self, account: Account) -> None:
        self.log(
            "start",
            format=1,
            engine="holdfast-paper",
            account=account.name,
            facts=msgspec.to_builtins(self.facts),
            fees={"maker": text(self.config.maker_fee), "taker": text(self.config.taker_fee)},
            limits=msgspec.to_builtins(self.config.limits),
            balance={asset: text(amount) for asset, amount in account.wallets.items()},
        )

    @property
    def log_number(self) -> int:
        """The number of the last log record."""
        return self._log_number

    @property
    def now_ms(self) -> int:
        """Venue time in milliseconds."""
        return self.now_us // 1000

    def tell_time(self, now_us: int) -> None:
        """Move venue time forward and run what is due."""
        if now_us > self.now_us:
            self.now_us = now_us
        due = self.timers.next_due_us()
        if due is not None and due <= self.now_us:
            self.timers.run(self.now_us)

    def log(self, kind: str, **fields: object) -> int:
        """Write one record of the venue log; answer its number. `None` fields are left out by the caller."""
        self._log_number += 1
        record: dict[str, object] = {"n": self._log_number, "us": self.now_us, "k": kind, **fields}
        self.log_ring.append(record)
        self.log_to(record)
        return self._log_number

    def log_mark(self, market: Market) -> None:
        """Log the mark of a symbol that somebody is exposed to, unless the log knows it already."""
        if market.mark is None or market.mark == market.logged_mark:
            return
        market.logged_mark = market.mark
        fields: dict[str, object] = {"symbol": market.symbol.name, "mark": text(market.mark)}
        if market.last is not None:
            fields["last"] = text(market.last)
        self.log("mark", **fields)

    def market(self, symbol: str) -> Market:
        """The market of a symbol, in any case of letters; -1121 when there is none."""
        market = self.markets.get(symbol) or self.markets.get(symbol.upper())
        if market is None:
            raise VenueError(-1121)
        return market

    def revoke_key(self, api_key: str, *, revoked: bool) -> bool:
        """Take an API key away, or give it back; answer whether there is one."""
        source, target = (self.keys, self.revoked) if revoked else (self.revoked, self.keys)
        key = source.pop(api_key, None)
        if key is not None:
            target[api_key] = key
        return api_key in target

    def client_id(self) -> str:
        """A client id as the venue makes one when the client sent none: 22 letters and digits."""
        self._ids += 1
        return hashlib.sha256(b"client id %d" % self._ids).hexdigest()[:22]

    def algo_id(self) -> int:
        """A new algo id."""
        self.next_algo_id += 1
        return self.next_algo_id

    def add_income(
        self,
        account: Account,
        kind: str,
        asset: str,
        amount: Decimal,
        *,
        symbol: str = "",
        trade_id: str = "",
        shown: str = "",
    ) -> None:
        """Book a signed amount into a wallet, with its income row and log record; the row may show another type."""
        self.next_tran_id += 1
        account.change_wallet(asset, amount)
        self.ledger.income(kind, asset, amount)
        row = Income(
            tran_id=self.next_tran_id,
            type=shown or kind,
            asset=asset,
            amount=amount,
            symbol=symbol,
            trade_id=trade_id,
            us=self.now_us,
        )
        account.income.append(row)
        fields: dict[str, object] = {
            "account": account.name,
            "tran_id": row.tran_id,
            "type": row.type,
            "asset": asset,
            "amount": text(amount),
        }
        if symbol:
            fields["symbol"] = symbol
        if trade_id:
            fields["trade_id"] = trade_id
        self.log("income", **fields)

    def open_account(self, account: Account) -> None:
        """Take in one more account, with its `start` record."""
        self.accounts[account.name] = account
        self._log_start(account)

    def listened(self, account: Account) -> dict[int, Conn]:
        """The connections that receive the account's user events now."""
        found = _NOBODY
        for key in account.listen_keys.values():
            heard = self.streams.listeners.get(key, _NOBODY)
            found = {**found, **heard} if found else heard
        return found

    def push(self, account: Account, kind: str, payload: dict[str, Any], **ids: object) -> None:
        """Hand a user event to every private connection of the account, unless a stream fault swallows it."""
        data = msgspec.json.encode(payload)
        for key in account.listen_keys.values():
            self.push_to(account, key, kind, data, **ids)

    def push_to(self, account: Account, key: str, kind: str, data: bytes, **ids: object) -> None:
        """The same, for the connections of one listen key."""
        event = UserEvent(
            key=key, account=account.name, kind=kind, data=data, us=self.now_us, n=self.log_number, ids=ids
        )
        for conn in self.streams.listeners.get(key, _NOBODY).values():
            wanted = conn.events.get(key)
            if wanted is None or kind in wanted:
                deliver(self, conn, event)

    def publish(self, kind: str, name: str, payload: bytes) -> None:
        """Send a market frame to its listeners, unless a stream fault that names its kind swallows it."""
        copies = 1
        if self.faults.streams:
            fault = self.faults.for_frame(kind, self.now_us)
            if fault is not None and fault.verb == "ws.delay":
                self.timers.at(self.now_us + fault.ms * 1000, lambda _now_us: self.streams.publish(name, payload))
                return
            if fault is not None:
                copies = 2 if fault.verb == "ws.dup" else 0
        for _ in range(copies):
            self.streams.publish(name, payload)

    def close_conn(self, ident: int, code: int, reason: str, *, abort: bool = False) -> None:
        """Close a connection from the venue's side."""
        conn = self.streams.close(ident) or self.ws_api.pop(ident, None)
        if conn is None:
            return
        self.out.append(Close(ident, code, reason, abort))
        self.log("ws", conn=ident, path=conn.path, ev="close")


_FIRST_LISTING_MS = 1_567_965_300_000
"""When the venue's first contract was listed; for contracts that do not say."""

_NOBODY: dict[int, Conn] = {}
