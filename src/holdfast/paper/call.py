"""One request on its way to the function that answers it, and the time windows of list queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from holdfast.paper.account import Account
from holdfast.paper.errors import VenueError
from holdfast.paper.exchange import Exchange
from holdfast.paper.params import Params

_WEEK_MS = 7 * 86_400_000


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler gets: the exchange, the parameters, and whose request it is."""

    exchange: Exchange
    params: Params
    caller: Account | None = None
    api_key: str = ""
    lag_us: int = 0
    """How young the orders are that this question does not see."""

    @property
    def account(self) -> Account:
        """The account of a request that needs a key."""
        assert self.caller is not None, "invariant: a keyed route has an account"
        return self.caller


Handler = Callable[[Call], Any]


def window(call: Call) -> tuple[int, int]:
    """`startTime` and `endTime` in milliseconds: at most 7 days, by default the last 7."""
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    if end is None:
        end = call.exchange.now_ms if start is None else start + _WEEK_MS
    if start is None:
        start = end - _WEEK_MS
    if end < start:
        raise VenueError(-1023)
    if end - start > _WEEK_MS:
        raise VenueError(-4165)
    return start, end


def page(rows: Iterable[Any], *, limit: int, from_start: bool) -> list[Any]:
    """The first or the last `limit` rows, oldest first."""
    found = list(rows)
    return found[:limit] if from_start else found[-limit:]


def visible(call: Call, created_us: int) -> bool:
    """Whether queries see a record yet: an injected query lag hides young ones."""
    return not call.lag_us or call.exchange.now_us - created_us >= call.lag_us
