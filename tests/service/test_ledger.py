"""Money as readers see it: sums over the venue's own records."""

from __future__ import annotations

from decimal import Decimal

from holdfast.model import events as ev
from holdfast.model.reports import IncomeRow
from tests.service.story import CLOSING, FUNDING, OPENING, T0, model_of


def test_the_ledger_adds_fills_fees_and_funding() -> None:
    """In all, per day, per source; net = gross - fees + funding."""
    ledger = model_of(OPENING, [FUNDING], CLOSING).ledger()
    assert ledger.total.net == {"USDT": Decimal(50) - 3 - Decimal("0.25")}
    assert ledger.sources["alpha"].net == ledger.total.net
    assert ledger.days["2023-11-14"].net == ledger.total.net
    assert ledger.total.fills == 3


def test_income_rows_that_repeat_fills_are_not_counted_twice() -> None:
    """REALIZED_PNL and COMMISSION of an execution are listed, not added; a commission that names none is added."""
    told = {"tran_id": 2, "asset": "USDT", "amount": Decimal(9), "venue_ms": T0}
    rows: list[ev.AnyEvent] = [
        ev.IncomeBooked(at_ms=T0, row=IncomeRow(type=kind, trade_id=trade_id, **told))
        for kind, trade_id in (("REALIZED_PNL", "7"), ("COMMISSION", "7"), ("COMMISSION", ""), ("TRANSFER", ""))
    ]
    ledger = model_of(rows).ledger()
    assert ledger.total.net == {"USDT": Decimal(9)}
    assert ledger.total.transfers == {"USDT": Decimal(9)}
    assert [row.type for row in ledger.movements] == ["TRANSFER", "COMMISSION", "COMMISSION", "REALIZED_PNL"]
