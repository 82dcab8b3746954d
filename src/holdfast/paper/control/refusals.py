"""How the control door refuses: the field, the rule it breaks, and a value that would pass."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from holdfast.model import num
from holdfast.paper.account import Account
from holdfast.paper.exchange import Exchange
from holdfast.paper.market.markets import Market

Request = dict[str, Any]
Settings = TypeVar("Settings", bound=msgspec.Struct)


class ControlError(Exception):
    """A control request that makes no sense."""

    def __init__(self, field: str, rule: str, passes: str = "") -> None:
        """`passes`: a value that would be taken."""
        super().__init__(f"{field}: {rule}" + (f"; would pass: {passes}" if passes else ""))


def known_fields(request: Request, *fields: str) -> None:
    """Refuse a field that the verb does not have: a misspelt one would be silently without effect."""
    for name in request:
        if name not in fields:
            raise ControlError(name, f"unknown field {name!r}; known: {', '.join(fields) or 'none'}")


def account_of(exchange: Exchange, request: Request) -> Account:
    """The named account, or the only one."""
    name = request.get("account")
    if name is None and len(exchange.accounts) == 1:
        return next(iter(exchange.accounts.values()))
    account = exchange.accounts.get(str(name))
    if account is None:
        known = list(exchange.accounts)
        raise ControlError(
            "account", f"unknown account {name!r}; known: {', '.join(known)}", f'"account": "{known[0]}"'
        )
    return account


def market_of(exchange: Exchange, request: Request) -> Market:
    """The market of the named symbol."""
    name = request.get("symbol")
    market = exchange.markets.get(str(name).upper()) if name else None
    if market is None:
        known = next(iter(exchange.markets), "none")
        raise ControlError("symbol", f"Invalid symbol {name!r}: the exchange does not list it", f'"symbol": "{known}"')
    return market


def decimal_of(request: Request, name: str, passes: str = "1.5") -> Decimal:
    """A decimal, given as text or as a whole number; anything else is refused."""
    value = request.get(name)
    if isinstance(value, Decimal):
        return num.check(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ControlError(name, f"must be a decimal as text, got {value!r}", f'"{name}": "{passes}"')
    try:
        return num.parse(str(value))
    except num.NumberError as error:
        raise ControlError(name, str(error), f'"{name}": "{passes}"') from None


def whole_of(request: Request, name: str, *, least: int, default: int | None = None) -> int:
    """A whole number of at least `least`."""
    value = request.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ControlError(name, f"must be a whole number of {least} or more, got {value!r}", f'"{name}": {least}')
    return value


def flag_of(request: Request, name: str) -> bool:
    """True or false."""
    value = request.get(name)
    if not isinstance(value, bool):
        raise ControlError(name, f"must be true or false, got {value!r}", f'"{name}": true')
    return value


def one_of(request: Request, name: str, choices: tuple[str, ...]) -> str:
    """One of a few words."""
    value = request.get(name)
    if value not in choices:
        raise ControlError(name, f"must be one of {', '.join(choices)}, got {value!r}", f'"{name}": "{choices[0]}"')
    return str(value)


def object_of(request: Request, name: str, passes: str = "") -> dict[str, Any]:
    """Names with values."""
    value = request.get(name)
    if not isinstance(value, dict):
        raise ControlError(name, f"must be an object of names and values, got {value!r}", passes)
    return value


def changed(request: Request, settings: Settings) -> Settings:
    """Settings with what `set` names changed."""
    names = settings.__struct_fields__
    passes = f'"set": {{"{names[0]}": {msgspec.json.encode(getattr(settings, names[0])).decode()}}}'
    for name in object_of(request, "set", passes):
        if name not in names:
            raise ControlError("set", f"unknown name {name!r}; known: {', '.join(names)}", passes)
    try:
        return msgspec.convert({**msgspec.to_builtins(settings), **request["set"]}, type(settings))
    except msgspec.ValidationError as error:
        raise ControlError("set", str(error), passes) from None
