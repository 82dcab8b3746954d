"""The trade machine: which phase may follow which (DESIGN §4). A trade closes only on evidence."""

from __future__ import annotations

from typing import Final

from holdfast.model.reasons import TradePhase

_P = TradePhase

TRADE_TABLE: Final[dict[TradePhase, tuple[TradePhase, ...]]] = {
    # A close may come while leverage or margin type are still being set: nothing has been sent then.
    _P.ACCEPTED: (_P.ENTERING, _P.EXITING, _P.FLATTENING, _P.CLOSED),
    _P.ENTERING: (_P.PROTECTING, _P.EXITING, _P.FLATTENING, _P.CLOSED),
    _P.PROTECTING: (_P.OPEN, _P.EXITING, _P.FLATTENING),
    _P.OPEN: (_P.PROTECTING, _P.EXITING, _P.FLATTENING),
    # A fill may still surface while orders are being wound up; it is flattened (RULES 5).
    _P.EXITING: (_P.FLATTENING, _P.CLOSED),
    _P.FLATTENING: (_P.EXITING, _P.CLOSED),
    # A closed trade stays closed: what surfaces later becomes a trade of its own (RULES 3).
    _P.CLOSED: (),
}


def may_follow(phase: TradePhase, successor: TradePhase) -> bool:
    """Whether a trade may go from one phase to another."""
    return successor in TRADE_TABLE[phase]
