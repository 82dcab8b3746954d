"""What an account may do at the moment: the venue's own bans and what becomes of a revoked key.

An account that may only reduce can still close; -4088 lets it do nothing (protocol notes C.1, H.3).
"""

from __future__ import annotations

from typing import Final

from holdfast.paper.account import Account
from holdfast.paper.errors import VenueError
from holdfast.paper.exchange import Exchange

MAY: Final[dict[str, int]] = {
    "trade": 0,
    "reduce": -4087,
    "nothing": -4088,
    "reduce-symbol": -4189,
    "reduce-cooling": -4192,
    "reduce-quant": -4400,
    "reduce-large": -4401,
}
"""The words of the control verb `acct.perm` with the code that refuses an order."""


def check(exchange: Exchange, account: Account, *, closes: bool) -> None:
    """Refuse an order of an account that may not place it now."""
    code = exchange.restrictions.get(account.name, 0)
    if code and (code == -4088 or not closes or not exchange.facts.banned_may_reduce):
        raise VenueError(code)
