"""A client's local order book, kept by the recipe of the protocol notes F.3 and by nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.paper.desk import Desk


class LocalBook:
    """Levels by price as texts, in step with one depth stream of a combined connection."""

    def __init__(self, desk: Desk, name: str, symbol: str = "BTCUSDT", *, path: str = "depth") -> None:
        self._desk = desk
        self._name = name
        self._symbol = symbol
        self._path = path
        self._buffer: list[Any] = []
        self._snapshot_id: int | None = None
        self._last_id: int | None = None
        self.sides: dict[str, dict[Decimal, Decimal]] = {"b": {}, "a": {}}
        self.applied = 0
        self.gaps = 0

    def take_snapshot(self) -> None:
        """Step 2: the REST book; what is buffered is tried anew."""
        reply = self._rest()
        self._snapshot_id, self._last_id = reply["lastUpdateId"], None
        for short, name in (("b", "bids"), ("a", "asks")):
            self.sides[short] = {Decimal(price): Decimal(qty) for price, qty in reply[name]}
        self._apply()

    def hear(self) -> None:
        """Step 1: buffer what came; apply it when there is a snapshot."""
        self.feed(self._desk.sent())

    def feed(self, frames: list[Any]) -> None:
        """The same with frames that somebody else received."""
        self._buffer += [frame["data"] for frame in frames if frame["stream"] == self._name]
        if self._snapshot_id is not None:
            self._apply()

    def _apply(self) -> None:
        waiting, self._buffer = self._buffer, []
        for place, event in enumerate(waiting):
            if self._last_id is None:
                assert self._snapshot_id is not None
                if event["u"] < self._snapshot_id:
                    continue  # step 3
                if not event["U"] <= self._snapshot_id <= event["u"]:  # step 4
                    self._buffer = waiting[place:]
                    self.take_snapshot()
                    return
            elif event["pu"] != self._last_id:  # step 5
                self.gaps += 1
                self._snapshot_id = self._last_id = None
                return
            self._last_id = event["u"]
            self.applied += 1
            for short, side in self.sides.items():
                for price, qty in event[short]:  # step 6
                    if Decimal(qty):
                        side[Decimal(price)] = Decimal(qty)
                    else:
                        side.pop(Decimal(price), None)

    def _rest(self) -> Any:
        return self._desk.raw("GET", f"/fapi/v1/{self._path}?symbol={self._symbol}&limit=1000").body

    def equals_the_venue(self) -> bool:
        """Whether the best hundred levels a side are as the venue has them now."""
        reply = self._rest()
        theirs = [[(Decimal(price), Decimal(qty)) for price, qty in reply[name][:100]] for name in ("bids", "asks")]
        ours = [sorted(self.sides["b"].items(), reverse=True)[:100], sorted(self.sides["a"].items())[:100]]
        return theirs == ours
