"""Account reads and settings, income, and the listen key (protocol notes C.9 to C.12)."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from holdfast.paper.account import Account
from holdfast.paper.call import Call, page
from holdfast.paper.errors import VenueError
from holdfast.paper.exchange import Exchange
from holdfast.paper.money import fees, margin
from holdfast.paper.operations import retention, wire, wire_account
from holdfast.paper.streams.events import multi_assets_event

_SUCCESS = {"code": 200, "msg": "success"}
_NUMBERS = msgspec.json.Encoder(decimal_format="number")


def _symbol_or_all(call: Call) -> str:
    return call.exchange.market(call.params.get("symbol")).symbol.name if call.params.has("symbol") else ""


def position_risk_v2(call: Call) -> Any:
    """positionRisk v2."""
    return wire_account.position_risk_v2(call.exchange, call.account, _symbol_or_all(call))


def position_risk_v3(call: Call) -> Any:
    """positionRisk v3."""
    return wire_account.position_risk_v3(call.exchange, call.account, _symbol_or_all(call))


def account_v2(call: Call) -> Any:
    """account v2."""
    return wire_account.account_v2(call.exchange, call.account)


def account_v3(call: Call) -> Any:
    """account v3."""
    return wire_account.account_v3(call.exchange, call.account)


def balance(call: Call) -> Any:
    """balance v2 and v3."""
    return wire_account.balances(call.exchange, call.account)


def symbol_config(call: Call) -> Any:
    """symbolConfig of one symbol or of all."""
    name = _symbol_or_all(call)
    markets = [call.exchange.markets[name]] if name else list(call.exchange.markets.values())
    return [wire_account.symbol_config(call.account, market) for market in markets]


def account_config(call: Call) -> Any:
    """accountConfig."""
    return wire_account.account_config(call.account)


def leverage_bracket(call: Call) -> Any:
    """Leverage tiers: the one reply whose decimals are JSON numbers."""
    name = _symbol_or_all(call)
    markets = [call.exchange.markets[name]] if name else list(call.exchange.markets.values())
    rows = [{"symbol": market.symbol.name, "brackets": market.brackets} for market in markets]
    return msgspec.Raw(_NUMBERS.encode(rows))


def commission_rate(call: Call) -> Any:
    """The fee rates of a symbol."""
    market = call.exchange.market(call.params.need("symbol"))
    rates = fees.rates(call.exchange, market.symbol.name)
    return {
        "symbol": market.symbol.name,
        "makerCommissionRate": f"{rates.maker:.6f}",
        "takerCommissionRate": f"{rates.taker:.6f}",
        "rpiCommissionRate": f"{rates.rpi:.6f}",
    }


def fee_burn(call: Call) -> Any:
    """Whether fees are paid in BNB."""
    return {"feeBurn": call.account.fee_burn}


def set_fee_burn(call: Call) -> Any:
    """Pay fees in BNB while there is enough of it, or no longer."""
    call.params.need("feeBurn")
    call.account.fee_burn = call.params.flag("feeBurn")
    call.exchange.log("setting", account=call.account.name, what="fee_burn", value=call.account.fee_burn)
    return _SUCCESS


def sign_contract(call: Call) -> Any:
    """Agree to the terms of contracts on traditional assets, which trade here without it too."""
    call.exchange.log("setting", account=call.account.name, what="stock_contract", value=True)
    return _SUCCESS


def income(call: Call) -> Any:
    """Wallet changes of up to three months, by default of the last seven days, oldest first."""
    limit = call.params.limit(default=100, maximum=1000)
    name, kind = _symbol_or_all(call), call.params.get("incomeType")
    start, end = retention.span(call, default_us=retention.WEEK_US)
    shown_us = call.exchange.now_us - call.exchange.facts.income_delay_ms * 1000
    rows = [
        row
        for row in call.account.income
        if row.us <= shown_us and start <= row.us // 1000 <= end and name in ("", row.symbol) and kind in ("", row.type)
    ]
    shown = page(rows, limit=limit, from_start=call.params.has("startTime"))
    return [wire.income_reply(row) for row in shown]


def order_limits(call: Call) -> Any:
    """The order limits of the account."""
    return call.exchange.limits.order_rows()


def api_restrictions(call: Call) -> Any:
    """What the key may do, as the Spot host tells it."""
    config = call.account.config
    return {
        "ipRestrict": config.ip_restricted,
        "createTime": 1_600_000_000_000,
        "enableReading": True,
        "enableWithdrawals": config.can_withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": True,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": False,
        "enablePortfolioMarginTrading": False,
    }


def position_mode(call: Call) -> Any:
    """Whether the account is in hedge mode."""
    return {"dualSidePosition": call.account.hedge}


def set_position_mode(call: Call) -> Any:
    """Change one-way or hedge: -4059 already so, -4067 open orders, -4068 a position."""
    account = call.account
    call.params.need("dualSidePosition")
    wanted = call.params.flag("dualSidePosition")
    if wanted == account.hedge:
        raise VenueError(-4059)
    if account.open_orders or account.open_algos:
        raise VenueError(-4067)
    if any(exposure.has_position() for exposure in account.exposures.values()):
        raise VenueError(-4068)
    account.hedge = wanted
    call.exchange.log("setting", account=account.name, what="position_mode", value="hedge" if wanted else "one-way")
    return _SUCCESS


def multi_assets(call: Call) -> Any:
    """Whether the account is in multi-assets mode."""
    return {"multiAssetsMargin": call.account.multi_assets}


def set_multi_assets(call: Call) -> Any:
    """Change single-asset or multi-assets mode.

    -4171 already so, -4167 an isolated symbol, -4170 open orders, -4172 a wallet below 0, -4169 too little margin.
    """
    exchange, account = call.exchange, call.account
    call.params.need("multiAssetsMargin")
    wanted = call.params.flag("multiAssetsMargin")
    if wanted == account.multi_assets:
        raise VenueError(-4171)
    if wanted and any(exposure.margin_type == "ISOLATED" for exposure in account.exposures.values()):
        raise VenueError(-4167)
    if account.open_orders or account.open_algos:
        raise VenueError(-4170)
    if any(wallet < 0 for wallet in account.wallets.values()):
        raise VenueError(-4172)
    account.multi_assets = wanted
    if not all(margin.is_funded(exchange, account, asset) for asset in account.wallets):
        account.multi_assets = not wanted
        raise VenueError(-4169)
    exchange.log("setting", account=account.name, what="multi_assets", value=wanted)
    multi_assets_event(exchange, account)
    return _SUCCESS


def start_listen_key(call: Call) -> Any:
    """A listen key: the one that lives, extended, or a new one."""
    exchange, account, owner = call.exchange, call.account, _owner(call)
    if owner not in account.listen_keys:
        seed = f"listen key {account.name} {exchange.now_us} {exchange.client_id()}"
        account.listen_keys[owner] = hashlib.sha256(seed.encode()).hexdigest()
    _extend(exchange, account, owner)
    return {"listenKey": account.listen_keys[owner]}


def keep_listen_key(call: Call) -> Any:
    """Extend the listen key; -1125 when none lives."""
    account, owner = call.account, _owner(call)
    if owner not in account.listen_keys:
        raise VenueError(-1125)
    _extend(call.exchange, account, owner)
    return {"listenKey": account.listen_keys[owner]}


def end_listen_key(call: Call) -> Any:
    """End the listen key and the streams of everyone who uses it."""
    if call.exchange.facts.listen_key_delete == "ends" and _owner(call) in call.account.listen_keys:
        _delete(call.exchange, call.account, _owner(call))
    return {}


def _owner(call: Call) -> str:
    """Whose listen key a request speaks of: the account's (an empty text), or the API key's own."""
    return call.api_key if call.exchange.facts.listen_key_of == "key" else ""


def delete_listen_keys(exchange: Exchange, account: Account) -> None:
    """Every listen key of the account is gone, and with it the connections that used it."""
    for owner in list(account.listen_keys):
        _delete(exchange, account, owner)


def _delete(exchange: Exchange, account: Account, owner: str) -> None:
    key = account.listen_keys.pop(owner)
    for conn in list(exchange.streams.listeners.get(key, {}).values()):
        exchange.streams.remove(conn, key)
        exchange.close_conn(conn.ident, 1000, "listenKey deleted")


def _extend(exchange: Exchange, account: Account, owner: str) -> None:
    key = account.listen_keys[owner]
    due = exchange.now_us + exchange.config.listen_key_life_ms * 1000
    account.listen_key_expires_us[owner] = due

    def expire(_now_us: int) -> None:
        if account.listen_keys.get(owner) == key and account.listen_key_expires_us[owner] == due:
            _expire(exchange, account, owner)

    exchange.timers.at(due, expire)


def expire_listen_keys(exchange: Exchange, account: Account) -> None:
    """Every listen key of the account has run out."""
    for owner in list(account.listen_keys):
        _expire(exchange, account, owner)


def _expire(exchange: Exchange, account: Account, owner: str) -> None:
    """One last event, then silence on a connection that stays open."""
    key = account.listen_keys[owner]
    event = {"e": "listenKeyExpired", "E": exchange.now_ms, "listenKey": key}
    exchange.push_to(account, key, "listenKeyExpired", msgspec.json.encode(event))
    del account.listen_keys[owner]
