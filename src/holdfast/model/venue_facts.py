"""Venue facts: what nobody could verify about Binance, as a table per venue (RULES 14).

Every promise holds under every value. `unproved` always means the careful branch.
"""

from __future__ import annotations

from typing import Literal

import msgspec

YesNo = Literal["unproved", "yes", "no"]


class VenueFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One row per fact; journalled at start. `live` refuses to start until each is set by name."""

    stop_without_position: YesNo = "unproved"
    """Whether a closePosition stop is accepted before the position exists. Only `yes` arms `with` the entry."""
    second_close_position: YesNo = "unproved"
    """Whether a second closePosition stop of the same direction is accepted (else −4130)."""
    gte_gtc_on_algo: YesNo = "unproved"
    """Whether algoOrder accepts timeInForce GTE_GTC."""
    bands_on_triggers: YesNo = "unproved"
    """Whether PERCENT_PRICE applies to trigger prices; unless `no`, a stop outside the band is infeasible."""
    cancel_all_touches_algos: YesNo = "unproved"
    """Whether allOpenOrders removes algo orders."""
    countdown_touches_algos: YesNo = "unproved"
    """Whether countdownCancelAll removes algo orders; the countdown is used only when `no`."""
    recv_window_at_algo: YesNo = "unproved"
    """Whether the algo service enforces recvWindow."""
    oversize_reduce_only: Literal["unproved", "clipped", "rejected"] = "unproved"
    """What happens to a reduce-only quantity above the position."""
    client_id_reusable: YesNo = "unproved"
    """Whether a client id may be used again once its order is filled; the engine never relies on `no`."""

    @property
    def arms_with_entry(self) -> bool:
        """Whether the stop may be sent together with the entry (RULES 14)."""
        return self.stop_without_position == "yes"

    def unset(self) -> list[str]:
        """The facts still unproved, by name."""
        return [name for name in self.__struct_fields__ if getattr(self, name) == "unproved"]
