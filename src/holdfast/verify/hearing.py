"""What the engine has been told of the executions on the account: what was not told, nobody can act upon (RULES 15)."""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

from holdfast.verify.evidence import Shows, shows
from holdfast.verify.records import PushLine, Reply, Request, TradeLine

REMEMBERED_US: Final = 600_000_000
"""For how long executions are remembered: longer than any engine waits for evidence."""

ORDER_EVENTS: Final = frozenset({"ORDER_TRADE_UPDATE", "TRADE_LITE"})


def told_of(line: PushLine) -> str | None:
    """The symbol on which an event tells of an order or a position: "" where the log does not say which, None where it
    tells of none."""
    if line.e == "ACCOUNT_UPDATE":
        return None if line.positions == 0 else line.symbol or ""
    return line.symbol


class Execution(msgspec.Struct, kw_only=True):
    """One execution, ours or another's, and when the engine was first told of it."""

    us: int
    n: int
    client_id: str
    told_us: int | None = None


class Hearing:
    """Follows the venue log: executions, and the events and replies that tell of them."""

    def __init__(self) -> None:
        self._lately: dict[str, deque[Execution]] = {}
        self._reads: dict[int, str] = {}

    def untold(self, symbol: str) -> bool:
        """Whether an execution on a symbol is still to be told."""
        return any(each.told_us is None for each in self._lately.get(symbol, ()))

    def executed(self, line: TradeLine) -> Execution:
        """An execution happens."""
        lately = self._lately.setdefault(line.symbol, deque())
        while lately and lately[0].us < line.us - REMEMBERED_US:
            lately.popleft()
        lately.append(Execution(us=line.us, n=line.n, client_id=line.client_id))
        return lately[-1]

    def asked(self, line: Request) -> None:
        """A request that will tell of positions or executions when it is answered."""
        told = shows(line)
        if told is Shows.POSITION or (told is Shows.FILLS and line.method.endswith("userTrades")):
            self._reads[line.n] = line.params.get("symbol", "")

    def answered(self, line: Reply) -> str | None:
        """The symbol of which a reply tells all, "" for every symbol, None where it tells nothing."""
        symbol = self._reads.pop(line.req, None)
        if symbol is None or line.status != 200 or line.fault is not None:
            return None
        self._tell(symbol, line.us, of_n=line.n)
        return symbol

    def pushed(self, line: PushLine) -> str | None:
        """The symbol of which an event tells, like `told_of`. An order's event tells of that order only."""
        symbol = told_of(line)
        if line.e in ORDER_EVENTS:
            self._tell(symbol or "", line.us, of_n=line.tells_n, client_id=line.client_id)
        elif line.e == "ACCOUNT_UPDATE" and symbol is not None:
            self._tell(symbol, line.us, of_n=line.tells_n)
        return symbol

    def _tell(self, symbol: str, us: int, *, of_n: int, client_id: str | None = None) -> None:
        for lately in self._lately.values() if not symbol else [self._lately.get(symbol, deque())]:
            for each in lately:
                if each.told_us is None and each.n <= of_n and client_id in (None, each.client_id):
                    each.told_us = us
