"""What the control door does to accounts and markets as the venue, or somebody else, would do it.

Verbs of the fault vocabulary that are no fault of a single message: gaps, thin books, a position mode or a
permission that changes under the client.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from holdfast.model.num import ONE, ZERO, text
from holdfast.paper import inputs
from holdfast.paper.account import Account
from holdfast.paper.call import Call
from holdfast.paper.config import AccountConfig
from holdfast.paper.control import bending
from holdfast.paper.control.refusals import (
    ControlError,
    Request,
    account_of,
    decimal_of,
    flag_of,
    known_fields,
    market_of,
    one_of,
)
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.market import DepthSnapshot
from holdfast.paper.operations import account as ops_account
from holdfast.paper.params import Params
from holdfast.paper.requests.auth import check_signing, load_keys
from holdfast.paper.streams.events import account_event
from holdfast.paper.trading import matching, restrictions

_PERCENT = Decimal("0.01")


def fund(exchange: Exchange, request: Request) -> dict[str, Any]:
    """Transfer a signed amount into a wallet: `amount`, `asset` (USDT), `account`."""
    known_fields(request, "account", "asset", "amount")
    account = account_of(exchange, request)
    asset, amount = str(request.get("asset", "USDT")), decimal_of(request, "amount", "1000")
    exchange.log("control", what="fund", account=account.name, asset=asset, amount=text(amount))
    exchange.add_income(account, "TRANSFER", asset, amount)
    account_event(exchange, account, "DEPOSIT" if amount > 0 else "WITHDRAW", assets=(asset,), change=amount)
    return {"balance": text(account.wallets[asset])}


def add_account(exchange: Exchange, request: Request) -> dict[str, Any]:
    """Open an account: `name`, `api_key`, its secret or public keys, and `balances` by asset."""
    try:
        config = msgspec.convert({"balances": {}, **request}, AccountConfig, strict=False)
        config.name = config.name or "account"
        check_signing(config)
        keys = load_keys([*exchange.config.accounts, config])
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise ControlError("account", str(error), '{"name": "b", "api_key": "b-key", "api_secret": "s"}') from None
    if config.name in exchange.accounts:
        raise ControlError("name", f"the account {config.name!r} exists already", '"name": "another"')
    balances, config.balances = config.balances, {}
    exchange.config.accounts.append(config)
    exchange.keys = keys
    limit, leverage = exchange.config.history_limit, exchange.config.default_leverage
    exchange.open_account(Account(config, default_leverage=leverage, history_limit=limit))
    for asset, amount in balances.items():
        exchange.add_income(exchange.accounts[config.name], "TRANSFER", asset, amount)
    return {"accounts": list(exchange.accounts)}


def price(exchange: Exchange, request: Request) -> dict[str, Any]:
    """A gap that stays, for book and mark, or only one of them with `only`: `percent` of the price, or a price `to`."""
    known_fields(request, "symbol", "percent", "to", "only")
    market = market_of(exchange, request)
    reference = market.reference()
    if reference is None:
        raise ControlError("symbol", "the symbol has no price yet")
    only = one_of({"only": "both", **request}, "only", ("both", "book", "mark", ""))
    if "to" in request:
        shift = decimal_of(request, "to", text(reference)) - reference
    else:
        shift = reference * decimal_of(request, "percent", "-5") * _PERCENT
    shift -= shift % market.symbol.tick
    if reference + shift <= 0:
        raise ControlError("to" if "to" in request else "percent", "the price must stay above 0", '"percent": "-5"')
    exchange.log("control", what="price", symbol=market.symbol.name, shift=text(shift), only=only)
    book, mark = (ZERO if only == "mark" else shift), (ZERO if only == "book" else shift)
    inputs.shift_prices(exchange, market, book=book, mark=mark)
    return {"shift": text(shift)}


def thin_book(exchange: Exchange, request: Request) -> dict[str, Any]:
    """Leave a part of every level, 0 < `part` <= 1, now and from now on; 1 lets the book fill up again."""
    known_fields(request, "symbol", "part")
    market = market_of(exchange, request)
    part = decimal_of(request, "part", "0.01")
    if not 0 < part <= ONE:
        raise ControlError("part", f"must be above 0 and at most 1, got {text(part)}", '"part": "0.01"')
    market.thin = part
    bending.bend(market)
    exchange.log("control", what="book.thin", symbol=market.symbol.name, part=text(part))
    book = market.book
    if book.bids.prices or book.asks.prices:
        shown = DepthSnapshot(
            symbol=market.symbol.name,
            u=book.update_id,
            bids=bending.thinned(market, book.bids.shown(1000)),
            asks=bending.thinned(market, book.asks.shown(1000)),
            T=book.updated_ms,
            E=book.updated_ms,
        )
        had_depth = book.has_depth
        if book.top is not None:
            book.top = msgspec.structs.replace(book.top, bid_qty=shown.bids[0][1], ask_qty=shown.asks[0][1])
        book.apply_snapshot(shown)
        book.has_depth = had_depth
        # What we had taken is told anew, and may meet an order that waits there.
        matching.on_touch(exchange, market)
    return {"part": text(part)}


def account_mode(exchange: Exchange, request: Request) -> dict[str, Any]:
    """Switch `hedge` or `multi_assets` of an account, under the venue's own rules, as somebody else would."""
    known_fields(request, "account", "hedge", "multi_assets")
    account = account_of(exchange, request)
    for name, parameter, handler in (
        ("hedge", "dualSidePosition", ops_account.set_position_mode),
        ("multi_assets", "multiAssetsMargin", ops_account.set_multi_assets),
    ):
        if name in request:
            value = "true" if flag_of(request, name) else "false"
            handler(Call(exchange=exchange, params=Params({parameter: value}), caller=account))
    return {"hedge": account.hedge, "multi_assets": account.multi_assets}


def account_permission(exchange: Exchange, request: Request) -> dict[str, Any]:
    """What an account `may` do (trade, reduce, nothing …), and whether its keys are `revoked`."""
    known_fields(request, "account", "may", "revoked")
    account = account_of(exchange, request)
    if "may" in request:
        code = restrictions.MAY[one_of(request, "may", tuple(restrictions.MAY))]
        exchange.restrictions[account.name] = code
    if "revoked" in request:
        _revoke(exchange, account, revoked=flag_of(request, "revoked"))
    exchange.log("control", what="acct.perm", account=account.name, set=dict(request))
    return {"may": request.get("may", ""), "keys": [k for k, v in exchange.keys.items() if v.account == account.name]}


def _revoke(exchange: Exchange, account: Account, *, revoked: bool) -> None:
    """Without its keys every request of the account is refused with -2015."""
    held = exchange.keys if revoked else exchange.revoked
    own = [name for name, key in held.items() if key.account == account.name]
    for name in own:
        exchange.revoke_key(name, revoked=revoked)
    if not revoked or exchange.facts.revoked_key_streams == "stay":
        return
    sessions = [conn for conn in exchange.ws_api.values() if conn.session_key in own]
    for conn in [*exchange.listened(account).values(), *sessions]:
        exchange.close_conn(conn.ident, 1008, "API key revoked")
